package app_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"freehold/app"
	"freehold/app/enginetest"
)

const twoChats = `[{"uuid":"a","name":"Pets","created_at":"2026-03-29T07:06:34Z","updated_at":"2026-03-29T07:06:40Z","chat_messages":[
 {"uuid":"1","sender":"human","text":"May I keep a dog?","created_at":"2026-03-29T07:06:34Z","parent_message_uuid":"00000000-0000-4000-8000-000000000000"},
 {"uuid":"2","sender":"assistant","text":"With consent.","created_at":"2026-03-29T07:06:40Z","parent_message_uuid":"1"}%s]},
 {"uuid":"b","name":"Bread","created_at":"2026-03-30T07:06:34Z","updated_at":"2026-03-30T07:06:40Z","chat_messages":[
 {"uuid":"1","sender":"human","text":"How long?","created_at":"2026-03-30T07:06:34Z"},{"uuid":"2","sender":"assistant","text":"Long.","created_at":"2026-03-30T07:06:40Z"}]}]`

func write(t *testing.T, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(p, []byte(text), 0o600))
	return p
}

func TestImportTwiceAndUndo(t *testing.T) {
	c := open(t, app.Options{Home: t.TempDir(), Engine: &enginetest.Engine{}})
	first := write(t, "conversations.json", fmt.Sprintf(twoChats, ""))
	p, err := c.PreviewImport(t.Context(), []string{first})
	if err != nil || p.Counts.New != 2 || p.Counts.Messages != 4 {
		t.Fatalf("%+v %v", p, err)
	}
	if all, _ := c.Chats.List(t.Context()); len(all) != 0 {
		t.Fatal("a preview imported")
	}
	one, err := c.ImportChats(t.Context(), []string{first})
	if err != nil || one.Counts.New != 2 {
		t.Fatalf("%+v %v", one, err)
	}
	if two, err := c.ImportChats(t.Context(), []string{first}); err != nil || two.Counts.Known != 2 || two.Counts.New != 0 {
		t.Fatalf("%+v %v", two, err)
	}
	// A later export has more of one of them.
	later := write(t, "conversations.json", fmt.Sprintf(twoChats, `,{"uuid":"3","sender":"human","text":"And a cat?","created_at":"2026-03-29T08:00:00Z","parent_message_uuid":"2"}`))
	three, err := c.ImportChats(t.Context(), []string{later})
	if err != nil || three.Counts.Grown != 1 || three.Counts.Known != 1 || three.Counts.Messages != 2 {
		t.Fatalf("%+v %v", three, err)
	}
	pets, err := c.Chats.Get(t.Context(), one.Entries[0].Chat)
	if err != nil || len(pets.Messages) != 4 || pets.Messages[2].Content != "And a cat?" || pets.Leaf != pets.Messages[3].ID {
		t.Fatalf("%+v %v", pets, err)
	}
	if found, err := c.Chats.Search(t.Context(), "cat"); err != nil || len(found) != 1 {
		t.Errorf("search: %v %v", found, err)
	}
	all, err := c.Imports(t.Context())
	if err != nil || len(all) != 2 || all[1].ID != one.ID {
		t.Fatalf("%+v %v", all, err)
	}
	u, err := c.UndoImport(t.Context(), one.ID)
	if err != nil || u.Removed != 1 || len(u.Stayed) != 1 || u.Stayed[0] != "Pets" {
		t.Fatalf("%+v %v", u, err)
	}
	if _, err := c.UndoImport(t.Context(), one.ID); err == nil {
		t.Error("undone twice")
	}
	// What was taken back comes back.
	if four, err := c.ImportChats(t.Context(), []string{first}); err != nil || four.Counts.Deleted != 1 || four.Counts.Known != 1 {
		t.Fatalf("%+v %v", four, err)
	}
	if all, _ := c.Chats.List(t.Context()); len(all) != 2 {
		t.Errorf("%d chats", len(all))
	}
}

func TestImportCancelled(t *testing.T) {
	c := open(t, app.Options{Home: t.TempDir(), Engine: &enginetest.Engine{}})
	var b bytes.Buffer
	for i := range 3000 {
		fmt.Fprintf(&b, `{"uuid":"%d","chat_messages":[{"uuid":"m","sender":"human","text":%q}]}`+"\n", i, strings.Repeat("word ", 200))
	}
	p := write(t, "x.json", b.String())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil { // until something of it is staged
			if n, err := os.Stat(filepath.Join(c.Home(), "freehold.db-wal")); err == nil && n.Size() > 1<<20 {
				return
			}
		}
	}()
	r, err := c.ImportChats(ctx, []string{p})
	if err == nil {
		t.Skip("it was quicker than we were")
	}
	all, _ := c.Chats.List(t.Context())
	receipts, _ := c.Imports(t.Context())
	if len(all) != 0 || len(receipts) != 0 {
		t.Errorf("%d chats, %d receipts after %v; %+v", len(all), len(receipts), err, r.Counts)
	}
	if r, err := c.ImportChats(t.Context(), []string{p}); err != nil || r.Counts.New != 3000 {
		t.Errorf("again: %+v %v", r.Counts, err)
	}
}
