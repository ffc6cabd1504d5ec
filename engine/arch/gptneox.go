package arch

import "freehold/engine/program"

// gptNeoX is the family of GPT-NeoX 20B, Pythia and the first StableLM: biases
// everywhere, positions on a part of each head, and in most models a plain
// network beside attention, both with a LayerNorm of their own on the layer's
// input (Black et al., 2022).
func gptNeoX(r *recorder) {
	rope := r.rope(halves)
	parallel := r.truth("use_parallel_residual", true)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.layerNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		if parallel {
			h := b.layerNorm("ffn_norm", r.x)
			b.add("attn_output", a)
			b.add("ffn_down", b.ungated(program.GELU, h))
			continue
		}
		b.add("attn_output", a)
		b.add("ffn_down", b.ungated(program.GELU, b.layerNorm("ffn_norm", r.x)))
	}
	r.logits(r.layerNorm("output_norm", r.x), 1)
}
