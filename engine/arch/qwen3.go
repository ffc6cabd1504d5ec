package arch

import "freehold/engine/program"

// qwen3 is the family of Qwen 3 and its embedding models: a qwen2 without
// biases that normalizes every head's query and key before it is turned, with
// heads as wide as the file says (Yang et al., 2025).
func qwen3(r *recorder) {
	rope := r.rope(halves)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rmsNormHeads("attn_q_norm", q, b.keyDim)
		b.rmsNormHeads("attn_k_norm", k, b.keyDim)
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.add("ffn_down", b.gated(program.SiLU, b.rmsNorm("ffn_norm", r.x)))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
