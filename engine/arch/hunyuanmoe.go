package arch

import "freehold/engine/program"

// hunyuanMoE is the family of Hunyuan A13B: every head's query and key is
// normalized after it has been turned; one expert is for all tokens
// (Tencent, 2025).
func hunyuanMoE(r *recorder) {
	m := r.mixture(program.GateSoftmax, true)
	qwen3With(r, turnThenNorm, func(b *layer) {
		h := b.rmsNorm("ffn_norm", r.x)
		b.addExperts(m, h)
		b.addSharedExpert(h, 1)
	})
}
