package tokenizer

import "strings"

// A matcher returns the end of the match that starts at s[i], or 0 if there is
// none. Each does the work of one alternative of a pre-tokenizer's regular
// expression, which its comment quotes; it looks no further back than i, and
// takes time in proportion to what it reads.
type matcher func(s string, i int) int

// first tries alternatives in order, as a regular expression does.
func first(alternatives ...matcher) matcher {
	return func(s string, i int) int {
		for _, m := range alternatives {
			if end := m(s, i); end > 0 {
				return end
			}
		}
		return 0
	}
}

// contraction matches 's|'t|'re|'ve|'m|'ll|'d
func contraction(s string, i int) int {
	if s[i] != '\'' || i+1 >= len(s) {
		return 0
	}
	return suffix(i, s[i+1], at(s, i+2))
}

// anyContraction is contraction in either case.
func anyContraction(s string, i int) int {
	if s[i] != '\'' || i+1 >= len(s) {
		return 0
	}
	return suffix(i, lower(s[i+1]), lower(at(s, i+2)))
}

func suffix(i int, a, b byte) int {
	switch {
	case a == 's', a == 't', a == 'm', a == 'd':
		return i + 2
	case a == 'r' && b == 'e', a == 'v' && b == 'e', a == 'l' && b == 'l':
		return i + 3
	}
	return 0
}

