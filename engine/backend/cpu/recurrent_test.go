package cpu

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"freehold/engine/program"
	"freehold/engine/tensor"
)

// recurrentBatches are mixedBatches with a state slot for each sequence.
func recurrentBatches(r *rand.Rand, allOutputs bool) ([]*program.Batch, program.Limits) {
	batches, l := mixedBatches(r, allOutputs)
	l.Slots = 6
	for _, b := range batches {
		b.Slots = []int32{3, 0, 5, 1}
	}
	return batches, l
}

func convProgram(t testing.TB, r *rand.Rand, width, kernel int, bias bool) *program.Program {
	return rowProgram(t, r, width, 1, width, func(p *program.Program, x, _, dst program.Buffer) {
		o := program.Conv{X: x, Dst: dst, Kernel: kernel, Weight: randomVector(r, width*kernel), State: p.State(width * (kernel - 1))}
		if bias {
			o.Bias = randomVector(r, width)
		}
		p.State(3)
		p.Record(o)
	})
}

// recurrentProgram has the recurrent op and the buffers it names, each looked up
// by token: steps and rates positive.
func recurrentProgram(t testing.TB, r *rand.Rand, width int, record func(p *program.Program, b func(name string, width int) program.Buffer, dst program.Buffer)) *program.Program {
	p := &program.Program{Vocab: width, Cache: []program.CacheLayer{{KVHeads: 1, HeadDim: 8, ValueDim: 8}}}
	dst := p.Buffer("dst", width)
	record(p, func(name string, width int) program.Buffer {
		b := p.Buffer(name, width)
		p.Record(program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, width, 1/math.Sqrt(float64(width))), Dst: b, Scale: 1})
		if name == "delta" || name == "beta" {
			p.Record(program.Activate{F: program.Sigmoid, X: b, Dst: b})
		}
		return b
	}, dst)
	p.Logits = p.OutputBuffer("logits", width)
	p.Record(program.SelectOutputs{X: dst, Dst: p.Logits})
	return p
}

func rates(r *rand.Rand, n int) []float32 {
	a := randomVector(r, n)
	for i := range a {
		a[i] = -a[i] * a[i] / 2
	}
	return a
}

func deltaProgram(t testing.TB, r *rand.Rand, keyHeads, keyDim, heads, valueDim int, tiled bool) *program.Program {
	return recurrentProgram(t, r, heads*valueDim, func(p *program.Program, b func(string, int) program.Buffer, dst program.Buffer) {
		q, k := b("q", keyHeads*keyDim), b("k", keyHeads*keyDim)
		p.Record(program.L2Norm{X: q, Dst: q, Group: keyDim, Eps: 1e-6}, program.L2Norm{X: k, Dst: k, Group: keyDim, Eps: 1e-6})
		p.State(7)
		o := program.DeltaNet{Q: q, K: k, V: b("v", heads*valueDim), Delta: b("delta", heads), Beta: b("beta", heads), Dst: dst,
			A: rates(r, heads), KeyHeads: keyHeads, KeyDim: keyDim, Heads: heads, ValueDim: valueDim, Tiled: tiled,
			State: p.State(heads * keyDim * valueDim)}
		p.Record(o)
	})
}

func mambaProgram(t testing.TB, r *rand.Rand, heads, headDim, groups, stateDim int) *program.Program {
	return recurrentProgram(t, r, heads*headDim, func(p *program.Program, b func(string, int) program.Buffer, dst program.Buffer) {
		o := program.Mamba{X: b("x", heads*headDim), B: b("b", groups*stateDim), C: b("c", groups*stateDim), Delta: b("delta", heads), Dst: dst,
			A: rates(r, heads), D: randomVector(r, heads), Heads: heads, HeadDim: headDim, Groups: groups, StateDim: stateDim,
			State: p.State(heads * headDim * stateDim)}
		p.Record(o)
	})
}

func recurrentPrograms(t testing.TB, r *rand.Rand) map[string]*program.Program {
	all := map[string]*program.Program{}
	for _, c := range []struct{ width, kernel int }{{8, 4}, {33, 2}, {600, 4}, {1025, 9}} {
		all[fmt.Sprintf("conv %d×%d", c.width, c.kernel)] = convProgram(t, r, c.width, c.kernel, c.kernel == 4)
	}
	for _, c := range []struct {
		keyHeads, keyDim, heads, valueDim int
		tiled                             bool
	}{{2, 16, 4, 32, false}, {2, 20, 4, 48, true}, {1, 7, 3, 5, false}, {4, 64, 4, 64, false}, {1, 33, 2, 100, true}} {
		all[fmt.Sprintf("delta %d×%d %d×%d", c.keyHeads, c.keyDim, c.heads, c.valueDim)] =
			deltaProgram(t, r, c.keyHeads, c.keyDim, c.heads, c.valueDim, c.tiled)
	}
	for _, c := range []struct{ heads, headDim, groups, stateDim int }{{4, 16, 2, 32}, {6, 24, 1, 17}, {2, 64, 2, 128}, {3, 1, 3, 1}} {
		all[fmt.Sprintf("mamba %d×%d %d×%d", c.heads, c.headDim, c.groups, c.stateDim)] =
			mambaProgram(t, r, c.heads, c.headDim, c.groups, c.stateDim)
	}
	return all
}

func TestRecurrent(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 72))
	for name, p := range recurrentPrograms(t, r) {
		t.Run(name, func(t *testing.T) {
			batches, l := recurrentBatches(r, true)
			agree(t, p, l, batches, 2e-5)
		})
	}
}

