package conformance

// Families that normalize what a branch gives rather than what it takes, or
// both.

func init() {
	register("olmo2", "olmo2", "norms after branches only, query and key norms over all heads", 3, func(m *model) { m.olmo2() })
	register("olmo2", "olmo3", "windows in three of four layers, YaRN in the fourth", 4, func(m *model) {
		m.olmo2()
		m.set("attention.sliding_window", window)
		m.yarn(8, 32)
	})
	register("glm4", "glm4", "sandwich norms, half of each head rotated, gate and up in one matrix, biases", 3, func(m *model) {
		s := small
		m.keys(s)
		m.set("rope.dimension_count", s.head/2)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.bias(b+"attn_q", s.q())
			m.bias(b+"attn_k", s.kv())
			m.bias(b+"attn_v", s.kv())
			m.norm(b+"post_attention_norm", s.width, 1)
			m.norm(b+"ffn_norm", s.width, 1)
			m.matrix(b+"ffn_up", s.width, 2*s.ff, 1)
			m.matrix(b+"ffn_down", s.ff, s.width, downGain)
			m.norm(b+"post_ffw_norm", s.width, 1)
		})
	})
	register("exaone4", "exaone4", "norms after branches only, query and key norms, rope_freqs", 3, func(m *model) {
		m.exaone4(small)
		m.draw("rope_freqs.weight", between(1, 8), small.head/2)
	})
	register("exaone4", "exaone4-32b", "64 layers, by which windows and rope in three of four layers are known", 64, func(m *model) {
		m.exaone4(shape{width: 64, ff: 64, heads: 4, kvHeads: 2, head: 16})
		m.set("attention.sliding_window", window)
	})
}

func (m *model) olmo2() {
	s := small
	m.keys(s)
	m.ends(s, false)
	m.eachBlock(func(_ int, b string) {
		m.attention(b, s)
		m.norm(b+"attn_q_norm", s.q(), normedGain)
		m.norm(b+"attn_k_norm", s.kv(), normedGain)
		m.norm(b+"post_attention_norm", s.width, 1)
		m.gated(b, s)
		m.norm(b+"post_ffw_norm", s.width, 1)
	})
}

func (m *model) exaone4(s shape) {
	m.keys(s)
	m.ends(s, false)
	m.eachBlock(func(_ int, b string) {
		m.attention(b, s)
		m.headNorms(b, s.head)
		m.norm(b+"post_attention_norm", s.width, 1)
		m.gated(b, s)
		m.norm(b+"post_ffw_norm", s.width, 1)
	})
}
