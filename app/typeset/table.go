package typeset

import (
	"slices"

	extast "github.com/yuin/goldmark/extension/ast"
)

const (
	cellSize = 9.0
	padX     = 6.0
	padY     = 4.0
)

type cell struct {
	atoms []atom
	align extast.Alignment
}

// table sets a table over the width of the page; its head stands on each page.
func (s *sheet) table(t *extast.Table, indent float64) {
	var rows [][]cell
	columns := 0
	for r := t.FirstChild(); r != nil; r = r.NextSibling() {
		manner := run{face: face{prose, ""}, size: cellSize, colour: ink}
		if r.Kind() == extast.KindTableHeader {
			manner.face.style = "B"
		}
		var row []cell
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			one := cell{atoms: s.atoms(s.inline(c, manner))}
			if tc, ok := c.(*extast.TableCell); ok {
				one.align = tc.Alignment
			}
			row = append(row, one)
		}
		columns = max(columns, len(row))
		rows = append(rows, row)
	}
	if columns == 0 {
		return
	}
	widths := s.widths(rows, columns, right-left-indent)
	s.gap(body * 0.8)
	for i := range rows {
		s.row(rows, i, widths, indent)
	}
	s.down(body * 0.2)
}

// widths shares a width among columns: each what it needs if that is enough,
// otherwise narrow ones as they are and the others what is left, by what they need.
func (s *sheet) widths(rows [][]cell, columns int, total float64) []float64 {
	need := make([]float64, columns)
	for _, row := range rows {
		for i, c := range row {
			need[i] = max(need[i], widthOf(c.atoms)+2*padX)
		}
	}
	sum := 0.0
	for _, n := range need {
		sum += n
	}
	out := slices.Clone(need)
	if sum <= total {
		for i := range out { // what is left over is shared evenly
			out[i] += (total - sum) / float64(columns)
		}
		return out
	}
	fair := total / float64(columns)
	left, wide := total, 0.0
	for _, n := range need {
		if n <= fair {
			left -= n
		} else {
			wide += n
		}
	}
	for i, n := range need {
		if n > fair {
			out[i] = max(fair*0.5, left*n/wide)
		}
	}
	sum = 0
	for _, w := range out {
		sum += w
	}
	for i := range out {
		out[i] *= total / sum
	}
	return out
}

// row sets row i; where it goes on with another page, below the first row, the head.
func (s *sheet) row(rows [][]cell, i int, widths []float64, indent float64) {
	row, head := rows[i], i == 0
	var lines [][][]atom
	most := 1
	for i, c := range row {
		l := s.lines(c.atoms, widths[i]-2*padX)
		lines = append(lines, l)
		most = max(most, len(l))
	}
	step := cellSize * leading
	for from := 0; from < most; { // a row higher than a page goes on with the next
		page := s.pdf.PageNo()
		s.room(min(float64(most-from)*step+2*padY, bottom-top-60))
		if s.pdf.PageNo() != page && !head {
			s.row(rows, 0, widths, indent)
		}
		n := max(1, min(most-from, int((bottom-s.y-2*padY)/step)))
		height := float64(n)*step + 2*padY
		if head {
			s.pdf.SetFillColor(paper.r, paper.g, paper.b)
			s.pdf.Rect(left+indent, s.y, right-left-indent, height, "F")
		}
		x := left + indent
		for i, l := range lines {
			for k := from; k < min(from+n, len(l)); k++ {
				at := x + padX
				switch row[i].align {
				case extast.AlignRight:
					at = x + widths[i] - padX - widthOf(l[k])
				case extast.AlignCenter:
					at = x + (widths[i]-widthOf(l[k]))/2
				}
				s.put(l[k], at, s.y+padY+cellSize+float64(k-from)*step)
			}
			x += widths[i]
		}
		s.pdf.SetDrawColor(rule.r, rule.g, rule.b)
		s.pdf.SetLineWidth(0.5)
		s.pdf.Line(left+indent, s.y+height, right, s.y+height)
		s.down(height)
		from += n
	}
}
