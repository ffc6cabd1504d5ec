package chat

import (
	"context"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Found is a message in which words were looked for.
type Found struct {
	Chat      Summary `json:"chat"`
	MessageID string  `json:"messageId"` // "": the words stand in the title
	Role      Role    `json:"role"`
	CreatedAt int64   `json:"createdAt"` // ms since 1970
	Text      string  `json:"-"`         // the whole message
	Snippet   []Piece `json:"snippet"`   // what stands around the words
}

// Piece is a part of a snippet.
type Piece struct {
	Text string `json:"text"`
	Hit  bool   `json:"hit"` // it is one of the words
}

// Find looks for words in all messages and titles, the best first.
func (s *Service) Find(ctx context.Context, query string) ([]Found, error) {
	all, err := s.store.FindMessages(ctx, query, mostFound)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].Chat = s.mark(all[i].Chat)
		all[i].Snippet = snippet(all[i].Text, Words(query))
	}
	return all, nil
}

// Words are what a query looks for: its words without marks, the last of which
// may be the beginning of one.
func Words(query string) []string {
	return strings.FieldsFunc(query, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
}

// snippet cuts the part of text in which the first hits stand close together,
// without line breaks.
func snippet(text string, words []string) []Piece {
	runes := []rune(plain(text))
	hits := hitsOf(runes, words)
	from, to := 0, min(len(runes), snippetRunes)
	if at := densest(hits); at > snippetBefore {
		from = at - snippetBefore
		for from < at && !unicode.IsSpace(runes[from-1]) { // whole words
			from++
		}
		to = min(len(runes), from+snippetRunes)
	}
	out := []Piece{}
	add := func(a, b int, hit bool) {
		if a < b {
			out = append(out, Piece{string(runes[a:b]), hit})
		}
	}
	at := from
	for _, h := range hits {
		if h[0] < at || h[1] > to {
			continue
		}
		add(at, h[0], false)
		add(h[0], h[1], true)
		at = h[1]
	}
	add(at, to, false)
	if from > 0 {
		out = append([]Piece{{"… ", false}}, out...)
	}
	if to < len(runes) {
		out = append(out, Piece{" …", false})
	}
	return out
}

// plain is a text on one line, without the marks of Markdown.
func plain(text string) string {
	fields := strings.Fields(strings.ToValidUTF8(text, ""))
	out := fields[:0]
	for _, f := range fields {
		f = strings.Trim(f, "*_#`~|>")
		if strings.Trim(f, "-:|") != "" {
			out = append(out, f)
		}
	}
	return strings.Join(out, " ")
}

// hitsOf finds the words in text, however they are written and accented:
// [first, behind the last] rune of each, in order.
func hitsOf(text []rune, words []string) [][2]int {
	folded := make([]rune, len(text)) // one for each rune, so that places stay
	for i, r := range text {
		folded[i] = fold(r)
	}
	var hits [][2]int
	for at := 0; at < len(folded); {
		n := 0
		if at == 0 || !wordly(folded[at-1]) || !spaced(folded[at]) {
			for _, w := range words {
				n = max(n, prefix(folded[at:], []rune(w)))
			}
		}
		if n > 0 {
			hits = append(hits, [2]int{at, at + n})
		}
		at += max(1, n)
	}
	return hits
}

// prefix is how many runes of text the word takes at its beginning; 0 if it
// does not stand there.
func prefix(text, word []rune) int {
	if len(word) == 0 || len(word) > len(text) {
		return 0
	}
	for i, r := range word {
		if text[i] != fold(r) {
			return 0
		}
	}
	return len(word)
}

// fold takes case and accent from a rune.
func fold(r rune) rune {
	if r < 0x80 {
		return unicode.ToLower(r)
	}
	if spaced(r) {
		for _, base := range norm.NFD.String(string(r)) {
			return unicode.ToLower(base)
		}
	}
	return r
}

func wordly(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// spaced tells whether the script of r parts words by spaces.
func spaced(r rune) bool {
	return !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// densest is the place from which the most hits follow within a snippet.
func densest(hits [][2]int) int {
	best, most := 0, 0
	for i, j := 0, 0; i < len(hits); i++ {
		for j < len(hits) && hits[j][1] <= hits[i][0]+snippetRunes-snippetBefore {
			j++
		}
		if j-i > most {
			best, most = hits[i][0], j-i
		}
	}
	return best
}
