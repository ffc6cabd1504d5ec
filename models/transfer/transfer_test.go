package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"freehold/models/network"
)

func TestFetch(t *testing.T) {
	data := content(1)
	for _, known := range []bool{true, false} {
		s, c := serve(t, data), client(t)
		e := entry(s.URL, "")
		if known {
			e.SHA256 = hexSum(data)
		}
		var states []string
		var last Progress
		path, digest, err := c.Fetch(t.Context(), e, func(p Progress) {
			if last = p; len(states) == 0 || states[len(states)-1] != p.State {
				states = append(states, p.State)
			}
		})
		fetched(t, path, digest, err, data)
		if fmt.Sprint(states) != "[running verifying]" || last.Done != int64(len(data)) || last.Total != last.Done {
			t.Errorf("states %v, last %+v", states, last)
		}
		if l := leftovers(t, c); len(l) != 1 || l[0] != ".gguf" {
			t.Errorf("left %v", l)
		}
	}
}

func TestResumeAfterCut(t *testing.T) {
	data := content(2)
	s, c := serve(t, data), client(t)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			cut(w, data, `"one"`, 1<<20)
		}
		return false
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
	if r := s.ranges(); len(r) != 2 || !strings.HasPrefix(r[1], "bytes=") || r[1] == "bytes=0-" {
		t.Errorf("requests %q", r)
	}
}

// TestResumeInNextRun cuts every answer, as if the process had been killed
// after each, and goes on with a new client.
func TestResumeInNextRun(t *testing.T) {
	data := content(3)
	for _, known := range []bool{true, false} {
		s := serve(t, data)
		s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n == 1 {
				cut(w, data, `"one"`, 2<<20)
			}
			return false
		}
		e := entry(s.URL, "")
		if known {
			e.SHA256 = hexSum(data)
		}
		first := client(t)
		first.Attempts = 1
		_, _, err := first.Fetch(t.Context(), e, nil)
		if err == nil || !strings.Contains(err.Error(), "kept for the next time") {
			t.Fatalf("cut download: %v", err)
		}
		if l := leftovers(t, first); fmt.Sprint(l) != "[.journal .part]" {
			t.Fatalf("left %v", l)
		}
		second := client(t)
		second.Dir = first.Dir
		var start int64 = -1
		path, digest, err := second.Fetch(t.Context(), e, func(p Progress) {
			if start < 0 {
				start = p.Done
			}
		})
		fetched(t, path, digest, err, data)
		if r := s.ranges(); len(r) < 2 || start == 0 || strings.HasPrefix(r[1], "bytes=0-") {
			t.Errorf("requests %q, progress began at %d", r, start)
		}
	}
}

func TestChangedFileIsNotMixed(t *testing.T) {
	old, data := content(4), content(5)
	for name, respectsIfRange := range map[string]bool{"If-Range respected": true, "If-Range ignored": false} {
		t.Run(name, func(t *testing.T) {
			s, c := serve(t, old), client(t)
			s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
				if n == 1 {
					s.mu.Lock()
					s.data, s.etag = data, `"two"`
					s.mu.Unlock()
					cut(w, old, `"one"`, 1<<20)
				}
				if !respectsIfRange {
					r.Header.Del("If-Range")
				}
				return false
			}
			path, digest, err := c.Fetch(t.Context(), entry(s.URL, ""), nil)
			fetched(t, path, digest, err, data)
		})
	}
}

func TestServerWithoutRanges(t *testing.T) {
	data := content(6)
	s, c := serve(t, data), client(t)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			cut(w, data, `"one"`, 1<<20)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		w.Write(data) // 200, whatever was asked for
		return true
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
}

func TestWrongDigest(t *testing.T) {
	s, c := serve(t, content(7)), client(t)
	_, _, err := c.Fetch(t.Context(), entry(s.URL, hexSum([]byte("another"))), nil)
	if err == nil || !strings.Contains(err.Error(), "not the file it should be") {
		t.Errorf("error %v", err)
	}
	if l := leftovers(t, c); len(l) != 0 {
		t.Errorf("left %v", l)
	}
}

// TestDamagedPart has a first half on disk whose bytes were lost in a crash.
func TestDamagedPart(t *testing.T) {
	data := content(8)
	s, c := serve(t, data), client(t)
	e := entry(s.URL, hexSum(data))
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			cut(w, data, `"one"`, 1<<20)
		}
		return false
	}
	c.Attempts = 1
	if _, _, err := c.Fetch(t.Context(), e, nil); err == nil {
		t.Fatal("cut download succeeded")
	}
	part := filepath.Join(c.Dir, "sha256-"+hexSum(data)+".part")
	f, err := os.OpenFile(part, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 4096), 0); err != nil {
		t.Fatal(err)
	}
	f.Close()
	c.Attempts = 4
	path, digest, err := c.Fetch(t.Context(), e, nil)
	fetched(t, path, digest, err, data)
}

