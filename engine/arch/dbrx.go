package arch

import "freehold/engine/program"

// dbrx is the family of DBRX: LayerNorm without biases, queries, keys and values
// from one matrix and bounded, sixteen experts (Databricks, 2024). Files call the
// norm of the second half attn_output_norm.
func dbrx(r *recorder) {
	rope := r.rope(halves)
	m := r.mixture(program.GateSoftmax, true)
	bound := float32(r.needReal("attention.clamp_kqv"))
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.layerNorm("attn_norm", r.x))
		for _, x := range []program.Buffer{q, k, v} {
			b.record(program.Clamp{X: x, Limit: bound})
		}
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.addExperts(m, b.layerNorm("attn_output_norm", r.x))
	}
	r.logits(r.layerNorm("output_norm", r.x), 1)
}
