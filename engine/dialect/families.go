package dialect

import (
	"slices"
	"strings"

	"freehold/engine/gguf"
)

// The parts of a file that are not the text model: vision (v.), sound (a.) and
// the projectors that lead from them into it (mm.).
var otherParts = []string{"v.", "a.", "mm.", "s.", "model.vision_tower."}

// families lists every form known from the models Ollama publishes: from its
// compatibility layer for llama.cpp (llama/compat) and from its own converters
// and models, removed in May 2026 (convert, model/models before 9db4bdbad). The
// first row that fits a file is the one.
var families = []family{
	{
		arch: "gptoss", becomes: "gpt-oss",
		missing: []setting{{"rope.scaling.type", "yarn"}},
		always:  []setting{{"tokenizer.ggml.pre", "gpt-4o"}}, // the files say "default", which splits Harmony's headers
		tensors: []rename{
			{"attn_out", "attn_output"},
			{"attn_sinks", "attn_sinks.weight"},
			{"ffn_norm", "post_attention_norm"},
		},
		also: gptOSS,
	},
	{ // embeddinggemma
		arch: "gemma3", becomes: "gemma-embedding",
		when:    func(v *view) bool { return v.tensor("dense.0.weight") != nil },
		keys:    gemma3Keys,
		missing: gemma3Missing,
		drop:    otherParts,
		tensors: []rename{{"dense.0", "dense_2"}, {"dense.1", "dense_3"}, {"norm", "output_norm"}},
		also:    gemmaEmbedding,
	},
	{
		arch: "gemma3",
		when: func(v *view) bool {
			return v.has("mm.tokens_per_image") || v.hasAny("v.", "mm.") ||
				v.has("rope.global.freq_base") || v.has("rope.local.freq_base") ||
				v.has("tokenizer.ggml.add_padding_token") || v.has("tokenizer.ggml.add_unknown_token") ||
				!v.has("attention.layer_norm_rms_epsilon")
		},
		keys:    gemma3Keys,
		missing: gemma3Missing,
		drop:    otherParts,
		also:    gemma3,
	},
	{
		arch: "gemma3n",
		when: func(v *view) bool {
			tokens, _ := v.size("token_embd.weight", 1)
			perLayer, ok := v.size("per_layer_token_embd.weight", 1)
			return ok && tokens != perLayer
		},
		keys:   []rename{{"rope.freq_base_local", "rope.freq_base_swa"}},
		always: []setting{{"tokenizer.ggml.model", "llama"}},
		drop:   otherParts,
		also:   gemma3n,
	},
	{
		arch: "gemma4",
		when: func(v *view) bool {
			return v.hasAny(otherParts...) || v.text("tokenizer.ggml.model") == "llama"
		},
		drop:    otherParts,
		tensors: []rename{{"ffn_gate_inp.per_expert_scale", "ffn_down_exps.scale"}},
		also:    gemma4,
	},
	{
		arch: "bert", // snowflake-arctic-embed2
		when: func(v *view) bool {
			charsmap, ok := v.meta.Strings("tokenizer.ggml.precompiled_charsmap")
			return ok && len(charsmap) > 0
		},
		also: snowflakeCharsmap,
	},
	{
		arch: "olmo3", becomes: "olmo2",
		keys: yarnKeys,
	},
	{
		arch: "glm4moelite", becomes: "deepseek2", // GLM-4.7 Flash
		missing: []setting{{"expert_group_count", uint32(1)}, {"expert_group_used_count", uint32(1)}},
		always:  []setting{{"tokenizer.ggml.pre", "glm4"}},
		also:    glm4MoELite,
	},
	{
		arch: "glmocr", becomes: "glm4",
		keys:   []rename{{"rope.mrope_section", "rope.dimension_sections"}},
		always: []setting{{"tokenizer.ggml.pre", "chatglm-bpe"}},
		drop:   otherParts,
		tensors: []rename{
			{"attn_out", "attn_output"},
			{"post_attn_norm", "post_attention_norm"},
			{"post_ffn_norm", "post_ffw_norm"},
		},
		also: glmOCR,
	},
	{arch: "qwen35", when: oldQwen35, drop: withMTP, tensors: stepBias, also: qwen35},
	{arch: "qwen35moe", when: oldQwen35, drop: withMTP, tensors: stepBias, also: qwen35},
	{
		arch:    "qwen3next",
		when:    func(v *view) bool { return v.hasEnding(".ssm_dt") },
		tensors: stepBias,
		also:    func(v *view) error { v.largest("attention.head_count_kv", 0); return nil },
	},
	{
		arch: "qwen25vl", becomes: "qwen2vl",
		keys: []rename{{"rope.mrope_section", "rope.dimension_sections"}},
		drop: otherParts,
		also: func(v *view) error { v.fourSections(); return nil },
	},
	{arch: "qwen3vl", when: noSections, drop: otherParts, also: qwen3VL},
	{arch: "qwen3vlmoe", when: noSections, drop: otherParts, also: qwen3VL},
	{arch: "lfm2", when: oldLFM2, always: lfm2Pre, drop: otherParts, tensors: lfm2Tensors, also: lfm2},
	{arch: "lfm2moe", when: oldLFM2, always: lfm2Pre, drop: otherParts, tensors: lfm2Tensors, also: lfm2},
	{
		arch: "mistral3",
		when: func(v *view) bool {
			return v.hasAny(otherParts...) || v.has("rope.scaling.beta_fast") ||
				v.has("rope.scaling.mscale_all_dim") || v.has("rope.scaling_beta")
		},
		keys: append([]rename{
			{"rope.scaling.mscale_all_dim", "rope.scaling.yarn_log_multiplier"},
			{"rope.scaling_beta", "attention.temperature_scale"},
		}, yarnKeys...),
		drop: otherParts,
		also: func(v *view) error { v.pretokenizer("tekken"); return nil },
	},
	{
		arch: "llama",
		when: llama3Gap,
		also: llama3,
	},
	{
		arch: "llama4",
		when: func(v *view) bool { return v.hasAny(otherParts...) },
		drop: otherParts,
	},
	{ // Llama 3.2 Vision: without a picture its cross-attention layers do nothing
		arch: "mllama", becomes: "llama",
		drop: otherParts,
		also: mllama,
	},
	{
		arch: "deepseekocr", becomes: "deepseek2-ocr",
		missing: []setting{{"attention.layer_norm_rms_epsilon", float32(1e-6)}},
		drop:    otherParts,
		also:    deepseekOCR,
	},
	{
		arch: "nemotron_h_omni", becomes: "nemotron_h_moe",
		when: func(v *view) bool {
			experts, _ := v.number("expert_count")
			used, _ := v.number("expert_used_count")
			return experts > 0 || used > 0
		},
		drop: otherParts,
	},
	{
		arch: "nemotron_h_omni", becomes: "nemotron_h",
		drop: otherParts,
	},
	{
		arch:    "nemotron_h_moe",
		when:    func(v *view) bool { return v.hasEnding(".ffn_latent_in.weight") || v.hasAny("mtp.") },
		drop:    []string{"mtp."},
		tensors: []rename{{"ffn_latent_in", "ffn_latent_down"}, {"ffn_latent_out", "ffn_latent_up"}},
		also:    nemotronLatent,
	},
	{
		arch: "laguna",
		when: func(v *view) bool {
			return v.has("rope.swa.dimension_count") || v.has("rope.swa.freq_base") || v.tensor("blk.0.attn_g.weight") != nil
		},
		keys: []rename{
			{"rope.swa.dimension_count", "rope.dimension_count_swa"},
			{"rope.swa.freq_base", "rope.freq_base_swa"},
		},
		tensors: []rename{{"attn_g", "attn_gate"}},
	},
}

