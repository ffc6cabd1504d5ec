package arch

import "freehold/engine/program"

// graniteMoE is the family of Granite 3 MoE: a granite, with its scales of
// embeddings, branches, attention and logits, whose networks are experts, and in
// some models one more for all tokens (IBM, 2024).
func graniteMoE(r *recorder) {
	s := r.graniteScales()
	m := r.mixture(program.GateSoftmax, true)
	m.scale *= s.residual
	scaledLlama(r, s, r.truth("rope.scaling.finetuned", true), func(b *layer) {
		h := b.rmsNorm("ffn_norm", r.x)
		b.addExperts(m, h)
		if b.holds("ffn_down_shexp.weight") {
			b.addSharedExpert(h, s.residual)
		}
	})
}
