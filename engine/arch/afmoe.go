package arch

import (
	"math"

	"freehold/engine/program"
)

// afMoE is the family of Arcee's Trinity: norms before and behind both halves of
// a layer, a gate on what attention finds, three layers of four with a window and
// every fourth without positions, experts chosen by a sigmoid with a bias, beside
// one for all tokens (Arcee AI, 2025).
func afMoE(r *recorder) {
	rope := r.rope(halves)
	m := r.mixture(r.gating(program.GateSigmoid), r.truth("expert_weights_norm", false))
	windows := r.windows(0, 4)
	r.embed(math.Sqrt(float64(r.Embedding)))
	for i := range r.Layers {
		b := r.layer(i)
		h := b.rmsNorm("attn_norm", r.x)
		q, k, v := b.queryKeyValue(h)
		gate := b.project(h, output{"attn_gate", b.heads * b.valueDim})[0]
		b.rmsNormHeads("attn_q_norm", q, b.keyDim)
		b.rmsNormHeads("attn_k_norm", k, b.keyDim)
		if i%4 != 3 {
			b.rotate(rope, q, k)
		}
		a := b.attend(q, k, v, program.Attention{Window: windows[i]})
		b.record(program.Gated{F: program.Sigmoid, Gate: gate, Up: a, Dst: a})
		b.selectOutputs(&a)
		b.addNormed("attn_output", "post_attention_norm", a)
		h = b.rmsNorm("ffn_norm", r.x)
		if m.isDense(i) {
			b.addNormed("ffn_down", "post_ffw_norm", b.gated(program.SiLU, h))
			continue
		}
		y := b.mixed(m, h, b.project(h, output{"ffn_gate_inp", m.experts})[0])
		if m.shared {
			inner := b.gatedAs("_shexp", program.SiLU, h, b.inputs("ffn_down_shexp"))
			b.record(program.Add{X: b.project(inner, output{"ffn_down_shexp", r.Embedding})[0], Dst: y, Scale: 1})
		}
		b.rmsNormInPlace("post_ffw_norm", y)
		b.record(program.Add{X: y, Dst: r.x, Scale: 1})
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
