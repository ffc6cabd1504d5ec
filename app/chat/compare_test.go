package chat_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"freehold/app/chat"
	"freehold/app/store"
)

// crowd is an engine with little memory: it has room for one model at a time
// unless roomy.
type crowd struct {
	*fakeEngine
	roomy bool

	mu    sync.Mutex
	inUse map[string]int
	most  int // models at once
}

func (e *crowd) Together(context.Context, []string, string) bool { return e.roomy }

func (e *crowd) Acquire(ctx context.Context, ref string) (chat.Model, func(), error) {
	m, release, err := e.fakeEngine.Acquire(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inUse[ref]++
	e.most = max(e.most, len(e.inUse))
	return m, func() {
		e.mu.Lock()
		if e.inUse[ref]--; e.inUse[ref] == 0 {
			delete(e.inUse, ref)
		}
		e.mu.Unlock()
		release()
	}, nil
}

func setUpCrowd(t *testing.T, e *crowd) fixture {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "freehold.db"))
	if err != nil {
		t.Fatal(err)
	}
	e.limit, e.inUse = 1000, map[string]int{}
	events := newRecorder()
	s := chat.New(st, e, events.emit, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { s.Close(); st.Close() })
	return fixture{s, t, st, e.fakeEngine, events}
}

func (f fixture) idle(id string) {
	f.t.Helper()
	for range 500 {
		if !f.get(id).Generating {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	f.t.Fatal("the chat is still being answered")
}

func turnsOf(f fixture, id string) (waited, began bool) {
	for _, e := range f.events.all() {
		if ev, ok := e.data.(chat.TurnEvent); ok && ev.MessageID == id {
			waited = waited || ev.Waits
			began = waited && !ev.Waits
		}
	}
	return waited, began
}

func TestSeveralModelsAnswerOneQuestion(t *testing.T) {
	for _, roomy := range []bool{true, false} {
		e := &crowd{fakeEngine: &fakeEngine{words: 20, delay: time.Millisecond}, roomy: roomy}
		f := setUpCrowd(t, e)
		c := f.newChat()
		hot := chat.DefaultSampling()
		hot.Temperature = 1.5
		msgs, err := f.Compare(t.Context(), c.ID, "", "Which is best?", []chat.Way{{Model: "a"}, {Model: "b"}, {Model: "a", Sampling: &hot}})
		if err != nil {
			t.Fatal(err)
		}
		if len(msgs) != 4 || msgs[0].Role != chat.User {
			t.Fatalf("a question and three answers, not %+v", msgs)
		}
		if _, err := f.Send(t.Context(), c.ID, "", "Meanwhile?"); err == nil {
			t.Error("another question was taken while three answers are written")
		}
		for _, m := range msgs[1:] {
			a := f.wait(m.ID)
			if a.Status != chat.Complete || a.ParentID != msgs[0].ID || strings.Count(a.Content, "w") != 20 {
				t.Errorf("answer %+v", a)
			}
		}
		f.idle(c.ID)
		e.mu.Lock()
		if want := map[bool]int{true: 2, false: 1}[roomy]; e.most != want {
			t.Errorf("%d models at once, want %d", e.most, want)
		}
		e.mu.Unlock()
		if waited, began := turnsOf(f, msgs[2].ID); waited == roomy || began == roomy {
			t.Errorf("roomy %v: the second model waited: %v, and began: %v", roomy, waited, began)
		}
		if waited, _ := turnsOf(f, msgs[3].ID); waited {
			t.Error("the same model waited for itself")
		}
		temperatures := 0
		for _, r := range f.engine.requests() {
			if r.Sampling.Temperature == 1.5 {
				temperatures++
			}
		}
		if temperatures != 1 {
			t.Errorf("%d answers were written with the other temperature, want 1", temperatures)
		}
		got := f.get(c.ID)
		if len(got.Messages) != 4 || got.Messages[3].Trial == nil || got.Messages[3].Trial.Sampling.Temperature != 1.5 ||
			got.Messages[1].Trial.ID != got.Messages[2].Trial.ID || got.Title != "Which is best?" {
			t.Errorf("kept: %+v", got)
		}
		if len(f.Writings()) != 0 {
			t.Errorf("still writing: %+v", f.Writings())
		}
	}
}

func TestAnswersOfAComparisonStopOneByOne(t *testing.T) {
	e := &crowd{fakeEngine: &fakeEngine{words: 1_000_000, delay: time.Millisecond}}
	f := setUpCrowd(t, e)
	c := f.newChat()
	msgs, err := f.Compare(t.Context(), c.ID, "", "Go on", []chat.Way{{Model: "a"}, {Model: "b"}, {Model: "c"}})
	if err != nil {
		t.Fatal(err)
	}
	writings := func() []chat.Writing { return f.Writings() }
	if got := writings(); len(got) != 3 {
		t.Fatalf("%d are written or wait, want 3", len(got))
	}
	f.StopAnswer(msgs[3].ID) // before its turn
	if m := f.wait(msgs[3].ID); m.Status != chat.Stopped || m.Content != "" {
		t.Errorf("stopped while it waited: %+v", m)
	}
	if !f.get(c.ID).Generating {
		t.Error("one stopped answer ended all")
	}
	f.StopAnswer(msgs[1].ID)
	if m := f.wait(msgs[1].ID); m.Status != chat.Stopped {
		t.Errorf("stopped: %+v", m)
	}
	for waited, began := turnsOf(f, msgs[2].ID); !waited || !began; waited, began = turnsOf(f, msgs[2].ID) {
		time.Sleep(5 * time.Millisecond)
	}
	f.Stop(c.ID)
	if m := f.wait(msgs[2].ID); m.Status != chat.Stopped {
		t.Errorf("stopped with the chat: %+v", m)
	}
	f.idle(c.ID)
	f.StopAnswer(msgs[2].ID) // over already
	if e.lent != 0 {
		t.Errorf("%d models were not given back", e.lent)
	}
}

func TestComparisonsAreJudged(t *testing.T) {
	f := setUpCrowd(t, &crowd{fakeEngine: &fakeEngine{words: 2}, roomy: true})
	c := f.newChat()
	_, first := f.ask(c.ID, "", "Alone")
	if _, err := f.Judge(t.Context(), c.ID, first.ID, chat.Best); err == nil {
		t.Error("an answer without others was judged")
	}
	// Beside the answer that is there.
	msgs, err := f.Compare(t.Context(), c.ID, first.ParentID, "", []chat.Way{{}, {Model: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(msgs) != 2 || msgs[0].ParentID != first.ParentID || msgs[0].Model != "tiny" {
		t.Fatalf("answers beside another: %+v", msgs)
	}
	for _, m := range msgs {
		f.wait(m.ID)
	}
	f.idle(c.ID)
	verdicts := func() (all []chat.Verdict) {
		for _, m := range f.get(c.ID).Messages {
			if m.Trial != nil {
				all = append(all, m.Trial.Verdict)
			}
		}
		return all
	}
	for _, step := range []struct {
		v    chat.Verdict
		want []chat.Verdict
	}{{chat.Best, []chat.Verdict{chat.Worse, chat.Best}}, {chat.Alike, []chat.Verdict{chat.Alike, chat.Alike}}, {chat.Unjudged, []chat.Verdict{"", ""}}} {
		if _, err := f.Judge(t.Context(), c.ID, msgs[1].ID, step.v); err != nil {
			t.Fatal(err)
		}
		if got := verdicts(); !slices.Equal(got, step.want) {
			t.Errorf("after %q: %q, want %q", step.v, got, step.want)
		}
	}
	for _, bad := range []chat.Verdict{chat.Worse, "nice"} {
		if _, err := f.Judge(t.Context(), c.ID, msgs[1].ID, bad); err == nil {
			t.Errorf("%q was taken for a verdict", bad)
		}
	}
}

func TestComparisonsThatCannotBe(t *testing.T) {
	f := setUpCrowd(t, &crowd{fakeEngine: &fakeEngine{words: 2}})
	c := f.newChat()
	two := []chat.Way{{}, {}}
	wild := chat.DefaultSampling()
	wild.Temperature = -1
	for what, try := range map[string]func() error{
		"one way":           func() error { _, err := f.Compare(t.Context(), c.ID, "", "x", two[:1]); return err },
		"five ways":         func() error { _, err := f.Compare(t.Context(), c.ID, "", "x", make([]chat.Way, 5)); return err },
		"nothing asked":     func() error { _, err := f.Compare(t.Context(), c.ID, "", "", two); return err },
		"an unknown parent": func() error { _, err := f.Compare(t.Context(), c.ID, "nobody", "x", two); return err },
		"an unknown chat":   func() error { _, err := f.Compare(t.Context(), "nobody", "", "x", two); return err },
		"impossible choices": func() error {
			_, err := f.Compare(t.Context(), c.ID, "", "x", []chat.Way{{}, {Sampling: &wild}})
			return err
		},
	} {
		if try() == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if got := f.get(c.ID); len(got.Messages) != 0 || got.Generating {
		t.Errorf("left behind: %+v", got)
	}
}

func TestAFaultOfTheEngineCostsOneAnswer(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 3, crash: "index out of range"})
	c := f.newChat()
	_, a := f.ask(c.ID, "", "Hello")
	if a.Status != chat.Failed || !strings.Contains(a.Error, "index out of range") || !strings.HasPrefix(a.Content, "w0") {
		t.Errorf("after a fault: %+v", a)
	}
	f.engine.crash = ""
	again, err := f.Regenerate(t.Context(), c.ID, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if m := f.wait(again.ID); m.Status != chat.Complete {
		t.Errorf("after the fault: %+v", m)
	}
	if f.engine.lent != 0 {
		t.Errorf("%d models were not given back", f.engine.lent)
	}
}
