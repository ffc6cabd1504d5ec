package arch

import "freehold/engine/program"

// hunyuanMoE is the family of Hunyuan A13B: every head's query and key is
// normalized after it has been turned; one expert is for all tokens
// (Tencent, 2025).
func hunyuanMoE(r *recorder) {
	rope := r.rope(halves)
	m := r.mixture(program.GateSoftmax, true)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		b.rmsNormHeads("attn_q_norm", q, b.keyDim)
		b.rmsNormHeads("attn_k_norm", k, b.keyDim)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		h := b.rmsNorm("ffn_norm", r.x)
		b.addExperts(m, h)
		b.addSharedExpert(h, 1)
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
