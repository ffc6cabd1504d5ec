package dialect

import (
	"encoding/base64"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
)

type kv = map[string]any

// twin is a model in both dialects. Tensors are given as "name rows×columns"
// by their sizes; the data of one is its name, so that it can be followed.
type twin struct {
	name          string
	ollama, llama kv
	from, to      []shaped
	gone          []string // keys that llama.cpp's form does not have
}

type shaped struct {
	name  string
	shape []int
	of    []string // whose data it holds, itself if nil
}

func w(name string, shape ...int) shaped { return shaped{name: name, shape: shape} }

func (s shaped) as(of ...string) shaped { s.of = of; return s }

// words returns n tokens, those of at among them.
func words(n int, at map[int]string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = "w"
		if s, ok := at[i]; ok {
			all[i] = s
		}
	}
	return all
}

var llama3Words = map[int]string{128006: "<|start_header_id|>", 128009: "<|eot_id|>"}

var twins = []twin{
	{
		name: "gpt-oss",
		ollama: kv{"general.architecture": "gptoss", "gptoss.block_count": uint32(1), "gptoss.embedding_length": uint32(8),
			"gptoss.rope.scaling.factor": float32(32), "tokenizer.ggml.pre": "default", "tokenizer.ggml.model": "gpt2"},
		llama: kv{"general.architecture": "gpt-oss", "gpt-oss.block_count": uint32(1), "gpt-oss.embedding_length": uint32(8),
			"gpt-oss.rope.scaling.factor": float32(32), "gpt-oss.rope.scaling.type": "yarn", "gpt-oss.expert_feed_forward_length": uint32(6),
			"tokenizer.ggml.pre": "gpt-4o", "tokenizer.ggml.model": "gpt2"},
		from: []shaped{w("blk.0.attn_out.weight", 8, 8), w("blk.0.attn_out.bias", 8), w("blk.0.attn_sinks", 2), w("blk.0.ffn_norm.weight", 8),
			w("blk.0.attn_norm.weight", 8), w("blk.0.ffn_gate_exps.weight", 8, 6, 4)},
		to: []shaped{w("blk.0.attn_output.weight", 8, 8).as("blk.0.attn_out.weight"), w("blk.0.attn_output.bias", 8).as("blk.0.attn_out.bias"),
			w("blk.0.attn_sinks.weight", 2).as("blk.0.attn_sinks"), w("blk.0.post_attention_norm.weight", 8).as("blk.0.ffn_norm.weight"),
			w("blk.0.attn_norm.weight", 8), w("blk.0.ffn_gate_exps.weight", 8, 6, 4)},
		gone: []string{"gptoss.block_count"},
	},
	{
		name: "gpt-oss, tensors named already",
		ollama: kv{"general.architecture": "gptoss", "gptoss.expert_feed_forward_length": uint32(6),
			"gptoss.rope.scaling.type": "none", "tokenizer.ggml.pre": "gpt-4o"},
		llama: kv{"general.architecture": "gpt-oss", "gpt-oss.expert_feed_forward_length": uint32(6),
			"gpt-oss.rope.scaling.type": "none", "tokenizer.ggml.pre": "gpt-4o"},
		from: []shaped{w("blk.0.attn_output.weight", 8, 8), w("blk.0.attn_sinks.weight", 2), w("blk.0.post_attention_norm.weight", 8)},
		to:   []shaped{w("blk.0.attn_output.weight", 8, 8), w("blk.0.attn_sinks.weight", 2), w("blk.0.post_attention_norm.weight", 8)},
	},
	{
		name: "embeddinggemma",
		ollama: kv{"general.architecture": "gemma3", "gemma3.pooling_type": uint32(1), "gemma3.attention.causal": true,
			"gemma3.attention.layer_norm_rms_epsilon": float32(1e-6), "gemma3.attention.sliding_window_pattern": []bool{true, false}},
		llama: kv{"general.architecture": "gemma-embedding", "gemma-embedding.pooling_type": uint32(1),
			"gemma-embedding.attention.layer_norm_rms_epsilon": float32(1e-6), "gemma-embedding.rope.freq_base_swa": float32(1e4),
			"gemma-embedding.rope.freq_base": float32(1e6), "gemma-embedding.attention.causal": false,
			"gemma-embedding.dense_2_feat_in": uint32(8), "gemma-embedding.dense_2_feat_out": uint32(32),
			"gemma-embedding.dense_3_feat_in": uint32(32), "gemma-embedding.dense_3_feat_out": uint32(8)},
		from: []shaped{w("dense.0.weight", 8, 32), w("dense.1.weight", 32, 8), w("norm.weight", 8), w("blk.0.attn_norm.weight", 8), w("blk.0.attn_q_norm.weight", 8)},
		to: []shaped{w("dense_2.weight", 8, 32).as("dense.0.weight"), w("dense_3.weight", 32, 8).as("dense.1.weight"),
			w("output_norm.weight", 8).as("norm.weight"), w("blk.0.attn_norm.weight", 8), w("blk.0.attn_q_norm.weight", 8)},
		gone: []string{"gemma-embedding.attention.sliding_window_pattern"},
	},
	{
		name: "gemma3 with vision",
		ollama: kv{"general.architecture": "gemma3", "gemma3.context_length": uint32(131072), "gemma3.rope.global.freq_base": float32(5e5),
			"gemma3.rope.local.freq_base": float32(9e3), "gemma3.mm.tokens_per_image": uint32(256),
			"tokenizer.ggml.tokens": words(12, nil), "tokenizer.ggml.scores": make([]float32, 12), "tokenizer.ggml.token_type": make([]int32, 12)},
		llama: kv{"general.architecture": "gemma3", "gemma3.context_length": uint32(131072), "gemma3.rope.freq_base": float32(5e5),
			"gemma3.rope.freq_base_swa": float32(9e3), "gemma3.attention.layer_norm_rms_epsilon": float32(1e-6),
			"gemma3.rope.scaling.type": "linear", "gemma3.rope.scaling.factor": float32(8),
			"tokenizer.ggml.tokens": words(10, nil), "tokenizer.ggml.scores": make([]float32, 10), "tokenizer.ggml.token_type": make([]int32, 10)},
		from: []shaped{w("token_embd.weight", 8, 10), w("v.blk.0.attn_q.weight", 4, 4), w("mm.mm_input_projection.weight", 4, 8), w("blk.0.attn_q.weight", 8, 8)},
		to:   []shaped{w("token_embd.weight", 8, 10), w("blk.0.attn_q.weight", 8, 8)},
	},
	{
		name: "gemma3 1b",
		ollama: kv{"general.architecture": "gemma3", "gemma3.context_length": uint32(32768), "gemma3.rope.freq_base": float32(1e6),
			"gemma3.rope.local.freq_base": float32(1e4), "gemma3.attention.layer_norm_rms_epsilon": float32(1e-5)},
		llama: kv{"general.architecture": "gemma3", "gemma3.context_length": uint32(32768), "gemma3.rope.freq_base": float32(1e6),
			"gemma3.rope.freq_base_swa": float32(1e4), "gemma3.attention.layer_norm_rms_epsilon": float32(1e-5)},
		from: []shaped{w("token_embd.weight", 8, 10)},
		to:   []shaped{w("token_embd.weight", 8, 10)},
		gone: []string{"gemma3.rope.scaling.type", "gemma3.rope.local.freq_base"},
	},
	{
		name: "gemma3n",
		ollama: kv{"general.architecture": "gemma3n", "gemma3n.rope.freq_base_local": float32(1e4), "tokenizer.ggml.model": "gpt2",
			"tokenizer.ggml.tokens":     words(10, map[int]string{2: "<0x41>", 3: "<unused7>"}),
			"tokenizer.ggml.token_type": []int32{1, 1, 1, 4, 1, 1, 1, 1, 1, 1}},
		llama: kv{"general.architecture": "gemma3n", "gemma3n.rope.freq_base_swa": float32(1e4), "tokenizer.ggml.model": "llama",
			"tokenizer.ggml.tokens":     words(6, map[int]string{2: "<0x41>", 3: "<unused7>"}),
			"tokenizer.ggml.token_type": []int32{1, 1, 6, 1, 1, 1}},
		from: []shaped{w("token_embd.weight", 8, 10), w("per_layer_token_embd.weight", 4, 6)},
		to:   []shaped{w("token_embd.weight", 8, 6), w("per_layer_token_embd.weight", 4, 6)},
	},
	{
		name:   "gemma4",
		ollama: kv{"general.architecture": "gemma4", "tokenizer.ggml.model": "llama", "gemma4.block_count": uint32(1)},
		llama:  kv{"general.architecture": "gemma4", "tokenizer.ggml.model": "gemma4", "gemma4.block_count": uint32(1)},
		from: []shaped{w("a.conv1d.0.weight", 4, 4), w("model.vision_tower.x", 4), w("blk.0.ffn_gate_inp.per_expert_scale", 4),
			w("blk.0.ffn_gate_inp.weight", 8, 4), w("blk.0.ffn_gate_exps.weight", 8, 4, 4)},
		to: []shaped{w("blk.0.ffn_down_exps.scale", 4).as("blk.0.ffn_gate_inp.per_expert_scale"),
			w("blk.0.ffn_gate_inp.weight", 8, 4), w("blk.0.ffn_gate_exps.weight", 8, 4, 4)},
	},
	{
		name: "snowflake-arctic-embed2",
		ollama: kv{"general.architecture": "bert", "tokenizer.ggml.model": "t5",
			"tokenizer.ggml.precompiled_charsmap": strings.Split(base64.StdEncoding.EncodeToString([]byte("charsmap!")), "")},
		llama: kv{"general.architecture": "bert", "tokenizer.ggml.model": "t5", "tokenizer.ggml.precompiled_charsmap": []uint8("charsmap!")},
		from:  []shaped{w("token_embd.weight", 8, 10)},
		to:    []shaped{w("token_embd.weight", 8, 10)},
	},
	{
		name: "olmo3",
		ollama: kv{"general.architecture": "olmo3", "olmo3.block_count": uint32(1), "olmo3.attention.sliding_window": uint32(4096),
			"olmo3.rope.scaling.type": "yarn"},
		llama: kv{"general.architecture": "olmo2", "olmo2.block_count": uint32(1), "olmo2.attention.sliding_window": uint32(4096),
			"olmo2.rope.scaling.type": "yarn"},
		from: []shaped{w("blk.0.post_ffw_norm.weight", 8)},
		to:   []shaped{w("blk.0.post_ffw_norm.weight", 8)},
	},
	{
		name: "glm-4.7-flash",
		ollama: kv{"general.architecture": "glm4moelite", "glm4moelite.attention.head_count": uint32(20), "glm4moelite.attention.head_count_kv": uint32(20),
			"glm4moelite.attention.key_length": uint32(256), "glm4moelite.attention.value_length": uint32(256), "glm4moelite.attention.kv_lora_rank": uint32(512),
			"glm4moelite.attention.key_length_mla": uint32(576), "glm4moelite.attention.value_length_mla": uint32(512),
			"glm4moelite.rope.dimension_count": uint32(64), "tokenizer.ggml.eos_token_ids": []int32{10, 11, 12}},
		llama: kv{"general.architecture": "deepseek2", "deepseek2.attention.head_count": uint32(20), "deepseek2.attention.head_count_kv": uint32(1),
			"deepseek2.attention.key_length": uint32(576), "deepseek2.attention.value_length": uint32(512), "deepseek2.attention.kv_lora_rank": uint32(512),
			"deepseek2.attention.key_length_mla": uint32(256), "deepseek2.attention.value_length_mla": uint32(256),
			"deepseek2.rope.dimension_count": uint32(64), "deepseek2.expert_group_count": uint32(1), "deepseek2.expert_group_used_count": uint32(1),
			"tokenizer.ggml.pre": "glm4", "tokenizer.ggml.eot_token_id": uint32(11), "tokenizer.ggml.eom_token_id": uint32(12)},
		from: []shaped{w("blk.0.attn_k_b.weight", 8, 8, 2)},
		to:   []shaped{w("blk.0.attn_k_b.weight", 8, 8, 2)},
	},
	{
		name: "glm-ocr",
		ollama: kv{"general.architecture": "glmocr", "glmocr.block_count": uint32(1), "glmocr.rope.mrope_section": []int32{16, 24, 24},
			"glmocr.attention.key_length": uint32(128), "tokenizer.ggml.pre": "llama-bpe"},
		llama: kv{"general.architecture": "glm4", "glm4.block_count": uint32(1), "glm4.rope.dimension_sections": []int32{16, 24, 24, 0},
			"glm4.attention.key_length": uint32(128), "glm4.rope.dimension_count": uint32(128), "tokenizer.ggml.pre": "chatglm-bpe"},
		from: []shaped{w("blk.0.attn_out.weight", 8, 8), w("blk.0.post_attn_norm.weight", 8), w("blk.0.post_ffn_norm.weight", 8),
			w("blk.0.ffn_gate.weight", 8, 6), w("blk.0.ffn_up.weight", 8, 6), w("blk.0.ffn_down.weight", 6, 8), w("v.patch.weight", 4)},
		to: []shaped{w("blk.0.attn_output.weight", 8, 8).as("blk.0.attn_out.weight"), w("blk.0.post_attention_norm.weight", 8).as("blk.0.post_attn_norm.weight"),
			w("blk.0.post_ffw_norm.weight", 8).as("blk.0.post_ffn_norm.weight"),
			w("blk.0.ffn_up.weight", 8, 12).as("blk.0.ffn_gate.weight", "blk.0.ffn_up.weight"), w("blk.0.ffn_down.weight", 6, 8)},
	},
	{
		name: "qwen3.5",
		ollama: kv{"general.architecture": "qwen35", "qwen35.block_count": uint32(5), "qwen35.nextn_predict_layers": uint32(1),
			"qwen35.attention.head_count_kv": []uint32{0, 0, 0, 4},
			"qwen35.rope.dimension_sections": []int32{11, 11, 10}, "qwen35.ssm.v_head_reordered": true},
		llama: kv{"general.architecture": "qwen35", "qwen35.block_count": uint32(4), "qwen35.attention.head_count_kv": uint32(4),
			"qwen35.rope.dimension_sections": []int32{11, 11, 10, 0}},
		from: []shaped{w("blk.0.ssm_dt", 4), w("blk.0.ssm_norm.weight", 4), w("blk.3.attn_q.weight", 8, 8), w("mtp.fc.weight", 4, 4), w("v.patch_embd.weight", 4), w("mm.0.weight", 4)},
		to:   []shaped{w("blk.0.ssm_dt.bias", 4).as("blk.0.ssm_dt"), w("blk.0.ssm_norm.weight", 4), w("blk.3.attn_q.weight", 8, 8)},
		gone: []string{"qwen35.nextn_predict_layers"},
	},
	{
		name: "qwen3.5 with llama.cpp's guessing layer",
		ollama: kv{"general.architecture": "qwen35moe", "qwen35moe.block_count": uint32(5), "qwen35moe.nextn_predict_layers": uint32(1),
			"qwen35moe.attention.head_count_kv": []int32{0, 0}, "qwen35moe.vision.block_count": uint32(1)},
		llama: kv{"general.architecture": "qwen35moe", "qwen35moe.block_count": uint32(5), "qwen35moe.nextn_predict_layers": uint32(1),
			"qwen35moe.attention.head_count_kv": uint32(2)},
		from: []shaped{w("blk.4.nextn.eh_proj.weight", 8, 8), w("blk.0.ssm_dt.bias", 4)},
		to:   []shaped{w("blk.4.nextn.eh_proj.weight", 8, 8), w("blk.0.ssm_dt.bias", 4)},
	},
	{
		name:   "qwen3-next",
		ollama: kv{"general.architecture": "qwen3next", "qwen3next.attention.head_count_kv": []uint32{0, 2}},
		llama:  kv{"general.architecture": "qwen3next", "qwen3next.attention.head_count_kv": uint32(2)},
		from:   []shaped{w("blk.1.ssm_dt", 4)},
		to:     []shaped{w("blk.1.ssm_dt.bias", 4).as("blk.1.ssm_dt")},
	},
	{
		name:   "qwen2.5-vl",
		ollama: kv{"general.architecture": "qwen25vl", "qwen25vl.rope.mrope_section": []int32{16, 24, 24}, "qwen25vl.block_count": uint32(1)},
		llama:  kv{"general.architecture": "qwen2vl", "qwen2vl.rope.dimension_sections": []int32{16, 24, 24, 0}, "qwen2vl.block_count": uint32(1)},
		from:   []shaped{w("blk.0.attn_q.weight", 8, 8), w("v.blk.0.attn_q.weight", 4, 4)},
		to:     []shaped{w("blk.0.attn_q.weight", 8, 8)},
	},
	{
		name:   "qwen3-vl",
		ollama: kv{"general.architecture": "qwen3vl", "qwen3vl.vision.deepstack_visual_indexes": []int32{5, 11, 17}},
		llama:  kv{"general.architecture": "qwen3vl", "qwen3vl.rope.dimension_sections": []int32{24, 20, 20, 0}, "qwen3vl.n_deepstack_layers": uint32(3)},
		from:   []shaped{w("blk.0.attn_q.weight", 8, 8), w("v.blk.0.attn_q.weight", 4, 4)},
		to:     []shaped{w("blk.0.attn_q.weight", 8, 8)},
	},
	{
		name:   "lfm2",
		ollama: kv{"general.architecture": "lfm2", "lfm2.feed_forward_length": uint32(12288), "tokenizer.ggml.pre": "default"},
		llama:  kv{"general.architecture": "lfm2", "lfm2.feed_forward_length": uint32(12), "tokenizer.ggml.pre": "lfm2"},
		from:   []shaped{w("output_norm.weight", 8), w("blk.0.ffn_gate.weight", 8, 12)},
		to:     []shaped{w("token_embd_norm.weight", 8).as("output_norm.weight"), w("blk.0.ffn_gate.weight", 8, 12)},
	},
	{
		name: "mistral3",
		ollama: kv{"general.architecture": "mistral3", "mistral3.rope.scaling.beta_fast": float32(32), "mistral3.rope.scaling.beta_slow": float32(1),
			"mistral3.rope.scaling.mscale_all_dim": float32(1), "mistral3.rope.scaling_beta": float32(0.1), "tokenizer.ggml.pre": "default"},
		llama: kv{"general.architecture": "mistral3", "mistral3.rope.scaling.yarn_beta_fast": float32(32), "mistral3.rope.scaling.yarn_beta_slow": float32(1),
			"mistral3.rope.scaling.yarn_log_multiplier": float32(1), "mistral3.attention.temperature_scale": float32(0.1), "tokenizer.ggml.pre": "tekken"},
		from: []shaped{w("blk.0.attn_q.weight", 8, 8), w("v.blk.0.attn_q.weight", 4, 4), w("mm.linear_1.weight", 4, 4)},
		to:   []shaped{w("blk.0.attn_q.weight", 8, 8)},
	},
	{
		name: "llama 3",
		ollama: kv{"general.architecture": "llama", "tokenizer.ggml.tokens": words(128256, llama3Words),
			"tokenizer.ggml.eos_token_id": uint32(128001)},
		llama: kv{"general.architecture": "llama", "tokenizer.ggml.tokens": words(128256, llama3Words), "tokenizer.ggml.pre": "llama-bpe",
			"tokenizer.ggml.eos_token_id": uint32(128009), "tokenizer.ggml.eot_token_id": uint32(128009)},
		from: []shaped{w("blk.0.attn_q.weight", 8, 8)},
		to:   []shaped{w("blk.0.attn_q.weight", 8, 8)},
	},
	{
		name:   "llama 4",
		ollama: kv{"general.architecture": "llama4", "llama4.vision.block_count": uint32(34)},
		llama:  kv{"general.architecture": "llama4"},
		from:   []shaped{w("blk.0.attn_q.weight", 8, 8), w("v.blk.0.attn_q.weight", 4, 4), w("mm.linear_1.weight", 4, 4)},
		to:     []shaped{w("blk.0.attn_q.weight", 8, 8)},
	},
	{
		name: "llama 3.2 vision",
		ollama: kv{"general.architecture": "mllama", "mllama.block_count": uint32(4), "mllama.attention.cross_attention_layers": []int32{1},
			"mllama.vocab_size": uint32(18), "tokenizer.ggml.tokens": words(18, nil)},
		llama: kv{"general.architecture": "llama", "llama.block_count": uint32(3), "llama.vocab_size": uint32(10), "tokenizer.ggml.tokens": words(10, nil)},
		from: []shaped{w("token_embd.weight", 8, 18), w("output.weight", 8, 10), w("blk.0.attn_q.weight", 8, 8), w("blk.1.cross_attn_q_proj.weight", 8, 8),
			w("blk.1.attn_norm.weight", 8), w("blk.2.attn_q.weight", 8, 8), w("blk.3.attn_q.weight", 8, 8), w("v.class_embd", 4)},
		to: []shaped{w("token_embd.weight", 8, 10), w("output.weight", 8, 10), w("blk.0.attn_q.weight", 8, 8),
			w("blk.1.attn_q.weight", 8, 8).as("blk.2.attn_q.weight"), w("blk.2.attn_q.weight", 8, 8).as("blk.3.attn_q.weight")},
		gone: []string{"llama.attention.cross_attention_layers"},
	},
	{
		name:   "deepseek-ocr",
		ollama: kv{"general.architecture": "deepseekocr", "deepseekocr.block_count": uint32(2)},
		llama: kv{"general.architecture": "deepseek2-ocr", "deepseek2-ocr.block_count": uint32(2), "deepseek2-ocr.attention.layer_norm_rms_epsilon": float32(1e-6),
			"deepseek2-ocr.expert_feed_forward_length": uint32(6), "deepseek2-ocr.expert_shared_count": uint32(2)},
		from: []shaped{w("blk.1.ffn_down_exps.weight", 6, 8, 4), w("blk.1.ffn_down_shexp.weight", 12, 8), w("s.blk.0.x", 4)},
		to:   []shaped{w("blk.1.ffn_down_exps.weight", 6, 8, 4), w("blk.1.ffn_down_shexp.weight", 12, 8)},
	},
	{
		name: "nemotron 3 omni",
		ollama: kv{"general.architecture": "nemotron_h_omni", "nemotron_h_omni.expert_count": uint32(4), "nemotron_h_omni.block_count": uint32(1),
			"nemotron_h_omni.vision.block_count": uint32(1)},
		llama: kv{"general.architecture": "nemotron_h_moe", "nemotron_h_moe.expert_count": uint32(4), "nemotron_h_moe.block_count": uint32(1),
			"nemotron_h_moe.moe_latent_size": uint32(4)},
		from: []shaped{w("blk.0.ffn_latent_in.weight", 8, 4), w("blk.0.ffn_latent_out.weight", 4, 8), w("mtp.layers.0.x", 4), w("a.x", 4), w("v.x", 4)},
		to: []shaped{w("blk.0.ffn_latent_down.weight", 8, 4).as("blk.0.ffn_latent_in.weight"),
			w("blk.0.ffn_latent_up.weight", 4, 8).as("blk.0.ffn_latent_out.weight")},
	},
	{
		name:   "nemotron 3 omni without experts",
		ollama: kv{"general.architecture": "nemotron_h_omni", "nemotron_h_omni.block_count": uint32(1)},
		llama:  kv{"general.architecture": "nemotron_h", "nemotron_h.block_count": uint32(1)},
		from:   []shaped{w("blk.0.ssm_in.weight", 8, 4), w("mm.x", 4)},
		to:     []shaped{w("blk.0.ssm_in.weight", 8, 4)},
	},
	{
		name:   "laguna",
		ollama: kv{"general.architecture": "laguna", "laguna.rope.swa.dimension_count": uint32(64), "laguna.rope.swa.freq_base": float32(1e4)},
		llama:  kv{"general.architecture": "laguna", "laguna.rope.dimension_count_swa": uint32(64), "laguna.rope.freq_base_swa": float32(1e4)},
		from:   []shaped{w("blk.0.attn_g.weight", 8, 4)},
		to:     []shaped{w("blk.0.attn_gate.weight", 8, 4).as("blk.0.attn_g.weight")},
	},
}

