package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"freehold/engine/gguf"
	"freehold/engine/synthetic"
)

// TestOllamaBlob runs a model as Ollama stores Llama 3.2 Vision, under the name
// of its digest: layers that look at pictures among the others, a vision tower
// behind them, and more embeddings than tokens. Without pictures it must be the
// Llama that it was grown from, bit for bit.
func TestOllamaBlob(t *testing.T) {
	shape := synthetic.Tiny()
	shape.Layers = 3
	dir := t.TempDir()
	llama := filepath.Join(dir, "llama.gguf")
	if err := shape.WriteFile(llama); err != nil {
		t.Fatal(err)
	}
	blob := filepath.Join(dir, "sha256-11f274007f093fefeec994a5dbbb33d0733a4feb87f7ab66dcd7c1069fef0068")
	grow(t, llama, blob)

	answer := func(path string) []int32 {
		m, err := Open(context.Background(), path, Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if a := m.Info().Architecture; a != "llama" {
			t.Errorf("%s is of architecture %s", filepath.Base(path), a)
		}
		p := endless(m)
		p.Temperature, p.Seed = 1, 7
		r, err := m.Generate(context.Background(), Request{Prompt: "once upon", MaxTokens: 64, Sampling: p}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r.Tokens
	}
	want, got := answer(llama), answer(blob)
	if len(want) != 64 || !slices.Equal(got, want) {
		t.Errorf("answered %v, want %v", got, want)
	}
}

// grow writes the llama at path as Ollama writes an mllama.
func grow(t *testing.T, path, to string) {
	t.Helper()
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var meta gguf.Metadata
	for _, key := range f.Meta.Keys() {
		v, _ := f.Meta.Value(key)
		meta.Set(strings.Replace(key, "llama.", "mllama.", 1), v)
	}
	meta.Set("general.architecture", "mllama")
	meta.Set("mllama.block_count", uint32(5))
	meta.Set("mllama.attention.cross_attention_layers", []int32{1, 3})
	var tensors []gguf.TensorSource
	add := func(name string, from *gguf.Tensor) {
		tensors = append(tensors, gguf.TensorSource{Name: name, Type: from.Type, Shape: from.Shape, Data: from.Data})
	}
	for i := range f.Tensors {
		tensor := &f.Tensors[i]
		if rest, ok := strings.CutPrefix(tensor.Name, "blk."); ok {
			digits, name, _ := strings.Cut(rest, ".")
			n, err := strconv.Atoi(digits)
			if err != nil {
				t.Fatal(err)
			}
			add(fmt.Sprintf("blk.%d.%s", 2*n, name), tensor)
			if n < 2 && name == "attn_norm.weight" {
				add(fmt.Sprintf("blk.%d.attn_norm.weight", 2*n+1), tensor)
				add(fmt.Sprintf("blk.%d.cross_attn_q_norm.weight", 2*n+1), tensor)
			}
			continue
		}
		if tensor.Name == "token_embd.weight" {
			more := *tensor
			row := len(tensor.Data) / tensor.Shape[1]
			more.Shape = []int{tensor.Shape[0], tensor.Shape[1] + 8}
			more.Data = append(slices.Clone(tensor.Data), make([]byte, 8*row)...)
			tensor = &more
			if _, ok := f.Tensor("output.weight"); !ok {
				t.Fatal("the model's output should be a matrix of its own")
			}
		}
		add(tensor.Name, tensor)
	}
	norm, _ := f.Tensor("output_norm.weight")
	add("v.class_embd", norm)
	add("mm.0.weight", norm)
	if err := gguf.WriteFile(to, &meta, tensors); err != nil {
		t.Fatal(err)
	}
}
