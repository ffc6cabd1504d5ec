package chat_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"freehold/app/chat"
	"freehold/app/store"
)

func texts(q chat.Queue) string {
	var all []string
	for _, i := range q.Items {
		all = append(all, i.Text)
	}
	return strings.Join(all, " ")
}

func (f fixture) enqueue(id, text string, at int) chat.Queue {
	f.t.Helper()
	q, err := f.Enqueue(f.t.Context(), id, text, at)
	if err != nil {
		f.t.Fatal(err)
	}
	return q
}

// until waits for a queue that is as it should be.
func (f fixture) until(what string, is func(chat.Queue) bool) chat.Queue {
	f.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		all := f.events.all()
		for i := len(all) - 1; i >= 0; i-- {
			if q, ok := all[i].data.(chat.Queue); ok {
				if is(q) {
					return q
				}
				break
			}
		}
	}
	f.t.Fatalf("waited in vain for %s", what)
	return chat.Queue{}
}

func (f fixture) questions(id string) string {
	var all []string
	for _, m := range f.get(id).Messages {
		if m.Role == chat.User {
			all = append(all, m.Content)
		}
	}
	return strings.Join(all, " ")
}

func empty(q chat.Queue) bool { return len(q.Items) == 0 }

func TestQueueIsSentInOrder(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 20, delay: 5 * time.Millisecond})
	c := f.newChat()
	if _, err := f.Send(t.Context(), c.ID, "", "one"); err != nil {
		t.Fatal(err)
	}
	f.enqueue(c.ID, "three", -1)
	q := f.enqueue(c.ID, "four", -1)
	q = f.enqueue(c.ID, "two", 0)
	if got := texts(q); got != "two three four" {
		t.Fatal(got)
	}
	q, err := f.MoveQueued(t.Context(), c.ID, q.Items[2].ID, 1)
	if err != nil || texts(q) != "two four three" {
		t.Fatal(texts(q), err)
	}
	if q, err = f.EditQueued(t.Context(), c.ID, q.Items[2].ID, "drei"); err != nil || texts(q) != "two four drei" {
		t.Fatal(texts(q), err)
	}
	if q, err = f.RemoveQueued(t.Context(), c.ID, q.Items[1].ID); err != nil || texts(q) != "two drei" {
		t.Fatal(texts(q), err)
	}
	f.until("all sent", empty)
	waitIdle(t, f.Service, c.ID)
	if got := f.questions(c.ID); got != "one two drei" {
		t.Error(got)
	}
	chain := f.get(c.ID).Messages
	for i := 1; i < len(chain); i++ {
		if chain[i].ParentID != chain[i-1].ID || chain[i].Status != chat.Complete {
			t.Errorf("message %d: %+v", i, chain[i])
		}
	}
	if _, err := f.EditQueued(t.Context(), c.ID, "gone", "x"); err == nil {
		t.Error("a message that does not wait was edited")
	}
	if _, err := f.Enqueue(t.Context(), "none", "x", -1); !errors.Is(err, chat.ErrNotFound) {
		t.Error(err)
	}
}

func TestStopAndErrorsHoldTheQueue(t *testing.T) {
	e := &fakeEngine{words: 1000, delay: 2 * time.Millisecond}
	f := setUp(t, e)
	c := f.newChat()
	msgs, err := f.Send(t.Context(), c.ID, "", "one")
	if err != nil {
		t.Fatal(err)
	}
	f.enqueue(c.ID, "two", -1)
	f.Stop(c.ID)
	if m := f.wait(msgs[1].ID); m.Status != chat.Stopped {
		t.Fatalf("%+v", m)
	}
	q := f.until("held by a stop", func(q chat.Queue) bool { return q.Held == chat.HeldByStop })
	if texts(q) != "two" || f.questions(c.ID) != "one" {
		t.Fatalf("%+v", q)
	}
	e.words, e.fail = 1, errors.New("no memory")
	f.enqueue(c.ID, "three", -1)
	if _, err := f.HoldQueue(t.Context(), c.ID, false); err != nil { // sends two, which fails
		t.Fatal(err)
	}
	q = f.until("held by an error", func(q chat.Queue) bool { return q.Held == chat.HeldByError })
	if texts(q) != "three" || f.questions(c.ID) != "one two" {
		t.Fatalf("%+v", q)
	}
	e.fail = nil
	if _, err := f.HoldQueue(t.Context(), c.ID, false); err != nil {
		t.Fatal(err)
	}
	f.until("the rest sent", empty)
	waitIdle(t, f.Service, c.ID)
}

