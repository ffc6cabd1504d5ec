package conformance

func init() {
	register("qwen2", "qwen2", "biases of queries, keys and values", 3, func(m *model) { m.qwen2(small, false) })
	register("qwen2", "qwen2-tied", "tied output", 2, func(m *model) { m.qwen2(small, true) })
	register("qwen2", "qwen2-yarn", "YaRN on paired halves", 2, func(m *model) {
		m.qwen2(small, false)
		m.yarn(4, 32)
	})
	register("qwen3", "qwen3", "query and key norms, heads wider than width ÷ heads", 3, func(m *model) {
		s := small
		s.head = 64
		m.qwen3(s, false)
	})
	register("qwen3", "qwen3-tied", "tied output", 2, func(m *model) { m.qwen3(small, true) })
}

func (m *model) qwen2(s shape, tied bool) {
	m.keys(s)
	m.ends(s, tied)
	m.eachBlock(func(_ int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		m.attention(b, s)
		m.bias(b+"attn_q", s.q())
		m.bias(b+"attn_k", s.kv())
		m.bias(b+"attn_v", s.kv())
		m.norm(b+"ffn_norm", s.width, 1)
		m.gated(b, s)
	})
}

func (m *model) qwen3(s shape, tied bool) {
	m.keys(s)
	m.ends(s, tied)
	m.eachBlock(func(_ int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		m.attention(b, s)
		m.headNorms(b, s.head)
		m.norm(b+"ffn_norm", s.width, 1)
		m.gated(b, s)
	})
}