// data is what a tensor holds: values that only its name gives.
func (s shaped) data() []byte {
	of := s.of
	if of == nil {
		of = []string{s.name}
	}
	n := 1
	for _, d := range s.shape {
		n *= d
	}
	var all []byte
	for _, name := range of {
		r := rand.New(rand.NewChaCha8([32]byte([]byte(name + strings.Repeat(" ", 64))[:32])))
		for range n * 4 / len(of) {
			all = append(all, byte(r.Uint32()))
		}
	}
	return all
}

func write(tb testing.TB, path string, meta kv, tensors []shaped) {
	tb.Helper()
	var m gguf.Metadata
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		m.Set(key, meta[key])
	}
	var sources []gguf.TensorSource
	for _, s := range tensors {
		sources = append(sources, gguf.TensorSource{Name: s.name, Type: tensor.F32, Shape: s.shape, Data: s.data()})
	}
	if err := gguf.WriteFile(path, &m, sources); err != nil {
		tb.Fatal(err)
	}
}

func TestTwins(t *testing.T) {
	seen := map[string]bool{}
	for _, tw := range twins {
		t.Run(tw.name, func(t *testing.T) {
			seen[tw.ollama["general.architecture"].(string)] = true
			dir := t.TempDir()
			// Ollama's store names files by their digest, without a suffix.
			blob := filepath.Join(dir, "sha256-5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef")
			write(t, blob, tw.ollama, tw.from)
			got, err := Open(blob)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()

			path := filepath.Join(dir, "twin.gguf")
			write(t, path, tw.llama, tw.to)
			raw, err := gguf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			want, err := View(raw)
			if err != nil {
				t.Fatal(err)
			}
			if want != raw {
				t.Error("llama.cpp's form was translated")
			}

			for _, key := range want.Meta.Keys() {
				w, _ := want.Meta.Value(key)
				g, ok := got.Meta.Value(key)
				if !ok || !reflect.DeepEqual(g, w) {
					t.Errorf("%s is %v, want %v", key, brief(g), brief(w))
				}
			}
			for _, key := range tw.gone {
				if v, ok := got.Meta.Value(key); ok {
					t.Errorf("%s is still %v", key, v)
				}
			}
			if len(got.Tensors) != len(want.Tensors) {
				t.Errorf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
			}
			for i := range want.Tensors {
				w := &want.Tensors[i]
				g, ok := got.Tensor(w.Name)
				if !ok {
					t.Errorf("no tensor %s", w.Name)
					continue
				}
				if g.Type != w.Type || !slices.Equal(g.Shape, w.Shape) {
					t.Errorf("%s is %v %v, want %v %v", w.Name, g.Type, g.Shape, w.Type, w.Shape)
				}
				if !slices.Equal(g.Data, w.Data) {
					t.Errorf("%s holds other data", w.Name)
				}
			}
			if got.Size() <= 0 || got.Check() != nil {
				t.Error("the view does not stand for its file")
			}
		})
	}
	for _, f := range families {
		if !seen[f.arch] && f.arch != "qwen3vlmoe" && f.arch != "lfm2moe" && f.arch != "nemotron_h_moe" {
			t.Errorf("no twin for %s", f.arch)
		}
	}
}

