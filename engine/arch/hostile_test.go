package arch_test

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"freehold/engine/arch"
	"freehold/engine/conformance"
	"freehold/engine/gguf"
)

// open writes the tiny model of a variant and opens it.
func open(t *testing.T, v conformance.Variant) *gguf.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	if _, err := v.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// loadWith loads f after change has had its way with keys and tensors.
func loadWith(t *testing.T, f *gguf.File, change func(m *gguf.Metadata, tensors map[string]*gguf.Tensor)) error {
	t.Helper()
	meta, byName := f.Meta.Clone(), map[string]*gguf.Tensor{}
	for _, x := range f.Tensors {
		x.Shape = slices.Clone(x.Shape)
		byName[x.Name] = &x
	}
	change(&meta, byName)
	var tensors []gguf.Tensor
	for _, x := range byName {
		tensors = append(tensors, *x)
	}
	g, err := f.With(meta, tensors)
	if err != nil {
		return err
	}
	_, err = arch.Load(g, 0)
	return err
}

type change = func(*gguf.Metadata, map[string]*gguf.Tensor)

func set(key string, value any) change {
	return func(m *gguf.Metadata, _ map[string]*gguf.Tensor) { m.Set(key, value) }
}

func drop(name string) change {
	return func(_ *gguf.Metadata, tensors map[string]*gguf.Tensor) { delete(tensors, name) }
}

func reshape(name string, shape ...int) change {
	return func(_ *gguf.Metadata, tensors map[string]*gguf.Tensor) { tensors[name].Shape = shape }
}

func TestWrongMixturesAreNamed(t *testing.T) {
	for _, c := range []struct {
		variant, want string
		change        change
	}{
		{"mixtral", "llama.expert_used_count is 9, outside 1…8", set("llama.expert_used_count", uint32(9))},
		{"mixtral", "llama.expert_used_count is 0, outside 1…8", set("llama.expert_used_count", uint32(0))},
		{"mixtral", "llama.expert_count is 513, outside 0…512", set("llama.expert_count", uint32(513))},
		{"mixtral", "blk.0.ffn_gate_inp.weight has shape [128 8], want [128 9]", set("llama.expert_count", uint32(9))},
		{"mixtral", "blk.1.ffn_up_exps.weight has shape [128 80 16], want [128 160 8]", reshape("blk.1.ffn_up_exps.weight", 128, 80, 16)},
		{"mixtral", "blk.1.ffn_down_exps.weight is missing", drop("blk.1.ffn_down_exps.weight")},
		{"mixtral-split", "blk.2.ffn_gate.7.weight is missing", drop("blk.2.ffn_gate.7.weight")},
		{"mixtral-split", "blk.2.ffn_gate.7.weight has shape", reshape("blk.2.ffn_gate.7.weight", 160, 128)},
		{"qwen2moe", "blk.0.ffn_up_shexp.weight is missing", drop("blk.0.ffn_up_shexp.weight")},
		{"gpt-oss", "blk.0.ffn_up_exps.bias has shape [64 4], want [512]", reshape("blk.0.ffn_up_exps.bias", 64, 4)},
		{"gpt-oss", "gpt-oss.attention.sliding_window is 0", set("gpt-oss.attention.sliding_window", uint32(0))},
		{"deepseek3", "expert_gating_func is 9, outside 0…3", set("deepseek2.expert_gating_func", uint32(9))},
		{"deepseek3", "3 of 8 experts in 3 of 2 groups", func(m *gguf.Metadata, _ map[string]*gguf.Tensor) {
			m.Set("deepseek2.expert_group_count", uint32(2))
			m.Set("deepseek2.expert_group_used_count", uint32(3))
		}},
		{"deepseek3", "blk.0.attn_k_b.weight has shape [32 64 2], want [32 64 4]", reshape("blk.0.attn_k_b.weight", 32, 64, 2)},
		{"deepseek2", "leaves none of a key's 16 values unturned", set("deepseek2.attention.key_length_mla", uint32(16))},
		{"deepseek2-lite", "blk.3.attn_kv_b.weight is missing", drop("blk.3.attn_kv_b.weight")},
		{"llama4", "llama4.expert_used_count is 2; this architecture uses 1", set("llama4.expert_used_count", uint32(2))},
	} {
		v, ok := conformance.Find(c.variant)
		if !ok {
			t.Fatalf("no variant %s", c.variant)
		}
		if err := loadWith(t, open(t, v), c.change); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.variant, err, c.want)
		}
	}
}

// TestHostileFiles changes each key and each tensor of every tiny model in turn.
// Whatever comes of it, Load must not panic, and what it accepts has passed the
// program's own checks.
func TestHostileFiles(t *testing.T) {
	values := []any{
		uint32(0), uint32(1), uint32(3), uint32(1 << 30), int32(-1), uint64(math.MaxUint64), float32(math.Inf(1)),
		math.NaN(), float32(-1), "text", true, []int32{}, []int32{1, -1, 1 << 30}, []uint32{0, 0, 0, 0}, []bool{true},
	}
	shapes := []func([]int) []int{
		func([]int) []int { return []int{1} },
		func(s []int) []int { return slices.Concat(s[1:], s[:1]) },
		func(s []int) []int { return append(slices.Clone(s[:len(s)-1]), max(1, s[len(s)-1]/2)) },
	}
	turn := 0
	for _, v := range conformance.Variants() {
		if !slices.Contains(arch.Supported(), v.Family) || v.Layers > 8 {
			continue
		}
		f := open(t, v)
		for _, key := range f.Meta.Keys() {
			if !strings.HasPrefix(key, v.Family+".") {
				continue
			}
			turn++
			value := values[turn%len(values)]
			survives(t, fmt.Sprintf("%s with %s = %v", v.Name, key, value), f, set(key, value))
		}
		for _, x := range f.Tensors {
			turn++
			c := drop(x.Name)
			if i := turn % (len(shapes) + 1); i < len(shapes) {
				c = reshape(x.Name, shapes[i](x.Shape)...)
			}
			survives(t, fmt.Sprintf("%s with %s changed (%d)", v.Name, x.Name, turn), f, c)
		}
	}
}

func survives(t *testing.T, what string, f *gguf.File, c change) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: panic: %v", what, p)
		}
	}()
	if err := loadWith(t, f, c); err != nil && !strings.Contains(err.Error(), "model.gguf: ") {
		t.Errorf("%s: the error does not name the file: %v", what, err)
	}
}
