package porting

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	mostChat  = 64 << 20 // bytes of one conversation's JSON
	mostDepth = 500      // of nested values within one
)

// element is one value of a file, whole. With err set it could not be had, and
// what follows it can.
type element struct {
	raw   []byte
	place string
	err   error
}

// elements parts a file into the values that may be conversations: those of an
// array, those of an array under "conversations" or "chats" of an object, or the
// values themselves, one after the other. It keeps one of them in memory.
func elements(r io.Reader, yield func(element) error) error {
	s := &splitter{r: bufio.NewReaderSize(r, 256<<10)}
	if b, err := s.r.Peek(3); err == nil && bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		_, _ = s.r.Discard(3)
	}
	if b, err := s.r.Peek(2); err == nil && (bytes.Equal(b, []byte{0xff, 0xfe}) || bytes.Equal(b, []byte{0xfe, 0xff})) {
		return Problem{Text: "it is UTF-16; save it as UTF-8"}
	}
	for n := 0; ; n++ {
		c, err := s.next()
		if errors.Is(err, io.EOF) {
			if n == 0 {
				return Problem{Text: "it is empty"}
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch c {
		case '[':
			err = s.array("", yield)
		case '{':
			err = s.object(n, yield)
		default:
			return s.wrong("it is no JSON")
		}
		if err != nil {
			return err
		}
	}
}

// splitter finds where values of a stream end, without understanding them.
type splitter struct {
	r  *bufio.Reader
	at int64 // bytes read, from 0
}

func (s *splitter) wrong(what string) error {
	return Problem{Place: fmt.Sprintf("byte %d", s.at), Text: what + "; the file is damaged, export it again"}
}

func (s *splitter) read() (byte, error) {
	c, err := s.r.ReadByte()
	if err == nil {
		s.at++
	}
	return c, err
}

// next reads the next byte that is no space.
func (s *splitter) next() (byte, error) {
	for {
		c, err := s.read()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\n', '\r':
		default:
			return c, nil
		}
	}
}

func (s *splitter) back() {
	_ = s.r.UnreadByte() // after a byte that was read
	s.at--
}

// cut is what an end within a value means.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// array hands out the elements of an array whose bracket has been read.
func (s *splitter) array(name string, yield func(element) error) error {
	for i := 0; ; i++ {
		c, err := s.next()
		if err != nil {
			return cut(err)
		}
		if c == ']' && i == 0 {
			return nil
		}
		s.back()
		start := s.at
		raw, err := s.value(mostChat)
		e := element{raw: raw, place: fmt.Sprintf("%schat %d (byte %d)", name, i+1, start)}
		var refused refusedValue
		if errors.As(err, &refused) {
			e.err = refused
		} else if err != nil {
			return err
		}
		if err := yield(e); err != nil {
			return err
		}
		if c, err = s.next(); err != nil {
			return cut(err)
		}
		if c == ']' {
			return nil
		}
		if c != ',' {
			return s.wrong("a comma was expected between two chats")
		}
	}
}

