package arch

import "freehold/engine/program"

// llama4Chunk is the number of positions that most layers of Llama 4 see.
const llama4Chunk = 8192

// llama4 is the family of Llama 4 Scout and Maverick: three layers of four
// attend within chunks of positions, every fourth has no positions and sharpens
// attention with the distance from the start; one expert is chosen, and its input
// multiplied by its share (Meta, 2025). Contexts are limited to one chunk.
func llama4(r *recorder) {
	rope := r.rope(adjacent)
	m := r.mixture(program.GateSigmoid, false)
	r.TrainedContext = min(r.TrainedContext, llama4Chunk)
	if m.used != 1 {
		r.fail("metadata key %s is %d; this architecture uses 1", r.key("expert_used_count"), m.used)
	}
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		if i%4 == 3 {
			b.record(program.Temper{X: q, Scale: 0.1, Length: llama4Chunk, Offset: 1})
		} else {
			b.rotate(rope, q, k)
			if m.experts != 128 { // Maverick does without
				b.record(
					program.RMSNorm{X: q, Dst: q, Group: b.keyDim, Eps: b.eps(rmsEps)},
					program.RMSNorm{X: k, Dst: k, Group: b.keyDim, Eps: b.eps(rmsEps)},
				)
			}
		}
		a := b.attend(q, k, v, program.Attention{Scale: float32(r.real("attention.scale", 0))})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		h := b.rmsNorm("ffn_norm", r.x)
		if m.isDense(i) {
			b.add("ffn_down", b.gated(program.SiLU, h))
			continue
		}
		b.addSharedExpert(h, 1)
		choice, share := b.route(m, b.project(h, output{"ffn_gate_inp", m.experts})[0])
		b.record(program.Multiply{X: h, By: share, Dst: h})
		b.record(program.Add{X: b.experts(m, h, choice), Dst: r.x, Scale: 1})
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
