package arch_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"freehold/engine/arch"
	"freehold/engine/conformance"
	"freehold/engine/gguf"
	"freehold/engine/program"
	"freehold/engine/tensor"
)

// variant opens the tiny model of this name.
func variant(t *testing.T, name string) *gguf.File {
	t.Helper()
	v, ok := conformance.Find(name)
	if !ok {
		t.Fatalf("no variant %s", name)
	}
	return open(t, v)
}

func TestWrongDenseModelsAreNamed(t *testing.T) {
	for _, c := range []struct {
		variant, want string
		change        change
	}{
		{"llama", "llama.attention.head_count is 0 for layer 0", set("llama.attention.head_count", uint32(0))},
		{"llama", "llama.attention.head_count_kv is 0 for layer 1", set("llama.attention.head_count_kv", []uint32{2, 0, 2})},
		{"llama", "llama.attention.head_count_kv has 2 values for 3 layers", set("llama.attention.head_count_kv", []uint32{2, 2})},
		{"llama", "llama.attention.head_count_kv is -1, outside 0…4096", set("llama.attention.head_count_kv", []int32{2, -1, 2})},
		{"llama", "llama.feed_forward_length has 4 values for 3 layers", set("llama.feed_forward_length", []uint32{1, 2, 3, 4})},
		{"llama", "llama.attention.layer_norm_rms_epsilon is missing", func(m *gguf.Metadata, _ map[string]*gguf.Tensor) {
			m.Delete("llama.attention.layer_norm_rms_epsilon")
		}},
		{"llama", "llama.block_count has a value of the wrong type", set("llama.block_count", "three")},
		{"llama", "llama.nextn_predict_layers is 3, of 3 layers", set("llama.nextn_predict_layers", uint32(3))},
		{"llama", `llama.rope.scaling.type is "spiral", which is not supported; supported: none, linear, yarn, longrope`, set("llama.rope.scaling.type", "spiral")},
		{"llama", "llama.rope.dimension_count is 31; it must be even", set("llama.rope.dimension_count", uint32(31))},
		{"llama", "token_embd.weight is missing", drop("token_embd.weight")},
		{"llama", "blk.1.attn_output.weight is missing", drop("blk.1.attn_output.weight")},
		{"llama-wide-heads", "blk.1.attn_qkv.weight has shape [128 256], want [128 512]", reshape("blk.1.attn_qkv.weight", 128, 256)},
		{"llama-biases", "rope_freqs.weight has shape [8 1], want [16]", reshape("rope_freqs.weight", 8, 1)},
		{"llama-yarn", "llama.rope.scaling.original_context_length is 0; it must be positive", set("llama.rope.scaling.original_context_length", float32(0))},
		{"qwen3", "blk.2.attn_k_norm.weight is missing", drop("blk.2.attn_k_norm.weight")},
		{"gemma3-scaled", "gemma3.attention.sliding_window_pattern has 1 values for 4 layers", set("gemma3.attention.sliding_window_pattern", []bool{true})},
		{"gemma4-e2b", "gemma4.attention.shared_kv_layers is 6, outside 0…5", set("gemma4.attention.shared_kv_layers", uint32(6))},
		{"gemma4-e2b", "per_layer_token_embd.weight is missing", drop("per_layer_token_embd.weight")},
		{"gemma4-e2b", "keys and values of different width", set("gemma4.attention.value_length_swa", uint32(16))},
		{"granite", "granite.logit_scale is 0; it must be positive", set("granite.logit_scale", float32(0))},
		{"falcon-7b", "falcon.attention.layer_norm_epsilon is missing", func(m *gguf.Metadata, _ map[string]*gguf.Tensor) {
			m.Delete("falcon.attention.layer_norm_epsilon")
		}},
		{"baichuan-13b", "only the 7B with 32", func(*gguf.Metadata, map[string]*gguf.Tensor) {}},
		{"gpt2", "position_embd.weight has shape", reshape("position_embd.weight", 128, 128)},
	} {
		if err := loadWith(t, variant(t, c.variant), c.change); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.variant, err, c.want)
		}
	}
}