// A sequence goes on from a copied slot, or from a slot that was written out and
// read back, as from its own; and one that begins in a used slot begins anew.
func TestSlots(t *testing.T) {
	r := rand.New(rand.NewPCG(73, 74))
	for name, p := range recurrentPrograms(t, r) {
		t.Run(name, func(t *testing.T) {
			e := compile(t, New(Options{Threads: 2}), p, program.Limits{Rows: 64, Outputs: 64, Blocks: 8, Slots: 5})
			s := newSequences(r, 1, 8)
			first := s.batch([]int{0}, []int{40}, true)
			first.Slots = []int32{4}
			begun := run(t, e, first)
			values := make([]byte, e.SlotBytes())
			if err := e.ReadSlot(4, values); err != nil {
				t.Fatal(err)
			}
			if err := e.CopySlot(2, 4); err != nil {
				t.Fatal(err)
			}
			next := s.batch([]int{0}, []int{3}, true)
			next.Slots = []int32{4}
			want := run(t, e, next)
			next.Slots = []int32{2}
			if !slices.Equal(run(t, e, next), want) {
				t.Error("a copied slot goes on otherwise")
			}
			next.Slots = []int32{0}
			if err := e.WriteSlot(0, values); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(run(t, e, next), want) {
				t.Error("a slot read back goes on otherwise")
			}
			if !slices.Equal(run(t, e, first), begun) {
				t.Error("a sequence that begins in a used slot begins otherwise")
			}
			for _, pair := range [][2]int32{{-1, 0}, {0, -1}, {5, 0}, {0, 5}} {
				if e.CopySlot(pair[0], pair[1]) == nil {
					t.Errorf("CopySlot(%d, %d) succeeded", pair[0], pair[1])
				}
			}
			if e.ReadSlot(5, values) == nil || e.WriteSlot(-1, values) == nil || e.ReadSlot(0, values[1:]) == nil {
				t.Error("a slot outside or of another size was accepted")
			}
			e.Close()
			if e.ReadSlot(0, values) == nil || e.CopySlot(0, 1) == nil || e.SlotBytes() != 0 {
				t.Error("a closed executable still has states")
			}
		})
	}
}

// Values left in a slot must not show in a sequence that begins there, not even NaN.
func TestStaleSlots(t *testing.T) {
	r := rand.New(rand.NewPCG(75, 76))
	for name, p := range recurrentPrograms(t, r) {
		e := compile(t, New(Options{Threads: 2}), p, program.Limits{Rows: 32, Outputs: 32, Blocks: 2, Slots: 1})
		nan := make([]byte, e.SlotBytes())
		for i := 0; i+4 <= len(nan); i += 4 {
			binary.LittleEndian.PutUint32(nan[i:], 0x7fc00000)
		}
		if err := e.WriteSlot(0, nan); err != nil {
			t.Fatal(err)
		}
		b := newSequences(r, 1, 1).batch([]int{0}, []int{5}, true)
		b.Slots = []int32{0}
		for _, v := range run(t, e, b) {
			if math.IsNaN(float64(v)) {
				t.Fatalf("%s: NaN of an earlier sequence shows", name)
			}
		}
	}
}

// A sequence taken through in pieces, whatever stands beside it, comes out as in one.
func TestRecurrentInPieces(t *testing.T) {
	r := rand.New(rand.NewPCG(77, 78))
	for name, p := range recurrentPrograms(t, r) {
		e := compile(t, New(Options{Threads: 2}), p, program.Limits{Rows: 64, Outputs: 64, Blocks: 4, Slots: 2})
		b := newSequences(r, 1, 4).batch([]int{0}, []int{50}, true)
		b.Slots = []int32{0}
		want := run(t, e, b)
		var got []float32
		for at := 0; at < 50; {
			n := min(1+r.IntN(9), 50-at)
			piece := part(b, at, at+n)
			piece.Guessed, piece.Slots = 0, []int32{1}
			got = append(got, run(t, e, piece)...)
			at += n
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: pieces differ by %.3g", name, difference(t, got, want))
		}
	}
}

func TestRecurrentRefusals(t *testing.T) {
	r := rand.New(rand.NewPCG(79, 80))
	p := deltaProgram(t, r, 1, 8, 1, 8, false)
	if e, err := New(Options{}).Compile(p, program.Limits{Rows: 1, Outputs: 1, Blocks: 1, Slots: math.MaxInt}); err == nil {
		e.Close()
		t.Error("endless slots were accepted")
	}
	e := compile(t, New(Options{}), p, program.Limits{Rows: 4, Outputs: 4, Blocks: 1})
	b := newSequences(r, 1, 1).batch([]int{0}, []int{1}, true)
	b.Slots = []int32{0}
	if _, err := e.Run(context.Background(), b); err == nil {
		t.Error("a batch ran without a slot")
	}
}

func BenchmarkRecurrent(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, p := range map[string]*program.Program{
		"delta": deltaProgram(b, r, 16, 128, 32, 128, false), "mamba": mambaProgram(b, r, 64, 64, 8, 128), "conv": convProgram(b, r, 8192, 4, false),
	} {
		for _, rows := range []int{1, 512} {
			b.Run(fmt.Sprintf("%s/rows=%d", name, rows), func(b *testing.B) {
				e := compile(b, New(Options{Threads: 2}), p, program.Limits{Rows: 512, Outputs: 1, Blocks: 17, Slots: 1})
				batch := withoutOutputs(newSequences(r, 1, 17).batch([]int{0}, []int{rows}, false))
				batch.Slots = []int32{0}
				for b.Loop() {
					run(b, e, batch)
				}
			})
		}
	}
}
