package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"freehold/engine/program"
	"freehold/engine/tensor"
)

// rowProgram looks up x, y and dst per token, records an op on them, and gives
// out dst.
func rowProgram(t testing.TB, r *rand.Rand, xWidth, yWidth, width int, record func(p *program.Program, x, y, dst program.Buffer)) *program.Program {
	p := &program.Program{Vocab: width, Cache: []program.CacheLayer{{KVHeads: 1, HeadDim: 8, ValueDim: 8}}}
	x, y, dst := p.Buffer("x", xWidth), p.Buffer("y", yWidth), p.Buffer("dst", width)
	p.Logits = p.OutputBuffer("logits", width)
	p.Record(
		program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, xWidth, 3), Dst: x, Scale: 1},
		program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, yWidth, 2), Dst: y, Scale: 1},
		program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, width, 1), Dst: dst, Scale: 1},
	)
	record(p, x, y, dst)
	p.Record(program.SelectOutputs{X: dst, Dst: p.Logits})
	return p
}

var allFunctions = map[string]program.Function{
	"silu": program.SiLU, "gelu": program.GELU, "gelu-erf": program.GELUErf, "gelu-quick": program.GELUQuick,
	"relu": program.ReLU, "relu2": program.ReLU2, "sigmoid": program.Sigmoid, "tanh": program.Tanh, "softplus": program.Softplus,
}

func TestFunctions(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for name, f := range allFunctions {
		for _, width := range []int{7, 64, 133} {
			t.Run(fmt.Sprintf("%s/%d", name, width), func(t *testing.T) {
				for i, op := range []func(x, y, dst program.Buffer) program.Op{
					func(x, y, dst program.Buffer) program.Op { return program.Activate{F: f, X: x, Dst: dst} },
					func(x, y, dst program.Buffer) program.Op { return program.Gated{F: f, Gate: x, Up: y, Dst: dst} },
					func(x, y, dst program.Buffer) program.Op {
						return program.Gated{F: f, Gate: x, Up: y, Dst: dst, Limit: 2.5, Shift: 1}
					},
				} {
					p := rowProgram(t, r, width, width, width, func(p *program.Program, x, y, dst program.Buffer) { p.Record(op(x, y, dst)) })
					if i == 0 { // also far from zero
						e := p.Ops[0].(program.Embed)
						e.Scale = 12
						p.Ops[0] = e
					}
					batches, l := mixedBatches(r, true)
					agree(t, p, l, batches[:4], 2e-6)
				}
			})
		}
	}
}

// The functions keep their digits near zero and far from it.
func TestFunctionDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	const width = 96
	for name, f := range allFunctions {
		for _, size := range []float32{1e-4, 0.03, 0.3, 1, 3} {
			p := rowProgram(t, r, width, 1, width, func(p *program.Program, x, _, dst program.Buffer) {
				p.Record(program.Activate{F: f, X: x, Dst: dst})
			})
			e := p.Ops[0].(program.Embed)
			e.Scale = size / 3
			p.Ops[0] = e
			batches, l := mixedBatches(r, true)
			reference, want := compile(t, program.Reference{}, p, l), []float32(nil)
			for _, isa := range ISAs() {
				if err := ForceISA(isa); err != nil {
					t.Fatal(err)
				}
				defer ForceISA("")
				want = run(t, reference, batches[1])
				for i, got := range run(t, compile(t, New(Options{Threads: 1}), p, l), batches[1]) {
					if d := math.Abs(float64(got - want[i])); !(d <= 2e-6*math.Abs(float64(want[i]))+1e-11) {
						t.Fatalf("%s at %g on %s: %.9g, want %.9g", name, size, isa, got, want[i])
					}
				}
			}
		}
	}
}