// TestLongropeFollowsTheContext opens one file for a short and for a long context.
func TestLongropeFollowsTheContext(t *testing.T) {
	f := variant(t, "phi3-longrope-long") // an original context of 32
	base := func(i int) float64 { return math.Pow(10000, -float64(2*i)/32) }
	for context, name := range map[int]string{16: "short", 32: "short", 33: "long", 0: "long"} {
		m, err := arch.Load(f, context)
		if err != nil {
			t.Fatal(err)
		}
		factors, _ := f.Tensor("rope_factors_" + name + ".weight")
		want := make([]float32, factors.Elements())
		if err := tensor.Dequantize(factors.Type, factors.Data, want); err != nil {
			t.Fatal(err)
		}
		for i, v := range m.Program.Ropes[0].Freqs {
			if got := base(i) / float64(v); math.Abs(got/float64(want[i])-1) > 1e-5 {
				t.Fatalf("context %d, pair %d: a factor of %g, want %g", context, i, got, want[i])
			}
		}
	}
}

// TestYarnMagnitude checks what must neither be left out nor be applied twice.
func TestYarnMagnitude(t *testing.T) {
	yarn := 1 + 0.1*math.Log(8)
	for _, c := range []struct {
		variant string
		keys    map[string]any
		want    float64
	}{
		{"llama-yarn", nil, yarn},
		{"llama-yarn", map[string]any{"llama.rope.scaling.attn_factor": float32(0.5)}, yarn / 2},
		{"llama-yarn", map[string]any{"llama.rope.scaling.yarn_ext_factor": float32(0)}, 1},
		{"llama-yarn", map[string]any{"llama.rope.scaling.yarn_log_multiplier": float32(1)}, 1},
		{"llama-yarn", map[string]any{"llama.rope.scaling.yarn_log_multiplier": float32(0.5)}, yarn / (1 + 0.05*math.Log(8))},
		{"mistral3-yarn", nil, 1},
		{"llama-linear", nil, 1},
	} {
		f := variant(t, c.variant)
		for k, v := range c.keys {
			f.Meta.Set(k, v)
		}
		m, err := arch.Load(f, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(m.Program.Ropes[0].Magnitude); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s with %v: magnitude %g, want %g", c.variant, c.keys, got, c.want)
		}
	}
}

// TestScalesBesideWeights gives a fused weight and a plain one a scale tensor.
func TestScalesBesideWeights(t *testing.T) {
	f := variant(t, "llama-wide-heads")
	half := gguf.Tensor{Type: tensor.F32, Shape: []int{1}, Data: []byte{0, 0, 0, 0x3f}}
	tensors := slices.Clone(f.Tensors)
	for _, name := range []string{"blk.0.attn_qkv.scale", "blk.1.ffn_down.scale"} {
		half.Name = name
		tensors = append(tensors, half)
	}
	g, err := f.With(f.Meta, tensors)
	if err != nil {
		t.Fatal(err)
	}
	m, err := arch.Load(g, 0)
	if err != nil {
		t.Fatal(err)
	}
	scaled := map[string]int{}
	for _, op := range m.Program.Ops {
		if l, ok := op.(program.Linear); ok {
			for _, out := range l.Out {
				if out.Scale == 0.5 {
					scaled[out.Weight.Name]++
				} else if out.Scale != 0 {
					t.Errorf("%s is scaled by %g", out.Weight.Name, out.Scale)
				}
			}
		}
	}
	if scaled["blk.0.attn_qkv.weight"] != 3 || scaled["blk.1.ffn_down.weight"] != 1 || len(scaled) != 2 {
		t.Errorf("scaled projections: %v", scaled)
	}
}

// TestFusedWeightsAreNotCopied checks that queries, keys and values are views of
// the file's one tensor.
func TestFusedWeightsAreNotCopied(t *testing.T) {
	f := variant(t, "llama-wide-heads")
	m, err := arch.Load(f, 0)
	if err != nil {
		t.Fatal(err)
	}
	all, _ := f.Tensor("blk.0.attn_qkv.weight")
	at := 0
	for _, op := range m.Program.Ops {
		l, ok := op.(program.Linear)
		if !ok || l.Out[0].Weight.Name != all.Name {
			continue
		}
		for _, out := range l.Out {
			if &out.Weight.Data[0] != &all.Data[at] {
				t.Errorf("rows from byte %d on are not where the file has them", at)
			}
			at += len(out.Weight.Data)
		}
	}
	if at != len(all.Data) {
		t.Errorf("%d of %d bytes are used", at, len(all.Data))
	}
}
