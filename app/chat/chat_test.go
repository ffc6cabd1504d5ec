package chat_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"freehold/app/chat"
	"freehold/app/store"

	"go.uber.org/goleak"
)

type fixture struct {
	*chat.Service
	t      *testing.T
	store  *store.Store
	engine *fakeEngine
	events *recorder
}

func setUp(t *testing.T, e *fakeEngine) fixture {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "freehold.db"))
	if err != nil {
		t.Fatal(err)
	}
	if e.limit == 0 {
		e.limit = 1000
	}
	events := newRecorder()
	s := chat.New(st, e, events.emit, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { s.Close(); st.Close() })
	return fixture{s, t, st, e, events}
}

func (f fixture) newChat() chat.Chat {
	f.t.Helper()
	c, err := f.Create(f.t.Context(), "tiny", "", chat.DefaultSampling())
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// ask sends a question and waits for the whole answer.
func (f fixture) ask(id, parent, text string) (q, a chat.Message) {
	f.t.Helper()
	msgs, err := f.Send(f.t.Context(), id, parent, text)
	if err != nil {
		f.t.Fatal(err)
	}
	return msgs[0], f.wait(msgs[1].ID)
}

func (f fixture) wait(id string) chat.Message {
	f.t.Helper()
	m, err := f.events.final(id)
	if err != nil {
		f.t.Fatal(err)
	}
	return m
}

func (f fixture) get(id string) chat.Chat {
	f.t.Helper()
	c, err := f.Get(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

func TestConversation(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 3, thinking: 2, delay: 2 * time.Millisecond})
	c := f.newChat()
	q, a := f.ask(c.ID, "", "## What is a   freehold?\nTell me.")
	if a.Content != "w2 w3 w4 " || a.Thinking != "w0 w1 " || a.Status != chat.Complete || a.StopReason != "eos" {
		t.Errorf("answer: %+v", a)
	}
	if a.Timings == nil || a.Timings.CompletionTokens != 3 || a.Timings.ThinkingMs < 4 {
		t.Errorf("timings: %+v", a.Timings)
	}
	_, a2 := f.ask(c.ID, a.ID, "And then?")
	got := f.get(c.ID)
	if got.Title != "What is a freehold?" {
		t.Errorf("title %q", got.Title)
	}
	if got.Leaf != a2.ID || len(got.Messages) != 4 || got.Generating {
		t.Errorf("chat after two turns: %+v", got)
	}
	r := f.engine.requests()[1]
	want := []chat.Turn{{chat.User, q.Content}, {chat.Assistant, a.Content}, {chat.User, "And then?"}}
	if fmt.Sprint(r.Turns) != fmt.Sprint(want) {
		t.Errorf("second prompt %q, want %q", r.Turns, want)
	}
	// What streamed is what was saved.
	var content, thinking string
	for _, e := range f.events.all() {
		if ev, ok := e.data.(chat.TokenEvent); ok && ev.MessageID == a.ID {
			if ev.Thinking {
				thinking += ev.Text
			} else {
				content += ev.Text
			}
		}
	}
	if content != a.Content || thinking != a.Thinking {
		t.Errorf("streamed %q and %q, saved %q and %q", content, thinking, a.Content, a.Thinking)
	}
}

func TestBranches(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 1})
	c := f.newChat()
	q1, a1 := f.ask(c.ID, "", "first")
	_, a2 := f.ask(c.ID, a1.ID, "second")

	again, err := f.Regenerate(t.Context(), c.ID, a1.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.wait(again.ID)
	if again.ParentID != q1.ID {
		t.Errorf("the other answer hangs under %q, want %q", again.ParentID, q1.ID)
	}
	edited, err := f.Edit(t.Context(), c.ID, q1.ID, "first, said better")
	if err != nil {
		t.Fatal(err)
	}
	f.wait(edited[1].ID)
	if edited[0].ParentID != "" {
		t.Errorf("the edited root hangs under %q", edited[0].ParentID)
	}
	got := f.get(c.ID)
	if len(got.Messages) != 7 {
		t.Fatalf("%d messages, want all 7 kept", len(got.Messages))
	}
	if m := got.Messages[0]; m.Content != "first" {
		t.Errorf("the old question was changed to %q", m.Content)
	}
	for _, tc := range []struct{ through, leaf string }{
		{a1.ID, a2.ID}, {again.ID, again.ID}, {q1.ID, again.ID}, {edited[0].ID, edited[1].ID},
	} {
		c, err := f.Select(t.Context(), c.ID, tc.through)
		if err != nil || c.Leaf != tc.leaf {
			t.Errorf("branch through %s ends in %s, want %s (%v)", tc.through, c.Leaf, tc.leaf, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 1})
	c := f.newChat()
	q, a := f.ask(c.ID, "", "hello")
	other := f.newChat()
	noModel, err := f.Create(t.Context(), "", "", chat.DefaultSampling())
	if err != nil {
		t.Fatal(err)
	}
	send := func(id, parent, text string) error { _, err := f.Send(t.Context(), id, parent, text); return err }
	edit := func(id string) error { _, err := f.Edit(t.Context(), c.ID, id, "x"); return err }
	again := func(id string) error { _, err := f.Regenerate(t.Context(), c.ID, id); return err }
	for name, err := range map[string]error{
		"empty text":             send(c.ID, a.ID, " \n"),
		"bad UTF-8":              send(c.ID, a.ID, "\xff"),
		"unknown chat":           send("nope", "", "x"),
		"unknown parent":         send(c.ID, "nope", "x"),
		"parent of another chat": send(other.ID, a.ID, "x"),
		"under a question":       send(c.ID, q.ID, "x"),
		"no model":               send(noModel.ID, "", "x"),
		"too long":               send(c.ID, a.ID, strings.Repeat("x", 9<<20)),
		"edit an answer":         edit(a.ID),
		"regenerate a question":  again(q.ID),
		"bad sampling":           f.SetSampling(t.Context(), c.ID, chat.Sampling{Temperature: -1}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n := len(f.get(c.ID).Messages); n != 2 {
		t.Errorf("refused calls left %d messages", n)
	}
	if _, b := f.ask(c.ID, a.ID, "still works?"); b.Status != chat.Complete {
		t.Errorf("after refusals: %+v", b)
	}
}

func TestStop(t *testing.T) {
	for name, deaf := range map[string]time.Duration{"obedient engine": 0, "deaf engine": 700 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			f := setUp(t, &fakeEngine{words: 100000, delay: time.Millisecond, deaf: deaf})
			c := f.newChat()
			msgs, err := f.Send(t.Context(), c.ID, "", "go on")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Send(t.Context(), c.ID, "", "me too"); err == nil {
				t.Error("two answers at once in one chat")
			}
			for len(f.get(c.ID).Messages[1].Content) == 0 { // it is saved while it grows
				time.Sleep(5 * time.Millisecond)
			}
			if !f.get(c.ID).Generating {
				t.Error("not marked as generating")
			}
			f.Stop(c.ID)
			m := f.wait(msgs[1].ID)
			if m.Status != chat.Stopped || m.StopReason != "cancelled" || m.Content == "" {
				t.Errorf("stopped answer: %+v", m)
			}
			if saved := f.get(c.ID).Messages[1]; saved.Content != m.Content || saved.Status != chat.Stopped {
				t.Errorf("saved %+v, announced %+v", saved, m)
			}
			f.engine.words = 1 // the deaf one is still asleep; its words must not land here
			f.Close()
			if saved := f.get(c.ID).Messages[1]; saved.Content != m.Content {
				t.Errorf("the answer grew after it was stopped: %q", saved.Content[len(m.Content):])
			}
		})
	}
}

func TestFailures(t *testing.T) {
	for name, e := range map[string]*fakeEngine{
		"model missing":  {missing: true},
		"engine fails":   {words: 2, fail: errors.New("tensor blk.0 is odd")},
		"question large": {limit: 100},
	} {
		t.Run(name, func(t *testing.T) {
			f := setUp(t, e)
			c := f.newChat()
			_, a := f.ask(c.ID, "", strings.Repeat("long ", 200))
			if a.Status != chat.Failed || a.Error == "" || a.StopReason != "error" {
				t.Errorf("answer: %+v", a)
			}
			if e.lent != 0 {
				t.Errorf("%d models still lent", e.lent)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	f := setUp(t, &fakeEngine{limit: 400, words: 30})
	c := f.newChat()
	parent, last := "", chat.Message{}
	for range 8 {
		_, last = f.ask(c.ID, parent, strings.Repeat("word ", 40))
		parent = last.ID
	}
	// A turn pair takes 72; 300 are free for the prompt, of which the question takes 41.
	if last.LeftOut != 8 {
		t.Errorf("%d messages left out, want 8", last.LeftOut)
	}
	rs := f.engine.requests()
	if turns := rs[len(rs)-1].Turns; len(turns) != 7 || turns[0].Role != chat.User {
		t.Errorf("%d turns were sent, starting with %s", len(turns), turns[0].Role)
	}
	u, err := f.Use(t.Context(), c.ID, "one two three")
	if err != nil {
		t.Fatal(err)
	}
	if u.Limit != 400 || u.Draft != 3 || u.Answer != 100 || u.LeftOut != 10-2 || u.Total > u.Limit || u.Total != u.System+u.History+u.Draft+u.Answer {
		t.Errorf("context use: %+v", u)
	}
	u, err = f.Use(t.Context(), c.ID, strings.Repeat("word ", 500))
	if err != nil || u.Total <= u.Limit || u.LeftOut != 16 {
		t.Errorf("context use of a draft that does not fit: %+v, %v", u, err)
	}
}

func TestManyChatsAtOnce(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 60, delay: 2 * time.Millisecond})
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			c := f.newChat()
			parent := ""
			for turn := range 2 {
				msgs, err := f.Send(t.Context(), c.ID, parent, fmt.Sprint("question ", i, turn))
				if err != nil {
					t.Error(err)
					return
				}
				m, err := f.events.final(msgs[1].ID)
				if err != nil || m.Status != chat.Complete || len(strings.Fields(m.Content)) != 60 {
					t.Errorf("chat %d: %+v %v", i, m, err)
				}
				parent = m.ID
			}
			if _, err := f.List(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestDeleteAndRestore(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 100000, delay: time.Millisecond})
	c := f.newChat()
	msgs, err := f.Send(t.Context(), c.ID, "", "hello")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Delete(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if m := f.wait(msgs[1].ID); m.Status != chat.Stopped {
		t.Errorf("answer in a deleted chat: %+v", m)
	}
	if _, err := f.Get(t.Context(), c.ID); !errors.Is(err, chat.ErrNotFound) {
		t.Errorf("deleted chat: %v", err)
	}
	if _, err := f.Restore(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if got := f.get(c.ID); len(got.Messages) != 2 || got.Messages[1].Status != chat.Stopped {
		t.Errorf("restored: %+v", got)
	}
}

func TestExport(t *testing.T) {
	f := setUp(t, &fakeEngine{words: 2})
	c := f.newChat()
	f.ask(c.ID, "", "What now?")
	md, err := f.Export(t.Context(), c.ID, "markdown")
	if err != nil || !strings.Contains(md, "# What now?") || !strings.Contains(md, "w0 w1") || !strings.Contains(md, "**tiny**") {
		t.Errorf("markdown: %v\n%s", err, md)
	}
	js, err := f.Export(t.Context(), c.ID, "json")
	if err != nil || !strings.Contains(js, `"role": "assistant"`) {
		t.Errorf("json: %v\n%s", err, js)
	}
	if _, err := f.Export(t.Context(), c.ID, "pdf"); err == nil {
		t.Error("exported a PDF")
	}
}

// TestKill lets a child process stream an answer, kills it, and looks at what
// is left.
func TestKill(t *testing.T) {
	if dir := os.Getenv("CHAT_TEST_CHILD"); dir != "" {
		streamForever(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), "CHAT_TEST_CHILD="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	progress := filepath.Join(dir, "progress")
	var before []byte
	for deadline := time.Now().Add(50 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		before, _ = os.ReadFile(progress)
		if len(strings.Fields(string(before))) > 400 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the child wrote only %q", before)
		}
	}
	time.Sleep(time.Second) // all of before is now older than a second
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()

	st, err := store.Open(t.Context(), filepath.Join(dir, "freehold.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := st.StopInterrupted(t.Context()); n != 1 || err != nil {
		t.Errorf("%d interrupted answers, want 1 (%v)", n, err)
	}
	chats, err := st.Chats(t.Context())
	if err != nil || len(chats) != 1 {
		t.Fatal(chats, err)
	}
	c, err := st.Chat(t.Context(), chats[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	m := c.Messages[1]
	if m.Status != chat.Stopped {
		t.Errorf("status %s", m.Status)
	}
	if !strings.HasPrefix(m.Content, string(before)) {
		t.Errorf("lost more than a second: %d bytes are left of %d", len(m.Content), len(before))
	}
}

func streamForever(t *testing.T, dir string) {
	st, err := store.Open(t.Context(), filepath.Join(dir, "freehold.db"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "progress"))
	if err != nil {
		t.Fatal(err)
	}
	emit := func(name string, data any) {
		if e, ok := data.(chat.TokenEvent); ok {
			fmt.Fprint(out, e.Text)
		}
	}
	s := chat.New(st, &fakeEngine{limit: 1 << 20, words: 1 << 20, delay: time.Millisecond}, emit, slog.Default())
	c, err := s.Create(t.Context(), "tiny", "", chat.DefaultSampling())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(context.Background(), c.ID, "", "write until you die"); err != nil {
		t.Fatal(err)
	}
	select {}
}

func TestMain(m *testing.M) {
	if os.Getenv("CHAT_TEST_CHILD") != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}
