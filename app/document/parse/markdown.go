package parse

import (
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

var markdown = goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))

// markdownPiece bounds what is parsed at once: the parser keeps the whole tree.
const markdownPiece = 1 << 20

// parseMarkdown reads Markdown's blocks; its text is without marks.
func parseMarkdown(s *source) error {
	all, encoding := decodeText(s.data, "")
	s.receipt.Encoding = encoding
	s.unit("part", 0)
	all = s.frontMatter(strings.ReplaceAll(strings.ReplaceAll(all, "\r\n", "\n"), "\r", "\n"))
	for all != "" {
		piece := all
		if len(all) > markdownPiece {
			n := markdownPiece
			if i := strings.LastIndex(all[:n], "\n\n"); i > n/2 {
				n = i + 1
			} else {
				n = cutPoint(all, n)
			}
			piece = all[:n]
		}
		all = all[len(piece):]
		src := []byte(piece)
		m := &markdownReader{source: s, src: src}
		if deepMarkdown(piece, s.limits.Depth) {
			s.receipt.warn("a part is nested too deeply to be read as Markdown; it was read as plain text")
			if err := s.textBlock(piece); err != nil {
				return err
			}
			continue
		}
		if err := m.blocks(markdown.Parser().Parse(text.NewReader(src)), 0); err != nil {
			return err
		}
	}
	return nil
}

// deepMarkdown tells whether a line opens more quotes or brackets than a parser
// should be given.
func deepMarkdown(s string, depth int) bool {
	for line := range strings.SplitSeq(s, "\n") {
		open, run := 0, 0
		for i := range len(line) {
			switch line[i] {
			case '>', '[', '*', '_':
				if open++; open > 20*depth {
					return true
				}
			}
			if c := line[i]; c == '>' || c == '-' || c == '+' || c == ' ' || c == '*' {
				if c == '>' || c == '-' || c == '+' || c == '*' {
					run++
				}
				if run > depth && i < 4*depth {
					if strings.Trim(line, "-* \t") == "" || strings.Trim(line, "+-| ") == "" {
						break
					}
					return true
				}
			} else {
				run = -1 << 30
			}
		}
	}
	return false
}

// frontMatter takes title and author from a YAML head and cuts it off.
func (s *source) frontMatter(text string) string {
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return text
	}
	head, body, ok := strings.Cut(rest, "\n---\n")
	if !ok || len(head) > 16<<10 {
		return text
	}
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, ":")
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		switch strings.ToLower(key) {
		case "title":
			s.doc.Title = clip(value, 500)
		case "author":
			s.doc.Author = clip(value, 500)
		case "lang", "language":
			s.doc.Language = clip(value, 35)
		}
	}
	if err := s.add(Field, 0, head); err != nil {
		return text
	}
	return body
}

type markdownReader struct {
	*source
	src []byte
}

func (m *markdownReader) blocks(n ast.Node, level int) error {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if err := m.block(c, level); err != nil {
			return err
		}
	}
	return nil
}

func (m *markdownReader) block(n ast.Node, level int) error {
	if level > m.limits.Depth {
		return problem(TooLarge, "it is nested deeper than %d", m.limits.Depth)
	}
	switch n := n.(type) {
	case *ast.Heading:
		s := m.inline(n)
		if m.doc.Title == "" && n.Level == 1 {
			m.doc.Title = clip(oneLine(s), 500)
		}
		return m.add(Heading, n.Level, s)
	case *ast.Paragraph, *ast.TextBlock:
		return m.add(Paragraph, 0, m.inline(n))
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		return m.add(CodeBlock, 0, m.lines(n))
	case *ast.HTMLBlock:
		return (&htmlReader{source: m.source}).fragment(m.lines(n))
	case *ast.List:
		number := n.Start
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			mark := "•"
			if n.IsOrdered() {
				mark = itoa(number) + string(n.Marker)
				number++
			}
			if err := m.item(c, mark, level); err != nil {
				return err
			}
		}
		return nil
	case *extast.Table:
		return m.tableRows(n)
	case *extast.FootnoteList:
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			mark := ""
			if f, ok := c.(*extast.Footnote); ok {
				mark = "[" + string(f.Ref) + "] "
			}
			if err := m.add(Note, 0, mark+m.inline(c)); err != nil {
				return err
			}
		}
		return nil
	}
	return m.blocks(n, level+1)
}

// item reads a list's item: its first text with the mark, then what is nested.
func (m *markdownReader) item(n ast.Node, mark string, level int) error {
	first := true
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		var err error
		switch c.(type) {
		case *ast.Paragraph, *ast.TextBlock:
			kind, text := Paragraph, m.inline(c)
			if first {
				kind, text = ListItem, mark+" "+text
			}
			err = m.add(kind, level, text)
		default:
			err = m.block(c, level+1)
		}
		first = false
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *markdownReader) tableRows(n ast.Node) error {
	w, err := m.beginTable("", false)
	if err != nil {
		return err
	}
	number := 0
	for r := n.FirstChild(); r != nil; r = r.NextSibling() {
		var cells []string
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			cells = append(cells, m.inline(c))
		}
		number++
		if err := w.row(number, textCells(cells)); err != nil {
			return err
		}
	}
	return w.end()
}

func (m *markdownReader) lines(n ast.Node) string {
	var s strings.Builder
	for i := range n.Lines().Len() {
		seg := n.Lines().At(i)
		s.Write(seg.Value(m.src))
	}
	return s.String()
}

// inline is the text of a block without its marks.
func (m *markdownReader) inline(n ast.Node) string {
	var s strings.Builder
	_ = ast.Walk(n, func(n ast.Node, enter bool) (ast.WalkStatus, error) {
		if !enter {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			s.Write(n.Segment.Value(m.src))
			if n.HardLineBreak() || n.SoftLineBreak() {
				s.WriteByte('\n')
			}
		case *ast.String:
			s.Write(n.Value)
		case *ast.AutoLink:
			s.Write(n.URL(m.src))
		case *ast.Image:
			if m.page != nil {
				m.page.Images++
			}
		case *extast.FootnoteLink:
			s.WriteString("[" + itoa(n.Index) + "]")
		case *extast.FootnoteBacklink:
			return ast.WalkSkipChildren, nil
		case *extast.TaskCheckBox:
			if n.IsChecked {
				s.WriteString("[x] ")
			} else {
				s.WriteString("[ ] ")
			}
		}
		return ast.WalkContinue, nil
	})
	return s.String()
}
