package honesty

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"freehold/app/document"
	"freehold/app/document/librarian"
	"freehold/app/document/parse"
	"freehold/app/document/route"
	"freehold/engine"
)

// TestMain lets the test's binary be a worker that reads files.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == parse.WorkerVerb {
		os.Exit(parse.Worker(os.Stdin, os.Stdout, os.Args[2], len(os.Args) > 3))
	}
	os.Exit(m.Run())
}

// embedder is all-MiniLM-L6-v2, read as the application reads it.
type embedder struct{ model *engine.Model }

func (e embedder) Key() string            { return "test" }
func (e embedder) Limit() int             { return e.model.Info().ContextLength }
func (e embedder) Tokens(text string) int { return len(e.model.Tokenize(text, true)) }
func (e embedder) Embed(ctx context.Context, texts []string, _ bool) ([][]float32, error) {
	return e.model.EmbedBeginnings(ctx, texts)
}

// models lends an embedder, if there is one.
type models struct{ model *engine.Model }

func (m models) Embedder(context.Context) (librarian.Embedder, func(), error) {
	if m.model == nil {
		return nil, nil, librarian.ErrNoEmbedder
	}
	return embedder(m), func() {}, nil
}

func (models) Reranker(context.Context) (librarian.Reranker, func(), error) {
	return nil, func() {}, nil
}

// silent is a model that knows nothing to say: what is answered then does not
// depend on a model.
type silent struct{}

func (silent) ContextLength() int     { return 4096 }
func (silent) Tokens(text string) int { return len(text)/4 + 1 }
func (silent) Write(context.Context, string, string, int) (string, error) {
	return "", nil
}

const room = 3000 // tokens that documents may take in a context of 4096

var figures = map[string]map[string]*Rate{} // by name and half

func count(name, half string, good bool) {
	for _, h := range []string{half, "all"} {
		if figures[name] == nil {
			figures[name] = map[string]*Rate{}
		}
		if figures[name][h] == nil {
			figures[name][h] = &Rate{}
		}
		figures[name][h].Add(good)
	}
}

// bar holds a figure of the whole set to what it must be at least, and tells that
// of the halves.
func bar(t *testing.T, name string, least float64) {
	t.Helper()
	for _, half := range []string{Made, HeldOut, "all"} {
		r := figures[name][half]
		if r == nil {
			t.Fatalf("%s: nothing counted", name)
		}
		t.Logf("%-50s %-9s %s", name, half, r)
		if r.Percent() < least && half == "all" {
			t.Errorf("%s: %s, at least %.0f %% are wanted", name, r, least)
		}
	}
}

// tell counts, and says what failed of the half that rules are made with. The
// other half is told only to those who do not make rules: FREEHOLD_HONESTY_ALL.
func tell(t *testing.T, name string, q Question, good bool, format string, a ...any) {
	t.Helper()
	count(name, q.Half, good)
	if !good && (q.Half == Made || os.Getenv("FREEHOLD_HONESTY_ALL") != "") {
		t.Logf("%s %s (%s): %s\n    %s", q.ID, name, q.Kind, q.Question, fmt.Sprintf(format, a...))
	}
}

