package parse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// Exit codes by which a worker says why it ended.
const (
	workerDone   = 0
	workerFailed = 3
	workerMemory = 9
)

// Worker is the other end of a Reader: it reads files from in and answers on out
// until in ends. The process is shut in first: it can open no file but those in
// cache, where compiled code lies, and reach no network. warm lets it write
// there; such a worker compiles PDFium and ends. It returns the process's exit
// code.
func Worker(in io.Reader, out io.Writer, cache string, warm bool) int {
	SetCache(cache)
	if warm {
		if err := Warm(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return workerFailed
		}
		return workerDone
	}
	sandbox := confine(cache)
	r, w := bufio.NewReaderSize(in, 256<<10), bufio.NewWriterSize(out, 64<<10)
	if err := writeJSON(w, answer{Ready: true, Sandbox: sandbox}); err != nil {
		return workerFailed
	}
	var data []byte
	for {
		var q request
		if err := readJSON(r, &q); err != nil {
			if errors.Is(err, io.EOF) {
				return workerDone
			}
			return workerFailed
		}
		watchMemory(q.Limits.withDefaults().Memory)
		if !q.Same {
			var err error
			if data, err = readBody(r, q.Size, q.Limits.withDefaults().Bytes); err != nil {
				return workerFailed
			}
		}
		if err := q.serve(data, w); err != nil {
			return workerFailed
		}
		debug.FreeOSMemory()
	}
}

// readBody reads a file's frames.
func readBody(r io.Reader, size, most int64) ([]byte, error) {
	data := make([]byte, 0, min(max(size, 0), most)+1)
	for {
		b, err := readFrame(r, 8<<20)
		if err != nil {
			return nil, err
		}
		if len(b) == 0 {
			return data, nil
		}
		if int64(len(data)+len(b)) > most+1 {
			return nil, errors.New("the file is too large")
		}
		data = append(data, b...)
	}
}

func (q request) serve(data []byte, w *bufio.Writer) error {
	switch {
	case q.Render != nil:
		return q.serveImage(data, w)
	case q.Mark != nil:
		boxes, err := highlight(data, *q.Mark)
		if err != nil {
			return writeJSON(w, answer{Failed: failed(err)})
		}
		return writeJSON(w, answer{Boxes: boxes})
	}
	last := time.Time{}
	doc, err := Parse(context.Background(), q.Name, data, Options{Limits: q.Limits, Pages: q.Pages, Words: q.Words, Sink: &Sink{
		Page: func(p Page) error {
			packed := p.pack()
			return writeJSON(w, answer{Page: &packed})
		},
		Rows: func(t Table, rows []Row) error {
			t.Rows = rows
			return writeJSON(w, answer{Table: &t})
		},
		Progress: func(p Progress) {
			if time.Since(last) > 50*time.Millisecond {
				last = time.Now()
				p.File = q.Name
				_ = writeJSON(w, answer{Progress: &p})
			}
		},
	}})
	var p *Error
	if err != nil && !errors.As(err, &p) {
		return err // the other end is gone
	}
	return writeJSON(w, answer{Done: doc})
}

func (q request) serveImage(data []byte, w *bufio.Writer) error {
	var png []byte
	var pic picture
	err := guard(func() (err error) {
		png, pic, err = renderPage(data, *q.Render)
		return err
	})
	if err != nil {
		return writeJSON(w, answer{Failed: failed(err)})
	}
	if err := writeJSON(w, answer{Image: &pic}); err != nil {
		return err
	}
	if err := writeFrame(w, png); err != nil {
		return err
	}
	return w.Flush()
}

func failed(err error) *failure {
	var p *Error
	if errors.As(err, &p) {
		return &failure{Problem: p.Problem, Detail: p.Detail}
	}
	return &failure{Problem: Damaged, Detail: err.Error()}
}

var memoryMost atomic.Int64

// watchMemory ends the process when it holds more than most bytes: what it has
// read by then has been told.
func watchMemory(most int64) {
	debug.SetMemoryLimit(most * 3 / 4)
	if memoryMost.Swap(most) != 0 {
		return
	}
	go func() {
		s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for {
			metrics.Read(s)
			if held := s[0].Value.Uint64() - s[1].Value.Uint64(); held > uint64(memoryMost.Load()) {
				os.Exit(workerMemory)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
}
