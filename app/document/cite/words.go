package cite

import (
	"strings"
	"unicode"
)

// content of a text: stems of its words that mean something, and its numbers.
type content struct {
	words   map[string]bool
	numbers map[string]bool            // with digits, or of a text in words too; and what only has digits in it, such as 0xFD
	counts  map[string]bool            // numbers in words, of things that a text may count without saying so
	names   map[string]bool            // words with a capital letter within a sentence
	said    map[string]bool            // words that are not denied, and
	denied  map[string]int             // those that are: 1 right behind the denial, 2 the word after
	counted map[string]map[string]bool // by the word that follows a number: the numbers; 8 members
	full    [][2]string                // names of two words that follow each other
	dates   map[string]bool            // days with month and year, written in words
	german  bool                       // where capital letters tell nothing
	reply   int                        // 1 says yes to the question before, -1 no
}

func newContent() content {
	return content{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]int{}, map[string]map[string]bool{}, nil, map[string]bool{}, false, 0}
}

// countReach is how many words a number may count: 8 CPU cycles.
const countReach = 2

// denials reach the words that follow, as far as the clause goes.
const denialReach = 2

func contentOf(text string) content {
	c := newContent()
	first, deny, german := true, 0, 0
	amount, away := "", 0 // the number before, and how many words ago
	last := ""            // the word before, if it is a name
	tokens := split(text)
	for i, t := range tokens {
		w := t.word
		low := strings.ReplaceAll(strings.ToLower(w), "’", "'")
		if t.clause {
			deny, amount, last = 0, "", ""
		}
		if germanWords[low] {
			german++
		}
		if d := dateAt(tokens, i); d != "" {
			c.dates[d] = true
		}
		if n := numberWords[low]; n != "" {
			c.numbers[n] = true
			c.counts[n] = !unitAfter(tokens, i)
			amount, away = n, 0
		} else if low == "one" && unitAfter(tokens, i) {
			c.numbers["1"] = true
			amount, away = "1", 0
		}
		switch {
		case strings.ContainsFunc(w, unicode.IsDigit):
			last = ""
			if n := number(w); n != "" {
				c.numbers[n] = true
				amount, away = n, 0
			} else {
				c.words[low], c.numbers[low] = true, true
			}
		case negations[low]:
			deny = denialReach
		case stop[low] || numberWords[low] != "":
			last = ""
		default:
			if r := []rune(w); len(r) == 1 && r[0] < 0x2e80 { // a single letter says little
				break
			}
			if strings.Contains(low, "_") { // what programs call things
				c.numbers[low] = true
			}
			capital := unicode.IsUpper([]rune(w)[0])
			if first && capital && i+1 < len(tokens) && !tokens[i+1].clause && unicode.IsUpper([]rune(tokens[i+1].word)[0]) && !stop[strings.ToLower(tokens[i+1].word)] {
				first = false // a name of two words begins the sentence
			}
			name := ""
			for _, s := range stems(low) {
				c.words[s] = true
				if !first && capital {
					c.names[s], name = true, s
				}
				if amount != "" {
					if c.counted[s] == nil {
						c.counted[s] = map[string]bool{}
					}
					c.counted[s][amount] = true
				}
				if deny == 0 {
					c.said[s] = true
				} else if at := denialReach + 1 - deny; c.denied[s] == 0 || at < c.denied[s] {
					c.denied[s] = at
				}
			}
			if last != "" && name != "" {
				c.full = append(c.full, [2]string{last, name})
			}
			last = name
			deny = max(0, deny-1)
			if away++; away == countReach {
				amount = ""
			}
		}
		first = false
	}
	c.german = german > 1
	return c
}

// unitAfter tells whether a unit that one counts follows a word.
func unitAfter(tokens []token, i int) bool {
	return i+1 < len(tokens) && countable[stem(strings.ToLower(tokens[i+1].word))]
}

