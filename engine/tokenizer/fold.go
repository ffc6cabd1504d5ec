package tokenizer

import (
	"sync"
	"unicode/utf8"
)

// runeMap gives code points others, in pages of 256; a page that is nil, and a
// zero in a page, leave a code point as it is.
type runeMap [(utf8.MaxRune + 1) >> 8]*[256]rune

func (m *runeMap) set(r, to rune) {
	if m[r>>8] == nil {
		m[r>>8] = new([256]rune)
	}
	m[r>>8][r&0xff] = to
}

func (m *runeMap) of(r rune) rune {
	if page := m[r>>8]; page != nil && page[r&0xff] != 0 {
		return page[r&0xff]
	}
	return r
}

// lowered maps characters to their lower case, one for one.
var lowered = sync.OnceValue(func() *runeMap {
	m := new(runeMap)
	for _, run := range lowerRuns {
		for r := run[0]; r <= run[1]; r += run[2] {
			m.set(r, r+run[3])
		}
	}
	return m
})

// withoutAccents maps characters to the first of their canonical decomposition.
var withoutAccents = sync.OnceValue(func() *runeMap {
	m := new(runeMap)
	for _, run := range baseRuns {
		for r := run[0]; r <= run[1]; r++ {
			m.set(r, run[2])
		}
	}
	// A Hangul syllable begins with one of 19 leading consonants, each of which
	// begins 588 syllables.
	const first, last, leading, each = 0xAC00, 0xD7A3, 0x1100, 588
	for r := rune(first); r <= last; r++ {
		m.set(r, leading+(r-first)/each)
	}
	return m
})
