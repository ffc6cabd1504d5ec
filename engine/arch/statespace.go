package arch

import (
	"math"

	"freehold/engine/program"
)

// Layers that keep a recurrent state instead of keys and values.

// stateSpace is the size of such a layer.
type stateSpace struct {
	kernel        int // of the convolution
	inner         int // values of all heads
	state         int // values that a state has for each of them
	heads, groups int // a group of heads shares what writes to the state and reads it
}

func (r *recorder) stateSpace() stateSpace {
	s := stateSpace{
		kernel: r.integer("ssm.conv_kernel", required, 64),
		inner:  r.integer("ssm.inner_size", required, maxWidth),
		state:  r.integer("ssm.state_size", required, maxWidth),
		heads:  r.integer("ssm.time_step_rank", required, maxHeads),
		groups: r.integer("ssm.group_count", required, maxHeads),
	}
	if s.kernel < 2 || s.inner%s.heads != 0 || s.heads%s.groups != 0 || s.inner%s.groups != 0 {
		r.fail("%d values in %d heads and %d groups with a convolution of %d do not make a state space", s.inner, s.heads, s.groups, s.kernel)
		return stateSpace{kernel: 2, inner: 1, state: 1, heads: 1, groups: 1}
	}
	return s
}

// convolve is the causal convolution of x along its sequence, with name.bias if
// there is one.
func (b *layer) convolve(name string, x program.Buffer, kernel int) program.Buffer {
	n := b.width(x)
	dst := b.buffer("convolved", n)
	b.record(program.Conv{
		X: x, Dst: dst, Kernel: kernel,
		Weight: b.vector(b.prefix+name+".weight", n*kernel),
		Bias:   b.optionalVector(b.prefix+name+".bias", n),
		State:  b.program.State(n * (kernel - 1)),
	})
	return dst
}

// part copies width values of each row of x, from first on.
func (b *layer) part(name string, x program.Buffer, first, width int) program.Buffer {
	return b.parts(name, x, first, width, width, 1)
}

// parts copies count pieces of width values, stride apart, from each row of x.
func (b *layer) parts(name string, x program.Buffer, first, stride, width, count int) program.Buffer {
	dst := b.buffer(name, width*count)
	b.record(program.Copy{X: x, Dst: dst, From: first, FromStride: stride, ToStride: width, Width: width, Count: count})
	return dst
}

// timeSteps makes a head's logits x the lengths of its steps.
func (b *layer) timeSteps(x program.Buffer) {
	b.record(
		program.AddBias{X: x, Bias: b.vector(b.prefix+"ssm_dt.bias", b.width(x))},
		program.Activate{F: program.Softplus, X: x, Dst: x},
	)
}

// mamba is a Mamba-2 layer up to its output projection (Dao & Gu, 2024).
func (b *layer) mamba(x program.Buffer, s stateSpace) program.Buffer {
	shared := s.groups * s.state
	out := b.split("ssm_in", x, []output{{"ssm_gate", s.inner}, {"ssm_in", s.inner + 2*shared}, {"ssm_dt", s.heads}})
	gate, in, delta := out[0], out[1], out[2]

	mixed := b.convolve("ssm_conv1d", in, s.kernel)
	b.record(program.Activate{F: program.SiLU, X: mixed, Dst: mixed})
	b.timeSteps(delta)
	y := b.buffer("scanned", s.inner)
	b.record(
		program.Mamba{
			X:     b.part("ssm_x", mixed, 0, s.inner),
			B:     b.part("ssm_b", mixed, s.inner, shared),
			C:     b.part("ssm_c", mixed, s.inner+shared, shared),
			Delta: delta, Dst: y,
			A: b.vector(b.prefix+"ssm_a", s.heads), D: b.vector(b.prefix+"ssm_d", s.heads),
			Heads: s.heads, HeadDim: s.inner / s.heads, Groups: s.groups, StateDim: s.state,
			State: b.program.State(s.inner * s.state),
		},
		program.Gated{F: program.SiLU, Gate: gate, Up: y, Dst: y},
	)
	if b.holds("ssm_norm.weight") {
		b.record(program.RMSNorm{
			X: y, Dst: y, Gain: b.vector(b.prefix+"ssm_norm.weight", s.inner), Group: s.inner / s.groups, Eps: b.eps(rmsEps),
		})
	}
	return y
}

