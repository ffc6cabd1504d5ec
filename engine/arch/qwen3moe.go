package arch

import "freehold/engine/program"

// qwen3MoE is the family of Qwen 3 30B-A3B, 235B-A22B and Qwen 3 Coder: a qwen3
// with experts, whose shares add up to 1 (Yang et al., 2025).
func qwen3MoE(r *recorder) {
	m := r.mixture(program.GateSoftmax, true)
	qwen3With(r, normThenTurn, func(b *layer) { b.addExperts(m, b.rmsNorm("ffn_norm", r.x)) })
}
