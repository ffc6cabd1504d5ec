package synthetic

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
)

// TestMixtures holds the types that are chosen to those that llama-quantize
// chose for the same shapes.
func TestMixtures(t *testing.T) {
	for _, c := range []struct {
		shape, quant string
		pure         bool
		want         string
	}{
		{"llama-3.2-1b", "Q4_K_M", false, "96 Q4_K, 17 Q6_K"},
		{"llama-3.2-1b", "Q4_0", false, "112 Q4_0, 1 Q6_K"},
		{"llama-3.2-1b", "Q8_0", false, "113 Q8_0"},
		{"llama-3.2-1b", "Q3_K_M", false, "64 Q3_K, 45 Q4_K, 3 Q5_K, 1 Q6_K"},
		{"smollm2-135m", "Q4_K_M", false, "166 Q5_0, 15 Q8_0, 16 Q4_K, 14 Q6_K"},
		{"smollm2-135m", "Q8_0", false, "211 Q8_0"},
		{"l1b-4l", "Q5_K", true, "29 Q5_K"},
		{"l1b-4l", "BF16", false, "29 BF16"},
		{"qwen3-30b-a3b-6l", "Q4_K_M", false, "6 F32, 39 Q4_K, 5 Q6_K"},
		{"llama-3.1-8b", "Q4_K_M", false, "193 Q4_K, 33 Q6_K"},
	} {
		m, err := MixtureByName(c.quant)
		if err != nil {
			t.Fatal(err)
		}
		m.Pure = c.pure
		l := Shapes[c.shape]
		l.Mixture = &m
		count := map[tensor.Type]int{}
		for _, s := range l.tensors() {
			if len(s.Shape) >= 2 {
				count[s.Type]++
			}
		}
		var got []string
		for _, k := range slices.Sorted(maps.Keys(count)) {
			got = append(got, fmt.Sprintf("%d %s", count[k], k))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s %s: %s, want %s", c.shape, c.quant, s, c.want)
		}
	}
	if _, err := MixtureByName("Q9_Z"); err == nil || !strings.Contains(err.Error(), "Q4_K_M") {
		t.Errorf("MixtureByName(Q9_Z): %v", err)
	}
}

// TestPooledRows writes matrices that draw their rows from a shared pool and
// looks whether they differ and are finite.
func TestPooledRows(t *testing.T) {
	m, err := MixtureByName("Q4_K_M")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	l := Llama{Layers: 1, Embedding: 256, FeedForward: 2048, Heads: 4, KVHeads: 2, Vocab: 512, Context: 64, Tied: true, Mixture: &m, Seed: 3}
	if err := l.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if id, _ := f.Meta.Uint("general.file_type"); id != 15 {
		t.Errorf("general.file_type is %d, want 15", id)
	}
	gate, _ := f.Tensor("blk.0.ffn_gate.weight")
	up, _ := f.Tensor("blk.0.ffn_up.weight")
	if slices.Equal(gate.Data, up.Data) {
		t.Error("two matrices have the same rows in the same order")
	}
	values := make([]float32, gate.Elements())
	if err := tensor.Dequantize(gate.Type, gate.Data, values); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	if variance := sum / float64(len(values)) * 256; variance < 0.9 || variance > 1.1 {
		t.Errorf("variance times the row's length is %g, want about 1", variance)
	}
}
