package tokenizer

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNewRefuses(t *testing.T) {
	good := func() Vocab { return byteVocab("gpt-2", testWords, testSpecial) }
	for _, c := range []struct {
		name   string
		change func(*Vocab)
		want   string
	}{
		{"unknown model", func(v *Vocab) { v.Model = "wordle" }, `not supported: tokenizer model "wordle" (supported are bert, gemma4,`},
		{"no vocabulary", func(v *Vocab) { v.Model = "none" }, "holds no vocabulary"},
		{"no model", func(v *Vocab) { v.Model = "" }, "does not name a tokenizer model"},
		{"no tokens", func(v *Vocab) { v.Tokens = nil }, "no tokens"},
		{"no merges", func(v *Vocab) { v.Merges = nil }, "no merges"},
		{"special tokens without end", func(v *Vocab) {
			v.Tokens = append(v.Tokens, strings.Repeat("x", maxSpecialBytes+1))
			v.Types = append(v.Types, TypeControl)
		}, "bytes of special tokens"},
		{"few types", func(v *Vocab) { v.Types = v.Types[:5] }, "5 token types for"},
		{"few scores", func(v *Vocab) { v.Model, v.Scores = "llama", []float32{1} }, "1 scores for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := good()
			c.change(&v)
			if _, err := New(v); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestNewWarns(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Vocab)
		want   string
	}{
		{"unknown pre-tokenizer", func(v *Vocab) { v.Pre = "from-the-future" }, `"from-the-future" is not known`},
		{"no pre-tokenizer", func(v *Vocab) { v.Pre = "" }, "does not name its pre-tokenizer"},
		{"special token out of range", func(v *Vocab) { v.Special.EOS = 1 << 20 }, "eos token 1048576 is not in the vocabulary"},
		{"special token below range", func(v *Vocab) { v.Special.BOS = math.MinInt32 }, "bos token"},
		{"begin token missing", func(v *Vocab) { v.AddBOS = true }, "asks for a begin token"},
		{"end token missing", func(v *Vocab) { v.AddEOS = true }, "asks for an end token"},
		{"duplicates", func(v *Vocab) { v.Tokens[300-1] = v.Tokens[5] }, "text of an earlier one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := byteVocab("gpt-2", []string{strings.Repeat("xy", 50)}, nil)
			if plain := newTest(t, v).Warnings(); len(plain) > 0 {
				t.Fatalf("warnings without cause: %q", plain)
			}
			c.change(&v)
			tok := newTest(t, v)
			if got := strings.Join(tok.Warnings(), "\n"); !strings.Contains(got, c.want) {
				t.Errorf("warnings are %q, want %q", got, c.want)
			}
			const text = "What is said 100 times\n stays."
			ids := tok.Encode(text, Options{AddSpecial: true})
			if got := tok.Decode(ids, DecodeOptions{}); got != text {
				t.Errorf("decodes to %q", got)
			}
		})
	}
}

func TestOddTokens(t *testing.T) {
	v := byteVocab("gpt-2", testWords, nil)
	odd := []string{"", "\xff\xfe", "a b", "Ġ Ġ", "<0xZZ>", "<0x"}
	first := int32(len(v.Tokens))
	for _, text := range odd {
		v.Tokens = append(v.Tokens, text)
		v.Types = append(v.Types, TypeNormal)
	}
	v.Tokens = append(v.Tokens, "<0xZ1>", "<0", "<0x41>", "unused", "strange")
	v.Types = append(v.Types, TypeByte, TypeByte, TypeByte, TypeUnused, 99)
	v.Merges = append(v.Merges, "", " ", "  ", "a", "a ", " b", "x y z", "\xff \xfe", "Ġ Ġ Ġ")
	tok := newTest(t, v)
	for i, want := range []string{"[EMPTY_", "\xff\xfe", "a b", "  ", "<0xZZ>", "<0x", "", "", "A", "", ""} {
		id := first + int32(i)
		got := string(tok.Piece(id))
		if i == 0 {
			if !strings.HasPrefix(got, want) {
				t.Errorf("the empty token is %q", got)
			}
			continue
		}
		if i == 3 {
			want = "   " // Ġ, a space that is no stand-in, Ġ
		}
		if got != want {
			t.Errorf("piece of %q is %q, want %q", tok.Token(id), got, want)
		}
	}
	if tok.Piece(-1) != nil || tok.Token(1<<30) != "" || tok.IsEOG(-1) || tok.IsControl(1<<30) {
		t.Error("an id that is not in the vocabulary is something")
	}
	tok.Encode("a b x y z \xff\xfe", Options{ParseSpecial: true, AddSpecial: true})
}

