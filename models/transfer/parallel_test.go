package transfer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestParallelParts(t *testing.T) {
	data := random(1, 40*smallChunk+123)
	s, c := serve(t, data), small(t)
	var now, most atomic.Int32
	s.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		n := now.Add(1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		context.AfterFunc(r.Context(), func() { now.Add(-1) })
		return false
	}
	s.paced(func(int64) { time.Sleep(100 * time.Microsecond) })
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
	if most.Load() < 2 {
		t.Error("the parts came one after the other")
	}
	for _, r := range s.ranges() {
		if !strings.HasPrefix(r, "bytes=") || strings.HasSuffix(r, "-") {
			t.Errorf("asked for %q", r)
		}
	}
	if extra := s.sent.Load() - int64(len(data)); extra > 4*smallChunk {
		t.Errorf("%d bytes came twice", extra)
	}
	if l := leftovers(t, c); len(l) != 1 {
		t.Errorf("left %v", l)
	}
}

// TestNoConnectionIsIdle has one connection that hangs on the first part: the
// others take over what it has not begun.
func TestNoConnectionIsIdle(t *testing.T) {
	data := random(2, 12*smallChunk)
	s, c := serve(t, data), small(t)
	release := make(chan bool)
	var once sync.Once
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			w.Header().Set("ETag", `"one"`)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", 4*smallChunk-1, len(data)))
			w.Header().Set("Content-Length", fmt.Sprint(4*smallChunk))
			w.WriteHeader(http.StatusPartialContent)
			w.Write(data[:1000])
			w.(http.Flusher).Flush()
			<-release
			w.Write(data[1000 : 4*smallChunk])
			return true
		}
		return false
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), func(p Progress) {
		if p.Done == int64(len(data))-smallChunk+1000 { // all that can be had without the first
			once.Do(func() { close(release) })
		}
	})
	fetched(t, path, digest, err, data)
}

// TestSlowConnectionIsReplaced has one that brings next to nothing.
func TestSlowConnectionIsReplaced(t *testing.T) {
	data := random(12, 12*smallChunk)
	s, c := serve(t, data), small(t)
	c.look = 2
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n != 2 {
			return false
		}
		var from, to int
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &to)
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(data)))
		w.Header().Set("Content-Length", fmt.Sprint(to+1-from))
		w.WriteHeader(http.StatusPartialContent)
		for ; r.Context().Err() == nil; from++ {
			w.Write(data[from : from+1])
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
		return true
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
}

func TestSameFileByAnotherName(t *testing.T) {
	data := random(3, 20*smallChunk)
	s, c := serve(t, data), small(t)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		s.mu.Lock()
		s.etag = fmt.Sprintf(`"%d"`, n) // as where many servers share the work
		s.mu.Unlock()
		return false
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
	if extra := s.sent.Load() - int64(len(data)); extra > 4*smallChunk {
		t.Errorf("%d bytes came twice", extra)
	}
}

func TestFileThatChangesAgainAndAgain(t *testing.T) {
	s, c := serve(t, random(4, 20*smallChunk)), small(t)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		s.mu.Lock()
		s.etag = fmt.Sprintf(`"%d"`, n)
		s.mu.Unlock()
		r.Header.Del("If-Range")
		return false
	}
	if _, _, err := c.Fetch(t.Context(), entry(s.URL, ""), nil); err == nil || !strings.Contains(err.Error(), "again and again") {
		t.Error(err)
	}
}

func TestServerAsksToWait(t *testing.T) {
	data := random(5, 4*smallChunk)
	for name, header := range map[string][2]string{"Retry-After": {"Retry-After", "1"}, "RateLimit": {"RateLimit", `"resolvers";r=0;t=1`}} {
		s, c := serve(t, data), small(t)
		s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n == 1 {
				w.Header().Set(header[0], header[1])
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			}
			return false
		}
		var waited bool
		began := time.Now()
		path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), func(p Progress) {
			waited = waited || p.State == Waiting && strings.Contains(p.Note, "asks to wait 1 s")
		})
		fetched(t, path, digest, err, data)
		if !waited || time.Since(began) < time.Second {
			t.Errorf("%s: told %v, took %v", name, waited, time.Since(began))
		}
	}
}

