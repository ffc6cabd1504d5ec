package parse

import (
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// xlsx streams a workbook: each cell with its type and the value saved with its
// formula.
type xlsx struct {
	*source
	a        *archive
	strings  []string
	formats  []numberFormat // by cell style
	date1904 bool
}

type xlsxSheet struct {
	name, part string
	hidden     bool
}

func parseXLSX(s *source) error {
	a, err := openArchive(s.data, s.limits, s.receipt)
	if err != nil {
		return err
	}
	w := &xlsx{source: s, a: a}
	s.doc.coreProperties(a)
	sheets, err := w.workbook("xl/workbook.xml")
	if err != nil {
		return err
	}
	if err := w.sharedStrings("xl/sharedStrings.xml"); err != nil {
		if errors.Is(err, errCut) || fatal(err) {
			return err
		}
		s.receipt.skip("texts of cells", "", err.Error())
		s.receipt.Problem = problemOf(err)
	}
	w.readFormats("xl/styles.xml")
	s.unit("sheet", 0)
	for _, sh := range sheets {
		if !a.has(sh.part) || !strings.Contains(sh.part, "worksheets") {
			s.receipt.skip("sheets", sh.name, "they hold no cells (charts or macros)")
			continue
		}
		if err := w.sheet(sh); err != nil && !errors.Is(err, io.EOF) {
			if errors.Is(err, errCut) || fatal(err) {
				return err
			}
			s.receipt.skip("the rest of a sheet", sh.name, err.Error())
			s.receipt.Problem = problemOf(err)
		}
	}
	r := s.receipt
	r.skipN("charts", "", "they are not read", len(a.match("xl/charts/chart*.xml")))
	r.aside("pivot tables", "", "their source is read where it is a sheet", len(a.match("xl/pivotTables/*.xml")))
	r.Images += len(a.match("xl/media/*"))
	r.aside("images", "", "text within images is not recognised here", len(a.match("xl/media/*")))
	return w.comments()
}

func (w *xlsx) workbook(part string) ([]xlsxSheet, error) {
	rels, err := w.a.relations(part)
	if err != nil {
		return nil, err
	}
	x, err := w.a.xml(part)
	if err != nil {
		return nil, err
	}
	defer x.close()
	var sheets []xlsxSheet
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		e, ok := t.(startElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "workbookPr":
			v := attr(e, "date1904")
			w.date1904 = v == "1" || v == "true"
		case "sheet":
			if len(sheets) < 10_000 {
				state := attr(e, "state")
				sheets = append(sheets, xlsxSheet{name: clip(attr(e, "name"), 200), part: rels[attrNS(e, "r", "id")].target, hidden: state == "hidden" || state == "veryHidden"})
			}
		}
	}
	if len(sheets) == 0 {
		for _, p := range w.a.match("xl/worksheets/sheet*.xml") {
			sheets = append(sheets, xlsxSheet{name: strings.TrimSuffix(strings.TrimPrefix(p, "xl/worksheets/"), ".xml"), part: p})
		}
	}
	return sheets, nil
}

// sharedStrings reads the table of texts.
func (w *xlsx) sharedStrings(part string) error {
	if !w.a.has(part) {
		return nil
	}
	x, err := w.a.xml(part)
	if err != nil {
		return err
	}
	defer x.close()
	total := 0
	for n := 0; ; n++ {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if n&0xfff == 0 && w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		if e, ok := t.(startElement); ok && e.Name.Local == "si" {
			s, err := richText(x)
			w.strings = append(w.strings, s)
			if err != nil {
				return err
			}
			if total += len(s) + 16; total > 4*w.limits.Characters || total > 256<<20 {
				return w.cut("all of the workbook", "its texts are longer than what is read of one file")
			}
		}
	}
}

// richText reads the runs of a text, without phonetic hints.
func richText(x *xmlReader) (string, error) {
	text := ""
	for depth := x.depth; ; {
		t, err := x.next()
		if err != nil {
			return text, err
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "rPh", "phoneticPr", "rPr":
				err = x.skip()
			case "t":
				var s string
				if s, err = x.text(); text == "" {
					text = s
				} else {
					text += s
				}
			}
			if err != nil || len(text) > longestToken {
				return text, err
			}
		case endElement:
			if x.depth < depth {
				return text, nil
			}
		}
	}
}

