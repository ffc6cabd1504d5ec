package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// byteVocab is a byte-level vocabulary: a token for each byte (its id), merges
// that build the given words from their bytes, and special tokens after them.
func byteVocab(pre string, words []string, special map[string]int32) Vocab {
	v := NewVocab("gpt2", pre)
	have := map[string]bool{}
	add := func(text string, typ int32) {
		if !have[text] {
			have[text] = true
			v.Tokens = append(v.Tokens, text)
			v.Types = append(v.Types, typ)
		}
	}
	for b := range 256 {
		add(string(standIn[b]), TypeNormal)
	}
	for _, word := range words {
		text := ""
		for _, b := range []byte(word) {
			c := string(standIn[b])
			if text != "" {
				v.Merges = append(v.Merges, text+" "+c)
				add(text+c, TypeNormal)
			}
			text += c
		}
	}
	for _, text := range sortedKeys(special) {
		add(text, special[text])
	}
	return v
}

func sortedKeys(m map[string]int32) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var testWords = []string{" the", "hello", " world", "ing", "ab", "abc", "bc", "cd", "  ", "    ", "\n\n", "é", "中", "12", "'s", "aa", "aaaa"}

var testSpecial = map[string]int32{
	"<s>": TypeControl, "</s>": TypeControl, "<unk>": TypeUnknown, "<|im_end|>": TypeNormal,
	"<user>": TypeUserDefined, "<user>x": TypeUserDefined, "qqq": TypeUserDefined,
}

func newTest(t testing.TB, v Vocab) *Tokenizer {
	t.Helper()
	tok, err := New(v)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// show writes tokens as their texts.
func show(t *Tokenizer, ids []int32) string {
	var texts []string
	for _, id := range ids {
		texts = append(texts, t.Token(id))
	}
	return strings.Join(texts, "|")
}

func TestEncodeSpecial(t *testing.T) {
	v := byteVocab("gpt-2", testWords, testSpecial)
	id := func(text string) int32 { return int32(slices.Index(v.Tokens, text)) }
	v.Special.BOS, v.Special.EOS, v.Special.UNK = id("<s>"), id("</s>"), id("<unk>")
	v.AddBOS, v.AddEOS = true, true
	tok := newTest(t, v)
	for _, c := range []struct {
		text string
		opt  Options
		want string
	}{
		{"", Options{}, ""},
		{"", Options{AddSpecial: true}, "<s>|</s>"},
		{"hello the", Options{AddSpecial: true}, "<s>|hello|Ġthe|</s>"},
		{"<s>hello", Options{}, "<|s|>|hello"},
		{"<s>hello", Options{ParseSpecial: true}, "<s>|hello"},
		{"<s>hello", Options{AddSpecial: true, ParseSpecial: true}, "<s>|<s>|hello|</s>"},
		{"<unk> <unk>", Options{ParseSpecial: true}, "<unk>|Ġ|<unk>"},
		{"x<user>y", Options{}, "x|<user>|y"},                     // user-defined tokens always count
		{"x<user>xy", Options{}, "x|<user>x|y"},                   // the longer one first
		{"<|im_end|>", Options{ParseSpecial: true}, "<|im_end|>"}, // a control token by its name
		{"qqqqqqq", Options{}, "qqq|qqq|q"},
		{"<user<user>", Options{}, "<|u|s|e|r|<user>"},
	} {
		if got := show(tok, tok.Encode(c.text, c.opt)); got != c.want {
			t.Errorf("%q %+v\n got %s\nwant %s", c.text, c.opt, got, c.want)
		}
	}
	for text, control := range map[string]bool{"<s>": true, "<|im_end|>": true, "<user>": false, "a": false} {
		if tok.IsControl(id(text)) != control {
			t.Errorf("IsControl(%q) = %v", text, !control)
		}
	}
	if got, want := tok.EOG(), []int32{id("</s>"), id("<|im_end|>")}; !sameSet(got, want) {
		t.Errorf("generation ends at %v, want %v", got, want)
	}
	if got := tok.Special().EOT; got != id("<|im_end|>") {
		t.Errorf("end of turn is %d", got)
	}
}

func sameSet(a, b []int32) bool {
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func TestHarmonyEnds(t *testing.T) {
	v := byteVocab("gpt-4o", testWords, map[string]int32{
		"<|end|>": TypeControl, "<|return|>": TypeControl, "<|call|>": TypeControl,
		"<|channel|>": TypeControl, "<|endoftext|>": TypeControl})
	tok := newTest(t, v)
	for text, want := range map[string][2]bool{
		"<|end|>": {false, false}, "<|return|>": {true, true}, "<|call|>": {true, true},
		"<|channel|>": {false, false}, "<|endoftext|>": {true, true},
	} {
		id, _ := tok.ID(text)
		if got := [2]bool{tok.IsEOG(id), tok.IsControl(id)}; got != want {
			t.Errorf("%s: end, control = %v, want %v", text, got, want)
		}
	}
}

// spmVocab is a SentencePiece vocabulary with byte tokens, characters and words.
func spmVocab(words ...string) Vocab {
	v := NewVocab("llama", "")
	v.AddBOS, v.AddSpacePrefix = true, true
	v.Special.UNK, v.Special.BOS, v.Special.EOS = 0, 1, 2
	add := func(text string, score float32, typ int32) {
		v.Tokens = append(v.Tokens, text)
		v.Scores = append(v.Scores, score)
		v.Types = append(v.Types, typ)
	}
	add("<unk>", 0, TypeUnknown)
	add("<s>", 0, TypeControl)
	add("</s>", 0, TypeControl)
	for b := range 256 {
		add(byteToken(byte(b)), 0, TypeByte)
	}
	for i, word := range words {
		add(word, float32(-i), TypeNormal)
	}
	return v
}

func TestSPM(t *testing.T) {
	tok := newTest(t, spmVocab("▁t", "he", "▁the", "▁", "t", "h", "e", "a", "▁a", "ab", "b", "▁▁", "é"))
	for _, c := range []struct {
		text string
		opt  Options
		want string
	}{
		{"", Options{AddSpecial: true}, "<s>"},
		{"the", Options{AddSpecial: true}, "<s>|▁the"},
		{"the the", Options{}, "▁the|▁the"},
		{" the", Options{}, "▁|▁the"},
		{"ab", Options{}, "▁a|b"},
		{"xé", Options{}, "▁|<0x78>|é"},
		{"中", Options{}, "▁|<0xE4>|<0xB8>|<0xAD>"},
		{"a</s>b", Options{ParseSpecial: true}, "▁a|</s>|▁|b"},
		{"\xff\xe2\x96", Options{}, "▁|<0xFF>|<0xE2>|<0x96>"},
		{"   the", Options{}, "▁▁|▁|▁the"},
	} {
		ids := tok.Encode(c.text, c.opt)
		if got := show(tok, ids); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.text, got, c.want)
		}
		if utf8.ValidString(c.text) && !c.opt.ParseSpecial {
			if back := tok.Decode(ids, DecodeOptions{}); back != c.text {
				t.Errorf("%q decodes to %q", c.text, back)
			}
		}
	}
	ids := tok.Encode("the", Options{})
	if got := tok.Decode(ids, DecodeOptions{Continues: true}); got != " the" {
		t.Errorf("a continuation decodes to %q", got)
	}
}

