package arch

import "freehold/engine/program"

// stablelm is the family of StableLM 2: LayerNorm with biases, positions on a
// quarter of each head, a gated network. In the 12B the network stands beside
// attention, and every head's query and key are normalized
// (Bellagente et al., 2024).
func stablelm(r *recorder) {
	rope := r.rope(halves)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		h := b.layerNorm("attn_norm", r.x)
		q, k, v := b.queryKeyValue(h)
		if b.holds("attn_q_norm.weight") {
			b.layerNormHeads("attn_q_norm", q, b.keyDim)
			b.layerNormHeads("attn_k_norm", k, b.keyDim)
		}
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a, &h)
		b.add("attn_output", a)
		if b.holds("ffn_norm.weight") {
			h = b.layerNorm("ffn_norm", r.x)
		}
		b.add("ffn_down", b.gated(program.SiLU, h))
	}
	r.logits(r.layerNorm("output_norm", r.x), 1)
}
