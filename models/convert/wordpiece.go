package convert

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// startOfWord marks tokens that begin a word, as GGUF has WordPiece
// vocabularies; those that continue one are bare there.
const startOfWord = "▁"

// wordPieces reads a WordPiece vocabulary.
func (t *tokenizerJSON) wordPieces(v *vocabulary) error {
	v.model, v.pre = "bert", "default"
	prefix := t.Model.Prefix
	if prefix == "" {
		prefix = "##"
	}
	if err := t.putVocab(v, func(s string) string { return phantom(s, prefix) }); err != nil {
		return err
	}
	yes, no := true, false
	v.lowercase = &no
	if n := t.Normalizer.find("BertNormalizer"); n != nil {
		v.lowercase, v.stripAccents = n.Lowercase, n.StripAccents
	}
	if t.Normalizer.find("Lowercase") != nil {
		v.lowercase = &yes
	}
	if t.Normalizer.find("StripAccents") != nil {
		v.stripAccents = &yes
	}
	return nil
}

func phantom(s, prefix string) string {
	if rest, ok := strings.CutPrefix(s, prefix); ok {
		return rest
	}
	return startOfWord + s
}

// wordList reads vocab.txt, a token a line.
func wordList(data []byte, settings tokenizerConfig) (vocabulary, error) {
	v := vocabulary{model: "bert", pre: "default"}
	special := map[string]bool{}
	for _, kind := range []string{"unk", "sep", "pad", "cls", "mask"} {
		token := settings.token(kind)
		if token == "" {
			token = "[" + strings.ToUpper(kind) + "]"
		}
		special[token] = true
	}
	if !utf8.Valid(data) {
		return v, fmt.Errorf("vocab.txt is not valid UTF-8")
	}
	for i, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		s := strings.TrimSuffix(string(line), "\r")
		text, kind := phantom(s, "##"), int32(tokenNormal)
		if special[s] {
			text, kind = s, tokenControl
		}
		if err := v.put(i, text, kind); err != nil {
			return v, err
		}
		v.ids[s] = i
	}
	lower := true // what the tokenizer does unless told not to
	if f := settings.flag("do_lower_case"); f != nil {
		lower = *f
	}
	v.lowercase, v.stripAccents = &lower, settings.flag("strip_accents")
	return v, nil
}
