package tokenizer

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
)

// plainVocab has the tokens as they are, all normal, then special ones.
func plainVocab(model string, special map[string]int32, tokens ...string) Vocab {
	v := NewVocab(model, "")
	for _, text := range tokens {
		v.Tokens = append(v.Tokens, text)
		v.Types = append(v.Types, TypeNormal)
	}
	for _, text := range sortedKeys(special) {
		v.Tokens = append(v.Tokens, text)
		v.Types = append(v.Types, special[text])
	}
	return v
}

func (v *Vocab) id(text string) int32 { return int32(slices.Index(v.Tokens, text)) }

func bertVocab() Vocab {
	v := plainVocab("bert", map[string]int32{"[CLS]": TypeControl, "[SEP]": TypeControl, "[UNK]": TypeControl},
		"▁the", "▁un", "aff", "able", "▁!", "▁中", "▁文", "▁a", "b", "▁e", "▁ß", "▁É", "▁é", "▁#", "▁c", "▁ᄀ", "▁\uFFFE")
	v.Special.BOS, v.Special.SEP, v.Special.UNK = v.id("[CLS]"), v.id("[SEP]"), v.id("[UNK]")
	return v
}

func TestWordPiece(t *testing.T) {
	for _, c := range []struct {
		text, want string
		change     func(*Vocab)
	}{
		{"the unaffable", "▁the|▁un|aff|able", nil},
		{"THE!the", "▁the|▁!|▁the", nil},
		{"中文a", "▁中|▁文|▁a", nil},
		{" \t\nab\u00a0ab\u3000", "▁a|b|▁a|b", nil},
		{"é É e\u0301", "▁e|▁e|▁e", nil},
		{"é É", "▁é|▁é", func(v *Vocab) { v.StripAccents = false }},
		{"é É", "▁é|▁É", func(v *Vocab) { v.Lowercase, v.StripAccents = false, false }},
		{"The the", "[UNK]|▁the", func(v *Vocab) { v.Lowercase = false }},
		{"unaffax a", "[UNK]|▁a", nil}, // nothing of a word that has no end
		{"xyz", "[UNK]", nil},
		{"a\x00b a\u200db a\uFFFDb", "▁a|b|▁a|b|▁a|b", nil}, // controls are left out
		{"a\xffb", "▁a|b", nil},                             // and so is what is no UTF-8
		{"a\uFFFEb", "[UNK]", nil},                          // but not what is no character yet
		{"각", "▁ᄀ", nil},                                    // a syllable is taken apart, of which the first letter stays
		{"a[SEP]", "▁a|[UNK]|[UNK]|[UNK]", nil},             // brackets are words
		{"", "", nil},
		{"\n", "", nil},
	} {
		v := bertVocab()
		if c.change != nil {
			c.change(&v)
		}
		tok := newTest(t, v)
		if got := show(tok, tok.Encode(c.text, Options{})); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.text, got, c.want)
		}
	}
	tok := newTest(t, bertVocab())
	if got := show(tok, tok.Encode("a[SEP]b", Options{AddSpecial: true, ParseSpecial: true})); got != "[CLS]|▁a|[SEP]|[UNK]|[SEP]" {
		t.Error(got)
	}
	if !tok.AddsBOS() || !tok.AddsEOS() {
		t.Error("WordPiece adds both tokens always")
	}
	if got := tok.Decode(tok.Encode("the unaffable", Options{}), DecodeOptions{}); got != " the unaffable" {
		t.Errorf("%q", got)
	}
}

