package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"freehold/app"
	"freehold/app/chat"
)

// starter is the path of the starter model.
func starter(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("FREEHOLD_TEST_MODEL"); path != "" {
		return path
	}
	found, _ := filepath.Glob(filepath.Join("..", "build", "starter", "*.gguf"))
	if len(found) == 0 {
		t.Skip("no starter model: `make starter` fetches it, or set FREEHOLD_TEST_MODEL")
	}
	return found[0]
}

// TestStarterModel has the starter model answer in a chat, with Freehold's own
// engine.
func TestStarterModel(t *testing.T) {
	path := starter(t)
	events := &recorder{}
	home := filepath.Join(t.TempDir(), "home")
	c, err := app.Open(t.Context(), app.Options{Home: home, Emitter: events, Exclusive: true, Roots: noStores, Load: app.LoadOptions{ContextLength: 1024}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	m, err := c.Import(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := attach(t, c)
	ch, err := a.NewChat(m.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SetChatSampling(ch.ID, chat.Sampling{MaxTokens: 24}); err != nil { // temperature 0
		t.Fatal(err)
	}
	before, err := a.ContextUse(ch.ID, "Name a river.") // by the tokenizer alone
	if err != nil || before.Limit != 1024 || before.Draft != 4 {
		t.Errorf("context use %+v %v", before, err)
	}
	msgs, err := a.Send(ch.ID, "", "Name a river.")
	if err != nil {
		t.Fatal(err)
	}
	ended := func(id string) chat.Message {
		return waitFor(t, events, func(m chat.Message) bool { return m.ID == id && m.Status != chat.Streaming })
	}
	first := ended(msgs[1].ID)
	if first.Status != chat.Complete || strings.TrimSpace(first.Content) == "" || first.Timings == nil {
		t.Fatalf("answer %+v", first)
	}
	if got := first.Timings.PromptTokens; got != before.Total-before.Answer {
		t.Errorf("the prompt had %d tokens, %d were foretold", got, before.Total-before.Answer)
	}
	after, err := a.ContextUse(ch.ID, "And another?") // by the loaded model
	if err != nil {
		t.Fatal(err)
	}
	if msgs, err = a.Send(ch.ID, first.ID, "And another?"); err != nil {
		t.Fatal(err)
	}
	second := ended(msgs[1].ID)
	if second.Timings == nil || second.Timings.PromptTokens != after.Total-after.Answer {
		t.Errorf("%+v, foretold %+v", second.Timings, after)
	}
	if second.Timings.CachedTokens == 0 {
		t.Error("the first turn was read again")
	}
	again, err := a.Regenerate(ch.ID, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	// The words may differ even at temperature 0: the cached prompt leaves one
	// row to compute instead of many, and sums in another order round otherwise.
	if twin := ended(again.ID); twin.Status != chat.Complete || strings.TrimSpace(twin.Content) == "" || twin.Timings.CachedTokens == 0 {
		t.Errorf("second answer %+v", twin)
	}
}

// TestFollowUpAfterARestart asks about a long text, closes the application,
// opens it again, and asks once more.
func TestFollowUpAfterARestart(t *testing.T) {
	target := app.Target{Ref: "starter", Path: starter(t)}
	home := t.TempDir()
	text := strings.Repeat("The parish council met on Monday and spoke of hedges. ", 60)
	ask := func(question string) chat.Timings {
		t.Helper()
		c, err := app.Open(t.Context(), app.Options{Home: home})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		w, release, err := c.Use(t.Context(), target, app.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		s := chat.DefaultSampling()
		s.MaxTokens = 4
		r, err := w.Generate(t.Context(), chat.Request{Prompt: text + question, Sampling: s}, func(chat.Event) {})
		if err != nil {
			t.Fatal(err)
		}
		return r.Timings
	}
	if first := ask("Who met?"); first.PromptTokens < 400 || first.CachedTokens != 0 {
		t.Errorf("first question: %+v", first)
	}
	if again := ask("What of?"); again.CachedTokens < again.PromptTokens-64 {
		t.Errorf("after a restart: %+v", again)
	}
}

// TestVocabularyAgrees compares the tokenizer alone with the loaded model.
func TestVocabularyAgrees(t *testing.T) {
	target := app.Target{Ref: "starter", Path: starter(t)}
	c := openOwn(t)
	v, err := c.Vocabulary(t.Context(), target, app.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w, release, err := c.Use(t.Context(), target, app.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	loaded := w.Info()
	loaded.KVBytes, loaded.KVType = v.Info().KVBytes, v.Info().KVType // only a loaded model has a cache
	if v.Info() != loaded {
		t.Errorf("the file says %+v, the model %+v", v.Info(), loaded)
	}
	for _, text := range []string{"", "Hello  world\n", "<|im_start|>user", "ünïcödé 字 🏠"} {
		for _, special := range []bool{false, true} {
			a, b := v.Tokenize(text, special), w.Tokenize(text, special)
			if len(a) != len(b) {
				t.Errorf("%q: %v and %v", text, a, b)
			}
		}
	}
}

func openOwn(t *testing.T) *app.Core {
	t.Helper()
	c, err := app.Open(t.Context(), app.Options{Home: filepath.Join(t.TempDir(), "home")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
