package tokenizer

// pretokenizer is what a name under tokenizer.ggml.pre stands for.
type pretokenizer struct {
	passes       []pass
	ignoreMerges bool // a word that is a token as a whole is not merged from its parts
	addBOS       bool // default where the file does not say
	noBOS        bool // has no begin token unless the file names one
	raw          bool // tokens are plain UTF-8 with ▁ for a space, not byte stand-ins
	wholeBreaks  bool // a run of line breaks that is a token is not merged from its parts
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

// pretokenizerFor returns the pre-tokenizer of a name, false if it is unknown.
func pretokenizerFor(name string) (pretokenizer, bool) {
	passes := func(list ...pass) pretokenizer { return pretokenizer{passes: list} }
	matching := func(list ...matcher) pretokenizer {
		var p pretokenizer
		for _, m := range list {
			p.passes = append(p.passes, isolate(m))
		}
		return p
	}

	switch name {
	case "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano":
		p := matching(modernWord(3))
		p.ignoreMerges, p.addBOS = true, true
		return p, true

	case "dbrx", "smaug-bpe":
		return matching(modernWord(3)), true

	case "glm4", "chatglm-bpe":
		p := matching(modernWord(3))
		p.noBOS = true
		return p, true

	case "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan", "solar-open", "grok-2":
		return matching(modernWord(1)), true

	case "laguna":
		return passes(lines, isolate(modernWord(1))), true

	case "minicpm5":
		p := matching(digits(3), modernWord(unlimited))
		p.ignoreMerges = true
		return p, true

	case "bailingmoe", "bailingmoe2", "llada-moe":
		return matching(modernWord(1)), true

	case "seed-coder":
		return matching(first(anyContraction, prefixed(letter|number, letter), digits(1),
			spaced(notWord, ""), newlines, spaces)), true

	case "ufakzeka":
		return matching(first(prefixed(letter|number, letter), digits(1),
			spaced(notWord, "\r\n"), newlines, spaces)), true

	case "qwen35":
		return matching(first(anyContraction, prefixed(letter|number, letter|mark), digits(1),
			spaced(notMarked, "\r\n"), newlines, spaces)), true

	case "exaone-moe":
		return matching(first(anyContraction, phraseWord, digits(1),
			spacedOnce(notWord, "\r\n/"), newlines, spaces)), true

	case "jais-2":
		return matching(first(anyContraction, prefixed(letter|number, letter), digits(3),
			spaced(notWord, "\r\n"), newlines, steppedSpaces)), true

	case "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum",
		"modern-bert", "jina-v1-en", "jina-v2-code", "roberta-bpe", "exaone4",
		"mpt", "olmo", "jais", "trillion", "granite-docling":
		return matching(gpt2Word), true

	case "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b", "mellum2":
		return matching(digits(1), gpt2Word), true

	case "falcon":
		return matching(punctRun("$+<=>^~|`"), gpt2Word, threeDigits), true

	case "", "default":
		return matching(punctRun("$+<=>^~|"), gpt2Word, run(number), threeDigits), true

	case "deepseek-llm":
		return passes(isolate(newline), isolate(afterSpaceRunes(deepseekLetters)),
			isolate(afterSpaceRunes(deepseekPunct)), trailingSpace,
			isolate(runeRun(deepseekCJK)), isolate(run(number))), true

	case "deepseek-coder":
		return matching(newline, afterSpace(letter), afterSpace(punct), runeRun(deepseekCJK), digits(1)), true

	case "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4":
		return matching(digits(3), runeRun(hanKana), deepseekWord), true

	case "spark2_5":
		return matching(digits(3), runeRun(hanKana),
			first(asciiWord, prefixed(letter|punct|symbol, letter|mark), spaced(punct|symbol, ""), newline, spaces),
			digits(1)), true

	case "afmoe":
		return passes(digitGroups, isolate(runeRun(asianScripts)), isolate(deepseekWord)), true

	case "youtu":
		p := matching(
			first(runeRun(youtuHangul), runeRun(youtuPunct), runeRun(youtuBopomofo), runeRun(hanKana)),
			casedWords(then(prefixed(letter|number, letter|mark), anyContraction), digits(1)))
		p.ignoreMerges = true
		return p, true

	case "tiny_aya", "cohere2moe":
		return passes(digitGroups,
			isolate(casedWords(then(prefixed(letter|number, letter|mark), anyContraction), digits(3)))), true

	case "tekken":
		p := matching(casedWords(casedWord(letter), digits(1)))
		p.ignoreMerges, p.addBOS = true, true
		return p, true

	case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2":
		return matching(casedWords(then(casedWord(letter), anyContraction), digits(3))), true

	case "granite-embed-multi-97m":
		p := matching(casedWords(then(casedWord(letter|mark), anyContraction), digits(3)))
		p.ignoreMerges = true
		return p, true

	case "kimi-k2":
		return matching(first(runeRun(hanScript), nonHanWord, digits(3), spaced(notWord, "\r\n"), newlines, spaces)), true

	case "poro-chat", "bloom", "gpt3-finnish":
		return matching(unspaced(bloomBreaks)), true

	case "viking":
		return matching(unspaced(bloomBreaks), digits(1)), true

	case "superbpe":
		return passes(isolate(run(number)), thousands), true

	case "chameleon":
		p := matching(sentinel, imageToken, first(asciiSet("\t\n"), literal("    "), literal("  ")),
			digits(1), first(single(punct), asciiSet("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")), gpt2Word)
		p.addBOS = true
		return p, true

	case "gemma4", "granite-embed-multi-311m":
		p := passes(lines)
		p.raw, p.wholeBreaks, p.addBOS = true, true, true
		return p, true

	case "sarvam-moe":
		p := passes(lines)
		p.raw = true
		return p, true
	}
	return pretokenizer{}, false
}
