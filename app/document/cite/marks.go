// Package cite reads the citations of an answer and checks its sentences
// against the passages they point to: the words, the numbers, and, where there
// is an embedder, the sense.
package cite

import (
	"regexp"
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

// marker matches [1], [1, 2], [1-3], 【1】, [^1], and what models write instead: [passage 2].
var marker = regexp.MustCompile(`(?i)[\[【]\s*\^?\s*(?:passages?|quellen?|sources?|nr\.?|no\.?|p\.)?\s*(\d{1,5}(?:\s*(?:,|;|–|-|and|und|&)\s*\d{1,5})*)\s*(?:†[^\]】]*)?[\]】]`)

// Parse finds the marks of an answer that point to passages numbered from 1 to
// most. What stands in code, or is a link, is none; numbers beyond most are left
// out.
func Parse(answer string, most int) []Mark {
	var marks []Mark
	code := codeSpans(answer)
	for _, m := range marker.FindAllStringSubmatchIndex(answer, -1) {
		if inside(code, m[0]) || m[1] < len(answer) && (answer[m[1]] == '(' || answer[m[1]] == ':' && lineStart(answer, m[0])) {
			continue
		}
		if numbers := parseNumbers(answer[m[2]:m[3]], most); len(numbers) > 0 {
			marks = append(marks, Mark{m[0], m[1], numbers})
		}
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
	for _, s := range spans {
		if at >= s.Start && at < s.End {
			return true
		}
	}
	return false
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
			end = len(text) - start - n
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
func Sentences(answer string) []Span {
	var spans []Span
	code := codeSpans(answer)
	from := 0
	end := func(to int) {
		s, e := from, to
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
			end(i)
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

// onlyMark tells a stretch that is nothing but marks.
func onlyMark(text string) bool {
	return strings.Trim(marker.ReplaceAllString(text, ""), " .,;") == ""
}

// stops tells whether the full stop at a place ends a sentence.
func stops(text string, from, at int) bool {
	word := text[from:at]
	if i := strings.LastIndexFunc(word, unicode.IsSpace); i >= 0 {
		word = word[i+1:]
	}
	word = strings.ToLower(strings.TrimLeft(word, `("'[`))
	if abbreviations[word] || len([]rune(word)) == 1 && unicode.IsLetter([]rune(word)[0]) {
		return false
	}
	if _, err := strconv.Atoi(word); err == nil && strings.TrimSpace(text[from:at]) == word {
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
		m := marker.FindStringIndex(text[next:])
		if m == nil || m[0] != 0 {
			return at
		}
		at = next + m[1]
		if at < len(text) && text[at] == '.' {
			at++
		}
	}
}
