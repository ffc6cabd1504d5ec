package tokenizer

import (
	"strings"
	"sync"
)

// pretokenizer is what a name under tokenizer.ggml.pre stands for: how a text is
// cut into the words within which BPE merges, and what else llama.cpp ties to
// the name.
type pretokenizer struct {
	passes       []pass
	ignoreMerges bool // a word that is a token as a whole is not merged from its parts
	addBOS       bool // default where the file does not say
	addSEP       bool // the same
	noBOS        bool // has no begin token unless the file names one
	raw          bool // tokens are plain UTF-8, not byte stand-ins
	marks        bool // and have ▁ for a space
	wholeBreaks  bool // a run of line breaks that is a token is not merged from its parts
	keepCase     bool // model "whitespace": no lower case unless the file asks for it
}

// Classes that many expressions name. The complements hold no white space:
// [^\s\p{L}\p{N}] and so on.
const (
	notWord   = mark | punct | symbol | other
	notMarked = punct | symbol | other
)

// gpt2Word matches
// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
var gpt2Word = first(contraction, spaced(letter, ""), spaced(number, ""), spaced(notWord, ""), spaces)

// modernWord is the family begun by GPT-4: contractions in any case, words with
// one character before them, numbers of up to limit digits, marks with the line
// breaks after them, white space up to its last line break.
func modernWord(limit int) matcher {
	return first(anyContraction, prefixed(letter|number, letter), digits(limit),
		spaced(notWord, "\r\n"), newlines, spaces)
}

// casedWords is GPT-4o's: words end where a lower-case letter meets an upper-case
// one; contractions stay with their word.
func casedWords(word, digits matcher) matcher {
	return first(word, digits, spaced(notWord, "\r\n/"), newlines, spaces)
}

// deepseekWord is the last pass of deepseek-v3 and its relatives.
var deepseekWord = first(asciiWord, prefixed(letter|punct|symbol, letter|mark),
	spaced(punct|symbol, "\r\n"), newlines, spaces)

const unlimited = int(^uint(0) >> 1)

