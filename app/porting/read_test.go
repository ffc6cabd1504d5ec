package porting

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"freehold/app/chat"
)

func read(t *testing.T, paths ...string) ([]Found, Report) {
	t.Helper()
	var all []Found
	report, err := Read(t.Context(), paths, func(f Found) error { all = append(all, f); return nil }, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		sound(t, f)
	}
	return all, report
}

// sound holds a conversation to what the rest of Freehold counts on.
func sound(t *testing.T, f Found) {
	t.Helper()
	c := f.Chat
	if err := checkOwn(&c); err != nil {
		t.Errorf("%s: %v", f.Place, err)
	}
	last := map[string]bool{}
	for _, m := range c.Messages {
		last[m.ParentID] = true
		if m.CreatedAt <= 0 && f.Source != Own {
			t.Errorf("%s: a message has no time", f.Place)
		}
	}
	for _, m := range c.Messages {
		if m.Role == chat.User && !last[m.ID] && f.Source != Own {
			t.Errorf("%s: %q has no answer to go on from", f.Place, m.Content)
		}
	}
	if last[c.Leaf] && f.Source != Own {
		t.Errorf("%s: the shown leaf has successors", f.Place)
	}
}

func shown(c chat.Chat) string {
	var b strings.Builder
	for _, m := range chat.Branch(c, c.Leaf) {
		fmt.Fprintf(&b, "%s|%s|%s|%s|%s\n", m.Role, m.Model, m.Status, m.Thinking, m.Content)
	}
	return b.String()
}

func note(f Found, kind string) int {
	for _, n := range f.Notes {
		if n.Kind == kind {
			return n.Count
		}
	}
	return 0
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
	}
}

func TestChatGPT(t *testing.T) {
	all, report := read(t, "testdata/chatgpt.json")
	if len(all) != 4 || len(report.Problems) != 2 {
		t.Fatalf("%d chats, problems %v", len(all), report.Problems)
	}
	trip := all[0]
	same(t, "trip", shown(trip.Chat), "user||complete||*[image]*\n\nWhat is on this photo?\n\n*[file: bridge.jpg]*\n"+
		"assistant|o3|complete|**Looking at the arches**\n\nTwo decks, iron: Dom Luís I.|```python\nprint(385 / 2)\n```\n\n```\n192.5\n```\n\nThe Dom Luís I bridge in Porto. Half of it is 192.5 m.\n"+
		"user||complete||And who built it?\nassistant|o3|stopped||\n")
	if len(trip.Chat.Messages) != 5 || trip.Chat.Title != "Trip to Porto" || trip.Chat.System != "Answer briefly.\n\nI live in Bonn." {
		t.Errorf("%+v", trip.Chat)
	}
	if trip.Chat.CreatedAt != 1712345678512 || trip.Chat.UpdatedAt != 1712349999250 || trip.Chat.Messages[0].CreatedAt != 1712345680100 {
		t.Errorf("times %d %d %d", trip.Chat.CreatedAt, trip.Chat.UpdatedAt, trip.Chat.Messages[0].CreatedAt)
	}
	for kind, want := range map[string]int{Images: 1, Files: 1, Tools: 2, Browsing: 1, Citations: 1, Unanswered: 1, Instruction: 1} {
		if got := note(trip, kind); got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
	}
	if circle := all[2]; note(circle, Cycles) == 0 || note(circle, Orphans) != 1 || note(circle, BadTimes) != 1 || !strings.Contains(chat.Markdown(circle.Chat, true), "lost") {
		t.Errorf("circle: %+v", circle)
	}
	if voice := shown(all[3].Chat); voice != "user||complete||Hello there\nassistant|gpt-4o|stopped||Hi, wh\n" {
		t.Errorf("voice: %s", voice)
	}
	if p := report.Problems[0]; !strings.Contains(p.Place, "chatgpt.json: chat 4 (byte ") || !strings.Contains(p.Text, "mapping is a string") {
		t.Errorf("%+v", p)
	}
	again, _ := read(t, "testdata/chatgpt.json")
	a, _ := json.Marshal(all)
	b, _ := json.Marshal(again)
	if !bytes.Equal(a, b) {
		t.Error("read twice it is not the same")
	}
}