// Cutting at spaces must not change what merges.
func TestSPMWordwise(t *testing.T) {
	words := []string{"▁", "a", "b", "ab", "▁a", "▁ab", "ba", "▁▁", "▁▁▁▁", "b▁", "bab"}
	split, whole := newTest(t, spmVocab(words[:9]...)), newTest(t, spmVocab(words...))
	if !split.model.(*spm).wordwise || whole.model.(*spm).wordwise {
		t.Fatal("which vocabulary merges by words is found out wrongly")
	}
	forced := newTest(t, spmVocab(words[:9]...))
	forced.model.(*spm).wordwise = false
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		text := ""
		for range r.IntN(60) {
			text += string("ab  "[r.IntN(4)])
		}
		if a, b := split.Encode(text, Options{}), forced.Encode(text, Options{}); !slices.Equal(a, b) {
			t.Fatalf("%q\n%s\n%s", text, show(split, a), show(split, b))
		}
	}
}

// stringJoiner is the definition of merging, by text.
type stringJoiner map[string]int32

func (j stringJoiner) join(word string, left, right *part) (rank, symbol int32, ok bool) {
	rank, ok = j[word[left.start:left.end]+" "+word[right.start:right.end]]
	return rank, 0, ok
}

func mergeNaively(j stringJoiner, word string) (parts []string) {
	for _, b := range []byte(word) {
		parts = append(parts, string([]byte{b}))
	}
	for {
		best, at := int32(1<<30), -1
		for i := 0; i+1 < len(parts); i++ {
			if rank, ok := j[parts[i]+" "+parts[i+1]]; ok && rank < best {
				best, at = rank, i
			}
		}
		if at < 0 {
			return parts
		}
		parts = slices.Replace(parts, at, at+2, parts[at]+parts[at+1])
	}
}

func TestMergeOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		j := stringJoiner{}
		texts := []string{"a", "b", "c"}
		for range 25 {
			a, b := texts[r.IntN(len(texts))], texts[r.IntN(len(texts))]
			texts = append(texts, a+b)
			j[a+" "+b] = int32(r.IntN(8)) // equal ranks too
		}
		for range 20 {
			var word []byte
			for range 1 + r.IntN(60) {
				word = append(word, "abc"[r.IntN(3)])
			}
			want := mergeNaively(j, string(word))
			for name, merge := range map[string]func(*merger) []part{
				"short": func(m *merger) []part { return m.mergeShort(string(word), j) },
				"long":  func(m *merger) []part { return m.mergeLong(string(word), j) },
			} {
				m := &merger{}
				for i := range word {
					m.parts = append(m.parts, part{start: int32(i), end: int32(i + 1)})
				}
				var got []string
				for _, p := range merge(m) {
					got = append(got, string(word[p.start:p.end]))
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%s %q by %v\n got %q\nwant %q", name, word, j, got, want)
				}
			}
		}
	}
}

// partitionNaively takes special tokens from a text as llama.cpp describes it:
// token by token, the longest first, each in what the ones before have left.
func partitionNaively(v *vocabulary, ids []int32, text string) (found []fragment) {
	order := slices.Clone(ids)
	slices.SortStableFunc(order, func(a, b int32) int { return len(v.texts[b]) - len(v.texts[a]) })
	type stretch struct{ from, to int }
	rest := []stretch{{0, len(text)}}
	for _, id := range order {
		var next []stretch
		for _, s := range rest {
			for {
				i := strings.Index(text[s.from:s.to], v.texts[id])
				if i < 0 {
					break
				}
				f := fragment{s.from + i, s.from + i + len(v.texts[id]), id}
				for v.attrs[id]&attrStripLeft != 0 && f.start > s.from && isASCIISpace(text[f.start-1]) {
					f.start--
				}
				for v.attrs[id]&attrStripRight != 0 && f.end < s.to && isASCIISpace(text[f.end]) {
					f.end++
				}
				found = append(found, f)
				next = append(next, stretch{s.from, f.start})
				s.from = f.end
			}
			next = append(next, s)
		}
		rest = next
	}
	slices.SortFunc(found, func(a, b fragment) int { return a.start - b.start })
	return found
}

func TestSpecialFinder(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 400 {
		v := &vocabulary{ids: map[string]int32{}}
		var ids []int32
		// One token of each length, because the order among equals is not defined.
		for size := 1; size <= 1+r.IntN(8); size++ {
			var text []byte
			for range size {
				text = append(text, "ab \n"[r.IntN(2+r.IntN(3))])
			}
			id := int32(len(v.texts))
			ids = append(ids, id)
			v.texts = append(v.texts, string(text))
			v.ids[string(text)] = id
			v.attrs = append(v.attrs, attrUserDefined|attribute(r.IntN(4))*attrStripLeft)
		}
		f := newSpecialFinder(v, attrUserDefined, 0)
		for range 20 {
			var text []byte
			for range r.IntN(50) {
				text = append(text, "ab \nc"[r.IntN(5)])
			}
			got, want := f.find(v, string(text)), partitionNaively(v, ids, string(text))
			if !slices.Equal(got, want) {
				t.Fatalf("%q in %q\n got %v\nwant %v", v.texts, text, got, want)
			}
		}
	}
}

