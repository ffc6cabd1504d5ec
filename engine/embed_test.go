package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"freehold/engine/conformance"
	"freehold/engine/program"
	"freehold/engine/sample"
)

// openVariant opens one of the tiny models that llama.cpp has computed with.
func openVariant(t *testing.T, name string) (*Model, *conformance.Golden) {
	t.Helper()
	v, ok := conformance.Find(name)
	if !ok {
		t.Fatalf("no variant %s", name)
	}
	path := filepath.Join(t.TempDir(), name+".gguf")
	if _, err := v.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	g, err := v.Golden()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(t.Context(), path, Options{Backend: program.Reference{}, KVType: "f32"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m, g
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

// TestEmbeddingsAgree embeds the tokens that llama.cpp has embedded, among
// other texts, and must find its vectors whatever stands beside them.
func TestEmbeddingsAgree(t *testing.T) {
	for _, name := range []string{"bert-mean", "bert-cls", "bert-none", "nomic-bert-mean", "modern-bert-mean", "llama-embedding-last"} {
		t.Run(name, func(t *testing.T) {
			m, g := openVariant(t, name)
			if !m.Info().Embeds {
				t.Error("the model is not known as one that embeds")
			}
			tokens := conformance.Tokens()
			texts := [][]int32{tokens[:1], tokens, tokens[10:45], tokens, tokens[:32]}
			vectors, err := m.EmbedTokens(t.Context(), texts)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range []int{1, 3} {
				if len(vectors[i]) != g.Rows*g.Cols {
					t.Fatalf("%d values for %d rows of %d", len(vectors[i]), g.Rows, g.Cols)
				}
				for r := range g.Rows {
					got := vectors[i][r*g.Cols : (r+1)*g.Cols]
					if c := cosine(got, g.Row(r)); c < 0.99999 {
						t.Errorf("text %d, row %d: cosine %.6f", i, r, c)
					}
					if c := cosine(got, got); math.Abs(c-1) > 1e-6 || math.Abs(length(got)-1) > 1e-5 {
						t.Errorf("text %d, row %d has length %g", i, r, length(got))
					}
				}
			}
			alone, err := m.EmbedTokens(t.Context(), texts[2:3])
			if err != nil {
				t.Fatal(err)
			}
			if c := cosine(alone[0], vectors[2]); c < 0.999999 {
				t.Errorf("alone a text has another vector: cosine %.6f", c)
			}
		})
	}
}

func length(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func TestEmbeddingBatches(t *testing.T) {
	m, _ := openVariant(t, "bert-mean")
	var texts []string
	for i := range 150 { // more than a batch
		texts = append(texts, strings.Repeat("abc def ", 1+i%7))
	}
	vectors, err := m.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	for i := 7; i < len(vectors); i++ {
		if c := cosine(vectors[i], vectors[i-7]); c < 0.999999 {
			t.Fatalf("text %d: the same text has another vector: cosine %.6f", i, c)
		}
	}
	_, err = m.Embed(t.Context(), []string{"a", strings.Repeat("abc ", 500)})
	var long *TooLongError
	if !errors.As(err, &long) || long.Text != 1 || long.Limit != conformance.Context {
		t.Errorf("a text too long: %v", err)
	}
}

// TestContextBeyondTraining: a longer context than the model knows is not had by
// asking for it.
func TestContextBeyondTraining(t *testing.T) {
	for _, name := range []string{"bert-mean", "nomic-bert-mean", "gpt2"} {
		v, ok := conformance.Find(name)
		if !ok {
			t.Fatalf("no variant %s", name)
		}
		path := filepath.Join(t.TempDir(), name+".gguf")
		if _, err := v.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		m, err := Open(t.Context(), path, Options{Backend: program.Reference{}, ContextLength: 4 * conformance.Context}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if n := m.Info().ContextLength; n != conformance.Context {
			t.Errorf("%s reads %d tokens, was trained for %d", name, n, conformance.Context)
		}
		if !m.Info().Embeds {
			continue
		}
		_, err = m.Embed(t.Context(), []string{strings.Repeat("abc ", 2*conformance.Context)})
		var long *TooLongError
		if !errors.As(err, &long) || long.Limit != conformance.Context {
			t.Errorf("%s, a text too long: %v", name, err)
		}
	}
}

func TestRank(t *testing.T) {
	m, g := openVariant(t, "bert-rank")
	scores, err := m.embed(t.Context(), [][]int32{conformance.Tokens()})
	if err != nil || len(scores[0]) != 1 || math.Abs(float64(scores[0][0]-g.Values[0])) > 1e-3 {
		t.Errorf("score %v, %v; llama.cpp has %v", scores, err, g.Values)
	}
	pair := m.pair("ab", "the")
	var texts []string
	for _, id := range pair {
		texts = append(texts, m.tokenizer.Token(id))
	}
	if got := fmt.Sprint(texts); got != "[[CLS] ▁a b [SEP] ▁the [SEP]]" {
		t.Errorf("a pair is %s", got)
	}
	ranks, err := m.Rank(t.Context(), "ab", []string{"the", "xyz", "the"})
	if err != nil || len(ranks) != 3 || ranks[0] != ranks[2] || ranks[0] == ranks[1] {
		t.Errorf("ranks %v, %v", ranks, err)
	}
}

func TestModelsForOtherThings(t *testing.T) {
	embeds, _ := openVariant(t, "bert-mean")
	if _, err := embeds.Generate(t.Context(), Request{Prompt: "a", Sampling: sample.Defaults()}, nil); !errors.Is(err, ErrEmbeds) {
		t.Errorf("an embedding model that is to write: %v", err)
	}
	if _, err := embeds.Rank(t.Context(), "a", []string{"b"}); err == nil {
		t.Error("an embedding model ranks")
	}
	ranks, _ := openVariant(t, "bert-rank")
	if _, err := ranks.Embed(t.Context(), []string{"a"}); err == nil {
		t.Error("a reranker embeds")
	}
	writes, _ := openVariant(t, "llama")
	if _, err := writes.Embed(t.Context(), []string{"a"}); !errors.Is(err, ErrWrites) {
		t.Errorf("a model that writes is to embed: %v", err)
	}
	if slices.Contains([]bool{embeds.Info().Embeds, ranks.Info().Embeds}, false) || writes.Info().Embeds {
		t.Error("models do not say what they are for")
	}
}

// TestRealEmbedder compares with what llama.cpp recorded of a real model,
// all-MiniLM-L6-v2 in F16, which `freehold convert` makes of its published
// weights. FREEHOLD_TEST_EMBEDDER says where it is.
func TestRealEmbedder(t *testing.T) {
	path := os.Getenv("FREEHOLD_TEST_EMBEDDER")
	if path == "" {
		t.Skip("FREEHOLD_TEST_EMBEDDER does not name a file with all-MiniLM-L6-v2")
	}
	b, err := os.ReadFile("testdata/minilm.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			Text   string
			Vector []float32
		}
	}
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	m, err := Open(t.Context(), path, Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, c := range golden.Cases {
		v, err := m.Embed(t.Context(), []string{c.Text})
		if err != nil {
			t.Fatal(err)
		}
		if got := cosine(v[0], c.Vector); got < 0.9995 {
			t.Errorf("%q: cosine %.6f", c.Text, got)
		}
	}
}
