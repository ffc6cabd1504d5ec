package conformance

import "math"

// Families that fewer people use, most of them close to one of the others.

func init() {
	for family, tests := range map[string]string{
		"internlm2": "llama's layers", "xverse": "llama's layers",
		"ernie4_5": "llama's layers",
	} {
		register(family, family, tests, 2, func(m *model) { m.llama(small, false) })
	}
	register("minicpm", "minicpm", "scales of embeddings, residuals and logits", 2, func(m *model) {
		m.llama(small, false)
		m.set("embedding_scale", 1.5)
		m.set("residual_scale", 0.6)
		m.set("logit_scale", 0.8)
	})
	register("exaone", "exaone", "llama's layers on paired halves, rope_freqs", 2, func(m *model) {
		m.llama(small, false)
		m.draw("rope_freqs.weight", between(1, 8), small.head/2)
	})
	register("baichuan", "baichuan-7b", "32 layers, by which rope is known", 32, func(m *model) { m.baichuan() })
	register("baichuan", "baichuan-13b", "40 layers, by which ALiBi is known", 40, func(m *model) { m.baichuan() })
	register("arcee", "arcee", "ReLU² network", 2, func(m *model) {
		m.keys(small)
		m.ends(small, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", small.width, 1)
			m.attention(b, small)
			m.norm(b+"ffn_norm", small.width, 1)
			m.plainFFN(b, small, 1)
		})
	})
	register("hunyuan-dense", "hunyuan-dense", "query and key norms after rope", 2, func(m *model) { m.qwen3(small, true) })
	register("seed_oss", "seed_oss", "biases of queries, keys and values, second norm under another name", 2, func(m *model) {
		s := small
		s.head = 64
		m.keys(s)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.bias(b+"attn_q", s.q())
			m.bias(b+"attn_k", s.kv())
			m.bias(b+"attn_v", s.kv())
			m.norm(b+"post_attention_norm", s.width, 1)
			m.gated(b, s)
		})
	})
	register("minicpm3", "minicpm3", "latent attention not absorbed, longrope, scales", 3, func(m *model) { m.minicpm3() })
	register("starcoder2", "starcoder2", "LayerNorm and biases everywhere, rope, GELU", 3, func(m *model) {
		m.keys(small)
		m.biasedLayers(small, false, true, geluGain)
	})
	register("gpt2", "gpt2", "positions learnt, fused attn_qkv, tied output", 3, func(m *model) {
		m.keys(encoderShape)
		m.draw("position_embd.weight", gaussian(0, 0.05), small.width, Context)
		m.biasedLayers(encoderShape, true, true, geluGain)
	})
	register("bloom", "bloom", "ALiBi, embeddings normed", 3, func(m *model) {
		m.keys(encoderShape)
		m.normBias("token_embd_norm", small.width, 0.4)
		m.biasedLayers(encoderShape, true, true, geluGain)
	})
	register("mpt", "mpt", "ALiBi by key, clamped attn_qkv, no biases", 3, func(m *model) {
		s := encoderShape
		m.keys(s)
		m.layerNorm()
		m.set("attention.max_alibi_bias", 8.0)
		m.set("attention.clamp_kqv", 1.5)
		m.tied(s)
		m.norm("output_norm", s.width, tiedNorm/2)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.fusedAttention(b, s)
			m.norm(b+"ffn_norm", s.width, 1)
			m.plainFFN(b, s, geluGain)
		})
	})
	register("phi2", "phi2", "parallel branches from one norm, half of each head rotated, biases", 3, func(m *model) {
		s := encoderShape
		m.keys(s)
		m.layerNorm()
		m.set("rope.dimension_count", s.head/2)
		m.untied(s)
		m.bias("output", Vocab)
		m.normBias("output_norm", s.width, untiedNorm/2)
		m.eachBlock(func(_ int, b string) {
			m.normBias(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.bias(b+"attn_q", s.q())
			m.bias(b+"attn_k", s.kv())
			m.bias(b+"attn_v", s.kv())
			m.bias(b+"attn_output", s.width)
			m.plainFFN(b, s, geluGain)
			m.bias(b+"ffn_up", s.ff)
			m.bias(b+"ffn_down", s.width)
		})
	})
	register("stablelm", "stablelm", "LayerNorm, a quarter of each head rotated, gated network", 3, func(m *model) { m.stablelm(true) })
	register("stablelm", "stablelm-12b", "parallel branches, norms of every head", 3, func(m *model) {
		m.stablelm(false)
		m.eachBlock(func(_ int, b string) {
			m.draw(b+"attn_q_norm.weight", gaussian(normedGain, 0.2), small.head, small.heads)
			m.draw(b+"attn_k_norm.weight", gaussian(normedGain, 0.2), small.head, small.kvHeads)
		})
	})
	register("orion", "orion", "LayerNorm with biases around llama's layers", 2, func(m *model) {
		m.keys(small)
		m.layerNormed(small, func(b string) { m.gated(b, small) })
	})
	register("nemotron", "nemotron", "LayerNorm with biases, half of each head rotated, ReLU² network", 2, func(m *model) {
		m.keys(small)
		m.set("rope.dimension_count", small.head/2)
		m.layerNormed(small, func(b string) { m.plainFFN(b, small, 1) })
	})
	register("jais", "jais", "ALiBi, SwiGLU with biases", 3, func(m *model) {
		s := encoderShape
		m.keys(s)
		m.layerNorm()
		m.set("attention.max_alibi_bias", 8.0)
		m.untied(s)
		m.normBias("output_norm", s.width, untiedNorm)
		m.eachBlock(func(_ int, b string) {
			m.normBias(b+"attn_norm", s.width, 1)
			m.fusedAttention(b, s)
			m.bias(b+"attn_qkv", 3*s.width)
			m.bias(b+"attn_output", s.width)
			m.normBias(b+"ffn_norm", s.width, 1)
			m.gated(b, s)
			m.bias(b+"ffn_gate", s.ff)
			m.bias(b+"ffn_up", s.ff)
			m.bias(b+"ffn_down", s.width)
		})
	})
}

