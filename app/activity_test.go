package app

import (
	"strings"
	"testing"

	"freehold/app/chat"
	"freehold/app/document"
)

func TestFinishedWorkIsRemembered(t *testing.T) {
	var l finishedLog
	answer := func(id string, s chat.Status) chat.Message {
		return chat.Message{ID: id, ChatID: "c", Role: chat.Assistant, Model: "tiny", Status: s, Error: map[bool]string{true: "no memory"}[s == chat.Failed]}
	}
	l.hear(answer("old", chat.Complete)) // was not seen to begin
	l.hear(chat.Message{ID: "q", Role: chat.User, Status: chat.Complete})
	l.hear(answer("a", chat.Streaming))
	l.hear(answer("b", chat.Streaming))
	l.hear(answer("b", chat.Failed))
	l.hear(answer("a", chat.Complete))
	l.hear(answer("a", chat.Complete)) // judged, say
	l.hear(Download{Ref: "m", Name: "Model", State: StateRunning})
	l.hear(Download{Ref: "m", Name: "Model", State: StateRunning})
	l.hear(VerifyEvent{Ref: "m", State: StateRunning})
	l.hear(document.Document{ID: "d", Name: "lease.pdf", State: document.Reading})
	l.hear(document.Document{ID: "d", Name: "lease.pdf", State: document.Ready})
	l.hear(VerifyEvent{Ref: "m", State: StateCancelled})
	l.hear(Download{Ref: "m", Name: "Model", State: StateDone})
	l.hear(PortingEvent{Job: "preview", State: StateRunning})
	l.hear(PortingEvent{Job: "preview", State: StateDone})
	l.hear(PortingEvent{Job: "backup", State: StateRunning, Done: 3, Total: 9})
	if p := l.ported(); p == nil || p.Job != "backup" || p.Done != 3 {
		t.Errorf("under way: %+v", p)
	}
	l.hear(PortingEvent{Job: "backup", State: StateFailed})
	if l.ported() != nil {
		t.Error("a backup that failed is still under way")
	}
	l.hear("anything else")
	var got []string
	for _, f := range l.list() {
		if f.Ended < f.Began || f.Began == 0 {
			t.Errorf("%+v ended before it began", f)
		}
		got = append(got, f.Kind+" "+f.Name+" "+f.State+" "+f.Error)
	}
	want := "backup  failed ,download Model done ,verify m cancelled ,document lease.pdf done ,answer tiny done ,answer tiny failed no memory"
	if strings.Join(got, ",") != want {
		t.Errorf("remembered %q, want %q", strings.Join(got, ","), want)
	}
	for range finishedKept + 10 {
		l.hear(answer("x", chat.Streaming))
		l.hear(answer("x", chat.Stopped))
	}
	if n := len(l.list()); n != finishedKept || len(l.began) != 0 {
		t.Errorf("%d kept, %d running", n, len(l.began))
	}
}

func TestPoolTellsWhatIsInMemory(t *testing.T) {
	f := &fakeModels{}
	p := newPool(f, func(LoadEvent) {})
	defer p.close()
	_, release, err := p.acquire(t.Context(), "b", "/b", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := p.acquire(t.Context(), "a", "/a", LoadOptions{Beside: true})
	if err != nil {
		t.Fatal(err)
	}
	other()
	got := p.inMemory()
	if len(got) != 2 || got[0].Ref != "a" || got[0].State != "idle" || got[1].State != "used" || got[1].Users != 1 || got[1].Weights != 10 {
		t.Errorf("in memory: %+v", got)
	}
	release()
}

func TestDiscardedModelIsLoadedAnew(t *testing.T) {
	f := &fakeModels{}
	p := newPool(f, func(LoadEvent) {})
	defer p.close()
	w, release, err := p.acquire(t.Context(), "a", "/a", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p.discard(w)
	again, releaseAgain, err := p.acquire(t.Context(), "a", "/a", LoadOptions{})
	if err != nil || again == w || f.opened.Load() != 2 {
		t.Errorf("the discarded model was lent again (%v)", err)
	}
	release()
	if f.open.Load() != 1 {
		t.Errorf("%d models open, want only the new one", f.open.Load())
	}
	releaseAgain()
}

func TestWatchedModelIsDiscardedByAPanic(t *testing.T) {
	f := &fakeModels{}
	discarded := 0
	m := &watched{Weights: panicking{&fakeWeights{owner: f}}, discard: func() { discarded++ }}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was hidden")
			}
		}()
		_, _ = m.Generate(t.Context(), chat.Request{}, nil)
	}()
	if discarded != 1 || !m.broken.Load() {
		t.Errorf("discarded %d times", discarded)
	}
	whole := &watched{Weights: &fakeWeights{owner: f}, discard: func() { t.Error("a sound model was discarded") }}
	if _, err := whole.Generate(t.Context(), chat.Request{}, nil); err != nil {
		t.Error(err)
	}
}
