package arch

import "freehold/engine/program"

// minimaxM2 is the family of MiniMax M2: queries and keys are normalized over
// all heads at once, only part of each head is turned, experts are chosen by a
// sigmoid with a bias (MiniMax, 2025).
func minimaxM2(r *recorder) {
	rope := r.rope(halves)
	m := r.mixture(r.gating(program.GateSigmoid), true)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rmsNormInPlace("attn_q_norm", q)
		b.rmsNormInPlace("attn_k_norm", k)
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.addExperts(m, b.rmsNorm("ffn_norm", r.x))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
