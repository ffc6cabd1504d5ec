package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"freehold/engine/program"
	"freehold/engine/tensor"
)

// attending is attentionProgram with values of another width and the given op.
func attending(t testing.TB, r *rand.Rand, kvHeads, dim, valueDim int, o program.Attention) *program.Program {
	p := &program.Program{Vocab: o.Heads * valueDim, Cache: []program.CacheLayer{{KVHeads: 1, HeadDim: 3, ValueDim: 5}, {KVHeads: kvHeads, HeadDim: dim, ValueDim: valueDim}}}
	q, k, v := p.Buffer("q", o.Heads*dim), p.Buffer("k", kvHeads*dim), p.Buffer("v", kvHeads*valueDim)
	dst := p.Buffer("dst", o.Heads*valueDim)
	p.Logits = p.OutputBuffer("logits", o.Heads*valueDim)
	table := func(width int, size float64) *program.Weight {
		return randomWeight(t, r, tensor.F32, vocabulary, width, size)
	}
	o.Q, o.Dst, o.Layer, o.Scale = q, dst, 1, float32(1/math.Sqrt(float64(dim)))
	p.Record(
		program.Embed{Table: table(o.Heads*dim, 2), Dst: q, Scale: 1},
		program.Embed{Table: table(kvHeads*dim, 2), Dst: k, Scale: 1},
		program.Embed{Table: table(kvHeads*valueDim, 1), Dst: v, Scale: 1},
		program.StoreKV{K: k, V: v, Layer: 1},
		o,
		program.SelectOutputs{X: dst, Dst: p.Logits},
	)
	return p
}

func TestAttentionKinds(t *testing.T) {
	sinks := func(n int) []float32 {
		r := rand.New(rand.NewPCG(41, uint64(n)))
		return randomVector(r, n)
	}
	for _, c := range []struct {
		name                   string
		kvHeads, dim, valueDim int
		o                      program.Attention
	}{
		{"latent", 1, 576, 512, program.Attention{Heads: 4}},
		{"many latent", 1, 72, 64, program.Attention{Heads: 64}},
		{"narrow values", 2, 192, 128, program.Attention{Heads: 4}},
		{"wide values", 2, 24, 56, program.Attention{Heads: 6, Window: 40}},
		{"odd", 1, 7, 33, program.Attention{Heads: 3}},
		{"softcap", 2, 40, 40, program.Attention{Heads: 4, Softcap: 1.5}},
		{"sinks", 2, 64, 64, program.Attention{Heads: 8, Sinks: sinks(8), Window: 50}},
		{"high sinks", 1, 16, 16, program.Attention{Heads: 2, Sinks: []float32{40, -200}}},
		{"both ways", 2, 32, 32, program.Attention{Heads: 4, Bidirectional: true}},
		{"both ways, window", 2, 32, 32, program.Attention{Heads: 2, Bidirectional: true, Window: 33}},
		{"both ways, narrow", 1, 16, 16, program.Attention{Heads: 1, Bidirectional: true, Window: 1}},
		{"all", 1, 80, 48, program.Attention{Heads: 5, Bidirectional: true, Window: 16, Softcap: 3, Sinks: sinks(5)}},
	} {
		for _, kv := range kvKinds {
			t.Run(fmt.Sprintf("%s/%v", c.name, kv), func(t *testing.T) {
				r := rand.New(rand.NewPCG(43, uint64(c.dim)))
				p := attending(t, r, c.kvHeads, c.dim, c.valueDim, c.o)
				batches, l := mixedBatches(r, true)
				l.KV = kv
				agree(t, p, l, batches, 3e-5)
			})
		}
	}
}

// Long sequences are cut into ranges, whose sinks count once.
func TestAttentionKindsLong(t *testing.T) {
	for _, o := range []program.Attention{
		{Heads: 2, Sinks: []float32{3, 1}}, {Heads: 2, Bidirectional: true}, {Heads: 2, Bidirectional: true, Window: 300},
	} {
		for _, kv := range kvKinds {
			r := rand.New(rand.NewPCG(45, 46))
			p := attending(t, r, 1, 16, 8, o)
			s := newSequences(r, 2, 60)
			batches := []*program.Batch{
				s.batch([]int{0}, []int{400}, false), s.batch([]int{0, 1}, []int{400, 3}, false), s.batch([]int{0}, []int{1}, true),
				s.batch([]int{1, 0}, []int{2, 300}, false),
			}
			agree(t, p, program.Limits{Rows: 410, Outputs: 410, Blocks: 60, KV: kv}, batches, 3e-5)
		}
	}
}
