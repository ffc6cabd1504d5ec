package arch

import "freehold/engine/program"

// olmo is the family of OLMo 1: a llama with LayerNorm that has neither gains nor
// biases; in some models queries, keys and values are bounded (Groeneveld et al.,
// 2024).
func olmo(r *recorder) {
	rope := r.rope(adjacent)
	bound := r.real("attention.clamp_kqv", 0)
	norm := func(name string, x program.Buffer) program.Buffer {
		dst := r.buffer(name, r.width(x))
		r.record(program.LayerNorm{X: x, Dst: dst, Eps: r.eps(layerEps)})
		return dst
	}
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(norm("attn_norm", r.x))
		for _, x := range []program.Buffer{q, k, v} {
			if bound > 0 {
				r.record(program.Clamp{X: x, Limit: float32(bound)})
			}
		}
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.add("ffn_down", b.gated(program.SiLU, norm("ffn_norm", r.x)))
	}
	r.logits(norm("output_norm", r.x), 1)
}
