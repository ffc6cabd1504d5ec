package convert

import (
	"fmt"
	"strings"
)

// Regular expressions of well-known tokenizers, as their tokenizer.json has them.
const (
	contractions = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	restOfLine   = `| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	llama3Regex  = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}` + restOfLine
	qwen2Regex   = contractions + `|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}` + restOfLine
	qwen35Regex  = contractions + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

	upper       = `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
	lower       = `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
	casedEnd    = `| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	tekkenRegex = `[^\r\n\p{L}\p{N}]?` + upper + `*` + lower + `+|[^\r\n\p{L}\p{N}]?` + upper + `+` + lower + `*|\p{N}` + casedEnd
	gpt4oRegex  = `[^\r\n\p{L}\p{N}]?` + upper + `*` + lower + `+` + contractions + `?|[^\r\n\p{L}\p{N}]?` + upper + `+` + lower + `*` + contractions + `?|\p{N}{1,3}` + casedEnd
)

// splitters are the ways of splitting text that have a name in GGUF, by the
// description that [tokenizerJSON.splitting] gives of them.
var splitters = map[string]string{
	"bytes of words":                "gpt-2",
	"digits, bytes of words":        "smollm",
	quoted(qwen2Regex):              "qwen2",
	quoted(qwen35Regex):             "qwen35",
	quoted(tekkenRegex):             "tekken",
	quoted(gpt4oRegex):              "gpt-4o",
	quoted(llama3Regex):             "smaug-bpe",
	quoted(llama3Regex) + ", whole": "llama-bpe", // a word that is a token is not made of its parts
	quoted("[\r\n]", `\s?\p{L}+`, `\s?\p{P}+`, "[一-龥ࠀ-一가-퟿]+", "digits"): "deepseek-coder",
}

// quoted describes a sequence of splits with bytes behind it.
func quoted(regexes ...string) string {
	var parts []string
	for _, r := range regexes {
		if r != "digits" {
			r = fmt.Sprintf("%q", r)
		}
		parts = append(parts, r)
	}
	return strings.Join(append(parts, "bytes"), ", ")
}

// pretokenizer recognises how a byte-level tokenizer splits text before it looks
// for tokens.
func (t *tokenizerJSON) pretokenizer() (string, error) {
	how := t.splitting()
	if t.PostProcessor.find("RobertaProcessing") != nil && how == "bytes of words" {
		return "roberta-bpe", nil
	}
	if t.Model.IgnoreMerges {
		if name, ok := splitters[how+", whole"]; ok {
			return name, nil
		}
	}
	if name, ok := splitters[how]; ok {
		return name, nil
	}
	return "", fmt.Errorf("it splits text in a way that is not known (%s); if you know its name in GGUF (tokenizer.ggml.pre), give it with --pre", how)
}

// splitting describes the pre-tokenizer, its parts in order.
func (t *tokenizerJSON) splitting() string {
	var parts []string
	for _, p := range t.PreTokenizer.flat() {
		switch {
		case p.Type == "Split" && p.Pattern.Regex != nil && p.Behavior == "Isolated" && !p.Invert,
			p.Type == "Split" && p.Pattern.Regex != nil && p.Behavior == "Removed" && p.Invert:
			parts = append(parts, fmt.Sprintf("%q", *p.Pattern.Regex))
		case p.Type == "Digits" && p.IndividualDigits:
			parts = append(parts, "digits")
		case p.Type == "ByteLevel" && p.UseRegex != nil && !*p.UseRegex:
			parts = append(parts, "bytes")
		case p.Type == "ByteLevel":
			parts = append(parts, "bytes of words")
		case p.Pattern.Regex != nil:
			parts = append(parts, fmt.Sprintf("%s %s %q", p.Type, p.Behavior, *p.Pattern.Regex))
		default:
			parts = append(parts, strings.TrimSpace(p.Type+" "+p.Behavior))
		}
	}
	return strings.Join(parts, ", ")
}
