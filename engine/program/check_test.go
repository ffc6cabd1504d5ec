package program

import (
	"strings"
	"testing"

	"freehold/engine/tensor"
)

// TestCheckOps gives ops that reach outside their buffers, weights or states.
func TestCheckOps(t *testing.T) {
	p := &Program{Cache: []CacheLayer{{KVHeads: 2, HeadDim: 4, ValueDim: 2}}, Ropes: []RopeTable{{Freqs: []float32{1, 1}}}}
	one, two, four, eight := p.Buffer("one", 1), p.Buffer("two", 2), p.Buffer("four", 4), p.Buffer("eight", 8)
	out := p.OutputBuffer("out", 8)
	p.State(6)
	p.State(16)
	w := func(rows, cols int) *Weight {
		return &Weight{Name: "w", Type: tensor.F32, Rows: rows, Cols: cols, Data: make([]byte, 4*rows*cols)}
	}
	experts := []*Weight{w(4, 8), w(4, 8), w(4, 8)}
	three := []float32{1, 2, 3}
	for _, c := range []struct {
		want string // part of the error, "" for none
		op   Op
	}{
		{"", RMSNorm{X: eight, Dst: eight, Group: 2, Gain: []float32{1, 2}}},
		{"", LayerNorm{X: eight, Dst: eight}},
		{"groups of 3", RMSNorm{X: eight, Dst: eight, Group: 3}},
		{"3 parameters", LayerNorm{X: eight, Dst: eight, Group: 4, Bias: three}},
		{"8 wide, not 4", L2Norm{X: four, Dst: eight}},
		{"", ExpertLinear{X: eight, Choice: two, Slots: 2, Out: []ExpertProjection{{Experts: experts, Dst: p.Buffer("slots", 8)}}}},
		{"3 experts for 2 slots", ExpertLinear{X: eight, Choice: NoBuffer, Slots: 2, Out: []ExpertProjection{{Experts: experts, Dst: eight}}}},
		{"overwrite its own input", ExpertLinear{X: eight, Choice: two, Slots: 2, Out: []ExpertProjection{{Experts: experts, Dst: eight}}}},
		{"is 1 wide, not 2", ExpertLinear{X: eight, Choice: one, Slots: 2, Out: []ExpertProjection{{Experts: experts, Dst: eight}}}},
		{"differ", ExpertLinear{X: eight, Choice: two, Slots: 2, Out: []ExpertProjection{{Experts: []*Weight{w(4, 8), w(3, 8)}, Dst: eight}}}},
		{"", Route{Logits: eight, Choice: two, Share: two, Used: 2, Gating: GateSigmoid, Groups: 4, GroupsUsed: 2}},
		{"9 of 8", Route{Logits: eight, Choice: two, Share: two, Used: 9, Gating: GateSigmoid}},
		{"gating 0", Route{Logits: eight, Choice: two, Share: two, Used: 2}},
		{"in 3 of 4 groups", Route{Logits: eight, Choice: eight, Share: eight, Used: 8, Gating: GateSigmoid, Groups: 4, GroupsUsed: 3}},
		{"", Combine{X: eight, Share: two, Dst: four}},
		{"is 4 wide, not 8", Combine{X: four, Share: two, Dst: four}},
		{"", Rope{X: eight, Heads: 2, HeadDim: 4}},
		{"heads of 4", Rope{X: eight, Heads: 2, HeadDim: 4, Offset: 1}},
		{"length of 0", Temper{X: eight}},
		{"", StoreKV{K: eight, V: four}},
		{"is 8 wide, not 4", StoreKV{K: eight, V: eight}},
		{"", Attention{Q: eight, Dst: four, Heads: 2}},
		{"3 sinks", Attention{Q: eight, Dst: four, Heads: 2, Sinks: three}},
		{"evenly", Attention{Q: eight, Dst: four, Heads: 3}},
		{"window of -1", Attention{Q: eight, Dst: four, Heads: 2, Window: -1}},
		{"unknown function", Activate{F: functions, X: eight, Dst: eight}},
		{"unknown function", Gated{F: -1, Gate: eight, Up: eight, Dst: eight}},
		{"", Multiply{X: eight, By: two, Dst: eight}},
		{"do not divide", Multiply{X: two, By: eight, Dst: two}},
		{"differ in their rows", Multiply{X: out, By: two, Dst: out}},
		{"a cap of 0", Softcap{X: eight}},
		{"does not exist", Scale{X: 99}},
		{"", Copy{X: eight, Dst: four, From: 1, FromStride: 4, To: 0, ToStride: 2, Width: 2, Count: 2}},
		{"do not fit", Copy{X: eight, Dst: four, From: 3, FromStride: 4, To: 0, ToStride: 2, Width: 2, Count: 2}},
		{"do not fit", Copy{X: eight, Dst: four, From: 0, Width: 0, Count: 1}},
		{"do not fit", Copy{X: eight, Dst: eight, Width: 2, Count: 1}},
		{"", MeanPool{X: eight, Dst: out}},
		{"not a selection", MeanPool{X: eight, Dst: eight}},
		{"", Conv{X: two, Dst: p.Buffer("convolved", 2), Kernel: 4, Weight: make([]float32, 8)}},
		{"7 weights", Conv{X: two, Dst: one, Kernel: 4, Weight: make([]float32, 7)}},
		{"state 5", Conv{X: two, Dst: p.Buffer("other", 2), Kernel: 4, Weight: make([]float32, 8), State: 5}},
		{"", DeltaNet{Q: four, K: four, V: four, Delta: two, Beta: two, Dst: four, A: three[:2], KeyHeads: 1, KeyDim: 4, Heads: 2, ValueDim: 2, State: 1}},
		{"3 parameters", DeltaNet{Q: four, K: four, V: four, Delta: two, Beta: two, Dst: four, A: three, KeyHeads: 1, KeyDim: 4, Heads: 2, ValueDim: 2, State: 1}},
		{"", Mamba{X: four, B: four, C: four, Delta: two, Dst: four, A: three[:2], D: three[:2], Heads: 2, HeadDim: 2, Groups: 1, StateDim: 4, State: 1}},
		{"does not hold", Mamba{X: four, B: four, C: four, Delta: two, Dst: four, A: three[:2], D: three[:2], Heads: 2, HeadDim: 2, Groups: 1, StateDim: 4}},
	} {
		err := p.check(c.op)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.op, err, c.want)
		}
	}
}
