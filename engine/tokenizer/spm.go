package tokenizer

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// spm is SentencePiece's byte-pair encoding: two neighbours merge if their text
// together is a token, the one with the highest score first.
type spm struct {
	ids      map[string]int32
	rank     []int32 // by token: the place of its score, 0 for the highest
	longest  int     // bytes of the longest token
	bytes    [256][]int32
	prefix   bool // a space before the text
	wordwise bool // no token has ▁ after another character, so words merge apart
}

const spaceMark = "▁"

func newSPM(v *vocabulary, scores []float32, addPrefix bool) *spm {
	m := &spm{ids: v.ids, longest: v.longest, prefix: addPrefix, wordwise: true, rank: make([]int32, len(v.texts))}
	score := func(id int32) float32 {
		if len(scores) == 0 {
			return 0
		}
		if s := scores[id]; s == s {
			return s
		}
		return float32(math.Inf(-1))
	}
	order := make([]int32, len(v.texts))
	for id, text := range v.texts {
		order[id] = int32(id)
		if strings.Contains(strings.TrimLeft(text, spaceMark), spaceMark) {
			m.wordwise = false
		}
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(score(b), score(a)) })
	rank := int32(0)
	for i, id := range order {
		if i > 0 && score(id) != score(order[i-1]) {
			rank++
		}
		m.rank[id] = rank
	}
	for c := range 256 {
		m.bytes[c] = v.lookup(byteToken(byte(c)))
		if m.bytes[c] == nil {
			m.bytes[c] = v.lookup(string([]byte{byte(c)}))
		}
		if m.bytes[c] == nil && v.special.UNK >= 0 {
			m.bytes[c] = []int32{v.special.UNK}
		}
	}
	return m
}

// encode appends the tokens of a text without special tokens.
func (m *spm) encode(s *session, text string) {
	if m.prefix && s.afterSpecial {
		text = " " + text
	}
	text = strings.ReplaceAll(text, " ", spaceMark)
	if !m.wordwise || !utf8.ValidString(text) {
		s.word(text)
		return
	}
	// Cut before each ▁ that follows another character.
	for len(text) > 0 {
		end := 0
		for strings.HasPrefix(text[end:], spaceMark) {
			end += len(spaceMark)
		}
		if next := strings.Index(text[end:], spaceMark); next >= 0 {
			end += next
		} else {
			end = len(text)
		}
		s.word(text[:end])
		text = text[end:]
	}
}

// encodeWord appends the tokens of a stretch of text that merges apart from the
// rest.
func (m *spm) encodeWord(s *session, word string) {
	g := &s.merger
	g.parts = g.parts[:0]
	for i := 0; i < len(word); {
		end := min(i+charLen(word[i]), len(word))
		g.parts = append(g.parts, part{start: int32(i), end: int32(end), symbol: -1})
		i = end
	}
	for _, p := range g.merge(word, m) {
		text := word[p.start:p.end]
		id, ok := p.symbol, p.symbol >= 0
		if !ok {
			id, ok = m.ids[text]
		}
		if ok {
			s.ids = append(s.ids, id)
			continue
		}
		for _, c := range []byte(text) {
			s.ids = append(s.ids, m.bytes[c]...)
		}
	}
}

func (m *spm) join(word string, left, right *part) (rank, symbol int32, ok bool) {
	if int(right.end-left.start) > m.longest {
		return 0, 0, false
	}
	id, ok := m.ids[word[left.start:right.end]]
	if !ok {
		return 0, 0, false
	}
	return m.rank[id], id, true
}
