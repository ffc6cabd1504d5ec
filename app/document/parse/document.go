// Package parse turns files into text with structure and positions, and into a
// receipt that says what was read and what was not.
//
// Files are hostile until shown otherwise. A [Reader] hands each one to a worker
// process that can reach neither the disk nor the network, has bounds of time
// and memory, and is killed when it passes them; what it had read by then is
// kept. [Parse] does the same work in the calling process.
package parse

import (
	"time"
)

// Kind is what a file is, found by its content first and its name second.
type Kind string

const (
	PDF      Kind = "pdf"
	DOCX     Kind = "docx"
	PPTX     Kind = "pptx"
	XLSX     Kind = "xlsx"
	ODT      Kind = "odt"
	ODP      Kind = "odp"
	ODS      Kind = "ods"
	CSV      Kind = "csv"
	TSV      Kind = "tsv"
	HTML     Kind = "html"
	EPUB     Kind = "epub"
	RTF      Kind = "rtf"
	Markdown Kind = "markdown"
	Text     Kind = "text"
	Code     Kind = "code"
	EML      Kind = "eml"
	MSG      Kind = "msg"
	Image    Kind = "image"
	Unknown  Kind = "unknown"
)

// BlockKind is the part that a block plays in its document.
type BlockKind string

const (
	Heading   BlockKind = "heading"
	Paragraph BlockKind = "paragraph"
	ListItem  BlockKind = "item"
	TableRow  BlockKind = "row"
	CodeBlock BlockKind = "code"
	Note      BlockKind = "note"    // footnote, comment, speaker's note
	Field     BlockKind = "field"   // a line of a message's header
	Running   BlockKind = "running" // page number, header or footer of a page
)

// Document is all that was read of one file.
type Document struct {
	Kind     Kind    `json:"kind"`
	Title    string  `json:"title,omitempty"`
	Author   string  `json:"author,omitempty"`
	Language string  `json:"language,omitempty"` // as the file states it, BCP 47
	Pages    []Page  `json:"pages"`
	Tables   []Table `json:"tables,omitempty"`
	Receipt  Receipt `json:"receipt"`
}

// Page is what the file's kind calls one: a page, a slide, rows of a sheet, a
// chapter; a file without such parts is cut into parts of some length.
type Page struct {
	Number int     `json:"number"` // from 1
	Label  string  `json:"label,omitempty"`
	Text   string  `json:"text"`
	Width  float64 `json:"width,omitempty"` // in points, 0 where the kind has none
	Height float64 `json:"height,omitempty"`
	Blocks []Block `json:"blocks,omitempty"`
	Lines  []Span  `json:"lines,omitempty"` // where the text has positions
	Words  []Span  `json:"words,omitempty"` // where asked for
	// Scanned says that the page shows something that is not text: an image of
	// it needs text recognition. Recognised says that this has been done.
	Scanned    bool `json:"scanned,omitempty"`
	Recognised bool `json:"recognised,omitempty"`
	Images     int  `json:"images,omitempty"`
}

// Block is a piece of a page with one part to play.
type Block struct {
	Kind  BlockKind `json:"kind"`
	Level int       `json:"level,omitempty"` // of a heading from 1, of a list item from 0
	// Text is what Page.Text[Start:End] says, without line breaks and hyphens
	// of the layout.
	Text  string `json:"text,omitempty"`
	Start int    `json:"start"` // in bytes
	End   int    `json:"end"`
	// Path are the headings that the block stands under, outermost first.
	Path  []string `json:"path,omitempty"`
	Boxes []Box    `json:"boxes,omitempty"` // one a line, where known
	Table int      `json:"table,omitempty"` // of a row: its Table's ID
	Row   int      `json:"row,omitempty"`   // of a row: its number in the table or sheet, from 1
}

// Span is a line or word of the page's text and where it stands.
type Span struct {
	Start int `json:"s"` // in bytes of Page.Text
	End   int `json:"e"`
	Box   Box `json:"b"`
}

// Box is a rectangle on a page: left, top, right, bottom, in points from the
// page's upper left corner.
type Box [4]float64

// Table is a sheet, or a table within a text.
type Table struct {
	ID      int      `json:"id"` // from 1
	Name    string   `json:"name,omitempty"`
	Page    int      `json:"page,omitempty"`    // where it begins
	Columns []string `json:"columns,omitempty"` // the header, if one was recognised
	Header  int      `json:"header,omitempty"`  // number of the header's row
	Sheet   bool     `json:"sheet,omitempty"`
	Hidden  bool     `json:"hidden,omitempty"`
	Rows    []Row    `json:"rows,omitempty"`
}

// Row is a row of a table; empty ones are left out.
type Row struct {
	Number int    `json:"r"` // from 1, as the sheet counts
	Cells  []Cell `json:"c"`
}

// CellType is the type of a cell's value.
type CellType string

