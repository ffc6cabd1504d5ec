package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// trial is one round of a fault.
type trial struct {
	*testing.T
	rng   *rand.Rand
	data  []byte
	s     *server
	c     *Downloader
	f     File
	notes []string
	again atomic.Bool // the whole is fetched once more
	// spare is how many bytes may come twice.
	spare int64
}

// fetch downloads, and fails the test if the file is to be seen before it was
// checked.
func (t *trial) fetch(ctx context.Context) (string, string, error) {
	final := filepath.Join(t.c.Dir, t.f.key()+".gguf")
	path, digest, err := t.c.Fetch(ctx, t.f, func(p Progress) {
		if p.Note != "" && (len(t.notes) == 0 || t.notes[len(t.notes)-1] != p.Note) {
			t.notes = append(t.notes, p.Note)
			t.again.Store(strings.Contains(p.Note, "once more"))
		}
		if p.Done < 0 || p.Done > p.Total && p.Total > 0 || p.PerSecond < 0 {
			t.Errorf("progress %+v", p)
		}
		if p.State == Verifying && p.Done == p.Total {
			return // checked; the next thing is its name
		}
		if _, err := os.Stat(final); err == nil {
			t.Errorf("the file is there at %+v", p)
		}
	})
	if err != nil {
		t.hidden()
	}
	return path, digest, err
}

// hidden fails the test if there is a finished file.
func (t *trial) hidden() {
	if _, err := os.Stat(filepath.Join(t.c.Dir, t.f.key()+".gguf")); err == nil {
		t.Error("an unfinished download left a finished file")
	}
}

// done fetches the rest and checks the whole.
func (t *trial) done() {
	path, digest, err := t.fetch(t.Context())
	fetched(t.T, path, digest, err, t.data)
	if extra := t.s.sent.Load() - int64(len(t.data)); extra > t.spare {
		t.Errorf("%d bytes came twice; at most %d should; told was %q", extra, t.spare, t.notes)
	}
}

func (t *trial) noted(what string) {
	t.Helper()
	if !strings.Contains(strings.Join(t.notes, "\n"), what) {
		t.Errorf("nobody was told %q; told was %q", what, t.notes)
	}
}

// lossy is what a connection may lose when it ends: a chunk that was begun, and
// what lay in the buffers of the system.
const lossy = 4 * smallChunk

// TestFaults is the matrix of what may happen to a download, each with random
// places and times. FREEHOLD_FAULTS is the number of rounds.
func TestFaults(t *testing.T) {
	rounds := 2
	if n, err := strconv.Atoi(os.Getenv("FREEHOLD_FAULTS")); err == nil {
		rounds = n
	}
	for _, fault := range []struct {
		name string
		run  func(t *trial)
	}{
		{"kill -9", killed},
		{"connection cut", cutOff},
		{"server errors", serverErrors},
		{"truncated part", truncated},
		{"wrong bytes", wrongBytes},
		{"damaged disk", damagedDisk},
		{"changed file", changedFile},
		{"disk full", diskFull},
		{"no write permission", noPermission},
		{"two processes", twoProcesses},
		{"clock jump", clockJump},
		{"stalled", stalled},
		{"paused", pausedOften},
	} {
		t.Run(fault.name, func(t *testing.T) {
			for round := range rounds {
				t.Run(strconv.Itoa(round), func(t *testing.T) {
					rng := rand.New(rand.NewPCG(uint64(round), uint64(len(fault.name))))
					data := random(uint64(round), 48*smallChunk+rng.IntN(2*smallChunk))
					s, c := serve(t, data), small(t)
					s.paced(func(int64) { time.Sleep(20 * time.Microsecond) })
					fault.run(&trial{T: t, rng: rng, data: data, s: s, c: c, f: entry(s.URL, hexSum(data))})
				})
			}
		})
	}
}

// process is a Freehold of its own that downloads.
func (t *trial) process() (*exec.Cmd, *bytes.Buffer) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+t.s.URL, "FREEHOLD_TRANSFER_DIR="+t.c.Dir, "FREEHOLD_TRANSFER_SHA256="+t.f.SHA256)
	out := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

func killed(t *trial) {
	for range 3 {
		at := t.s.sent.Load() + int64(t.rng.IntN(len(t.data)/4))
		reached := make(chan bool)
		var once sync.Once
		t.s.paced(func(sent int64) {
			time.Sleep(100 * time.Microsecond)
			if sent >= at {
				once.Do(func() { close(reached) })
			}
		})
		cmd, out := t.process()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-reached
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil || out.Len() > 0 {
			t.Fatalf("the process ended before it was killed: %v %s", err, out)
		}
		t.hidden()
		t.spare += 4 * lossy
	}
	t.done()
}

