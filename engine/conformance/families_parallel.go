package conformance

// Families that normalize by LayerNorm, most of them with attention and
// feed-forward network side by side.

func init() {
	register("falcon", "falcon-7b", "LayerNorm with biases, one norm for both branches, one key-value head, tied output", 3, func(m *model) {
		s := small
		s.kvHeads = 1
		m.falcon(s, false)
	})
	register("falcon", "falcon-40b", "a norm for each branch, grouped queries, untied", 3, func(m *model) { m.falcon(small, true) })
	register("command-r", "command-r", "LayerNorm without biases, parallel branches, logit scale", 3, func(m *model) { m.commandR(small) })
	register("command-r", "command-r-plus", "64 layers, by which query and key norms of every head are known", 64, func(m *model) {
		s := shape{width: 64, ff: 64, heads: 4, kvHeads: 2, head: 16}
		m.commandR(s)
		m.eachBlock(func(_ int, b string) {
			m.draw(b+"attn_q_norm.weight", gaussian(normedGain, 0.2), s.head, s.heads)
			m.draw(b+"attn_k_norm.weight", gaussian(normedGain, 0.2), s.head, s.kvHeads)
		})
	})
	register("cohere2", "cohere2", "windows and rope in three of four layers", 4, func(m *model) {
		m.commandR(small)
		m.set("attention.sliding_window", window)
	})
}

func (m *model) falcon(s shape, own bool) {
	m.keys(s)
	m.layerNorm()
	if own {
		m.untied(s)
		m.normBias("output_norm", s.width, untiedNorm/2)
	} else {
		m.tied(s)
		m.normBias("output_norm", s.width, tiedNorm/2)
	}
	m.eachBlock(func(_ int, b string) {
		m.normBias(b+"attn_norm", s.width, 1)
		if own {
			m.normBias(b+"attn_norm_2", s.width, 1)
		}
		m.fusedAttention(b, s)
		m.plainFFN(b, s, geluGain)
	})
}

func (m *model) commandR(s shape) {
	m.keys(s)
	m.layerNorm()
	m.set("logit_scale", 0.25)
	m.tied(s)
	m.norm("output_norm", s.width, 4*tiedNorm)
	m.eachBlock(func(_ int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		m.attention(b, s)
		m.gated(b, s)
	})
}
