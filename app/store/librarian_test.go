package store_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"freehold/app/document"
	"freehold/app/document/librarian"
	"freehold/app/document/parse"
	"freehold/app/store"
)

// reader parses in this process.
type reader struct{}

func (reader) Read(ctx context.Context, path string, o parse.Options) (*parse.Document, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return &parse.Document{Receipt: parse.Receipt{Status: parse.Unread, Error: err.Error()}}, err
	}
	return parse.Parse(ctx, filepath.Base(path), data, o)
}
func (reader) Image(context.Context, string, int, int) (parse.Picture, error) {
	return parse.Picture{}, errors.New("none")
}
func (reader) Highlight(context.Context, string, int, int, int) ([]parse.Box, error) { return nil, nil }

// bag makes vectors of which words stand in a text.
type bag struct{}

func (bag) Key() string            { return "bag" }
func (bag) Limit() int             { return 200 }
func (bag) Tokens(text string) int { return len(strings.Fields(text)) + 2 }
func (bag) Embed(_ context.Context, texts []string, _ bool) ([][]float32, error) {
	all := make([][]float32, len(texts))
	for i, t := range texts {
		all[i] = make([]float32, 512)
		sum := 0.0
		for _, w := range strings.FieldsFunc(strings.ToLower(t), func(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'z' }) {
			h := fnv.New32a()
			h.Write([]byte(w))
			all[i][h.Sum32()%512] = 1
		}
		for _, x := range all[i] {
			sum += float64(x)
		}
		for k := range all[i] {
			all[i][k] /= float32(math.Sqrt(max(sum, 1)))
		}
	}
	return all, nil
}

type models struct{}

func (models) Embedder(context.Context) (librarian.Embedder, func(), error) {
	return bag{}, func() {}, nil
}
func (models) Reranker(context.Context) (librarian.Reranker, func(), error) {
	return nil, func() {}, nil
}