// deltaNet is a gated DeltaNet layer up to its output projection (Yang et al., 2024).
func (b *layer) deltaNet(x program.Buffer, s stateSpace) program.Buffer {
	keys := s.groups * s.state
	qkv, gate := b.deltaNetInput(x, s)
	var beta, delta program.Buffer
	together := b.holds("ssm_ba.weight") // as in Qwen3-Next, whose heads of a group are neighbours
	if together {
		both, n := b.project(x, output{"ssm_ba", 2 * s.heads})[0], s.heads/s.groups
		beta = b.parts("ssm_beta", both, 0, 2*n, n, s.groups)
		delta = b.parts("ssm_alpha", both, n, 2*n, n, s.groups)
	} else {
		out := b.project(x, output{"ssm_beta", s.heads}, output{"ssm_alpha", s.heads})
		beta, delta = out[0], out[1]
	}

	mixed := b.convolve("ssm_conv1d", qkv, s.kernel)
	b.record(program.Activate{F: program.SiLU, X: mixed, Dst: mixed})
	q := b.unit(b.part("ssm_q", mixed, 0, keys), s.state)
	k := b.unit(b.part("ssm_k", mixed, keys, keys), s.state)
	v := b.part("ssm_v", mixed, 2*keys, s.inner)
	b.record(program.Activate{F: program.Sigmoid, X: beta, Dst: beta})
	b.timeSteps(delta)
	y := b.buffer("recalled", s.inner)
	b.record(program.DeltaNet{
		Q: q, K: k, V: v, Delta: delta, Beta: beta, Dst: y, A: b.vector(b.prefix+"ssm_a", s.heads),
		KeyHeads: s.groups, KeyDim: s.state, Heads: s.heads, ValueDim: s.inner / s.heads, Tiled: !together,
		State: b.program.State(s.state * s.inner),
	})
	b.rmsNormHeads("ssm_norm", y, s.inner/s.heads)
	b.record(program.Gated{F: program.SiLU, Gate: gate, Up: y, Dst: y})
	return y
}

// deltaNetInput is what goes through the convolution, queries, keys and values,
// and what gates the result. Old files have all of that in one matrix, group by
// group.
func (b *layer) deltaNetInput(x program.Buffer, s stateSpace) (qkv, gate program.Buffer) {
	keys := s.groups * s.state
	if b.holds("attn_qkv.weight") || !b.holds("ssm_in.weight") {
		out := b.project(x, output{"attn_qkv", 2*keys + s.inner}, output{"attn_gate", s.inner})
		return out[0], out[1]
	}
	all := b.project(x, output{"ssm_in", 2*keys + 2*s.inner})[0]
	n := s.inner / s.groups
	group := 2*s.state + 2*n
	qkv = b.buffer("attn_qkv", 2*keys+s.inner)
	for _, part := range []struct{ from, to, width int }{{0, 0, s.state}, {s.state, keys, s.state}, {2 * s.state, 2 * keys, n}} {
		b.record(program.Copy{
			X: all, Dst: qkv, From: part.from, FromStride: group, To: part.to, ToStride: part.width, Width: part.width, Count: s.groups,
		})
	}
	return qkv, b.parts("attn_gate", all, 2*s.state+n, group, n, s.groups)
}

// unit gives every head of x the length 1, in place.
func (b *layer) unit(x program.Buffer, head int) program.Buffer {
	gain := make([]float32, head)
	for i := range gain {
		gain[i] = float32(1 / math.Sqrt(float64(head)))
	}
	b.record(program.RMSNorm{X: x, Dst: x, Gain: gain, Group: head, Eps: b.eps(rmsEps) / float32(head)})
	return x
}
