package conformance

// The first open families, GPT-NeoX and OLMo.

func init() {
	for _, parallel := range []bool{true, false} {
		name := "gptneox"
		if !parallel {
			name = "gptneox-sequential"
		}
		register("gptneox", name, "fused attn_qkv, a quarter of each head rotated, biases everywhere", 3, func(m *model) {
			m.keys(encoderShape)
			m.set("rope.dimension_count", encoderShape.head/4)
			m.set("use_parallel_residual", parallel)
			m.biasedLayers(encoderShape, true, false, 0.1)
		})
	}
	register("olmo", "olmo", "LayerNorm without gains, queries, keys and values bounded", 3, func(m *model) {
		m.keys(small)
		m.layerNorm()
		m.set("attention.clamp_kqv", 1.5)
		m.untied(small)
		m.eachBlock(func(_ int, b string) {
			m.attention(b, small)
			m.gated(b, small)
		})
	})
}
