// Package cite reads the citations of an answer and checks its sentences
// against the passages they point to: the words, the numbers, and, where there
// is an embedder, the sense.
package cite

import (
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Mark is a place of an answer that points to passages.
type Mark struct {
	Start, End int // bytes of the answer
	Numbers    []int
}

// marker matches [1], [1, 2], [1-3], 【1】, [^1], and what models write instead: [passage 2], ^1^.
var marker = regexp.MustCompile(`(?i)[\[【]\s*\^?\s*(?:passages?|quellen?|sources?|nr\.?|no\.?|p\.)?\s*(\d{1,5}(?:\s*(?:,|;|–|-|and|und|&)\s*\d{1,5})*)\s*(?:†[^\]】]*)?[\]】]|\^(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\^`)

// Parse finds the marks of an answer that point to passages numbered from 1 to
// most. What stands in code, or is a link, is none. A mark that points at no
// passage has no Numbers.
func Parse(answer string, most int) []Mark {
	var marks []Mark
	code := codeSpans(answer)
	for _, m := range marker.FindAllStringSubmatchIndex(answer, -1) {
		if inside(code, m[0]) || m[1] < len(answer) && (answer[m[1]] == '(' || answer[m[1]] == ':' && lineStart(answer, m[0])) {
			continue
		}
		if m[2] < 0 { // ^1^
			if m[0] > 0 && answer[m[0]-1] >= '0' && answer[m[0]-1] <= '9' { // a power
				continue
			}
			m[2], m[3] = m[4], m[5]
		}
		marks = append(marks, Mark{m[0], m[1], parseNumbers(answer[m[2]:m[3]], most)})
	}
	return marks
}

func lineStart(s string, at int) bool { return at == 0 || s[at-1] == '\n' }

func parseNumbers(text string, most int) []int {
	var numbers []int
	add := func(n int) {
		if n < 1 || n > most {
			return
		}
		for _, x := range numbers {
			if x == n {
				return
			}
		}
		numbers = append(numbers, n)
	}
	last, ranged := 0, false
	for _, f := range numberOrDash.FindAllString(text, -1) {
		if f == "-" || f == "–" {
			ranged = true
			continue
		}
		n, err := strconv.Atoi(f)
		if err != nil {
			continue
		}
		if ranged && n > last && n-last <= 20 {
			for k := last + 1; k < n; k++ {
				add(k)
			}
		}
		add(n)
		last, ranged = n, false
	}
	return numbers
}

var numberOrDash = regexp.MustCompile(`\d+|[-–]`)

// Strip takes the marks out of a text.
func Strip(text string) string {
	var b strings.Builder
	at := 0
	for _, m := range Parse(text, 99999) {
		b.WriteString(strings.TrimRight(text[at:m.Start], " "))
		at = m.End
	}
	b.WriteString(text[at:])
	return b.String()
}

// Span is a stretch of a text, in bytes.
type Span struct{ Start, End int }

func inside(spans []Span, at int) bool {
	i := sort.Search(len(spans), func(i int) bool { return spans[i].End > at })
	return i < len(spans) && spans[i].Start <= at
}

// codeSpans are the stretches that Markdown shows as code.
func codeSpans(text string) []Span {
	var spans []Span
	for at := 0; at < len(text); {
		i := strings.IndexByte(text[at:], '`')
		if i < 0 {
			break
		}
		start := at + i
		n := 1
		for start+n < len(text) && text[start+n] == '`' {
			n++
		}
		fence := text[start : start+n]
		end := strings.Index(text[start+n:], fence)
		if end < 0 {
			if n < 3 { // a stray mark
				at = start + n
				continue
			}
			spans = append(spans, Span{start, len(text)})
			break
		}
		at = start + n + end + n
		spans = append(spans, Span{start, at})
	}
	return spans
}

// abbreviations do not end a sentence.
var abbreviations = map[string]bool{
	"e.g": true, "i.e": true, "etc": true, "vs": true, "cf": true, "dr": true, "mr": true, "mrs": true, "ms": true, "prof": true, "no": true, "nr": true,
	"st": true, "fig": true, "approx": true, "z.b": true, "d.h": true, "bzw": true, "ca": true, "usw": true, "abs": true, "art": true, "p": true, "pp": true, "sec": true, "vol": true, "inc": true, "ltd": true, "co": true, "corp": true,
}

// Sentences cuts an answer into sentences, each with the marks that follow it.
// Lines of a list and cells of a table are sentences too; code is none.
func Sentences(answer string) []Span { return cut(answer, false) }

// cut makes sentences. A line break ends one where the next line is another item,
// row, heading or paragraph, or, in a text whose lines are such, always.
func cut(answer string, lines bool) []Span {
	var spans []Span
	code := codeSpans(answer)
	code = slices.DeleteFunc(code, func(s Span) bool { return !strings.HasPrefix(answer[s.Start:], "```") }) // a word in code is part of its sentence
	from, width := 0, 0
	if lines {
		width = widthOf(answer)
	}
	end := func(to int) {
		s, e := from, to
		if i := sort.Search(len(code), func(i int) bool { return code[i].End > s }); i < len(code) && code[i].Start <= s {
			s = min(code[i].End, e)
		}
		for s < e {
			r, n := utf8.DecodeRuneInString(answer[s:e])
			if !unicode.IsSpace(r) {
				break
			}
			s += n
		}
		for e > s {
			r, n := utf8.DecodeLastRuneInString(answer[s:e])
			if !unicode.IsSpace(r) {
				break
			}
			e -= n
		}
		if e > s && !inside(code, s) && strings.ContainsFunc(answer[s:e], func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			if onlyMark(answer[s:e]) && len(spans) > 0 { // belongs to the sentence before
				spans[len(spans)-1].End = e
			} else {
				spans = append(spans, Span{s, e})
			}
		}
		from = to
	}
	for i := 0; i < len(answer); {
		r, n := utf8.DecodeRuneInString(answer[i:])
		next := i + n
		switch {
		case inside(code, i):
		case r == '\n':
			if next >= len(answer) || lines && !wrapped(answer, i, next, width) || breaks(answer, i, next) {
				end(i)
			}
		case strings.ContainsRune("。！？", r):
			end(marksAfter(answer, next))
		case r == '!' || r == '?' || r == '.' && stops(answer, from, i):
			for next < len(answer) && strings.ContainsRune(`"')”’»`, rune(answer[next])) {
				next++
			}
			after := marksAfter(answer, next)
			if after == len(answer) || unicode.IsSpace(rune(answer[after])) {
				end(after)
				next = max(next, after)
			}
		}
		i = next
	}
	end(len(answer))
	return spans
}

// breaks tells whether a line break ends a sentence that no stop has ended.
func breaks(text string, at, next int) bool {
	line := text[next:]
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	before := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
	return strings.TrimSpace(line) == "" || onlyMark(before) || special.MatchString(line) || strings.HasPrefix(strings.TrimSpace(before), "#") || strings.HasPrefix(strings.TrimSpace(before), "|") || strings.HasSuffix(strings.TrimSpace(before), ":")
}

// wrapped tells whether a line break is only where a text of one width was
// broken: the next word would not have fitted. Rows are never broken.
func wrapped(text string, at, next, width int) bool {
	const least, slack = 40, 4 // runes: of a line that is broken, and of indents that were lost
	before, after := strings.TrimSpace(text[strings.LastIndexByte(text[:at], '\n')+1:at]), text[next:]
	if i := strings.IndexByte(after, '\n'); i >= 0 {
		after = after[:i]
	}
	words := strings.Fields(after)
	if len(words) == 0 || strings.ContainsRune(before, '\t') || strings.ContainsRune(after, '\t') {
		return false
	}
	length := utf8.RuneCountInString(before)
	r, _ := utf8.DecodeRuneInString(words[0])
	return length >= least && unicode.IsLower(r) || width > 0 && length+1+utf8.RuneCountInString(words[0]) > width-slack
}

// widthOf is how wide a text is that was broken into lines, 0 if it was not.
func widthOf(text string) int {
	const least, most = 50, 120
	width := 0
	for line := range strings.Lines(text) {
		width = max(width, utf8.RuneCountInString(strings.TrimSpace(line)))
	}
	if width < least || width > most {
		return 0
	}
	return width
}

// special lines are items, rows, headings, quotations and code.
var special = regexp.MustCompile("^\\s*(?:[-*+•|>#]|\\d{1,3}[.)]\\s|```)")

// onlyMark tells a stretch that is nothing but marks.
func onlyMark(text string) bool {
	return strings.Trim(marker.ReplaceAllString(text, ""), " .,;") == ""
}

// stops tells whether the full stop at a place ends a sentence.
func stops(text string, from, at int) bool {
	const longest = 24 // bytes: no abbreviation or number of an item is longer
	word := text[max(from, at-longest):at]
	if i := strings.LastIndexFunc(word, unicode.IsSpace); i >= 0 {
		word = word[i+1:]
	}
	word = strings.ToLower(strings.TrimLeft(word, `("'[`))
	if abbreviations[word] || len([]rune(word)) == 1 && unicode.IsLetter([]rune(word)[0]) {
		return false
	}
	if _, err := strconv.Atoi(word); err == nil && at-from <= longest && strings.TrimSpace(text[from:at]) == word {
		return false // the number of a list's item
	}
	return true
}

// marksAfter is where the marks end that follow a place, with blanks before them.
func marksAfter(text string, at int) int {
	for {
		next := at
		for next < len(text) && (text[next] == ' ' || text[next] == '\u00a0') {
			next++
		}
		if !strings.HasPrefix(text[next:], "[") && !strings.HasPrefix(text[next:], "^") && !strings.HasPrefix(text[next:], "【") {
			return at
		}
		m := marker.FindStringIndex(text[next:min(len(text), next+80)])
		if m == nil || m[0] != 0 {
			return at
		}
		at = next + m[1]
		if at < len(text) && text[at] == '.' {
			at++
		}
	}
}
