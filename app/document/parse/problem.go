package parse

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is why a file was not read, or not in full.
type Problem string

const (
	Password    Problem = "password"      // it opens with a password only
	Damaged     Problem = "damaged"       // it is not what its kind should be
	NoContent   Problem = "empty"         // nothing in it
	Unsupported Problem = "unsupported"   // a kind that cannot be read
	TooLarge    Problem = "too_large"     // over a limit
	TimedOut    Problem = "timed_out"     // it took longer than allowed
	OutOfMemory Problem = "out_of_memory" // it needed more memory than allowed
	NeedsOCR    Problem = "needs_ocr"     // an image of text
	Cancelled   Problem = "cancelled"
	Unreadable  Problem = "unreadable" // the disk did not give it
)

// Error is a file that could not be read.
type Error struct {
	File    string
	Problem Problem
	Detail  string
}

func (e *Error) Error() string {
	s := e.Detail
	if s == "" {
		s = map[Problem]string{
			Password: "it is protected by a password", Damaged: "it is damaged", NoContent: "it is empty",
			Unsupported: "this kind of file cannot be read", TooLarge: "it is too large", TimedOut: "it took too long",
			OutOfMemory: "it needs too much memory", NeedsOCR: "it is an image and needs text recognition",
			Cancelled: "cancelled", Unreadable: "it cannot be opened",
		}[e.Problem]
	}
	if e.File == "" {
		return s
	}
	return e.File + ": " + s
}

// Is makes errors.Is(err, &Error{Problem: Password}) tell of the problem alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Problem == e.Problem && t.File == "" && t.Detail == ""
}

func problem(p Problem, format string, args ...any) *Error {
	return &Error{Problem: p, Detail: fmt.Sprintf(format, args...)}
}

// errCut ends a parser whose document reached a limit: what it has delivered
// stands, and the receipt says where it was cut.
var errCut = errors.New("cut at a limit")

// Ranges are page numbers, as in 3-5,8.
type Ranges []Range

// Range is the pages from First to Last, both from 1; Last 0 means the end.
type Range struct {
	First int `json:"first"`
	Last  int `json:"last"`
}

// ParseRanges reads page numbers as people write them: 3, 3-5, 7-, 1-2,9.
func ParseRanges(s string) (Ranges, error) {
	var r Ranges
	for part := range strings.SplitSeq(s, ",") {
		first, last, span := strings.Cut(strings.TrimSpace(part), "-")
		a, err := strconv.Atoi(strings.TrimSpace(first))
		if err != nil || a < 1 {
			return nil, fmt.Errorf("pages %q: write them as 3, 3-5 or 7-", s)
		}
		b := a
		if span {
			if last = strings.TrimSpace(last); last == "" {
				b = 0
			} else if b, err = strconv.Atoi(last); err != nil || b < a {
				return nil, fmt.Errorf("pages %q: write them as 3, 3-5 or 7-", s)
			}
		}
		r = append(r, Range{a, b})
	}
	return r, nil
}

func (r Ranges) has(page int) bool {
	return len(r) == 0 || slices.ContainsFunc(r, func(x Range) bool { return page >= x.First && (x.Last == 0 || page <= x.Last) })
}

// last is the last page wanted, 0 if there is none.
func (r Ranges) last() int {
	last := 0
	for _, x := range r {
		if x.Last == 0 {
			return 0
		}
		last = max(last, x.Last)
	}
	return last
}

// skip notes something that was not read. Equal notes are counted.
func (r *Receipt) skip(what, where, why string) { r.skipN(what, where, why, 1) }

// aside notes something that was not read without which the file still counts as
// read.
func (r *Receipt) aside(what, where, why string, n int) {
	r.skipN(what, where, why, n)
	for i := range r.Skipped {
		if s := &r.Skipped[i]; s.What == what && s.Why == why {
			s.Minor = true
		}
	}
}

func (r *Receipt) skipN(what, where, why string, n int) {
	if n <= 0 {
		return
	}
	for i := range r.Skipped {
		s := &r.Skipped[i]
		if s.What == what && s.Why == why {
			s.Count += n
			switch list := strings.Split(s.Where, ", "); {
			case where == "" || slices.Contains(list, where):
			case s.Where == "":
				s.Where = where
			case len(list) < 12:
				s.Where += ", " + where
			case len(list) == 12:
				s.Where += ", …"
			}
			return
		}
	}
	if len(r.Skipped) < 200 {
		r.Skipped = append(r.Skipped, Skip{What: what, Where: where, Why: why, Count: n})
	}
}

func (r *Receipt) warn(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	if len(r.Warnings) < 50 && !slices.Contains(r.Warnings, w) {
		r.Warnings = append(r.Warnings, w)
	}
}

// problemOf is the problem of a part that could not be read.
func problemOf(err error) Problem {
	var p *Error
	if errors.As(err, &p) {
		return p.Problem
	}
	return Damaged
}
