package arch

import (
	"math"

	"freehold/engine/program"
)

// gemma is the family of Gemma 1 and CodeGemma: embeddings times √width, GELU
// in the gate, heads as wide as the file says. Files hold norms' gains with
// their 1 added (Gemma Team, 2024).
func gemma(r *recorder) {
	rope := r.rope(halves)
	r.embed(math.Sqrt(float64(r.Embedding)))
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.add("ffn_down", b.gated(program.GELU, b.rmsNorm("ffn_norm", r.x)))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
