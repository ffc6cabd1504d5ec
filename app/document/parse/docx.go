package parse

import (
	"errors"
	"io"
	"strconv"
	"strings"
)

// docx reads a word processor's document: body, notes and comments.
type docx struct {
	*source
	a       *archive
	styles  map[string]docxStyle
	numbers *numbering
	notes   []docxNote // referred to, in order
	deleted int
	fields  []bool // per open field: its result has begun
}

type docxStyle struct {
	level  int // of a heading, 0 if it is none
	title  bool
	list   bool
	code   bool
	numID  string
	indent int
	base   string
}

type docxNote struct{ part, id, mark string }

func parseDOCX(s *source) error {
	a, err := openArchive(s.data, s.limits, s.receipt)
	if err != nil {
		return err
	}
	d := &docx{source: s, a: a}
	s.doc.coreProperties(a)
	main := "word/document.xml"
	if rels, err := a.relations(""); err == nil {
		for _, r := range rels {
			if r.kind == "officeDocument" && a.has(r.target) {
				main = r.target
			}
		}
	}
	d.styles = d.readStyles("word/styles.xml")
	d.numbers = readNumbering(a, "word/numbering.xml")
	x, err := a.xml(main)
	if err != nil {
		return err
	}
	defer x.close()
	s.unit("part", 0)
	err = d.body(x, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := d.noteBlocks(); err != nil {
		return err
	}
	r := s.receipt
	if d.deleted > 0 {
		r.warn("%d deletions under change tracking were left out", d.deleted)
	}
	r.aside("page headers and footers", "", "they stand on every page", len(a.match("word/header*.xml"))+len(a.match("word/footer*.xml")))
	r.skipN("embedded files", "", "they are not opened", len(a.match("word/embeddings/*")))
	r.skipN("charts", "", "they are not read", len(a.match("word/charts/chart*.xml")))
	r.Images += len(a.match("word/media/*"))
	r.aside("images", "", "text within images is not recognised here", len(a.match("word/media/*")))
	return nil
}

// coreProperties takes over title, author and language of an OOXML package.
func (d *Document) coreProperties(a *archive) {
	if !a.has("docProps/core.xml") {
		return
	}
	x, err := a.xml("docProps/core.xml")
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
		var into *string
		switch e.Name.Local {
		case "title":
			into = &d.Title
		case "creator":
			into = &d.Author
		case "language":
			into = &d.Language
		default:
			continue
		}
		if s, err := x.text(); err == nil {
			*into = clip(oneLine(clean(s)), 500)
		}
	}
}

func (d *docx) readStyles(name string) map[string]docxStyle {
	styles := map[string]docxStyle{}
	if !d.a.has(name) {
		return styles
	}
	x, err := d.a.xml(name)
	if err != nil {
		return styles
	}
	defer x.close()
	var id string
	var s docxStyle
	for {
		t, err := x.next()
		if err != nil {
			break
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "style":
				id, s = attr(e, "styleId"), docxStyle{}
			case "name":
				n := strings.ToLower(attr(e, "val"))
				if l, ok := strings.CutPrefix(n, "heading "); ok {
					s.level, _ = strconv.Atoi(l)
				}
				s.title = n == "title"
				s.list = strings.HasPrefix(n, "list")
				s.code = strings.Contains(n, "source code") || n == "html preformatted" || n == "code" || strings.Contains(n, "preformatted")
			case "basedOn":
				s.base = attr(e, "val")
			case "outlineLvl":
				if l, err := strconv.Atoi(attr(e, "val")); err == nil && l < 9 && s.level == 0 {
					s.level = l + 1
				}
			case "numId":
				s.numID = attr(e, "val")
			case "ilvl":
				s.indent, _ = strconv.Atoi(attr(e, "val"))
			}
		case endElement:
			if e.Name.Local == "style" && id != "" && len(styles) < 10_000 {
				styles[id] = s
			}
		}
	}
	for id, s := range styles {
		for base, n := s.base, 0; base != "" && n < 10; n++ {
			p, ok := styles[base]
			if !ok {
				break
			}
			if s.level == 0 {
				s.level = p.level
			}
			if s.numID == "" {
				s.numID, s.indent = p.numID, p.indent
			}
			s.code = s.code || p.code
			base = p.base
		}
		styles[id] = s
	}
	return styles
}

// paragraph is one being read. Text boxes put paragraphs within paragraphs.
type docxParagraph struct {
	text   strings.Builder
	style  string
	numID  string
	level  int
	outlin int // outline level + 1
	brk    bool
	after  []string // of text boxes within
}

