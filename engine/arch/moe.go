package arch

import (
	"fmt"
	"strings"

	"freehold/engine/program"
)

// Mixtures of experts: a router gives every expert of a layer a probability, a
// few are chosen for each token, and what they compute is added up by shares
// (Shazeer et al., 2017).

// maxExperts is as many as llama.cpp allows.
const maxExperts = 512

// mixture says how experts are chosen and what they compute.
type mixture struct {
	experts, used int
	gating        program.Gating
	normalize     bool    // shares add up to 1
	scale         float64 // of shares
	groups, open  int     // experts are in groups, of which a few are open to choice
	f             program.Function
	limit, shift  float32 // as in program.Gated
	plain         bool    // f(up) instead of f(gate) × up
	shared        bool    // one more expert is for all tokens
	dense, every  int     // the first layers are dense, and all but every so manyth
}

// mixture reads how many experts there are and how many of them a token uses.
func (r *recorder) mixture(gating program.Gating, normalize bool) mixture {
	m := mixture{
		experts: r.integer("expert_count", required, maxExperts),
		gating:  gating, normalize: normalize,
		scale:  1,
		groups: r.count("expert_group_count", maxExperts),
		open:   r.count("expert_group_used_count", maxExperts),
		shared: r.count("expert_shared_count", maxExperts) > 0 || r.count("expert_shared_feed_forward_length", maxWidth) > 0,
		dense:  r.count("leading_dense_block_count", maxLayers),
		every:  max(1, r.count("interleave_moe_layer_step", maxLayers)),
	}
	m.used = r.integer("expert_used_count", required, m.experts)
	if scale := r.real("expert_weights_scale", 0); scale != 0 {
		m.scale = scale
	}
	return m
}

// gating is how the file says that logits become probabilities.
func (r *recorder) gating(fallback program.Gating) program.Gating {
	if g := r.count("expert_gating_func", 3); g > 0 {
		return program.Gating(g)
	}
	return fallback
}

// addMixed is the residual stream += a dense network in layers that have one, and
// experts, with the one for all tokens if there is one, in the others.
func (b *layer) addMixed(m mixture, x program.Buffer) {
	if m.isDense(b.index) {
		b.add("ffn_down", b.gated(program.SiLU, x))
		return
	}
	b.addExperts(m, x)
	if m.shared {
		b.addSharedExpert(x, 1)
	}
}

// isDense says whether layer i has no experts.
func (m mixture) isDense(i int) bool { return i < m.dense || (i+1)%m.every != 0 }

// addExperts is the residual stream += what the experts chosen for x make of it.
func (b *layer) addExperts(m mixture, x program.Buffer) {
	choice, share := b.route(m, b.project(x, output{"ffn_gate_inp", m.experts})[0])
	b.record(program.Combine{X: b.experts(m, x, choice), Share: share, Dst: b.x})
}

// mixed is what the experts chosen by the router's logits make of x together.
func (b *layer) mixed(m mixture, x, logits program.Buffer) program.Buffer {
	choice, share := b.route(m, logits)
	dst := b.buffer("mixed experts", b.width(x))
	b.record(program.Combine{X: b.experts(m, x, choice), Share: share, Dst: dst, Set: true})
	return dst
}

// route chooses experts by the router's logits.
func (b *layer) route(m mixture, logits program.Buffer) (choice, share program.Buffer) {
	choice, share = b.buffer("chosen experts", m.used), b.buffer("shares of experts", m.used)
	b.record(program.Route{
		Logits: logits, Choice: choice, Share: share,
		Used: m.used, Gating: m.gating, Normalize: m.normalize, Scale: float32(m.scale),
		Groups: m.groups, GroupsUsed: m.open,
		Bias: b.optionalVector(b.prefix+"exp_probs_b.bias", m.experts),
	})
	return choice, share
}

