package arch

import "freehold/engine/program"

// glm4 is the family of GLM-4 9B and 32B of 2025: norms before and behind each
// half of a layer, positions on half of each head, gate and up in one matrix.
// Models that also see have positions in sections, which for text are all one
// and pair the halves of what is turned (GLM Team, 2024).
func glm4(r *recorder) {
	pairs := adjacent
	if r.has("rope.dimension_sections") {
		pairs = halves
	}
	rope := r.rope(pairs)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.addNormed("attn_output", "post_attention_norm", a)
		b.addNormed("ffn_down", "post_ffw_norm", b.gated(program.SiLU, b.rmsNorm("ffn_norm", r.x)))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
