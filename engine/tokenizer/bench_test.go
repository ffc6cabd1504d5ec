package tokenizer

import (
	"go/build"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// benchText is about a megabyte of Go source with its comments.
func benchText(b *testing.B) string {
	paths, _ := filepath.Glob(filepath.Join(build.Default.GOROOT, "src", "net", "http", "*.go"))
	if file := os.Getenv("FREEHOLD_BENCH_TEXT"); file != "" {
		paths = []string{file}
	}
	var text strings.Builder
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		text.Write(data)
		if text.Len() > 1<<20 {
			break
		}
	}
	if text.Len() == 0 {
		b.Skip("the Go sources are not here")
	}
	return text.String()
}

func BenchmarkEncode(b *testing.B) {
	text := benchText(b)
	for _, name := range []string{"llama-bpe", "qwen2", "gpt-2", "falcon", "llama-spm", "bert-bge"} {
		b.Run(name, func(b *testing.B) {
			t := load(b, vocabFile(name))
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				t.Encode(text, Options{AddSpecial: true, ParseSpecial: true})
			}
		})
	}
}

// BenchmarkEncodeFiles encodes by the vocabularies that FREEHOLD_BENCH_VOCAB names,
// parted by colons.
func BenchmarkEncodeFiles(b *testing.B) {
	text := benchText(b)
	for _, path := range filepath.SplitList(os.Getenv("FREEHOLD_BENCH_VOCAB")) {
		b.Run(filepath.Base(path), func(b *testing.B) {
			t := load(b, path)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				t.Encode(text, Options{AddSpecial: true, ParseSpecial: true})
			}
		})
	}
}

// One word of a megabyte is the worst case for merging.
func BenchmarkEncodeOneWord(b *testing.B) {
	text := strings.Repeat("abcdefghij", 1<<20/10)
	for _, name := range []string{"llama-bpe", "llama-spm"} {
		b.Run(name, func(b *testing.B) {
			t := load(b, vocabFile(name))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				t.Encode(text, Options{})
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	t := load(b, vocabFile("llama-bpe"))
	text := benchText(b)
	ids := t.Encode(text, Options{})
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		t.Decode(ids, DecodeOptions{})
	}
}

func BenchmarkNew(b *testing.B) {
	path := vocabFile("llama-bpe")
	for b.Loop() {
		load(b, path)
	}
}
