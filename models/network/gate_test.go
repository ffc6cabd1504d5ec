package network

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func gate(t *testing.T, o Options) *Gate {
	g := New(o)
	t.Cleanup(g.CloseIdleConnections)
	return g
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// get returns an answer's body.
func get(c *http.Client, address string) (string, error) {
	resp, err := c.Get(address)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return string(data), err
}

func TestNothingDialsWhileOff(t *testing.T) {
	var dialled atomic.Int32
	g := gate(t, Options{Allowed: func() bool { return false }, Proxy: func() string { return "socks5://proxy.test:1080" }})
	g.dial = func(context.Context, string, string) (net.Conn, error) {
		dialled.Add(1)
		return nil, errors.New("dialled")
	}
	for name, try := range map[string]func() error{
		"Client":  func() error { _, err := get(g.Client("test"), "http://name.test/a"); return err },
		"TLS":     func() error { _, err := get(g.Client("test"), "https://name.test/a"); return err },
		"Direct":  func() error { _, err := get(g.Direct("test"), "http://name.test/a"); return err },
		"Command": func() error { return g.Command("test", "name.test", exec.Command("no-such-program"), nil) },
		"Allowed": g.Allowed,
		"dialing": func() error { _, err := g.dialing(t.Context(), "tcp", "name.test:80"); return err },
	} {
		if err := try(); !errors.Is(err, ErrOff) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := dialled.Load(); n != 0 {
		t.Errorf("%d connections or look-ups while off", n)
	}
	recent := g.Recent()
	if len(recent) != 4 {
		t.Fatalf("%d records", len(recent))
	}
	for _, q := range recent {
		if !q.Refused || !q.Ended || q.Sent != 0 || q.Error == "" {
			t.Errorf("record %+v", q)
		}
	}
}

func TestCutEndsOpenBodies(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	g := gate(t, Options{})
	var all sync.WaitGroup
	var begun sync.WaitGroup
	begun.Add(3)
	for range 3 {
		all.Go(func() {
			resp, err := g.Client("test").Get(s.URL)
			begun.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if _, err := io.ReadAll(resp.Body); !errors.Is(err, ErrOff) {
				t.Errorf("read: %v", err)
			}
		})
	}
	begun.Wait()
	g.Cut()
	all.Wait()
	if len(g.live) != 0 {
		t.Errorf("%d requests are still known", len(g.live))
	}
	for _, q := range g.Recent() {
		if !q.Ended || q.Error != ErrOff.Error() {
			t.Errorf("record %+v", q)
		}
	}
}

func TestCutEndsWaitingForAnswer(t *testing.T) {
	arrived := make(chan bool)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- true
		<-r.Context().Done()
	})
	g := gate(t, Options{})
	go func() { <-arrived; g.Cut() }()
	if _, err := get(g.Client("test"), s.URL); !errors.Is(err, ErrOff) {
		t.Error(err)
	}
}

func TestCutEndsDialling(t *testing.T) {
	g := gate(t, Options{})
	dialling := make(chan bool)
	g.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		close(dialling)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	go func() { <-dialling; g.Cut() }()
	if _, err := get(g.Client("test"), "http://name.test"); !errors.Is(err, ErrOff) {
		t.Error(err)
	}
}

// TestSwitchedOffWhileDialling has the name looked up when the switch goes off
// and the connection made all the same.
func TestSwitchedOffWhileDialling(t *testing.T) {
	var off atomic.Bool
	g := gate(t, Options{Allowed: func() bool { return !off.Load() }})
	ours, theirs := net.Pipe()
	defer theirs.Close()
	g.dial = func(context.Context, string, string) (net.Conn, error) {
		off.Store(true)
		return ours, nil
	}
	if _, err := g.dialing(t.Context(), "tcp", "name.test:80"); !errors.Is(err, ErrOff) {
		t.Error(err)
	}
	if _, err := ours.Write([]byte("x")); err == nil {
		t.Error("the connection is still open")
	}
}

func TestSwitchCountsBetweenReads(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	var off atomic.Bool
	g := gate(t, Options{Allowed: func() bool { return !off.Load() }})
	resp, err := g.Client("test").Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	buf := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, buf); err != nil {
		t.Fatal(err)
	}
	off.Store(true)
	if _, err := resp.Body.Read(buf); !errors.Is(err, ErrOff) {
		t.Error(err)
	}
}

