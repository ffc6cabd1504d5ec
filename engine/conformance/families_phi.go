package conformance

func init() {
	register("phi3", "phi3", "fused attn_qkv, gate and up in one matrix", 3, func(m *model) { m.phi3(false) })
	register("phi3", "phi3-tied-partial", "half of each head rotated, tied output", 2, func(m *model) {
		m.phi3(true)
		m.set("rope.dimension_count", small.head/2)
	})
	register("phi3", "phi3-longrope-short", "longrope, context within the original: rope_factors_short", 2, func(m *model) {
		m.phi3(false)
		m.longrope(Context, small.head/2)
	})
	register("phi3", "phi3-longrope-long", "longrope, context beyond the original: rope_factors_long", 2, func(m *model) {
		m.phi3(false)
		m.longrope(32, small.head/2)
		m.set("rope.scaling.attn_factor", 1.19)
	})
}

// phi3 has neither attn_q, attn_k, attn_v nor ffn_gate.
func (m *model) phi3(tied bool) {
	s := small
	m.keys(s)
	m.ends(s, tied)
	m.eachBlock(func(_ int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		m.fusedAttention(b, s)
		m.norm(b+"ffn_norm", s.width, 1)
		m.matrix(b+"ffn_up", s.width, 2*s.ff, 1)
		m.matrix(b+"ffn_down", s.ff, s.width, downGain)
	})
}

// longrope adds a factor for each rotated pair, for contexts of original
// positions and for longer ones.
func (m *model) longrope(original, pairs int) {
	m.set("rope.scaling.type", "longrope")
	m.set("rope.scaling.original_context_length", original)
	m.draw("rope_factors_short.weight", between(1, 1.5), pairs)
	m.draw("rope_factors_long.weight", between(1, 8), pairs)
}
