package arch

import "freehold/engine/program"

// glm4MoE is the family of GLM 4.5, 4.6 and their Air models: only part of each
// head is turned, the first layers are dense, and experts are chosen by a
// sigmoid with a bias, beside one for all tokens (GLM-4.5 Team, 2025). Files
// call the norm of the second half post_attention_norm.
func glm4MoE(r *recorder) {
	rope := r.rope(halves)
	m := r.mixture(r.gating(program.GateSigmoid), r.truth("expert_weights_norm", false))
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		if b.holds("attn_q_norm.weight") {
			b.rmsNormHeads("attn_q_norm", q, b.keyDim)
			b.rmsNormHeads("attn_k_norm", k, b.keyDim)
		}
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.addMixed(m, b.rmsNorm("post_attention_norm", r.x))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