// compileCharsmap makes a table as SentencePiece does, if not as small: an entry
// for each byte of each key, each entry with a block of 256 places for its
// children.
func compileCharsmap(rules map[string]string) []byte {
	type node struct {
		children map[byte]*node
		value    int
		block    uint32
	}
	newNode := func() *node { return &node{children: map[byte]*node{}, value: -1} }
	root := newNode()
	var replacements []byte
	for _, from := range sortedKeysOf(rules) {
		n := root
		for _, c := range []byte(from) {
			if n.children[c] == nil {
				n.children[c] = newNode()
			}
			n = n.children[c]
		}
		n.value = len(replacements)
		replacements = append(append(replacements, rules[from]...), 0)
	}
	// Children of a node at place p stand at p^base^c; base is such that p^base is
	// the beginning of the node's block.
	blocks := uint32(1)
	var number func(n *node)
	number = func(n *node) {
		n.block = blocks * 256
		blocks++
		for _, c := range n.children {
			number(c)
		}
	}
	number(root)
	entries := make([]uint32, blocks*256)
	pack := func(base uint32) uint32 {
		if base < 1<<21 {
			return base << 10
		}
		return base>>8<<10 | 1<<9
	}
	entries[0] = pack(root.block)
	var place func(n *node)
	place = func(n *node) {
		if n.value >= 0 {
			entries[n.block] = uint32(n.value) | 1<<31
		}
		for c, child := range n.children {
			at := n.block ^ uint32(c)
			entries[at] = pack(at^child.block) | uint32(c)
			if child.value >= 0 {
				entries[at] |= 1 << 8
			}
			place(child)
		}
	}
	place(root)
	out := binary.LittleEndian.AppendUint32(nil, uint32(4*len(entries)))
	for _, e := range entries {
		out = binary.LittleEndian.AppendUint32(out, e)
	}
	return append(out, replacements...)
}

