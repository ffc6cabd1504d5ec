package arch

import "freehold/engine/program"

// graniteMoE is the family of Granite 3 MoE: a granite, with its scales of
// embeddings, branches, attention and logits, whose networks are experts, and in
// some models one more for all tokens (IBM, 2024).
func graniteMoE(r *recorder) {
	rope := r.rope(adjacent)
	branch := r.real("residual_scale", 1)
	m := r.mixture(program.GateSoftmax, true)
	m.scale *= branch
	r.embed(r.real("embedding_scale", 1))
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{Scale: float32(r.real("attention.scale", 0))})
		b.selectOutputs(&a)
		b.addScaled("attn_output", a, branch)
		h := b.rmsNorm("ffn_norm", r.x)
		b.addExperts(m, h)
		if m.shared {
			b.addSharedExpert(h, branch)
		}
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1/r.positive("logit_scale", 1))
}
