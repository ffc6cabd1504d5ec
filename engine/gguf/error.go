package gguf

import (
	"errors"
	"fmt"
)

// Error says what is wrong with a GGUF file, where, and what can be done.
type Error struct {
	File    string // path as it was given
	Place   string // what was being read, for example `tensor 3 ("output.weight")`; may be empty
	Problem string
	Advice  string // what the user can do; may be empty

	incomplete bool
}

// ErrIncomplete is what errors.Is finds in an error of OpenHeader that more of
// the file's beginning may mend.
var ErrIncomplete = errors.New("the header is longer than what is known of it")

// Is tells whether e is target, for errors.Is.
func (e *Error) Is(target error) bool { return e.incomplete && target == ErrIncomplete }

func (e *Error) Error() string {
	s := e.File + ": "
	if e.Place != "" {
		s += e.Place + ": "
	}
	s += e.Problem
	if e.Advice != "" {
		s += "; " + e.Advice
	}
	return s
}

const (
	adviceDamaged     = "the file is damaged or truncated: download it again"
	adviceInvalid     = "the file is damaged or was made by a faulty converter: download it again or use another conversion"
	adviceUnsupported = "use a conversion in one of the supported types, such as Q4_K_M, Q8_0 or F16"
)

// quoted shows a name from a file in a message, shortened and escaped.
func quoted(name string) string {
	const most = 80
	if len(name) > most {
		return fmt.Sprintf("%q…", name[:most])
	}
	return fmt.Sprintf("%q", name)
}
