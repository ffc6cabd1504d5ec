package library

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/models/internal/disk"
	"freehold/models/stores"
	"freehold/models/stores/storestest"
)

// holes writes a file whose runs of zeros take no space on the disk.
type holes struct {
	*os.File
	end int64
}

func (h *holes) Write(b []byte) (int, error) {
	h.end += int64(len(b))
	for _, c := range b {
		if c != 0 {
			return h.File.Write(b)
		}
	}
	_, err := h.Seek(int64(len(b)), io.SeekCurrent)
	return len(b), err
}

// zeros is a tensor's data.
type zeros int

func (n zeros) WriteTo(w io.Writer) (int64, error) {
	buf := make([]byte, 1<<16)
	for left := int(n); left > 0; left -= len(buf) {
		if _, err := w.Write(buf[:min(left, len(buf))]); err != nil {
			return 0, err
		}
	}
	return int64(n), nil
}

// sparse writes a model file with the header of a large model and weights that
// are a hole. Every third speaks Ollama's dialect.
func sparse(t testing.TB, i, vocabulary int, size int) string {
	t.Helper()
	var meta gguf.Metadata
	arch := "qwen2"
	tensors := []gguf.TensorSource{}
	if i%3 == 0 {
		arch = "gemma3"
		tensors = append(tensors, gguf.TensorSource{Name: "v.patch_embd_0.weight", Type: tensor.F32, Shape: []int{8}, Data: make([]byte, 32)})
	}
	meta.Set("general.architecture", arch)
	meta.Set("general.name", fmt.Sprint("Sparse ", i))
	meta.Set("general.file_type", uint32(7))
	meta.Set(arch+".context_length", uint32(32768))
	meta.Set(arch+".block_count", uint32(28))
	meta.Set(arch+".embedding_length", uint32(1024))
	meta.Set(arch+".attention.head_count", uint32(16))
	tokens, merges, kinds := make([]string, vocabulary), make([]string, vocabulary), make([]int32, vocabulary)
	for n := range tokens {
		tokens[n], merges[n], kinds[n] = fmt.Sprint("token", n), fmt.Sprint("tok en", n), 1
	}
	if arch == "gemma3" {
		meta.Set("gemma3.rope.global.freq_base", float32(1e6))
		meta.Set("gemma3.rope.local.freq_base", float32(1e4))
	}
	meta.Set("tokenizer.ggml.model", "gpt2")
	meta.Set("tokenizer.ggml.pre", "qwen2")
	meta.Set("tokenizer.ggml.tokens", tokens)
	meta.Set("tokenizer.ggml.merges", merges)
	meta.Set("tokenizer.ggml.token_type", kinds)
	for layer := range 300 {
		tensors = append(tensors, gguf.TensorSource{Name: fmt.Sprintf("blk.%d.ffn_norm.weight", layer), Type: tensor.F32, Shape: []int{8}, Data: make([]byte, 32)})
	}
	rows := size / (1024 / 32 * 34)
	tensors = append(tensors, gguf.TensorSource{Name: "token_embd.weight", Type: tensor.Q8_0, Shape: []int{1024, rows}, From: zeros(rows * 1024 / 32 * 34)})
	path := filepath.Join(t.TempDir(), "sparse.gguf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := &holes{File: f}
	if err := gguf.Write(out, &meta, tensors); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(out.end); err != nil {
		t.Fatal(err)
	}
	return path
}

// fillStores puts n models of so many bytes into the stores of three tools.
func fillStores(t testing.TB, h *storestest.Home, n, vocabulary, size int) {
	for i := range n {
		file := sparse(t, i, vocabulary, size)
		switch i % 3 {
		case 0:
			h.Ollama(fmt.Sprint("sparse", i), "3b", file, map[string]string{"template": "{{ .Prompt }}", "params": `{"top_k":20}`, "license": "MIT License"})
		case 1:
			h.HuggingFace(fmt.Sprint("owner/sparse-", i), commit, fmt.Sprintf("sparse-%d-q8_0.gguf", i), file)
		case 2:
			h.LMStudio(fmt.Sprint("owner/sparse-", i), fmt.Sprintf("Sparse-%d.Q8_0.gguf", i), file)
		}
	}
}

// onDisk is what the files under dirs take of the disk, in bytes.
func onDisk(t testing.TB, dirs ...string) int64 {
	t.Helper()
	var sum int64
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			info, err := e.Info()
			if err == nil {
				sum += info.Sys().(*syscall.Stat_t).Blocks * 512
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return sum
}

// TestStoresAreListedInPlace looks at a home with many models of all tools: all
// are listed, and nothing is copied.
func TestStoresAreListedInPlace(t *testing.T) {
	l, h := open(t), storestest.New(t)
	fillStores(t, h, 12, 1000, 4<<20)
	stored := onDisk(t, h.Path())
	if n := adopt(t, l, h); n != 12 {
		t.Errorf("adopted %d", n)
	}
	models, err := l.List()
	if err != nil || len(models) != 12 {
		t.Fatalf("%d models, %v", len(models), err)
	}
	ollamas := 0
	for _, m := range models {
		if m.Problem != "" || m.ContextLength != 32768 || m.SizeBytes < 4<<19 {
			t.Errorf("%+v", m)
		}
		if m.Tool == stores.Ollama && m.Architecture == "gemma3" {
			ollamas++
		}
		if m.Parameters%1024 != 300*8%1024 {
			t.Errorf("%s: what sees images counts among the %d parameters", m.Ref, m.Parameters)
		}
	}
	if ollamas != 4 {
		t.Errorf("%d in Ollama's dialect", ollamas)
	}
	if now := onDisk(t, h.Path()); now != stored {
		t.Errorf("the stores have %d bytes, had %d", now, stored)
	}
	if own := onDisk(t, l.Home()); own > 12*8192 {
		t.Errorf("the library takes %d bytes for manifests", own)
	}
}

// uncache makes the system forget what it holds in memory of the files in dir.
func uncache(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		disk.Uncache(f)
		return f.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkStores measures how long the models of other tools' stores, 20 of
// each, take to be listed: at the first start, and at the next.
func BenchmarkStores(b *testing.B) {
	h := storestest.New(b)
	fillStores(b, h, 60, 150_000, 48<<20)
	start := func(b *testing.B, home string) {
		l, err := Open(home)
		if err != nil {
			b.Fatal(err)
		}
		found, err := stores.Find(b.Context(), h.Roots())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := l.Adopt(b.Context(), found); err != nil {
			b.Fatal(err)
		}
		if models, err := l.List(); err != nil || len(models) != 60 {
			b.Fatalf("%d models, %v", len(models), err)
		}
	}
	syscall.Sync() // the disk shall not still be writing
	home := b.TempDir()
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			start(b, b.TempDir())
		}
	})
	b.Run("first after power-on", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			uncache(b, h.Path())
			b.StartTimer()
			start(b, b.TempDir())
		}
	})
	start(b, home)
	b.Run("next", func(b *testing.B) {
		for b.Loop() {
			start(b, home)
		}
	})
}