func TestClaude(t *testing.T) {
	all, report := read(t, "testdata/claude.json")
	if len(all) != 3 || len(report.Problems) != 1 || !strings.Contains(report.Problems[0].Text, "chat_messages is a object") {
		t.Fatalf("%d chats, problems %v", len(all), report.Problems)
	}
	lease := all[0]
	same(t, "lease", shown(lease.Chat), "user||complete||What does the lease say about pets?\n\n**lease.txt**\n\n````\n§7 Pets need the ```landlord's``` consent.\n````\n\n*[image: plan.png]*\n"+
		"assistant|claude|complete|Paragraph seven is about pets.|**web_search**\n\n```json\n{\"query\": \"pets lease\"}\n```\n\n**web_search**\n\n```\nNothing found\n```\n\nPets need the landlord's consent (§7).\n"+
		"user||complete||And cats?\nassistant|claude|complete||Cats too.\n")
	if len(lease.Chat.Messages) != 6 || len(chat.Leaves(lease.Chat)) != 2 {
		t.Errorf("%d messages, leaves %v", len(lease.Chat.Messages), chat.Leaves(lease.Chat))
	}
	if note(lease, Unknown) != 2 || note(lease, Browsing) != 1 || note(lease, Images) != 1 || note(lease, Citations) != 1 {
		t.Errorf("%+v", lease.Notes)
	}
	same(t, "old", shown(all[2].Chat), "user||complete||Hello\nassistant|claude|complete||Good day\n")
	if all[2].Chat.CreatedAt != 1696154400000 {
		t.Error(all[2].Chat.CreatedAt)
	}
}

func TestOpenWebUI(t *testing.T) {
	all, report := read(t, "testdata/openwebui.json")
	if len(all) != 2 || len(report.Problems) != 1 || !strings.Contains(report.Problems[0].Text, "history.messages is a array") {
		t.Fatalf("%d chats, problems %v", len(all), report.Problems)
	}
	two := all[0]
	same(t, "two", shown(two.Chat), "user||complete||Why is the sky blue?\n\n**notes.md**\n\n```\nRayleigh, 1871\n```\n\n*[image]*\n"+
		"assistant|qwen3:8b|complete|Short waves scatter more.\nRayleigh's law.|Blue light scatters most.\n**wiki**\n\n```json\n{\"q\": \"sky\"}\n```\n\n**wiki →**\n\n```\nfound\n```\n\nThat is all.\n"+
		"user||complete||And at dusk?\n\n*[image]*\nassistant|qwen3:8b|error||\n")
	if two.Chat.System != "Be exact." || two.Chat.Messages[len(two.Chat.Messages)-1].Error != "model not found" || len(two.Chat.Messages) != 5 || !two.Chat.Pinned || two.Chat.Archived || len(two.Chat.Tags) != 1 || note(two, Settings) != 1 {
		t.Errorf("%+v", two)
	}
}

func TestLMStudio(t *testing.T) {
	all, report := read(t, "testdata/lmstudio")
	if len(all) != 1 || len(report.Problems) != 0 {
		t.Fatalf("%d chats, problems %v", len(all), report.Problems)
	}
	f := all[0]
	same(t, "sorting", shown(f.Chat), "user||complete||Sort a slice\n\n*[image: 1718035340 - 7.png]*\n"+
		"assistant|deepseek-r1-8b|complete|slices.Sort exists since 1.21.|**run_js**\n\n```json\n{\"code\": \"1+1\"}\n```\n\n**→**\n\n```json\n\"2\"\n```\n\nUse slices.Sort.\n"+
		"user||complete||Thanks\nassistant|deepseek-r1-8b|complete|Polite.|You are welcome.\n")
	if f.Chat.System != "You know Go." || f.Chat.CreatedAt != 1718035341000 || len(f.Chat.Messages) != 5 {
		t.Errorf("%+v", f.Chat)
	}
	first := f.Chat.Messages[1]
	if first.Status != chat.Stopped || first.Timings == nil || first.Timings.CompletionTokens != 6 || first.Timings.DecodePerSecond != 41.5 || first.Timings.FirstTokenMs != 210 {
		t.Errorf("%+v %+v", first, first.Timings)
	}
}

func TestJan(t *testing.T) {
	all, report := read(t, "testdata/jan")
	if len(all) != 1 || len(report.Problems) != 0 {
		t.Fatalf("%d chats, problems %v", len(all), report.Problems)
	}
	same(t, "bread", shown(all[0].Chat), "user||complete||How long does dough rest?\n\n*[image]*\n"+
		"assistant|llama3.2-1b-instruct|complete|Cold or warm?|**search**\n\n```json\n{\"q\":\"dough\"}\n```\n\n**search →**\n\n```\n12 h\n```\n\nTwelve hours.\n"+
		"user||complete||And in winter?\nassistant|llama3.2-1b-instruct|stopped|Slower.|Longer\n")
	if c := all[0].Chat; c.System != "You bake." || c.Title != "Bread" || c.CreatedAt != 1717428000000 || c.Messages[1].Timings.CompletionTokens != 9 || note(all[0], Unknown) == 0 {
		t.Errorf("%+v %+v", c, all[0].Notes)
	}
}