// at is s[i], or 0 beyond the end.
func at(s string, i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// run matches [set]+
func run(set class) matcher {
	return func(s string, i int) int {
		if end := runEnd(s, i, set); end > i {
			return end
		}
		return 0
	}
}

// single matches [set]
func single(set class) matcher {
	return func(s string, i int) int {
		if c, n := classAt(s, i); c&set != 0 {
			return i + n
		}
		return 0
	}
}

// digits matches \p{N}{1,limit}
func digits(limit int) matcher {
	return func(s string, i int) int {
		end := i
		for range limit {
			c, n := classAt(s, end)
			if c != number {
				break
			}
			end += n
		}
		if end == i {
			return 0
		}
		return end
	}
}

// spaced matches " ?[set]+" followed by any of the bytes in tail: [tail]*
func spaced(set class, tail string) matcher {
	return func(s string, i int) int {
		start := i
		if s[i] == ' ' {
			start++
		}
		end := runEnd(s, start, set)
		if end == start {
			return 0
		}
		for end < len(s) && strings.IndexByte(tail, s[end]) >= 0 {
			end++
		}
		return end
	}
}

// afterSpace matches \s?[set]+
func afterSpace(set class) matcher {
	return func(s string, i int) int {
		start := i
		if c, n := classAt(s, i); c == space {
			start += n
		}
		if end := runEnd(s, start, set); end > start {
			return end
		}
		return 0
	}
}

// prefixed matches [^\r\n without]?[set]+
func prefixed(without, set class) matcher {
	return func(s string, i int) int {
		c, n := classAt(s, i)
		if c&without == 0 && !isNewline(s[i]) {
			if end := runEnd(s, i+n, set); end > i+n {
				return end
			}
		}
		if c&set == 0 {
			return 0
		}
		return runEnd(s, i+n, set)
	}
}

// then matches m, and what next matches after it, if anything.
func then(m, next matcher) matcher {
	return func(s string, i int) int {
		end := m(s, i)
		if end > 0 && end < len(s) {
			end = max(end, next(s, end))
		}
		return end
	}
}

// newlines matches \s*[\r\n]+
func newlines(s string, i int) int {
	end := 0
	for i < len(s) {
		c, n := classAt(s, i)
		if c != space {
			break
		}
		if isNewline(s[i]) {
			end = i + 1
		}
		i += n
	}
	return end
}

func isNewline(b byte) bool { return b == '\n' || b == '\r' }

// newline matches [\r\n]
func newline(s string, i int) int {
	if isNewline(s[i]) {
		return i + 1
	}
	return 0
}

// spaces matches \s+(?!\S)|\s+ : white space, leaving its last character to
// the word that follows, unless it is the only one.
func spaces(s string, i int) int {
	last, end := i, i
	for {
		c, n := classAt(s, end)
		if c != space {
			break
		}
		last, end = end, end+n
	}
	switch {
	case end == i:
		return 0
	case end == len(s) || last == i:
		return end
	}
	return last
}

// steppedSpaces matches the cascade \s{512}(?!\S)|\s{256}(?!\S)| … |
// \s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}
func steppedSpaces(s string, i int) int {
	var ends [514]int // ends[k]: the index after k characters of white space
	n := 0
	ends[0] = i
	for n < 513 {
		c, size := classAt(s, ends[n])
		if c != space {
			break
		}
		ends[n+1] = ends[n] + size
		n++
	}
	if n == 0 {
		return 0
	}
	usable := n // how many are not followed by \S
	if ends[n] < len(s) && n < 513 {
		usable--
	}
	for step := 512; step >= 1; step /= 2 {
		if step <= usable {
			return ends[step]
		}
	}
	return ends[1]
}

// asciiWord matches [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+
func asciiWord(s string, i int) int {
	if s[i] >= 0x80 || asciiClass[s[i]]&(punct|symbol) == 0 {
		return 0
	}
	end := i + 1
	for end < len(s) && s[end] < 0x80 && asciiClass[s[end]] == letter {
		end++
	}
	if end == i+1 {
		return 0
	}
	return end
}

// casedWord matches [^\r\n\p{L}\p{N}]?U*L+|[^\r\n\p{L}\p{N}]?U+L* where U is a
// character of set outside a–z, L one outside A–Z: a word in which case changes
// at most once, from upper to lower, as far as ASCII letters tell.
func casedWord(set class) matcher {
	return func(s string, i int) int {
		c, n := classAt(s, i)
		prefix := 0
		if c&(letter|number) == 0 && !isNewline(s[i]) {
			prefix = n
		}
		if prefix > 0 {
			if end := upperThenLower(s, i+prefix, set); end > 0 {
				return end
			}
		}
		if end := upperThenLower(s, i, set); end > 0 {
			return end
		}
		if prefix > 0 {
			if end := caseRun(s, i+prefix, set, 'a'); end > i+prefix {
				return caseRun(s, end, set, 'A')
			}
		}
		if end := caseRun(s, i, set, 'a'); end > i {
			return caseRun(s, end, set, 'A')
		}
		return 0
	}
}

// upperThenLower matches U*L+, giving back of U* only what L+ needs: the last
// character that is not in A–Z.
func upperThenLower(s string, i int, set class) int {
	giveBack := 0
	end := i
	for end < len(s) {
		c, n := classAt(s, end)
		if c&set == 0 {
			break
		}
		if b := s[end]; 'a' <= b && b <= 'z' {
			return caseRun(s, end, set, 'A')
		} else if b < 'A' || b > 'Z' {
			giveBack = end + n
		}
		end += n
	}
	return giveBack
}

// caseRun returns the end of the run of characters of set outside the 26 ASCII
// letters that begin with from.
func caseRun(s string, i int, set class, from byte) int {
	for i < len(s) {
		c, n := classAt(s, i)
		if c&set == 0 || from <= s[i] && s[i] < from+26 {
			break
		}
		i += n
	}
	return i
}

// phraseWord matches [^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+ :
// words joined by single spaces.
func phraseWord(s string, i int) int {
	c, n := classAt(s, i)
	if c&(letter|number) == 0 && !isNewline(s[i]) {
		i += n
		c, n = classAt(s, i)
	}
	if c != letter {
		return 0
	}
	for {
		i = runEnd(s, i+n, mark)
		if c, n = classAt(s, i); c == letter {
			continue
		}
		if at(s, i) != ' ' {
			return i
		}
		if c, n = classAt(s, i+1); c != letter {
			return i
		}
		i++
	}
}

// spacedOnce matches " ?[set]+[tail]?"
func spacedOnce(set class, tail string) matcher {
	m := spaced(set, "")
	return func(s string, i int) int {
		end := m(s, i)
		if end > 0 && end < len(s) && strings.IndexByte(tail, s[end]) >= 0 {
			end++
		}
		return end
	}
}

// nonHanWord matches [^\r\n\p{L}\p{N}]?[\p{L}&&[^\p{Han}]]+ with a contraction
// after it, if there is one.
func nonHanWord(s string, i int) int {
	c, n := classAt(s, i)
	if c&(letter|number) == 0 && !isNewline(s[i]) {
		i += n
	}
	start := i
	for i < len(s) {
		r, n := decodeRune(s, i)
		if classOf(r) != letter || hanScript.has(r) {
			break
		}
		i += n
	}
	if i == start {
		return 0
	}
	if i < len(s) {
		i = max(i, anyContraction(s, i))
	}
	return i
}

// literal matches a fixed text.
func literal(text string) matcher {
	return func(s string, i int) int {
		if strings.HasPrefix(s[i:], text) {
			return i + len(text)
		}
		return 0
	}
}

// sentinel matches <sentinel:[0-9]+>
func sentinel(s string, i int) int {
	const open = "<sentinel:"
	if !strings.HasPrefix(s[i:], open) {
		return 0
	}
	end := i + len(open)
	start := end
	for end < len(s) && '0' <= s[end] && s[end] <= '9' {
		end++
	}
	if end == start || at(s, end) != '>' {
		return 0
	}
	return end + 1
}

// imageToken matches (IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z
func imageToken(s string, i int) int {
	const open = "IMGIMG"
	if !strings.HasPrefix(s[i:], open) {
		return 0
	}
	start := i + len(open)
	end := start
	for end < start+4 && 'A' <= at(s, end) && at(s, end) <= 'I' {
		end++
	}
	if end == start || at(s, end) != 'Z' {
		return 0
	}
	return end + 1
}

// threeDigits matches [0-9][0-9][0-9]
func threeDigits(s string, i int) int {
	if i+3 > len(s) {
		return 0
	}
	for _, b := range []byte(s[i : i+3]) {
		if b < '0' || b > '9' {
			return 0
		}
	}
	return i + 3
}

// asciiSet matches one ASCII character of chars.
func asciiSet(chars string) matcher {
	return func(s string, i int) int {
		if strings.IndexByte(chars, s[i]) >= 0 {
			return i + 1
		}
		return 0
	}
}

// punctRun matches [\p{P}chars]+ for ASCII chars.
func punctRun(chars string) matcher {
	one := first(single(punct), asciiSet(chars))
	return func(s string, i int) int {
		end := 0
		for i < len(s) {
			next := one(s, i)
			if next == 0 {
				break
			}
			i, end = next, next
		}
		return end
	}
}