func brief(v any) any {
	if s, ok := v.([]string); ok && len(s) > 20 {
		return len(s)
	}
	return v
}

// TestUntouched holds llama.cpp's files of families with a row in the table to
// what they say.
func TestUntouched(t *testing.T) {
	for _, c := range []kv{
		{"general.architecture": "gemma3", "gemma3.attention.layer_norm_rms_epsilon": float32(1e-6)},
		{"general.architecture": "llama", "tokenizer.ggml.tokens": words(128256, llama3Words), "tokenizer.ggml.pre": "llama-bpe", "tokenizer.ggml.eos_token_id": uint32(128009)},
		{"general.architecture": "qwen35", "qwen35.attention.head_count_kv": uint32(2)},
		{"general.architecture": "bert", "tokenizer.ggml.precompiled_charsmap": []uint8{1, 2, 3}},
		{"general.architecture": "unheard-of"},
		{},
	} {
		path := filepath.Join(t.TempDir(), "model.gguf")
		write(t, path, c, []shaped{{name: "blk.0.attn_q.weight", shape: []int{8, 8}}})
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if v, err := View(f); err != nil || v != f {
			t.Errorf("%v: %v, translated: %v", c["general.architecture"], err, v != f)
		}
	}
}

// TestRefuses holds what is not complete to errors that name file and cause.
func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		meta    kv
		tensors []shaped
		want    string
	}{
		{"base64", kv{"general.architecture": "bert", "tokenizer.ggml.precompiled_charsmap": []string{"*"}}, nil, "precompiled_charsmap"},
		{"gate alone", kv{"general.architecture": "glmocr"}, []shaped{w("blk.0.ffn_gate.weight", 8, 6)}, "ffn_up.weight"},
		{"halves", kv{"general.architecture": "glmocr"}, []shaped{w("blk.0.ffn_gate.weight", 8, 6), w("blk.0.ffn_up.weight", 4, 6)}, "do not fit"},
		{"cross attention", kv{"general.architecture": "mllama", "mllama.block_count": uint32(2)}, nil, "cross_attention_layers"},
		{"layer", kv{"general.architecture": "mllama", "mllama.block_count": uint32(1), "mllama.attention.cross_attention_layers": []int32{0}},
			[]shaped{w("blk.7.attn_q.weight", 8, 8)}, "of no layer"},
		{"twice", kv{"general.architecture": "gptoss"}, []shaped{w("blk.0.attn_out.weight", 8), w("blk.0.attn_output.weight", 8)}, "two tensors"},
		{"latent attention", kv{"general.architecture": "glm4moelite"}, nil, "kv_lora_rank"},
		{"projections", kv{"general.architecture": "gemma3"}, []shaped{w("dense.0.weight", 8, 8)}, "dense.1"},
	} {
		path := filepath.Join(t.TempDir(), "model.gguf")
		write(t, path, c.meta, append(c.tensors, shaped{name: "x", shape: []int{1}}))
		f, err := Open(path)
		if err == nil {
			f.Close()
			t.Errorf("%s: no error", c.name)
		} else if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q and the file", c.name, err, c.want)
		}
	}
}