// pretokenizers lists all that are known. A new one is an entry here, of matchers
// and passes that are there already or of one more; ARCHITECTURE.md tells how to
// go about it.
var pretokenizers = []struct {
	names string // parted by spaces
	pretokenizer
}{
	{"llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
		pretokenizer{passes: words(modernWord(3)), ignoreMerges: true, addBOS: true}},

	{"dbrx smaug-bpe", pretokenizer{passes: words(modernWord(3))}},

	{"glm4 chatglm-bpe", pretokenizer{passes: words(modernWord(3)), noBOS: true}},

	{"qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2 bailingmoe bailingmoe2 llada-moe",
		pretokenizer{passes: words(modernWord(1))}},

	{"laguna", pretokenizer{passes: []pass{lines, isolate(modernWord(1))}}},

	{"minicpm5", pretokenizer{passes: words(digits(3), modernWord(unlimited)), ignoreMerges: true}},

	{"seed-coder", pretokenizer{passes: words(
		first(anyContraction, prefixed(letter|number, letter), digits(1), spaced(notWord, ""), newlines, spaces))}},

	{"ufakzeka", pretokenizer{passes: words(
		first(prefixed(letter|number, letter), digits(1), spaced(notWord, "\r\n"), newlines, spaces))}},

	{"qwen35", pretokenizer{passes: words(
		first(anyContraction, prefixed(letter|number, letter|mark), digits(1), spaced(notMarked, "\r\n"), newlines, spaces))}},

	{"exaone-moe", pretokenizer{passes: words(
		first(anyContraction, phraseWord, digits(1), spacedOnce(notWord, "\r\n/"), newlines, spaces))}},

	{"jais-2", pretokenizer{passes: words(
		first(anyContraction, prefixed(letter|number, letter), digits(3), spaced(notWord, "\r\n"), newlines, steppedSpaces))}},

	{"gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert exaone4 mpt olmo jais trillion granite-docling",
		pretokenizer{passes: words(gpt2Word)}},

	{"jina-v1-en jina-v2-code roberta-bpe", pretokenizer{passes: words(gpt2Word), addSEP: true}},

	{"starcoder refact command-r smollm codeshell exaone minerva-7b mellum2",
		pretokenizer{passes: words(digits(1), gpt2Word)}},

	{"falcon", pretokenizer{passes: words(punctRun("$+<=>^~|`"), gpt2Word, threeDigits)}},

	{"default", pretokenizer{passes: words(punctRun("$+<=>^~|"), gpt2Word, run(number), threeDigits)}},

	{"deepseek-llm", pretokenizer{passes: []pass{isolate(newline), isolate(afterSpaceRunes(deepseekLetters)),
		isolate(afterSpaceRunes(deepseekPunct)), trailingSpace, isolate(runeRun(deepseekCJK)), isolate(run(number))}}},

	{"deepseek-coder", pretokenizer{passes: words(newline, afterSpace(letter), afterSpace(punct), runeRun(deepseekCJK), digits(1))}},

	{"deepseek-v3 hunyuan-dense joyai-llm hy_v4", pretokenizer{passes: words(digits(3), runeRun(hanKana), deepseekWord)}},

	{"spark2_5", pretokenizer{passes: words(digits(3), runeRun(hanKana),
		first(asciiWord, prefixed(letter|punct|symbol, letter|mark), spaced(punct|symbol, ""), newline, spaces), digits(1))}},

	{"afmoe", pretokenizer{passes: []pass{digitGroups, isolate(runeRun(asianScripts)), isolate(deepseekWord)}}},

	{"youtu", pretokenizer{passes: words(
		first(runeRun(youtuHangul), runeRun(youtuPunct), runeRun(youtuBopomofo), runeRun(hanKana)),
		casedWords(then(prefixed(letter|number, letter|mark), anyContraction), digits(1))), ignoreMerges: true}},

	{"tiny_aya cohere2moe", pretokenizer{passes: []pass{digitGroups,
		isolate(casedWords(then(prefixed(letter|number, letter|mark), anyContraction), digits(3)))}}},

	{"tekken", pretokenizer{passes: words(casedWords(casedWord(letter), digits(1))), ignoreMerges: true, addBOS: true}},

	{"gpt-4o llama4 kanana2 talkie minimax-m2",
		pretokenizer{passes: words(casedWords(then(casedWord(letter), anyContraction), digits(3)))}},

	{"granite-embed-multi-97m", pretokenizer{
		passes: words(casedWords(then(casedWord(letter|mark), anyContraction), digits(3))), ignoreMerges: true}},

	{"kimi-k2", pretokenizer{passes: words(
		first(runeRun(hanScript), nonHanWord, digits(3), spaced(notWord, "\r\n"), newlines, spaces))}},

	{"poro-chat bloom gpt3-finnish", pretokenizer{passes: words(unspaced(bloomBreaks))}},

	{"viking", pretokenizer{passes: words(unspaced(bloomBreaks), digits(1))}},

	{"superbpe", pretokenizer{passes: []pass{isolate(run(number)), thousands}}},

	{"chameleon", pretokenizer{passes: words(sentinel, imageToken,
		first(asciiSet("\t\n"), literal("    "), literal("  ")), digits(1),
		first(single(punct), asciiSet("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")), gpt2Word), addBOS: true}},

	{"gemma4 granite-embed-multi-311m",
		pretokenizer{passes: []pass{lines}, raw: true, marks: true, wholeBreaks: true, addBOS: true}},

	{"sarvam-moe", pretokenizer{passes: []pass{lines}, raw: true, marks: true}},

	{"whitespace", pretokenizer{passes: words(run(visible)), raw: true, keepCase: true}},
}

// words makes a pass of each matcher.
func words(matchers ...matcher) (passes []pass) {
	for _, m := range matchers {
		passes = append(passes, isolate(m))
	}
	return passes
}

var pretokenizersByName = sync.OnceValue(func() map[string]pretokenizer {
	byName := map[string]pretokenizer{}
	for _, p := range pretokenizers {
		for _, name := range strings.Fields(p.names) {
			byName[name] = p.pretokenizer
		}
	}
	byName[""] = byName["default"]
	return byName
})

// pretokenizerFor returns the pre-tokenizer of a name, false if it is unknown.
func pretokenizerFor(name string) (pretokenizer, bool) {
	p, ok := pretokenizersByName()[name]
	return p, ok
}

// Pretokenizers returns the names that are known, in the order of the table.
func Pretokenizers() (names []string) {
	for _, p := range pretokenizers {
		names = append(names, strings.Fields(p.names)...)
	}
	return names
}
