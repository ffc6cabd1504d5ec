package arch

import "freehold/engine/program"

// olmo2 is the family of OLMo 2 and 3: it normalizes what the halves of a layer
// give rather than what they take, and queries and keys as a whole. In OLMo 3
// three layers of four have a window and keep positions unscaled
// (OLMo Team, 2025).
func olmo2(r *recorder) {
	rope, windowRope := r.rope(halves), r.table(r.plain(r.positive("rope.freq_base", 10000)))
	windows := r.windows(0, 4)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(r.x)
		b.rmsNormInPlace("attn_q_norm", q)
		b.rmsNormInPlace("attn_k_norm", k)
		if windows[i] > 0 {
			b.rotate(windowRope, q, k)
		} else {
			b.rotate(rope, q, k)
		}
		a := b.attend(q, k, v, program.Attention{Window: windows[i]})
		b.selectOutputs(&a)
		b.addNormed("attn_output", "post_attention_norm", a)
		b.addNormed("ffn_down", "post_ffw_norm", b.gated(program.SiLU, r.x))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