func cutOff(t *trial) {
	var cuts int
	var mu sync.Mutex
	t.s.paced(func(int64) {
		mu.Lock()
		cut := cuts < 6 && t.rng.IntN(30) == 0
		if cut {
			cuts++
		}
		mu.Unlock()
		if cut {
			panic(http.ErrAbortHandler)
		}
	})
	t.spare = 6 * lossy
	t.done()
	if cuts == 0 {
		t.Error("nothing was cut")
	}
}

func serverErrors(t *trial) {
	var mu sync.Mutex
	var failed int
	t.s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if failed >= 5 || t.rng.IntN(2) == 0 {
			return false
		}
		failed++
		if t.rng.IntN(3) == 0 {
			w.Header().Set("Retry-After", "0")
		}
		w.WriteHeader([]int{500, 502, 503, 429, 408}[t.rng.IntN(5)])
		io.WriteString(w, "<html>not the file</html>")
		return true
	}
	t.c.Attempts = 8
	t.spare = 4 * lossy
	t.done()
	if failed == 0 {
		t.Skip("no request happened to fail")
	}
}

// truncated has answers that are shorter than they say, or say that they are
// shorter than asked for.
func truncated(t *trial) {
	var mu sync.Mutex
	left := 4
	t.s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		var from, to int
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to); err != nil || left == 0 || t.rng.IntN(2) == 0 {
			return false
		}
		left--
		to = min(to, len(t.data)-1)
		short := from + t.rng.IntN(to-from+1)
		announced := to
		honest := t.rng.IntN(2) == 0
		if honest {
			announced = short
		}
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, announced, len(t.data)))
		if !honest {
			w.Header().Set("Transfer-Encoding", "identity")
			w.Header().Set("Connection", "close") // no length: the end of the connection is the end
		}
		w.WriteHeader(http.StatusPartialContent)
		for at := from; at <= short; {
			n, err := w.Write(t.data[at:min(at+16<<10, short+1)])
			t.s.sent.Add(int64(n))
			if at += n; err != nil {
				break
			}
		}
		return true
	}
	t.spare = 4 * lossy
	t.done()
}

// wrongBytes come the first time; the second time they are right.
func wrongBytes(t *trial) {
	bad := t.rng.IntN(len(t.data))
	t.s.spoil = func(at int64, b []byte) {
		if i := int64(bad) - at; i >= 0 && i < int64(len(b)) && !t.again.Load() {
			b[i] ^= 0x40
		}
	}
	t.spare = int64(len(t.data)) + 4*lossy // only a second look can tell where
	t.done()
	chunk := bad / smallChunk * smallChunk
	t.noted(fmt.Sprintf("bytes %d–%d came wrong the first time", chunk, min(chunk+smallChunk, len(t.data))-1))

	// A server that really has another file is told so, and nothing is left.
	other := small(t.T)
	f := t.f
	f.SHA256 = hexSum([]byte("another"))
	if _, _, err := other.Fetch(t.Context(), f, nil); err == nil || !strings.Contains(err.Error(), "the server has another file") {
		t.Error(err)
	}
	if l := leftovers(t.T, other); len(l) != 0 {
		t.Errorf("left %v", l)
	}
}

// damagedDisk loses some of what an earlier run wrote.
func damagedDisk(t *trial) {
	ctx, cancel := context.WithCancel(t.Context())
	t.s.paced(func(sent int64) {
		if sent > 20*smallChunk {
			cancel()
		}
	})
	if _, _, err := t.fetch(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	t.s.paced(nil)
	part := filepath.Join(t.c.Dir, t.f.key()+partSuffix)
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := readJournal(filepath.Join(t.c.Dir, t.f.key()+journalSuffix))
	if err != nil {
		t.Fatal(err)
	}
	for damaged := 0; damaged < 3; {
		if i := t.rng.IntN(len(s.chunks)); s.chunks[i].have > 4096 {
			at := int64(i)*smallChunk + t.rng.Int64N(s.chunks[i].have-4096)
			if _, err := f.WriteAt(make([]byte, 4096), at); err != nil {
				t.Fatal(err)
			}
			damaged++
		}
	}
	f.Close()
	t.spare = 4*lossy + 6*smallChunk
	t.done()
	t.noted("the disk had lost bytes")
}

func changedFile(t *trial) {
	old := t.data
	t.data = random(t.rng.Uint64(), len(old)-t.rng.IntN(2)*1000)
	ask := t.rng.IntN(2) == 0 // whether the server understands If-Range
	known := t.rng.IntN(2) == 0
	t.f.SHA256 = ""
	if known {
		t.f.SHA256 = hexSum(t.data)
	}
	at := int64(1 + t.rng.IntN(len(old)/2))
	var change sync.Once
	t.s.paced(func(sent int64) {
		if sent >= at {
			change.Do(func() {
				t.s.mu.Lock()
				defer t.s.mu.Unlock()
				t.s.data, t.s.etag = t.data, `"two"`
			})
		}
		time.Sleep(50 * time.Microsecond)
	})
	t.s.before = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		if !ask {
			r.Header.Del("If-Range")
		}
		return false
	}
	t.spare = int64(len(old)) + 4*lossy // what is of the old file is worthless
	t.done()
	t.noted("on the server was changed")
}

