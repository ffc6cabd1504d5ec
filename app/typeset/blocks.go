package typeset

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

const deepest = 24 // levels of lists and quotations that are set off; text lies deeper in vain

func itoa(n int) string { return strconv.Itoa(n) }

// blocks sets the children of a node, indented by so many points.
func (s *sheet) blocks(parent ast.Node, indent float64) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		s.block(n, indent)
	}
}

func (s *sheet) block(n ast.Node, indent float64) {
	indent = min(indent, deepest*14)
	switch n := n.(type) {
	case *ast.Heading:
		size := []float64{17, 14, 12, 11, body, body}[n.Level-1]
		s.gap(size * 0.9)
		s.room(size*leading + 3*body*leading) // never alone at the foot of a page
		s.text(s.inline(n, run{face: face{prose, "B"}, size: size, colour: ink}), indent)
		s.down(size * 0.25)
	case *ast.Paragraph:
		s.gap(body * 0.6)
		s.text(s.inline(n, s.plain()), indent)
	case *ast.TextBlock:
		s.text(s.inline(n, s.plain()), indent)
	case *ast.List:
		s.list(n, indent)
	case *ast.Blockquote:
		s.gap(body * 0.6)
		s.quotes = append(s.quotes, left+indent)
		s.blocks(n, indent+14)
		s.quotes = s.quotes[:len(s.quotes)-1]
	case *ast.FencedCodeBlock:
		s.code(linesOf(n, s.source), indent)
	case *ast.CodeBlock:
		s.code(linesOf(n, s.source), indent)
	case *ast.HTMLBlock:
		s.code(linesOf(n, s.source), indent)
	case *ast.ThematicBreak:
		s.gap(body)
		s.room(body)
		s.pdf.SetDrawColor(rule.r, rule.g, rule.b)
		s.pdf.SetLineWidth(0.6)
		s.pdf.Line(left+indent, s.y, right, s.y)
		s.down(body * 0.4)
	case *extast.Table:
		s.table(n, indent)
	default:
		if n.Type() == ast.TypeBlock {
			s.blocks(n, indent)
		}
	}
}

func (s *sheet) plain() run {
	r := run{face: face{prose, ""}, size: body, colour: ink}
	if len(s.quotes) > 0 {
		r.colour = soft
	}
	return r
}

// text sets runs as a paragraph.
func (s *sheet) text(runs []run, indent float64) {
	for _, line := range s.lines(s.atoms(runs), right-left-indent) {
		size := body
		for _, a := range line {
			size = max(size, a.run.size)
		}
		s.room(size * leading)
		s.put(line, left+indent, s.y+size)
		s.down(size * leading)
	}
}

func (s *sheet) list(l *ast.List, indent float64) {
	number := l.Start
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		s.gap(body * 0.35)
		mark := "•"
		if l.IsOrdered() {
			mark = itoa(number) + "."
			number++
		}
		s.room(body * leading)
		atoms := s.atoms([]run{{text: mark, face: face{prose, ""}, size: body, colour: soft}})
		s.put(atoms, left+indent, s.y+body)
		inner := indent + max(16, widthOf(atoms)+6)
		if first := item.FirstChild(); first != nil && first.Kind() == ast.KindParagraph {
			s.text(s.inline(first, s.plain()), inner)
			for n := first.NextSibling(); n != nil; n = n.NextSibling() {
				s.block(n, inner)
			}
		} else {
			s.blocks(item, inner)
		}
	}
}

// code sets text as it stands, line by line.
func (s *sheet) code(text string, indent float64) {
	const size = 8.8
	s.gap(body * 0.6)
	manner := run{face: face{mono, ""}, size: size, colour: ink}
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		line = strings.ReplaceAll(strings.TrimRight(line, "\r"), "\t", "    ")
		a := s.atom(manner, line)
		for {
			head := a
			var tail atom
			if a.width > right-left-indent-16 {
				head, tail = s.cut(a, right-left-indent-16)
			}
			s.room(size * leading)
			s.pdf.SetFillColor(paper.r, paper.g, paper.b)
			s.pdf.Rect(left+indent, s.y, right-left-indent, size*leading+0.3, "F")
			s.put([]atom{head}, left+indent+8, s.y+size)
			s.down(size * leading)
			if a = tail; len(a.pieces) == 0 {
				break
			}
		}
	}
}

func linesOf(n ast.Node, source []byte) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		l := n.Lines().At(i)
		b.Write(l.Value(source))
	}
	if h, ok := n.(*ast.HTMLBlock); ok && h.HasClosure() {
		b.Write(h.ClosureLine.Value(source))
	}
	return b.String()
}

// inline collects the text of a node in the manners that its parts are in.
func (s *sheet) inline(parent ast.Node, manner run) []run {
	var all []run
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			r := manner
			r.text = string(n.Segment.Value(s.source))
			if !n.IsRaw() {
				r.text = unescaped(r.text)
			}
			if n.SoftLineBreak() {
				r.text += " "
			}
			r.broken = n.HardLineBreak()
			all = append(all, r)
		case *ast.String:
			r := manner
			r.text = string(n.Value)
			all = append(all, r)
		case *ast.CodeSpan:
			r := manner
			r.face.family, r.size = mono, manner.size*0.92
			r.face.style = strings.ReplaceAll(r.face.style, "I", "")
			all = append(all, s.inline(n, r)...)
		case *ast.Emphasis:
			r := manner
			style := "I"
			if n.Level > 1 {
				style = "B"
			}
			if r.face.family == prose && !strings.Contains(r.face.style, style) {
				r.face.style = map[string]string{"B": "B", "I": "I", "BI": "BI", "IB": "BI"}[r.face.style+style]
			}
			all = append(all, s.inline(n, r)...)
		case *ast.Link:
			all = append(all, s.inline(n, linked(manner, string(n.Destination)))...)
		case *ast.AutoLink:
			r := linked(manner, string(n.URL(s.source)))
			r.text = string(n.Label(s.source))
			all = append(all, r)
		case *ast.RawHTML:
			r := manner
			for i := range n.Segments.Len() {
				part := n.Segments.At(i)
				r.text += string(part.Value(s.source))
			}
			if tag := strings.ToLower(strings.Trim(r.text, "<>/ ")); tag == "br" {
				r.text, r.broken = " ", true
			}
			all = append(all, r)
		case *extast.TaskCheckBox:
			r := manner
			r.text = "[ ] "
			if n.IsChecked {
				r.text = "[x] "
			}
			all = append(all, r)
		default:
			all = append(all, s.inline(n, manner)...)
		}
	}
	return all
}

// linked makes a link of what leads to a page; paths of this machine and scripts
// lead nowhere.
func linked(r run, to string) run {
	if u, err := url.Parse(to); err == nil && (u.Scheme == "https" || u.Scheme == "http" || u.Scheme == "mailto") {
		r.link, r.colour = to, green
	}
	return r
}

// unescaped takes away the backslashes before signs, and writes entities out.
func unescaped(text string) string {
	if !strings.ContainsAny(text, `\&`) {
		return text
	}
	return string(util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations([]byte(text)))))
}
