package parse

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Messages between a Reader and its worker: a length of four bytes, then that
// many bytes. A request is JSON, the file's bytes in frames, and an empty frame.
// Answers are JSON, each with one of the fields of answer; an image follows as
// one more frame.

// frameMost bounds one frame.
const frameMost = 256 << 20

// request is what a worker is asked for.
type request struct {
	Name   string  `json:"name"`
	Size   int64   `json:"size"` // of the file, about
	Limits Limits  `json:"limits"`
	Pages  Ranges  `json:"pages,omitempty"`
	Words  bool    `json:"words,omitempty"`
	Same   bool    `json:"same,omitempty"`   // no file follows: the last one is meant
	Render *render `json:"render,omitempty"` // an image of a page instead
	Mark   *mark   `json:"mark,omitempty"`   // where a passage stands instead
}

type render struct {
	Page int `json:"page"`
	DPI  int `json:"dpi"`
}

type mark struct {
	Page  int `json:"page"`
	Start int `json:"start"`
	End   int `json:"end"`
}

type answer struct {
	Ready    bool      `json:"ready,omitempty"` // the worker has shut itself in
	Sandbox  string    `json:"sandbox,omitempty"`
	Page     *Page     `json:"page,omitempty"`
	Table    *Table    `json:"table,omitempty"` // with some of its rows
	Progress *Progress `json:"progress,omitempty"`
	Done     *Document `json:"done,omitempty"` // without pages and tables
	Image    *picture  `json:"image,omitempty"`
	Boxes    []Box     `json:"boxes,omitempty"`
	Failed   *failure  `json:"failed,omitempty"`
}

type picture struct {
	Width  int     `json:"width"` // in pixels
	Height int     `json:"height"`
	Scale  float64 `json:"scale"` // pixels per point
}

type failure struct {
	Problem Problem `json:"problem"`
	Detail  string  `json:"detail"`
}

// pack leaves out what unpack can restore: the text of blocks that stands in the
// page's as it is.
func (p Page) pack() Page {
	blocks := make([]Block, len(p.Blocks))
	copy(blocks, p.Blocks)
	for i := range blocks {
		b := &blocks[i]
		if b.Text == p.Text[b.Start:b.End] {
			b.Text = ""
		}
		if i > 0 && samePath(b.Path, p.Blocks[i-1].Path) && len(b.Path) > 0 {
			b.Path = []string{"\x00"}
		}
	}
	p.Blocks = blocks
	return p
}

func samePath(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// unpack checks what a worker says and completes it.
func (p *Page) unpack() error {
	for i := range p.Blocks {
		b := &p.Blocks[i]
		if b.Start < 0 || b.End < b.Start || b.End > len(p.Text) {
			return errors.New("a block lies outside its page")
		}
		if b.Text == "" {
			b.Text = p.Text[b.Start:b.End]
		}
		if len(b.Path) == 1 && b.Path[0] == "\x00" {
			if i == 0 {
				return errors.New("a block without its headings")
			}
			b.Path = p.Blocks[i-1].Path
		}
	}
	for _, spans := range [][]Span{p.Lines, p.Words} {
		for _, s := range spans {
			if s.Start < 0 || s.End < s.Start || s.End > len(p.Text) {
				return errors.New("a line lies outside its page")
			}
		}
	}
	return nil
}

func writeFrame(w io.Writer, b []byte) error {
	var n [4]byte
	binary.LittleEndian.PutUint32(n[:], uint32(len(b)))
	if _, err := w.Write(n[:]); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}

func readFrame(r io.Reader, most int) ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, err
	}
	size := int64(binary.LittleEndian.Uint32(n[:]))
	if size > int64(most) {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	b := make([]byte, size)
	_, err := io.ReadFull(r, b)
	return b, err
}

func writeJSON(w *bufio.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(b) > frameMost {
		return fmt.Errorf("a message of %d bytes", len(b))
	}
	if err := writeFrame(w, b); err != nil {
		return err
	}
	return w.Flush()
}

func readJSON(r io.Reader, v any) error {
	b, err := readFrame(r, frameMost)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
