package conformance

import "math"

// gemmaShape has heads wider than its width allows, as Gemma does.
var gemmaShape = shape{width: 128, ff: 192, heads: 4, kvHeads: 2, head: 64}

// window is shorter than the positions that go through.
const window = 12

func init() {
	register("gemma", "gemma", "scaled embeddings, GELU, one key-value head", 3, func(m *model) {
		s := gemmaShape
		s.kvHeads = 1
		m.keys(s)
		m.gemmaEnds(s)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.norm(b+"ffn_norm", s.width, 1)
			m.gatedBy(b, s, geluGain)
		})
	})
	register("gemma2", "gemma2", "windows in every other layer, sandwich norms, both softcaps", 4, func(m *model) { m.gemma2(gemmaShape) })
	register("gemma2", "gemma2-27b", "46 layers, by which the 27B is known: queries scaled by width ÷ heads", 46, func(m *model) {
		m.gemma2(shape{width: 64, ff: 64, heads: 2, kvHeads: 1, head: 16})
	})
	register("gemma3", "gemma3", "query and key norms, windows in five of six layers, two rope bases", 7, func(m *model) {
		m.gemma3(gemmaShape)
		m.set("rope.freq_base", 1e6)
	})
	register("gemma3", "gemma3-scaled", "linear rope scaling in full layers, windows in the layers named, untied, final softcap", 4, func(m *model) {
		s := gemmaShape
		s.heads, s.kvHeads = 2, 2
		m.gemma3(s)
		m.set("rope.freq_base", 1e6)
		m.set("rope.freq_base_swa", 1e4)
		m.set("rope.scaling.type", "linear")
		m.set("rope.scaling.factor", 8.0)
		m.set("attention.sliding_window_pattern", []bool{true, false, true, false})
		m.set("final_logit_softcapping", 15.0)
		m.matrix("output", s.width, Vocab, 0.3)
	})
}

// gemmaEnds adds embeddings that are multiplied by √width where they go in.
func (m *model) gemmaEnds(s shape) {
	m.draw("token_embd.weight", gaussian(0, 0.3/math.Sqrt(float64(s.width))), s.width, Vocab)
	m.norm("output_norm", s.width, 5)
}

// sandwich adds layers with a norm before and after both halves.
func (m *model) sandwich(s shape, headNorms bool) {
	m.eachBlock(func(_ int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		m.attention(b, s)
		if headNorms {
			m.headNorms(b, s.head)
		}
		m.norm(b+"post_attention_norm", s.width, 1)
		m.norm(b+"ffn_norm", s.width, 1)
		m.gatedBy(b, s, geluGain)
		m.norm(b+"post_ffw_norm", s.width, geluNorm)
	})
}

func (m *model) gemma2(s shape) {
	m.keys(s)
	m.set("attention.sliding_window", window)
	m.set("attn_logit_softcapping", 4.0)
	m.set("final_logit_softcapping", 10.0)
	m.gemmaEnds(s)
	m.sandwich(s, false)
}

func (m *model) gemma3(s shape) {
	m.keys(s)
	m.set("attention.sliding_window", window)
	m.gemmaEnds(s)
	m.sandwich(s, true)
}