func TestRecord(t *testing.T) {
	far := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("x", 5000)) })
	near := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, far.URL+"/file?X-Signature=geheim", http.StatusFound)
	})
	var mu sync.Mutex
	var told []Request
	g := gate(t, Options{Log: func(q Request) { mu.Lock(); defer mu.Unlock(); told = append(told, q) }})
	r, _ := http.NewRequest(http.MethodGet, near.URL+"/model?token=geheim", nil)
	r.Header.Set("Authorization", "Bearer geheim")
	resp, err := g.Client("download M").Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if open := g.Recent()[0]; open.Ended || open.Status != 200 {
		t.Errorf("while under way: %+v", open)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	got := g.Recent()
	if len(got) != 2 || len(told) != 4 {
		t.Fatalf("%d records, %d told", len(got), len(told))
	}
	last, first := got[0], got[1]
	if first.Status != 302 || first.Path != "/model" || "http://"+first.Host != near.URL || first.Method != "GET" || first.Purpose != "download M" {
		t.Errorf("first %+v", first)
	}
	if last.Path != "/file" || last.Received < 5000 || last.Received > 6000 || last.Sent < 50 || !last.Ended || last.Error != "" || last.ID <= first.ID || last.Time < first.Time {
		t.Errorf("last %+v", last)
	}
	for _, q := range append(got, told...) {
		for _, s := range []string{q.Host, q.Path, q.Purpose, q.Error} {
			if strings.Contains(s, "geheim") {
				t.Errorf("the record tells a secret: %+v", q)
			}
		}
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	s := httptest.NewServer(nil)
	address := s.URL
	s.Close()
	g := gate(t, Options{})
	if _, err := get(g.Client("test"), address+"/x?signature=geheim"); err == nil {
		t.Fatal("no error")
	}
	if q := g.Recent()[0]; q.Error == "" || strings.Contains(q.Error, "geheim") {
		t.Errorf("record %+v", q)
	}
}

func TestRecentIsBounded(t *testing.T) {
	g := gate(t, Options{Allowed: func() bool { return false }})
	for range kept + 50 {
		_, _ = get(g.Client("test"), "http://name.test")
	}
	got := g.Recent()
	if len(got) != kept || got[0].ID != kept+50 || got[kept-1].ID != 51 {
		t.Errorf("%d records, from %d to %d", len(got), got[0].ID, got[len(got)-1].ID)
	}
}

func TestCommand(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program is a shell script")
	}
	g := gate(t, Options{})
	if err := g.Command("download P with pip", "index.test", exec.Command("sh", "-c", "exit 0"), func() int64 { return 7 }); err != nil {
		t.Error(err)
	}
	if q := g.Recent()[0]; q.Method != "RUN" || q.Host != "index.test" || q.Received != 7 || !q.Ended || q.Error != "" {
		t.Errorf("record %+v", q)
	}
	var exit *exec.ExitError
	if err := g.Command("test", "index.test", exec.Command("sh", "-c", "exit 3"), nil); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := g.Command("test", "", exec.CommandContext(ctx, "sleep", "60"), nil); !errors.Is(err, context.Canceled) && !errors.As(err, &exit) {
		t.Error(err)
	}
	time.AfterFunc(10*time.Millisecond, g.Cut)
	if err := g.Command("test", "", exec.Command("sleep", "60"), nil); !errors.Is(err, ErrOff) {
		t.Error(err)
	}
	var off atomic.Bool
	switched := gate(t, Options{Allowed: func() bool { return !off.Load() }})
	time.AfterFunc(10*time.Millisecond, func() { off.Store(true) })
	if err := switched.Command("test", "", exec.Command("sleep", "60"), nil); !errors.Is(err, ErrOff) {
		t.Error(err)
	}
}

func TestLimitIsShared(t *testing.T) {
	var l limiter
	// The bucket is empty in the beginning; each take waits for those before.
	if first, second := l.take(1000, 1000), l.take(1000, 1000); first < 900*time.Millisecond || first > time.Second || second < 1900*time.Millisecond || second > 2*time.Second {
		t.Errorf("waits %v and %v", first, second)
	}
	if d := l.take(1000, 1_000_000); d > 10*time.Millisecond {
		t.Errorf("a higher limit waits %v", d)
	}
}

func TestLimitedBodyIsWhole(t *testing.T) {
	text := strings.Repeat("abc", 20000)
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
	g := gate(t, Options{Limit: func() int64 { return 600_000 }})
	if got, err := get(g.Client("test"), s.URL); err != nil || got != text {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ErrOff)
	if err := Sleep(ctx, time.Hour); !errors.Is(err, ErrOff) {
		t.Error(err)
	}
}
