package arch

import (
	"math"

	"freehold/engine/program"
)

// gemma2 is the family of Gemma 2: a gemma with a norm behind each half of a
// layer too, a window in every other layer, and softcaps of attention scores and
// logits (Gemma Team, 2024).
func gemma2(r *recorder) {
	rope := r.rope(halves)
	windows := r.windows(4096, 2)
	scores := program.Attention{Softcap: float32(r.real("attn_logit_softcapping", 50)), Scale: r.gemmaScale(46)}
	r.embed(math.Sqrt(float64(r.Embedding)))
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		scores.Window = windows[i]
		a := b.attend(q, k, v, scores)
		b.selectOutputs(&a)
		b.addNormed("attn_output", "post_attention_norm", a)
		b.addNormed("ffn_down", "post_ffw_norm", b.gated(program.GELU, b.rmsNorm("ffn_norm", r.x)))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
	r.capLogits(30)
}

// gemmaScale is the scale of attention. The models of 27B parameters, known by
// the number of their layers, have 1 / √(width ÷ heads) rather than 1 / √head.
func (r *recorder) gemmaScale(layersOf27B int) float32 {
	if n := r.heads[0]; r.Layers == layersOf27B && n > 0 {
		return rsqrt(r.Embedding / n)
	}
	return rsqrt(r.keyDim)
}