func open(t *testing.T, dir string, work bool) (*librarian.Librarian, *store.Store) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(dir, "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := librarian.Open(librarian.Options{Store: db, Reader: reader{}, Models: models{}, Dir: dir, Work: work})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); db.Close() })
	return l, db
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func settle(t *testing.T, l *librarian.Librarian) []document.Document {
	t.Helper()
	for range 1000 {
		docs, err := l.Documents(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		open := 0
		for _, d := range docs {
			if d.State != document.Ready && d.State != document.Failed && d.State != document.Paused {
				open++
			}
		}
		if open == 0 {
			return docs
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("documents are not indexed")
	return nil
}

func contract() string {
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, "# Clause %d\n\nClause %d is about matter%d and says that the fee is %d euros a month.\n\n", i, i, i, 100+i)
	}
	return b.String()
}

// TestLibrary adds, finds, changes and removes documents.
func TestLibrary(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	l, _ := open(t, dir, true)
	path := write(t, files, "contract.md", contract())
	copied := write(t, files, "copy.md", contract())
	table := write(t, files, "orders.csv", "Country,Amount\nGermany,10\nFrance,20\nGermany,5\n")
	empty := write(t, files, "empty.txt", "")
	if _, err := l.Add(t.Context(), []string{path, copied, table, empty}, ""); err != nil {
		t.Fatal(err)
	}
	docs := settle(t, l)
	if len(docs) != 3 {
		t.Fatalf("%d documents; a copy is none", len(docs))
	}
	byName := map[string]document.Document{}
	for _, d := range docs {
		byName[d.Name] = d
	}
	c := byName["contract.md"]
	if c.State != document.Ready || c.Chunks < 3 || c.Vectors != c.Chunks || byName["empty.txt"].State != document.Failed || len(byName["orders.csv"].Sheets) != 1 {
		t.Errorf("%+v", docs)
	}
	found, err := l.Search(t.Context(), "What is the fee of matter42?", []string{c.ID}, 5)
	if err != nil || len(found) == 0 || !strings.Contains(found[0].Text, "matter42") {
		t.Fatalf("%+v %v", found, err)
	}
	p := found[0]
	page, err := l.Page(t.Context(), c.ID, p.Page)
	if err != nil || !strings.Contains(page.Text[p.Start:p.End], "matter42") {
		t.Errorf("the passage stands elsewhere: %v", err)
	}
	// A changed file is read again, under the same ID.
	time.Sleep(10 * time.Millisecond)
	write(t, files, "contract.md", "# New\n\nThe contract is void.\n")
	os.Remove(copied)
	if _, err := l.Add(t.Context(), []string{path}, ""); err != nil {
		t.Fatal(err)
	}
	settle(t, l)
	if found, err = l.Search(t.Context(), "matter42", nil, 5); err != nil || len(found) > 0 && strings.Contains(found[0].Text, "matter42") {
		t.Errorf("what is gone was found: %+v %v", found, err)
	}
	if err := l.Remove(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error("the user's own file was removed")
	}
	if docs, _ = l.Documents(t.Context()); len(docs) != 2 {
		t.Errorf("%d documents", len(docs))
	}
}

// TestWatchedFolderAway holds that documents stay while the folder they were
// found in is away, or something else has its name.
func TestWatchedFolderAway(t *testing.T) {
	for name, away := range map[string]func(folder string) error{
		"missing": func(string) error { return nil },
		"a file":  func(folder string) error { return os.WriteFile(folder, []byte("other"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, files := t.TempDir(), t.TempDir()
			watched := func(name string) string {
				folder := filepath.Join(files, name)
				if err := os.Mkdir(folder, 0o700); err != nil {
					t.Fatal(err)
				}
				old := time.Now().Add(-time.Hour)
				if err := os.Chtimes(write(t, folder, name+".md", name+" has a text."), old, old); err != nil {
					t.Fatal(err)
				}
				return folder
			}
			wait := func(l *librarian.Librarian, n int) {
				t.Helper()
				for range 1000 {
					if docs := settle(t, l); len(docs) == n {
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
				t.Fatalf("not %d documents", n)
			}
			first, second := watched("first"), watched("second")
			l, db := open(t, dir, true)
			if _, err := l.CreateCollection(t.Context(), "", first); err != nil {
				t.Fatal(err)
			}
			wait(l, 1)
			l.Close()
			if err := errors.Join(os.RemoveAll(first), away(first)); err != nil {
				t.Fatal(err)
			}
			// Folders are looked at by the names of their collections: when the
			// second's document is there, the first was looked at.
			if err := db.SaveCollection(t.Context(), document.Collection{ID: "second", Name: "second", Folder: second, CreatedAt: 1}); err != nil {
				t.Fatal(err)
			}
			again, _ := open(t, dir, true)
			wait(again, 2)
		})
	}
}

// TestInterrupted ends the work at several places and goes on: nothing is lost
// and nothing there twice.
func TestInterrupted(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	path := write(t, files, "contract.md", contract())
	l, db := open(t, dir, false)
	docs, err := l.Add(t.Context(), []string{path}, "")
	if err != nil {
		t.Fatal(err)
	}
	id := docs[0].ID
	// As a crash leaves it: half of the text, no vectors.
	d, _ := db.Document(t.Context(), id)
	d.State = document.Reading
	if err := db.SaveDocument(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	half := document.Part{Pages: []parse.Page{{Number: 1, Text: "half"}}, Chunks: []document.Chunk{{Seq: 0, Page: 1, EndPage: 1, End: 4, Text: "half", Tokens: 1}}}
	if err := db.AddPart(t.Context(), id, half); err != nil {
		t.Fatal(err)
	}
	again, _ := open(t, dir, true)
	got := settle(t, again)[0]
	if got.State != document.Ready || got.Vectors != got.Chunks {
		t.Fatalf("%+v", got)
	}
	chunks, err := db.ChunksOf(t.Context(), []string{id}, 0, 1000)
	if err != nil || len(chunks) != got.Chunks {
		t.Fatalf("%d chunks, %d told: %v", len(chunks), got.Chunks, err)
	}
	all := ""
	for _, c := range chunks {
		all += c.Text + "\n"
	}
	for i := range 60 {
		if n := strings.Count(all, fmt.Sprintf("matter%d ", i)); n != 1 {
			t.Errorf("clause %d is there %d times", i, n)
		}
	}
}

// parrot answers with the first passage that it is given.
type parrot struct{}

func (parrot) ContextLength() int     { return 4096 }
func (parrot) Tokens(text string) int { return len(strings.Fields(text)) }
func (parrot) Write(_ context.Context, _, prompt string, _ int) (string, error) {
	lines := strings.SplitN(prompt, "\n", 3)
	return lines[1] + " [" + strings.TrimPrefix(strings.SplitN(lines[0], "]", 2)[0], "[") + "]", nil
}

// TestGround checks the ways to an answer and that an answer is checked.
func TestGround(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	l, _ := open(t, dir, true)
	_, err := l.Add(t.Context(), []string{write(t, files, "contract.md", contract()), write(t, files, "orders.csv", "Country,Amount\nGermany,10\nFrance,20\nGermany,5\n")}, "")
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]string{}
	for _, d := range settle(t, l) {
		byName[d.Name] = d.ID
	}
	ask := func(question, file string, room int) document.Grounding {
		t.Helper()
		g, err := l.Ground(t.Context(), parrot{}, document.Ask{Question: question, Room: room, Sources: document.Sources{Documents: []string{byName[file]}}})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	if g := ask("What is the total amount?", "orders.csv", 500); g.Evidence.Route != document.SQL || !strings.Contains(g.Direct, "**35**") {
		t.Errorf("%+v", g)
	}
	if g := ask("What is the fee of matter42?", "contract.md", 5000); g.Evidence.Route != document.Whole || g.Evidence.Read != g.Evidence.Of || !strings.Contains(g.System, "matter42") {
		t.Errorf("%+v", g.Evidence)
	}
	g := ask("What is the fee of matter42?", "contract.md", 400)
	if g.Evidence.Route != document.Search || !strings.Contains(g.Question, "matter42") {
		t.Fatalf("%+v", g.Evidence)
	}
	answer := "Clause 42 is about matter42 and says that the fee is 142 euros a month [1]. The fee is 999 euros."
	if err := l.Check(t.Context(), "?", answer, &g.Evidence); err != nil {
		t.Fatal(err)
	}
	s := g.Evidence.Sentences
	if len(s) != 2 || s[0].Verdict != document.Supported || s[1].Verdict != document.Unsupported || len(s[0].Quotes) != 1 || s[0].Quotes[0].PageEnd == 0 {
		t.Errorf("%+v", s)
	}
	if g := ask("Who is the president of Peru?", "contract.md", 400); !g.Evidence.Absent || g.Direct == "" {
		t.Errorf("%+v", g)
	}
	if g := ask("Summarize the contract", "contract.md", 400); g.Evidence.Route != document.Map || len(g.Evidence.Passages) == 0 || g.Evidence.Read != g.Evidence.Of {
		t.Errorf("%+v", g.Evidence)
	}
}

// analyst answers with one table of those that it is shown.
type analyst struct{ prompts *[]string }

func (analyst) ContextLength() int     { return 2048 }
func (analyst) Tokens(text string) int { return len(text)/4 + 1 }
func (a analyst) Write(_ context.Context, _, prompt string, _ int) (string, error) {
	*a.prompts = append(*a.prompts, prompt)
	_, rest, _ := strings.Cut(prompt, "Table ")
	table, _, _ := strings.Cut(rest, " ")
	return "SELECT max(amount) FROM " + table, nil
}

// TestManyTables asks sixty files at once, by rules and by a model whose context
// does not hold them all.
func TestManyTables(t *testing.T) {
	dir, files := t.TempDir(), t.TempDir()
	l, _ := open(t, dir, true)
	var paths []string
	for i := range 60 {
		name := string(rune('a'+i/10)) + "land" + string(rune('a'+i%10)) + "ia" // no digits: they may mean more in a question
		paths = append(paths, write(t, files, name+".csv", fmt.Sprintf("Town,Amount,Remark about it\nFirst%s,%d,none\nSecond%s,%d,some\n", name, i, name, 1000+i)))
	}
	if _, err := l.Add(t.Context(), paths, ""); err != nil {
		t.Fatal(err)
	}
	docs := settle(t, l)
	var ids []string
	for _, d := range docs {
		if len(d.Sheets) != 1 {
			t.Fatalf("%+v", d)
		}
		ids = append(ids, d.ID)
	}
	if len(ids) != 60 {
		t.Fatalf("%d documents", len(ids))
	}
	var prompts []string
	ask := func(question string) document.Grounding {
		t.Helper()
		g, err := l.Ground(t.Context(), analyst{&prompts}, document.Ask{Question: question, Room: 1000, Sources: document.Sources{Documents: ids, Route: document.SQL}})
		if err != nil || g.Evidence.Route != document.SQL || g.Evidence.Query == nil {
			t.Fatalf("%s: %+v %v", question, g, err)
		}
		return g
	}
	for name, want := range map[string]string{"alandaia": "1000", "clanddia": "1046", "flandjia": "1118"} {
		if g := ask("What is the total amount in " + name + "?"); g.Evidence.Query.By != "rules" || !strings.Contains(strings.ReplaceAll(g.Direct, ",", ""), "**"+want+"**") {
			t.Errorf("%s: %s %+v", name, g.Direct, g.Evidence.Query)
		}
	}
	g := ask("Could the amount of Secondclanddia be the median variance there?")
	if g.Evidence.Query.By != "model" || len(prompts) == 0 || !strings.Contains(prompts[0], "in clanddia.csv") || len(prompts[0])/4 > 2048-768 {
		t.Errorf("%+v, asked %q", g.Evidence.Query, prompts)
	}
	if left := strings.Join(g.Evidence.LeftOut, "; "); !strings.Contains(left, "of 60 tables") {
		t.Errorf("left out: %q", left)
	}
}