func TestNorms(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	for _, c := range []struct{ width, group int }{{64, 0}, {100, 0}, {96, 24}, {60, 5}, {128, 128}, {33, 11}} {
		n := c.group
		if n == 0 {
			n = c.width
		}
		for name, op := range map[string]func(x, dst program.Buffer) program.Op{
			"rms": func(x, dst program.Buffer) program.Op {
				return program.RMSNorm{X: x, Dst: dst, Group: c.group, Eps: 1e-5}
			},
			"rms per group": func(x, dst program.Buffer) program.Op {
				return program.RMSNorm{X: x, Dst: dst, Group: c.group, Gain: randomVector(r, n), Eps: 1e-5}
			},
			"rms per row": func(x, dst program.Buffer) program.Op {
				return program.RMSNorm{X: x, Dst: dst, Group: c.group, Gain: randomVector(r, c.width), Eps: 1e-5}
			},
			"rms in place": func(x, dst program.Buffer) program.Op {
				return program.RMSNorm{X: dst, Dst: dst, Group: c.group, Gain: randomVector(r, n), Eps: 1e-5}
			},
			"layer": func(x, dst program.Buffer) program.Op {
				return program.LayerNorm{X: x, Dst: dst, Group: c.group, Eps: 1e-5}
			},
			"layer with gain": func(x, dst program.Buffer) program.Op {
				return program.LayerNorm{X: x, Dst: dst, Group: c.group, Gain: randomVector(r, n), Eps: 1e-5}
			},
			"layer with both": func(x, dst program.Buffer) program.Op {
				return program.LayerNorm{X: x, Dst: dst, Group: c.group, Gain: randomVector(r, c.width), Bias: randomVector(r, n), Eps: 1e-5}
			},
			"l2": func(x, dst program.Buffer) program.Op {
				return program.L2Norm{X: x, Dst: dst, Group: c.group, Eps: 1e-6}
			},
			"l2 small": func(x, dst program.Buffer) program.Op {
				return program.L2Norm{X: x, Dst: dst, Group: c.group, Eps: 100}
			},
		} {
			t.Run(fmt.Sprintf("%s/%d in %d", name, c.width, c.group), func(t *testing.T) {
				p := rowProgram(t, r, c.width, 1, c.width, func(p *program.Program, x, _, dst program.Buffer) { p.Record(op(x, dst)) })
				batches, l := mixedBatches(r, true)
				agree(t, p, l, batches[:4], 2e-6)
			})
		}
	}
}

func TestElementOps(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	for _, width := range []int{6, 48, 90} {
		for name, c := range map[string]struct {
			x, y int
			ops  func(p *program.Program, x, y, dst program.Buffer) []program.Op
		}{
			"add": {width, 1, func(_ *program.Program, x, _, dst program.Buffer) []program.Op {
				return []program.Op{program.Add{X: x, Dst: dst, Scale: 0.375}}
			}},
			"bias": {width, 1, func(_ *program.Program, _, _, dst program.Buffer) []program.Op {
				return []program.Op{program.AddBias{X: dst, Bias: randomVector(r, width)}}
			}},
			"multiply":        {width, width, multiply},
			"multiply pieces": {width, width / 3, multiply},
			"multiply by one": {width, 1, multiply},
			"multiply by self": {width, 1, func(_ *program.Program, x, _, dst program.Buffer) []program.Op {
				return []program.Op{program.Multiply{X: x, By: dst, Dst: dst}}
			}},
			"scale": {1, 1, func(_ *program.Program, _, _, dst program.Buffer) []program.Op {
				return []program.Op{program.Scale{X: dst, Factor: -1.75}}
			}},
			"clamp": {1, 1, func(_ *program.Program, _, _, dst program.Buffer) []program.Op {
				return []program.Op{program.Clamp{X: dst, Limit: 0.5}}
			}},
			"softcap": {1, 1, func(_ *program.Program, _, _, dst program.Buffer) []program.Op {
				return []program.Op{program.Softcap{X: dst, Cap: 1.5}}
			}},
			"copy": {3 * width, 1, func(_ *program.Program, x, _, dst program.Buffer) []program.Op {
				return []program.Op{program.Copy{X: x, Dst: dst, From: 1, FromStride: 5, To: 2, ToStride: 2, Width: 2, Count: width/2 - 1}}
			}},
			"copy apart": {width, 1, func(_ *program.Program, x, _, dst program.Buffer) []program.Op {
				return []program.Op{program.Copy{X: x, Dst: dst, To: 1, Width: width - 2, Count: 1}}
			}},
			"combine": {4 * width, 4, func(_ *program.Program, x, y, dst program.Buffer) []program.Op {
				return []program.Op{program.Combine{X: x, Share: y, Dst: dst}}
			}},
			"combine anew": {3 * width, 3, func(_ *program.Program, x, y, dst program.Buffer) []program.Op {
				return []program.Op{program.Combine{X: x, Share: y, Dst: dst, Set: true}}
			}},
			"softmax": {1, 1, func(_ *program.Program, _, _, dst program.Buffer) []program.Op {
				return []program.Op{program.Softmax{X: dst}}
			}},
			"temper": {1, 1, func(_ *program.Program, _, _, dst program.Buffer) []program.Op {
				return []program.Op{program.Temper{X: dst, Scale: 0.3, Length: 20, Offset: 1}}
			}},
			"rope": {1, 1, func(p *program.Program, _, _, dst program.Buffer) []program.Op {
				p.Ropes = []program.RopeTable{ropeTable(1, false), ropeTable(1, true)}
				return []program.Op{
					program.Rope{X: dst, Heads: 2, HeadDim: width / 2, Offset: width/2 - 2},
					program.Rope{X: dst, Heads: 1, HeadDim: width, Offset: 3, Table: 1},
				}
			}},
			"positions": {1, 1, func(_ *program.Program, _, _, dst program.Buffer) []program.Op {
				return []program.Op{
					program.Embed{Table: randomWeight(t, r, tensor.F32, 200, width, 1), Dst: dst, Scale: 1.5, Positions: true, Accumulate: true},
					program.Embed{Table: randomWeight(t, r, tensor.F16, vocabulary+7, width, 1), Dst: dst, Scale: 0.5, Accumulate: true},
				}
			}},
		} {
			t.Run(fmt.Sprintf("%s/%d", name, width), func(t *testing.T) {
				p := rowProgram(t, r, c.x, c.y, width, func(p *program.Program, x, y, dst program.Buffer) { p.Record(c.ops(p, x, y, dst)...) })
				batches, l := mixedBatches(r, true)
				agree(t, p, l, batches, 3e-6)
			})
		}
	}
}

