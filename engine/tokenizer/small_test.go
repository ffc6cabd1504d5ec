package tokenizer

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"freehold/engine/gguf"
)

const smallDir = "testdata/small"

// smallLines are texts at which tokenizers differ; testdata/small/README.md tells
// how they, the vocabularies beside them and golden.tsv have come about.
func smallLines(t testing.TB) (lines []string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(smallDir, "lines.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		s, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		lines = append(lines, s)
	}
	return lines
}

// smallTokenizer opens a small vocabulary under settings parted by commas.
func smallTokenizer(t testing.TB, name, settings string) *Tokenizer {
	t.Helper()
	f, err := gguf.Open(filepath.Join(smallDir, name+".gguf"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for setting := range strings.SplitSeq(settings, ",") {
		switch key, value, ok := strings.Cut(setting, "="); {
		case !ok:
		case key == "pre":
			f.Meta.Set("tokenizer.ggml.pre", value)
			if value == "whitespace" { // has a model of its own
				f.Meta.Set("tokenizer.ggml.model", value)
			}
		default:
			f.Meta.Set("tokenizer.ggml."+key, value == "true")
		}
	}
	tok, err := FromGGUF(f)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestSmall compares with llama.cpp every model, every pre-tokenizer and the
// settings that a file can make.
func TestSmall(t *testing.T) {
	lines := smallLines(t)
	data, err := os.ReadFile(filepath.Join(smallDir, "golden.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for row := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		if len(f) != 3 || len(f[2]) != 4*len(lines) || len(lines) < 300 {
			t.Fatalf("a row of %d fields", len(f))
		}
		for settings := range strings.SplitSeq(f[1], ";") {
			seen[settings] = true
			t.Run(f[0]+"/"+settings, func(t *testing.T) {
				tok := smallTokenizer(t, f[0], settings)
				bad := 0
				for i, line := range lines {
					ids := tok.Encode(line, Options{AddSpecial: i&1 != 0, ParseSpecial: i&2 != 0})
					if hashIDs(ids) != f[2][4*i:4*i+4] {
						if bad++; bad <= 3 {
							t.Errorf("line %d, %q, becomes %s", i+1, line, show(tok, ids))
						}
					}
				}
				if bad > 0 {
					t.Errorf("%d of %d lines differ", bad, len(lines))
				}
			})
		}
	}
	for _, name := range Pretokenizers() {
		if !seen["pre="+name] {
			t.Errorf("pre-tokenizer %s is not in golden.tsv: run go run ./bench/tokens -golden", name)
		}
	}
}

// TestEnds compares which tokens end a generation, and which are control tokens,
// in vocabularies that have some of the names by which llama.cpp tells.
func TestEnds(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(smallDir, "ends.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(data)) {
		fields := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		v := NewVocab("llama", "")
		for b := range 256 {
			v.Tokens = append(v.Tokens, byteToken(byte(b)))
			v.Types = append(v.Types, TypeByte)
		}
		first := len(v.Tokens)
		var want []string
		for _, field := range fields[1:] {
			f := strings.Split(field, " ")
			typ, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			v.Tokens = append(v.Tokens, f[0])
			v.Types = append(v.Types, int32(typ))
			want = append(want, f[2])
		}
		end, err := strconv.Atoi(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		v.Special.EOS = int32(first + end)
		tok := newTest(t, v)
		for i, flags := range want {
			id := int32(first + i)
			got := ""
			if tok.IsEOG(id) {
				got += "e"
			}
			if tok.IsControl(id) {
				got += "c"
			}
			if got != flags {
				t.Errorf("%s (type %d) is %q, want %q, in %s", v.Tokens[id], v.Types[id], got, flags, row)
			}
		}
	}
}

func hashIDs(ids []int32) string {
	h := fnv.New32a()
	for _, id := range ids {
		h.Write([]byte{byte(id), byte(id >> 8), byte(id >> 16), byte(id >> 24)})
	}
	return fmt.Sprintf("%04x", h.Sum32()&0xFFFF)
}

// FuzzModels encodes any text by every small vocabulary.
func FuzzModels(f *testing.F) {
	var toks []*Tokenizer
	for _, name := range []string{"bpe", "dna", "plamo2", "rwkv", "spm", "unigram", "wordpiece"} {
		toks = append(toks, smallTokenizer(f, name, ""))
	}
	toks = append(toks, smallTokenizer(f, "unigram", "remove_extra_whitespaces=false,add_space_prefix=false"),
		smallTokenizer(f, "bpe", "pre=whitespace"), smallTokenizer(f, "bpe", "pre=gemma4"))
	for i, line := range smallLines(f) {
		f.Add(uint8(i), line)
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		if len(text) > 5000 {
			t.Skip()
		}
		tok := toks[int(which)%len(toks)]
		ids := tok.Encode(text, Options{AddSpecial: which&128 != 0, ParseSpecial: which&64 != 0})
		for _, id := range ids {
			if !tok.valid(id) {
				t.Fatalf("token %d", id)
			}
		}
		tok.Decode(ids, DecodeOptions{Special: true})
		if again := tok.Encode(text, Options{AddSpecial: which&128 != 0, ParseSpecial: which&64 != 0}); !slices.Equal(ids, again) {
			t.Fatalf("%v at first, then %v", ids, again)
		}
	})
}

// FuzzCharsmap reads tables made out of noise: they may be refused, but those
// that are taken must serve.
func FuzzCharsmap(f *testing.F) {
	good := compileCharsmap(map[string]string{"a": "b"})
	f.Add(good[:4+4*64], []byte("b\x00"), "abc")
	f.Add([]byte{8, 0, 0, 0, 0, 4, 0, 0, 0x61, 1, 0, 0, 'x', 0}, []byte{}, "aa\x00a")
	f.Add([]byte{0, 0, 0, 0}, []byte("x\x00"), "a")
	f.Fuzz(func(t *testing.T, table, more []byte, text string) {
		if len(table) > 1<<16 || len(text) > 1000 {
			t.Skip()
		}
		m, err := newCharsmap(append(slices.Clone(table), more...))
		if err != nil || m == nil {
			return
		}
		for i := range text {
			if to, n := m.find(text[i:]); n < 0 || n > len(text)-i || n == 0 && to != "" {
				t.Fatalf("%q, %d", to, n)
			}
		}
	})
}
