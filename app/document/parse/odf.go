package parse

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// odf reads OpenDocument: texts, presentations and spreadsheets.
type odf struct {
	*source
	a        *archive
	lists    map[string]map[int]numberLevel
	notes    int
	waiting  []string // notes of the paragraph being read
	listPath []odfList
	deleted  bool
}

type odfList struct {
	style string
	count int
	marks bool // the item's first paragraph has been read
}

func parseODF(s *source) error {
	a, err := openArchive(s.data, s.limits, s.receipt)
	if err != nil {
		return err
	}
	if a.has("META-INF/manifest.xml") {
		if b, err := a.read("META-INF/manifest.xml", 8<<20); err == nil && strings.Contains(string(b), "encryption-data") {
			return problem(Password, "")
		}
	}
	o := &odf{source: s, a: a, lists: map[string]map[int]numberLevel{}}
	o.meta()
	if a.has("styles.xml") {
		if x, err := a.xml("styles.xml"); err == nil {
			o.listStyles(x, "")
			x.close()
		}
	}
	x, err := a.xml("content.xml")
	if err != nil {
		return err
	}
	defer x.close()
	s.unit(map[Kind]string{ODP: "slide", ODS: "sheet", ODT: "part"}[s.receipt.Kind], 0)
	if err := o.content(x, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	r := s.receipt
	images := len(a.match("Pictures/*"))
	r.Images += images
	r.aside("images", "", "text within images is not recognised here", images)
	objects := 0
	for _, n := range a.names {
		if strings.HasPrefix(n, "Object ") && strings.HasSuffix(n, "/content.xml") {
			objects++
		}
	}
	r.skipN("embedded objects and charts", "", "they are not read", objects)
	if o.deleted {
		r.warn("deletions under change tracking were left out")
	}
	return nil
}

func (o *odf) meta() {
	if !o.a.has("meta.xml") {
		return
	}
	x, err := o.a.xml("meta.xml")
	if err != nil {
		return
	}
	defer x.close()
	for {
		t, err := x.next()
		if err != nil {
			return
		}
		e, ok := t.(startElement)
		if !ok {
			continue
		}
		into := map[string]*string{"title": &o.doc.Title, "initial-creator": &o.doc.Author, "language": &o.doc.Language}[e.Name.Local]
		if into == nil {
			continue
		}
		if s, err := x.text(); err == nil {
			*into = clip(oneLine(clean(s)), 500)
		}
	}
}

// listStyles reads the list styles up to the end of the element until.
func (o *odf) listStyles(x *xmlReader, until string) {
	name := ""
	for {
		t, err := x.next()
		if err != nil {
			return
		}
		switch e := t.(type) {
		case endElement:
			if until != "" && e.Name.Local == until {
				return
			}
		case startElement:
			switch e.Name.Local {
			case "list-style":
				if name = attr(e, "name"); len(o.lists) < 10_000 {
					o.lists[name] = map[int]numberLevel{}
				}
			case "list-level-style-number":
				level, _ := strconv.Atoi(attr(e, "level"))
				if m := o.lists[name]; m != nil && level >= 1 && level <= 10 {
					start, err := strconv.Atoi(attr(e, "start-value"))
					if err != nil {
						start = 1
					}
					m[level] = numberLevel{format: attr(e, "num-format"), text: attr(e, "num-suffix"), start: start}
				}
			}
		}
	}
}

// content reads blocks until the element at depth ends.
func (o *odf) content(x *xmlReader, depth int) error {
	for {
		t, err := x.next()
		if err != nil {
			return err
		}
		switch e := t.(type) {
		case endElement:
			switch e.Name.Local {
			case "list":
				if n := len(o.listPath); n > 0 {
					o.listPath = o.listPath[:n-1]
				}
			}
			if x.depth < depth {
				return nil
			}
		case startElement:
			err = o.element(x, e)
			if err != nil {
				return err
			}
		}
	}
}

func (o *odf) element(x *xmlReader, e startElement) error {
	switch e.Name.Local {
	case "automatic-styles":
		o.listStyles(x, "automatic-styles")
	case "tracked-changes":
		o.deleted = true
		return x.skip()
	case "forms", "annotation-end", "table-of-content-source", "sequence-decls", "settings":
		return x.skip()
	case "annotation":
		return o.annotation(x)
	case "notes": // of a slide
		text, err := o.inner(x)
		if e := o.add(Note, 0, text); e != nil {
			return e
		}
		return err
	case "page": // of a presentation
		if o.receipt.Kind == ODP {
			o.path = nil
			return o.beginPage(attr(e, "name"))
		}
	case "soft-page-break":
		return o.pageBreak()
	case "list":
		style := attr(e, "style-name")
		if n := len(o.listPath); style == "" && n > 0 {
			style = o.listPath[n-1].style
		}
		if len(o.listPath) < o.limits.Depth {
			o.listPath = append(o.listPath, odfList{style: style})
		}
	case "list-item":
		if n := len(o.listPath); n > 0 {
			o.listPath[n-1].count++
			o.listPath[n-1].marks = false
		}
	case "table":
		return o.table(x, e)
	case "h", "p":
		return o.paragraph(x, e)
	}
	return nil
}

// pageBreak begins a page where the word processor last did, if it is between
// blocks.
func (o *odf) pageBreak() error {
	if o.receipt.Kind != ODT || o.page == nil || o.builder.text.Len() == 0 {
		return nil
	}
	if err := o.beginPage(""); err != nil {
		return err
	}
	o.flow = true
	o.receipt.Unit = "page"
	o.receipt.warn("pages are where the word processor last broke them")
	return nil
}

func (o *odf) paragraph(x *xmlReader, e startElement) error {
	text, broken, err := o.text(x)
	kind, level := Paragraph, 0
	style := attr(e, "style-name")
	switch {
	case e.Name.Local == "h":
		kind = Heading
		level, _ = strconv.Atoi(attr(e, "outline-level"))
	case style == "Title":
		kind, level = Heading, 1
	case strings.Contains(style, "Preformatted") || strings.Contains(style, "Source_20_Code"):
		kind = CodeBlock
	case len(o.listPath) > 0:
		l := &o.listPath[len(o.listPath)-1]
		if !l.marks && strings.TrimSpace(text) != "" {
			l.marks = true
			kind, level = ListItem, len(o.listPath)-1
			text = o.mark(l, level) + " " + strings.TrimSpace(text)
		}
	}
	if e := o.add(kind, level, text); e != nil {
		return e
	}
	for _, n := range o.waiting {
		if e := o.add(Note, 0, n); e != nil {
			return e
		}
	}
	o.waiting = nil
	if broken && err == nil {
		err = o.pageBreak()
	}
	return err
}

func (o *odf) mark(l *odfList, level int) string {
	if f, ok := o.lists[l.style][level+1]; ok && f.format != "" {
		return ordinal(f.start+l.count-1, f.format) + f.text
	}
	return "•"
}

// text reads a paragraph. broken says that a page ended within it.
func (o *odf) text(x *xmlReader) (text string, broken bool, err error) {
	var s strings.Builder
	for depth := x.depth; ; {
		t, err := x.next()
		if err != nil {
			return s.String(), broken, err
		}
		switch e := t.(type) {
		case charData:
			// White space of the XML counts as one space.
			for _, c := range string(e) {
				if c == '\n' || c == '\t' || c == '\r' {
					c = ' '
				}
				s.WriteRune(c)
			}
		case startElement:
			switch e.Name.Local {
			case "s":
				n, _ := strconv.Atoi(attr(e, "c"))
				s.WriteString(strings.Repeat(" ", min(max(n, 1), 1000)))
			case "tab":
				s.WriteByte('\t')
			case "line-break":
				s.WriteByte('\n')
			case "soft-page-break":
				broken = true
			case "note":
				o.notes++
				mark := fmt.Sprintf("[%d]", o.notes)
				s.WriteString(mark)
				in, err := o.inner(x)
				o.waiting = append(o.waiting, mark+" "+in)
				if err != nil {
					return s.String(), broken, err
				}
			case "annotation":
				in, err := o.inner(x)
				o.waiting = append(o.waiting, "Comment: "+in)
				if err != nil {
					return s.String(), broken, err
				}
			case "note-citation", "ruby-text", "tracked-changes":
				if err := x.skip(); err != nil {
					return s.String(), broken, err
				}
			case "p", "h":
				if s.Len() > 0 {
					s.WriteByte('\n')
				}
			}
		case endElement:
			if x.depth < depth {
				return s.String(), broken, nil
			}
		}
	}
}

// inner reads the paragraphs within an element as one text.
func (o *odf) inner(x *xmlReader) (string, error) {
	var parts []string
	for depth := x.depth; ; {
		t, err := x.next()
		if err != nil {
			return strings.Join(parts, " "), err
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "p", "h":
				s, _, err := o.text(x)
				if s = strings.TrimSpace(s); s != "" {
					parts = append(parts, s)
				}
				if err != nil {
					return strings.Join(parts, " "), err
				}
			case "note-citation", "creator", "date":
				if err := x.skip(); err != nil {
					return strings.Join(parts, " "), err
				}
			}
		case endElement:
			if x.depth < depth {
				return strings.Join(parts, " "), nil
			}
		}
	}
}

