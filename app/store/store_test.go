package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"freehold/app/chat"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "odd name?#%41 ü.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func addChat(t *testing.T, s *Store, id, title string, texts ...string) {
	t.Helper()
	c := chat.Chat{Summary: chat.Summary{ID: id, Title: title, Model: "m", CreatedAt: 1, UpdatedAt: 1}, Sampling: chat.DefaultSampling()}
	if err := s.CreateChat(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	parent := ""
	for i, text := range texts {
		m := chat.Message{ID: fmt.Sprint(id, "-", i), ChatID: id, ParentID: parent, Role: chat.User, Content: text, Status: chat.Complete, CreatedAt: 1}
		if i%2 == 1 {
			m.Role = chat.Assistant
		}
		if _, err := s.AddMessages(t.Context(), id, m); err != nil {
			t.Fatal(err)
		}
		parent = m.ID
	}
}

func TestPragmas(t *testing.T) {
	s := open(t)
	for _, db := range []*sql.DB{s.writer, s.reader} {
		for pragma, want := range map[string]string{"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "5000", "synchronous": "1"} {
			var got string
			if err := db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %s, want %s (%v)", pragma, got, want, err)
			}
		}
	}
	if _, err := s.reader.Exec("DELETE FROM chats"); err == nil {
		t.Error("the reader can write")
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestChatRoundTrip(t *testing.T) {
	s := open(t)
	addChat(t, s, "a", "", "question", "answer")
	system, leaf := "Be brief.", "a-0"
	p := chat.Sampling{Temperature: 0.1, Stop: []string{"END"}, Seed: 1 << 60}
	if _, err := s.ChangeChat(t.Context(), "a", chat.Change{System: &system, Leaf: &leaf, Sampling: &p}); err != nil {
		t.Fatal(err)
	}
	want := chat.Message{ID: "a-1", ChatID: "a", ParentID: "a-0", Role: chat.Assistant, Content: "more\x00\n", Thinking: "hm", Status: chat.Failed,
		Error: "e", StopReason: "error", LeftOut: 3, Timings: &chat.Timings{PromptTokens: 7, PrefillMs: 0.5}, CreatedAt: 1}
	if err := s.SaveMessage(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	c, err := s.Chat(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	got := c.Messages[1]
	if *got.Timings != *want.Timings {
		t.Errorf("timings %+v", got.Timings)
	}
	got.Timings = want.Timings
	if got != want {
		t.Errorf("message %+v, want %+v", got, want)
	}
	if c.System != system || c.Leaf != leaf || c.Sampling.Seed != 1<<60 || c.Sampling.Stop[0] != "END" {
		t.Errorf("chat %+v", c)
	}
}

func TestNotFound(t *testing.T) {
	s := open(t)
	addChat(t, s, "binned", "x", "text")
	if err := s.DeleteChat(t.Context(), "binned"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"nope", "binned"} {
		_, chatErr := s.Chat(t.Context(), id)
		_, changeErr := s.ChangeChat(t.Context(), id, chat.Change{})
		_, addErr := s.AddMessages(t.Context(), id, chat.Message{ID: "new-" + id, Role: chat.User, Status: chat.Complete})
		for _, err := range []error{chatErr, changeErr, addErr, s.DeleteChat(t.Context(), id)} {
			if err == nil {
				t.Errorf("%s: no error", id)
			}
		}
		if !errors.Is(chatErr, chat.ErrNotFound) || !errors.Is(changeErr, chat.ErrNotFound) {
			t.Errorf("%s: %v, %v", id, chatErr, changeErr)
		}
	}
	if _, err := s.RestoreChat(t.Context(), "binned"); err != nil {
		t.Error(err)
	}
	if c, err := s.Chat(t.Context(), "binned"); err != nil || len(c.Messages) != 1 {
		t.Errorf("a refused message was kept: %+v %v", c, err)
	}
}

func TestSearch(t *testing.T) {
	if !fts5 {
		t.Skip("built without full text search (tag sqlite_fts5)")
	}
	s := open(t)
	addChat(t, s, "rent", "Tenancy", `Is the "rent-free" period, e.g. AND OR NOT NEAR, legal?`, "Überweisung of café rents")
	addChat(t, s, "zh", "", "请问自由保有权是什么意思", "它是一种产权")
	addChat(t, s, "title only 100%", "Perpetuities 100%_", "x")
	addChat(t, s, "gone", "rent", "rent")
	if err := s.DeleteChat(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ query, want string }{
		{"rent", "rent"}, {"REN", "rent"}, {"cafe ueber", ""}, {"uberw", "rent"}, {"period legal", "rent"}, {"period absent", ""},
		{`"rent`, "rent"}, {"AND", "rent"}, {"-x OR (", ""}, {"NEAR(rent", "rent"}, {"content:rent", ""}, {"*", ""}, {"", ""}, {"\x00", ""},
		{"自由保有权", "zh"}, {"产权", "zh"}, {"保", "zh"}, {"自由鱼", ""},
		{"100%", "title only 100%"}, {"100%_", "title only 100%"}, {"1_0", ""}, {"perpet", "title only 100%"},
		{strings.Repeat("word ", 1000), ""}, {"'; DROP TABLE chats; --", ""},
	} {
		got, err := s.SearchChats(t.Context(), tc.query, 10)
		if err != nil {
			t.Errorf("%q: %v", tc.query, err)
			continue
		}
		ids := []string{}
		for _, c := range got {
			ids = append(ids, c.ID)
		}
		if strings.Join(ids, ",") != tc.want {
			t.Errorf("%q finds %v, want %q", tc.query, ids, tc.want)
		}
	}
}

// A program built without full text search can use the file in between, and
// finds words by reading every message.
func TestIndexIsMadeAnew(t *testing.T) {
	if !fts5 {
		t.Skip("built without full text search (tag sqlite_fts5)")
	}
	s := open(t)
	addChat(t, s, "before", "x", "alpha 100%")
	if err := prepareIndexes(t.Context(), s.writer, false); err != nil {
		t.Fatal(err)
	}
	addChat(t, s, "between", "x", "alpha beta")
	m := chat.Message{ID: "m", ChatID: "between", Role: chat.Assistant, Content: "gamma", Status: chat.Streaming}
	if _, err := s.AddMessages(t.Context(), "between", m); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"alpha": 2, "beta ALPHA": 1, "100%": 1, "1_0": 0, "gamma": 0} {
		hits, args := scanQuery(query)
		rows, err := s.reader.QueryContext(t.Context(), hits, args...)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			n++
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil || n != want {
			t.Errorf("%q finds %d messages (%v), want %d", query, n, err, want)
		}
	}
	if err := prepareIndexes(t.Context(), s.writer, true); err != nil {
		t.Fatal(err)
	}
	m.Content, m.Status = "gamma delta", chat.Complete
	if err := s.SaveMessage(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{"alpha": 2, "beta": 1, "delta": 1} {
		if got, err := s.SearchChats(t.Context(), query, 5); err != nil || len(got) != want {
			t.Errorf("%q finds %d chats (%v), want %d", query, len(got), err, want)
		}
	}
	for _, index := range []string{"message_words", "message_grams"} {
		if _, err := s.writer.Exec("INSERT INTO " + index + " (" + index + ", rank) VALUES ('integrity-check', 1)"); err != nil {
			t.Errorf("%s does not match the messages: %v", index, err)
		}
	}
}

func FuzzSearch(f *testing.F) {
	s, err := Open(context.Background(), filepath.Join(f.TempDir(), "f.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	for _, q := range []string{"rent", `"`, "a*b^c", "字\"字字字", "AND OR", "\\", "%_"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		if _, err := s.SearchChats(context.Background(), q, 5); err != nil {
			t.Errorf("%q: %v", q, err)
		}
	})
}

// The index must follow an answer that grows, ends and is rewritten.
func TestIndexFollows(t *testing.T) {
	if !fts5 {
		t.Skip("built without full text search (tag sqlite_fts5)")
	}
	s := open(t)
	addChat(t, s, "a", "")
	m := chat.Message{ID: "m", ChatID: "a", Role: chat.Assistant, Content: "alpha", Status: chat.Streaming}
	if _, err := s.AddMessages(t.Context(), "a", m); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		content string
		status  chat.Status
		finds   string
	}{
		{"alpha beta", chat.Streaming, ""}, {"alpha beta gamma", chat.Complete, "alpha beta gamma"},
		{"delta", chat.Complete, "delta"}, {"delta", chat.Stopped, "delta"},
	} {
		m.Content, m.Status = step.content, step.status
		if err := s.SaveMessage(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"alpha", "beta", "gamma", "delta"} {
			got, err := s.SearchChats(t.Context(), word, 5)
			if err != nil || (len(got) == 1) != strings.Contains(step.finds, word) {
				t.Errorf("after %q (%s) %s finds %v %v", step.content, step.status, word, got, err)
			}
		}
	}
	if _, err := s.writer.Exec("INSERT INTO message_words (message_words, rank) VALUES ('integrity-check', 1)"); err != nil {
		t.Errorf("the word index does not match the messages: %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	s := open(t)
	addChat(t, s, "a", "", "root")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			m := chat.Message{ID: fmt.Sprint("m", i), ChatID: "a", ParentID: "a-0", Role: chat.Assistant, Status: chat.Streaming}
			if _, err := s.AddMessages(context.Background(), "a", m); err != nil {
				t.Error(err)
			}
			for j := range 50 {
				m.Content += fmt.Sprint("word", j, " ")
				if err := s.SaveMessage(context.Background(), m); err != nil {
					t.Error(err)
				}
				if _, err := s.Chat(context.Background(), "a"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n, err := s.StopInterrupted(t.Context()); n != 8 || err != nil {
		t.Errorf("%d stopped, want 8 (%v)", n, err)
	}
}

// Two processes may have the file open: the window and a terminal.
func TestTwoStores(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			s, err := Open(context.Background(), path)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for j := range 20 {
				if err := s.SaveSetting(context.Background(), fmt.Sprint("k", i), j); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestSettings(t *testing.T) {
	s := open(t)
	v := map[string]int{"kept": 1}
	if err := s.Setting(t.Context(), "k", &v); err != nil || v["kept"] != 1 {
		t.Errorf("missing setting: %v %v", v, err)
	}
	for i := range 2 {
		if err := s.SaveSetting(t.Context(), "k", map[string]int{"n": i}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Setting(t.Context(), "k", &v); err != nil || v["n"] != 1 {
		t.Errorf("%v %v", v, err)
	}
}

func TestMigration(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "f.db")
	db, err := sql.Open("sqlite3", dsn(path, "_txlock=immediate"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	one := "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);"
	if err := migrate(ctx, db, path, []string{one}); err != nil {
		t.Fatal(err)
	}
	backup := path + ".v1.backup"
	if _, err := os.Stat(backup); err == nil {
		t.Error("an empty file was backed up")
	}
	bad := []string{one, "ALTER TABLE a ADD COLUMN y INTEGER; SELECT no_such_thing;"}
	if err := migrate(ctx, db, path, bad); err == nil || !strings.Contains(err.Error(), "version 1 to 2") {
		t.Errorf("a bad step: %v", err)
	}
	if _, err := db.Exec("SELECT y FROM a"); err == nil {
		t.Error("half a step was kept")
	}
	good := []string{one, "ALTER TABLE a ADD COLUMN y INTEGER;", "UPDATE a SET y = 2;"}
	for range 2 { // the second time nothing is left to do
		if err := migrate(ctx, db, path, good); err != nil {
			t.Fatal(err)
		}
	}
	var y int
	if err := db.QueryRow("SELECT y FROM a").Scan(&y); err != nil || y != 2 {
		t.Errorf("after migrating y is %d (%v)", y, err)
	}
	old, err := sql.Open("sqlite3", dsn(backup, "mode=ro"))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if v, err := userVersion(ctx, old); v != 1 || err != nil {
		t.Errorf("the backup has version %d (%v)", v, err)
	}
	if err := migrate(ctx, db, path, good[:2]); err == nil || !strings.Contains(err.Error(), "newer Freehold") {
		t.Errorf("a newer file: %v", err)
	}
}

func TestBackupAndBadFiles(t *testing.T) {
	s := open(t)
	addChat(t, s, "a", "t", "text")
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), to); err == nil {
		t.Error("a backup was overwritten")
	}
	c, err := Open(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := c.SearchChats(t.Context(), "text", 5); err != nil || len(got) != 1 {
		t.Errorf("the copy has %v (%v)", got, err)
	}
	junk := filepath.Join(t.TempDir(), "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), junk); err == nil || !strings.Contains(err.Error(), "junk.db") {
		t.Errorf("junk: %v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder.db")); err == nil {
		t.Error("opened a file in a missing folder")
	}
}
