package arch

import "freehold/engine/program"

// modernBert is the family of ModernBERT (gte-modernbert, granite-embedding): an
// encoder with rotary positions and gates, in which two of three layers look
// only at what is near, to both sides (Warner et al., 2024). The embedding's
// norm serves as the first layer's.
func modernBert(r *recorder) {
	window := r.count("attention.sliding_window", maxContext)
	near := make([]bool, r.Layers)
	wide := r.rope(halves)
	narrow := wide
	if window > 0 {
		near = r.chosen("attention.sliding_window_pattern", r.Layers, 3, true)
		narrow = r.table(r.plain(r.positive("rope.freq_base_swa", r.positive("rope.freq_base", 10000))))
	}
	f := program.GELU
	switch act := r.text("hidden_activation"); act {
	case "", "gelu":
	case "silu":
		f = program.SiLU
	default:
		r.fail("metadata key %s is %q, which is not supported; supported: gelu, silu", r.key("hidden_activation"), act)
	}
	r.embed(1)
	r.layerNormInto("token_embd_norm", r.x, r.x)
	for i := range r.Layers {
		b := r.layer(i)
		x := r.x
		if b.holds("attn_norm.weight") {
			x = b.layerNorm("attn_norm", x)
		}
		q, k, v := b.queryKeyValue(x)
		var a program.Buffer
		if near[i] {
			b.rotate(narrow, q, k)
			a = b.attend(q, k, v, program.Attention{Window: window})
		} else {
			b.rotate(wide, q, k)
			a = b.attend(q, k, v, program.Attention{})
		}
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.add("ffn_down", b.gated(f, b.layerNorm("ffn_norm", r.x)))
	}
	r.pool(r.layerNorm("output_norm", r.x))
}
