package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// wordPiece is BERT's tokenization: the text is cleaned and cut into words, and
// each word is cut from the left into the longest tokens, all or nothing. Tokens
// that begin a word are written with ▁ before them.
type wordPiece struct {
	tokens    *trie
	unknown   int32
	lowercase bool
	unaccent  bool
	ascii     [utf8.RuneSelf]struct {
		to   byte
		kind class
	} // what clean says
}

func newWordPiece(v *vocabulary, in *Vocab) (*wordPiece, error) {
	keys := make([]key, len(v.texts))
	for id, text := range v.texts {
		keys[id] = key{text, int32(id)}
	}
	tokens, err := newTrie(keys)
	if err != nil {
		return nil, err
	}
	w := &wordPiece{tokens: tokens, unknown: v.special.UNK, lowercase: in.Lowercase, unaccent: in.StripAccents}
	for c := range w.ascii {
		r, kind := w.clean(rune(c))
		w.ascii[c].to, w.ascii[c].kind = byte(r), kind
	}
	return w, nil
}

// clean returns what a character becomes and what it does: space ends a word,
// punct is a word by itself, letter belongs to a word, 0 is left out.
func (w *wordPiece) clean(r rune) (rune, class) {
	if w.unaccent {
		r = withoutAccents().of(r)
	}
	c := classOf(r)
	switch {
	case c == space:
		return ' ', space
	case r == 0, r == utf8.RuneError, c == control, c == mark && w.unaccent:
		return 0, 0
	}
	to := r
	if w.lowercase {
		to = lowered().of(r)
	}
	if c == punct || c == symbol && r < 0x7F || isIdeograph(r) {
		return to, punct
	}
	return to, letter
}

// isIdeograph reports whether BERT takes a character for a word of its own. The
// gap between U+2B820 and U+2B920 is the reference's.
func isIdeograph(r rune) bool {
	switch {
	case r < 0x3400:
	case r <= 0x4DBF, 0x4E00 <= r && r <= 0x9FFF, 0xF900 <= r && r <= 0xFAFF,
		0x20000 <= r && r <= 0x2A6DF, 0x2A700 <= r && r <= 0x2B81F, 0x2B920 <= r && r <= 0x2CEAF,
		0x2F800 <= r && r <= 0x2FA1F:
		return true
	}
	return false
}

// encode appends the tokens of a text without special tokens.
func (w *wordPiece) encode(s *session, text string) {
	clean := w.words(repair(text))
	for len(clean) > 0 {
		end := strings.IndexByte(clean, ' ')
		s.word(clean[:end])
		clean = clean[end+1:]
	}
}

// words returns the clean words of a text, each with ▁ before and a space after.
func (w *wordPiece) words(text string) string {
	var b strings.Builder
	b.Grow(len(text) + len(text)/2)
	inside := false
	end := func() {
		if inside {
			b.WriteByte(' ')
			inside = false
		}
	}
	begin := func() {
		if !inside {
			b.WriteString(spaceMark)
			inside = true
		}
	}
	for i := 0; i < len(text); {
		var r rune
		var kind class
		if c := text[i]; c < utf8.RuneSelf {
			i++
			r, kind = rune(w.ascii[c].to), w.ascii[c].kind
		} else {
			var n int
			r, n = decodeRune(text, i)
			i += n
			r, kind = w.clean(r)
		}
		switch kind {
		case space:
			end()
		case punct:
			end()
			begin()
			appendRune(&b, r)
			end()
		case letter:
			begin()
			appendRune(&b, r)
		}
	}
	end()
	return b.String()
}

// appendRune writes a character, a surrogate in three bytes too: it must not
// become another.
func appendRune(b *strings.Builder, r rune) {
	if 0xD800 <= r && r < 0xE000 {
		b.Write([]byte{0xE0 | byte(r>>12), 0x80 | byte(r>>6)&0x3F, 0x80 | byte(r)&0x3F})
		return
	}
	b.WriteRune(r)
}

// encodeWord appends the tokens of a word with its mark.
func (w *wordPiece) encodeWord(s *session, word string) {
	before := len(s.ids)
	for len(word) > 0 {
		token, size := w.tokens.longest(word)
		if token == None {
			s.ids = s.ids[:before]
			if w.unknown != None {
				s.ids = append(s.ids, w.unknown)
			}
			return
		}
		s.ids = append(s.ids, token)
		word = word[size:]
	}
}