func (o *odf) annotation(x *xmlReader) error {
	s, err := o.inner(x)
	if s != "" {
		s = "Comment: " + s
	}
	if e := o.add(Note, 0, s); e != nil {
		return e
	}
	return err
}

// table reads a sheet or a table of a text.
func (o *odf) table(x *xmlReader, e startElement) error {
	sheet := o.receipt.Kind == ODS
	name := attr(e, "name")
	if sheet {
		if err := o.beginPage(name); err != nil {
			return err
		}
		o.path = nil
		o.under(1, name)
	}
	w, err := o.beginTable(name, sheet)
	if err != nil {
		return err
	}
	err = o.rows(x, w)
	if errors.Is(err, errCut) {
		return err
	}
	return errors.Join(w.end(), err)
}

func (o *odf) rows(x *xmlReader, w *tableWriter) error {
	number, repeat := 0, 1
	var cells []Cell
	var notes []string
	for depth := x.depth; ; {
		t, err := x.next()
		if err != nil {
			return err
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "table-row":
				cells, notes = nil, nil
				repeat = repeated(e, "number-rows-repeated", 1<<21)
			case "table-cell":
				n := repeated(e, "number-columns-repeated", 1<<15)
				c, note, err := o.cell(x, e)
				if note != "" {
					notes = append(notes, note)
				}
				for ; n > 0 && len(cells) < o.limits.Columns; n-- {
					cells = append(cells, c)
				}
				if err != nil {
					return errors.Join(w.row(number+1, trimmed(cells)), err)
				}
			case "covered-table-cell":
				for n := repeated(e, "number-columns-repeated", 1<<15); n > 0 && len(cells) < o.limits.Columns; n-- {
					cells = append(cells, Cell{})
				}
			case "shapes", "tracked-changes":
				if err := x.skip(); err != nil {
					return err
				}
			}
		case endElement:
			if e.Name.Local == "table-row" {
				cells = trimmed(cells)
				if len(cells) == 0 {
					number += repeat
					break
				}
				for range repeat {
					number++
					if err := w.row(number, cells); err != nil {
						return err
					}
				}
				for _, n := range notes {
					if err := o.add(Note, 0, n); err != nil {
						return err
					}
				}
			}
			if x.depth < depth {
				return nil
			}
		}
	}
}

