package arch

import "freehold/engine/program"

// exaone4 is the family of EXAONE 4: it normalizes what the halves of a layer
// give, and every head's query and key. In the 32B, known by the number of its
// layers, three layers of four have a window, and only they have positions
// (LG AI Research, 2025).
func exaone4(r *recorder) {
	rope := r.rope(halves)
	hybrid := r.Layers == 64
	windows := make([]int, r.Layers)
	if hybrid {
		windows = r.windows(4096, 4)
	}
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(r.x)
		b.rmsNormHeads("attn_q_norm", q, b.keyDim)
		b.rmsNormHeads("attn_k_norm", k, b.keyDim)
		if windows[i] > 0 || !hybrid {
			b.rotate(rope, q, k)
		}
		a := b.attend(q, k, v, program.Attention{Window: windows[i]})
		b.selectOutputs(&a)
		b.addNormed("attn_output", "post_attention_norm", a)
		b.addNormed("ffn_down", "post_ffw_norm", b.gated(program.SiLU, r.x))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
