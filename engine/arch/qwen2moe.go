package arch

import "freehold/engine/program"

// qwen2MoE is the family of Qwen 1.5 MoE and Qwen 2 MoE: a qwen2 with many small
// experts, whose shares are not made to add up to 1, and one for all tokens
// behind a gate of its own (Qwen team, 2024).
func qwen2MoE(r *recorder) {
	rope := r.rope(halves)
	m := r.mixture(program.GateSoftmax, false)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		h := b.rmsNorm("ffn_norm", r.x)
		b.addExperts(m, h)
		b.addSharedExpert(h, 1)
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
