package arch

import "freehold/engine/program"

// llama is the family of Llama 2, 3 and 3.x, CodeLlama, Mistral, Yi, TinyLlama,
// SmolLM2 and all who copied them: RMSNorm before each half of a layer, grouped
// query attention with rotary positions on adjacent pairs, SwiGLU, optional
// biases, an output matrix of its own or tied to the embedding
// (Touvron et al., 2023; Grattafiori et al., 2024).
func llama(r *recorder) {
	if n := r.count("expert_count", maxWidth); n > 0 {
		r.fail("this is a mixture of %d experts (Mixtral), which is not supported", n)
	}
	llamaWith(r, adjacent)
}

// qwen2 is the family of Qwen 2 and 2.5: a llama with biases on queries, keys
// and values, and rotary positions that pair the two halves of a head
// (Yang et al., 2024).
func qwen2(r *recorder) { llamaWith(r, halves) }

func llamaWith(r *recorder, p pairing) {
	rope := r.rope(p)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.add("ffn_down", b.gated(program.SiLU, b.rmsNorm("ffn_norm", r.x)))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
