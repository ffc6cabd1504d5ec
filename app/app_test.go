package app_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"freehold/app"
	"freehold/app/chat"
	"freehold/app/enginetest"
	"freehold/models/hub"
	"freehold/models/library"
	"freehold/models/stores"
)

// recorder keeps events.
type recorder struct {
	mu     sync.Mutex
	events []any
}

func (r *recorder) Emit(_ string, data any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, data)
}

// waitFor returns the first event that fits.
func waitFor[T any](t *testing.T, r *recorder, fits func(T) bool) T {
	t.Helper()
	for range 12000 {
		r.mu.Lock()
		for _, e := range r.events {
			if v, ok := e.(T); ok && fits(v) {
				r.mu.Unlock()
				return v
			}
		}
		r.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("waited in vain for an event")
	panic("unreachable")
}

// ggufFile writes a small model file that the library accepts.
func ggufFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".gguf")
	if err := enginetest.WriteModel(path, name); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, o app.Options) *app.Core {
	t.Helper()
	if o.Home == "" {
		o.Home = filepath.Join(t.TempDir(), "home")
	}
	if o.Engine == nil {
		o.Engine = &enginetest.Engine{}
	}
	if o.Roots == nil {
		o.Roots = noStores
	}
	c, err := app.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// noStores keeps the models of whoever runs the tests out of them.
func noStores() stores.Roots { return stores.Roots{} }

func attach(t *testing.T, c *app.Core) *app.App {
	a := app.New()
	app.Attach(context.WithoutCancel(t.Context()), a, c, "browser", nil)
	return a
}

func TestFirstDay(t *testing.T) {
	events := &recorder{}
	e := &enginetest.Engine{}
	c := open(t, app.Options{Emitter: events, Engine: e, Exclusive: true, Version: "1.2"})
	a := attach(t, c)

	s, err := a.State()
	if err != nil || s.Version != "1.2" || s.Face != "browser" || s.Hint == "" || !s.StarterMissing || len(s.Chats) != 0 || s.Models == nil || s.Chats == nil {
		t.Fatalf("first state: %+v %v", s, err)
	}
	m, err := a.ImportModel(ggufFile(t, "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	ch, err := a.NewChat("")
	if err != nil || ch.Model != m.Ref {
		t.Fatalf("new chat: %+v %v", ch, err)
	}
	msgs, err := a.Send(ch.ID, "", "Count!")
	if err != nil {
		t.Fatal(err)
	}
	done := waitFor(t, events, func(m chat.Message) bool { return m.ID == msgs[1].ID && m.Status != chat.Streaming })
	if done.Content != "1 2 3 4 5 " || done.Model != m.Ref || done.Timings == nil {
		t.Errorf("answer %+v", done)
	}
	waitFor(t, events, func(e app.LoadEvent) bool { return e.Ref == m.Ref && e.Done == e.Total })
	u, err := a.ContextUse(ch.ID, "and on")
	if err != nil || u.Limit != 1000 || u.Draft != 2 {
		t.Errorf("context use %+v %v", u, err)
	}
	if s, err = a.State(); err != nil || s.LoadedModel != m.Ref || len(s.Chats) != 1 || s.Hint != "" || !s.Models[0].Loaded {
		t.Errorf("state after an answer: %+v %v", s, err)
	}
	if found, err := a.SearchChats("count"); err != nil || len(found) != 1 {
		t.Errorf("search: %v %v", found, err)
	}
	if err := a.RemoveModel(m.Ref); err != nil {
		t.Error(err)
	}
	if n := e.Loaded.Load(); n != 0 {
		t.Errorf("%d models still loaded after their removal", n)
	}
	if _, err := a.NewChat(m.Ref); !errors.Is(err, library.ErrNotFound) {
		t.Errorf("chat with a removed model: %v", err)
	}
}

func TestNotAttached(t *testing.T) {
	a := app.New()
	if _, err := a.State(); err == nil {
		t.Error("answers before it is attached")
	}
	if err := a.Stop("x"); err == nil {
		t.Error("answers before it is attached")
	}
	app.Attach(t.Context(), a, open(t, app.Options{}), "browser", nil)
	if _, err := a.ChooseFiles("x"); !errors.Is(err, app.ErrNoShell) {
		t.Errorf("native dialogue in a browser: %v", err)
	}
	for _, bad := range []string{"", "file:///etc/passwd", "javascript:alert(1)", "https://", "ht tp://x"} {
		if err := a.OpenExternal(bad); err == nil || errors.Is(err, app.ErrNoShell) {
			t.Errorf("OpenExternal(%q): %v", bad, err)
		}
	}
}

func TestExclusive(t *testing.T) {
	home := t.TempDir()
	c := open(t, app.Options{Home: home, Exclusive: true})
	if _, err := app.Open(t.Context(), app.Options{Home: home, Exclusive: true}); !errors.Is(err, app.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	open(t, app.Options{Home: home}) // a terminal beside the window
	if _, err := c.Chats.Create(t.Context(), "m", "", chat.DefaultSampling()); err != nil {
		t.Error(err)
	}
}

func TestHome(t *testing.T) {
	home := filepath.Join(t.TempDir(), "a", "b")
	open(t, app.Options{Home: home})
	info, err := os.Stat(home)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Open(t.Context(), app.Options{Home: file, Engine: &enginetest.Engine{}}); err == nil || !strings.Contains(err.Error(), app.HomeVariable) {
		t.Errorf("a file as data folder: %v", err)
	}
	t.Setenv(app.HomeVariable, home)
	if got, err := app.DefaultHome(); got != home || err != nil {
		t.Errorf("%s %v", got, err)
	}
	if runtime.GOOS == "linux" {
		t.Setenv(app.HomeVariable, "")
		t.Setenv("XDG_DATA_HOME", "/data")
		if got, _ := app.DefaultHome(); got != "/data/freehold" {
			t.Error(got)
		}
		t.Setenv("XDG_DATA_HOME", "relative")
		t.Setenv("HOME", "/home/u")
		if got, _ := app.DefaultHome(); got != "/home/u/.local/share/freehold" {
			t.Error(got)
		}
	}
}

func TestSettings(t *testing.T) {
	home := t.TempDir()
	c := open(t, app.Options{Home: home})
	s := c.Settings()
	s.Theme, s.Threads, s.ContextLength, s.System, s.NetworkAllowed = "dark", 3, 512, "Be brief.", false
	if _, err := c.SaveSettings(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	again := open(t, app.Options{Home: home})
	if got := again.Settings(); got.Theme != "dark" || got.Threads != 3 || got.NetworkAllowed || got.System != "Be brief." {
		t.Errorf("kept %+v", got)
	}
	if o := again.LoadOptions(); o != (app.LoadOptions{Threads: 3, ContextLength: 512}) {
		t.Errorf("%+v", o)
	}
	if o := open(t, app.Options{Home: home, Load: app.LoadOptions{Threads: 1}}).LoadOptions(); o != (app.LoadOptions{Threads: 1, ContextLength: 512}) {
		t.Errorf("with a flag: %+v", o)
	}
	if _, err := again.Pull(t.Context(), "starter"); !errors.Is(err, hub.ErrNetworkOff) {
		t.Errorf("pull with the network off: %v", err)
	}
	for name, bad := range map[string]func(*app.Settings){
		"theme":    func(s *app.Settings) { s.Theme = "pink" },
		"threads":  func(s *app.Settings) { s.Threads = -1 },
		"context":  func(s *app.Settings) { s.ContextLength = 3 },
		"sampling": func(s *app.Settings) { s.Sampling.TopP = 2 },
		"system":   func(s *app.Settings) { s.System = strings.Repeat("x", 2<<20) },
	} {
		s := c.Settings()
		bad(&s)
		if _, err := c.SaveSettings(t.Context(), s); err == nil {
			t.Errorf("bad %s accepted", name)
		}
	}
}

// TestShutdownOrder closes everything while a chat is being answered.
func TestShutdownOrder(t *testing.T) {
	home := t.TempDir()
	e := &enginetest.Engine{Words: 1 << 20, Delay: time.Millisecond}
	events := &recorder{}
	c, err := app.Open(t.Context(), app.Options{Home: home, Engine: e, Emitter: events, Exclusive: true, Roots: noStores})
	if err != nil {
		t.Fatal(err)
	}
	a := attach(t, c)
	if _, err := a.ImportModel(ggufFile(t, "tiny")); err != nil {
		t.Fatal(err)
	}
	ch, err := a.NewChat("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Send(ch.ID, "", "go"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, events, func(chat.TokenEvent) bool { return true })
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if n := e.Loaded.Load(); n != 0 {
		t.Errorf("%d models still loaded", n)
	}
	got, err := open(t, app.Options{Home: home, Exclusive: true}).Chats.Get(t.Context(), ch.ID)
	if err != nil || got.Messages[1].Status != chat.Stopped || got.Messages[1].Content == "" {
		t.Errorf("%+v %v", got, err)
	}
}

// TestKilledProcessLeavesNoLock checks that a crash does not lock the user out.
func TestKilledProcessLeavesNoLock(t *testing.T) {
	if home := os.Getenv("APP_TEST_CHILD"); home != "" {
		if _, err := app.Open(t.Context(), app.Options{Home: home, Exclusive: true, Engine: &enginetest.Engine{}, Roots: noStores}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, "ready"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	home := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcessLeavesNoLock$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), "APP_TEST_CHILD="+home)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(50 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(home, "ready")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the child did not start")
		}
	}
	if _, err := app.Open(t.Context(), app.Options{Home: home, Exclusive: true}); !errors.Is(err, app.ErrInUse) {
		t.Errorf("beside the child: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	open(t, app.Options{Home: home, Exclusive: true})
}

// TestSnapshotsObeyTheUser: what is switched off is removed, at once and after
// the next start, and clearing removes all.
func TestSnapshotsObeyTheUser(t *testing.T) {
	home := t.TempDir()
	dir := filepath.Join(home, "cache", "kv")
	c := open(t, app.Options{Home: home})
	a := attach(t, c)
	block := filepath.Join(dir, strings.Repeat("0a", 32)+".kv")
	read := func() {
		t.Helper()
		if err := os.WriteFile(block, []byte("what a model has read"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	gone := func(when string) {
		t.Helper()
		if _, err := os.Stat(block); !os.IsNotExist(err) {
			t.Errorf("%s: the snapshot is still there (%v)", when, err)
		}
	}
	if info, err := os.Stat(dir); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Fatalf("%v, %v", info, err)
	}
	if s := c.Settings(); !s.Snapshots {
		t.Error("snapshots are off from the start")
	}
	read()
	if n, err := a.SnapshotBytes(); err != nil || n != 4096 {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := a.ClearSnapshots(); err != nil {
		t.Error(err)
	}
	gone("after clearing")

	read()
	s := c.Settings()
	s.Snapshots = false
	if _, err := a.SaveSettings(s); err != nil {
		t.Fatal(err)
	}
	gone("after switching off")
	read() // by another process
	c = open(t, app.Options{Home: home})
	if c.Settings().Snapshots {
		t.Error("the setting was not kept")
	}
	gone("after a start while switched off")
}
