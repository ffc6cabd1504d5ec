package arch

import "freehold/engine/program"

// llama is the family of Llama 2, 3 and 3.x, CodeLlama, Mistral, Yi, TinyLlama,
// SmolLM2 and all who copied them: RMSNorm before each half of a layer, grouped
// query attention with rotary positions on adjacent pairs, SwiGLU, optional
// biases, an output matrix of its own or tied to the embedding
// (Touvron et al., 2023; Grattafiori et al., 2024).
func llama(l *loader) (*Model, error) {
	if n, ok := l.file.Meta.Uint("llama.expert_count"); ok && n > 0 {
		l.fail("this is a mixture of %d experts (Mixtral), which is not supported", n)
	}
	return dense(l, true)
}

// dense records the forward pass that llama and its closest relatives share;
// adjacent says which values the rotary positions pair.
func dense(l *loader, adjacent bool) (*Model, error) {
	c := l.config()
	kvWidth, qWidth := c.KVHeads*c.HeadDim, c.Heads*c.HeadDim

	p := &program.Program{Vocab: c.Vocab, Ropes: []program.RopeTable{l.rope(c, adjacent)}}
	x := p.Buffer("residual", c.Embedding)
	h := p.Buffer("normed", c.Embedding)
	q := p.Buffer("query", qWidth)
	k := p.Buffer("key", kvWidth)
	v := p.Buffer("value", kvWidth)
	attended := p.Buffer("attended", qWidth)
	gate := p.Buffer("gate", c.FeedForward)
	up := p.Buffer("up", c.FeedForward)

	embedding := l.matrix("token_embd.weight", c.Vocab, c.Embedding)
	p.Record(program.Embed{Table: embedding, Dst: x, Scale: 1})

	for i := range c.Layers {
		b := l.block(i)
		p.Cache = append(p.Cache, program.CacheLayer{KVHeads: c.KVHeads, HeadDim: c.HeadDim, ValueDim: c.HeadDim})
		p.Record(
			program.RMSNorm{X: x, Dst: h, Gain: b.norm("attn_norm", c.Embedding), Eps: c.NormEps},
			program.Linear{X: h, Out: []program.Projection{
				b.project("attn_q", c.Embedding, qWidth, q),
				b.project("attn_k", c.Embedding, kvWidth, k),
				b.project("attn_v", c.Embedding, kvWidth, v),
			}},
			program.Rope{X: q, Heads: c.Heads, HeadDim: c.HeadDim},
			program.Rope{X: k, Heads: c.KVHeads, HeadDim: c.HeadDim},
			program.StoreKV{K: k, V: v, Layer: i},
			program.Attention{Q: q, Dst: attended, Layer: i, Heads: c.Heads, Scale: rsqrt(c.HeadDim)},
		)
		if i == c.Layers-1 {
			// Only rows whose logits are wanted need to go on from here.
			x, attended = selectOutputs(p, x), selectOutputs(p, attended)
			h = p.OutputBuffer("normed of outputs", c.Embedding)
			gate = p.OutputBuffer("gate of outputs", c.FeedForward)
			up = p.OutputBuffer("up of outputs", c.FeedForward)
		}
		p.Record(
			program.Linear{X: attended, Out: []program.Projection{b.add("attn_output", qWidth, c.Embedding, x)}},
			program.RMSNorm{X: x, Dst: h, Gain: b.norm("ffn_norm", c.Embedding), Eps: c.NormEps},
			program.Linear{X: h, Out: []program.Projection{
				b.project("ffn_gate", c.Embedding, c.FeedForward, gate),
				b.project("ffn_up", c.Embedding, c.FeedForward, up),
			}},
			program.Gated{Gate: gate, Up: up, Dst: gate},
			program.Linear{X: gate, Out: []program.Projection{b.add("ffn_down", c.FeedForward, c.Embedding, x)}},
		)
	}

	p.Logits = p.OutputBuffer("logits", c.Vocab)
	output := embedding // tied unless the file has a matrix of its own
	if _, ok := l.file.Tensor("output.weight"); ok {
		output = l.matrix("output.weight", c.Vocab, c.Embedding)
	}
	p.Record(
		program.RMSNorm{X: x, Dst: h, Gain: l.vector("output_norm.weight", c.Embedding), Eps: c.NormEps},
		program.Linear{X: h, Out: []program.Projection{{
			Weight: output, Bias: l.optionalVector("output.bias", c.Vocab), Dst: p.Logits,
		}}},
	)
	return &Model{Config: c, Program: p}, nil
}
