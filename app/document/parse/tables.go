package parse

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// sheetRows is how many rows of a sheet make a page.
const sheetRows = 200

// tableWriter delivers one table: its rows as blocks of the page, and as typed
// cells.
type tableWriter struct {
	b       *builder
	table   Table
	pending []Row // until the header is known
	known   bool
	batch   []Row
	inBatch int // cells
	count   int
	onPage  int
}

// beginTable begins a table on the current page.
func (b *builder) beginTable(name string, sheet bool) (*tableWriter, error) {
	if err := b.flowing(); err != nil {
		return nil, err
	}
	b.table++
	return &tableWriter{b: b, table: Table{ID: b.table, Name: clip(oneLine(name), 200), Page: b.number, Sheet: sheet}}, nil
}

// headerRows is how many rows are looked at before the header is decided.
const headerRows = 30

// row adds a row; its last cells may be empty.
func (t *tableWriter) row(number int, cells []Cell) error {
	for len(cells) > 0 && cells[len(cells)-1].Type == Empty {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 {
		return t.b.ctx.Err()
	}
	b := t.b
	if len(cells) > b.limits.Columns {
		t.tooWide()
		cells = cells[:b.limits.Columns]
	}
	if t.count >= b.limits.Rows {
		return t.cut(number, fmt.Sprintf("more than %d rows are not read", b.limits.Rows))
	}
	if b.cells += len(cells); b.cells > b.limits.Cells {
		return t.cut(number, fmt.Sprintf("more than %d cells are not read", b.limits.Cells))
	}
	t.count++
	r := Row{Number: number, Cells: cells}
	if !t.known {
		if t.pending = append(t.pending, r); len(t.pending) < headerRows {
			return nil
		}
		return t.decide()
	}
	return t.write(r)
}

// tooWide notes that a row has more columns than are read.
func (t *tableWriter) tooWide() {
	t.b.receipt.skip("columns", t.where(), fmt.Sprintf("more than %d are not read", t.b.limits.Columns))
	t.b.receipt.Problem = TooLarge
}

// cut delivers what was read and ends the document.
func (t *tableWriter) cut(number int, why string) error {
	if err := t.end(); err != nil {
		return err
	}
	return t.b.cut(fmt.Sprintf("rows of %s from %d on", t.where(), number), why)
}

func (t *tableWriter) where() string {
	if t.table.Name != "" {
		return t.table.Name
	}
	return fmt.Sprintf("table %d", t.table.ID)
}

// decide looks for the header and writes the rows kept for that.
func (t *tableWriter) decide() error {
	t.known = true
	if i := headerOf(t.pending); i >= 0 {
		t.table.Header = t.pending[i].Number
		t.table.Columns = columnNames(t.pending[i].Cells)
	}
	rows := t.pending
	t.pending = nil
	for _, r := range rows {
		if err := t.write(r); err != nil {
			return err
		}
	}
	return nil
}

func (t *tableWriter) write(r Row) error {
	b := t.b
	if t.table.Sheet && (t.onPage >= sheetRows || b.text.Len() > 4*partSize) {
		if err := b.beginPage(t.table.Name); err != nil {
			return err
		}
		t.onPage = 0
	}
	t.onPage++
	if err := b.put(Block{Kind: TableRow, Table: t.table.ID, Row: r.Number}, rowText(r.Cells)); err != nil {
		return err
	}
	if b.sink.Rows != nil && b.pages.has(b.number) {
		t.inBatch += len(r.Cells)
		if t.batch = append(t.batch, r); len(t.batch) >= sheetRows || t.inBatch > 50_000 {
			return t.flush()
		}
	}
	return nil
}

func (t *tableWriter) flush() error {
	if len(t.batch) == 0 || t.b.sink.Rows == nil {
		return nil
	}
	err := t.b.sink.Rows(t.table, t.batch)
	t.batch, t.inBatch = nil, 0
	return err
}

// end delivers what is left. A table without rows is none.
func (t *tableWriter) end() error {
	if t.count == 0 {
		return nil
	}
	t.b.receipt.Tables++
	t.b.receipt.Rows += t.count
	if !t.known {
		if err := t.decide(); err != nil {
			return err
		}
	}
	return t.flush()
}

// rowText is a row as a line of text: cells between tabs.
func rowText(cells []Cell) string {
	var s strings.Builder
	for i, c := range cells {
		if i > 0 {
			s.WriteByte('\t')
		}
		text := c.Text
		if strings.ContainsAny(text, "\n\t\r") {
			text = oneLine(text)
		}
		s.WriteString(text)
		if c.Format != "" && c.Type == Number {
			if c.Format == "%" {
				s.WriteString("%")
			} else {
				s.WriteString(" " + c.Format)
			}
		}
	}
	return s.String()
}

// headerOf finds the header among a table's first rows: a row nearly as wide as
// the table, all text, without doubles. Of several it is the one under which most
// columns turn from text into numbers or dates, or else the first. It returns -1
// if there is none.
func headerOf(rows []Row) int {
	width := 0
	for _, r := range rows {
		width = max(width, filled(r.Cells))
	}
	best, most := -1, -1
	for i, r := range rows {
		if i > 15 || i == len(rows)-1 {
			break
		}
		n := filled(r.Cells)
		if n*10 < width*7 || n == 0 || width > 1 && n < 2 {
			continue
		}
		if !distinctTexts(r.Cells) {
			break // the data have begun
		}
		turns := 0
		for k, c := range rows[i+1].Cells {
			if k < len(r.Cells) && r.Cells[k].Type == String && c.Type != String && c.Type != Empty {
				turns++
			}
		}
		if turns > most {
			best, most = i, turns
		}
	}
	return best
}

func distinctTexts(cells []Cell) bool {
	seen := map[string]bool{}
	for _, c := range cells {
		if c.Type == Empty {
			continue
		}
		if c.Type != String || len(c.Text) > 120 || seen[c.Text] {
			return false
		}
		seen[c.Text] = true
	}
	return true
}

func filled(cells []Cell) int {
	n := 0
	for _, c := range cells {
		if c.Type != Empty {
			n++
		}
	}
	return n
}

func columnNames(cells []Cell) []string {
	names := make([]string, len(cells))
	for i, c := range cells {
		names[i] = oneLine(c.Text)
	}
	return names
}

// textCells makes cells of what a table within a text says.
func textCells(texts []string) []Cell {
	cells := make([]Cell, len(texts))
	for i, s := range texts {
		cells[i] = typedCell(oneLine(clean(s)), false)
	}
	return cells
}

// typedCell gives text its type. A number with leading zeros or a plus sign is
// text: it is a code or a telephone number.
func typedCell(s string, decimalComma bool) Cell {
	s = strings.TrimSpace(s)
	c := Cell{Type: String, Text: s}
	switch {
	case s == "":
		return Cell{}
	case len(s) > 40:
		return c
	case strings.EqualFold(s, "true"):
		return Cell{Type: Boolean, Text: s, Number: 1}
	case strings.EqualFold(s, "false"):
		return Cell{Type: Boolean, Text: s}
	}
	if d := s[0]; d != '-' && d != '.' && (d < '0' || d > '9') {
		return c
	}
	if isDate(s) {
		return Cell{Type: Date, Text: s}
	}
	n := strings.TrimSuffix(s, "%")
	plain := n
	if decimalComma && strings.Count(n, ",") == 1 && !strings.Contains(n[strings.IndexByte(n, ','):], ".") {
		plain = strings.Replace(strings.ReplaceAll(n, ".", ""), ",", ".", 1)
	} else if grouped(n) {
		plain = strings.ReplaceAll(n, ",", "")
	}
	digits := strings.TrimPrefix(plain, "-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		return c
	}
	if strings.ContainsAny(digits, "xXpP_nN") {
		return c
	}
	v, err := strconv.ParseFloat(plain, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return c
	}
	if len(digits) > 15 && !strings.ContainsAny(digits, ".eE") {
		return c // more digits than a number keeps: an identifier
	}
	if len(n) < len(s) {
		return Cell{Type: Number, Text: n, Number: v / 100, Format: "%"}
	}
	return Cell{Type: Number, Text: s, Number: v}
}

// grouped tells of 1,234,567.89.
func grouped(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, _, _ := strings.Cut(s, ".")
	parts := strings.Split(whole, ",")
	if len(parts) < 2 || len(parts[0]) == 0 || len(parts[0]) > 3 {
		return false
	}
	for _, p := range parts[1:] {
		if len(p) != 3 {
			return false
		}
	}
	return true
}

// isDate tells of 2006-01-02, with or without a time.
func isDate(s string) bool {
	if len(s) != 10 && len(s) != 16 && len(s) != 19 {
		return false
	}
	for i, want := range "dddd-dd-dd?dd:dd:dd"[:len(s)] {
		c := s[i]
		switch want {
		case 'd':
			if c < '0' || c > '9' {
				return false
			}
		case '?':
			if c != 'T' && c != ' ' {
				return false
			}
		default:
			if c != byte(want) {
				return false
			}
		}
	}
	return s[5:7] >= "01" && s[5:7] <= "12" && s[8:10] >= "01" && s[8:10] <= "31"
}
