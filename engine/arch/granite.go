package arch

import (
	"cmp"
	"math"

	"freehold/engine/program"
)

// granite is the family of Granite 3 and 4's dense models: a llama with scales of
// embeddings, attention, what each half of a layer adds, and logits; some leave
// positions out (Granite Team, 2024).
func granite(r *recorder) {
	s := r.graniteScales()
	scaledLlama(r, s, r.truth("rope.scaling.finetuned", true), s.denseNetwork)
}

// graniteScales are the scales that the file states; 0 stands for none.
func (r *recorder) graniteScales() scales {
	return scales{
		embedding: cmp.Or(r.real("embedding_scale", 1), 1),
		residual:  cmp.Or(r.real("residual_scale", 1), 1),
		attention: r.real("attention.scale", 0),
		logits:    1 / r.positive("logit_scale", 1),
	}
}

// minicpm is the family of MiniCPM 1 and 2, of the same make. Old files leave the
// scales to be known (Hu et al., 2024).
func minicpm(r *recorder) {
	s := scales{
		embedding: r.real("embedding_scale", 12),
		residual:  r.real("residual_scale", 1.4/math.Sqrt(float64(r.Layers))),
		logits:    1 / r.positive("logit_scale", float64(r.Embedding)/256),
	}
	scaledLlama(r, s, true, s.denseNetwork)
}

// scales multiply what their names say.
type scales struct {
	embedding, residual, logits float64
	attention                   float64 // 0 means 1 / √head
}

// denseNetwork is a gated feed-forward network behind its norm, scaled.
func (s scales) denseNetwork(b *layer) {
	b.addScaled("ffn_down", b.gated(program.SiLU, b.rmsNorm("ffn_norm", b.x)), s.residual)
}

func scaledLlama(r *recorder, s scales, positions bool, feedForward func(b *layer)) {
	rope := r.rope(adjacent)
	r.embed(s.embedding)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		if positions {
			b.rotate(rope, q, k)
		}
		a := b.attend(q, k, v, program.Attention{Scale: float32(s.attention)})
		b.selectOutputs(&a)
		b.addScaled("attn_output", a, s.residual)
		feedForward(b)
	}
	r.logits(r.rmsNorm("output_norm", r.x), s.logits)
}
