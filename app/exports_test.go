package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"freehold/app"
	"freehold/app/chat"
	"freehold/app/enginetest"
	"freehold/app/porting"
)

// fill gives every field of a value something that is not its zero.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d <&> “ü” \n", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 7)
	default:
		panic("there is a " + v.Kind().String() + " in a chat; fill it here, and see that it is kept")
	}
}

// everything is a chat in which every field has a value.
func everything(id string, at int64) chat.Chat {
	var c chat.Chat
	n := 0
	fill(reflect.ValueOf(&c).Elem(), &n)
	c.ID, c.CreatedAt, c.UpdatedAt, c.TitledBy, c.Folder = id, at, at+1, chat.ByModel, "folder-1"
	c.Generating, c.Temporary = false, false
	c.Sampling = chat.Sampling{Temperature: 0.3, TopK: 7, TopP: 0.8, MinP: 0.1, TypicalP: 0.9, RepeatPenalty: 1.1, FrequencyPenalty: 0.2, PresencePenalty: 0.3, Seed: 9, MaxTokens: 99, Stop: []string{"###"}}
	one := c.Messages[0]
	c.Messages = nil
	for i, m := range []struct {
		parent int
		role   chat.Role
		status chat.Status
	}{{-1, chat.User, chat.Complete}, {0, chat.Assistant, chat.Failed}, {0, chat.Assistant, chat.Stopped}, {2, chat.User, chat.Complete}, {3, chat.Assistant, chat.Complete}, {-1, chat.User, chat.Complete}, {5, chat.Assistant, chat.Complete}} {
		k := one
		k.ID, k.ChatID, k.Role, k.Status = fmt.Sprintf("%s-%d", id, i), id, m.role, m.status
		k.ParentID = ""
		if m.parent >= 0 {
			k.ParentID = fmt.Sprintf("%s-%d", id, m.parent)
		}
		k.Content = fmt.Sprintf("words %d of %s\n\n```go\nx\n```", i, id)
		k.CreatedAt = at + int64(i)
		c.Messages = append(c.Messages, k)
	}
	c.Leaf = c.Messages[4].ID
	return c
}

func exported(t *testing.T, c *app.Core, o porting.Options, ids ...string) []byte {
	t.Helper()
	e, err := c.Export(t.Context(), ids, o)
	must(t, err)
	var b bytes.Buffer
	must(t, e.Write(t.Context(), &b))
	return b.Bytes()
}

