package eval

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"freehold/engine/gguf"
	"freehold/engine/synthetic"
	"freehold/engine/tensor"
)

// table follows a text by looking logits up by the token.
func table(logits map[int32][]float32) Follower {
	return func(_ context.Context, tokens []int32, each func(int, []float32)) error {
		for i, t := range tokens {
			each(i, logits[t])
		}
		return nil
	}
}

func TestCompare(t *testing.T) {
	tokens := []int32{0, 0, 0, 1, 0, 0, 1, 1} // two chunks of 4; position 2 of each is measured
	reference := map[int32][]float32{0: {0, 0}, 1: {0, float32(math.Log(3))}}
	model := map[int32][]float32{0: {5, 5}, 1: {float32(math.Log(3)), 0}}
	d, err := Compare(context.Background(), table(reference), table(model), tokens, 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	// Position 2: equal halves on both sides; position 6: (1/4, 3/4) against (3/4, 1/4).
	want := (0 + 0.25*math.Log(0.25/0.75) + 0.75*math.Log(0.75/0.25)) / 2
	near := func(got, want float64) bool { return math.Abs(got-want) < 1e-6 }
	if d.Tokens != 2 || !near(d.Mean, want) || !near(d.Max, 2*want) || d.SameTop != 0.5 {
		t.Errorf("got %+v, want a mean of %g over two positions", d, want)
	}
	if !near(d.Perplexity, math.Exp((math.Log(2)+math.Log(4))/2)) || !near(d.ReferencePP, math.Exp((math.Log(2)-math.Log(0.75))/2)) {
		t.Errorf("perplexities %g and %g", d.Perplexity, d.ReferencePP)
	}
	if d, err = Compare(context.Background(), table(reference), table(reference), tokens, 4, 1); err != nil || d.Mean != 0 || d.Tokens != 1 {
		t.Errorf("a model diverges from itself by %+v, %v", d, err)
	}
	nan := map[int32][]float32{0: {float32(math.NaN()), 0}, 1: {0, 0}}
	if _, err = Compare(context.Background(), table(reference), table(nan), tokens, 4, 0); err == nil {
		t.Error("logits that are not numbers were compared")
	}
	if _, err = Compare(context.Background(), table(reference), table(model), tokens[:3], 4, 0); err == nil {
		t.Error("a text shorter than a chunk was accepted")
	}
}

func TestWiden(t *testing.T) {
	dir := t.TempDir()
	small, wide := filepath.Join(dir, "q4.gguf"), filepath.Join(dir, "f32.gguf")
	m := synthetic.Llama{Layers: 1, Embedding: 64, FeedForward: 96, Heads: 2, KVHeads: 1, Vocab: 300, Context: 64, Type: tensor.Q4_0}
	if err := m.WriteFile(small); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(small)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Widen(wide, f, func(name string) bool { return strings.Contains(name, "ffn_") && !strings.Contains(name, "norm") }); err != nil {
		t.Fatal(err)
	}
	g, err := gguf.Open(wide)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if len(g.Tensors) != len(f.Tensors) || g.Meta.Len() != f.Meta.Len() {
		t.Fatalf("%d tensors and %d keys became %d and %d", len(f.Tensors), f.Meta.Len(), len(g.Tensors), g.Meta.Len())
	}
	for i := range f.Tensors {
		a, b := &f.Tensors[i], &g.Tensors[i]
		want := a.Type
		if strings.Contains(a.Name, "ffn_") {
			want = tensor.F32
		}
		if b.Name != a.Name || b.Type != want {
			t.Fatalf("%s %v became %s %v", a.Name, a.Type, b.Name, b.Type)
		}
		va, vb := make([]float32, a.Elements()), make([]float32, b.Elements())
		if err := tensor.Dequantize(a.Type, a.Data, va); err != nil {
			t.Fatal(err)
		}
		if err := tensor.Dequantize(b.Type, b.Data, vb); err != nil {
			t.Fatal(err)
		}
		for j := range va {
			if va[j] != vb[j] {
				t.Fatalf("%s: value %d is %g, was %g", a.Name, j, vb[j], va[j])
			}
		}
	}
}
