package arch

import (
	"math"

	"freehold/engine/program"
)

// gemma3 is the family of Gemma 3 and what was made of it (MedGemma,
// TranslateGemma, FunctionGemma, Rnj-1): a gemma2 that normalizes every head's
// query and key instead of capping scores. Five layers of six have a window, a
// rotary base of their own and no scaling of positions (Gemma Team, 2025).
func gemma3(r *recorder) {
	rope, windowRope := r.rope(halves), r.table(r.plain(r.positive("rope.freq_base_swa", 10000)))
	windows := r.windows(0, 6)
	scale := r.gemmaScale(62)
	r.embed(math.Sqrt(float64(r.Embedding)))
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rmsNormHeads("attn_q_norm", q, b.keyDim)
		b.rmsNormHeads("attn_k_norm", k, b.keyDim)
		if windows[i] > 0 {
			b.rotate(windowRope, q, k)
		} else {
			b.rotate(rope, q, k)
		}
		a := b.attend(q, k, v, program.Attention{Scale: scale, Window: windows[i]})
		b.selectOutputs(&a)
		b.addNormed("attn_output", "post_attention_norm", a)
		b.addNormed("ffn_down", "post_ffw_norm", b.gated(program.GELU, b.rmsNorm("ffn_norm", r.x)))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
	r.capLogits(0)
}
