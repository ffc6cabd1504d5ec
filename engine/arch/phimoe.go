package arch

import "freehold/engine/program"

// phiMoE is the family of Phi-3.5 MoE: norms and projections with biases, and
// experts whose choice stands in for the SparseMixer that the model was trained
// with (Abdin et al., 2024).
func phiMoE(r *recorder) {
	rope := r.rope(halves)
	m := r.mixture(program.GateSoftmax, true)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.addExperts(m, b.rmsNorm("ffn_norm", r.x))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
