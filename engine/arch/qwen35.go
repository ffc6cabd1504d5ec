package arch

import "freehold/engine/program"

// qwen35 is the family of Qwen 3.5 and 3.6: most layers are gated DeltaNets
// with a recurrent state, every fourth attends, with a gate on what it finds
// (Yang et al., 2024; Qwen team, 2026). The rotary positions come in sections
// for time, height and width, which are one and the same in text.
func qwen35(r *recorder) {
	qwen35With(r, func(b *layer) {
		b.add("ffn_down", b.gated(program.SiLU, b.rmsNorm("post_attention_norm", b.x)))
	})
}

// qwen35MoE is a qwen35 with experts, and one for all tokens behind a gate of
// its own. Qwen3-Next, its forerunner, differs in how a layer's tensors are cut.
func qwen35MoE(r *recorder) {
	m := r.mixture(program.GateSoftmax, true)
	qwen35With(r, func(b *layer) {
		h := b.rmsNorm("post_attention_norm", b.x)
		b.addExperts(m, h)
		if b.holds("ffn_down_shexp.weight") {
			b.addSharedExpert(h, 1)
		}
	})
}

func qwen35With(r *recorder, feedForward func(b *layer)) {
	rope := r.rope(halves)
	space := r.stateSpace()
	recurrent := r.recurrentLayers()
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		x, out := b.rmsNorm("attn_norm", r.x), "ssm_out"
		if recurrent[i] {
			x = b.deltaNet(x, space)
		} else {
			x, out = b.gatedAttention(x, rope), "attn_output"
		}
		b.selectOutputs(&x)
		b.add(out, x)
		feedForward(b)
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}

// recurrentLayers says which layers keep a state: those the file lists, or all
// but every fourth.
func (r *recorder) recurrentLayers() []bool {
	if r.has("attention.recurrent_layers") {
		return r.chosen("attention.recurrent_layers", r.Layers, 0, false)
	}
	return r.chosen("full_attention_interval", r.Layers, 4, false)
}

// gatedAttention is attention in which every head's query comes with a gate.
func (b *layer) gatedAttention(x program.Buffer, rope int) program.Buffer {
	b.checkHeads()
	out := b.project(x, output{"attn_q", 2 * b.heads * b.keyDim}, output{"attn_k", b.kvHeads * b.keyDim},
		output{"attn_v", b.kvHeads * b.valueDim})
	both, k, v := out[0], out[1], out[2]
	q := b.parts("query", both, 0, 2*b.keyDim, b.keyDim, b.heads)
	gate := b.parts("query gate", both, b.keyDim, 2*b.keyDim, b.keyDim, b.heads)
	b.rmsNormHeads("attn_q_norm", q, b.keyDim)
	b.rmsNormHeads("attn_k_norm", k, b.keyDim)
	b.rotate(rope, q, k)
	a := b.attend(q, k, v, program.Attention{Scale: float32(b.real("attention.scale", 0))})
	b.record(program.Gated{F: program.Sigmoid, Gate: gate, Up: a, Dst: a})
	return a
}
