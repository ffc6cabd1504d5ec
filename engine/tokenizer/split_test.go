package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// The expressions as the models' tokenizer.json files or llama.cpp state them.
// (?i:…) there is spelled out, because case folding outside ASCII differs.
const (
	contractions    = `'s|'t|'re|'ve|'m|'ll|'d`
	anyContractions = `'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]`
	gpt2Pattern     = contractions + `| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3Pattern   = anyContractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern    = anyContractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	upper           = `(?:(?=\p{L})[^a-z])`
	lowerCase       = `(?:(?=\p{L})[^A-Z])`
	afterWords      = `| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	deepseekPattern = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)

var oracles = []struct {
	pre    string
	passes []string
}{
	{"gpt-2", []string{gpt2Pattern}},
	{"smollm", []string{`\p{N}`, gpt2Pattern}},
	{"falcon", []string{"[\\p{P}\\$\\+<=>\\^~\\|`]+", gpt2Pattern, `[0-9][0-9][0-9]`}},
	{"default", []string{`[\p{P}\$\+<=>\^~\|]+`, gpt2Pattern, `\p{N}+`, `[0-9][0-9][0-9]`}},
	{"llama-bpe", []string{llama3Pattern}},
	{"qwen2", []string{qwen2Pattern}},
	{"qwen35", []string{anyContractions + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`}},
	{"exaone-moe", []string{anyContractions + `|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+`}},
	{"jais-2", []string{anyContractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}`}},
	{"tekken", []string{`[^\r\n\p{L}\p{N}]?` + upper + `*` + lowerCase + `+|[^\r\n\p{L}\p{N}]?` + upper + `+` + lowerCase + `*|\p{N}` + afterWords}},
	{"gpt-4o", []string{`[^\r\n\p{L}\p{N}]?` + upper + `*` + lowerCase + `+(?:` + anyContractions + `)?|[^\r\n\p{L}\p{N}]?` + upper + `+` + lowerCase + `*(?:` + anyContractions + `)?|\p{N}{1,3}` + afterWords}},
	{"youtu", []string{
		`[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+`,
		`[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]*[\p{L}\p{M}]+(?:` + anyContractions + `)?|\p{N}` + afterWords}},
	{"deepseek-v3", []string{`\p{N}{1,3}`, `[一-龥぀-ゟ゠-ヿ]+`, deepseekPattern}},
	{"deepseek-coder", []string{`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, `(?:(?=\S)[一-龥ࠀ-一가-퟿])+`, `\p{N}`}},
	{"seed-coder", []string{anyContractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+`}},
	{"ufakzeka", []string{`[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`}},
	{"minicpm5", []string{`\p{N}{1,3}`, anyContractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`}},
	{"bloom", []string{` ?[^(\s|.,!?…。，、।۔،)]+`}},
	{"laguna", []string{`[^\n]+|[\n]+`, qwen2Pattern}},
	{"superbpe", []string{`\p{N}+`, `(?=([0-9]{3})+(?![0-9]))`}},
}

// split runs a pre-tokenizer alone.
func split(pre pretokenizer, text string) (pieces []string) {
	yield := func(piece string) { pieces = append(pieces, piece) }
	for _, p := range slices.Backward(pre.passes) {
		next := yield
		yield = func(s string) { p(s, next) }
	}
	if text != "" {
		yield(text)
	}
	return pieces
}

// splitByRegexp does the same by regular expressions.
func splitByRegexp(t *testing.T, passes []*regexp2.Regexp, text string) []string {
	pieces := []string{text}
	for _, re := range passes {
		var cut []string
		for _, piece := range pieces {
			r := []rune(piece)
			pos := 0
			add := func(end int) {
				if end > pos {
					cut = append(cut, string(r[pos:end]))
					pos = end
				}
			}
			m, err := re.FindRunesMatch(r)
			for ; m != nil && err == nil; m, err = re.FindNextMatch(m) {
				add(m.RuneIndex)
				add(m.RuneIndex + m.RuneLength)
			}
			if err != nil {
				t.Fatal(err)
			}
			add(len(r))
		}
		pieces = cut
	}
	return pieces
}

var compiled = func() [][]*regexp2.Regexp {
	var out [][]*regexp2.Regexp
	for _, o := range oracles {
		var passes []*regexp2.Regexp
		for _, p := range o.passes {
			passes = append(passes, regexp2.MustCompile(p, regexp2.None))
		}
		out = append(out, passes)
	}
	return out
}()

// comparable reports whether the regular expression engine agrees with us about
// the characters of a text: it knows Unicode 15.0 or what the Go release knows,
// not 15.1.
func comparable(text string) bool {
	for _, r := range text {
		if stdClass(r) != classOf(r) {
			return false
		}
	}
	return utf8.ValidString(text)
}

func checkSplit(t *testing.T, i int, text string) {
	t.Helper()
	pre, ok := pretokenizerFor(oracles[i].pre)
	if !ok {
		t.Fatalf("%s is not known", oracles[i].pre)
	}
	got := split(pre, text)
	if want := splitByRegexp(t, compiled[i], text); !slices.Equal(got, want) {
		t.Errorf("%s: %q\n got %q\nwant %q", oracles[i].pre, text, got, want)
	}
}

// atoms are texts at whose meeting points pre-tokenizers differ.
var atoms = []string{" ", "  ", "   ", "\n", "\r\n", "\r", "\t", "\v", "\u00a0", "\u3000", "\u0085",
	"'s", "'S", "'re", "'Ve", "'LL", "'ll", "'x", "'", "a", "A", "abc", "ABC", "Abc", "aBC", "é", "É", "ÉCOLE", "ß", "ſ", "ǅ", "ʰ",
	"中文", "日本", "カナ", "한국", "ㄱ", "ㄅ", "ไทย", "हिन्दी", "العربية", "Ελλ", "При", "豈", "々",
	"1", "12", "123", "1234567", "１２", "٣", "Ⅷ", "½", ".", "...", ",", "!", "?", "-", "/", "//", "\\", "_", "$", "+", "<", "=", "^", "~", "|", "`",
	"(", ")", "[", "]", "{", "@", "\"", "…", "。", "，", "।", "“", "—", "·", "€", "→", "😀", "👍🏽", "e\u0301", "\u0301",
	"\u200b", "\u200d", "\ufeff", "\ufffd", "\x00", "\x01", "\x7f", "\ue000", "\U000e0001", "\U00020000"}

func soup(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(12) {
		b.WriteString(strings.Repeat(atoms[r.IntN(len(atoms))], 1+r.IntN(3)*r.IntN(2)))
	}
	return b.String()
}

func TestSplitAgainstRegexp(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 200
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		text := soup(r)
		if !comparable(text) {
			t.Fatalf("%q has characters that the oracle sees differently", text)
		}
		for i := range oracles {
			checkSplit(t, i, text)
		}
	}
	for _, spaces := range []int{1, 2, 3, 4, 5, 8, 9, 100, 511, 512, 513, 514, 1025, 1500} {
		for i := range oracles {
			checkSplit(t, i, "a"+strings.Repeat(" ", spaces))
			checkSplit(t, i, "a"+strings.Repeat(" ", spaces)+"b")
		}
	}
}

func FuzzSplit(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range oracles {
		f.Add(uint8(i), soup(r))
	}
	f.Fuzz(func(t *testing.T, i uint8, text string) {
		if text == "" || len(text) > 2000 || !comparable(text) {
			t.Skip()
		}
		checkSplit(t, int(i)%len(oracles), text)
	})
}

// The pieces of any text add up to it, whatever the pre-tokenizer.
func TestSplitKeepsText(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, name := range allPre {
		pre, ok := pretokenizerFor(name)
		if !ok {
			t.Fatalf("%s is not known", name)
		}
		for range 300 {
			text := soup(r)
			pieces := split(pre, text)
			if slices.Contains(pieces, "") || strings.Join(pieces, "") != text {
				t.Errorf("%s: %q becomes %q", name, text, pieces)
			}
		}
	}
}

// Every name that llama.cpp's loader knows.
var allPre = strings.Fields(`default minicpm5 llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2
	jina-v5-nano deepseek-llm deepseek-coder deepseek-v3 spark2_5 youtu falcon mpt starcoder gpt-2 phi-2 jina-es
	jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert jais-2 gemma4 granite-embed-multi-311m
	sarvam-moe jina-v1-en jina-v2-code roberta-bpe refact command-r qwen2 deepseek-r1-qwen kormo f2llmv2 qwen35
	stablelm2 olmo dbrx smaug-bpe poro-chat glm4 chatglm-bpe viking jais tekken smollm codeshell bloom
	gpt3-finnish exaone exaone4 exaone-moe chameleon minerva-7b megrez gpt-4o llama4 kanana2 talkie
	granite-embed-multi-97m tiny_aya cohere2moe superbpe trillion granite-docling bailingmoe bailingmoe2 llada-moe
	seed-coder hunyuan hunyuan-dense hy_v4 joyai-llm kimi-k2 ufakzeka grok-2 afmoe laguna minimax-m2 solar-open
	mellum2 whitespace`)

// Pieces where llama.cpp departs from what one would expect, or that regular
// expressions here do not cover; checked against it.
func TestSplitGolden(t *testing.T) {
	for _, c := range []struct {
		pre, text string
		want      []string
	}{
		{"tekken", "ÉCOLE École", []string{"É", "COLE", " École"}},
		{"gpt-4o", "DON'T Don't", []string{"DON'T", " Don't"}},
		{"llama-bpe", "DON'T 12345", []string{"DON", "'T", " ", "123", "45"}},
		{"qwen2", "  a\n \n b\t", []string{" ", " a", "\n \n", " b", "\t"}},
		{"smollm", " 12 a", []string{" ", "1", "2", " a"}},
		{"superbpe", "1234567 a b", []string{"1", "234", "567", " a b"}},
		{"afmoe", "ab1234 5", []string{"ab", "1", "234", " ", "5"}},
		{"tiny_aya", "x1234567", []string{"x", "1", "234", "567"}},
		{"deepseek-llm", "a\u3000。 。b \n", []string{"a", "\u3000", "。", " ", "。", "b", " ", "\n"}},
		{"kimi-k2", "a中文b'S x", []string{"a", "中文", "b'S", " x"}},
		{"chameleon", "IMGIMGABZ<sentinel:7>a", []string{"IMGIMGABZ", "<", "sentinel", ":", "7", ">", "a"}},
		{"bloom", "hello .  world", []string{"hello", " . ", " world"}},
		{"spark2_5", "a!\n\nb", []string{"a", "!", "\n", "\n", "b"}},
		{"gemma4", "a b\n\n c", []string{"a b", "\n\n", " c"}},
		{"granite-embed-multi-97m", "\u0301a\u0301B", []string{"\u0301a\u0301", "B"}},
	} {
		pre, _ := pretokenizerFor(c.pre)
		if got := split(pre, c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q\n got %q\nwant %q", c.pre, c.text, got, c.want)
		}
	}
}