func sortedKeysOf(m map[string]string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var testRules = map[string]string{"\t": " ", "\n": " ", "\u00a0": " ", "ﬁ": "fi", "A": "a", "Å": "å", "A\u030a": "å", "\u200b": "", "½": "1⁄2"}

func TestCharsmap(t *testing.T) {
	m, err := newCharsmap(compileCharsmap(testRules))
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range testRules {
		if got, n := m.find(from + "z"); got != to || n != len(from) {
			t.Errorf("%q becomes %q, %d", from, got, n)
		}
	}
	for _, text := range []string{"", "b", "\x00", "\xc2", "å", "\xe2\x80"} {
		if got, n := m.find(text); n != 0 {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if none, err := newCharsmap(nil); none != nil || err != nil {
		t.Error(none, err)
	}
}

func TestCharsmapRefuses(t *testing.T) {
	good := compileCharsmap(testRules)
	size := binary.LittleEndian.Uint32(good)
	entry := func(b []byte, i, to uint32) []byte {
		b = slices.Clone(b)
		binary.LittleEndian.PutUint32(b[4+4*i:], to)
		return b
	}
	root := base(binary.LittleEndian.Uint32(good[4:]))
	tab := root ^ '\t'
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"cut in its head":    {good[:3], "has 3 bytes"},
		"cut in its table":   {good[:size], "its table alone is said to have"},
		"no replacements":    {good[:4+size], "its table alone is said to have"},
		"odd size":           {append([]byte{5, 0, 0, 0}, make([]byte, 20)...), "its table alone"},
		"huge size":          {append([]byte{255, 255, 255, 255}, good[4:]...), "its table alone"},
		"open replacement":   {good[:len(good)-1], "its last replacement does not end"},
		"value outside":      {entry(good, tab, 1<<31-1<<10|1<<9|1<<8|'\t'), "lies outside the table"},
		"replacement beyond": {entry(good, (tab ^ base(binary.LittleEndian.Uint32(good[4+4*tab:]))), 1<<31|1<<30), "a replacement lies outside"},
		"cycle":              {entry(good, tab, (tab^root)<<10|'\t'), "a key has no end"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := newCharsmap(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
			v := unigramVocab()
			v.Charsmap = c.data
			if _, err := New(v); err == nil {
				t.Error("a vocabulary with it is taken")
			}
		})
	}
}

func unigramVocab() Vocab {
	v := plainVocab("t5", map[string]int32{"<unk>": TypeUnknown, "</s>": TypeControl, "<user>": TypeUserDefined, "<0x41>": TypeByte, "▁▁": TypeUnused},
		"▁", "a", "b", "ab", "▁a", "▁ab", "ba", "fi", "▁fi", "å", "1", "2", "x")
	scores := map[string]float32{"▁": -2, "a": -3, "b": -3, "ab": -4, "▁a": -3.5, "▁ab": -6, "ba": -4, "fi": -5, "▁fi": -5.5, "å": -6, "1": -4, "2": -4, "x": -20, "▁▁": -1}
	for _, text := range v.Tokens {
		v.Scores = append(v.Scores, scores[text])
	}
	v.Special.UNK, v.Special.EOS = v.id("<unk>"), v.id("</s>")
	v.AddEOS, v.AddSpacePrefix, v.RemoveExtraSpaces = true, true, true
	v.Charsmap = compileCharsmap(testRules)
	return v
}

func TestUnigram(t *testing.T) {
	loose := func(v *Vocab) { v.RemoveExtraSpaces = false }
	bare := func(v *Vocab) { v.RemoveExtraSpaces, v.AddSpacePrefix = false, false }
	for _, c := range []struct {
		text, want string
		change     func(*Vocab)
	}{
		{"ab", "▁ab", nil}, // -6 beats ▁ ab, the same, because it is found first
		{"aba", "▁a|ba", nil},
		{"  ab \t\n ab  ", "▁ab|▁ab", nil},
		{"  ab", "▁▁|▁ab", loose},
		{"ab  ab", "ab|▁▁|ab", bare},
		{"ab", "ab", bare},
		{"ﬁ½Å", "▁fi|1|<unk>|2|å", nil},
		{"qqq", "▁|<unk>", nil}, // side by side they are one
		{"q a q", "▁|<unk>|▁a|▁|<unk>", nil},
		{"<user>ab", "<user>|▁ab", nil},
		{"<us\tA", "▁|<unk>|▁a", nil},
		{"A\u030aA", "▁|å|a", nil},
		{"a\xffb", "▁a|<unk>|b", nil},
		{"a\u200bb", "▁ab", nil},
		{"", "", nil},
		{" ", "", nil},
		{" ", "▁", loose},
		{"AA", "▁a|a", nil},
	} {
		v := unigramVocab()
		if c.change != nil {
			c.change(&v)
		}
		tok := newTest(t, v)
		if got := show(tok, tok.Encode(c.text, Options{})); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

// Cutting a text into words must not change how it is cut into tokens.
func TestUnigramWordwise(t *testing.T) {
	for _, change := range []func(*Vocab){func(*Vocab) {}, func(v *Vocab) { v.RemoveExtraSpaces = false }, func(v *Vocab) { v.Special.UNK = None },
		func(v *Vocab) { v.Tokens[0] = "nothing" }} {
		v := unigramVocab()
		change(&v)
		byWords, whole := newTest(t, v), newTest(t, v)
		if !byWords.model.(*unigram).wordwise {
			t.Fatal("words could be cut apart")
		}
		whole.model.(*unigram).wordwise = false
		for i := range 3000 {
			text := ""
			for n := i; n > 0; n /= 5 {
				text += string("ab q "[n%5])
			}
			if a, b := byWords.Encode(text, Options{}), whole.Encode(text, Options{}); !slices.Equal(a, b) {
				t.Fatalf("%q\n%s\n%s", text, show(byWords, a), show(byWords, b))
			}
		}
	}
	v := unigramVocab()
	v.Tokens[0] = "a▁b"
	if newTest(t, v).model.(*unigram).wordwise {
		t.Error("a token spans words")
	}
}

func TestRWKV(t *testing.T) {
	v := plainVocab("rwkv", map[string]int32{"<s>": TypeControl}, `a`, `b`, `abc`, `\n`, `\n\n`, `\xe4\xb8`, `\\`, `'`, `\t\r`, `abcd\x00`)
	tok := newTest(t, v)
	for text, want := range map[string]string{
		"abab":      `a|b|a|b`,
		"abcdab":    `abc|a|b`, // d is nothing
		"abcd\x00":  `abcd\x00`,
		"\n\n\n":    `\n\n|\n`,
		"中\\'\t\rz": `\xe4\xb8|\\|'|\t\r`,
		"":          "",
		"a<s>b":     `a|<s>|b`,
	} {
		if got := show(tok, tok.Encode(text, Options{AddSpecial: true})); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
	if got := tok.Decode([]int32{v.id(`\n\n`), v.id(`\\`), v.id("a")}, DecodeOptions{}); got != "\n\n\\a" {
		t.Errorf("%q", got)
	}
	v.Special.UNK = v.id("<s>")
	tok = newTest(t, v)
	if got := show(tok, tok.Encode("zz", Options{})); got != "<s>|<s>" {
		t.Error(got)
	}
}

func TestPlamo(t *testing.T) {
	v := NewVocab("plamo2", "")
	for b := range 256 {
		v.Tokens = append(v.Tokens, byteToken(byte(b)))
		v.Types = append(v.Types, TypeByte)
		v.Scores = append(v.Scores, 0)
	}
	for text, score := range map[string]float32{"a": -5, "ab": -6, "b": -5, "bcd": -3, "中": -7, "never": float32(math.NaN()), "nev": -30} {
		v.Tokens = append(v.Tokens, text)
		v.Types = append(v.Types, TypeNormal)
		v.Scores = append(v.Scores, score)
	}
	tok := newTest(t, v)
	for text, want := range map[string]string{
		"ab":      "ab",
		"abcd":    "a|bcd",
		"\uFEFFa": "a",
		"a\uFEFF": "a|<0xEF>|<0xBB>|<0xBF>",
		"中é":      "中|<0xC3>|<0xA9>",
		"never":   "nev|<0x65>|<0x72>",
		"\xff":    "<0xEF>|<0xBF>|<0xBD>",
		"😀":       "<0xF0>|<0x9F>|<0x98>|<0x80>",
		"":        "",
	} {
		if got := show(tok, tok.Encode(text, Options{AddSpecial: true})); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
	v.Tokens[65] = "<0x-1>"
	if _, err := New(v); err == nil || !strings.Contains(err.Error(), "has no token <0x41>") {
		t.Error(err)
	}
}

func TestWhitespaceBPE(t *testing.T) {
	v := plainVocab("whitespace", nil, "中", "文", "中文", "a", "B", "b", "<0xC3>")
	v.Pre, v.Merges = "whitespace", []string{"中 文"}
	v.Lowercase = false
	tok := newTest(t, v)
	if got := show(tok, tok.Encode(" 中文 中\u3000文\nBé", Options{})); got != "中文|中|文|B|<0xC3>" {
		t.Error(got)
	}
	if got := tok.Decode(tok.Encode("中文 a", Options{}), DecodeOptions{}); got != "中文a" {
		t.Errorf("%q", got)
	}
	v.Lowercase = true
	tok = newTest(t, v)
	if got := show(tok, tok.Encode("B", Options{})); got != "b" {
		t.Error(got)
	}
}

func TestDNA(t *testing.T) {
	v := byteVocab("gpt-2", []string{"ACGTTT"}, nil)
	v.Model = "hybriddna"
	v.Tokens = append(v.Tokens, "<dna>", "</dna>", "<oov>", "ACGTTT\uE000", "CAAAAA\uE000")
	v.Types = append(v.Types, 1, 1, 1, 1, 1)
	tok := newTest(t, v)
	dna := v.id("<oov>") + 1
	want := []int32{v.id("ACGTTT"), v.id("<dna>"), dna, v.id("<oov>"), dna + 1, v.id("</dna>"), v.id("ACGTTT"), v.id("<dna>"), dna}
	if got := tok.Encode("ACGTTT<dna>acgtttNNNNNNC</dna>ACGTTT<dna>ACGTTT", Options{}); !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if got := string(tok.Piece(dna)); got != "ACGTTT" {
		t.Errorf("%q", got)
	}
	v.Tokens[v.id("</dna>")] = "something else"
	tok = newTest(t, v)
	if got := tok.Decode(tok.Encode("<dna>A", Options{}), DecodeOptions{}); got != "<dna>A" {
		t.Errorf("%q", got)
	}
}

func TestTrieRefuses(t *testing.T) {
	for _, model := range []string{"bert", "t5", "rwkv"} {
		v := plainVocab(model, nil, "a", strings.Repeat("x", maxTrieToken+1))
		if _, err := New(v); err == nil || !strings.Contains(err.Error(), "token 1 has 1025 bytes") {
			t.Errorf("%s: %v", model, err)
		}
		v = plainVocab(model, nil)
		for i := range maxTrieBytes/maxTrieToken + 1000 {
			v.Tokens = append(v.Tokens, strings.Repeat(string(rune('a'+i%20)), maxTrieToken-20)+string(rune(0x4e00+i)))
		}
		v.Types = nil
		if _, err := New(v); err == nil || !strings.Contains(err.Error(), "bytes together") {
			t.Errorf("%s: %v", model, err)
		}
	}
}

func TestSuppressed(t *testing.T) {
	v := byteVocab("gpt-2", testWords, nil)
	v.Suppress = []int32{3, -1, 1 << 30, 5}
	if got := newTest(t, v).Suppressed(); !slices.Equal(got, []int32{3, 5}) {
		t.Error(got)
	}
}
