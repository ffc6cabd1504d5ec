package parse

import (
	"bytes"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlMost bounds the bytes of one page: its tree takes some ten times as much.
const htmlMost = 48 << 20

var metaCharset = regexp.MustCompile(`(?i)<meta[^>]{0,200}charset\s*=\s*["']?\s*([a-z0-9_:-]{2,30})`)

func parseHTML(s *source) error {
	declared := ""
	if m := metaCharset.FindSubmatch(s.data[:min(len(s.data), 4096)]); m != nil {
		declared = string(m[1])
	} else if m := xmlEncoding.FindSubmatch(s.data[:min(len(s.data), 200)]); m != nil {
		declared = string(m[1])
	}
	data := s.data
	if len(data) > htmlMost {
		s.receipt.skip("what follows the first 48 MB", "", "larger pages are not read in full")
		s.receipt.Problem = TooLarge
		data = data[:htmlMost]
	}
	text, encoding := decodeText(data, declared)
	s.receipt.Encoding = encoding
	s.unit("part", 0)
	return (&htmlReader{source: s, titled: true}).document(text)
}

var xmlEncoding = regexp.MustCompile(`^<\?xml[^>]{0,100}encoding\s*=\s*["']([A-Za-z0-9_-]{2,30})`)

// htmlReader walks the tree of a page.
type htmlReader struct {
	*source
	titled bool // the document's title is this page's
	inline strings.Builder
	lists  []htmlList
	mark   string // of the item whose first text is still to come
	inItem bool
	pre    int
	frames int
}

type htmlList struct {
	ordered bool
	count   int
}

func (h *htmlReader) document(text string) error {
	root, err := html.ParseWithOptions(strings.NewReader(text), html.ParseOptionEnableScripting(false))
	if err != nil {
		return problem(Damaged, "its HTML cannot be read (%v)", err)
	}
	if err := h.walk(root, 0); err != nil {
		return err
	}
	if err := h.flush(Paragraph, 0); err != nil {
		return err
	}
	h.receipt.skipN("frames and embedded pages", "", "they are other files", h.frames)
	return nil
}

// fragment reads HTML within another text.
func (h *htmlReader) fragment(text string) error {
	nodes, err := html.ParseFragment(strings.NewReader(text), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		h.receipt.skip("HTML within the text", "", err.Error())
		return nil
	}
	for _, n := range nodes {
		if err := h.walk(n, 0); err != nil {
			return err
		}
	}
	return h.flush(Paragraph, 0)
}

func htmlAttr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// flush ends the block of inline text.
func (h *htmlReader) flush(kind BlockKind, level int) error {
	text := h.inline.String()
	h.inline.Reset()
	if kind != CodeBlock {
		text = spaces(text)
	}
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if h.inItem && kind == Paragraph && h.mark != "" {
		kind, level = ListItem, max(len(h.lists)-1, 0)
		text, h.mark = h.mark+" "+strings.TrimSpace(text), ""
	}
	return h.add(kind, level, text)
}

// spaces collapses white space as a browser does; a line break of <br> is kept.
func spaces(s string) string {
	lines := strings.Split(s, "\x01")
	for i, l := range lines {
		lines[i] = oneLine(l)
	}
	return strings.Join(lines, "\n")
}

func (h *htmlReader) children(n *html.Node, depth int) error {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if err := h.walk(c, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (h *htmlReader) walk(n *html.Node, depth int) error {
	if depth > 600 {
		return problem(TooLarge, "it is nested deeper than %d", 600)
	}
	switch n.Type {
	case html.TextNode:
		h.inline.WriteString(n.Data)
		return nil
	case html.ElementNode:
		return h.element(n, depth)
	case html.DocumentNode:
		return h.children(n, depth)
	}
	return nil
}

func (h *htmlReader) element(n *html.Node, depth int) error {
	if n.Namespace == "svg" || n.Namespace == "math" && n.DataAtom == atom.Annotation {
		return nil
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Template, atom.Head, atom.Select, atom.Datalist:
		if n.DataAtom == atom.Head {
			h.head(n)
		}
		return nil
	case atom.Html:
		if l := htmlAttr(n, "lang"); l != "" && h.doc.Language == "" {
			h.doc.Language = clip(l, 35)
		}
	case atom.Iframe, atom.Frame, atom.Object, atom.Embed:
		h.frames++
		return nil
	case atom.Img:
		if err := h.flowing(); err != nil {
			return err
		}
		h.page.Images++
		if alt := strings.TrimSpace(htmlAttr(n, "alt")); alt != "" {
			h.inline.WriteString(" [" + alt + "] ")
		}
		return nil
	case atom.Br:
		if h.pre > 0 {
			h.inline.WriteByte('\n')
		} else {
			h.inline.WriteByte(1)
		}
		return nil
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		if err := h.flush(Paragraph, 0); err != nil {
			return err
		}
		if err := h.children(n, depth); err != nil {
			return err
		}
		return h.flush(Heading, int(n.Data[1]-'0'))
	case atom.Pre, atom.Listing, atom.Xmp:
		if err := h.flush(Paragraph, 0); err != nil {
			return err
		}
		h.pre++
		err := h.children(n, depth)
		h.pre--
		if err != nil {
			return err
		}
		return h.flush(CodeBlock, 0)
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
		if err := h.flush(Paragraph, 0); err != nil {
			return err
		}
		h.lists = append(h.lists, htmlList{ordered: n.DataAtom == atom.Ol})
		err := h.children(n, depth)
		h.lists = h.lists[:len(h.lists)-1]
		if err != nil {
			return err
		}
		return h.flush(Paragraph, 0)
	case atom.Li:
		return h.item(n, depth)
	case atom.Table:
		if layoutTable(n) {
			break
		}
		if err := h.flush(Paragraph, 0); err != nil {
			return err
		}
		return h.table(n)
	}
	if !blockElement[n.DataAtom] {
		if n.DataAtom == atom.Td || n.DataAtom == atom.Th {
			h.inline.WriteByte(' ')
		}
		return h.children(n, depth)
	}
	if err := h.flush(Paragraph, 0); err != nil {
		return err
	}
	if err := h.children(n, depth); err != nil {
		return err
	}
	return h.flush(Paragraph, 0)
}

func (h *htmlReader) item(n *html.Node, depth int) error {
	if err := h.flush(Paragraph, 0); err != nil {
		return err
	}
	mark := "•"
	if k := len(h.lists); k > 0 {
		l := &h.lists[k-1]
		if l.count++; l.ordered {
			mark = itoa(l.count) + "."
		}
	}
	outer, outerMark := h.inItem, h.mark
	h.inItem, h.mark = true, mark
	err := h.children(n, depth)
	if err == nil {
		err = h.flush(Paragraph, 0)
	}
	h.inItem, h.mark = outer, outerMark
	return err
}

var blockElement = map[atom.Atom]bool{
	atom.P: true, atom.Div: true, atom.Section: true, atom.Article: true, atom.Header: true, atom.Footer: true, atom.Main: true, atom.Nav: true, atom.Aside: true,
	atom.Blockquote: true, atom.Figure: true, atom.Figcaption: true, atom.Dl: true, atom.Dt: true, atom.Dd: true, atom.Address: true, atom.Fieldset: true, atom.Form: true,
	atom.Hr: true, atom.Body: true, atom.Html: true, atom.Details: true, atom.Summary: true, atom.Tr: true, atom.Caption: true, atom.Table: true, atom.Center: true, atom.Legend: true, atom.Option: true, atom.Td: true, atom.Th: true,
}

func (h *htmlReader) head(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.DataAtom == atom.Title && c.FirstChild != nil && h.titled && h.doc.Title == "":
			h.doc.Title = clip(oneLine(clean(c.FirstChild.Data)), 500)
		case c.DataAtom == atom.Meta && strings.EqualFold(htmlAttr(c, "name"), "author") && h.titled && h.doc.Author == "":
			h.doc.Author = clip(oneLine(clean(htmlAttr(c, "content"))), 500)
		}
	}
}

// layoutTable tells of a table that arranges a page: with tables, headings or
// lists within, or with a single cell.
func layoutTable(n *html.Node) bool {
	cells, layout := 0, false
	var look func(n *html.Node, depth int)
	look = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && !layout && depth < 600; c = c.NextSibling {
			switch c.DataAtom {
			case atom.Table, atom.H1, atom.H2, atom.H3, atom.Ul, atom.Ol, atom.Pre:
				layout = true
			case atom.Td, atom.Th:
				cells++
			}
			look(c, depth+1)
		}
	}
	look(n, 0)
	return layout || cells < 2
}

