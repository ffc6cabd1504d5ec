package conformance

import (
	"slices"

	"freehold/engine/gguf"
)

// poolings in the order of their numbers in the key pooling_type.
var poolings = []string{"none", "mean", "cls", "last", "rank"}

func init() {
	encoders("bert", "bert", "positions and token types learnt, norms with biases after branches, GELU", 3, func(m *model) { m.bert(nil) },
		"none", "mean", "cls", "last")
	encoders("bert", "bert", "head with tanh, one label", 2, func(m *model) {
		m.bert(nil)
		m.matrix("cls", small.width, small.width, 1)
		m.bias("cls", small.width)
		m.matrix("cls.output", small.width, 1, 3)
		m.bias("cls.output", 1)
	}, "rank")
	encoders("bert", "bert-labels", "head without an inner layer, three labels, fused attn_qkv", 2, func(m *model) {
		m.set("classifier.output_labels", []string{"a", "b", "c"})
		m.bert(func(b string) {
			m.fusedAttention(b, encoderShape)
			m.bias(b+"attn_qkv", 3*encoderShape.width)
		})
		m.matrix("cls.output", small.width, 3, 3)
		m.bias("cls.output", 3)
	}, "rank")
	encoders("nomic-bert", "nomic-bert", "rope, SwiGLU, no biases", 3, func(m *model) { m.nomicBert(false) }, "none", "mean")
	encoders("nomic-bert-moe", "nomic-bert-moe", "experts in every other layer, GELU", 4, func(m *model) { m.nomicBert(true) }, "none", "mean")
	encoders("jina-bert-v2", "jina-bert-v2", "ALiBi, GELU gate", 3, func(m *model) { m.jinaBert() }, "none", "mean")
	encoders("modern-bert", "modern-bert", "windows to both sides in two of three layers, two rope bases, first layer without its norm", 4, func(m *model) { m.modernBert() },
		"none", "mean", "cls")
	encoders("modern-bert", "modern-bert", "head with GELU and norm behind the mean", 3, func(m *model) {
		m.modernBert()
		m.matrix("cls", small.width, small.width, 1)
		m.norm("cls.norm", small.width, 1)
		m.matrix("cls.output", small.width, 1, 3)
		m.bias("cls.output", 1)
	}, "rank")
	encoders("gemma-embedding", "gemma-embedding", "gemma3's layers looking both ways", 7, func(m *model) { m.gemmaEmbedding() }, "none", "mean")
	encoders("gemma-embedding", "gemma-embedding-dense", "two linear layers behind the mean", 6, func(m *model) {
		m.gemmaEmbedding()
		m.set("dense_2_feat_in", gemmaShape.width)
		m.set("dense_2_feat_out", 192)
		m.set("dense_3_feat_in", 192)
		m.set("dense_3_feat_out", gemmaShape.width)
		m.matrix("dense_2", gemmaShape.width, 192, 1)
		m.matrix("dense_3", 192, gemmaShape.width, 1)
	}, "mean")
	encoders("qwen3", "qwen3-embedding", "the last token of a decoder", 2, func(m *model) { m.qwen3(small, true) }, "last")
	encoders("qwen3", "qwen3-reranker", "softmax over two labels of the last token", 2, func(m *model) {
		m.qwen3(small, true)
		m.set("classifier.output_labels", []string{"yes", "no"})
		// Its input is as large as the last norm makes it.
		m.matrix("cls.output", small.width, 2, 0.5)
	}, "rank")
	encoders("llama", "llama-embedding", "hidden states of a decoder", 2, func(m *model) { m.llama(small, false) }, "none", "mean", "last")
}

// encoders registers a variant for each pooling.
func encoders(family, name, tests string, layers int, build func(*model), kinds ...string) {
	for _, pooling := range kinds {
		v := register(family, name+"-"+pooling, tests, layers, func(m *model) {
			build(m)
			m.set("pooling_type", slices.Index(poolings, pooling))
		})
		v.Kind, v.Pooling = Embedding, pooling
	}
}

// encoderShape has as many key-value heads as query heads.
var encoderShape = shape{width: small.width, ff: small.ff, heads: 4, kvHeads: 4, head: 32}

// encoderKeys are keys for what looks both ways and normalizes by LayerNorm.
func (m *model) encoderKeys(s shape) {
	m.keys(s)
	m.layerNorm()
	m.set("attention.causal", false)
	wordPieceVocabulary(&m.meta)
}

// bertEnds adds embeddings of tokens and token types, and their norm.
func (m *model) bertEnds(s shape) {
	m.meta.Set("tokenizer.ggml.token_type_count", uint32(2))
	m.draw("token_embd.weight", gaussian(0, 1), s.width, Vocab)
	m.draw("token_types.weight", gaussian(0, 0.5), s.width, 2)
	m.normBias("token_embd_norm", s.width, 1)
}

