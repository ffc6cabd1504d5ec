package arch

import "freehold/engine/program"

// phiMoE is the family of Phi-3.5 MoE: norms and projections with biases, and
// experts whose choice stands in for the SparseMixer that the model was trained
// with (Abdin et al., 2024).
func phiMoE(r *recorder) {
	m := r.mixture(program.GateSoftmax, true)
	llamaWith(r, halves, func(b *layer) { b.addExperts(m, b.rmsNorm("ffn_norm", r.x)) })
}
