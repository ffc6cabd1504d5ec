package arch

import "freehold/engine/program"

// smallThinker is the family of SmallThinker: experts with ReLUs are chosen from
// the layer's input, so that they can be fetched while the layer attends; every
// fourth layer from the first on sees all positions, and knows none of them
// (Song et al., 2025).
func smallThinker(r *recorder) {
	rope := r.rope(halves)
	m := r.mixture(r.gating(program.GateSigmoid), true)
	m.f = program.ReLU
	windowed := make([]bool, r.Layers)
	if r.count("attention.sliding_window", maxContext) > 0 {
		windowed = r.chosen("attention.sliding_window_pattern", r.Layers, 4, true)
	}
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		logits := b.project(r.x, output{"ffn_gate_inp", m.experts})[0]
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		var scores program.Attention
		if windowed[i] {
			scores.Window = 4096
		}
		if i%4 != 0 || r.count("attention.sliding_window", maxContext) == 0 {
			b.rotate(rope, q, k)
		}
		a := b.attend(q, k, v, scores)
		b.selectOutputs(&a, &logits)
		b.add("attn_output", a)
		choice, share := b.route(m, logits)
		y := b.experts(m, b.rmsNorm("ffn_norm", r.x), choice)
		b.record(program.Combine{X: y, Share: share, Dst: r.x})
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