// object hands out an object whose brace has been read, or the elements of the
// array that it wraps.
func (s *splitter) object(n int, yield func(element) error) error {
	start := s.at - 1
	whole := []byte{'{'}
	wrapped := false
	e := element{}
	if n > 0 {
		e.place = fmt.Sprintf("value %d (byte %d)", n+1, start)
	}
	for first := true; ; first = false {
		c, err := s.next()
		if err != nil {
			return cut(err)
		}
		if c == '}' && first {
			break
		}
		if c != '"' {
			return s.wrong("a name was expected")
		}
		s.back()
		key, err := s.value(1 << 10)
		var refused refusedValue
		if errors.As(err, &refused) {
			return s.wrong("a name is too long")
		}
		if err != nil {
			return err
		}
		if c, err = s.next(); err != nil {
			return cut(err)
		}
		if c != ':' {
			return s.wrong("a colon was expected")
		}
		if c, err = s.next(); err != nil {
			return cut(err)
		}
		if k := string(key); c == '[' && (k == `"conversations"` || k == `"chats"`) {
			wrapped = true
			if err := s.array("", yield); err != nil {
				return err
			}
		} else {
			s.back()
			value, err := s.value(mostChat - len(whole))
			if errors.As(err, &refused) {
				e.err, whole = refused, whole[:1]
			} else if err != nil {
				return err
			}
			if e.err == nil && !wrapped {
				if len(whole) > 1 {
					whole = append(whole, ',')
				}
				whole = append(append(append(whole, key...), ':'), value...)
			}
		}
		if c, err = s.next(); err != nil {
			return cut(err)
		}
		if c == '}' {
			break
		}
		if c != ',' {
			return s.wrong("a comma was expected")
		}
	}
	if wrapped {
		return s.envelope(append(whole, '}'))
	}
	e.raw = append(whole, '}')
	return yield(e)
}

// envelope looks at what stands around an array of chats.
func (s *splitter) envelope(raw []byte) error {
	return checkEnvelope(raw)
}

// refusedValue is a value that is well formed as far as one can see, but that
// nobody should have to keep in memory.
type refusedValue struct{ text string }

func (r refusedValue) Error() string { return r.text }

// value reads a value to its end. Of one that is too large or too deep it reads
// on without keeping it, and returns a refusedValue.
func (s *splitter) value(limit int) (raw []byte, err error) {
	depth := 0
	var refused error
	keep := func(c ...byte) {
		if refused == nil && len(raw)+len(c) > limit {
			raw, refused = nil, refusedValue{fmt.Sprintf("it is larger than %d MB, which no chat should be", mostChat>>20)}
		}
		if refused == nil {
			raw = append(raw, c...)
		}
	}
	for {
		c, err := s.read()
		if err != nil {
			return nil, cut(err)
		}
		switch c {
		case '"':
			keep(c)
			if err := s.text(keep); err != nil {
				return nil, err
			}
		case '{', '[':
			keep(c)
			if depth++; depth > mostDepth && refused == nil {
				raw, refused = nil, refusedValue{fmt.Sprintf("its values are nested more than %d deep", mostDepth)}
			}
			continue
		case '}', ']':
			if depth == 0 {
				s.back()
				return raw, s.wrong("a value was expected")
			}
			keep(c)
			depth--
		case ',', ':':
			if depth == 0 {
				s.back()
				return raw, s.wrong("a value was expected")
			}
			keep(c)
			continue
		case ' ', '\t', '\n', '\r':
			if depth > 0 {
				keep(c)
			}
			continue
		default: // of a number, true, false or null
			keep(c)
			if depth > 0 {
				continue
			}
			if err := s.word(keep); err != nil {
				return nil, err
			}
		}
		if depth == 0 {
			return raw, refused
		}
	}
}

// text reads a string to its end; the first quotation mark has been read.
func (s *splitter) text(keep func(...byte)) error {
	for {
		// What stands before the next mark that matters is taken in one go.
		if n := s.r.Buffered(); n > 0 {
			plain, _ := s.r.Peek(n) // buffered
			if i := bytes.IndexAny(plain, "\"\\"); i >= 0 {
				plain = plain[:i]
			}
			keep(plain...)
			k, _ := s.r.Discard(len(plain)) // buffered
			s.at += int64(k)
		}
		c, err := s.read()
		if err != nil {
			return cut(err)
		}
		keep(c)
		switch c {
		case '"':
			return nil
		case '\\':
			if c, err = s.read(); err != nil {
				return cut(err)
			}
			keep(c)
		}
	}
}

// word reads on to the end of a number or of true, false, null.
func (s *splitter) word(keep func(...byte)) error {
	for {
		c, err := s.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch c {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			s.back()
			return nil
		}
		keep(c)
	}
}
