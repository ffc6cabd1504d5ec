package arch

import "freehold/engine/program"

// qwen3 is the family of Qwen 3 and its embedding models: a qwen2 without
// biases that normalizes every head's query and key before it is turned, with
// heads as wide as the file says (Yang et al., 2025).
func qwen3(r *recorder) { qwen3With(r, normThenTurn, denseNetwork) }

// hunyuanDense is the family of Hunyuan's dense models: the same, but that heads
// are normalized when they have been turned (Tencent, 2025).
func hunyuanDense(r *recorder) { qwen3With(r, turnThenNorm, denseNetwork) }

// normThenTurn and turnThenNorm say what comes first.
const (
	normThenTurn = true
	turnThenNorm = false
)

func qwen3With(r *recorder, normFirst bool, feedForward func(b *layer)) {
	rope := r.rope(halves)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		if !normFirst {
			b.rotate(rope, q, k)
		}
		b.rmsNormHeads("attn_q_norm", q, b.keyDim)
		b.rmsNormHeads("attn_k_norm", k, b.keyDim)
		if normFirst {
			b.rotate(rope, q, k)
		}
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		feedForward(b)
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
