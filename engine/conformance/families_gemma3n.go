package conformance

import "math"

func init() {
	register("gemma3n", "gemma3n", "four streams (AltUp), low-rank residuals (LAuReL), inputs for every layer, sparse activations, keys and values of the first 20 layers shared", 22, func(m *model) { m.gemma3n() })
}

func (m *model) gemma3n() {
	const streams, rank, perLayer = 4, 64, 256
	s := shape{width: 64, ff: 64, heads: 2, kvHeads: 1, head: 32}
	m.keys(s)
	m.set("attention.sliding_window", window)
	m.set("rope.freq_base", 1e6)
	m.gemmaEnds(s)
	m.experts("altup_proj", s.width, s.width, streams-1, 1)
	m.experts("altup_unembd_proj", s.width, s.width, streams-1, 1)
	m.draw("per_layer_token_embd.weight", gaussian(0, 1/math.Sqrt(perLayer)), perLayer*m.layers, Vocab)
	m.matrix("per_layer_model_proj", s.width, perLayer*m.layers, 1)
	m.norm("per_layer_proj_norm", perLayer, 1)
	m.eachBlock(func(_ int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		m.attention(b, s)
		m.norm(b+"attn_q_norm", s.head, 0.4)
		m.norm(b+"attn_k_norm", s.head, 0.5)
		m.norm(b+"post_attention_norm", s.width, 1)
		m.norm(b+"ffn_norm", s.width, 1)
		m.gatedBy(b, s, 1)
		m.norm(b+"post_ffw_norm", s.width, geluNorm)
		m.matrix(b+"inp_gate", s.width, perLayer, 1)
		m.matrix(b+"proj", perLayer, s.width, 1)
		m.norm(b+"post_norm", s.width, geluNorm)
		m.draw(b+"altup_correct_coef.weight", gaussian(0, 0.3), streams, streams)
		m.draw(b+"altup_correct_scale.weight", gaussian(1, 0.2), s.width)
		m.draw(b+"altup_predict_coef.weight", gaussian(0, 0.1), streams, streams*streams)
		m.matrix(b+"altup_router", s.width, streams, 1)
		m.norm(b+"altup_router_norm", s.width, 1)
		m.matrix(b+"laurel_l", s.width, rank, 1)
		m.matrix(b+"laurel_r", rank, s.width, 1)
		m.norm(b+"laurel_post_norm", s.width, 0.5)
	})
}
