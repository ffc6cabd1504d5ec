package arch

import "freehold/engine/program"

// arctic is the family of Snowflake Arctic: a dense network, as wide as the
// residual stream, and beside it 128 experts, who see the layer's input from
// before attention (Snowflake, 2024).
func arctic(r *recorder) {
	rope := r.rope(adjacent)
	m := r.mixture(program.GateSoftmax, true)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		early := b.rmsNorm("ffn_norm_exps", r.x)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a, &early)
		b.add("attn_output", a)
		b.add("ffn_down", b.gatedAs("", program.SiLU, b.rmsNorm("ffn_norm", r.x), r.Embedding))
		b.addExperts(m, early)
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