func FuzzEncode(f *testing.F) {
	r := rand.New(rand.NewPCG(11, 12))
	for i := range 40 {
		f.Add(uint8(i), soup(r))
	}
	f.Add(uint8(0), "<s><user>xaaa</s> \xff\xe4\xb8")
	var toks []*Tokenizer
	for _, pre := range allPre {
		if p, _ := pretokenizerFor(pre); p.raw {
			continue // no byte-level vocabularies
		}
		toks = append(toks, newTest(f, byteVocab(pre, testWords, testSpecial)))
	}
	spm := newTest(f, spmVocab("▁", "a", "▁a", "ab", "▁▁", "bc", "abc", "é", "中"))
	f.Fuzz(func(t *testing.T, i uint8, text string) {
		if len(text) > 10000 {
			t.Skip()
		}
		tok := toks[int(i)%len(toks)]
		for _, opt := range []Options{{}, {ParseSpecial: true}, {AddSpecial: true}} {
			ids := tok.Encode(text, opt)
			for _, id := range ids {
				if id < 0 || int(id) >= tok.Size() {
					t.Fatalf("id %d", id)
				}
			}
			got := tok.Decode(ids, DecodeOptions{Special: true})
			if utf8.ValidString(text) && got != text {
				t.Fatalf("%q comes back as %q", text, got)
			}
			if !utf8.ValidString(got) {
				t.Fatalf("%q decodes to %q, which is not UTF-8", text, got)
			}
		}
		ids := spm.Encode(text, Options{})
		got := spm.Decode(ids, DecodeOptions{})
		if utf8.ValidString(text) && !strings.Contains(text, spaceMark) && got != text {
			t.Fatalf("%q comes back as %q", text, got)
		}
	})
}

// FuzzVocab makes vocabularies out of noise: they may be refused, and what they
// encode may be nonsense, but nothing may fail.
func FuzzVocab(f *testing.F) {
	f.Add("gpt2", "llama-bpe", "a\nb\nab\n\n<s>\n<s>\nĠ", "a b\nab a", []byte{1, 1, 1, 3, 3, 4, 6}, int32(3), "ab a<s>")
	f.Add("llama", "", "<unk>\n▁\na\n▁a\n<0x41>\n<0x0", "", []byte{2, 1, 1, 1, 6, 6}, int32(-7), "a  aA\x80")
	f.Add("gemma4", "", "a\n▁", "a ▁", []byte{}, int32(1), "a \n\n")
	f.Add("t5", "", "<unk>\n▁\na\n▁a\n<s>", "", []byte{2, 1, 1, 5, 4}, int32(3), "a  <sa\x80")
	f.Add("bert", "", "[UNK]\n▁a\na\n[CLS]\n[SEP]", "", []byte{3, 1, 1, 3, 3}, int32(9), "Aa é中 b")
	f.Add("rwkv", "", "\\x\n\\x4\n\\\na", "", []byte{}, int32(0), "a\\xa")
	f.Add("plamo2", "", "<0x41>\na", "", []byte{6, 1}, int32(0), "a")
	f.Add("whitespace", "whitespace", "a\nb\nab", "a b", []byte{}, int32(0), "ab a b")
	f.Add("hybriddna", "gpt-2", "<dna>\n</dna>\n<oov>\nAAAAAA\uE000\nA", "A A", []byte{}, int32(0), "<dna>AAAAAAAC</dna>A<dna>")
	f.Fuzz(func(t *testing.T, model, pre, tokens, merges string, types []byte, special int32, text string) {
		if len(tokens)+len(merges)+len(text) > 4000 {
			t.Skip()
		}
		v := NewVocab(model, pre)
		v.Name = pre
		v.Tokens = strings.Split(tokens, "\n")
		if merges != "" {
			v.Merges = strings.Split(merges, "\n")
		}
		for _, b := range types {
			v.Types = append(v.Types, int32(int8(b)))
			v.Scores = append(v.Scores, math.Float32frombits(uint32(b)<<24|uint32(b)<<16))
		}
		for i, s := range v.Special.all() {
			if int(special)>>i&1 != 0 {
				*s.id = special >> (i % 8)
			}
		}
		v.AddBOS, v.AddEOS, v.AddSpacePrefix = special&1 != 0, special&2 != 0, special&4 != 0
		v.RemoveExtraSpaces, v.Lowercase, v.StripAccents = special&8 != 0, special&16 != 0, special&32 != 0
		tok, err := New(v)
		if err != nil {
			return
		}
		for _, opt := range []Options{{}, {AddSpecial: true, ParseSpecial: true}} {
			for _, id := range tok.Encode(text+tokens, opt) {
				if id < 0 || int(id) >= tok.Size() {
					t.Fatalf("id %d of %d", id, tok.Size())
				}
				tok.Piece(id)
			}
		}
		all := []int32{-1, math.MaxInt32}
		for id := range int32(tok.Size()) {
			all = append(all, id)
		}
		if !utf8.ValidString(tok.Decode(all, DecodeOptions{Special: true})) {
			t.Fatal("not UTF-8")
		}
	})
}