// FuzzView throws values of any kind at every key and size that a row reads.
func FuzzView(f *testing.F) {
	var archs, keys, names []string
	for _, fam := range families {
		archs = append(archs, fam.arch)
		for _, r := range fam.keys {
			keys = append(keys, fam.arch+"."+r.from)
		}
	}
	for _, tw := range twins {
		keys = append(keys, slices.Sorted(maps.Keys(tw.ollama))...)
		for _, s := range tw.from {
			names = append(names, s.name)
		}
	}
	values := []any{uint32(0), uint32(7), int32(-1), ^uint64(0), float32(2), true, "default", []string{}, []string{"a", "<0x41>"}, []int32{}, []int32{-5, 1 << 30},
		[]uint32{1, 2, 3}, []uint64{^uint64(0)}, []float32{1, 2, 3}, []bool{true}, []any{[]int32{1}}, []uint8{1}}
	for i := range archs {
		f.Add([]byte{byte(i), 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9})
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		next := func(n int) int {
			if len(in) == 0 || n == 0 {
				return 0
			}
			b := in[0]
			in = in[1:]
			return int(b) % n
		}
		file := &gguf.File{Path: "fuzzed"}
		arch := archs[next(len(archs))]
		file.Meta.Set("general.architecture", arch)
		for range next(32) {
			file.Meta.Set(keys[next(len(keys))], values[next(len(values))])
		}
		used := map[string]bool{}
		for range next(16) {
			name := names[next(len(names))]
			if used[name] {
				continue
			}
			used[name] = true
			shape, size := []int{}, 4
			for range 1 + next(4) {
				shape = append(shape, 1+next(9))
				size *= shape[len(shape)-1]
			}
			file.Tensors = append(file.Tensors, gguf.Tensor{Name: name, Type: tensor.F32, Shape: shape, Data: make([]byte, size)})
		}
		before := file.Meta.Clone()
		v, err := View(file)
		if err != nil {
			return
		}
		for i := range v.Tensors {
			x := &v.Tensors[i]
			if int64(len(x.Data)) != 4*x.Elements() {
				t.Errorf("%s: %d bytes for %v", x.Name, len(x.Data), x.Shape)
			}
		}
		if !slices.Equal(before.Keys(), file.Meta.Keys()) {
			t.Error("the file itself was changed")
		}
	})
}
