package arch

import "freehold/engine/program"

// smollm3 is SmolLM3: a llama in which every fourth layer goes without positions
// (Bakouch et al., 2025; Yang et al., 2025).
func smollm3(r *recorder) {
	rope := r.rope(adjacent)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		if (i+1)%4 != 0 {
			b.rotate(rope, q, k)
		}
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.add("ffn_down", b.gated(program.SiLU, b.rmsNorm("ffn_norm", r.x)))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