func diskFull(t *trial) {
	var room atomic.Int64
	room.Store(int64(smallChunk + t.rng.IntN(20*smallChunk)))
	open := t.c.openFile
	t.c.openFile = func(path string) (partFile, error) {
		f, err := open(path)
		return fullDisk{f, &room}, err
	}
	_, _, err := t.fetch(t.Context())
	if !errors.Is(err, noRoom[0]) || !strings.Contains(err.Error(), "more are needed") || !strings.Contains(err.Error(), "kept") {
		t.Fatal(err)
	}
	if kept, err := t.c.Kept(); err != nil || len(kept) != 1 || kept[0].Done == 0 {
		t.Errorf("kept %+v, %v", kept, err)
	}
	room.Store(1 << 40)
	t.spare = 4 * lossy
	t.done()
}

func noPermission(t *trial) {
	if runtime.GOOS == "windows" {
		t.Skip("folders have no permissions of this kind")
	}
	// First some of it, then the folder is closed.
	ctx, cancel := context.WithCancel(t.Context())
	at := int64(1 + t.rng.IntN(len(t.data)/2))
	t.s.paced(func(sent int64) {
		if sent > at {
			cancel()
		}
	})
	if _, _, err := t.fetch(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	t.s.paced(nil)
	requests := len(t.s.ranges())
	if os.Geteuid() != 0 {
		files, err := filepath.Glob(filepath.Join(t.c.Dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range append(files, t.c.Dir) {
			info, err := os.Stat(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(f, info.Mode()&0o500); err != nil {
				t.Fatal(err)
			}
			defer os.Chmod(f, info.Mode())
		}
		_, _, err = t.fetch(t.Context())
		if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "cannot be written to") {
			t.Error(err)
		}
		for _, f := range append([]string{t.c.Dir}, files...) {
			if err := os.Chmod(f, 0o700); err != nil {
				t.Fatal(err)
			}
		}
	} else { // whom permissions do not stop
		open := t.c.openFile
		t.c.openFile = func(path string) (partFile, error) {
			return nil, &os.PathError{Op: "open", Path: path, Err: syscall.EACCES}
		}
		_, _, err := t.fetch(t.Context())
		if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "cannot be written to") {
			t.Error(err)
		}
		t.c.openFile = open
	}
	if len(t.s.ranges()) != requests {
		t.Error("the server was asked although nothing could be written")
	}
	t.spare = 4 * lossy
	t.done()
}

func twoProcesses(t *trial) {
	reached, goOn := make(chan bool), make(chan bool)
	at := int64(1 + t.rng.IntN(len(t.data)/2))
	var once sync.Once
	t.s.paced(func(sent int64) {
		if sent >= at {
			once.Do(func() { close(reached) })
			<-goOn
		}
	})
	cmd, out := t.process()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if _, _, err := t.fetch(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("the second process: %v", err)
	}
	close(goOn)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sent := t.s.sent.Load()
	path, digest, err := t.c.Fetch(t.Context(), t.f, nil)
	fetched(t.T, path, digest, err, t.data)
	if now := t.s.sent.Load(); now != sent || sent > int64(len(t.data))+4*lossy {
		t.Errorf("the first fetched %d bytes, the second %d", sent, now-sent)
	}
}

// clockJump has a clock that leaps by hours, forth and back, and that says
// nothing about the time that passed, as it may be where there is no other; and
// a server that lives in another century.
func clockJump(t *trial) {
	var mu sync.Mutex
	t.c.clock = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Now().Round(0).Add(time.Duration(t.rng.Int64N(int64(100*time.Hour))) - 50*time.Hour)
	}
	t.s.before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		date := time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC)
		w.Header().Set("Date", date.Format(http.TimeFormat))
		if n == 2 {
			w.Header().Set("Retry-After", date.Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	t.spare = 4 * lossy
	t.done()
}

func stalled(t *trial) {
	t.c.Stall = 50 * time.Millisecond
	var stalls atomic.Int32
	var mu sync.Mutex
	hang := make(chan bool)
	defer close(hang)
	t.s.paced(func(sent int64) {
		mu.Lock()
		stall := t.rng.IntN(40) == 0
		mu.Unlock()
		if stall && stalls.Add(1) <= 3 {
			<-hang
			panic(http.ErrAbortHandler)
		}
	})
	t.c.Attempts = 8
	t.spare = 6 * lossy
	t.done()
}

func pausedOften(t *trial) {
	for range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		at := t.s.sent.Load() + int64(t.rng.IntN(6*smallChunk))
		t.s.paced(func(sent int64) {
			if sent > at {
				cancel()
			}
			time.Sleep(50 * time.Microsecond)
		})
		if _, _, err := t.fetch(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
		t.spare += 4 * lossy
	}
	t.s.paced(nil)
	t.done()
}
