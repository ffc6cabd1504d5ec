package tokenizer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"freehold/engine/gguf"
)

const vocabDir = "../../../shared/testdata/vocab"

// load opens the vocabulary of a GGUF file, or skips the test if it is absent.
func load(t testing.TB, path string) *Tokenizer {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Skipf("vocabulary %s is not here: %v", path, err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tok, err := FromGGUF(f)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func vocabFile(name string) string {
	return filepath.Join(vocabDir, "ggml-vocab-"+name+".gguf")
}

// starterModel is the path of the starter model, "" if it is not here.
func starterModel() string {
	if path := os.Getenv("FREEHOLD_TEST_MODEL"); path != "" {
		return path
	}
	for _, dir := range []string{os.Getenv("FREEHOLD_HOME"), "../../build/starter"} {
		if dir == "" {
			continue
		}
		if paths, _ := filepath.Glob(filepath.Join(dir, "*.gguf")); len(paths) > 0 {
			return paths[0]
		}
	}
	return ""
}

func TestReferenceVectors(t *testing.T) {
	for _, name := range []string{"llama-bpe", "qwen2", "gpt-2", "falcon", "starcoder", "llama-spm", "phi-3", "bert-bge"} {
		t.Run(name, func(t *testing.T) {
			path := vocabFile(name)
			tok := load(t, path)
			if w := tok.Warnings(); len(w) > 0 {
				t.Logf("warnings: %q", w)
			}
			in, err := os.ReadFile(path + ".inp")
			if err != nil {
				t.Fatal(err)
			}
			out, err := os.ReadFile(path + ".out")
			if err != nil {
				t.Fatal(err)
			}
			texts := strings.Split(string(in), "\n__ggml_vocab_test__\n")
			lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			if texts[len(texts)-1] == "" {
				texts = texts[:len(texts)-1]
			}
			if len(texts) != len(lines) || len(lines) < 40 {
				t.Fatalf("%d texts, %d lines of ids", len(texts), len(lines))
			}
			for i, text := range texts {
				var want []int32
				for _, f := range strings.Fields(lines[i]) {
					id, err := strconv.Atoi(f)
					if err != nil {
						t.Fatal(err)
					}
					want = append(want, int32(id))
				}
				got := tok.Encode(text, Options{})
				if !slices.Equal(got, want) {
					t.Errorf("%q\n got %v\nwant %v", text, got, want)
				}
				if back := tok.Decode(got, DecodeOptions{}); back != text && name != "bert-bge" { // which loses case and space
					t.Errorf("%q decodes to %q", text, back)
				}
			}
		})
	}
}

// TestGolden checks cases that vocabularies' own vectors leave out: special
// tokens, begin tokens, odd white space, text that is not UTF-8. The ids in
// golden.tsv are llama.cpp's, with begin and end tokens as the vocabulary asks.
func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/golden.tsv")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][][]string{}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 4 {
			t.Fatalf("line %q has %d fields", line, len(f))
		}
		cases[f[0]] = append(cases[f[0]], f)
	}
	for name, list := range cases {
		t.Run(name, func(t *testing.T) {
			path := vocabFile(name)
			if name == "starter" {
				if path = starterModel(); path == "" {
					t.Skip("the starter model is not here; make setup fetches it")
				}
			}
			tok := load(t, path)
			if name == "starter" && tok.Size() != 49152 {
				t.Skipf("%s is not the starter model", path)
			}
			for _, f := range list {
				text, err := strconv.Unquote(f[2])
				if err != nil {
					t.Fatalf("%s: %v", f[2], err)
				}
				got := tok.Encode(text, Options{AddSpecial: true, ParseSpecial: f[1] == "special"})
				if s := strings.Trim(fmt.Sprint(got), "[]"); s != f[3] {
					t.Errorf("%s %s\n got %s\nwant %s", f[1], f[2], s, f[3])
				}
			}
		})
	}
}
