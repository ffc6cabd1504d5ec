package app_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"freehold/app"
	"freehold/app/enginetest"
	"freehold/engine/gguf"
	"freehold/models/hub"
	"freehold/models/library"
	"freehold/models/transfer"
)

// puller pulls what tests let it: each pull goes on when its ref is sent to go.
type puller struct {
	t      *testing.T
	core   **app.Core
	goOn   map[string]chan error
	size   int64
	mu     sync.Mutex
	active []string
	begun  []string
	thrown []string
	kept   []transfer.Unfinished
}

func newPuller(t *testing.T, core **app.Core, refs ...string) *puller {
	p := &puller{t: t, core: core, goOn: map[string]chan error{}, size: 1000}
	for _, r := range refs {
		p.goOn[r] = make(chan error)
	}
	return p
}

func (p *puller) Lookup(_ context.Context, ref string) (app.Wanted, error) {
	if _, ok := p.goOn[ref]; !ok {
		return app.Wanted{}, fmt.Errorf("%w %q", hub.ErrUnknown, ref)
	}
	w := app.Wanted{Plan: app.Plan{Ref: ref, Name: "Model " + ref, SizeBytes: p.size, Licence: "MIT"}, Source: []byte(`"` + ref + `"`)}
	if ref == "terms" {
		w.Plan.Licence, w.Plan.Terms = "llama3.2", "not for weapons"
	}
	return w, nil
}

func (p *puller) Pull(ctx context.Context, w app.Wanted, progress func(hub.Progress)) (library.Model, error) {
	ref := w.Plan.Ref
	if string(w.Source) != `"`+ref+`"` {
		return library.Model{}, fmt.Errorf("source %s", w.Source)
	}
	p.mu.Lock()
	p.active, p.begun = append(p.active, ref), append(p.begun, ref)
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.active = slices.DeleteFunc(p.active, func(s string) bool { return s == ref })
		p.mu.Unlock()
	}()
	progress(hub.Progress{State: hub.Running, Done: 400, Total: 1000, PerSecond: 5})
	select {
	case err := <-p.goOn[ref]:
		if err != nil {
			return library.Model{}, err
		}
	case <-ctx.Done():
		return library.Model{}, context.Cause(ctx)
	}
	progress(hub.Progress{State: hub.Verifying, Done: 1000, Total: 1000})
	m, err := (*p.core).Import(ctx, ggufFile(p.t, ref), nil)
	return library.Model{Ref: m.Ref, SizeBytes: m.SizeBytes}, err
}

func (p *puller) Discard(ref string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.thrown = append(p.thrown, ref)
	return nil
}

func (p *puller) Kept() ([]transfer.Unfinished, error) { return p.kept, nil }

