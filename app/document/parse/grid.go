package parse

import (
	"slices"
	"strings"
)

// tableAt counts the lines of the table that begins at line i, 0 if there is
// none.
func (l *layout) tableAt(i int) int {
	if len(l.lines[i].segments) < 2 || l.lines[i].margin {
		return 0
	}
	n := l.grid(i)
	if n < 2 {
		return 0
	}
	columns := columnsOf(l.lines[i : i+n])
	full := 0
	chars, cells := 0, 0
	for _, t := range l.lines[i : i+n] {
		if len(t.segments)*2 >= len(columns) && len(t.segments) >= 2 {
			full++
		}
		cells += len(t.segments)
		chars += len(t.chars)
	}
	if len(columns) < 2 || full < 2 || n < 3 && len(columns) < 3 || full*3 < n*2 {
		return 0
	}
	if len(columns) == 2 && chars > 36*cells { // two columns of prose
		return 0
	}
	return n
}

// grid counts the lines from i on that may be rows of one table: with gaps, and
// none far from the one before.
func (l *layout) grid(i int) int {
	n := 1
	for i+n < len(l.lines) && n < 500 {
		prev, t := l.lines[i+n-1], l.lines[i+n]
		gap := t.box[1] - prev.box[1]
		if gap < 0.3*t.size || gap > 3.5*max(t.size, prev.size) || t.margin {
			break
		}
		if len(t.segments) < 2 {
			// A cell alone may be the rest of a cell above, if rows go on.
			if i+n+1 >= len(l.lines) || len(l.lines[i+n+1].segments) < 2 || len(prev.segments) < 2 || gap > 1.6*t.size {
				break
			}
		}
		n++
	}
	return n
}

// columnsOf are the spans from left to right that the segments of lines share.
func columnsOf(lines []textLine) [][2]float64 {
	var spans [][2]float64
	for _, t := range lines {
		if len(t.segments) < 2 {
			continue
		}
		for _, s := range t.segments {
			spans = append(spans, [2]float64{s.box[0], s.box[2]})
		}
	}
	slices.SortFunc(spans, func(a, b [2]float64) int {
		switch {
		case a[0] < b[0]:
			return -1
		case a[0] > b[0]:
			return 1
		}
		return 0
	})
	var columns [][2]float64
	for _, s := range spans {
		if k := len(columns); k > 0 && s[0] < columns[k-1][1] {
			columns[k-1][1] = max(columns[k-1][1], s[1])
		} else {
			columns = append(columns, s)
		}
	}
	return columns
}

// emitTable writes lines as rows.
func (l *layout) emitTable(lines []textLine) error {
	columns := columnsOf(lines)
	l.table++
	w := &tableWriter{b: l.builder, table: Table{ID: l.table, Page: l.page.Number}}
	var rows []Row
	for i := range lines {
		t := &lines[i]
		l.put(t)
		cells := make([]string, len(columns))
		for _, s := range t.segments {
			k := slices.IndexFunc(columns, func(c [2]float64) bool { return s.box[0] < c[1] && s.box[2] > c[0] })
			if k < 0 {
				continue
			}
			var text strings.Builder
			for _, c := range t.chars[s.first : s.last+1] {
				if c.r == 2 {
					text.WriteByte('-')
				} else {
					text.WriteRune(c.r)
				}
			}
			cells[k] = strings.TrimSpace(cells[k] + " " + text.String())
		}
		if len(t.segments) < 2 && len(rows) > 0 { // goes on from the row above
			prev := &rows[len(rows)-1]
			block := &l.page.Blocks[len(l.page.Blocks)-1]
			for k, c := range textCells(cells) {
				if c.Type != Empty {
					if prev.Cells[k].Type != Empty {
						c.Text = prev.Cells[k].Text + " " + c.Text
						c.Type, c.Number = String, 0
					}
					prev.Cells[k] = c
				}
			}
			block.Text, block.End = rowText(prev.Cells), t.end
			block.Boxes = append(block.Boxes, rounded(t.box))
			continue
		}
		row := Row{Number: len(rows) + 1, Cells: textCells(cells)}
		rows = append(rows, row)
		l.page.Blocks = append(l.page.Blocks, Block{Kind: TableRow, Text: rowText(row.Cells), Start: t.start, End: t.end, Path: l.headings(), Boxes: []Box{rounded(t.box)}, Table: l.table, Row: row.Number})
	}
	if i := headerOf(rows); i >= 0 {
		w.table.Header, w.table.Columns = rows[i].Number, columnNames(rows[i].Cells)
	}
	l.receipt.Tables++
	l.receipt.Rows += len(rows)
	w.batch = rows
	for _, r := range rows {
		if l.cells += len(r.Cells); l.cells > l.limits.Cells {
			return l.cut("tables from "+l.unitName()+" "+itoa(l.page.Number)+" on", "there are too many cells")
		}
	}
	return w.flush()
}

// columnsAt counts the lines from i on that are two columns of prose, which the
// file draws line by line across the page.
func (l *layout) columnsAt(i int) int {
	if len(l.lines[i].segments) != 2 || l.lines[i].margin {
		return 0
	}
	n := 1
	for i+n < len(l.lines) && len(l.lines[i+n].segments) == 2 && !l.lines[i+n].margin && l.lines[i+n].box[1] > l.lines[i+n-1].box[1] && l.lines[i+n].box[1]-l.lines[i+n-1].box[1] < 3*l.lines[i+n].size {
		n++
	}
	if n < 4 || l.tableAt(i) > 0 || len(columnsOf(l.lines[i:i+n])) != 2 {
		return 0
	}
	return n
}

// splitColumns puts the left parts of n lines before the right ones.
func (l *layout) splitColumns(i, n int) {
	var left, right []textLine
	for _, t := range l.lines[i : i+n] {
		if a, ok := newLine(t.chars[:t.segments[1].first]); ok {
			left = append(left, a)
		}
		if b, ok := newLine(t.chars[t.segments[1].first:]); ok {
			right = append(right, b)
		}
	}
	l.lines = slices.Replace(l.lines, i, i+n, append(left, right...)...)
}
