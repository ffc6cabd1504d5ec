package parse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// source is a file in memory on its way through a parser.
type source struct {
	name     string
	data     []byte
	language string // of code
	*builder
}

// parser reads one kind of file into its builder. It returns errCut when the
// builder says so, an *Error, or the context's error.
type parser func(s *source) error

var parsers = map[Kind]parser{
	DOCX: parseDOCX, PPTX: parsePPTX, XLSX: parseXLSX,
	ODT: parseODF, ODP: parseODF, ODS: parseODF,
	CSV: parseCSV, TSV: parseCSV, HTML: parseHTML, EPUB: parseEPUB, RTF: parseRTF,
	Markdown: parseMarkdown, Text: parseText, Code: parseText,
	EML: parseEML, MSG: parseMSG, Image: parseImage, PDF: parsePDF,
}

// Parse reads a file from memory, in this process: its bounds of memory and its
// safety from crashes are those of the process. The document is never nil; its
// receipt says what was read. An error is an *Error and stands in the receipt
// too, or it is one of the Sink.
func Parse(ctx context.Context, name string, data []byte, o Options) (*Document, error) {
	start := time.Now()
	limits := o.Limits.withDefaults()
	sum := sha256.Sum256(data)
	doc := &Document{Receipt: Receipt{File: name, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))}}
	ctx, cancel := context.WithTimeout(ctx, limits.Time)
	defer cancel()
	err := run(ctx, name, data, limits, o, doc)
	doc.Receipt.finish(err, limits)
	doc.Kind = doc.Receipt.Kind
	doc.Receipt.Took = time.Since(start).Milliseconds()
	return doc, doc.Receipt.problemError(err)
}

func run(ctx context.Context, name string, data []byte, limits Limits, o Options, doc *Document) error {
	r := &doc.Receipt
	r.Kind = Unknown
	if int64(len(data)) > limits.Bytes {
		return problem(TooLarge, "it is larger than %d MB", limits.Bytes>>20)
	}
	d := detect(name, data)
	r.Kind = d.kind
	if ext := strings.ToLower(filepath.Ext(name)); d.problem == "" {
		if k := named[ext]; k != "" && k != d.kind && d.kind != Code {
			r.warn("the name ends in %s, but the content is %s", ext, d.kind)
		}
	}
	if d.problem != "" {
		if d.what != "" {
			return problem(d.problem, "it is %s", strings.TrimPrefix(d.what, "it is "))
		}
		return problem(d.problem, "")
	}
	p := parsers[d.kind]
	if p == nil {
		return problem(Unsupported, "")
	}
	sink := o.sink(doc)
	s := &source{name: name, data: data, language: d.language, builder: newBuilder(ctx, limits, o.Pages, o.Words, doc, sink)}
	err := guard(func() error { return p(s) })
	if err == nil || errors.Is(err, errCut) || s.page != nil && ctx.Err() == nil {
		// What was read of a page that is cut off or damaged stands.
		if e := s.endPage(); e != nil && err == nil {
			err = e
		}
	}
	return err
}

// sink is the caller's, or one that keeps everything in the document.
func (o Options) sink(doc *Document) Sink {
	if o.Sink != nil {
		return *o.Sink
	}
	return Sink{
		Page: func(p Page) error { doc.Pages = append(doc.Pages, p); return nil },
		Rows: func(t Table, rows []Row) error { doc.addRows(t, rows); return nil },
	}
}

func (d *Document) addRows(t Table, rows []Row) {
	for i := len(d.Tables) - 1; i >= 0; i-- {
		if d.Tables[i].ID == t.ID {
			d.Tables[i].Rows = append(d.Tables[i].Rows, rows...)
			return
		}
	}
	t.Rows = append([]Row(nil), rows...)
	d.Tables = append(d.Tables, t)
}

// guard makes an error of a panic: of a library's, on a file nobody thought of.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Problem: Damaged, Detail: fmt.Sprintf("its parser failed (%v)", p)}
		}
	}()
	return f()
}

// finish states the outcome.
func (r *Receipt) finish(err error, limits Limits) {
	var p *Error
	switch {
	case err == nil || errors.Is(err, errCut):
	case errors.As(err, &p):
		r.Problem = p.Problem
		r.Error = (&Error{Problem: p.Problem, Detail: p.Detail}).Error()
	case errors.Is(err, context.DeadlineExceeded):
		r.Problem, r.Error = TimedOut, fmt.Sprintf("it took longer than %v", limits.Time)
	case errors.Is(err, context.Canceled):
		r.Problem, r.Error = Cancelled, "cancelled"
	default:
		r.Problem, r.Error = Damaged, err.Error()
	}
	if r.PagesTotal < r.Pages {
		r.PagesTotal = r.Pages
	}
	r.settle()
}

// settle derives the status from what was read and what was not.
func (r *Receipt) settle() {
	switch {
	case r.Characters == 0:
		r.Status = Unread
		if r.Problem == "" {
			r.Problem = NoContent
			if r.Images > 0 {
				r.Problem = NeedsOCR
			}
		}
		if r.Error == "" {
			r.Error = (&Error{Problem: r.Problem}).Error()
			if len(r.Skipped) > 0 && r.Problem != NoContent && r.Problem != NeedsOCR {
				r.Error = r.Skipped[0].What + ": " + r.Skipped[0].Why
			}
		}
	case r.Problem != "" || slices.ContainsFunc(r.Skipped, func(s Skip) bool { return !s.Minor }):
		r.Status = Partial
		if r.Error != "" {
			r.skip(fmt.Sprintf("what follows %s %d", orPart(r.Unit), r.Pages), "", r.Error)
		}
	default:
		r.Status = Read
	}
}

func orPart(unit string) string {
	if unit == "" {
		return "part"
	}
	return unit
}

// problemError is the receipt's problem as an error, if nothing was read; a file
// read in part is none.
func (r *Receipt) problemError(err error) error {
	if r.Status != Unread {
		var p *Error
		if err != nil && !errors.As(err, &p) && !errors.Is(err, errCut) && !errors.Is(err, context.DeadlineExceeded) {
			return err // of the sink or of the caller's context
		}
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &Error{File: r.File, Problem: r.Problem, Detail: r.Error}
}
