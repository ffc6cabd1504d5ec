package conformance

// Mixtures of experts on otherwise ordinary layers.

func init() {
	register("qwen2moe", "qwen2moe", "shares not renormalized, shared expert behind a gate of its own", 3, func(m *model) {
		s := small
		m.keys(s)
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.set("expert_shared_feed_forward_length", 96)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.bias(b+"attn_q", s.q())
			m.bias(b+"attn_k", s.kv())
			m.bias(b+"attn_v", s.kv())
			m.norm(b+"ffn_norm", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
			m.gatedSharedExpert(b, s.width, 96)
		})
	})
	register("qwen3moe", "qwen3moe", "query and key norms, renormalized shares, no shared expert", 3, func(m *model) {
		s := small
		m.keys(s)
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.headNorms(b, s.head)
			m.norm(b+"ffn_norm", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
		})
	})
	register("olmoe", "olmoe", "query and key norms over all heads, shares not renormalized", 3, func(m *model) {
		s := small
		s.kvHeads, s.ff = s.heads, eight.ff
		m.keys(s)
		m.mixtureKeys(eight)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.norm(b+"attn_q_norm", s.q(), normedGain)
			m.norm(b+"attn_k_norm", s.kv(), normedGain)
			m.norm(b+"ffn_norm", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
		})
	})
	register("granitemoe", "granitemoe", "granite's scales around a mixture of experts", 3, func(m *model) { m.graniteMixture(0) })
	register("granitemoe", "granitemoe-shared", "with a shared expert", 2, func(m *model) { m.graniteMixture(96) })
	register("phimoe", "phimoe", "norms with biases, biases of all of attention and of the output", 3, func(m *model) { m.phimoe() })
	register("phimoe", "phimoe-longrope", "longrope beyond the original context", 2, func(m *model) {
		m.phimoe()
		m.longrope(32, small.head/2)
		m.set("rope.scaling.attn_factor", 1.19)
	})
	register("dbrx", "dbrx", "LayerNorm without biases, fused attn_qkv clamped", 3, func(m *model) {
		s := small
		s.ff = eight.ff
		m.keys(s)
		m.layerNorm()
		m.mixtureKeys(eight)
		m.set("attention.clamp_kqv", 1.5)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.fusedAttention(b, s)
			m.norm(b+"attn_output_norm", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
		})
	})
	register("arctic", "arctic", "dense network beside experts that see the layer's input", 3, func(m *model) {
		s := small
		s.ff = eight.ff
		m.keys(s)
		m.mixtureKeys(eight)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.norm(b+"ffn_norm", s.width, 1)
			m.gated(b, shape{width: s.width, ff: s.width})
			m.norm(b+"ffn_norm_exps", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
		})
	})
	register("gpt-oss", "gpt-oss", "attention sinks, windows in every other layer, YaRN, biases everywhere, clamped SwiGLU, softmax over the chosen", 4, func(m *model) {
		s := small
		s.head = 64
		m.keys(s)
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.set("attention.sliding_window", window)
		m.yarn(8, 32)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.bias(b+"attn_q", s.q())
			m.bias(b+"attn_k", s.kv())
			m.bias(b+"attn_v", s.kv())
			m.bias(b+"attn_output", s.width)
			m.draw(b+"attn_sinks.weight", gaussian(0, 1), s.heads)
			m.norm(b+"post_attention_norm", s.width, 1)
			m.matrix(b+"ffn_gate_inp", s.width, eight.experts, routerGain)
			m.bias(b+"ffn_gate_inp", eight.experts)
			// Large enough that some values meet the clamp at 7.
			m.experts(b+"ffn_gate_exps", s.width, eight.ff, eight.experts, 3)
			m.experts(b+"ffn_up_exps", s.width, eight.ff, eight.experts, 3)
			m.experts(b+"ffn_down_exps", eight.ff, s.width, eight.experts, 0.15)
			m.bias(b+"ffn_gate_exps", eight.ff, eight.experts)
			m.bias(b+"ffn_up_exps", eight.ff, eight.experts)
			m.bias(b+"ffn_down_exps", s.width, eight.experts)
		})
	})
}

// gatedSharedExpert is a shared expert whose share a gate decides.
func (m *model) gatedSharedExpert(b string, width, ff int) {
	m.draw(b+"ffn_gate_inp_shexp.weight", gaussian(0, 0.1), width)
	m.sharedExpert(b, width, ff)
}

func (m *model) graniteMixture(shared int) {
	s := small
	s.ff = eight.ff
	m.keys(s)
	m.graniteKeys()
	m.mixtureKeys(eight)
	m.ends(s, true)
	if shared > 0 {
		m.set("expert_shared_feed_forward_length", shared)
	}
	m.eachBlock(func(_ int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		m.attention(b, s)
		m.norm(b+"ffn_norm", s.width, 1)
		m.mixtureFFN(b, s.width, eight)
		if shared > 0 {
			m.sharedExpert(b, s.width, shared)
		}
	})
}

func (m *model) phimoe() {
	s := small
	s.ff = eight.ff
	m.keys(s)
	m.mixtureKeys(eight)
	m.untied(s)
	m.bias("output", Vocab)
	m.normBias("output_norm", s.width, untiedNorm)
	m.eachBlock(func(_ int, b string) {
		m.normBias(b+"attn_norm", s.width, 1)
		m.attention(b, s)
		m.bias(b+"attn_q", s.q())
		m.bias(b+"attn_k", s.kv())
		m.bias(b+"attn_v", s.kv())
		m.bias(b+"attn_output", s.width)
		m.normBias(b+"ffn_norm", s.width, 1)
		m.mixtureFFN(b, s.width, eight)
	})
}