// addPlain lets what a text says be found without the mark of a footnote that
// stands close to it: Kadatch1, 1Google.
func (c *content) addPlain() {
	const mark = 2 // digits
	for n := range c.numbers {
		plain := strings.TrimFunc(n, unicode.IsDigit)
		if len(plain) < 4 || len(n)-len(plain) > mark || strings.ContainsFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) }) {
			continue
		}
		for _, s := range stems(plain) {
			c.words[s], c.said[s] = true, true
		}
	}
}

// opposes tells whether one of two texts denies what the other says.
func opposes(a, b content) bool {
	if r := a.reply + b.reply; r != 0 {
		return (len(a.denied) > 0 && a.reply == 0 || len(b.denied) > 0 && b.reply == 0) == (r > 0)
	}
	for range 2 {
		for w, at := range a.denied {
			if at == 1 && !a.said[w] && b.said[w] && b.denied[w] == 0 {
				return true
			}
		}
		a, b = b, a
	}
	return false
}

// token is a word or number of a text.
type token struct {
	word   string
	clause bool // another one begins with it
}

// split cuts a text into words and numbers, decimal points and signs among them.
func split(text string) []token {
	var tokens []token
	clause := false
	r := []rune(text)
	for i := 0; i < len(r); {
		signed := (r[i] == '-' || r[i] == '−') && i+1 < len(r) && unicode.IsDigit(r[i+1]) && (i == 0 || unicode.IsSpace(r[i-1]) || r[i-1] == '(')
		if !wordRune(r[i]) && !signed {
			clause = clause || strings.ContainsRune(".,;:!?()—。，；", r[i])
			i++
			continue
		}
		from := i
		if i++; signed {
			r[from] = '-'
		}
		for i < len(r) && (wordRune(r[i]) || i+1 < len(r) && wordRune(r[i+1]) && inner(r[i], r[i-1], r[i+1])) {
			i++
		}
		tokens = append(tokens, token{string(r[from:i]), clause})
		clause = false
	}
	return tokens
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// inner tells runes that stand within a word: points of numbers, apostrophes.
func inner(r, before, after rune) bool {
	if unicode.IsDigit(before) && unicode.IsDigit(after) {
		return r == '.' || r == ',' || r == '\'' || r == ':' || r == '\u202f' || r == '\u00a0'
	}
	return r == '_' || (r == '\'' || r == '’') && unicode.IsLetter(before) && unicode.IsLetter(after)
}

// number is a number in one form, whatever marks part its thousands; "" for a
// word that only holds digits.
func number(w string) string {
	if rest, signed := strings.CutPrefix(w, "-"); signed {
		if n := number(rest); n != "" && n != "0" {
			return "-" + n
		}
		return number(rest)
	}
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
	if n := len(w) - 1; n >= 3 && (w[n] == 'd' || w[n] == 's') && w[n-1] == 'e' { // used, uses
		w = w[:n]
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

var negations = set("not no never none nor neither without cannot can't don't doesn't didn't isn't aren't wasn't weren't won't couldn't shouldn't wouldn't hasn't haven't hadn't mustn't needn't nicht kein keine keinen keiner keinem keines niemals nie ohne weder")

// numberWords are numbers as they are written out.
var numberWords = map[string]string{"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
	"third": "3", "fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7", "eighth": "8", "ninth": "9", "tenth": "10",
	"fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
	"zwei": "2", "drei": "3", "vier": "4", "fünf": "5", "sechs": "6", "sieben": "7", "acht": "8", "neun": "9", "zehn": "10", "elf": "11", "zwölf": "12", "zwanzig": "20", "dreißig": "30"}

// countable are stems of what one counts: one week is not two.
var countable = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields("year years month months week weeks day days hour hours minute minutes percent euro euros dollar dollars byte bytes bit bits") {
		m[stem(w)] = true
	}
	return m
}()

var germanWords = set("der die das und ist ein eine einen dem den des im nicht mit von zu für wird werden auf sich bei oder")

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