// TestHonesty asks the whole set, as far as no model has to write.
func TestHonesty(t *testing.T) {
	questions, err := Load("testdata/questions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/files/*")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	for i := range files {
		if files[i], err = filepath.Abs(files[i]); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := parse.NewReader(parse.Config{Cache: filepath.Join(os.TempDir(), "freehold-test-pdfium")})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	open := func(files []string, m models) *Library {
		l, err := Open(t.Context(), t.TempDir(), files, func(o librarian.Options) (*librarian.Librarian, error) {
			o.Reader, o.Models = reader, m
			return librarian.Open(o)
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	all := open(files, models{})
	t.Run("Set", func(t *testing.T) { checkSet(t, all, questions, len(files)) })
	t.Run("Routes", func(t *testing.T) { routes(t, all, questions) })
	t.Run("Tables", func(t *testing.T) { tables(t, all, questions) })
	t.Run("Texts", func(t *testing.T) {
		if testing.Short() {
			t.Skip("takes a minute")
		}
		path := os.Getenv("FREEHOLD_TEST_EMBEDDER")
		if path == "" {
			t.Skip("FREEHOLD_TEST_EMBEDDER does not name a file with all-MiniLM-L6-v2")
		}
		model, err := engine.Open(t.Context(), path, engine.Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer model.Close()
		texts := slices.DeleteFunc(slices.Clone(files), func(f string) bool {
			return slices.Contains([]string{".csv", ".xlsx", ".ods"}, filepath.Ext(f))
		})
		passages(t, open(texts, models{model}), questions)
	})
}

// checkSet holds the set itself to what it claims to be.
func checkSet(t *testing.T, l *Library, questions []Question, files int) {
	tables, seen := 0, map[string]bool{}
	for _, q := range questions {
		if seen[q.Question+strings.Join(q.Files, " ")] {
			t.Errorf("%s is asked twice", q.ID)
		}
		seen[q.Question+strings.Join(q.Files, " ")] = true
		if q.Half != Made && q.Half != HeldOut {
			t.Errorf("%s is of no half", q.ID)
		}
		if len(q.Rows) > 0 {
			tables++
		}
		if q.Quote == "" {
			continue
		}
		docs, err := l.Files([]string{q.File})
		if err != nil {
			t.Fatal(err)
		}
		page, err := l.Page(t.Context(), docs[0].ID, q.Page)
		if err != nil || !contains(page.Text, q.Quote) {
			t.Errorf("%s: page %d of %s does not say %q (%v)", q.ID, q.Page, q.File, q.Quote, err)
		}
		if !slices.Contains(q.Files, q.File) || q.Answer == "" || len(q.False) == 0 {
			t.Errorf("%s lacks something", q.ID)
		}
	}
	t.Logf("%d questions over %d files, %d of them with exact answers out of tables", len(questions), files, tables)
	if len(questions) < 120 || files < 20 || tables < 40 {
		t.Error("the set is too small")
	}
}

// routes checks which way to an answer is chosen.
func routes(t *testing.T, l *Library, questions []Question) {
	for _, q := range questions {
		if q.Route == "" {
			continue
		}
		docs, err := l.Files(q.Files)
		if err != nil {
			t.Fatal(err)
		}
		asked := route.Question{Text: q.Question, Room: room}
		if q.Kind == Talk {
			asked.History = []string{"What does it say?"}
		}
		tokens := 0
		for _, d := range docs {
			tokens += d.Tokens
			asked.Files = append(asked.Files, route.File{Name: d.Name, Kind: string(d.Receipt.Kind), Tokens: d.Tokens, Sheets: len(d.Sheets), Pages: d.Receipt.Pages})
		}
		d := route.Choose(asked)
		// Where all files fit into the context, reading them all serves any question to texts.
		good := d.Route == q.Route || d.Route == document.Whole && q.Route != document.SQL && q.Route != document.None && tokens < room
		tell(t, "route right", q, good, "%s (%s), want %s", d.Route, d.Why, q.Route)
		if d.Route == document.Whole && q.Kind != LookUp {
			g := ask(t, l, q, document.Auto)
			tell(t, "all that texts say: not refused", q, !g.Evidence.Absent, "%s", g.Direct)
		}
	}
	bar(t, "route right", 90)
	bar(t, "all that texts say: not refused", 100)
}

// ask grounds a question as a chat does.
func ask(t *testing.T, l *Library, q Question, by document.Route) document.Grounding {
	t.Helper()
	s, err := l.Sources(q, by)
	if err != nil {
		t.Fatal(err)
	}
	g, err := l.Ground(t.Context(), silent{}, document.Ask{Question: q.Question, Sources: s, Room: room})
	if err != nil {
		t.Fatal(q.ID, err)
	}
	return g
}

// tables checks what rules answer out of tables.
func tables(t *testing.T, l *Library, questions []Question) {
	for _, q := range questions {
		if !q.Tables() {
			continue
		}
		g := ask(t, l, q, document.SQL)
		query := g.Evidence.Query
		if q.Kind == Unanswerable {
			good := query == nil || Empty(*query)
			if query == nil {
				query = &document.Query{}
			}
			count("unanswerable: refused", q.Half, good)
			tell(t, "unanswerable by tables: refused", q, good, "%s → %v", query.SQL, query.Rows)
			continue
		}
		why := ""
		if len(g.Evidence.LeftOut) > 0 {
			why = g.Evidence.LeftOut[0]
		}
		tell(t, "tables: answered by rules", q, query != nil, "%s", why)
		if query == nil {
			continue
		}
		tell(t, "tables: exact of what was answered", q, Exact(*query, q), "%s\n    → %v, want %v", query.SQL, clip(query.Rows), q.Rows)
	}
	bar(t, "tables: exact of what was answered", 95)
	bar(t, "tables: answered by rules", 0)
	bar(t, "unanswerable by tables: refused", 80)
}

func clip(rows [][]string) [][]string { return rows[:min(len(rows), 8)] }

// passages checks what is found in texts: the gate before a model is asked, and
// the citations of true and of false answers.
func passages(t *testing.T, l *Library, questions []Question) {
	for _, q := range questions {
		switch {
		case q.Kind == Unanswerable && !q.Tables():
			g := ask(t, l, q, document.Search)
			count("unanswerable: refused", q.Half, g.Evidence.Absent)
			tell(t, "unanswerable by texts: refused", q, g.Evidence.Absent, "%s", first(g.Evidence.Passages))
		case q.Quote != "":
			lookUp(t, l, q)
		}
	}
	bar(t, "unanswerable by texts: refused", 70)
	bar(t, "unanswerable: refused", 80)
	bar(t, "answerable: not refused", 90)
	bar(t, "look-up: found", 0)
	bar(t, "true answer: borne out", 0)
	bar(t, "true answer: citations hold", 95)
	bar(t, "true answer: the right words shown", 0)
	bar(t, "false answer: not borne out", 95)
	for _, kind := range []string{"number", "denial", "name"} {
		bar(t, "false answer: not borne out, "+kind, 0)
	}
	bar(t, "false answer: unsupported", 0)
}

func first(p []document.Passage) string {
	if len(p) == 0 {
		return "no passages"
	}
	return fmt.Sprintf("%s p. %d (%.2f): %.200s", p[0].Name, p[0].Page, p[0].Scores.Vector, Flat(p[0].Text))
}

func lookUp(t *testing.T, l *Library, q Question) {
	g := ask(t, l, q, document.Search)
	tell(t, "answerable: not refused", q, !g.Evidence.Absent, "%s", g.Direct)
	found := slices.ContainsFunc(g.Evidence.Passages, func(p document.Passage) bool { return Holds(p, q) })
	tell(t, "look-up: found", q, found, "%s", first(g.Evidence.Passages))
	if !found {
		return
	}
	s, e := check(t, l, q, q.Answer, g.Evidence)
	tell(t, "true answer: borne out", q, s.Verdict == document.Supported, "%s %v (%.2f): %s", s.Verdict, s.Cites, s.Score, q.Answer)
	if len(s.Cites) > 0 && s.Verdict != document.Unsupported {
		holds, shown := true, false
		for _, n := range s.Cites {
			holds = holds && slices.ContainsFunc(e.Passages, func(p document.Passage) bool { return p.N == n && Holds(p, q) })
		}
		tell(t, "true answer: citations hold", q, holds, "%v: %s", s.Cites, q.Answer)
		for _, x := range s.Quotes {
			for _, p := range e.Passages {
				if p.N == x.N && Holds(p, q) {
					page, err := l.Page(t.Context(), p.Document, p.Page)
					if err != nil {
						t.Fatal(err)
					}
					shown = shown || x.PageEnd > 0 && overlap(page.Text[x.PageStart:x.PageEnd], q.Quote)
				}
			}
		}
		tell(t, "true answer: the right words shown", q, shown, "%v", s.Quotes)
	}
	for _, f := range q.False {
		s, _ := check(t, l, q, f.Text, g.Evidence)
		tell(t, "false answer: not borne out", q, s.Verdict != document.Supported, "%s %v (%.2f): %s", s.Verdict, s.Cites, s.Score, f.Text)
		count("false answer: not borne out, "+f.Kind, q.Half, s.Verdict != document.Supported)
		count("false answer: unsupported", q.Half, s.Verdict == document.Unsupported)
	}
}

// overlap tells whether most words of a quote are shown.
func overlap(shown, quote string) bool {
	shown = Flat(strings.NewReplacer("-\n", "", "\n", " ").Replace(shown))
	words := strings.Fields(quote)
	n := 0
	for _, w := range words {
		if strings.Contains(shown, strings.Trim(w, `.,;:()<>"`)) {
			n++
		}
	}
	return 2*n > len(words)
}

// check holds an answer against passages, as it is done when a model has written it.
func check(t *testing.T, l *Library, q Question, answer string, e document.Evidence) (document.Sentence, document.Evidence) {
	t.Helper()
	if err := l.Check(t.Context(), q.Question, answer, &e); err != nil {
		t.Fatal(err)
	}
	if len(e.Sentences) != 1 {
		t.Fatal(q.ID, errors.New("not one sentence"), answer, e.Sentences)
	}
	return e.Sentences[0], e
}
