package chat_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"freehold/app/chat"
	"freehold/app/store"
)

func yes() *bool { b := true; return &b }

func TestArrange(t *testing.T) {
	svc, _, _ := newService(t, &fakeEngine{limit: 1000, words: 2})
	ctx := context.Background()
	a, b := create(t, svc), create(t, svc)
	f, err := svc.CreateFolder(ctx, "  Mill \n leases ")
	if err != nil || f.Name != "Mill leases" {
		t.Fatalf("%+v, %v", f, err)
	}
	got, err := svc.Arrange(ctx, []string{a.ID, "gone", b.ID}, chat.Arrangement{Folder: &f.ID, Pinned: yes(), AddTags: []string{"#rent", " due  soon ", "rent", ""}})
	if err != nil || len(got) != 2 || got[0].Folder != f.ID || !got[1].Pinned || !slices.Equal(got[0].Tags, []string{"rent", "due soon"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	got, err = svc.Arrange(ctx, []string{a.ID}, chat.Arrangement{Archived: yes(), DropTags: []string{"rent"}})
	if err != nil || !got[0].Archived || !got[0].Pinned || !slices.Equal(got[0].Tags, []string{"due soon"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := svc.DeleteFolder(ctx, f.ID); err != nil {
		t.Fatal(err)
	}
	if all, _ := svc.Folders(ctx); len(all) != 0 {
		t.Errorf("%+v", all)
	}
	if back, err := svc.RestoreFolder(ctx, f.ID); err != nil || back != f {
		t.Errorf("%+v, %v", back, err)
	}
	if c, err := svc.Get(ctx, b.ID); err != nil || c.Folder != f.ID {
		t.Errorf("%+v, %v", c.Summary, err)
	}
	if _, err := svc.RenameFolder(ctx, "none", "x"); !errors.Is(err, chat.ErrNoFolder) {
		t.Error(err)
	}
	if _, err := svc.CreateFolder(ctx, " \n"); err == nil {
		t.Error("a folder without a name")
	}
	if _, err := svc.Arrange(ctx, []string{a.ID}, chat.Arrangement{AddTags: []string{strings.Repeat("x", 60)}}); err == nil {
		t.Error("a tag without an end")
	}
}

func TestTemporaryChatsStayInMemory(t *testing.T) {
	e := &fakeEngine{limit: 1000, words: 3}
	svc, store, _ := newService(t, e)
	ctx := context.Background()
	c, err := svc.CreateTemporary(ctx, "m", "Be brief.", chat.DefaultSampling())
	if err != nil || !c.Temporary {
		t.Fatalf("%+v, %v", c, err)
	}
	msgs, err := svc.Send(ctx, c.ID, "", "Who owns the mill?")
	if err != nil {
		t.Fatal(err)
	}
	waitIdle(t, svc, c.ID)
	got, err := svc.Get(ctx, c.ID)
	if err != nil || len(got.Messages) != 2 || got.Messages[1].Content != "w0 w1 w2 " || got.Messages[1].Status != chat.Complete || got.Leaf != msgs[1].ID {
		t.Fatalf("%+v, %v", got, err)
	}
	if r := e.requests(); !r[0].Private {
		t.Error("the engine may keep it")
	}
	if all, err := store.Chats(ctx); err != nil || len(all) != 0 {
		t.Errorf("the store has %+v, %v", all, err)
	}
	if _, err := store.Chat(ctx, c.ID); !errors.Is(err, chat.ErrNotFound) {
		t.Errorf("the store has it: %v", err)
	}
	if all, _ := svc.List(ctx); len(all) != 1 || all[0].Title != "Who owns the mill?" {
		t.Errorf("%+v", all)
	}
	if found, err := svc.Find(ctx, "MILL"); err != nil || len(found) != 1 || found[0].MessageID != msgs[0].ID {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := svc.Edit(ctx, c.ID, msgs[0].ID, "Who rents the mill?"); err != nil {
		t.Fatal(err)
	}
	waitIdle(t, svc, c.ID)
	if err := svc.Delete(ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Get(ctx, c.ID); !errors.Is(err, chat.ErrNotFound) {
		t.Error(err)
	}
	if _, err := svc.Restore(ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	sum, err := svc.Keep(ctx, c.ID)
	if err != nil || sum.Temporary {
		t.Fatalf("%+v, %v", sum, err)
	}
	if kept, err := store.Chat(ctx, c.ID); err != nil || len(kept.Messages) != 4 || kept.System != "Be brief." {
		t.Errorf("%+v, %v", kept, err)
	}
	if all, _ := svc.List(ctx); len(all) != 1 || all[0].Temporary {
		t.Errorf("%+v", all)
	}
}

func TestFindShowsTheWords(t *testing.T) {
	svc, _, _ := newService(t, &fakeEngine{limit: 10_000, words: 2})
	ctx := context.Background()
	ask := func(text string) chat.Chat {
		c := create(t, svc)
		if _, err := svc.Send(ctx, c.ID, "", text); err != nil {
			t.Fatal(err)
		}
		waitIdle(t, svc, c.ID)
		return c
	}
	long := strings.Repeat("Nothing is said here. ", 40)
	ask(long + "The Café pays\n\nits **rent** on Lady Day. " + long)
	ask("물레방아의 임대료는 얼마입니까?")
	for _, c := range []struct{ query, hits string }{
		{"cafe RENT", "Café|rent"},
		{"임대료", "임대료"},
		{"lad", "Lad"},
		{"ren", "ren"},
	} {
		found, err := svc.Find(ctx, c.query)
		if err != nil || len(found) == 0 {
			t.Errorf("%s: %v, %v", c.query, found, err)
			continue
		}
		var hits []string
		whole := ""
		for _, p := range found[len(found)-1].Snippet {
			whole += p.Text
			if p.Hit {
				hits = append(hits, p.Text)
			}
		}
		if strings.Join(hits, "|") != c.hits || len([]rune(whole)) > 250 || strings.Contains(whole, "\n") {
			t.Errorf("%s: %q in %q", c.query, hits, whole)
		}
	}
	if found, err := svc.Find(ctx, "\x00 \"*"); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

// titleEngine answers as told; a question for a title gets the title.
type titleEngine struct {
	fakeEngine
	title string
}

func (e *titleEngine) Acquire(ctx context.Context, ref string) (chat.Model, func(), error) {
	return e, func() {}, nil
}

func (e *titleEngine) Generate(ctx context.Context, r chat.Request, emit func(chat.Event)) (chat.Result, error) {
	if strings.HasPrefix(r.Turns[len(r.Turns)-1].Content, "Give this conversation a title") {
		return chat.Result{Text: e.title, StopReason: "eos"}, nil
	}
	return e.fakeEngine.Generate(ctx, r, emit)
}

func TestModelsNameChats(t *testing.T) {
	for _, c := range []struct {
		name, wrote, want string
		by                chat.Author
		worth             bool
	}{
		{"a title", "\"The Mill's Rent\"\n", "The Mill's Rent", chat.ByModel, true},
		{"with a label", "**Title: Rent of the mill.**", "Rent of the mill", chat.ByModel, true},
		{"a speech", "Sure! I would be happy to help you with a title for this conversation about rent and mills.", "What is due?", chat.ByQuestion, true},
		{"nothing", " \n", "What is due?", chat.ByQuestion, true},
		{"a small model", "The Mill", "What is due?", chat.ByQuestion, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			svc, _, _ := newService(t, &titleEngine{fakeEngine{limit: 1000, words: 2}, c.wrote})
			svc.UseTitles(func(string) bool { return c.worth })
			ctx := context.Background()
			made := create(t, svc)
			if _, err := svc.Send(ctx, made.ID, "", "What is due?"); err != nil {
				t.Fatal(err)
			}
			waitIdle(t, svc, made.ID)
			var got chat.Chat
			for range 100 {
				if got, _ = svc.Get(ctx, made.ID); got.Title == c.want && got.TitledBy == c.by && (!c.worth || c.by == chat.ByModel) {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			if got.Title != c.want || got.TitledBy != c.by {
				t.Errorf("%q by %q", got.Title, got.TitledBy)
			}
			if _, err := svc.Rename(ctx, made.ID, "Mine"); err != nil {
				t.Fatal(err)
			}
			if got, _ = svc.Get(ctx, made.ID); got.TitledBy != chat.ByUser {
				t.Errorf("%q", got.TitledBy)
			}
		})
	}
}

func newService(t *testing.T, e chat.Engine) (*chat.Service, *store.Store, *recorder) {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "freehold.db"))
	if err != nil {
		t.Fatal(err)
	}
	events := newRecorder()
	s := chat.New(st, e, events.emit, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { s.Close(); st.Close() })
	return s, st, events
}

func create(t *testing.T, s *chat.Service) chat.Chat {
	t.Helper()
	c, err := s.Create(t.Context(), "tiny", "", chat.DefaultSampling())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func waitIdle(t *testing.T, s *chat.Service, id string) {
	t.Helper()
	for range 2000 {
		c, err := s.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Generating {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it never ended")
}
