package parse

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// Config says how a Reader works.
type Config struct {
	// Worker is the command that runs [Worker]; the Reader adds the folder of
	// compiled code and, to fill it, "warm". By default it is this program
	// with [WorkerVerb].
	Worker []string
	Cache  string // folder for compiled code; default: in the user's cache
	Most   int    // files read at the same time; default: half the processors
	OCR    *OCR   // nil: scanned pages and images are told, not read
}

// WorkerVerb is the argument that makes the program a worker.
const WorkerVerb = "document-worker"

// Reader reads files in worker processes. It may be used by several goroutines.
type Reader struct {
	config Config
	slots  chan struct{}

	mu     sync.Mutex
	idle   []*process
	closed bool

	warm   sync.Mutex
	isWarm bool
}

// NewReader prepares to read files. It starts nothing yet.
func NewReader(c Config) (*Reader, error) {
	if len(c.Worker) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this program to start it as a worker: %w", err)
		}
		c.Worker = []string{exe, WorkerVerb}
	}
	if c.Cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			dir = os.TempDir()
		}
		c.Cache = filepath.Join(dir, "freehold", "pdfium")
	}
	// A worker may read what lies there when it starts: one that began before the
	// folder was made could not read PDFs later. What is wrong is told by warmUp.
	_ = os.MkdirAll(c.Cache, 0o700)
	if c.Most <= 0 {
		c.Most = max(1, runtime.NumCPU()/2)
	}
	return &Reader{config: c, slots: make(chan struct{}, c.Most)}, nil
}

// Close ends the workers that are idle. Files being read are finished.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, p := range r.idle {
		p.end()
	}
	r.idle = nil
	return nil
}

// OCR tells what recognises text for this Reader, nil if nothing does.
func (r *Reader) OCR() *OCR { return r.config.OCR }

// Read reads the file at path. The document is never nil, and its receipt says
// what was read; a file of which nothing was read is an *Error. When ctx ends,
// what was read by then is returned with its error.
func (r *Reader) Read(ctx context.Context, path string, o Options) (*Document, error) {
	start := time.Now()
	limits := o.Limits.withDefaults()
	doc := &Document{Kind: Unknown, Receipt: Receipt{File: path, Kind: Unknown}}
	receipt := &doc.Receipt
	fail := func(err error) (*Document, error) {
		receipt.finish(err, limits)
		receipt.Took = time.Since(start).Milliseconds()
		return doc, receipt.problemError(err)
	}
	f, size, err := openFile(path, limits)
	receipt.Size = size
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return fail(ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, limits.Time)
	defer cancel()
	p, err := r.process(ctx, f)
	if err != nil {
		return fail(err)
	}
	j := &job{Reader: r, ctx: ctx, path: path, doc: doc, sink: o.sink(doc), limits: limits, options: o}
	defer j.close()
	reused := p.files > 0
	err = j.read(p, f)
	if err != nil && reused && !j.heard && ctx.Err() == nil {
		// It had died while it waited; the file is not to blame.
		if p, err = startWorker(r.config); err == nil {
			if _, err = f.Seek(0, io.SeekStart); err == nil {
				err = j.read(p, f)
			}
		}
	}
	receipt.File, receipt.Size = path, size
	if j.sum != "" {
		receipt.SHA256 = j.sum
	}
	doc.Kind = receipt.Kind
	if err != nil {
		return fail(err)
	}
	if j.recognised > 0 {
		j.settleOCR()
	}
	receipt.Took = time.Since(start).Milliseconds()
	if receipt.Status == Unread {
		return doc, &Error{File: path, Problem: receipt.Problem, Detail: receipt.Error}
	}
	return doc, nil
}

// openFile opens what is a file and not too large.
func openFile(path string, limits Limits) (*os.File, int64, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, 0, problem(Unreadable, "%v", errors.Unwrap(err))
	case info.IsDir():
		return nil, 0, problem(Unsupported, "it is a folder")
	case !info.Mode().IsRegular():
		return nil, 0, problem(Unsupported, "it is no ordinary file")
	case info.Size() == 0:
		return nil, 0, problem(NoContent, "")
	case info.Size() > limits.Bytes:
		return nil, info.Size(), problem(TooLarge, "it is larger than %d MB", limits.Bytes>>20)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, info.Size(), problem(Unreadable, "%v", errors.Unwrap(err))
	}
	return f, info.Size(), nil
}