// zipped packs files as an export would.
func zipped(t *testing.T, files map[string]string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "export.zip")
	f, err := os.Create(p)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, text := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return p
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestArchives(t *testing.T) {
	gpt := zipped(t, map[string]string{
		"export/conversations-000.json": text(t, "testdata/chatgpt.json"), "export/conversations-001.json": "[]", "export/user.json": `{"id":"u"}`,
		"export/chat.html": "<html>", "__MACOSX/export/._conversations-000.json": "x",
	})
	if all, report := read(t, gpt); len(all) != 4 || len(report.Skipped) != 1 {
		t.Errorf("%d chats, skipped %v", len(all), report.Skipped)
	}
	jan := zipped(t, map[string]string{
		"threads/jan_1717428000/thread.json": text(t, "testdata/jan/threads/jan_1717428000/thread.json"), "threads/jan_1717428000/messages.jsonl": text(t, "testdata/jan/threads/jan_1717428000/messages.jsonl"),
		"threads/none/thread.json": `{"id":"none","title":"None"}`, "settings.json": `{"a":1}`,
	})
	if all, report := read(t, jan); len(all) != 2 || len(report.Problems) != 0 || len(report.Skipped) != 1 {
		t.Errorf("%d chats, %+v", len(all), report)
	}
}

func TestSeveralFilesAndKinds(t *testing.T) {
	all, _ := read(t, "testdata/chatgpt.json", "testdata/claude.json", "testdata/openwebui.json", "testdata/lmstudio", "testdata/jan")
	if len(all) != 11 {
		t.Errorf("%d chats", len(all))
	}
	ids := map[string]bool{}
	for _, f := range all {
		if ids[f.Chat.ID] {
			t.Errorf("%s has the id of another", f.Place)
		}
		ids[f.Chat.ID] = true
	}
}

