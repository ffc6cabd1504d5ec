// Package porting carries conversations in and out: it reads what other programs
// export, and our own files, into chats, and writes chats as Markdown, JSON, PDF
// and lines for training. It knows neither SQL nor where chats are kept.
//
// Everything it reads may be hostile. Files are streamed: memory is bounded by
// the largest single conversation, whatever the file's size.
package porting

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/google/uuid"

	"freehold/app/chat"
)

// Source is the program that a conversation comes from.
type Source string

const (
	ChatGPT   Source = "chatgpt"
	Claude    Source = "claude"
	OpenWebUI Source = "openwebui"
	LMStudio  Source = "lmstudio"
	Jan       Source = "jan"
	Own       Source = "freehold"
)

// Note says what of a conversation could not be taken, or became something else.
type Note struct {
	Kind  string `json:"kind"`  // see the constants; the interface has words for them
	Count int    `json:"count"` // how often
	Text  string `json:"text"`  // for people, in English
}

// Kinds of notes.
const (
	Images      = "images"
	Files       = "files"
	Sounds      = "sounds"
	Tools       = "tools"
	Hidden      = "hidden"
	Browsing    = "browsing"
	Citations   = "citations"
	Unanswered  = "unanswered"
	Orphans     = "orphans"
	Cycles      = "cycles"
	Twins       = "twins"
	TooLong     = "tooLong"
	BadText     = "badText"
	Unknown     = "unknown"
	Settings    = "settings"
	Elsewhere   = "elsewhere"
	BadTimes    = "badTimes"
	Instruction = "instruction"
)

var noteWords = map[string]string{
	Images:      "images are not taken; their names stand in the text",
	Files:       "attached files are not taken; their names stand in the text",
	Sounds:      "recordings are not taken; what was said in them is, where the file has it",
	Tools:       "calls of tools stand in the text and cannot be repeated",
	Hidden:      "messages that the program hid are left out",
	Browsing:    "web pages that were read are left out",
	Citations:   "marks of citations are left out",
	Unanswered:  "questions have no answer",
	Orphans:     "messages whose predecessor is missing begin branches of their own",
	Cycles:      "messages follow themselves in a circle, which was cut",
	Twins:       "messages that came twice are taken once",
	TooLong:     "messages are longer than 8 MB and were cut",
	BadText:     "places are not valid text and were replaced by �",
	Unknown:     "parts of a kind that is not known are left out",
	Settings:    "settings of the model are not taken",
	Elsewhere:   "documents that it answers from are not here",
	BadTimes:    "times that make no sense were replaced",
	Instruction: "custom instructions became its system prompt",
}

// Found is one conversation, ready to be kept.
type Found struct {
	Chat   chat.Chat
	Folder *chat.Folder // that it stands in, if it is not known otherwise
	Source Source
	Place  string // file and place in it
	Notes  []Note
}

// Problem is something that could not be read.
type Problem struct {
	Place string `json:"place"` // file and place in it
	Text  string `json:"text"`  // what is wrong with it and what to do
}

func (p Problem) Error() string { return p.Place + ": " + p.Text }

// Report says what a reading came to, beside the conversations.
type Report struct {
	Problems []Problem `json:"problems"`
	Skipped  []string  `json:"skipped"` // files that hold no conversations, by what they are
}

// mostProblems are kept of one reading; a hostile file could have millions.
const mostProblems = 500

func (r *Report) add(p Problem) {
	if len(r.Problems) < mostProblems {
		r.Problems = append(r.Problems, p)
	}
}

// Progress is told how many bytes of all have been read.
type Progress func(done, total int64)

// Read reads all conversations in the files and folders and hands each to take.
// What cannot be read is in the report; the error is take's, ctx's, or that there
// is nothing at all to read.
func Read(ctx context.Context, paths []string, take func(Found) error, progress Progress) (Report, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	r := &reading{ctx: ctx, take: take, progress: progress, report: Report{Problems: []Problem{}, Skipped: []string{}}}
	defer func() {
		for _, z := range r.archives {
			z.Close()
		}
	}()
	files, err := r.gather(paths)
	if err != nil {
		return r.report, err
	}
	for _, f := range files {
		r.total += f.size
	}
	r.threads(&files)
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return r.report, err
		}
		if err := r.file(f); err != nil {
			return r.report, err
		}
	}
	r.progress(r.total, r.total)
	return r.report, nil
}

