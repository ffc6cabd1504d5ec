package arch

import "freehold/engine/program"

// commandR is the family of Command R and R+, and of Aya: attention and gated
// network side by side from one LayerNorm without bias, tied output, scaled
// logits. The largest normalizes every head's query and key (Cohere, 2024).
func commandR(r *recorder) { cohere(r, make([]int, r.Layers), true) }

// cohere2 is the family of Command R7B and A: likewise, but three layers of four
// have a window, and only they have positions (Cohere, 2025).
func cohere2(r *recorder) { cohere(r, r.windows(4096, 4), false) }

// cohere turns queries and keys in layers with a window, or everywhere.
func cohere(r *recorder, windows []int, everywhere bool) {
	rope := r.rope(adjacent)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		h := b.layerNorm("attn_norm", r.x)
		q, k, v := b.queryKeyValue(h)
		if b.holds("attn_q_norm.weight") {
			b.layerNormHeads("attn_q_norm", q, b.keyDim)
			b.layerNormHeads("attn_k_norm", k, b.keyDim)
		}
		if everywhere || windows[i] > 0 {
			b.rotate(rope, q, k)
		}
		a := b.attend(q, k, v, program.Attention{Window: windows[i]})
		b.selectOutputs(&a, &h)
		b.add("attn_output", a)
		b.add("ffn_down", b.gated(program.SiLU, h))
	}
	r.logits(r.layerNorm("output_norm", r.x), r.positive("logit_scale", 1))
}