// job is one file on its way.
type job struct {
	*Reader
	ctx     context.Context
	path    string
	doc     *Document
	sink    Sink
	sinkErr error
	limits  Limits
	options Options
	sum     string
	heard   bool // the worker has answered

	painter    *process // draws the pages to be recognised
	painted    bool     // it has the file
	recognised int
	unread     map[int]string // scanned pages that could not be recognised
}

func (j *job) close() {
	if j.painter != nil {
		j.release(j.painter)
	}
}

// read sends the file and takes what the worker says.
func (j *job) read(p *process, f *os.File) error {
	stop := context.AfterFunc(j.ctx, func() {
		// Parsers in Go end by themselves and say what they have; PDFium does
		// not look at the clock.
		if errors.Is(j.ctx.Err(), context.DeadlineExceeded) {
			time.Sleep(500 * time.Millisecond)
		}
		p.kill()
	})
	defer stop()
	h := sha256.New()
	q := request{Name: filepath.Base(j.path), Size: j.doc.Receipt.Size, Limits: j.limits, Pages: j.options.Pages, Words: j.options.Words}
	err := p.send(q, io.TeeReader(f, h))
	j.sum = hex.EncodeToString(h.Sum(nil))
	if err == nil {
		err = j.receive(p)
	}
	switch {
	case err == nil && stop():
		j.release(p)
		return nil
	case err == nil:
		p.kill()
		p.wait()
		return nil
	}
	p.kill()
	code := p.wait()
	switch {
	case j.sinkErr != nil:
		return j.sinkErr
	case j.ctx.Err() != nil:
		return j.ctx.Err()
	case code == workerMemory:
		return problem(OutOfMemory, "it needs more than %d MB of memory", j.limits.Memory>>20)
	}
	return problem(Damaged, "its parser failed (%v)", err)
}

// receive takes answers up to the last.
func (j *job) receive(p *process) error {
	r := &j.doc.Receipt
	for {
		var a answer
		if err := readJSON(p.out, &a); err != nil {
			return err
		}
		j.heard = true
		switch {
		case a.Page != nil:
			if err := a.Page.unpack(); err != nil {
				return err
			}
			if a.Page.Scanned && j.config.OCR != nil {
				j.recognise(a.Page)
			}
			// Should the worker end here, this is what was read.
			chars, words := measure(a.Page.Text)
			r.Pages++
			r.Characters += chars
			r.Words += words
			if j.sink.Page != nil {
				if j.sinkErr = j.sink.Page(*a.Page); j.sinkErr != nil {
					return j.sinkErr
				}
			}
		case a.Table != nil && j.sink.Rows != nil:
			rows := a.Table.Rows
			a.Table.Rows = nil
			if j.sinkErr = j.sink.Rows(*a.Table, rows); j.sinkErr != nil {
				return j.sinkErr
			}
		case a.Progress != nil:
			if r.Unit, r.PagesTotal = a.Progress.Unit, a.Progress.Total; j.sink.Progress != nil {
				a.Progress.File = j.path
				j.sink.Progress(*a.Progress)
			}
			if j.doc.Kind == Unknown && a.Progress.Unit == "page" {
				r.Kind = PDF
			}
		case a.Done != nil:
			d := a.Done
			counted := *r
			j.doc.Kind, j.doc.Title, j.doc.Author, j.doc.Language, j.doc.Receipt = d.Kind, d.Title, d.Author, d.Language, d.Receipt
			r.Characters, r.Words = counted.Characters, counted.Words
			return nil
		}
	}
}

// Picture is an image of a page.
type Picture struct {
	PNG           []byte
	Width, Height int     // in pixels
	Scale         float64 // pixels per point
}

