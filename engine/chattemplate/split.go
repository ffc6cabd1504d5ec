package chattemplate

import (
	"strings"
	"unicode"
)

// Kind tells the parts of an answer.
type Kind byte

// Kinds.
const (
	Answer   Kind = iota
	Thinking      // before or between parts of the answer
	Call          // of a tool, as the model writes it, with its marks
)

// Piece is a stretch of what a model writes.
type Piece struct {
	Kind Kind
	Text string
}

// Splitter parts the streamed text of a model into thinking, answer and calls of
// tools by the marks of its Format. Thinking counts where the format has it: at
// the beginning, or behind other thinking. A mark further on is part of the
// answer, which may well speak of such marks. Space right inside the marks, and
// between thinking and answer, is dropped.
//
// A splitter is for one stream; Format.Splitter makes it.
type Splitter struct {
	format *Format
	state  splitState
	now    section // being read, or just opened
	parted bool    // a mark was seen: space up to the next word goes
	again  bool    // the prompt has opened the section; the model may open it once more
	held   string  // text that may turn out to be a mark, or space to drop
	pieces []Piece // to be given
}

type splitState byte

const (
	between splitState = iota // sections: the next mark or word tells
	opened                    // in the space behind the mark of a section
	inside
)

// maxHeader is the longest header of a message in bytes; maxSpace the most space
// that is held to see what comes behind it.
const (
	maxHeader = 256
	maxSpace  = 1024
)

// Splitter gives a splitter for what a model writes behind a prompt, whose end
// may have opened or closed thinking already. Calls of tools are told apart if
// the model was offered tools.
func (f *Format) Splitter(prompt string, tools bool) *Splitter {
	if !tools && len(f.calls) > 0 {
		without := *f
		without.calls = nil
		f = &without
	}
	s := &Splitter{format: f}
	s.resume(strings.TrimRightFunc(prompt, unicode.IsSpace))
	return s
}

// resume starts where the prompt ends.
func (s *Splitter) resume(prompt string) {
	ends := func(mark string) bool {
		return mark != "" && strings.HasSuffix(prompt, strings.TrimRightFunc(mark, unicode.IsSpace))
	}
	for _, sec := range s.format.sections {
		if ends(sec.begin) {
			s.now, s.state, s.parted, s.again = sec, opened, true, true
			return
		}
	}
	if h := s.format.headers; h != nil && ends(h.close) {
		if i := strings.LastIndex(prompt, h.speaker); i >= 0 {
			s.now, s.state, s.parted = h.section(prompt[i+len(h.speaker):], false), opened, true
			return
		}
	}
	for _, sec := range s.format.sections {
		for _, end := range sec.ends {
			s.parted = s.parted || ends(end)
		}
	}
	for _, skip := range s.format.skips {
		s.parted = s.parted || ends(skip)
	}
}

// Push takes the next stretch of text and gives what is certain by now. It holds
// back what may be the beginning of a mark.
func (s *Splitter) Push(text string) []Piece {
	s.held += text
	for s.advance() {
	}
	return s.take()
}

// Flush gives what is still held back when the text has ended.
func (s *Splitter) Flush() []Piece {
	rest := s.held
	s.held = ""
	switch s.state {
	case between:
		if s.parted {
			rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
			if s.format.framed(rest) {
				rest = "" // the header of a message that did not come
			}
		}
		s.emit(Answer, rest)
	case inside:
		if s.now.kind == Call {
			s.emit(Call, rest) // as it was written, marks and all
			break
		}
		if i, end := s.findEnd(rest); i >= 0 && strings.TrimSpace(rest[i+len(end):]) == "" {
			rest = rest[:i]
		}
		if len(s.now.ends) > 0 {
			rest = strings.TrimRightFunc(rest, unicode.IsSpace)
		}
		s.emit(s.now.kind, rest)
	}
	return s.take()
}

func (s *Splitter) take() []Piece {
	p := s.pieces
	s.pieces = nil
	return p
}

func (s *Splitter) emit(kind Kind, text string) {
	if text == "" {
		return
	}
	if n := len(s.pieces); n > 0 && s.pieces[n-1].Kind == kind {
		s.pieces[n-1].Text += text
		return
	}
	s.pieces = append(s.pieces, Piece{kind, text})
}

// advance takes one step through what is held; it is false if more text is
// needed.
func (s *Splitter) advance() bool {
	switch s.state {
	case between:
		return s.next()
	case opened:
		s.held = strings.TrimLeftFunc(s.held, unicode.IsSpace)
		if s.again && s.held != "" {
			if rest, ok := strings.CutPrefix(s.held, s.now.begin); ok {
				s.held, s.again = rest, false
				return true
			}
			if strings.HasPrefix(s.now.begin, s.held) {
				return false
			}
		}
		if s.held == "" {
			return false
		}
		s.state = inside
		return true
	}
	return s.read()
}

// next finds out which section comes.
func (s *Splitter) next() bool {
	rest := strings.TrimLeftFunc(s.held, unicode.IsSpace)
	if s.parted {
		s.held = rest
	}
	found, size, wait := s.format.match(rest)
	switch {
	case rest == "" && len(s.held) < maxSpace, wait:
		return false
	case size == 0: // no mark: plain text
		s.now = section{kind: Answer, ends: s.format.answerEnds}
		s.state = inside
		return s.held != ""
	}
	s.parted = true
	s.held = rest[size:]
	if found.skip {
		return true
	}
	if found.kind == Call {
		s.emit(Call, rest[:size])
		s.now, s.state = found, inside
		return true
	}
	s.now, s.state, s.again = found, opened, false
	return true
}

// read gives text of the present section up to its end.
func (s *Splitter) read() bool {
	i, end := s.findEnd(s.held)
	if i < 0 {
		sure := s.held[:len(s.held)-s.format.overlap(s.held, &s.now)]
		if trimmed := strings.TrimRightFunc(sure, unicode.IsSpace); len(s.now.ends) > 0 && len(sure)-len(trimmed) < maxSpace {
			sure = trimmed // space may come before the end, so it waits too
		}
		s.emit(s.now.kind, sure)
		s.held = s.held[len(sure):]
		return false
	}
	behind := s.held[i+len(end):]
	verdict := yes
	if s.now.kind == Answer && s.format.interrupts(end, s.now.ends) {
		behind = s.held[i:]
	} else if !s.now.firm {
		verdict = s.format.follows(behind)
	}
	switch verdict {
	case no: // the text only speaks of the mark
		s.emit(s.now.kind, s.held[:i+len(end)])
		s.held = behind
		return true
	case maybe:
		sure := s.held[:i]
		if s.now.kind != Call {
			sure = strings.TrimRightFunc(sure, unicode.IsSpace)
		}
		s.emit(s.now.kind, sure)
		s.held = s.held[len(sure):]
		return false
	}
	text := s.held[:i]
	if s.now.kind == Call {
		text += end
	} else if len(s.now.ends) > 0 {
		text = strings.TrimRightFunc(text, unicode.IsSpace)
	}
	s.emit(s.now.kind, text)
	s.held, s.state, s.parted = behind, between, true
	return true
}

// findEnd gives the first mark in text that may end the present section, and
// where it is; -1 if there is none.
func (s *Splitter) findEnd(text string) (at int, end string) {
	at = -1
	for _, mark := range s.format.stops(&s.now) {
		if i := strings.Index(text, mark); i >= 0 && (at < 0 || i < at || i == at && len(mark) > len(end)) {
			at, end = i, mark
		}
	}
	return at, end
}
