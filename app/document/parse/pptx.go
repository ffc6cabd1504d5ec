package parse

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// parsePPTX reads the slides in the order of the presentation, each with its
// notes.
func parsePPTX(s *source) error {
	a, err := openArchive(s.data, s.limits, s.receipt)
	if err != nil {
		return err
	}
	s.doc.coreProperties(a)
	slides, hidden, err := slideOrder(a)
	if err != nil {
		return err
	}
	s.unit("slide", len(slides))
	for i, name := range slides {
		p := &slideReader{source: s}
		if err := s.beginPage(""); err != nil {
			return err
		}
		if err := p.read(a, name); err != nil {
			if !errors.Is(err, io.EOF) {
				if fatal(err) {
					return err
				}
				s.receipt.skip("slides", strconv.Itoa(i+1), err.Error())
			}
		}
		rels, _ := a.relations(name)
		for _, r := range rels {
			switch r.kind {
			case "image":
				s.page.Images++
			case "chart", "diagramData":
				s.receipt.skip("charts and diagrams", strconv.Itoa(i+1), "they are not read")
			}
		}
		for _, r := range sortedRelations(rels) {
			if r.kind == "notesSlide" && a.has(r.target) {
				n := &slideReader{source: s, notes: true}
				if err := n.read(a, r.target); err != nil && !errors.Is(err, io.EOF) {
					if fatal(err) {
						return err
					}
					s.receipt.skip("notes", strconv.Itoa(i+1), err.Error())
				}
			}
		}
		if slices.Contains(hidden, name) {
			s.receipt.warn("slide %d is hidden in the presentation", i+1)
		}
		if n := s.page.Images; n > 0 {
			s.receipt.aside("images", fmt.Sprintf("slide %d", i+1), "text within images is not recognised here", n)
		}
	}
	return s.endPage()
}

// fatal tells an error that ends the document from one of a part of it.
func fatal(err error) bool {
	var p *Error
	return !errors.As(err, &p) || p.Problem == TooLarge && strings.HasPrefix(p.Detail, "it ")
}

func sortedRelations(m map[string]relation) []relation {
	list := make([]relation, 0, len(m))
	for _, r := range m {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b relation) int { return strings.Compare(a.target, b.target) })
	return list
}

// slideOrder lists the slides as shown.
func slideOrder(a *archive) (slides, hidden []string, err error) {
	const main = "ppt/presentation.xml"
	rels, err := a.relations(main)
	if err != nil {
		rels = map[string]relation{}
	}
	x, err := a.xml(main)
	if err == nil {
		defer x.close()
		for {
			t, e := x.next()
			if e != nil {
				break
			}
			if el, ok := t.(startElement); ok && el.Name.Local == "sldId" {
				if r := rels[attrNS(el, "r", "id")]; a.has(r.target) && !slices.Contains(slides, r.target) {
					slides = append(slides, r.target)
				}
			}
		}
	}
	if len(slides) == 0 { // without an order, by number
		slides = a.match("ppt/slides/slide*.xml")
		number := func(s string) int {
			n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(s, "ppt/slides/slide"), ".xml"))
			return n
		}
		slices.SortFunc(slides, func(a, b string) int { return number(a) - number(b) })
	}
	if len(slides) == 0 {
		return nil, nil, problem(NoContent, "it has no slides")
	}
	for _, s := range slides {
		if x, err := a.xml(s); err == nil {
			for range 4 {
				t, err := x.next()
				if err != nil {
					break
				}
				if e, ok := t.(startElement); ok {
					if attr(e, "show") == "0" {
						hidden = append(hidden, s)
					}
					break
				}
			}
			x.close()
		}
	}
	return slides, hidden, nil
}

// slideReader reads the shapes of a slide or of its notes.
type slideReader struct {
	*source
	notes bool
	kind  string // of the shape's placeholder
}

func (p *slideReader) read(a *archive, name string) error {
	x, err := a.xml(name)
	if err != nil {
		return err
	}
	defer x.close()
	for {
		t, err := x.next()
		if err != nil {
			return err
		}
		e, ok := t.(startElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "sp":
			p.kind = ""
		case "ph":
			if p.kind = attr(e, "type"); p.kind == "" {
				p.kind = "body"
			}
		case "Fallback":
			err = x.skip()
		case "tbl":
			err = p.tableShape(x)
		case "p":
			err = p.paragraph(x)
		}
		if err != nil {
			return err
		}
	}
}

func (p *slideReader) paragraph(x *xmlReader) error {
	text, level, err := slideText(x)
	switch {
	case p.kind == "sldNum" || p.kind == "dt" || p.kind == "ftr" || p.kind == "hdr" || p.kind == "sldImg":
	case p.notes:
		if e := p.add(Note, 0, text); e != nil {
			return e
		}
	case p.kind == "title" || p.kind == "ctrTitle":
		if strings.TrimSpace(text) == "" {
			break
		}
		if p.page.Label == "" {
			p.page.Label = clip(oneLine(text), 300)
		}
		if e := p.add(Heading, 1, oneLine(text)); e != nil {
			return e
		}
	case p.kind == "body" || p.kind == "obj":
		if e := p.add(ListItem, level, text); e != nil {
			return e
		}
	default:
		if e := p.add(Paragraph, 0, text); e != nil {
			return e
		}
	}
	return err
}

// slideText reads a paragraph of DrawingML and its level.
func slideText(x *xmlReader) (text string, level int, err error) {
	var s strings.Builder
	for depth := x.depth; ; {
		t, err := x.next()
		if err != nil {
			return s.String(), level, err
		}
		switch e := t.(type) {
		case startElement:
			switch e.Name.Local {
			case "pPr":
				level, _ = strconv.Atoi(attr(e, "lvl"))
			case "br":
				s.WriteByte('\n')
			case "t":
				in, err := x.text()
				s.WriteString(in)
				if err != nil {
					return s.String(), level, err
				}
			}
		case endElement:
			if x.depth < depth {
				return s.String(), min(max(level, 0), 9), nil
			}
		}
	}
}

func (p *slideReader) tableShape(x *xmlReader) error {
	w, err := p.beginTable("", false)
	if err != nil {
		return err
	}
	rows := 0
	var cells []string
	for depth := x.depth; ; {
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
				if len(cells) < p.limits.Columns {
					cells = append(cells, "")
				}
			case "p":
				text, _, err := slideText(x)
				if n := len(cells); n > 0 && text != "" {
					cells[n-1] = strings.TrimSpace(cells[n-1] + " " + text)
				}
				if err != nil {
					return errors.Join(w.end(), err)
				}
			}
		case endElement:
			if e.Name.Local == "tr" {
				rows++
				if err := w.row(rows, textCells(cells)); err != nil {
					return err
				}
			}
			if x.depth < depth {
				return w.end()
			}
		}
	}
}
