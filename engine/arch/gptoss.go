package arch

import "freehold/engine/program"

// gptOSS is the family of gpt-oss: biases everywhere, a sink for each head that
// takes attention and gives nothing, a window in every other layer, and experts
// whose gates and other halves are bounded, with the softmax over the chosen
// ones only (OpenAI, 2025). Files call the norm of the second half
// post_attention_norm.
func gptOSS(r *recorder) {
	rope, windowRope := r.rotaries(halves)
	window := r.integer("attention.sliding_window", required, maxContext)
	windowed := r.chosen("attention.sliding_window_pattern", r.Layers, 2, false)
	m := r.mixture(program.GateSoftmaxChosen, false)
	m.f, m.limit, m.shift = program.GELUQuick, 7, 1
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		scores := program.Attention{Sinks: b.optionalVector(b.prefix+"attn_sinks.weight", b.heads)}
		if windowed[i] {
			scores.Window = window
			b.rotate(windowRope, q, k)
		} else {
			b.rotate(rope, q, k)
		}
		a := b.attend(q, k, v, scores)
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.addExperts(m, b.rmsNorm("post_attention_norm", r.x))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}

// rotaries are the tables of layers without and with a window, which may have a
// base frequency of their own.
func (r *recorder) rotaries(p pairing) (full, windowed int) {
	t := r.rotary(p)
	full = r.table(t)
	if !r.has("rope.freq_base_swa") {
		return full, full
	}
	t.base = r.positive("rope.freq_base_swa", t.base)
	return full, r.table(t)
}