// experts is what the chosen experts make of x, each in a slot of its own. Gates
// and the other half are tensors of their own or one, the gates first.
func (b *layer) experts(m mixture, x, choice program.Buffer) program.Buffer {
	width, cols := b.inputs("ffn_down_exps", "ffn_down.0"), b.width(x)
	up, dst := b.buffer("ffn_up_exps", m.used*width), b.buffer("ffn_down_exps", m.used*cols)
	gate := up
	inner := program.ExpertLinear{X: x, Choice: choice, Slots: m.used}
	switch {
	case m.plain:
		inner.Out = []program.ExpertProjection{b.stack("ffn_up_exps", m.experts, width, cols, up)}
		b.record(inner, program.Activate{F: m.f, X: up, Dst: up})
	case b.holds("ffn_gate_up_exps.weight"):
		gate = b.buffer("ffn_gate_exps", m.used*width)
		both := b.stack("ffn_gate_up_exps", m.experts, 2*width, cols, gate)
		inner.Out = []program.ExpertProjection{b.rowsOfEach(both, 0, width, gate), b.rowsOfEach(both, width, width, up)}
	default:
		gate = b.buffer("ffn_gate_exps", m.used*width)
		inner.Out = []program.ExpertProjection{
			b.stack("ffn_gate_exps", m.experts, width, cols, gate), b.stack("ffn_up_exps", m.experts, width, cols, up),
		}
	}
	if !m.plain {
		b.record(inner, program.Gated{F: m.f, Gate: gate, Up: up, Dst: gate, Limit: m.limit, Shift: m.shift})
	}
	b.record(program.ExpertLinear{X: gate, Choice: choice, Slots: m.used, Out: []program.ExpertProjection{
		b.stack("ffn_down_exps", m.experts, cols, width, dst),
	}})
	return dst
}

// addSharedExpert is the residual stream += scale × what the expert of all
// tokens makes of x, times the share that its gate gives it, if it has one.
func (b *layer) addSharedExpert(x program.Buffer, scale float64) {
	inner := b.gatedAs("_shexp", program.SiLU, x, b.inputs("ffn_down_shexp"))
	if !b.holds("ffn_gate_inp_shexp.weight") {
		b.addScaled("ffn_down_shexp", inner, scale)
		return
	}
	share := b.project(x, output{"ffn_gate_inp_shexp", 1})[0]
	y := b.project(inner, output{"ffn_down_shexp", b.Embedding})[0]
	b.record(
		program.Activate{F: program.Sigmoid, X: share, Dst: share},
		program.Multiply{X: y, By: share, Dst: y},
		program.Add{X: y, Dst: b.x, Scale: float32(scale)},
	)
}

// inputs is how many values the first of these weights that the file has takes.
func (b *layer) inputs(names ...string) int {
	for _, name := range names {
		if t, ok := b.file.Tensor(b.prefix + name + ".weight"); ok {
			if n := t.Shape[0]; n <= maxWidth {
				return n
			}
			b.fail("tensor %s has shape %v, with rows of more than %d values", t.Name, t.Shape, maxWidth)
			return 1
		}
	}
	b.fail("tensor %s%s.weight is missing; the file is incomplete", b.prefix, names[0])
	return 1
}

// stack claims the weights of n experts, each [rows][cols], with their biases
// and scales if there are such: one tensor, or in old files one for each, as
// ffn_up.7 of ffn_up_exps.
func (b *layer) stack(name string, n, rows, cols int, dst program.Buffer) program.ExpertProjection {
	full := b.prefix + name
	p := program.ExpertProjection{Dst: dst, Scale: b.optionalVector(full+".scale", n), Experts: make([]*program.Weight, n)}
	if bias := b.optionalVector(full+".bias", n*rows); bias != nil {
		for i := range n {
			p.Bias = append(p.Bias, bias[i*rows:(i+1)*rows])
		}
	}
	single := func(i int) string { return fmt.Sprintf("%s.%d.weight", strings.TrimSuffix(full, "_exps"), i) }
	if b.recorder.holds(single(0)) {
		for i := range n {
			p.Experts[i] = b.matrix(single(i), rows, cols)
		}
		return p
	}
	all := &program.Weight{Name: full + ".weight"}
	if t, ok := b.claim(all.Name, cols, rows, n); ok {
		*all = program.Weight{Name: t.Name, Type: t.Type, Rows: rows * n, Cols: cols, Data: t.Data}
	}
	for i := range n {
		p.Experts[i] = b.rows(all, i*rows, rows)
	}
	return p
}

// rowsOfEach is the part of every expert from row first on, count rows.
func (b *layer) rowsOfEach(p program.ExpertProjection, first, count int, dst program.Buffer) program.ExpertProjection {
	part := program.ExpertProjection{Dst: dst, Scale: p.Scale}
	for i, w := range p.Experts {
		part.Experts = append(part.Experts, b.rows(w, first, count))
		if p.Bias != nil {
			part.Bias = append(part.Bias, p.Bias[i][first:first+count])
		}
	}
	return part
}