// during waits until exactly these downloads run.
func (p *puller) during(refs ...string) {
	p.t.Helper()
	slices.Sort(refs)
	var now []string
	for range 2000 {
		p.mu.Lock()
		now = slices.Sorted(slices.Values(p.active))
		p.mu.Unlock()
		if slices.Equal(now, refs) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.t.Fatalf("running: %v, want %v", now, refs)
}

// rests waits until the download has come to rest in this state.
func rests(t *testing.T, c *app.Core, ref, state string) app.Download {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	d, err := c.WaitPull(ctx, ref)
	if err != nil || d.State != state {
		t.Fatalf("%s rests as %+v (%v), want %s", ref, d, err, state)
	}
	return d
}

// states lists the downloads as ref=state.
func states(c *app.Core) (all []string) {
	for _, d := range c.Downloads() {
		all = append(all, d.Ref+"="+d.State)
	}
	return all
}

func wantStates(t *testing.T, c *app.Core, want ...string) {
	t.Helper()
	var got []string
	for range 2000 {
		if got = states(c); slices.Equal(got, want) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("downloads %v, want %v", got, want)
}

func pull(t *testing.T, c *app.Core, refs ...string) {
	t.Helper()
	for _, ref := range refs {
		if _, err := c.Pull(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestPull(t *testing.T) {
	var c *app.Core
	events := &recorder{}
	p := newPuller(t, &c, "a", "b", "c", "d")
	c = open(t, app.Options{Puller: p, Emitter: events})
	pull(t, c, "a", "a", "b", "c", "d") // asking twice is asking once
	p.during("a", "b")
	wantStates(t, c, "a=running", "b=running", "c=queued", "d=queued")
	if err := c.CancelPull("d"); err != nil {
		t.Error(err)
	}
	rests(t, c, "d", app.StateCancelled)
	p.goOn["a"] <- nil
	d := rests(t, c, "a", app.StateDone)
	if d.Done != d.Total || d.Done == 0 {
		t.Errorf("%+v", d)
	}
	if _, err := c.Model(d.Model); err != nil {
		t.Error(err)
	}
	waitFor(t, events, func(ms []app.Model) bool { return len(ms) == 1 })
	waitFor(t, events, func(d app.Download) bool { return d.State == app.StateVerifying })
	p.during("b", "c")
	must(t, c.CancelPull("b"))
	rests(t, c, "b", app.StateCancelled)
	p.goOn["c"] <- errors.New("no such file")
	if d := rests(t, c, "c", app.StateFailed); d.Error != "no such file" {
		t.Errorf("%+v", d)
	}
	if p.mu.Lock(); !slices.Equal(p.thrown, []string{"d", "b"}) {
		t.Errorf("thrown away: %v", p.thrown)
	}
	p.mu.Unlock()
	must(t, c.ResumePull("c")) // tries again
	p.during("c")
	p.goOn["c"] <- nil
	rests(t, c, "c", app.StateDone)
	for _, f := range []func(string) error{c.CancelPull, c.PausePull, c.ResumePull, c.PrioritisePull} {
		if f("never asked for") == nil {
			t.Error("did something to what was not there")
		}
	}
	if _, err := c.Pull(t.Context(), "unknown"); !errors.Is(err, hub.ErrUnknown) {
		t.Error(err)
	}
	if _, err := c.Pull(t.Context(), " "); err == nil {
		t.Error("pulled nothing")
	}
	wantStates(t, c, "c=done", "b=cancelled", "a=done", "d=cancelled")
}

func TestPauseAndPriority(t *testing.T) {
	var c *app.Core
	p := newPuller(t, &c, "a", "b", "c", "d")
	c = open(t, app.Options{Puller: p})
	pull(t, c, "a", "b", "c", "d")
	p.during("a", "b")
	must(t, c.PausePull("a"))
	rests(t, c, "a", app.StatePaused)
	p.during("b", "c")
	must(t, c.PausePull("d"))
	wantStates(t, c, "a=paused", "b=running", "c=running", "d=paused")
	must(t, c.ResumePull("d"), c.ResumePull("a"))
	wantStates(t, c, "a=queued", "b=running", "c=running", "d=queued")
	must(t, c.PrioritisePull("d")) // takes the place of the last that runs
	p.during("b", "d")
	wantStates(t, c, "d=running", "a=queued", "b=running", "c=queued")

	s := c.Settings()
	s.ParallelDownloads = 4
	if _, err := c.SaveSettings(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	p.during("a", "b", "c", "d")
	must(t, c.PausePull("a"), c.ResumePull("a")) // at once: it goes on
	for range 2000 {
		p.mu.Lock()
		n := len(p.begun)
		p.mu.Unlock()
		if n == 7 { // a, b, c; d; a, c; a
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.during("a", "b", "c", "d")
}

func TestTheSwitchPausesAndResumes(t *testing.T) {
	var c *app.Core
	events := &recorder{}
	p := newPuller(t, &c, "a", "b", "c")
	home := t.TempDir()
	c = open(t, app.Options{Puller: p, Emitter: events, Home: home})
	turn := func(on bool) {
		t.Helper()
		s := c.Settings()
		s.NetworkAllowed, s.ParallelDownloads = on, 1
		if _, err := c.SaveSettings(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	turn(true)
	pull(t, c, "a", "b", "c")
	p.during("a")
	must(t, c.PausePull("c"))
	turn(false)
	p.during()
	wantStates(t, c, "a=paused", "b=paused", "c=paused")
	if all := c.Downloads(); all[0].Note == "" || all[1].Note == "" || all[2].Note != "" {
		t.Errorf("notes: %+v", all)
	}
	if err := c.ResumePull("a"); !errors.Is(err, hub.ErrNetworkOff) {
		t.Errorf("resumed with the network off: %v", err)
	}
	if _, err := c.Pull(t.Context(), "a"); !errors.Is(err, hub.ErrNetworkOff) {
		t.Errorf("pulled with the network off: %v", err)
	}
	turn(true)
	p.during("a")
	wantStates(t, c, "a=running", "b=queued", "c=paused") // c was paused by the user

	// A terminal beside the window turns it off.
	terminal := open(t, app.Options{Home: home, Puller: newPuller(t, &c)})
	s := terminal.Settings()
	s.NetworkAllowed = false
	if _, err := terminal.SaveSettings(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	wantStates(t, c, "a=paused", "b=paused", "c=paused")
	if c.Settings().NetworkAllowed {
		t.Error("the window believes the network to be on")
	}
	p.during()
}

func TestDownloadsSurviveARestart(t *testing.T) {
	home := t.TempDir()
	var c *app.Core
	p := newPuller(t, &c, "a", "b", "c", "d")
	o := app.Options{Puller: p, Home: home, Exclusive: true, Engine: &enginetest.Engine{}, Roots: noStores}
	var err error
	if c, err = app.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	pull(t, c, "a", "b", "c", "d")
	p.during("a", "b")
	must(t, c.PausePull("a"))
	rests(t, c, "a", app.StatePaused)
	p.during("b", "c")
	p.goOn["c"] <- errors.New("gone")
	rests(t, c, "c", app.StateFailed)
	must(t, c.PrioritisePull("d"))
	must(t, c.Close())

	beside := open(t, app.Options{Puller: newPuller(t, &c), Home: home}) // a terminal starts nothing
	if all := beside.Downloads(); len(all) != 0 {
		t.Errorf("a terminal runs %+v", all)
	}

	p = newPuller(t, &c, "a", "b", "c", "d", "left")
	p.kept = []transfer.Unfinished{{Ref: "left", Name: "Left", Done: 3, Total: 9}, {Ref: "a", Done: 1}, {}}
	o.Puller = p
	c = open(t, o)
	p.during("b", "d") // they ran when it ended
	wantStates(t, c, "d=running", "a=paused", "b=running", "c=failed", "left=paused")
	all := c.Downloads()
	if all[1].Done != 400 || all[1].Total != 1000 || all[1].Name != "Model a" || all[3].Error != "gone" || all[4].Done != 3 || all[4].Name != "Left" {
		t.Errorf("%+v", all)
	}
	must(t, c.ResumePull("left")) // is looked up first
	p.goOn["b"] <- nil
	p.during("d", "left")
	must(t, c.CancelPull("a"), c.CancelPull("c"))
	wantStates(t, c, "d=running", "left=running", "c=cancelled", "a=cancelled", "b=done")
}

func TestTermsComeFirst(t *testing.T) {
	var c *app.Core
	c = open(t, app.Options{Puller: newPuller(t, &c, "terms")})
	_, err := c.Pull(t.Context(), "terms")
	if !errors.Is(err, app.ErrTerms) || len(c.Downloads()) != 0 {
		t.Fatalf("%v, %v", err, c.Downloads())
	}
}

func TestTooLargeForTheDisk(t *testing.T) {
	var c *app.Core
	p := newPuller(t, &c, "a")
	p.size = 1 << 60
	c = open(t, app.Options{Puller: p, Home: filepath.Join(t.TempDir(), "home")})
	if _, err := c.Pull(t.Context(), "a"); err == nil || len(c.Downloads()) != 0 {
		t.Errorf("%v, %v", err, c.Downloads())
	}
}

// dead is an error of a line that may come back.
type dead struct{}

func (dead) Error() string { return "no route" }
func (dead) Timeout() bool { return false }

func TestOthersDownloadAndDeadLinesAreWaitedFor(t *testing.T) {
	var c *app.Core
	p := newPuller(t, &c, "a", "b")
	c = open(t, app.Options{Puller: p})
	pull(t, c, "a", "b")
	p.during("a", "b")
	p.goOn["a"] <- hub.ErrBusy
	p.goOn["b"] <- dead{}
	wantStates(t, c, "a=waiting", "b=waiting")
	for _, d := range c.Downloads() {
		if d.Note == "" || d.Error != "" {
			t.Errorf("%+v", d)
		}
	}
	must(t, c.PausePull("b"))
	rests(t, c, "b", app.StatePaused)
	must(t, c.ResumePull("b")) // the user does not wait
	p.during("b")
	p.during("a", "b")
}

func (*puller) Header(context.Context, app.Wanted) (*gguf.File, error) {
	return nil, errors.New("no header")
}

func (*puller) Search(_ context.Context, q hub.Query) ([]hub.Found, string, error) {
	return []hub.Found{{Repo: "owner/" + q.Text, Files: []hub.FoundFile{{Ref: "hf.co/owner/x:Q4_0", SizeBytes: 1 << 60}}}}, "next" + q.Cursor, nil
}