// body reads paragraphs and tables until the element at depth ends.
func (d *docx) body(x *xmlReader, depth int) error {
	for {
		t, err := x.next()
		if err != nil {
			return err
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "p":
				p, err := d.paragraph(x)
				if e := d.emit(p); e != nil {
					return e
				}
				if err != nil {
					return err
				}
			case "tbl":
				if err := d.tableBlock(x); err != nil {
					return err
				}
			case "Fallback", "del", "moveFrom", "sdtPr", "sectPr":
				if err := x.skip(); err != nil {
					return err
				}
			}
		case endElement:
			if x.depth < depth {
				return nil
			}
		}
	}
}

// paragraph reads one to its end.
func (d *docx) paragraph(x *xmlReader) (*docxParagraph, error) {
	p := &docxParagraph{}
	depth := x.depth
	for {
		t, err := x.next()
		if err != nil {
			return p, err
		}
		switch e := t.(type) {
		case endElement:
			if x.depth < depth {
				return p, nil
			}
		case startElement:
			switch e.Name.Local {
			case "pStyle":
				p.style = attr(e, "val")
			case "numId":
				p.numID = attr(e, "val")
			case "ilvl":
				p.level, _ = strconv.Atoi(attr(e, "val"))
			case "outlineLvl":
				if l, err := strconv.Atoi(attr(e, "val")); err == nil && l >= 0 && l < 9 {
					p.outlin = l + 1
				}
			case "t":
				s, err := x.text()
				if len(d.fields) == 0 || d.fields[len(d.fields)-1] {
					p.text.WriteString(s)
				}
				if err != nil {
					return p, err
				}
			case "fldChar":
				switch attr(e, "fldCharType") {
				case "begin":
					if len(d.fields) < 64 {
						d.fields = append(d.fields, false)
					}
				case "separate":
					if n := len(d.fields); n > 0 {
						d.fields[n-1] = true
					}
				case "end":
					if n := len(d.fields); n > 0 {
						d.fields = d.fields[:n-1]
					}
				}
			case "tab":
				p.text.WriteByte('\t')
			case "br", "cr":
				if attr(e, "type") == "page" {
					p.brk = true
				} else {
					p.text.WriteByte('\n')
				}
			case "lastRenderedPageBreak", "pageBreakBefore":
				p.brk = p.brk || attr(e, "val") != "0" && attr(e, "val") != "false"
			case "noBreakHyphen":
				p.text.WriteByte('-')
			case "sym":
				if n, err := strconv.ParseUint(attr(e, "char"), 16, 32); err == nil && n < 0xe000 {
					p.text.WriteRune(rune(n))
				}
			case "footnoteReference", "endnoteReference", "commentReference":
				d.noteReference(e, p)
			case "del", "moveFrom":
				d.deleted++
				if err := x.skip(); err != nil {
					return p, err
				}
			case "instrText", "delText", "Fallback", "rPr", "pPrChange", "rPrChange":
				if err := x.skip(); err != nil {
					return p, err
				}
			case "p": // within a text box
				in, err := d.paragraph(x)
				if s := strings.TrimSpace(in.text.String()); s != "" {
					p.after = append(p.after, s)
				}
				p.after = append(p.after, in.after...)
				if err != nil {
					return p, err
				}
			}
		}
	}
}

func (d *docx) noteReference(e startElement, p *docxParagraph) {
	part := map[string]string{"footnoteReference": "word/footnotes.xml", "endnoteReference": "word/endnotes.xml", "commentReference": "word/comments.xml"}[e.Name.Local]
	if len(d.notes) >= 50_000 {
		return
	}
	mark := ""
	if part != "word/comments.xml" {
		mark = "[" + strconv.Itoa(len(d.notes)+1) + "]"
		p.text.WriteString(mark)
	}
	d.notes = append(d.notes, docxNote{part: part, id: attr(e, "id"), mark: mark})
}

