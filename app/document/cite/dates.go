package cite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// months by the first three letters of their names, English and German.
var months = map[string]int{"jan": 1, "feb": 2, "mar": 3, "mär": 3, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "okt": 10, "nov": 11, "dec": 12, "dez": 12}

func monthOf(word string) int {
	r := []rune(strings.ToLower(word))
	if len(r) < 3 || len(r) > 9 {
		return 0
	}
	return months[string(r[:3])]
}

// dateAt reads a date that ends with a word: 31 March 2019, March 31, 2019.
func dateAt(tokens []token, i int) string {
	if i < 2 || len(tokens[i].word) != 4 {
		return ""
	}
	year, err := strconv.Atoi(tokens[i].word)
	if err != nil {
		return ""
	}
	day, month := tokens[i-2].word, monthOf(tokens[i-1].word)
	if month == 0 {
		day, month = tokens[i-1].word, monthOf(tokens[i-2].word)
	}
	d, err := strconv.Atoi(strings.TrimRight(strings.ToLower(day), "sthndr."))
	if err != nil || month == 0 || d < 1 || d > 31 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, d)
}

// misdated tells whether a claim gives a day that passages, which name days too,
// do not: its parts may all stand in them, of other days.
func misdated(claim content, passages []passage, cites []int) bool {
	if len(claim.dates) == 0 {
		return false
	}
	known := map[string]bool{}
	for _, p := range passages {
		if slices.Contains(cites, p.N) {
			for d := range p.all.dates {
				known[d] = true
			}
		}
	}
	for d := range claim.dates {
		if len(known) > 0 && !known[d] {
			return true
		}
	}
	return false
}
