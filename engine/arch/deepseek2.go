package arch

import (
	"math"

	"freehold/engine/program"
)

// deepseek2 is the family of DeepSeek V2 to V3.1, R1, Kimi K2, GLM 4.7 Flash,
// GigaChat 3 and Mistral Small 4: heads share a latent vector for keys and values
// (DeepSeek-AI, 2024); the first layers are dense, the others have experts, chosen
// from groups in the great models, and some for all tokens.
func deepseek2(r *recorder) {
	a := r.latentAttention()
	m := r.mixture(r.gating(r.deepseekGating()), r.truth("expert_weights_norm", false))
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		x := b.attendLatent(a, b.rmsNorm("attn_norm", r.x))
		b.selectOutputs(&x)
		b.add("attn_output", b.latentValues(a, x))
		b.addMixed(m, b.rmsNorm("ffn_norm", r.x))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}

// deepseekGating is that of files which do not tell: old ones of V2, and GLM 4.7
// Flash, which is known by its size.
func (r *recorder) deepseekGating() program.Gating {
	if (r.Layers == 47 || r.Layers == 48) && r.Vocab == 154880 {
		return program.GateSigmoid
	}
	return program.GateSoftmax
}

// latentAttention is the size of multi-head latent attention. A head's query and
// key have plain values and then turned ones; all heads share the turned values
// of the key and a latent vector of rank values, from which each has the rest of
// its key and its value.
type latentAttention struct {
	plain, turned, value, rank int
	absorbed                   bool // what makes keys of the latent vector is multiplied into the query
	rope                       int
	scale                      float64
	temper                     program.Temper
}

func (r *recorder) latentAttention() latentAttention {
	a := latentAttention{
		turned: r.ropeDim, value: r.valueDim,
		rank:     r.integer("attention.kv_lora_rank", required, maxWidth),
		absorbed: r.has("attention.key_length_mla") && r.has("attention.value_length_mla"),
		temper: program.Temper{
			Scale:  float32(r.real("attention.temperature_scale", 0)),
			Length: float32(r.count("attention.temperature_length", maxContext)),
		},
	}
	key := r.keyDim
	if a.absorbed {
		key = r.integer("attention.key_length_mla", required, maxWidth)
		a.value = r.integer("attention.value_length_mla", required, maxWidth)
	}
	if a.plain = key - a.turned; a.plain < 1 {
		r.fail("metadata key %s leaves none of a key's %d values unturned", r.key("rope.dimension_count"), key)
		a.plain = 1
	}
	// YaRN's sharpening is in the scale, and squared: for queries and for keys.
	t := r.rotary(adjacent)
	sharp := t.magnitude * (1 + r.real("rope.scaling.yarn_log_multiplier", 0)*math.Log(max(1, t.factor)))
	a.rope, a.scale = r.table(t), sharp*sharp/math.Sqrt(float64(key))
	return a
}

// attendLatent is what each head finds: rank values of the latent vectors, or
// its values if they are not absorbed.
func (b *layer) attendLatent(a latentAttention, x program.Buffer) program.Buffer {
	key := a.plain + a.turned
	q := b.latentQueries(x, b.heads*key)
	both := b.split("attn_kv_a_mqa", x, []output{{"latent", a.rank}, {"turned key", a.turned}})
	latent, turned := both[0], both[1]
	b.rmsNormInPlace("attn_kv_a_norm", latent)
	b.record(program.Rope{X: turned, Heads: 1, HeadDim: a.turned, Table: a.rope})
	b.record(program.Rope{X: q, Heads: b.heads, HeadDim: key, Offset: a.plain, Table: a.rope})
	if a.temper.Scale != 0 {
		a.temper.X = q
		b.record(a.temper)
	}
	scores := program.Attention{Scale: float32(a.scale)}
	if !a.absorbed {
		b.kvHeads, b.keyDim, b.valueDim = b.heads, key, a.value
		kv := b.project(latent, output{"attn_kv_b", b.heads * (a.plain + a.value)})[0]
		k := b.join("key", kv, a.plain+a.value, a.plain, turned, 0, a.turned)
		return b.attend(q, k, b.parts("value", kv, a.plain, a.plain+a.value, a.value, b.heads), scores)
	}
	asked := b.buffer("attn_k_b", b.heads*a.rank)
	b.record(program.ExpertLinear{
		X: b.parts("plain query", q, 0, key, a.plain, b.heads), Choice: program.NoBuffer, Slots: b.heads,
		Out: []program.ExpertProjection{b.stack("attn_k_b", b.heads, a.rank, a.plain, asked)},
	})
	q = b.join("query", asked, a.rank, a.rank, b.parts("turned query", q, a.plain, key, a.turned, b.heads), a.turned, a.turned)
	b.kvHeads, b.keyDim, b.valueDim = 1, a.rank+a.turned, a.rank
	k := b.buffer("key", b.keyDim)
	b.record(
		program.Copy{X: latent, Dst: k, Width: a.rank, Count: 1},
		program.Copy{X: turned, Dst: k, To: a.rank, Width: a.turned, Count: 1},
	)
	return b.attend(q, k, latent, scores)
}

// latentQueries are projected from x at once, or by way of few values.
func (b *layer) latentQueries(x program.Buffer, width int) program.Buffer {
	if b.holds("attn_q.weight") {
		return b.project(x, output{"attn_q", width})[0]
	}
	low := b.project(x, output{"attn_q_a", b.integer("attention.q_lora_rank", required, maxWidth)})[0]
	b.rmsNormInPlace("attn_q_a_norm", low)
	return b.project(low, output{"attn_q_b", width})[0]
}

// latentValues makes each head's value of what it found.
func (b *layer) latentValues(a latentAttention, found program.Buffer) program.Buffer {
	if !a.absorbed {
		return found
	}
	dst := b.buffer("attn_v_b", b.heads*a.value)
	b.record(program.ExpertLinear{X: found, Choice: program.NoBuffer, Slots: b.heads,
		Out: []program.ExpertProjection{b.stack("attn_v_b", b.heads, a.value, a.rank, dst)}})
	return dst
}

// join gives every head n values of x, which has them stride apart, and then m
// values of y; a stride of 0 gives all heads the same.
func (b *layer) join(name string, x program.Buffer, stride, n int, y program.Buffer, strideY, m int) program.Buffer {
	dst := b.buffer(name, b.heads*(n+m))
	b.record(
		program.Copy{X: x, Dst: dst, FromStride: stride, ToStride: n + m, Width: n, Count: b.heads},
		program.Copy{X: y, Dst: dst, FromStride: strideY, To: n, ToStride: n + m, Width: m, Count: b.heads},
	)
	return dst
}