// bert adds BERT's tensors, with attention as attend says or as usual.
func (m *model) bert(attend func(b string)) {
	s := encoderShape
	m.encoderKeys(s)
	m.bertEnds(s)
	m.draw("position_embd.weight", gaussian(0, 0.5), s.width, Context)
	m.eachBlock(func(_ int, b string) {
		if attend != nil {
			attend(b)
		} else {
			m.attention(b, s)
			m.bias(b+"attn_q", s.q())
			m.bias(b+"attn_k", s.kv())
			m.bias(b+"attn_v", s.kv())
		}
		m.bias(b+"attn_output", s.width)
		m.normBias(b+"attn_output_norm", s.width, 1)
		m.plainFFN(b, s, geluGain)
		m.bias(b+"ffn_up", s.ff)
		m.bias(b+"ffn_down", s.width)
		m.normBias(b+"layer_output_norm", s.width, 1)
	})
}

func (m *model) nomicBert(experts bool) {
	s, x := encoderShape, mixture{experts: 8, used: 2, ff: encoderShape.ff}
	m.encoderKeys(s)
	m.bertEnds(s)
	if experts {
		m.mixtureKeys(x)
		m.set("moe_every_n_layers", 2)
	}
	m.eachBlock(func(i int, b string) {
		m.fusedAttention(b, s)
		m.normBias(b+"attn_output_norm", s.width, 1)
		switch {
		case !experts:
			m.gated(b, s)
		case i%2 == 1:
			m.matrix(b+"ffn_gate_inp", s.width, x.experts, routerGain)
			m.experts(b+"ffn_up_exps", s.width, s.ff, x.experts, 1)
			m.experts(b+"ffn_down_exps", s.ff, s.width, x.experts, geluGain)
		default:
			m.plainFFN(b, s, geluGain)
			m.bias(b+"ffn_up", s.ff)
			m.bias(b+"ffn_down", s.width)
		}
		m.normBias(b+"layer_output_norm", s.width, 1)
	})
}

func (m *model) jinaBert() {
	s := encoderShape
	m.encoderKeys(s)
	m.bertEnds(s)
	m.eachBlock(func(_ int, b string) {
		m.attention(b, s)
		m.bias(b+"attn_q", s.q())
		m.bias(b+"attn_k", s.kv())
		m.bias(b+"attn_v", s.kv())
		m.bias(b+"attn_output", s.width)
		m.normBias(b+"attn_output_norm", s.width, 1)
		m.gatedBy(b, s, geluGain)
		m.bias(b+"ffn_down", s.width)
		m.normBias(b+"layer_output_norm", s.width, 1)
	})
}

func (m *model) modernBert() {
	s := encoderShape
	m.encoderKeys(s)
	m.set("attention.sliding_window", window)
	m.set("rope.freq_base", 160000.0)
	m.set("rope.freq_base_swa", 10000.0)
	m.draw("token_embd.weight", gaussian(0, 1), s.width, Vocab)
	m.norm("token_embd_norm", s.width, 1)
	m.norm("output_norm", s.width, 1)
	m.eachBlock(func(i int, b string) {
		if i > 0 {
			m.norm(b+"attn_norm", s.width, 1)
		}
		m.fusedAttention(b, s)
		m.norm(b+"ffn_norm", s.width, 1)
		m.matrix(b+"ffn_up", s.width, 2*s.ff, 1)
		m.matrix(b+"ffn_down", s.ff, s.width, geluGain)
	})
}

func (m *model) gemmaEmbedding() {
	m.gemma3(gemmaShape)
	m.set("attention.causal", false)
	m.set("rope.freq_base", 1e6)
	m.set("rope.freq_base_swa", 1e4)
}

// wordPieceVocabulary is one of letters, at the beginning of words and inside.
func wordPieceVocabulary(meta *gguf.Metadata) {
	var pieces []string
	for c := 'a'; c <= 'z'; c++ {
		pieces = append(pieces, "▁"+string(c))
	}
	for c := 'a'; c <= 'z'; c++ {
		pieces = append(pieces, string(c))
	}
	pieces = append(pieces, "▁the", "[MASK]")
	vocabulary(meta, "bert", [controlTokens]string{"[CLS]", "[SEP]", "[PAD]", "[UNK]"}, pieces)
	meta.Delete("tokenizer.ggml.pre")
	meta.Delete("tokenizer.ggml.merges")
	meta.Delete("tokenizer.ggml.add_bos_token")
	meta.Set("tokenizer.ggml.cls_token_id", uint32(0))
	meta.Set("tokenizer.ggml.seperator_token_id", uint32(1))
	meta.Set("tokenizer.ggml.mask_token_id", uint32(controlTokens+len(pieces)-1))
}