func TestHostile(t *testing.T) {
	bomb := zipped(t, map[string]string{"conversations.json": "[" + strings.Repeat(" ", 80<<20) + "]"})
	for name, c := range map[string]struct{ content, place, want string }{
		"cut off":       {`[{"mapping":{}},{"mapping":{"a":`, "x.json", "ends in the middle"},
		"empty":         {``, "x.json", "empty"},
		"no json":       {`<html>`, "x.json: byte 1", "no JSON"},
		"utf-16":        {"\xff\xfe[\x00]\x00", "x.json", "UTF-16"},
		"no commas":     {`[{"mapping":{}} {"mapping":{}}]`, "x.json: byte 17", "comma"},
		"deep":          {`[{"mapping":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `},{"mapping":{}}]`, "x.json: chat 1 (byte 1)", "nested more than 500"},
		"a number":      {`[1e999999]`, "x.json: chat 1 (byte 1)", "is a number where a chat should be"},
		"other kind":    {`{"hello":1}`, "x.json", "no chat of a kind"},
		"newer":         {`{"format":"freehold-chat","version":9,"chat":{}}`, "x.json", "newer Freehold"},
		"newer, many":   {`{"format":"freehold-chats","version":9,"chats":[]}`, "x.json", "newer Freehold"},
		"own, circle":   {`{"format":"freehold-chat","version":1,"chat":{"id":"a","messages":[{"id":"b","parentId":"b","role":"user","status":"complete"}]}}`, "x.json", "message 1 follows one that does not stand before it"},
		"own, role":     {`{"format":"freehold-chat","version":1,"chat":{"id":"a","messages":[{"id":"b","role":"root","status":"complete"}]}}`, "x.json", `by "root"`},
		"own, sampling": {`{"format":"freehold-chat","version":1,"chat":{"id":"a","sampling":{"topK":-1}}}`, "x.json", "top-k"},
		"wrong name":    {`{"a` + strings.Repeat("a", 5000) + `":1}`, "x.json: byte", "too long"},
		"closed twice":  {`[}]`, "x.json: byte 1", "value was expected"},
	} {
		t.Run(name, func(t *testing.T) {
			p := filepath.Join(t.TempDir(), "x.json")
			if err := os.WriteFile(p, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, report := read(t, p)
			if len(report.Problems) != 1 || !strings.HasPrefix(report.Problems[0].Place, c.place) || !strings.Contains(report.Problems[0].Text, c.want) {
				t.Errorf("%+v", report.Problems)
			}
		})
	}
	if _, report := read(t, bomb); len(report.Problems) != 1 || !strings.Contains(report.Problems[0].Text, "made to harm") {
		t.Errorf("bomb: %+v", report)
	}
	if _, err := Read(t.Context(), []string{t.TempDir()}, func(Found) error { return nil }, nil); err == nil {
		t.Error("an empty folder is no import")
	}
	if _, report := read(t, filepath.Join(t.TempDir(), "gone.json")); len(report.Problems) != 1 {
		t.Errorf("gone: %+v", report)
	}
}

func TestBadText(t *testing.T) {
	p := filepath.Join(t.TempDir(), "x.json")
	body := `[{"uuid":"a","name":"N\ud800","chat_messages":[{"uuid":"m","sender":"human","text":"caf` + "\xe9" + ` \u0000!"}]}]`
	if err := os.WriteFile(p, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	all, _ := read(t, p)
	if len(all) != 1 || all[0].Chat.Messages[0].Content != "caf� !" || note(all[0], BadText) != 1 {
		t.Errorf("%+v", all)
	}
}

// TestLargeFile streams half a gigabyte, of which one chat is too large to be
// kept, through little memory.
func TestLargeFile(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 500 MB")
	}
	p := filepath.Join(t.TempDir(), "conversations.json")
	f, err := os.Create(p)
	if err != nil {
		t.Fatal(err)
	}
	one := func(id int, size int) string {
		return fmt.Sprintf(`{"conversation_id":"%d","mapping":{"a":{"message":{"author":{"role":"user"},"content":{"content_type":"text","parts":["%s"]}},"parent":null,"children":[]}}}`, id, strings.Repeat("x", size))
	}
	parts := []string{"["}
	for i := range 100 {
		parts = append(parts, one(i, 4<<20), ",")
	}
	parts = append(parts, one(100, 100<<20), ",", one(101, 10), "]")
	for _, s := range parts {
		if _, err := f.WriteString(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	parts = nil
	runtime.GC()
	var most uint64
	n := 0
	report, err := Read(t.Context(), []string{p}, func(Found) error {
		n++
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
		return nil
	}, nil)
	if err != nil || n != 101 || len(report.Problems) != 1 || !strings.Contains(report.Problems[0].Text, "larger than 64 MB") {
		t.Fatalf("%d chats, %v, %+v", n, err, report)
	}
	if most > 400<<20 {
		t.Errorf("%d MB in use", most>>20)
	}
	t.Logf("at most %d MB in use", most>>20)
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	_, err := Read(ctx, []string{"testdata/chatgpt.json", "testdata/claude.json"}, func(Found) error {
		n++
		cancel()
		return nil
	}, nil)
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("%d chats, %v", n, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"chatgpt.json", "claude.json", "openwebui.json", "lmstudio/1718035341000.conversation.json", "jan/threads/jan_1717428000/thread.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, filepath.Base(name))
	}
	f.Add([]byte(`{"format":"freehold-chat","version":1,"chat":{"id":"a","leaf":"b","messages":[{"id":"b","role":"user","status":"complete"}]}}`), "a.freehold-chat")
	f.Add([]byte(`{"format":"freehold-chats","version":1,"chats":[{"id":"a","leaf":"","sampling":{},"messages":[]}]}`), "a.json")
	f.Fuzz(func(t *testing.T, data []byte, base string) {
		err := elements(bytes.NewReader(data), func(e element) error {
			if e.err != nil {
				return nil
			}
			for _, name := range []string{base, "x.json", "1.conversation.json", "thread.json"} {
				found, err := understand(source{base: name}, e.raw)
				if err != nil {
					continue
				}
				sound(t, found)
				var b bytes.Buffer
				if err := Write(&b, Options{Format: Training, Whole: true}, false, func(yield func(Shelved) error) error { return yield(Shelved{Chat: found.Chat}) }); err != nil {
					t.Fatal(err)
				}
				chat.Markdown(found.Chat, true)
			}
			return nil
		})
		_ = err // most of what is fuzzed is no JSON
	})
}

func FuzzMessages(f *testing.F) {
	b, err := os.ReadFile("testdata/jan/threads/jan_1717428000/messages.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, data []byte) {
		m := source{base: "messages.jsonl", open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
		if found, err := understand(source{base: "thread.json", messages: &m}, []byte(`{"id":"t"}`)); err == nil {
			sound(t, found)
		}
	})
}