// TestRoundTrip writes chats with a value in every field, takes them in at an
// empty home, and holds them to be the same: every field, and what is written
// again, byte for byte.
func TestRoundTrip(t *testing.T) {
	chats := []chat.Chat{everything("chat-b", 1_800_000_000_000), everything("chat-a", 1_700_000_000_000)}
	folder := chat.Folder{ID: "folder-1", Name: "Work", CreatedAt: 5}
	var first bytes.Buffer
	all := porting.Options{Format: porting.JSON}
	must(t, porting.Write(&first, all, true, func(yield func(porting.Shelved) error) error {
		for _, c := range chats {
			if err := yield(porting.Shelved{Chat: c, In: &folder}); err != nil {
				return err
			}
		}
		return nil
	}))
	before := write(t, "chats.json", first.String())
	for range 2 { // from what was written, then from what was written of that
		c := open(t, app.Options{Home: t.TempDir(), Engine: &enginetest.Engine{}})
		r, err := c.ImportChats(t.Context(), []string{before})
		if err != nil || r.Counts.New != 2 || len(r.Problems) > 0 {
			t.Fatalf("%+v %v", r, err)
		}
		for _, want := range chats {
			got, err := c.Chats.Get(t.Context(), want.ID)
			must(t, err)
			if !reflect.DeepEqual(got, want) {
				a, _ := json.MarshalIndent(got, "", " ")
				b, _ := json.MarshalIndent(want, "", " ")
				t.Fatalf("%s\nwant\n%s", a, b)
			}
		}
		folders, err := c.Chats.Folders(t.Context())
		if err != nil || len(folders) != 1 || folders[0] != folder {
			t.Errorf("%+v %v", folders, err)
		}
		again := exported(t, c, all)
		if !bytes.Equal(again, first.Bytes()) {
			t.Fatal("written again it is another file")
		}
		before = write(t, "again.json", string(again))
		// One chat by itself.
		one := exported(t, c, all, "chat-a")
		d := open(t, app.Options{Home: t.TempDir(), Engine: &enginetest.Engine{}})
		if _, err := d.ImportChats(t.Context(), []string{write(t, "a.freehold-chat", string(one))}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(exported(t, d, all, "chat-a"), one) {
			t.Error("one chat, written again, is another file")
		}
	}
}

func TestFormats(t *testing.T) {
	c := open(t, app.Options{Home: t.TempDir(), Engine: &enginetest.Engine{}})
	var b bytes.Buffer
	must(t, porting.Write(&b, porting.Options{Format: porting.JSON}, true, func(yield func(porting.Shelved) error) error {
		for i := range 2 {
			k := everything(fmt.Sprintf("c%d", i), 1_700_000_000_000)
			k.Title, k.System = "Same: name?", "Be kind."
			if err := yield(porting.Shelved{Chat: k}); err != nil {
				return err
			}
		}
		return nil
	}))
	if _, err := c.ImportChats(t.Context(), []string{write(t, "x.json", b.String())}); err != nil {
		t.Fatal(err)
	}
	shown := string(exported(t, c, porting.Options{Format: porting.Markdown}, "c0"))
	whole := string(exported(t, c, porting.Options{Format: porting.Markdown, Whole: true}, "c0"))
	for i := range 7 {
		text := fmt.Sprintf("words %d of c0", i)
		if in := i == 0 || i >= 2 && i <= 4; strings.Contains(shown, text) != in {
			t.Errorf("shown branch, message %d: %v", i, !in)
		}
		if strings.Count(whole, text) < 1 {
			t.Errorf("the whole tree lacks message %d", i)
		}
	}
	if strings.Count(whole, "\n## Branch ") != 2 {
		t.Error(whole)
	}
	lines := func(o porting.Options) []string {
		o.Format = porting.Training
		return strings.Split(strings.TrimSpace(string(exported(t, c, o, "c0"))), "\n")
	}
	type turn struct{ Role, Content string }
	var l struct{ Messages []turn }
	must(t, json.Unmarshal([]byte(lines(porting.Options{})[0]), &l))
	if len(l.Messages) != 5 || l.Messages[0] != (turn{"system", "Be kind."}) || l.Messages[4].Role != "assistant" {
		t.Errorf("%+v", l)
	}
	must(t, json.Unmarshal([]byte(lines(porting.Options{SkipFailed: true})[0]), &l))
	if len(l.Messages) != 3 || !strings.HasPrefix(l.Messages[1].Content, "words 3") {
		t.Errorf("%+v", l)
	}
	if n := len(lines(porting.Options{Whole: true})); n != 3 {
		t.Errorf("%d lines of three branches", n)
	}
	if n := len(lines(porting.Options{Whole: true, SkipFailed: true})); n != 2 {
		t.Errorf("%d lines of two sound branches", n)
	}
	if pdf := exported(t, c, porting.Options{Format: porting.PDF, Whole: true}, "c0"); !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Error("no PDF")
	}
	packed := exported(t, c, porting.Options{Format: porting.Markdown})
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	must(t, err)
	if len(z.File) != 2 || z.File[0].Name != "2023-11-14 Same name.md" || z.File[1].Name != "2023-11-14 Same name (2).md" {
		t.Errorf("%s, %s", z.File[0].Name, z.File[1].Name)
	}
	// A file that is there already stays until the new one is whole.
	path := filepath.Join(t.TempDir(), "out.md")
	must(t, os.WriteFile(path, []byte("old"), 0o600))
	e, err := c.Export(t.Context(), []string{"c0"}, porting.Options{Format: porting.Markdown})
	must(t, err)
	must(t, e.WriteFile(t.Context(), path))
	if got, _ := os.ReadFile(path); string(got) != shown {
		t.Error("not what was asked for")
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("%d files", len(left))
	}
	if _, err := c.Export(t.Context(), nil, porting.Options{Format: "docx"}); err == nil {
		t.Error("docx")
	}
}
