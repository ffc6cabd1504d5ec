package cite

import (
	"strings"
	"unicode"

	"freehold/app/document"
)

var scripts = []*unicode.RangeTable{unicode.Latin, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Hebrew, unicode.Devanagari, unicode.Thai}

// Comparable tells whether passages are written as the question is, so that
// words of the question that they lack mean something: in the same script, and
// with the same small words (who, the, of). A question in German finds none of
// its words in an English contract that answers it.
func Comparable(question string, passages []document.Passage) bool {
	asked := letters(question)
	own, most := -1, 0
	for i, n := range asked {
		if n > most {
			own, most = i, n
		}
	}
	if own < 0 {
		return true
	}
	small := map[string]bool{}
	for _, t := range split(question) {
		if low := strings.ToLower(t.word); stop[low] {
			small[low] = false
		}
	}
	inScript, all := 0, 0
	for _, p := range passages {
		for i, n := range letters(p.Text) {
			all += n
			if i == own {
				inScript += n
			}
		}
		for _, t := range split(p.Text) {
			low := strings.ToLower(t.word)
			if _, ok := small[low]; ok {
				small[low] = true
			}
		}
	}
	if all == 0 || inScript*20 < all {
		return false
	}
	found := 0
	for _, there := range small {
		if there {
			found++
		}
	}
	return len(small) < 2 || 2*found >= len(small)
}

// letters counts the letters of each script.
func letters(text string) []int {
	counts := make([]int, len(scripts))
	for _, r := range text {
		if !unicode.IsLetter(r) {
			continue
		}
		for i, table := range scripts {
			if unicode.Is(table, r) {
				counts[i]++
				break
			}
		}
	}
	return counts
}