func (h *htmlReader) table(n *html.Node) error {
	name := ""
	w, err := h.beginTable("", false)
	if err != nil {
		return err
	}
	number := 0
	var rows func(n *html.Node, depth int) error
	rows = func(n *html.Node, depth int) error {
		for c := n.FirstChild; c != nil && depth < 600; c = c.NextSibling {
			switch c.DataAtom {
			case atom.Caption:
				name = oneLine(htmlText(c))
				if err := h.add(Paragraph, 0, name); err != nil {
					return err
				}
				w.table.Name = clip(clean(name), 200)
			case atom.Tr:
				var cells []string
				for d := c.FirstChild; d != nil; d = d.NextSibling {
					if d.DataAtom != atom.Td && d.DataAtom != atom.Th {
						continue
					}
					cells = append(cells, oneLine(htmlText(d)))
					for span := repeatedSpan(htmlAttr(d, "colspan")); span > 1 && len(cells) < h.limits.Columns; span-- {
						cells = append(cells, "")
					}
				}
				number++
				if err := w.row(number, textCells(cells)); err != nil {
					return err
				}
			default:
				if err := rows(c, depth+1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := rows(n, 0); err != nil {
		return err
	}
	return w.end()
}

func repeatedSpan(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 100 {
			break
		}
		n = n*10 + int(c-'0')
	}
	return min(max(n, 1), 100)
}

// htmlText is the text within an element.
func htmlText(n *html.Node) string {
	var b bytes.Buffer
	var walk func(n *html.Node, depth int)
	walk = func(n *html.Node, depth int) {
		for c := n.FirstChild; c != nil && depth < 600; c = c.NextSibling {
			switch {
			case c.Type == html.TextNode:
				b.WriteString(c.Data)
			case c.DataAtom == atom.Script || c.DataAtom == atom.Style:
			case c.DataAtom == atom.Br:
				b.WriteByte(' ')
			default:
				if blockElement[c.DataAtom] {
					b.WriteByte(' ')
				}
				walk(c, depth+1)
			}
		}
	}
	walk(n, 0)
	return b.String()
}