// reading is a Read under way.
type reading struct {
	ctx      context.Context
	take     func(Found) error
	progress Progress
	report   Report
	done     int64
	told     int64
	total    int64
	archives []*zip.ReadCloser
}

// errTake carries an error of take out of a reader.
type errTake struct{ error }

func (e errTake) Unwrap() error { return e.error }

// file reads one file.
func (r *reading) file(f source) error {
	in, err := f.open()
	if err != nil {
		r.report.add(Problem{f.name, plain(err)})
		r.advance(f.size)
		return nil
	}
	defer in.Close()
	before := r.done
	err = elements(&counted{in, r}, func(e element) error {
		if err := r.ctx.Err(); err != nil {
			return errTake{err}
		}
		return r.element(f, e)
	})
	var stop errTake
	if errors.As(err, &stop) {
		return stop.error
	}
	if err != nil {
		var p Problem
		if !errors.As(err, &p) {
			p = Problem{Text: plain(err)}
		}
		p.Place = strings.TrimSuffix(f.name+": "+p.Place, ": ")
		r.report.add(p)
	}
	r.advance(before + f.size - r.done)
	return nil
}

// element reads one value of a file.
func (r *reading) element(f source, e element) error {
	place := f.name
	if e.place != "" {
		place += ": " + e.place
	}
	if e.err != nil {
		r.report.add(Problem{place, plain(e.err)})
		return nil
	}
	found, err := understand(f, e.raw)
	if err != nil {
		var not notChat
		if errors.As(err, &not) && f.guess {
			r.report.Skipped = append(r.report.Skipped, place)
			return nil
		}
		r.report.add(Problem{place, plain(err)})
		return nil
	}
	found.Place = place
	return r.hand(found)
}

func (r *reading) hand(found Found) error {
	if err := r.take(found); err != nil {
		return errTake{err}
	}
	return nil
}

func (r *reading) advance(n int64) {
	r.done += n
	if r.done-r.told >= 1<<18 || n < 0 {
		r.told = r.done
		r.progress(min(r.done, r.total), r.total)
	}
}

// counted tells how far a file has been read.
type counted struct {
	in io.Reader
	r  *reading
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.r.ctx.Err(); err != nil {
		return 0, errTake{err}
	}
	n, err := c.in.Read(p)
	c.r.advance(int64(n))
	return n, err
}

// plain says an error for people.
func plain(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "the file ends in the middle; export or copy it again"
	}
	return err.Error()
}

// notChat says that a value holds no conversation.
type notChat struct{ error }

// space is the root of the ids of what is imported: the same conversation of the
// same program always has the same id here, so that it is recognised.
var space = uuid.MustParse("6f0c8a52-2f0e-5c3c-9b1c-1d4f7a0e6b11")

func idOf(source Source, parts ...string) string {
	return uuid.NewSHA1(space, []byte(string(source)+"\x00"+strings.Join(parts, "\x00"))).String()
}

// notes gathers what is to be said of a conversation.
type notes map[string]int

func (n notes) list() []Note {
	all := []Note{}
	for _, kind := range noteOrder {
		if k := n[kind]; k > 0 {
			all = append(all, Note{kind, k, noteText(kind, k)})
		}
	}
	return all
}

func noteText(kind string, k int) string {
	switch kind {
	case Settings, Instruction:
		return noteWords[kind]
	}
	return fmt.Sprintf("%d × %s", k, noteWords[kind])
}

var noteOrder = []string{Images, Files, Sounds, Tools, Hidden, Browsing, Citations, Unknown, Unanswered, Orphans, Cycles, Twins, TooLong, BadText, BadTimes, Instruction, Settings, Elsewhere}