func multiply(_ *program.Program, x, y, dst program.Buffer) []program.Op {
	return []program.Op{program.Multiply{X: x, By: y, Dst: dst}}
}

func TestMeanPool(t *testing.T) {
	r := rand.New(rand.NewPCG(29, 30))
	for _, width := range []int{5, 64} {
		p := rowProgram(t, r, width, 1, width, func(*program.Program, program.Buffer, program.Buffer, program.Buffer) {})
		p.Ops[len(p.Ops)-1] = program.MeanPool{X: 0, Dst: p.Logits}
		for _, all := range []bool{true, false} {
			batches, l := mixedBatches(r, all)
			agree(t, p, l, batches, 1e-6)
		}
	}
}

// Routers choose the same experts as the reference, with the same shares.
func TestRoute(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	for i, c := range []struct {
		experts int
		o       program.Route
		bias    bool
	}{
		{8, program.Route{Used: 2, Gating: program.GateSoftmax, Normalize: true}, false},
		{60, program.Route{Used: 4, Gating: program.GateSoftmax}, false},
		{32, program.Route{Used: 4, Gating: program.GateSoftmaxChosen}, true},
		{64, program.Route{Used: 6, Gating: program.GateSigmoid, Groups: 8, GroupsUsed: 3, Normalize: true, Scale: 2.5}, true},
		{16, program.Route{Used: 1, Gating: program.GateSigmoid, Scale: 0.5}, false},
		{5, program.Route{Used: 5, Gating: program.GateSoftmax, Groups: 1}, true},
		{12, program.Route{Used: 4, Gating: program.GateSoftmax, Groups: 6, GroupsUsed: 2}, false},
	} {
		for _, share := range []bool{false, true} {
			t.Run(fmt.Sprint(i, share), func(t *testing.T) {
				p := rowProgram(t, r, c.experts, c.o.Used, c.o.Used, func(p *program.Program, x, y, dst program.Buffer) {
					o := c.o
					o.Logits, o.Choice, o.Share = x, y, dst
					if share {
						o.Choice, o.Share = dst, y
					}
					if c.bias {
						o.Bias = randomVector(r, c.experts)
					}
					p.Record(o)
				})
				batches, l := mixedBatches(r, true)
				agree(t, p, l, batches, 1e-6)
			})
		}
	}
}

// A projection's scale stands between the product and the bias.
func TestScaledProjections(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	w := func() *program.Weight { return randomWeight(t, r, tensor.F32, 40, 40, 0.15) }
	p := rowProgram(t, r, 40, 40, 40, func(p *program.Program, x, y, dst program.Buffer) {
		p.Record(
			program.Linear{X: x, Out: []program.Projection{
				{Weight: w(), Scale: 0.5, Dst: y},
				{Weight: w(), Scale: 3, Bias: randomVector(r, 40), Dst: dst, Accumulate: true},
				{Weight: w(), Scale: 2, Dst: dst, Accumulate: true},
				{Weight: w(), Scale: 1, Dst: dst, Accumulate: true},
			}},
			program.Linear{X: y, Out: []program.Projection{{Weight: w(), Scale: 0.25, Bias: randomVector(r, 40), Dst: x}}},
			program.Linear{X: x, Out: []program.Projection{{Weight: w(), Dst: dst, Accumulate: true}}},
		)
	})
	batches, l := mixedBatches(r, true)
	agree(t, p, l, batches, 1e-5)
}
