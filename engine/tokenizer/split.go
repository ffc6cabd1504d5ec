package tokenizer

import "strings"

// A pass cuts a text into pieces that add up to it, and yields them in order.
// A pre-tokenizer is a list of passes, each of which cuts the pieces of the one
// before.
type pass func(s string, yield func(piece string))

// isolate makes a pass of a matcher: each match is a piece, and so is each
// stretch between matches.
func isolate(m matcher) pass {
	return func(s string, yield func(string)) {
		start := 0
		for i := 0; i < len(s); {
			end := m(s, i)
			if end <= i {
				i = min(i+charLen(s[i]), len(s))
				continue
			}
			if start < i {
				yield(s[start:i])
			}
			yield(s[i:end])
			i, start = end, end
		}
		if start < len(s) {
			yield(s[start:])
		}
	}
}

// trailingSpace cuts before the white space at the end: \s+$
func trailingSpace(s string, yield func(string)) {
	cut, end := 0, 0
	for end < len(s) {
		cut = runEnd(s, end, visible)
		end = runEnd(s, cut, space)
	}
	if cut > 0 {
		yield(s[:cut])
	}
	if cut < len(s) {
		yield(s[cut:])
	}
}

// lines cuts between runs of \n and everything else: [^\n]+|[\n]+
func lines(s string, yield func(string)) {
	for len(s) > 0 {
		end := strings.IndexByte(s, '\n')
		switch end {
		case -1:
			end = len(s)
		case 0:
			for end < len(s) && s[end] == '\n' {
				end++
			}
		}
		yield(s[:end])
		s = s[end:]
	}
}

// digitGroups cuts runs of \p{N} into groups of three, counted from their end.
// What stands before a run stays with its first group; later passes part them.
func digitGroups(s string, yield func(string)) {
	start := 0
	for i := 0; i < len(s); {
		i = runEnd(s, i, ^number)
		end := runEnd(s, i, number)
		count := 0
		for j := i; j < end; count++ {
			j += charLen(s[j])
		}
		for ; count > 0; count-- {
			i += charLen(s[i])
			if (count-1)%3 == 0 {
				yield(s[start:i])
				start = i
			}
		}
	}
	if start < len(s) {
		yield(s[start:])
	}
}

// thousands cuts runs of ASCII digits before each group of three, counted from
// their end: (?=(\d{3})+(?!\d))
func thousands(s string, yield func(string)) {
	start := 0
	for i := 0; i < len(s); {
		if s[i] < '0' || s[i] > '9' {
			i++
			continue
		}
		end := i
		for end < len(s) && '0' <= s[end] && s[end] <= '9' {
			end++
		}
		for i += (end - i) % 3; i < end; i += 3 {
			if start < i {
				yield(s[start:i])
			}
			start = i
		}
	}
	if start < len(s) {
		yield(s[start:])
	}
}