const (
	Empty   CellType = ""
	String  CellType = "s"
	Number  CellType = "n"
	Boolean CellType = "b"
	Date    CellType = "d" // Text is 2006-01-02, 2006-01-02T15:04:05 or 15:04:05
	Fault   CellType = "e" // #DIV/0! and its like
)

// Cell is a value as the file has it.
type Cell struct {
	Type    CellType `json:"t,omitempty"`
	Text    string   `json:"x,omitempty"`
	Number  float64  `json:"n,omitempty"` // of a number, 0.12 where Text and Format are 12 %; 1 for true
	Formula string   `json:"f,omitempty"` // the value is the one saved with it
	Format  string   `json:"u,omitempty"` // "%" or a currency's sign
}

// Status says how much of a file was read.
type Status string

const (
	Read    Status = "read"    // all that the file says in text
	Partial Status = "partial" // Skipped says what is missing
	Unread  Status = "unread"  // nothing; Problem says why
)

// Receipt is the account of one file: what was read, what was not, and why.
type Receipt struct {
	File       string   `json:"file"`
	SHA256     string   `json:"sha256,omitempty"`
	Size       int64    `json:"size"`
	Kind       Kind     `json:"kind"`
	Encoding   string   `json:"encoding,omitempty"`
	Status     Status   `json:"status"`
	Problem    Problem  `json:"problem,omitempty"`
	Error      string   `json:"error,omitempty"`
	Unit       string   `json:"unit,omitempty"` // what a page is called: page, slide, part …
	Pages      int      `json:"pages"`          // read
	PagesTotal int      `json:"pages_total"`    // in the file, as far as known
	Recognised int      `json:"recognised,omitempty"`
	Characters int      `json:"characters"`
	Words      int      `json:"words"`
	Tables     int      `json:"tables"`
	Rows       int      `json:"rows,omitempty"`
	Images     int      `json:"images"`
	Skipped    []Skip   `json:"skipped,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
	// Took is the time in milliseconds.
	Took int64 `json:"took_ms"`
}

// Skip is something that the file holds and that was not read.
type Skip struct {
	What  string `json:"what"`
	Where string `json:"where,omitempty"`
	Why   string `json:"why"`
	Count int    `json:"count,omitempty"`
	// Minor is what stands beside the text: the file counts as read without it.
	Minor bool `json:"minor,omitempty"`
}

// Progress is how far a file has been read.
type Progress struct {
	File  string `json:"file"`
	Done  int    `json:"done"`
	Total int    `json:"total"` // 0 where unknown
	Unit  string `json:"unit"`
}

// Sink takes a document piece by piece, in order. A function that is nil is not
// called. An error ends the reading.
type Sink struct {
	Page     func(Page) error
	Rows     func(Table, []Row) error // the table without its rows, and some of them
	Progress func(Progress)
}

// Options say how a file is to be read.
type Options struct {
	Limits Limits
	Pages  Ranges // of these pages only; empty: of all
	Words  bool   // fill Page.Words
	// Sink takes pages and rows as they are read; those are then not kept in
	// the Document.
	Sink *Sink
}

// Limits bound what one file may cost. A zero field means the default.
type Limits struct {
	Bytes      int64         `json:"bytes"`      // of the file
	Time       time.Duration `json:"time"`       // in all
	Memory     int64         `json:"memory"`     // of the worker
	Pages      int           `json:"pages"`      // read at most
	Characters int           `json:"characters"` // read at most
	Rows       int           `json:"rows"`       // of one table
	Cells      int           `json:"cells"`      // of all tables
	Columns    int           `json:"columns"`    // of a row
	Depth      int           `json:"depth"`      // of nested elements, groups, parts
	Entries    int           `json:"entries"`    // of an archive
	Expanded   int64         `json:"expanded"`   // bytes out of an archive, in all
	Ratio      int64         `json:"ratio"`      // bytes out of a byte of an archive, beyond the first MB
}

// DefaultLimits are generous to real files.
func DefaultLimits() Limits {
	return Limits{
		Bytes: 512 << 20, Time: 5 * time.Minute, Memory: 768 << 20,
		Pages: 20_000, Characters: 100_000_000,
		Rows: 1_048_576, Cells: 20_000_000, Columns: 16_384,
		Depth: 200, Entries: 20_000, Expanded: 1 << 30, Ratio: 300,
	}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	set(&l.Bytes, d.Bytes)
	set(&l.Time, d.Time)
	set(&l.Memory, d.Memory)
	set(&l.Pages, d.Pages)
	set(&l.Characters, d.Characters)
	set(&l.Rows, d.Rows)
	set(&l.Cells, d.Cells)
	set(&l.Columns, d.Columns)
	set(&l.Depth, d.Depth)
	set(&l.Entries, d.Entries)
	set(&l.Expanded, d.Expanded)
	set(&l.Ratio, d.Ratio)
	return l
}

func set[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}