// Parts that several rows share.
var (
	yarnKeys = []rename{
		{"rope.scaling.beta_fast", "rope.scaling.yarn_beta_fast"},
		{"rope.scaling.beta_slow", "rope.scaling.yarn_beta_slow"},
		{"rope.scaling.extrapolation_factor", "rope.scaling.yarn_ext_factor"},
	}
	gemma3Keys = append([]rename{
		{"rope.global.freq_base", "rope.freq_base"},
		{"rope.local.freq_base", "rope.freq_base_swa"},
	}, yarnKeys...)
	// What Gemma 3 was trained with and Ollama's engine had built in.
	gemma3Missing = []setting{
		{"attention.layer_norm_rms_epsilon", float32(1e-6)},
		{"rope.freq_base", float32(1e6)},
		{"rope.freq_base_swa", float32(1e4)},
	}
	lfm2Pre     = []setting{{"tokenizer.ggml.pre", "lfm2"}}
	lfm2Tensors = []rename{{"output_norm", "token_embd_norm"}}
	stepBias    = []rename{{"ssm_dt", "ssm_dt.bias"}}
	withMTP     = append([]string{"mtp."}, otherParts...) // and the layers that guess further tokens
)

func oldQwen35(v *view) bool {
	return v.has("vision.block_count") || v.has("image_token_id") || v.has("ssm.v_head_reordered") ||
		v.has("rope.mrope_interleaved") || v.hasAny("mtp.", "v.", "mm.") || v.hasEnding(".ssm_dt")
}

// hasEnding tells whether a tensor's name ends so.
func (v *view) hasEnding(suffix string) bool {
	return slices.ContainsFunc(v.tensors, func(t gguf.Tensor) bool { return strings.HasSuffix(t.Name, suffix) })
}

func noSections(v *view) bool { return !v.has("rope.dimension_sections") }

func oldLFM2(v *view) bool {
	return v.tensor("output_norm.weight") != nil && v.tensor("token_embd_norm.weight") == nil
}
