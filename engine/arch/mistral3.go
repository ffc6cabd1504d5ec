package arch

import "freehold/engine/program"

// mistral3 is the family of Ministral 3, Mistral Small 3.2 and Devstral 2: a
// llama with YaRN, whose queries grow with the logarithm of the position beyond
// the context that it was first trained for.
func mistral3(r *recorder) {
	rope := r.rope(adjacent)
	temper := r.real("attention.temperature_scale", 0)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		if temper != 0 {
			r.record(program.Temper{X: q, Scale: float32(temper), Length: float32(r.originalContext())})
		}
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.add("ffn_down", b.gated(program.SiLU, b.rmsNorm("ffn_norm", r.x)))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