func TestDecoder(t *testing.T) {
	v := byteVocab("gpt-2", nil, testSpecial)
	v.Merges = []string{"a b"}
	tok := newTest(t, v)
	id := func(text string) int32 { id, _ := tok.ID(text); return id }
	bytes := func(s string) (ids []int32) {
		for _, b := range []byte(s) {
			ids = append(ids, id(string(standIn[b])))
		}
		return ids
	}
	for _, c := range []struct {
		ids  []int32
		opt  DecodeOptions
		want string // pushes parted by |, Flush last
	}{
		{bytes("aé"), DecodeOptions{}, "a||é|"},
		{bytes("😀"), DecodeOptions{}, "|||😀|"},
		{bytes("中")[:2], DecodeOptions{}, "||\uFFFD"},
		{bytes("\xE4a"), DecodeOptions{}, "|\uFFFDa|"},
		{bytes("\x80b"), DecodeOptions{}, "\uFFFD|b|"},
		{bytes("\xED\xA0\x80"), DecodeOptions{}, "|\uFFFD\uFFFD|\uFFFD|"},
		{append(bytes("\xC3"), append([]int32{id("<s>")}, bytes("\xA9")...)...), DecodeOptions{}, "||é|"},
		{append(bytes("\xC3"), append([]int32{id("<s>")}, bytes("\xA9")...)...), DecodeOptions{Special: true}, "|\uFFFD<s>|\uFFFD|"},
		{[]int32{id("<user>"), id("</s>")}, DecodeOptions{}, "<user>||"},
		{[]int32{id("<unk>"), id("</s>")}, DecodeOptions{Special: true}, "<unk>|</s>|"},
		{[]int32{-1, 1 << 30, id("a")}, DecodeOptions{}, "||a|"},
	} {
		d := tok.NewDecoder(c.opt)
		for range 2 { // Flush readies it for another stream
			var got []string
			for _, id := range c.ids {
				got = append(got, d.Push(id))
			}
			got = append(got, d.Flush())
			if s := strings.Join(got, "|"); s != c.want {
				t.Errorf("%q: got %q, want %q", show(tok, c.ids), s, c.want)
			}
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	tok := newTest(t, byteVocab("llama-bpe", testWords, testSpecial))
	texts := make([]string, 50)
	want := make([][]int32, len(texts))
	r := rand.New(rand.NewPCG(1, 9))
	for i := range texts {
		texts[i] = soup(r)
		want[i] = tok.Encode(texts[i], Options{})
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i, text := range texts {
				if got := tok.Encode(text, Options{}); !slices.Equal(got, want[i]) {
					t.Errorf("%q: %v and %v", text, got, want[i])
				}
			}
		})
	}
	wg.Wait()
}

// The word cache is emptied when it is full; nothing may change by that.
func TestManyWords(t *testing.T) {
	tok := newTest(t, byteVocab("gpt-2", testWords, nil))
	var text strings.Builder
	for i := range 3 * cachedWords {
		fmt.Fprintf(&text, " w%x", i)
	}
	ids := tok.Encode(text.String(), Options{})
	if got := tok.Decode(ids, DecodeOptions{}); got != text.String() {
		t.Error("text does not come back")
	}
	if again := tok.Encode(text.String(), Options{}); !slices.Equal(ids, again) {
		t.Error("the same text is encoded differently the second time")
	}
}

// Text without any place to cut must take time in proportion to its length, or
// nearly; a quadratic step anywhere would run into the test's time limit.
func TestLongWords(t *testing.T) {
	size := 1 << 19
	if testing.Short() {
		size = 1 << 16
	}
	bpe := newTest(t, byteVocab("superbpe", append(testWords, "aaaaaaaa"), map[string]int32{"\n": TypeUserDefined, "\n\n": TypeUserDefined, "\n\n\n": TypeUserDefined}))
	spm := newTest(t, spmVocab("▁", "a", "aa", "aaaa", "aaaaaaaa", "ab", "▁a"))
	for _, unit := range []string{"a", "ab", " ", "\n", "é", "1", "."} {
		text := strings.Repeat(unit, size/len(unit))
		for _, tok := range []*Tokenizer{bpe, spm} {
			if got := tok.Decode(tok.Encode(text, Options{}), DecodeOptions{}); got != text {
				t.Errorf("a long text of %q does not come back", unit)
			}
		}
	}
}

func TestRawBPE(t *testing.T) {
	v := NewVocab("gemma4", "")
	for b := range 256 {
		v.Tokens = append(v.Tokens, byteToken(byte(b)))
		v.Types = append(v.Types, TypeByte)
	}
	for _, text := range []string{"<eos>", "▁", "a", "b", "▁a", "▁ab", "\n", "\n\n", "中"} {
		v.Tokens = append(v.Tokens, text)
		v.Types = append(v.Types, TypeNormal)
	}
	v.Merges = []string{"▁ a", "▁a b"}
	tok := newTest(t, v)
	for text, want := range map[string]string{
		"b ab":     "b|▁ab",
		"a\n\nb":   "a|\n\n|b",
		"a\n\n\nb": "a|\n|\n|\n|b",
		"中é":       "中|<0xC3>|<0xA9>",
	} {
		ids := tok.Encode(text, Options{})
		if got := show(tok, ids); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
		if back := tok.Decode(ids, DecodeOptions{}); back != text {
			t.Errorf("%q decodes to %q", text, back)
		}
	}
}
