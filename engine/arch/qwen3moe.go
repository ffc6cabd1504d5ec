package arch

import "freehold/engine/program"

// qwen3MoE is the family of Qwen 3 30B-A3B, 235B-A22B and Qwen 3 Coder: a qwen3
// with experts, whose shares add up to 1 (Yang et al., 2025).
func qwen3MoE(r *recorder) {
	rope := r.rope(halves)
	m := r.mixture(program.GateSoftmax, true)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rmsNormHeads("attn_q_norm", q, b.keyDim)
		b.rmsNormHeads("attn_k_norm", k, b.keyDim)
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.addExperts(m, b.rmsNorm("ffn_norm", r.x))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