// emit puts a paragraph on the page.
func (d *docx) emit(p *docxParagraph) error {
	if p.brk && d.page != nil && d.text.Len() > 0 {
		if err := d.beginPage(""); err != nil {
			return err
		}
		d.flow = true
		d.receipt.Unit = "page"
		d.receipt.warn("pages are where the word processor last broke them")
	}
	text := strings.TrimSpace(p.text.String())
	if text != "" {
		style := d.styles[p.style]
		numID, level := p.numID, p.level
		if numID == "" {
			numID, level = style.numID, max(p.level, style.indent)
		}
		mark, listed := d.numbers.next(numID, level)
		kind, depth := Paragraph, 0
		head := style.level
		if p.outlin > 0 {
			head = p.outlin
		}
		switch {
		case style.title:
			if d.doc.Title == "" {
				d.doc.Title = clip(oneLine(clean(text)), 500)
			}
			kind, depth = Heading, 1
		case head > 0:
			kind, depth = Heading, head
		case style.code:
			kind = CodeBlock
		case listed, style.list && p.style != "ListParagraph":
			kind, depth = ListItem, level
			if mark == "" {
				mark = "•"
			}
		}
		if mark != "" {
			text = mark + " " + text
		}
		if err := d.add(kind, depth, text); err != nil {
			return err
		}
	}
	for _, s := range p.after {
		if err := d.add(Paragraph, 0, s); err != nil {
			return err
		}
	}
	return nil
}

// tableBlock reads a table; tables within its cells become text of the cell.
func (d *docx) tableBlock(x *xmlReader) error {
	w, err := d.beginTable("", false)
	if err != nil {
		return err
	}
	depth := x.depth
	rows := 0
	var cells []string
	for {
		t, err := x.next()
		if err != nil {
			return errors.Join(w.end(), err)
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "tr":
				cells = nil
			case "tc":
				text, span, err := d.cell(x)
				cells = append(cells, text)
				for ; span > 1 && len(cells) < d.limits.Columns; span-- {
					cells = append(cells, "")
				}
				if err != nil {
					return errors.Join(w.row(rows+1, textCells(cells)), w.end(), err)
				}
			case "del", "tblPr", "Fallback":
				if err := x.skip(); err != nil {
					return err
				}
			}
		case endElement:
			if e.Name.Local == "tr" {
				rows++
				if err := w.row(rows, textCells(cells)); err != nil {
					return err
				}
				cells = nil
			}
			if x.depth < depth {
				return w.end()
			}
		}
	}
}

// cell reads a cell's text and how many columns it spans.
func (d *docx) cell(x *xmlReader) (string, int, error) {
	var s strings.Builder
	span := 1
	for depth := x.depth; ; {
		t, err := x.next()
		if err != nil {
			return s.String(), span, err
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "gridSpan":
				if n, err := strconv.Atoi(attr(e, "val")); err == nil {
					span = min(max(n, 1), 100)
				}
			case "p":
				p, err := d.paragraph(x)
				for _, part := range append([]string{p.text.String()}, p.after...) {
					if part = strings.TrimSpace(part); part != "" {
						if s.Len() > 0 {
							s.WriteByte(' ')
						}
						s.WriteString(part)
					}
				}
				if err != nil {
					return s.String(), span, err
				}
			case "Fallback", "del":
				if err := x.skip(); err != nil {
					return s.String(), span, err
				}
			}
		case endElement:
			if x.depth < depth {
				return s.String(), span, nil
			}
		}
	}
}

// noteBlocks adds the footnotes, endnotes and comments that the text refers to.
func (d *docx) noteBlocks() error {
	refs := d.notes
	texts := map[docxNote]string{}
	for _, part := range []string{"word/footnotes.xml", "word/endnotes.xml", "word/comments.xml"} {
		if !d.a.has(part) {
			continue
		}
		if err := d.readNotes(part, texts); err != nil {
			d.receipt.skip("notes", part, err.Error())
		}
	}
	for _, n := range refs {
		text := texts[docxNote{part: n.part, id: n.id}]
		if text == "" {
			continue
		}
		if n.mark != "" {
			text = n.mark + " " + text
		}
		if err := d.add(Note, 0, text); err != nil {
			return err
		}
	}
	return nil
}

func (d *docx) readNotes(part string, texts map[docxNote]string) error {
	x, err := d.a.xml(part)
	if err != nil {
		return err
	}
	defer x.close()
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e, ok := t.(startElement)
		if !ok || e.Name.Local != "footnote" && e.Name.Local != "endnote" && e.Name.Local != "comment" {
			continue
		}
		if k := attr(e, "type"); k == "separator" || k == "continuationSeparator" {
			continue
		}
		id, author := attr(e, "id"), attr(e, "author")
		text, _, err := d.cell(x)
		if e.Name.Local == "comment" {
			text = "Comment by " + author + ": " + text
		}
		texts[docxNote{part: part, id: id}] = text
		if err != nil {
			return err
		}
	}
}
