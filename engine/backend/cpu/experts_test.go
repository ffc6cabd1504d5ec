package cpu

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"freehold/engine/program"
	"freehold/engine/tensor"
)

type expertShape struct {
	experts, used, embedding, feedForward int
	typ                                   tensor.Type
	bias, scale                           bool
	alike                                 bool // all experts hold the same values, each its own
}

// expertsProgram is a feed-forward of experts behind a router, as models have it:
// their first product shares its input, their last one has one for each slot.
func expertsProgram(t testing.TB, r *rand.Rand, s expertShape) *program.Program {
	p := &program.Program{Vocab: s.embedding, Cache: []program.CacheLayer{{KVHeads: 1, HeadDim: 8, ValueDim: 8}}}
	x, dst, logits := p.Buffer("x", s.embedding), p.Buffer("dst", s.embedding), p.Buffer("router", s.experts)
	choice, share := p.Buffer("choice", s.used), p.Buffer("share", s.used)
	gate, up := p.Buffer("gate", s.used*s.feedForward), p.Buffer("up", s.used*s.feedForward)
	down := p.Buffer("down", s.used*s.embedding)
	p.Logits = p.OutputBuffer("logits", s.embedding)
	projection := func(dst program.Buffer, rows, cols int) program.ExpertProjection {
		out := program.ExpertProjection{Dst: dst}
		made := s.experts
		if s.alike {
			made = 1
		}
		all := randomWeight(t, r, s.typ, made*rows, cols, 1/math.Sqrt(float64(cols)))
		all.Data = bytes.Repeat(all.Data, s.experts/made)
		for e := range s.experts {
			n := len(all.Data) / s.experts
			out.Experts = append(out.Experts, &program.Weight{Name: fmt.Sprint("expert ", e), Type: s.typ, Rows: rows, Cols: cols, Data: all.Data[e*n : (e+1)*n]})
			if s.bias {
				out.Bias = append(out.Bias, randomVector(r, rows))
			}
		}
		if s.scale {
			out.Scale = randomVector(r, s.experts)
		}
		return out
	}
	p.Record(
		program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, s.embedding, 1), Dst: x, Scale: 1},
		program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, s.embedding, 1), Dst: dst, Scale: 0.25},
		program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, s.experts, 1), Dst: logits, Scale: 1},
		program.Route{Logits: logits, Choice: choice, Share: share, Used: s.used, Gating: program.GateSoftmax, Normalize: true},
		program.ExpertLinear{X: x, Choice: choice, Slots: s.used, Out: []program.ExpertProjection{
			projection(gate, s.feedForward, s.embedding), projection(up, s.feedForward, s.embedding)}},
		program.Gated{Gate: gate, Up: up, Dst: gate},
		program.ExpertLinear{X: gate, Choice: choice, Slots: s.used, Out: []program.ExpertProjection{projection(down, s.embedding, s.feedForward)}},
		program.Combine{X: down, Share: share, Dst: dst},
		program.SelectOutputs{X: dst, Dst: p.Logits},
	)
	return p
}

func TestExperts(t *testing.T) {
	for i, s := range []expertShape{
		{experts: 8, used: 2, embedding: 48, feedForward: 40, typ: tensor.F32},
		{experts: 16, used: 4, embedding: 33, feedForward: 17, typ: tensor.F32, bias: true, scale: true},
		{experts: 3, used: 1, embedding: 64, feedForward: 100, typ: tensor.F32, bias: true},
		{experts: 2, used: 2, embedding: 20, feedForward: 300, typ: tensor.F32, scale: true},
		{experts: 100, used: 10, embedding: 24, feedForward: 16, typ: tensor.F32},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			r := rand.New(rand.NewPCG(51, uint64(i)))
			batches, l := mixedBatches(r, false)
			agree(t, expertsProgram(t, r, s), l, batches, 2e-5)
		})
	}
}

func TestExpertsQuantized(t *testing.T) {
	for _, typ := range linearTypes {
		r := rand.New(rand.NewPCG(53, uint64(typ)))
		p := expertsProgram(t, r, expertShape{experts: 6, used: 3, embedding: 256, feedForward: 512, typ: typ, bias: typ == tensor.Q4_K})
		batches, l := mixedBatches(r, false)
		agree(t, p, l, batches[:4], 0.1)
	}
}

// Many rows for few experts fill more than one group of columns.
func TestManyForOneExpert(t *testing.T) {
	r := rand.New(rand.NewPCG(55, 56))
	p := expertsProgram(t, r, expertShape{experts: 4, used: 3, embedding: 40, feedForward: 24, typ: tensor.F32})
	s := newSequences(r, 2, 30)
	agree(t, p, program.Limits{Rows: 600, Outputs: 600, Blocks: 30}, []*program.Batch{s.batch([]int{0, 1}, []int{500, 100}, true)}, 2e-5)
}

