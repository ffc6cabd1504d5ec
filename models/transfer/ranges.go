package transfer

import (
	"strconv"
	"strings"
)

// contentRange reads "bytes from-to/total", in which to is the last byte (RFC
// 9110, 14.4). The total must be known.
func contentRange(s string) (from, to, total int64, ok bool) {
	s, isBytes := strings.CutPrefix(s, "bytes ")
	span, all, hasTotal := strings.Cut(s, "/")
	first, last, hasTo := strings.Cut(span, "-")
	from, ok1 := digits(first)
	to, ok2 := digits(last)
	total, ok3 := digits(all)
	ok = isBytes && hasTotal && hasTo && ok1 && ok2 && ok3 && from <= to && to < total
	return from, to, total, ok
}

// unsatisfied reads the size out of the "bytes */total" of a 416.
func unsatisfied(s string) (total int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes */")
	if !ok {
		return 0, false
	}
	return digits(s)
}

// digits reads a number that is nothing but digits.
func digits(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