// Image draws a page of a PDF, or makes a PNG of an image file.
func (r *Reader) Image(ctx context.Context, path string, page, dpi int) (Picture, error) {
	var pic Picture
	err := r.ask(ctx, path, request{Render: &render{Page: page, DPI: dpi}}, func(a answer, p *process) (err error) {
		if a.Image == nil {
			return errors.New("the worker gave no image")
		}
		pic = Picture{Width: a.Image.Width, Height: a.Image.Height, Scale: a.Image.Scale}
		pic.PNG, err = readFrame(p.out, frameMost)
		return err
	})
	return pic, err
}

// Highlight finds where the bytes from start to end of a PDF page's text stand.
func (r *Reader) Highlight(ctx context.Context, path string, page, start, end int) ([]Box, error) {
	var boxes []Box
	err := r.ask(ctx, path, request{Mark: &mark{Page: page, Start: start, End: end}}, func(a answer, _ *process) error {
		boxes = a.Boxes
		return nil
	})
	return boxes, err
}

// ask sends a file with a question that has one answer.
func (r *Reader) ask(ctx context.Context, path string, q request, take func(answer, *process) error) error {
	limits := q.Limits.withDefaults()
	q.Name, q.Limits = filepath.Base(path), limits
	f, size, err := openFile(path, limits)
	if err != nil {
		return withFile(err, path)
	}
	q.Size = size
	defer f.Close()
	ctx, cancel := context.WithTimeout(ctx, min(limits.Time, time.Minute))
	defer cancel()
	p, err := r.process(ctx, f)
	if err != nil {
		return withFile(err, path)
	}
	return withFile(r.exchange(ctx, p, q, f, take, true), path)
}

func withFile(err error, path string) error {
	var p *Error
	if errors.As(err, &p) && p.File == "" {
		return &Error{File: path, Problem: p.Problem, Detail: p.Detail}
	}
	return err
}

// exchange asks a process one question. release puts it back afterwards; a
// process that fails is ended.
func (r *Reader) exchange(ctx context.Context, p *process, q request, f io.Reader, take func(answer, *process) error, release bool) error {
	stop := context.AfterFunc(ctx, p.kill)
	defer stop()
	var a answer
	err := p.send(q, f)
	if err == nil {
		err = readJSON(p.out, &a)
	}
	if err == nil && a.Failed == nil {
		err = take(a, p)
	}
	if err != nil {
		p.kill()
		code := p.wait()
		switch {
		case ctx.Err() != nil:
			return problem(TimedOut, "")
		case code == workerMemory:
			return problem(OutOfMemory, "")
		}
		return problem(Damaged, "its parser failed (%v)", err)
	}
	if release {
		r.release(p)
	}
	if a.Failed != nil {
		return &Error{Problem: a.Failed.Problem, Detail: a.Failed.Detail}
	}
	return nil
}

// process returns a worker that is ready for the file.
func (r *Reader) process(ctx context.Context, f *os.File) (*process, error) {
	head := make([]byte, 1024)
	n, _ := f.ReadAt(head, 0)
	if bytes.Contains(head[:n], []byte("%PDF-")) {
		if err := r.warmUp(ctx); err != nil {
			return nil, problem(Unreadable, "%v", err)
		}
	}
	r.mu.Lock()
	for len(r.idle) > 0 {
		p := r.idle[len(r.idle)-1]
		r.idle = r.idle[:len(r.idle)-1]
		if p.alive() {
			r.mu.Unlock()
			return p, nil
		}
	}
	r.mu.Unlock()
	p, err := startWorker(r.config)
	if err != nil {
		return nil, problem(Unreadable, "the worker that reads files cannot be started (%v)", err)
	}
	return p, nil
}

// filesMost is how many files a worker reads before another takes its place.
const filesMost = 100

func (r *Reader) release(p *process) {
	r.mu.Lock()
	keep := !r.closed && p.files < filesMost && len(r.idle) < r.config.Most && p.alive()
	if keep {
		r.idle = append(r.idle, p)
	}
	r.mu.Unlock()
	if !keep {
		p.end()
	}
}
