package arch

import "freehold/engine/program"

// falcon is the family of Falcon 7B, 40B and 180B: attention and a plain network
// side by side, from one LayerNorm in the 7B and one each in the others
// (Almazrouei et al., 2023). Phi 1, 1.5 and 2 are made likewise, with biases and
// positions on a part of each head (Li et al., 2023).
func falcon(r *recorder) {
	rope := r.rope(halves)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		h := b.layerNorm("attn_norm", r.x)
		toAttention := h
		if b.holds("attn_norm_2.weight") {
			toAttention = b.layerNorm("attn_norm_2", r.x)
		}
		q, k, v := b.queryKeyValue(toAttention)
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a, &h)
		b.add("attn_output", a)
		b.add("ffn_down", b.ungated(program.GELU, h))
	}
	r.logits(r.layerNorm("output_norm", r.x), 1)
}
