package conformance

func init() {
	register("lfm2", "lfm2", "short convolutions in all layers but some, query and key norms, last norm under another name", 4, func(m *model) { m.lfm2(0) })
	register("lfm2", "lfm2-window", "windows in the layers that attend", 3, func(m *model) {
		m.lfm2(0)
		m.set("attention.sliding_window", window)
	})
	register("lfm2moe", "lfm2moe", "experts after two dense layers, sigmoid with biases of choice", 5, func(m *model) {
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.set("expert_gating_func", 2)
		m.set("leading_dense_block_count", 2)
		m.lfm2(2)
	})
}

// lfm2 adds a model whose third and last layers attend. After dense layers come
// experts; 0 means that all are dense.
func (m *model) lfm2(dense int) {
	const taps = 3
	s := small
	m.keys(s)
	m.set("shortconv.l_cache", taps)
	heads := make([]int, m.layers)
	heads[min(2, m.layers-1)], heads[m.layers-1] = s.kvHeads, s.kvHeads
	m.set("attention.head_count_kv", heads)
	m.tied(s)
	m.norm("token_embd_norm", s.width, tiedNorm)
	m.eachBlock(func(i int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		if heads[i] > 0 {
			m.attention(b, s)
			m.headNorms(b, s.head)
		} else {
			m.matrix(b+"shortconv.in_proj", s.width, 3*s.width, 1)
			m.draw(b+"shortconv.conv.weight", gaussian(0, 0.6), taps, s.width)
			m.matrix(b+"shortconv.out_proj", s.width, s.width, 1)
		}
		m.norm(b+"ffn_norm", s.width, 1)
		if dense == 0 || i < dense {
			m.gated(b, s)
			return
		}
		m.mixtureFFN(b, s.width, eight)
		m.draw(b+"exp_probs_b.bias", gaussian(0, 0.2), eight.experts)
	})
}
