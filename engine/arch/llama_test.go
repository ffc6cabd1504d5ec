package arch

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"freehold/engine/gguf"
	"freehold/engine/program"
	"freehold/engine/synthetic"
	"freehold/engine/tensor"
)

func load(t *testing.T, shape synthetic.Llama) (*gguf.File, *Model, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := shape.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	m, err := Load(f, 0)
	return f, m, err
}

// run computes the logits of all tokens in one batch.
func run(t *testing.T, m *Model, tokens []int32) [][]float32 {
	t.Helper()
	exec, err := program.Reference{}.Compile(m.Program, program.Limits{Rows: 64, Outputs: 64, Blocks: 4})
	if err != nil {
		t.Fatal(err)
	}
	b := &program.Batch{Tokens: tokens, Tables: [][]int32{{2, 0, 3}}}
	for i := range tokens {
		b.Positions, b.Sequences, b.Outputs = append(b.Positions, int32(i)), append(b.Sequences, 0), append(b.Outputs, int32(i))
	}
	logits, err := exec.Run(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]float32
	for i := range tokens {
		rows = append(rows, logits[i*m.Config.Vocab:(i+1)*m.Config.Vocab])
	}
	return rows
}

func TestLlamaAgainstPlainMathematics(t *testing.T) {
	tokens := []int32{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5, 0, 2, 8}
	shapes := map[string]func(*synthetic.Llama){
		"untied":       func(l *synthetic.Llama) {},
		"tied":         func(l *synthetic.Llama) { l.Tied = true },
		"biases":       func(l *synthetic.Llama) { l.Biases = true },
		"rope factors": func(l *synthetic.Llama) { l.RopeFactors = true },
		"one kv head":  func(l *synthetic.Llama) { l.KVHeads = 1 },
		"linear rope": func(l *synthetic.Llama) {
			l.Extra = map[string]any{"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": float32(4)}
		},
		"qwen2":     func(l *synthetic.Llama) { l.Architecture = "qwen2" },
		"quantized": func(l *synthetic.Llama) { l.Type = tensor.Q5_1 },
	}
	for name, change := range shapes {
		t.Run(name, func(t *testing.T) {
			shape := synthetic.Tiny()
			change(&shape)
			f, m, err := load(t, shape)
			if err != nil {
				t.Fatal(err)
			}
			scale := 1.0
			if name == "linear rope" {
				scale = 4
			}
			got, want := run(t, m, tokens), plain(t, f, shape, tokens, scale)
			for r := range got {
				for i := range got[r] {
					if d := math.Abs(float64(got[r][i]) - want[r][i]); d > 5e-3 || math.IsNaN(d) {
						t.Fatalf("row %d, logit %d: %g, want %g", r, i, got[r][i], want[r][i])
					}
				}
			}
		})
	}
}

// plain is the llama forward pass written once more, in float64 and without
// programs, caches or shared code, from the papers' formulas.
func plain(t *testing.T, f *gguf.File, c synthetic.Llama, tokens []int32, ropeScale float64) [][]float64 {
	mat := func(name string) func(x []float64) []float64 {
		tn, ok := f.Tensor(name + ".weight")
		if !ok {
			t.Fatalf("no tensor %s", name)
		}
		w := make([]float32, tn.Elements())
		if err := tensor.Dequantize(tn.Type, tn.Data, w); err != nil {
			t.Fatal(err)
		}
		bias := make([]float32, tn.Rows())
		if b, ok := f.Tensor(name + ".bias"); ok {
			if err := tensor.Dequantize(b.Type, b.Data, bias); err != nil {
				t.Fatal(err)
			}
		}
		return func(x []float64) []float64 {
			y := make([]float64, tn.Rows())
			for r := range y {
				y[r] = float64(bias[r])
				for i, v := range x {
					y[r] += v * float64(w[r*len(x)+i])
				}
			}
			return y
		}
	}
	vec := func(name string) []float32 {
		tn, _ := f.Tensor(name)
		v := make([]float32, tn.Elements())
		if err := tensor.Dequantize(tn.Type, tn.Data, v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	norm := func(x []float64, gain []float32) []float64 {
		s := 0.0
		for _, v := range x {
			s += v * v
		}
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = v / math.Sqrt(s/float64(len(x))+1e-5) * float64(gain[i])
		}
		return y
	}
	hd := c.HeadDim()
	factor := make([]float64, hd/2)
	for i := range factor {
		factor[i] = ropeScale
	}
	if c.RopeFactors {
		for i, v := range vec("rope_freqs.weight") {
			factor[i] *= float64(v)
		}
	}
	rope := func(x []float64, pos int) {
		for h := 0; h < len(x); h += hd {
			for i := 0; i < hd; i += 2 {
				a := float64(pos) * math.Pow(10000, -float64(i)/float64(hd)) / factor[i/2]
				first, second := h+i, h+i+1
				if c.Architecture == "qwen2" {
					first, second = h+i/2, h+i/2+hd/2
				}
				p, q := x[first], x[second]
				x[first], x[second] = p*math.Cos(a)-q*math.Sin(a), p*math.Sin(a)+q*math.Cos(a)
			}
		}
	}
	embed, _ := f.Tensor("token_embd.weight")
	table := make([]float32, embed.Elements())
	if err := tensor.Dequantize(embed.Type, embed.Data, table); err != nil {
		t.Fatal(err)
	}
	x := make([][]float64, len(tokens))
	for r, tok := range tokens {
		for _, v := range table[int(tok)*c.Embedding : (int(tok)+1)*c.Embedding] {
			x[r] = append(x[r], float64(v))
		}
	}
	for l := range c.Layers {
		b := "blk." + string(rune('0'+l)) + "."
		wq, wk, wv, wo := mat(b+"attn_q"), mat(b+"attn_k"), mat(b+"attn_v"), mat(b+"attn_output")
		gate, up, down := mat(b+"ffn_gate"), mat(b+"ffn_up"), mat(b+"ffn_down")
		var ks, vs [][]float64
		for r := range x {
			h := norm(x[r], vec(b+"attn_norm.weight"))
			q, k := wq(h), wk(h)
			rope(q, r)
			rope(k, r)
			ks, vs = append(ks, k), append(vs, wv(h))
			out := make([]float64, c.Embedding)
			for head := range c.Heads {
				kv := head * c.KVHeads / c.Heads * hd
				weights, sum := make([]float64, r+1), 0.0
				for p := range weights {
					s := 0.0
					for i := range hd {
						s += q[head*hd+i] * ks[p][kv+i]
					}
					weights[p] = math.Exp(s / math.Sqrt(float64(hd)))
					sum += weights[p]
				}
				for p, w := range weights {
					for i := range hd {
						out[head*hd+i] += w / sum * vs[p][kv+i]
					}
				}
			}
			for i, v := range wo(out) {
				x[r][i] += v
			}
		}
		for r := range x {
			h := norm(x[r], vec(b+"ffn_norm.weight"))
			g, u := gate(h), up(h)
			for i := range g {
				g[i] = g[i] / (1 + math.Exp(-g[i])) * u[i]
			}
			for i, v := range down(g) {
				x[r][i] += v
			}
		}
	}
	output := mat("token_embd")
	if !c.Tied {
		output = mat("output")
	}
	for r := range x {
		x[r] = output(norm(x[r], vec("output_norm.weight")))
	}
	return x
}
