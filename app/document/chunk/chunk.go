// Package chunk cuts documents into the pieces that are indexed and cited:
// whole paragraphs, list items and table rows that stand together, as many as
// suit the embedder. A chunk never leaves its page, so that a citation opens
// one page.
package chunk

import (
	"slices"
	"strings"

	"freehold/app/document"
	"freehold/app/document/parse"
)

// Counter tells how many tokens a text takes, special ones included.
type Counter func(text string) int

// Sizes of chunks in the embedder's tokens, heading and special ones included.
type Sizes struct {
	Least  int // a smaller chunk goes on past a heading
	Target int // a chunk that has this many ends
	Most   int // no chunk is larger
}

// SizesFor suits an embedder that reads at most limit tokens of a text.
func SizesFor(limit int) Sizes {
	s := Sizes{Least: 100, Target: 280, Most: 400}
	if limit > 0 && limit < s.Most {
		s = Sizes{Least: limit / 4, Target: limit * 7 / 10, Most: limit}
	}
	return s
}

// Splitter cuts the pages of one document, given in their order.
type Splitter struct {
	document string
	count    Counter
	sizes    Sizes
	special  int // tokens around any text
	seq      int
	tables   map[int]string // the first row of each, which names the columns

	page   parse.Page
	pieces []piece // of the chunk that is being filled
	tokens int     // of these
	ready  []document.Chunk
}

// piece is a block, or a part of a long one.
type piece struct {
	kind       parse.BlockKind
	text       string
	start, end int
	path       []string
	table      int
	tokens     int
}

// New starts on a document.
func New(id string, count Counter, sizes Sizes) *Splitter {
	return &Splitter{document: id, count: count, sizes: sizes, special: count(""), tables: map[int]string{}}
}

// Page cuts a page and returns its chunks.
func (s *Splitter) Page(p parse.Page) []document.Chunk {
	s.page, s.ready = p, nil
	for _, b := range blocks(p) {
		if b.Kind == parse.Running || strings.TrimSpace(b.Text) == "" || b.Start < 0 || b.End > len(p.Text) || b.Start > b.End {
			continue
		}
		s.block(b)
	}
	s.flush()
	return s.ready
}

// blocks of a page; one without any is cut at its empty lines.
func blocks(p parse.Page) []parse.Block {
	if len(p.Blocks) > 0 {
		return p.Blocks
	}
	var all []parse.Block
	for at := 0; at < len(p.Text); {
		end := strings.Index(p.Text[at:], "\n\n")
		if end < 0 {
			end = len(p.Text) - at
		}
		all = append(all, parse.Block{Kind: parse.Paragraph, Text: strings.Join(strings.Fields(p.Text[at:at+end]), " "), Start: at, End: at + end})
		at += end + 2
	}
	return all
}

func (s *Splitter) block(b parse.Block) {
	x := piece{kind: b.Kind, text: strings.TrimSpace(b.Text), start: b.Start, end: b.End, path: b.Path, table: b.Table}
	if b.Kind == parse.TableRow && b.Table != 0 && s.tables[b.Table] == "" {
		s.tables[b.Table] = x.text
	}
	if b.Kind == parse.Heading && s.tokens >= s.sizes.Least {
		s.flush()
	}
	for _, x := range s.parts(x) {
		s.add(x)
	}
}

// add puts a piece into the chunk, which it may end or begin.
func (s *Splitter) add(x piece) {
	x.tokens = s.plain(x.text)
	if len(s.pieces) > 0 {
		full := s.tokens+x.tokens+s.overhead(x) > s.sizes.Most
		moved := s.tokens >= s.sizes.Least && !slices.Equal(x.path, s.pieces[len(s.pieces)-1].path) && s.pieces[len(s.pieces)-1].kind != parse.Heading
		if full || moved || s.tokens >= s.sizes.Target && !s.holds(x) {
			s.flush()
		}
	}
	s.pieces = append(s.pieces, x)
	s.tokens += x.tokens
}

// holds tells pieces that should not be parted from what stands before them.
func (s *Splitter) holds(x piece) bool {
	last := s.pieces[len(s.pieces)-1]
	if last.kind == parse.Heading {
		return true
	}
	// Items and rows stay together while there is room; so does a list with the line that announces it.
	return (x.kind == parse.ListItem || x.kind == parse.TableRow) && (last.kind == x.kind || strings.HasSuffix(last.text, ":"))
}

// overhead is what heading and columns take beside the pieces, were x among them.
func (s *Splitter) overhead(x piece) int {
	first := x
	if len(s.pieces) > 0 {
		first = s.pieces[0]
	}
	n := s.special
	if h := heading(first.path, s.page); len(h) > 0 {
		n += s.plain(strings.Join(h, " › "))
	}
	if first.kind == parse.TableRow && s.tables[first.table] != first.text {
		n += s.plain(s.tables[first.table])
	}
	return n
}

// plain counts the tokens of a text within a chunk.
func (s *Splitter) plain(text string) int { return s.count(text) - s.special }

const (
	headings     = 4  // innermost ones that are kept
	headingRunes = 80 // of each
)

// heading is the path that is kept with a chunk.
func heading(path []string, p parse.Page) []string {
	h := path[max(0, len(path)-headings):]
	if len(h) == 0 && p.Label != "" && strings.ContainsFunc(p.Label, func(r rune) bool { return r > '9' }) {
		h = []string{p.Label} // the name of a sheet or slide
	}
	short := make([]string, len(h))
	for i, t := range h {
		t = strings.Join(strings.Fields(t), " ")
		if r := []rune(t); len(r) > headingRunes {
			t = string(r[:headingRunes-1]) + "…"
		}
		short[i] = t
	}
	return short
}

// flush ends the chunk that is being filled.
func (s *Splitter) flush() {
	if len(s.pieces) == 0 {
		return
	}
	pieces := s.pieces
	s.pieces, s.tokens = nil, 0
	path := pieces[0].path
	var text strings.Builder
	if first := pieces[0]; first.kind == parse.TableRow && s.tables[first.table] != "" && s.tables[first.table] != first.text {
		text.WriteString(s.tables[first.table] + "\n")
	}
	for i, x := range pieces {
		if i > 0 {
			if pieces[i-1].start == x.start && pieces[i-1].kind == x.kind || pieces[i-1].end == x.start {
				text.WriteByte(' ') // parts of one block
			} else {
				text.WriteByte('\n')
			}
		}
		text.WriteString(x.text)
		path = common(path, x.path)
	}
	c := document.Chunk{Document: s.document, Seq: s.seq, Page: s.page.Number, EndPage: s.page.Number,
		Start: pieces[0].start, End: pieces[len(pieces)-1].end, Heading: heading(path, s.page), Text: text.String()}
	c.Tokens = s.count(c.Indexed())
	for c.Tokens > s.sizes.Most && len(c.Heading) > 0 { // tokens of parts do not add up exactly
		c.Heading = c.Heading[1:]
		c.Tokens = s.count(c.Indexed())
	}
	if c.Tokens > s.sizes.Most && len(pieces) > 1 {
		half := len(pieces) / 2
		for _, part := range [][]piece{pieces[:half], pieces[half:]} {
			s.pieces = part
			s.flush()
		}
		return
	}
	s.seq++
	s.ready = append(s.ready, c)
}

func common(a, b []string) []string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}