func (w *xlsx) readFormats(part string) {
	if !w.a.has(part) {
		return
	}
	x, err := w.a.xml(part)
	if err != nil {
		return
	}
	defer x.close()
	custom := map[int]numberFormat{}
	inCells := false
	for {
		t, err := x.next()
		if err != nil {
			return
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "numFmt":
				if id, err := strconv.Atoi(attr(e, "numFmtId")); err == nil && len(custom) < 10_000 {
					custom[id] = formatOf(attr(e, "formatCode"))
				}
			case "cellXfs":
				inCells = true
			case "xf":
				if inCells && len(w.formats) < 100_000 {
					id, _ := strconv.Atoi(attr(e, "numFmtId"))
					f, ok := custom[id]
					if !ok {
						f = builtinFormat(id)
					}
					w.formats = append(w.formats, f)
				}
			}
		case endElement:
			if e.Name.Local == "cellXfs" {
				inCells = false
			}
		}
	}
}

// sheet streams the rows of one sheet.
func (w *xlsx) sheet(sh xlsxSheet) error {
	x, err := w.a.xml(sh.part)
	if err != nil {
		return err
	}
	defer x.close()
	if err := w.beginPage(sh.name); err != nil {
		return err
	}
	w.path = nil
	w.under(1, sh.name)
	t, err := w.beginTable(sh.name, true)
	if err != nil {
		return err
	}
	t.table.Hidden = sh.hidden
	if sh.hidden {
		w.receipt.warn("sheet %s is hidden in the workbook", sh.name)
	}
	err = w.rows(x, t)
	if errors.Is(err, errCut) {
		return err
	}
	return errors.Join(t.end(), err)
}

func (w *xlsx) rows(x *xmlReader, table *tableWriter) error {
	number := 0
	var cells []Cell
	for {
		t, err := x.next()
		if err != nil {
			return err
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "row":
				cells = nil
				number++
				if n, err := strconv.Atoi(attr(e, "r")); err == nil && n >= number && n <= 1<<24 {
					number = n
				}
			case "c":
				at := len(cells)
				var style int
				kind := ""
				for _, a := range e.Attr {
					switch a.Name.Local {
					case "r":
						if c := columnOf(a.Value); c >= at {
							at = c
						}
					case "s":
						style, _ = strconv.Atoi(a.Value)
					case "t":
						kind = a.Value
					}
				}
				c, err := w.cell(x, kind, style)
				if at >= w.limits.Columns {
					table.tooWide()
				} else if c.Type != Empty {
					for len(cells) < at {
						cells = append(cells, Cell{})
					}
					cells = append(cells, c)
				}
				if err != nil {
					return errors.Join(table.row(number, cells), err)
				}
			}
		case endElement:
			switch e.Name.Local {
			case "row":
				if err := table.row(number, cells); err != nil {
					return err
				}
				cells = nil
			case "sheetData":
				return nil
			}
		}
	}
}

// columnOf is the column of a reference as in AB12, from 0; -1 if it is none.
func columnOf(ref string) int {
	n := 0
	for i := range len(ref) {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		if n = n*26 + int(c-'A') + 1; n > 1<<20 {
			return -1
		}
	}
	return n - 1
}

func (w *xlsx) cell(x *xmlReader, kind string, style int) (Cell, error) {
	var c Cell
	value := ""
	for depth := x.depth; ; {
		t, err := x.next()
		if err != nil {
			return c, err
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "v":
				value, err = x.text()
			case "f":
				var f string
				f, err = x.text()
				c.Formula = clip(f, 8192)
			case "is":
				value, err = richText(x)
				kind = "inlineStr"
			}
			if err != nil {
				return c, err
			}
		case endElement:
			if x.depth < depth {
				return w.typed(c, kind, style, value), nil
			}
		}
	}
}

// typed gives a cell its value.
func (w *xlsx) typed(c Cell, kind string, style int, value string) Cell {
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || i < 0 || i >= len(w.strings) {
			return c
		}
		c.Type, c.Text = String, clean(w.strings[i])
	case "str", "inlineStr":
		c.Type, c.Text = String, clean(value)
	case "b":
		c.Type, c.Text = Boolean, "FALSE"
		if strings.TrimSpace(value) == "1" {
			c.Text, c.Number = "TRUE", 1
		}
	case "e":
		c.Type, c.Text = Fault, clean(value)
	case "d":
		c.Type, c.Text = Date, clean(value)
	default:
		value = strings.TrimSpace(value)
		v, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			if value != "" {
				c.Type, c.Text = String, clean(value)
			} else if c.Formula != "" {
				w.receipt.warn("some formulas were saved without a value")
			}
			return c
		}
		f := numberFormat{}
		if style >= 0 && style < len(w.formats) {
			f = w.formats[style]
		}
		return f.apply(c, v, w.date1904)
	}
	if c.Text == "" {
		c.Type = Empty
	}
	return c
}