func TestKeptAndDiscard(t *testing.T) {
	data := random(6, 20*smallChunk)
	s, c := serve(t, data), small(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	paused := errors.New("paused")
	s.paced(func(sent int64) {
		if sent > 6*smallChunk {
			cancel(paused)
		}
	})
	if _, _, err := c.Fetch(ctx, entry(s.URL, hexSum(data)), nil); !errors.Is(err, paused) {
		t.Fatal(err)
	}
	kept, err := c.Kept()
	if err != nil || len(kept) != 1 {
		t.Fatalf("%+v, %v", kept, err)
	}
	if u := kept[0]; u.Ref != "m" || u.Name != "M" || u.Total != int64(len(data)) || u.Done < smallChunk || u.Done >= u.Total || time.Since(u.At) > time.Hour {
		t.Errorf("%+v", u)
	}
	_, unlock, err := c.Claim(entry(s.URL, hexSum(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Discard("m"); !errors.Is(err, ErrBusy) {
		t.Errorf("while it is in use: %v", err)
	}
	unlock()
	if err := c.Discard("other"); err != nil || len(leftovers(t, c)) != 2 {
		t.Errorf("another: %v, left %v", err, leftovers(t, c))
	}
	if err := c.Discard("m"); err != nil || len(leftovers(t, c)) != 0 {
		t.Errorf("%v, left %v", err, leftovers(t, c))
	}
}

func TestFinishedFileIsNotFetchedAgain(t *testing.T) {
	data := random(7, 2*smallChunk)
	s, c := serve(t, data), small(t)
	f := entry(s.URL, hexSum(data))
	if _, _, err := c.Fetch(t.Context(), f, nil); err != nil {
		t.Fatal(err)
	}
	n := len(s.ranges())
	path, digest, err := c.Fetch(t.Context(), f, nil)
	fetched(t, path, digest, err, data)
	if len(s.ranges()) != n {
		t.Error("it was fetched again")
	}
	if err := os.WriteFile(path, data[1:], 0o600); err != nil {
		t.Fatal(err)
	}
	path, digest, err = c.Fetch(t.Context(), f, nil)
	fetched(t, path, digest, err, data)
}

// fullDisk takes so many bytes and no more.
type fullDisk struct {
	partFile
	room *atomic.Int64
}

func (f fullDisk) WriteAt(p []byte, at int64) (int, error) {
	if f.room.Add(-int64(len(p))) < 0 {
		return 0, &os.PathError{Op: "write", Path: "part", Err: noRoom[0]}
	}
	return f.partFile.WriteAt(p, at)
}

func TestNoRoomFromTheBeginning(t *testing.T) {
	s, c := serve(t, random(8, 2*smallChunk)), small(t)
	c.promised.Store(1 << 60) // other downloads
	if _, _, err := c.Fetch(t.Context(), entry(s.URL, hexSum(s.data)), nil); err == nil || !strings.Contains(err.Error(), "not enough disk space") {
		t.Error(err)
	}
	if l := leftovers(t, c); len(l) != 0 {
		t.Errorf("left %v", l)
	}
}

func TestPromisesAreKept(t *testing.T) {
	s, c := serve(t, random(9, 8*smallChunk)), small(t)
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(s.data)), nil)
	fetched(t, path, digest, err, s.data)
	if n := c.promised.Load(); n != 0 {
		t.Errorf("%d bytes are still promised", n)
	}
}

// forgetful keeps other bytes than it is told to.
type forgetful struct{ partFile }

func (f forgetful) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.partFile.ReadAt(p, at)
	if n > 0 {
		p[0] ^= 1
	}
	return n, err
}

func TestDiskThatKeepsNothing(t *testing.T) {
	s, c := serve(t, random(10, 2*smallChunk)), small(t)
	open := c.openFile
	c.openFile = func(path string) (partFile, error) {
		f, err := open(path)
		return forgetful{f}, err
	}
	if _, _, err := c.Fetch(t.Context(), entry(s.URL, hexSum(s.data)), nil); err == nil || !strings.Contains(err.Error(), "does not keep") {
		t.Error(err)
	}
}

// TestJournalOfAnotherFile has a journal whose bytes are of another size.
func TestShortPartIsNotTrusted(t *testing.T) {
	data := random(11, 8*smallChunk)
	s, c := serve(t, data), small(t)
	f := entry(s.URL, hexSum(data))
	ctx, cancel := context.WithCancel(t.Context())
	s.paced(func(sent int64) {
		if sent > 3*smallChunk {
			cancel()
		}
	})
	if _, _, err := c.Fetch(ctx, f, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.paced(nil)
	if err := os.Truncate(filepath.Join(c.Dir, f.key()+partSuffix), smallChunk); err != nil {
		t.Fatal(err)
	}
	path, digest, err := c.Fetch(t.Context(), f, nil)
	fetched(t, path, digest, err, data)
}
