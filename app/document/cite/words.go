package cite

import (
	"strings"
	"unicode"
)

// content of a text: stems of its words that mean something, and its numbers.
type content struct {
	words   map[string]bool
	numbers map[string]bool
	names   map[string]bool // words with a capital letter within a sentence
	negated bool
}

func contentOf(text string) content {
	c := content{map[string]bool{}, map[string]bool{}, map[string]bool{}, false}
	first := true
	for _, w := range split(text) {
		low := strings.ReplaceAll(strings.ToLower(w), "’", "'")
		switch {
		case strings.ContainsFunc(w, unicode.IsDigit):
			if n := number(w); n != "" {
				c.numbers[n] = true
			} else {
				c.words[low] = true
			}
		case negations[low]:
			c.negated = true
		case stop[low]:
		default:
			if r := []rune(w); len(r) == 1 && r[0] < 0x2e80 { // a single letter says little
				break
			}
			for _, s := range stems(low) {
				c.words[s] = true
				if !first && unicode.IsUpper([]rune(w)[0]) {
					c.names[s] = true
				}
			}
		}
		first = false
	}
	return c
}

// split cuts a text into words and numbers, decimal points within them.
func split(text string) []string {
	var words []string
	r := []rune(text)
	for i := 0; i < len(r); {
		if !wordRune(r[i]) {
			i++
			continue
		}
		from := i
		for i < len(r) && (wordRune(r[i]) || i+1 < len(r) && i > from && wordRune(r[i+1]) && inner(r[i], r[i-1], r[i+1])) {
			i++
		}
		words = append(words, string(r[from:i]))
	}
	return words
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// inner tells runes that stand within a word: points of numbers, apostrophes.
func inner(r, before, after rune) bool {
	if unicode.IsDigit(before) && unicode.IsDigit(after) {
		return r == '.' || r == ',' || r == '\'' || r == ':' || r == '\u202f' || r == '\u00a0'
	}
	return (r == '\'' || r == '’') && unicode.IsLetter(before) && unicode.IsLetter(after)
}

// number is a number in one form, whatever marks part its thousands; "" for a
// word that only holds digits.
func number(w string) string {
	digits := 0
	for _, r := range w {
		if unicode.IsLetter(r) {
			suffix := strings.ToLower(strings.TrimLeft(w, "0123456789.,"))
			switch suffix { // 3rd, 20th, 5kg, 10MB
			case "st", "nd", "rd", "th", "kg", "g", "km", "m", "cm", "mm", "mb", "gb", "kb", "tb", "ms", "s", "h", "k":
				return number(w[:len(w)-len(suffix)])
			}
			return ""
		}
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits == 0 {
		return ""
	}
	parts := strings.FieldsFunc(w, func(r rune) bool { return !unicode.IsDigit(r) })
	last := parts[len(parts)-1]
	if len(parts) == 1 {
		return trimZeros(last)
	}
	// The last mark parts decimals unless three digits follow and all marks are alike.
	marks := strings.FieldsFunc(w, unicode.IsDigit)
	alike := true
	for _, m := range marks {
		alike = alike && m == marks[0]
	}
	if len(last) == 3 && alike && (len(parts) > 2 || marks[0] != "." || len(parts[0]) <= 3 && parts[0] != "0") {
		return trimZeros(strings.Join(parts, ""))
	}
	whole := trimZeros(strings.Join(parts[:len(parts)-1], ""))
	if decimals := strings.TrimRight(last, "0"); decimals != "" {
		return whole + "." + decimals
	}
	return whole
}

func trimZeros(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t
	}
	return "0"
}

// stems of a word: its root, roughly, or pairs of characters in scripts that do
// not part words.
func stems(low string) []string {
	r := []rune(low)
	if unspaced(r[0]) {
		if len(r) == 1 {
			return []string{low}
		}
		var pairs []string
		for i := range len(r) - 1 {
			pairs = append(pairs, string(r[i:i+2]))
		}
		return pairs
	}
	return []string{stem(low)}
}

func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

var folding = strings.NewReplacer("ä", "a", "ö", "o", "ü", "u", "ß", "ss", "é", "e", "è", "e", "ê", "e", "á", "a", "à", "a", "ó", "o", "í", "i", "ú", "u", "ñ", "n", "ç", "c", "’", "'")

// endings are taken off, the longest first, as long as enough remains.
var endings = []string{"ations", "ation", "ingly", "ities", "ments", "ings", "edly", "ment", "ness", "tion", "sion", "able", "ible", "ally", "ungen", "heit", "keit", "lich", "isch", "ies", "ing", "ion", "ous", "ity", "ive", "ers", "est", "ung", "ern", "ed", "er", "en", "es", "ly", "em", "al", "or", "s", "e", "n", "y"}

func stem(w string) string {
	w = folding.Replace(w)
	w = strings.TrimSuffix(w, "'s")
	for range 2 {
		for _, e := range endings {
			if len(w)-len(e) >= 4 && strings.HasSuffix(w, e) {
				w = w[:len(w)-len(e)]
				break
			}
		}
	}
	if n := len(w); n > 4 && w[n-1] == w[n-2] { // planned, plan
		w = w[:n-1]
	}
	return w
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

var negations = set("not no never none nor without cannot can't don't doesn't didn't isn't aren't wasn't weren't won't nicht kein keine keinen keiner niemals nie ohne weder")

var stop = set(`a about above after again all also although am an and any are as at be because been before being below between both but by can could did do
	does doing down during each either for from further had has have having he her here hers herself him himself his how however i if in into is it its itself
	just let like many may me might more most much must my myself of off on once one only or other our ours out over own per please same shall she should since
	so some such than that the their theirs them then there these they this those through thus to too under until up upon us very was we were what when where
	whether which while who whom whose why will with within would yes yet you your yours according based document documents passage passages file files text
	states stated says said mentions mentioned provided given following
	aber alle allem allen aller alles als also am an andere auch auf aus bei beim bin bis bist da dabei damit dann das dass dein dem den denn der des dessen die
	dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines einige er es etwas euer für gegen haben hat hatte hatten hier ich
	ihm ihn ihnen ihr ihre im in ins ist ja jede jedem jeden jeder jedes jene kann können könnte man manche mein mehr mit muss nach noch nun nur ob oder sehr
	sein seine sich sie sind so solche soll sollte sondern sonst über um und uns unser unter viel vom von vor während war waren warum was weil welche welchem
	welchen welcher welches wenn wer werde werden wie wieder will wir wird wo wurde wurden zu zum zur zwar zwischen laut`)