// Without a choice slot i takes expert i: the heads of latent attention.
func TestExpertsOfSlots(t *testing.T) {
	for _, shared := range []bool{false, true} {
		r := rand.New(rand.NewPCG(57, 58))
		const heads, cols, rows = 5, 24, 56
		xWidth := heads * cols
		if shared {
			xWidth = cols
		}
		p := rowProgram(t, r, xWidth, 1, heads*rows, func(p *program.Program, x, _, dst program.Buffer) {
			out := program.ExpertProjection{Dst: dst}
			for range heads {
				out.Experts = append(out.Experts, randomWeight(t, r, tensor.F32, rows, cols, 0.2))
			}
			p.Record(program.ExpertLinear{X: x, Choice: program.NoBuffer, Slots: heads, Out: []program.ExpertProjection{out}})
		})
		batches, l := mixedBatches(r, true)
		agree(t, p, l, batches, 1e-5)
	}
}

// Choices that name no expert, as a damaged model's may, leave what was there.
func TestChoiceOfNone(t *testing.T) {
	r := rand.New(rand.NewPCG(59, 60))
	p := rowProgram(t, r, 16, 4, 32, func(p *program.Program, x, choice, dst program.Buffer) {
		table := p.Ops[1].(program.Embed)
		table.Scale = 1e20
		p.Ops[1] = table
		out := program.ExpertProjection{Dst: dst, Experts: []*program.Weight{randomWeight(t, r, tensor.F32, 8, 16, 1)}}
		p.Record(program.ExpertLinear{X: x, Choice: choice, Slots: 4, Out: []program.ExpertProjection{out}})
	})
	batches, l := mixedBatches(r, true)
	agree(t, p, l, batches, 1e-6)
}

// Guessed rows that choose an expert must not change by which kernels it serves
// the others.
func TestGuessesChooseExperts(t *testing.T) {
	for _, typ := range []tensor.Type{tensor.F32, tensor.Q4_K, tensor.Q8_0} {
		r := rand.New(rand.NewPCG(61, uint64(typ)))
		p := expertsProgram(t, r, expertShape{experts: 4, used: 2, embedding: 256, feedForward: 256, typ: typ})
		for _, isa := range ISAs() {
			if err := ForceISA(isa); err != nil {
				t.Fatal(err)
			}
			defer ForceISA("")
			s := newSequences(r, 14, 30)
			e := compile(t, New(Options{Threads: 2}), p, program.Limits{Rows: 64, Outputs: 64, Blocks: 30})
			var order, ones []int
			for q := range 14 {
				order, ones = append(order, q), append(ones, 1)
			}
			ones[1] = 8
			b := s.batch(order, ones, true)
			b.Guessed = 7
			with := run(t, e, b)
			plain, same := &program.Batch{Tables: b.Tables}, []float32(nil)
			for i := range b.Tokens {
				if i < 2 || i > 8 {
					plain.Tokens, plain.Positions = append(plain.Tokens, b.Tokens[i]), append(plain.Positions, b.Positions[i])
					plain.Sequences = append(plain.Sequences, b.Sequences[i])
					plain.Outputs = append(plain.Outputs, int32(len(plain.Tokens)-1))
					same = append(same, with[i*256:(i+1)*256]...)
				}
			}
			if without := run(t, e, plain); !slices.Equal(same, without) {
				t.Errorf("%v on %s: rows differ by %.3g", typ, isa, difference(t, same, without))
			}
			e.Close()
		}
	}
}

// denseProgram is a feed-forward as expertsProgram's, of one expert for all.
func denseProgram(t testing.TB, r *rand.Rand, embedding, feedForward int, typ tensor.Type) *program.Program {
	return rowProgram(t, r, embedding, 1, embedding, func(p *program.Program, x, _, dst program.Buffer) {
		gate, up := p.Buffer("gate", feedForward), p.Buffer("up", feedForward)
		w := func(rows, cols int) *program.Weight {
			return randomWeight(t, r, typ, rows, cols, 1/math.Sqrt(float64(cols)))
		}
		p.Record(
			program.Linear{X: x, Out: []program.Projection{{Weight: w(feedForward, embedding), Dst: gate}, {Weight: w(feedForward, embedding), Dst: up}}},
			program.Gated{Gate: gate, Up: up, Dst: gate},
			program.Linear{X: gate, Out: []program.Projection{{Weight: w(embedding, feedForward), Dst: dst, Accumulate: true}}},
		)
	})
}

// BenchmarkExperts compares experts with a dense feed-forward of as many weights
// for each row.
func BenchmarkExperts(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	programs := map[string]*program.Program{
		"experts": expertsProgram(b, r, expertShape{experts: 64, used: 8, embedding: 2048, feedForward: 768, typ: tensor.Q4_K, alike: true}),
		"dense":   denseProgram(b, r, 2048, 8*768, tensor.Q4_K),
	}
	for _, rows := range []int{1, 4, 16, 512} {
		for name, p := range programs {
			b.Run(fmt.Sprintf("%s/rows=%d", name, rows), func(b *testing.B) {
				e := compile(b, New(Options{Threads: 2}), p, program.Limits{Rows: 512, Outputs: 1, Blocks: 17})
				batch := withoutOutputs(newSequences(r, 1, 17).batch([]int{0}, []int{rows}, false))
				for b.Loop() {
					run(b, e, batch)
				}
				weights := 3.0 * 8 * 768 * 2048
				b.ReportMetric(2*weights*float64(rows)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GOP/s")
				b.ReportMetric(weights*144/256*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s/row")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
