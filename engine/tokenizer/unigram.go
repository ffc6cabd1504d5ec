package tokenizer

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// unigram is SentencePiece's unigram model: of all ways to cut a text into
// tokens it takes the one whose scores add up to the most. A character that no
// token covers alone may also be cut out as unknown, at a penalty.
type unigram struct {
	tokens       *trie
	scores       []float64 // by token
	unknown      int32
	unknownScore float64
	normalize    *charsmap // nil: nothing is replaced
	user         *trie     // user-defined tokens, whose beginnings are not normalised
	plain        [256]bool // ASCII that no key and no user-defined token begins with
	plainBefore  [256]bool // ASCII of which that is true if more ASCII follows
	prefix       bool      // a space before the text
	squeeze      bool      // one space between words, and before the first
	wordwise     bool      // no token has ▁ after another character, so words are cut apart
}

// unknownPenalty is how much worse an unknown character is than the worst token.
const unknownPenalty = 10

func newUnigram(v *vocabulary, in *Vocab) (*unigram, error) {
	u := &unigram{
		scores:   make([]float64, len(v.texts)),
		unknown:  v.special.UNK,
		prefix:   in.AddSpacePrefix,
		squeeze:  in.RemoveExtraSpaces,
		wordwise: true,
	}
	var keys, user []key
	worst := float32(math.MaxFloat32)
	for id, text := range v.texts {
		typ := int32(TypeNormal)
		if len(in.Types) > 0 {
			typ = in.Types[id]
		}
		score := float32(0)
		if len(in.Scores) > 0 {
			score = in.Scores[id]
		}
		if v.attrs[id]&attrUserDefined == 0 {
			u.scores[id] = float64(score)
		}
		switch typ {
		case TypeNormal:
			if score < worst {
				worst = score
			}
		case TypeUserDefined:
			user = append(user, key{text, int32(id)})
		case TypeUnused:
		default:
			continue
		}
		keys = append(keys, key{text, int32(id)})
		if strings.Contains(strings.TrimLeft(text, spaceMark), spaceMark) {
			u.wordwise = false
		}
	}
	u.unknownScore = float64(worst - unknownPenalty)
	var err error
	if u.tokens, err = newTrie(keys); err != nil {
		return nil, err
	}
	if u.user, err = newTrie(user); err != nil {
		return nil, err
	}
	if u.normalize, err = newCharsmap(in.Charsmap); err != nil {
		return nil, err
	}
	for c := range utf8.RuneSelf {
		u.plain[c] = u.user.child(0, byte(c)) == 0 && (u.normalize == nil || !u.normalize.begins[c])
		u.plainBefore[c] = u.plain[c] || u.user.child(0, byte(c)) == 0 && !u.normalize.beginsASCII[c]
	}
	return u, nil
}

// encode appends the tokens of a text without special tokens.
func (u *unigram) encode(s *session, text string) {
	if text = u.normalized(text); text == "" {
		return
	}
	if !u.wordwise || !utf8.ValidString(text) {
		s.word(text)
		return
	}
	for len(text) > 0 {
		end := wordLength(text)
		before := len(s.ids)
		s.word(text[:end])
		// Unknown characters side by side are one unknown token, across words too.
		if before > 0 && u.unknown != None && s.ids[before-1] == u.unknown && s.ids[before] == u.unknown && !s.afterSpecial {
			s.ids = append(s.ids[:before], s.ids[before+1:]...)
		}
		s.afterSpecial = false
		text = text[end:]
	}
}

// wordLength is the length of the first word of a text in which ▁ begins words:
// the marks, and what follows up to the next.
func wordLength(text string) int {
	end := 0
	for strings.HasPrefix(text[end:], spaceMark) {
		end += len(spaceMark)
	}
	if next := strings.Index(text[end:], spaceMark); next >= 0 {
		return end + next
	}
	return len(text)
}

// normalized returns the text that is cut into tokens.
func (u *unigram) normalized(text string) string {
	var b strings.Builder
	b.Grow(len(text) + len(text)/2)
	inside := false // a word
	prefixed := !u.prefix
	write := func(part string) {
		for len(part) > 0 {
			if part[0] == ' ' {
				inside = false
				if !u.squeeze {
					b.WriteString(spaceMark)
				}
				part = part[1:]
				continue
			}
			if !inside {
				inside = true
				if !prefixed || u.squeeze {
					b.WriteString(spaceMark)
					prefixed = true
				}
			}
			end := strings.IndexByte(part, ' ')
			if end < 0 {
				end = len(part)
			}
			b.WriteString(part[:end])
			part = part[end:]
		}
	}
	same := 0 // where what stays as it is begins
	for i := 0; i < len(text); {
		if c := text[i]; u.plain[c] || u.plainBefore[c] && i+1 < len(text) && text[i+1] < utf8.RuneSelf {
			i++
			continue
		}
		to, n, changed := u.prefixOf(text[i:])
		if changed {
			write(text[same:i])
			write(to)
			same = i + n
		}
		i += n
	}
	write(text[same:])
	return b.String()
}

// prefixOf returns the length of what the beginning of a text is normalised by,
// and what it becomes, if that is something else.
func (u *unigram) prefixOf(text string) (to string, n int, changed bool) {
	// As in the reference the beginning of a user-defined token is enough.
	for node := u.user.child(0, text[0]); node != 0; node = u.user.child(node, text[n]) {
		if n++; n == len(text) {
			break
		}
	}
	if n > 0 {
		return "", n, false
	}
	if u.normalize != nil && u.normalize.begins[text[0]] {
		if to, n := u.normalize.find(text); n > 0 {
			return to, n, true
		}
	}
	if n := sequence(text); n > 0 {
		return "", n, false
	}
	return "\uFFFD", 1, true
}

// cut is the best way to cut a text up to some place: the last token, where it
// begins, and the sum of all scores.
type cut struct {
	score float64
	token int32
	start int32
}

// encodeWord appends the tokens of a stretch of text.
func (u *unigram) encodeWord(s *session, word string) {
	best := slices.Grow(s.cuts[:0], len(word)+1)[:len(word)+1]
	for i := range best {
		best[i] = cut{-math.MaxFloat64, u.unknown, 0}
	}
	best[0].score = 0
	if s.cuts = best; cap(best) > 1<<18 {
		s.cuts = nil // one huge word should not be paid for ever after
	}
	for i := 0; i < len(word); {
		size := min(charLen(word[i]), len(word)-i)
		known := false // the character alone
		node := int32(0)
		from := best[i].score
		for j := i; j < len(word); j++ {
			if node = u.tokens.child(node, word[j]); node == 0 {
				break
			}
			token := u.tokens.nodes[node].token
			if token == None {
				continue
			}
			if j+1-i == size {
				known = true
			}
			if score := from + u.scores[token]; score > best[j+1].score {
				best[j+1] = cut{score, token, int32(i)}
			}
		}
		if score := from + u.unknownScore; !known && score > best[i+size].score {
			best[i+size] = cut{score, u.unknown, int32(i)}
		}
		i += size
	}

	before := len(s.ids)
	for at := int32(len(word)); ; {
		c := best[at]
		last := len(s.ids) - 1
		if c.token != None && (c.token != u.unknown || last < before || s.ids[last] != u.unknown) {
			s.ids = append(s.ids, c.token)
		}
		if at = c.start; at == 0 {
			break
		}
	}
	slices.Reverse(s.ids[before:])
}