func TestPartWithoutJournalIsNotTrusted(t *testing.T) {
	data := content(9)
	s, c := serve(t, data), client(t)
	key := "sha256-" + hexSum(data)
	for name, journal := range map[string]string{
		"no journal":    "",
		"not JSON":      "{",
		"no checksum":   `{"format":2,"key":"` + key + `","size":3145745,"chunk":4194304}`,
		"another file":  head{Format: format, Key: "sha256-" + hexSum(nil), Size: 5000, Chunk: 4 << 20}.line(),
		"negative size": head{Format: format, Key: key, Size: -1, Chunk: 4 << 20}.line(),
		"no chunks":     head{Format: format, Key: key, Size: 5000}.line(),
		"other format":  head{Format: 9, Key: key, Size: 5000, Chunk: 4 << 20}.line(),
		"other size":    head{Format: format, Key: key, Size: 10, Chunk: 4 << 20}.line(),
		"false claim":   head{Format: format, Key: key, Size: 5000, Chunk: 4 << 20}.line() + line("c 0 5001 00000000 0"),
	} {
		base := filepath.Join(c.Dir, "sha256-"+hexSum(data))
		if err := os.WriteFile(base+".part", []byte(strings.Repeat("x", 5000)), 0o600); err != nil {
			t.Fatal(err)
		}
		os.Remove(base + ".gguf")
		os.Remove(base + journalSuffix)
		if journal != "" {
			if err := os.WriteFile(base+journalSuffix, []byte(journal), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
		t.Log(name)
		fetched(t, path, digest, err, data)
	}
	for _, r := range s.ranges() {
		if r != "bytes=0-16777215" && r != "bytes=0-4999" {
			t.Errorf("asked for %q", r)
		}
	}
}

// TestUnreadableJournal holds that bytes are not thrown away because what they
// are cannot be read now.
func TestUnreadableJournal(t *testing.T) {
	data := content(9)
	s, c := serve(t, data), client(t)
	base := filepath.Join(c.Dir, "sha256-"+hexSum(data))
	if err := os.WriteFile(base+".part", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(base+journalSuffix, 0o700); err != nil { // to read it fails
		t.Fatal(err)
	}
	if _, _, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil); err == nil || !strings.Contains(err.Error(), base+journalSuffix) {
		t.Errorf("%v", err)
	}
	if kept, err := os.ReadFile(base + ".part"); err != nil || !bytes.Equal(kept, data) || len(s.ranges()) != 0 {
		t.Errorf("%d bytes are left, %v; %d requests", len(kept), err, len(s.ranges()))
	}
	if err := os.Remove(base + journalSuffix); err != nil {
		t.Fatal(err)
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
}

func TestCompletePartNeedsNoRequest(t *testing.T) {
	data := content(10)
	s, c := serve(t, data), client(t)
	base := filepath.Join(c.Dir, "sha256-"+hexSum(data))
	if err := os.WriteFile(base+".part", data, 0o600); err != nil {
		t.Fatal(err)
	}
	journal := head{Format: format, Key: filepath.Base(base), Size: int64(len(data)), Chunk: 4 << 20}.line() +
		line(fmt.Sprintf("c 0 %d %08x 0", len(data), crc32.Checksum(data, castagnoli)))
	if err := os.WriteFile(base+journalSuffix, []byte(journal), 0o600); err != nil {
		t.Fatal(err)
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
	if n := len(s.ranges()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestRangeNotSatisfiable(t *testing.T) {
	data := content(11)
	s, c := serve(t, data), client(t)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		switch {
		case n == 1:
			cut(w, data, `"one"`, 2<<20)
		case r.Header.Get("Range") != "":
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return true
		}
		return false
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
}

func TestStalledServer(t *testing.T) {
	data := content(12)
	s, c := serve(t, data), client(t)
	c.Stall = 50 * time.Millisecond
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n > 2 {
			return false
		}
		if n == 1 {
			w.Header().Set("ETag", `"one"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			w.Write(data[:1<<20])
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done() // in the middle of the body; then before the head
		return true
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
}

func TestAlwaysStalledServerEnds(t *testing.T) {
	s, c := serve(t, nil), client(t)
	c.Stall = 20 * time.Millisecond
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", "1000")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	}
	_, _, err := c.Fetch(t.Context(), entry(s.URL, hexSum(nil)), nil)
	if !errors.Is(err, errStalled) {
		t.Errorf("error %v", err)
	}
}

func TestSlowServerIsNotStalled(t *testing.T) {
	data := content(13)[:2000]
	s, c := serve(t, data), client(t)
	c.Stall = time.Second
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		for i := 0; i < len(data); i += 100 {
			w.Write(data[i : i+100])
			w.(http.Flusher).Flush()
			time.Sleep(2 * time.Millisecond)
		}
		return true
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
	if n := len(s.ranges()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestCancelKeepsWhatIsThere(t *testing.T) {
	data := content(14)
	s, c := serve(t, data), client(t)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			w.Header().Set("ETag", `"one"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			w.Write(data[:1<<20])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return true
		}
		return false
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, _, err := c.Fetch(ctx, entry(s.URL, hexSum(data)), func(p Progress) {
		if p.Done > 0 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
	if r := s.ranges(); len(r) != 2 || r[1] == "" {
		t.Errorf("requests %q", r)
	}
}

func TestCancelWhileWaiting(t *testing.T) {
	s, c := serve(t, nil), client(t)
	c.Backoff = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		time.AfterFunc(10*time.Millisecond, cancel)
		return true
	}
	if _, _, err := c.Fetch(ctx, entry(s.URL, hexSum(nil)), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNetworkSwitch(t *testing.T) {
	data := content(16)
	s := serve(t, data)
	c := client(t)
	var allowed atomic.Bool
	c.Gate = network.New(network.Options{Allowed: allowed.Load})
	t.Cleanup(c.Gate.CloseIdleConnections)
	e := entry(s.URL, hexSum(data))
	if _, _, err := c.Fetch(t.Context(), e, nil); !errors.Is(err, network.ErrOff) {
		t.Errorf("while off: %v", err)
	}
	if n := len(s.ranges()); n != 0 {
		t.Fatalf("%d requests while the network is off", n)
	}
	allowed.Store(true)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			w.Header().Set("ETag", `"one"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			w.Write(data[:1<<20])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return true
		}
		return false
	}
	_, _, err := c.Fetch(t.Context(), e, func(p Progress) {
		if p.Done > 0 {
			allowed.Store(false) // in the middle of the download
			c.Gate.Cut()
		}
	})
	if !errors.Is(err, network.ErrOff) {
		t.Errorf("switched off meanwhile: %v", err)
	}
	allowed.Store(true)
	path, digest, err := c.Fetch(t.Context(), e, nil)
	fetched(t, path, digest, err, data)
}

func TestSecondDownloadOfTheSameIsRefused(t *testing.T) {
	data := content(17)
	s, c := serve(t, data), client(t)
	e := entry(s.URL, hexSum(data))
	var once sync.Once
	path, digest, err := c.Fetch(t.Context(), e, func(Progress) {
		once.Do(func() {
			other := client(t)
			other.Dir = c.Dir
			if _, _, err := other.Fetch(t.Context(), e, nil); !errors.Is(err, ErrBusy) {
				t.Errorf("second download: %v", err)
			}
		})
	})
	fetched(t, path, digest, err, data)
}

func TestUnreachableHostIsToldAtOnce(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	c := client(t)
	c.Backoff = time.Hour // would be waited for if it tried again
	if _, _, err := c.Fetch(t.Context(), entry(gone.URL, hexSum(nil)), nil); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v", err)
	}
}

func TestTokenStaysWithItsHost(t *testing.T) {
	data := content(19)
	var got, gotFar atomic.Value
	far := serve(t, data)
	far.before = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		gotFar.Store(r.Header.Get("Authorization"))
		return false
	}
	near := serve(t, nil)
	near.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		got.Store(r.Header.Get("Authorization"))
		http.Redirect(w, r, far.URL, http.StatusFound) // another port is another host
		return true
	}
	c := client(t)
	_, _, err := c.Fetch(t.Context(), File{URL: near.URL, SHA256: hexSum(data), Token: "secret"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Load() != "Bearer secret" || gotFar.Load() != "" {
		t.Errorf("token at its host %q, elsewhere %q", got.Load(), gotFar.Load())
	}
}

func TestExpiredSignedAddress(t *testing.T) {
	data := content(21)
	far := serve(t, data)
	far.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 1 {
			cut(w, data, `"one"`, 1<<20)
		}
		if r.URL.Query().Get("signed") != "3" {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	}
	near := serve(t, nil)
	near.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, fmt.Sprintf("%s/?signed=%d", far.URL, n), http.StatusFound)
		return true
	}
	c := client(t)
	path, digest, err := c.Fetch(t.Context(), entry(near.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
}

func TestErrorPageIsNotPartOfTheFile(t *testing.T) {
	data := content(22)
	s, c := serve(t, data), client(t)
	s.before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		if n == 2 {
			w.WriteHeader(http.StatusBadGateway)
			io.WriteString(w, "<html>error</html>")
			return true
		}
		if n == 1 {
			cut(w, data, `"one"`, 1000)
		}
		return false
	}
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
}
