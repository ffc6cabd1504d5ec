package honesty

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"freehold/app/document"
	"freehold/app/document/cite"
	"freehold/engine"
)

func TestDebug(t *testing.T) {
	questions, _ := Load("testdata/questions.jsonl")
	files, _ := filepath.Glob("testdata/files/*")
	for i := range files {
		files[i], _ = filepath.Abs(files[i])
	}
	var m models
	m.model, _ = engine.Open(t.Context(), os.Getenv("FREEHOLD_TEST_EMBEDDER"), engine.Options{}, nil)
	l, err := Open(t.Context(), t.TempDir(), files, m)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, q := range questions {
		if q.Half != Made || q.Tables() || q.Kind != Unanswerable && q.Quote == "" {
			continue
		}
		s, _ := l.Sources(q, document.Search)
		p, _ := l.Search(t.Context(), q.Question, s.Documents, 10)
		score, missing := cite.Answerable(q.Question, p)
		best, cos := 0.0, 0.0
		for _, x := range p {
			b, _ := cite.Answerable(q.Question, []document.Passage{x})
			best = max(best, b)
			cos = max(cos, x.Scores.Vector)
		}
		words := 0.0
		if len(p) > 0 {
			words = p[0].Scores.Words
		}
		seen := map[string]bool{}
		var vocab []string
		var sents []string
		for _, x := range p[:min(len(p), 6)] {
			for _, c := range cite.Sentences(x.Text) {
				sents = append(sents, x.Text[c.Start:c.End])
			}
			for _, w := range strings.FieldsFunc(strings.ToLower(x.Text+" "+strings.Join(x.Heading, " ")), func(r rune) bool { return !unicode.IsLetter(r) }) {
				if len(w) > 2 && !seen[w] {
					seen[w] = true
					vocab = append(vocab, w)
				}
			}
		}
		e := embedder{m.model}
		start := time.Now()
		sv, _ := e.Embed(t.Context(), append([]string{q.Question}, sents...), false)
		sb, si := 0.0, 0
		for i := range sents {
			if c := dot(sv[0], sv[i+1]); c > sb {
				sb, si = c, i
			}
		}
		like := ""
		if len(missing) > 0 {
			vv, err := e.Embed(t.Context(), append(slices.Clone(missing), vocab...), false)
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range missing {
				b, at := 0.0, 0
				for k := range vocab {
					if c := dot(vv[i], vv[len(missing)+k]); c > b {
						b, at = c, k
					}
				}
				like += fmt.Sprintf(" %s~%s %.2f", w, vocab[at], b)
			}
		}
		_ = si
		fmt.Printf("E %-12s %s %.2f/%.2f sent %.2f%s (%v, %d words) | %s\n", q.Kind, q.ID, score, best, sb, like, time.Since(start).Round(time.Millisecond), len(vocab), q.Question)
		fmt.Printf("D %-12s %s all %.2f one %.2f cos %.2f bm25 %.1f missing %v | %s\n", q.Kind, q.ID, score, best, cos, words, missing, q.Question)
	}
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