// comments adds the remarks on cells.
func (w *xlsx) comments() error {
	for _, part := range append(w.a.match("xl/comments*.xml"), w.a.match("xl/comments/*.xml")...) {
		x, err := w.a.xml(part)
		if err != nil {
			continue
		}
		for {
			t, err := x.next()
			if err != nil {
				break
			}
			if e, ok := t.(startElement); ok && e.Name.Local == "comment" {
				ref := attr(e, "ref")
				text, _ := richText(x)
				if err := w.add(Note, 0, "Comment on "+ref+": "+oneLine(text)); err != nil {
					x.close()
					return err
				}
			}
		}
		x.close()
	}
	return nil
}

// numberFormat is what a number's format says about its meaning.
type numberFormat struct {
	date, time bool
	percent    bool
	currency   string
}

func builtinFormat(id int) numberFormat {
	switch {
	case id == 9 || id == 10:
		return numberFormat{percent: true}
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id >= 57 && id <= 58:
		return numberFormat{date: true}
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id >= 45 && id <= 47, id == 55, id == 56:
		return numberFormat{time: true}
	case id == 22:
		return numberFormat{date: true, time: true}
	}
	return numberFormat{}
}

// formatOf reads a format code as in [$€-407] #,##0.00 or dd/mm/yyyy.
func formatOf(code string) numberFormat {
	var f numberFormat
	code, _, _ = strings.Cut(code, ";")
	minutes := false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				end = len(code) - i - 1
			}
			f.sign(code[i+1 : i+1+end])
			i += end + 1
		case '\\', '_', '*':
			i++
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				return f
			}
			in := code[i+1 : i+end]
			if s, ok := strings.CutPrefix(in, "$"); ok {
				s, _, _ = strings.Cut(s, "-")
				f.sign(s)
			} else if in = strings.ToLower(in); in == "h" || in == "hh" || in == "mm" || in == "m" || in == "ss" {
				f.time = true
			}
			i += end
		case '%':
			f.percent = true
		case '$':
			f.sign("$")
		case 'y', 'Y', 'd', 'D':
			f.date = true
		case 'h', 'H', 's', 'S':
			f.time = true
		case 'm', 'M':
			minutes = true
		case 'G', 'g', 'E', 'e', 'A', 'a':
			if strings.HasPrefix(strings.ToLower(code[i:]), "general") {
				i += len("general") - 1
			} else if strings.HasPrefix(strings.ToLower(code[i:]), "am/pm") {
				i += len("am/pm") - 1
			}
		default:
			if r, n := utf8.DecodeRuneInString(code[i:]); strings.ContainsRune("€£¥₹₽₩₺₴", r) {
				f.sign(code[i : i+n])
				i += n - 1
			}
		}
	}
	if minutes && !f.time {
		f.date = true
	}
	return f
}

func (f *numberFormat) sign(s string) {
	s = strings.TrimSpace(s)
	if n := len([]rune(s)); n > 0 && n <= 4 && strings.Trim(s, "$€£¥₹₽₩₺₴ABCDEFGHIJKLMNOPQRSTUVWXYZkrzłčft") == "" {
		f.currency = s
	}
}

// apply makes a cell of a number under a format.
func (f numberFormat) apply(c Cell, v float64, date1904 bool) Cell {
	c.Type, c.Number = Number, v
	if (f.date || f.time) && v >= 0 && v < 2958466 {
		c.Type, c.Text, c.Number = Date, serialDate(v, f, date1904), 0
		return c
	}
	shown := v
	if f.percent {
		shown, c.Format = v*100, "%"
	} else {
		c.Format = f.currency
	}
	c.Text = numberText(shown)
	return c
}

// numberText writes a number with the 15 digits that a sheet has.
func numberText(v float64) string {
	s := strconv.FormatFloat(v, 'g', 15, 64)
	if r, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(r) < 1e18 && (r == 0 || math.Abs(r) >= 1e-6) {
		return strconv.FormatFloat(r, 'f', -1, 64)
	}
	return s
}

// serialDate writes the day that a sheet counts from 30 December 1899 or 1
// January 1904. Before March 1900 sheets are a day off: they think 1900 was a
// leap year.
func serialDate(v float64, f numberFormat, date1904 bool) string {
	day := math.Floor(v)
	seconds := int(math.Round((v - day) * 86400))
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if date1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if day < 60 {
		epoch = epoch.AddDate(0, 0, 1)
	}
	t := epoch.AddDate(0, 0, int(day)).Add(time.Duration(seconds) * time.Second)
	switch {
	case !f.date && v < 1:
		return t.Format("15:04:05")
	case f.time || seconds != 0:
		return t.Format("2006-01-02T15:04:05")
	}
	return t.Format("2006-01-02")
}