// trimmed drops the empty cells with which a sheet's rows end.
func trimmed(cells []Cell) []Cell {
	for len(cells) > 0 && cells[len(cells)-1].Type == Empty {
		cells = cells[:len(cells)-1]
	}
	return cells
}

func repeated(e startElement, name string, most int) int {
	n, err := strconv.Atoi(attr(e, name))
	if err != nil {
		return 1
	}
	return min(max(n, 1), most)
}

func (o *odf) cell(x *xmlReader, e startElement) (c Cell, note string, err error) {
	var lines []string
	for depth := x.depth; ; {
		t, e2 := x.next()
		if e2 != nil {
			err = e2
			break
		}
		if el, ok := t.(startElement); ok {
			switch el.Name.Local {
			case "annotation":
				note, err = o.inner(x)
				note = "Comment: " + note
			case "p", "h":
				var s string
				s, _, err = o.text(x)
				lines = append(lines, strings.TrimSpace(s))
			}
			if err != nil {
				break
			}
		}
		if x.depth < depth {
			break
		}
	}
	o.waiting = nil
	return odfCell(e, clean(strings.TrimSpace(strings.Join(lines, " ")))), note, err
}

// odfCell gives a cell its type. shown is its value as formatted.
func odfCell(e startElement, shown string) Cell {
	kind := attrNS(e, "office", "value-type")
	value := attrNS(e, "office", "value")
	c := Cell{Formula: clip(strings.TrimPrefix(strings.TrimPrefix(attr(e, "formula"), "of:"), "="), 8192)}
	switch kind {
	case "float", "percentage", "currency":
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			break
		}
		f := numberFormat{percent: kind == "percentage", currency: attr(e, "currency")}
		return f.apply(c, v, false)
	case "boolean":
		c.Type, c.Text = Boolean, "FALSE"
		if attrNS(e, "office", "boolean-value") == "true" {
			c.Text, c.Number = "TRUE", 1
		}
		return c
	case "date":
		if d := attrNS(e, "office", "date-value"); isDate(d[:min(len(d), 19)]) {
			c.Type, c.Text = Date, d
			return c
		}
	case "time": // PT12H30M00S
		var h, m, s int
		if n, _ := fmt.Sscanf(attrNS(e, "office", "time-value"), "PT%dH%dM%dS", &h, &m, &s); n == 3 {
			c.Type, c.Text = Date, fmt.Sprintf("%02d:%02d:%02d", h, m, s)
			return c
		}
	case "": // of a table in a text
		t := typedCell(shown, false)
		t.Formula = c.Formula
		return t
	}
	if shown == "" {
		return Cell{}
	}
	if strings.HasPrefix(shown, "#") && kind != "string" || strings.HasPrefix(shown, "Err:") {
		c.Type, c.Text = Fault, shown
		return c
	}
	c.Type, c.Text = String, shown
	return c
}