func TestPausedQueueWaits(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 30, delay: 2 * time.Millisecond})
	c := f.newChat()
	if _, err := f.Send(t.Context(), c.ID, "", "one"); err != nil {
		t.Fatal(err)
	}
	f.enqueue(c.ID, "two", -1)
	if _, err := f.HoldQueue(t.Context(), c.ID, true); err != nil {
		t.Fatal(err)
	}
	waitIdle(t, f.Service, c.ID)
	q := f.enqueue(c.ID, "three", -1)
	if q.Held != chat.HeldByUser || texts(q) != "two three" || f.questions(c.ID) != "one" {
		t.Fatalf("%+v", q)
	}
	if _, err := f.HoldQueue(t.Context(), c.ID, false); err != nil {
		t.Fatal(err)
	}
	f.until("all sent", empty)
	waitIdle(t, f.Service, c.ID)
	if got := f.questions(c.ID); got != "one two three" {
		t.Error(got)
	}
}

func TestSendNowStopsTheAnswer(t *testing.T) {
	e := &fakeEngine{words: 100_000, delay: time.Millisecond}
	f := setUp(t, e)
	c := f.newChat()
	msgs, err := f.Send(t.Context(), c.ID, "", "one")
	if err != nil {
		t.Fatal(err)
	}
	f.enqueue(c.ID, "later", -1)
	q := f.enqueue(c.ID, "now", -1)
	if _, err := f.SendQueued(t.Context(), c.ID, q.Items[1].ID); err != nil {
		t.Fatal(err)
	}
	if m := f.wait(msgs[1].ID); m.Status != chat.Stopped {
		t.Errorf("%+v", m)
	}
	q = f.until("one left", func(q chat.Queue) bool { return len(q.Items) == 1 })
	if texts(q) != "later" || q.Held != chat.Free || f.questions(c.ID) != "one now" {
		t.Errorf("%+v %s", q, f.questions(c.ID))
	}
	f.Stop(c.ID)
	f.until("a stop holds again", func(q chat.Queue) bool { return q.Held == chat.HeldByStop })
}

func TestQueueAndDraftsOverARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	st, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	events := newRecorder()
	s := chat.New(st, &fakeEngine{limit: 1000, words: 100_000, delay: time.Millisecond}, events.emit, quiet())
	c, err := s.Create(t.Context(), "m", "", chat.DefaultSampling())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), c.ID, "", "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enqueue(t.Context(), c.ID, "two", -1); err != nil {
		t.Fatal(err)
	}
	for _, d := range []chat.Draft{{ChatID: c.ID, Text: "half a word", EditedAt: 20}, {ChatID: c.ID, Text: "older", EditedAt: 10}, {Text: "new", EditedAt: 5}} {
		kept, err := s.SaveDraft(t.Context(), d)
		if err != nil || kept.Text == "older" {
			t.Fatalf("%+v, %v", kept, err)
		}
	}
	s.Close()
	st.Close()

	st, err = store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s = chat.New(st, &fakeEngine{limit: 1000, words: 1}, events.emit, quiet())
	defer s.Close()
	if err := s.HoldQueues(t.Context()); err != nil {
		t.Fatal(err)
	}
	queues, err := s.Queues(t.Context())
	if err != nil || len(queues) != 1 || texts(queues[0]) != "two" || queues[0].Held != chat.HeldByEnding {
		t.Errorf("%+v, %v", queues, err)
	}
	drafts, err := s.Drafts(t.Context())
	if err != nil || len(drafts) != 2 || !slices.Contains(drafts, chat.Draft{ChatID: c.ID, Text: "half a word", EditedAt: 20}) {
		t.Errorf("%+v, %v", drafts, err)
	}
}

func TestTemporaryWritingStaysInMemory(t *testing.T) {
	home := t.TempDir()
	st, err := store.Open(t.Context(), filepath.Join(home, "f.db"))
	if err != nil {
		t.Fatal(err)
	}
	s := chat.New(st, &fakeEngine{limit: 1000, words: 100_000, delay: time.Millisecond}, newRecorder().emit, quiet())
	c, err := s.CreateTemporary(t.Context(), "m", "", chat.DefaultSampling())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), c.ID, "", "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enqueue(t.Context(), c.ID, "whispered question", -1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveDraft(t.Context(), chat.Draft{ChatID: c.ID, Text: "whispered draft", EditedAt: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SaveDraft(t.Context(), chat.Draft{ChatID: "one of another run", Text: "whispered", EditedAt: 1}); !errors.Is(err, chat.ErrNotFound) {
		t.Error(err)
	}
	drafts, err := s.Drafts(t.Context())
	queues, err2 := s.Queues(t.Context())
	if err != nil || err2 != nil || len(drafts) != 1 || len(queues) != 1 {
		t.Fatalf("%+v %+v %v %v", drafts, queues, err, err2)
	}
	s.Close()
	st.Close()
	files, err := os.ReadDir(home)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(home, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "whispered") {
			t.Errorf("%s holds what was written in a temporary chat", file.Name())
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