func (m *model) baichuan() {
	m.llama(shape{width: 64, ff: 64, heads: 4, kvHeads: 4, head: 16}, false)
}

func (m *model) minicpm3() {
	s, l := small, smallLatent
	s.kvHeads, s.head = l.heads, l.nope+l.rope
	m.keys(s)
	m.set("attention.key_length", s.head)
	m.set("attention.value_length", l.value)
	m.set("rope.dimension_count", l.rope)
	m.set("attention.q_lora_rank", l.queryRank)
	m.set("attention.kv_lora_rank", l.rank)
	// Embeddings are multiplied by 12, logits by 256 ÷ width.
	m.draw("token_embd.weight", gaussian(0, 0.1), s.width, Vocab)
	m.matrix("output", s.width, Vocab, outputGain)
	m.norm("output_norm", s.width, 0.5)
	m.longrope(32, l.rope/2)
	m.eachBlock(func(_ int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		m.latentAttention(b, s.width, l, false)
		m.norm(b+"ffn_norm", s.width, 1)
		m.gated(b, s)
	})
}

// layerNormed adds layers with LayerNorm and biases of the norms only.
func (m *model) layerNormed(s shape, ffn func(b string)) {
	m.layerNorm()
	m.untied(s)
	m.normBias("output_norm", s.width, untiedNorm)
	m.eachBlock(func(_ int, b string) {
		m.normBias(b+"attn_norm", s.width, 1)
		m.attention(b, s)
		m.normBias(b+"ffn_norm", s.width, 1)
		ffn(b)
	})
}

// biasedLayers adds embeddings and layers with biases everywhere.
func (m *model) biasedLayers(s shape, fused, tied bool, down float64) {
	m.layerNorm()
	if tied {
		m.draw("token_embd.weight", gaussian(0, 3/math.Sqrt(float64(s.width))), s.width, Vocab)
		m.normBias("output_norm", s.width, tiedNorm/6)
	} else {
		m.untied(s)
		m.normBias("output_norm", s.width, untiedNorm)
	}
	m.eachBlock(func(_ int, b string) {
		m.normBias(b+"attn_norm", s.width, 1)
		if fused {
			m.fusedAttention(b, s)
			m.bias(b+"attn_qkv", s.q()+2*s.kv())
		} else {
			m.attention(b, s)
			m.bias(b+"attn_q", s.q())
			m.bias(b+"attn_k", s.kv())
			m.bias(b+"attn_v", s.kv())
		}
		m.bias(b+"attn_output", s.width)
		m.normBias(b+"ffn_norm", s.width, 1)
		m.plainFFN(b, s, down)
		m.bias(b+"ffn_up", s.ff)
		m.bias(b+"ffn_down", s.width)
	})
}

func (m *model) stablelm(sequential bool) {
	s := small
	m.keys(s)
	m.layerNorm()
	m.set("rope.dimension_count", s.head/4)
	m.set("use_parallel_residual", !sequential)
	m.untied(s)
	m.normBias("output_norm", s.width, untiedNorm)
	m.eachBlock(func(_ int, b string) {
		m.normBias(b+"attn_norm", s.width, 1)
		m.attention(b, s)
		if sequential {
			m.normBias(b+"ffn_norm", s.width, 1)
		}
		m.gated(b, s)
	})
}
