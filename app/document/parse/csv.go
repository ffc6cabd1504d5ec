package parse

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// parseCSV reads a table of text with separators.
func parseCSV(s *source) error {
	text, encoding := decodeText(s.data, "")
	s.receipt.Encoding = encoding
	s.unit("part", 0)
	comma := separator(text, s.receipt.Kind)
	if line, rest, ok := strings.Cut(text, "\n"); ok && strings.HasPrefix(line, "sep=") {
		text = rest
	}
	s.receipt.Kind = map[bool]Kind{true: TSV, false: CSV}[comma == '\t']
	if err := s.beginPage(""); err != nil {
		return err
	}
	t, err := s.beginTable("", true)
	if err != nil {
		return err
	}
	r := csv.NewReader(bufio.NewReaderSize(strings.NewReader(strings.ReplaceAll(text, "\x00", "")), 64<<10))
	r.Comma = comma
	r.LazyQuotes = true
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			s.receipt.skip("rows", "line "+itoa(bad.Line), "their quotes do not match")
			continue
		}
		if err != nil {
			return errors.Join(t.end(), err)
		}
		line, _ := r.FieldPos(0)
		if len(record) > s.limits.Columns {
			t.tooWide()
			record = record[:s.limits.Columns]
		}
		cells := make([]Cell, len(record))
		for i := range cells {
			cells[i] = typedCell(clip(clean(record[i]), 1<<20), comma == ';')
		}
		if len(cells) > 0 && len(record[len(record)-1]) > 1<<20 {
			s.receipt.warn("line %d: a cell of more than 1 MB: a quote may be missing", line)
		}
		if err := t.row(line, cells); err != nil {
			return err
		}
	}
	return t.end()
}

// separator is the one that cuts the first lines into the same number of cells.
func separator(text string, kind Kind) rune {
	if s, ok := strings.CutPrefix(text, "sep="); ok && len(s) > 0 && strings.ContainsRune(",;\t|", rune(s[0])) {
		return rune(s[0])
	}
	sample := text[:min(len(text), 64<<10)]
	best, score := ',', 0.0
	if kind == TSV {
		best, score = '\t', 0.5
	}
	for _, c := range ",;\t|" {
		r := csv.NewReader(strings.NewReader(sample))
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = c, true, -1
		counts := map[int]int{}
		lines := 0
		for lines < 50 {
			rec, err := r.Read()
			if err != nil {
				break
			}
			lines++
			counts[len(rec)]++
		}
		for n, times := range counts {
			if n < 2 || lines == 0 {
				continue
			}
			// As many lines as possible with the same number of cells; of equal
			// ones the separator that cuts more.
			if v := float64(times)/float64(lines) + float64(min(n, 50))/500; v > score {
				best, score = c, v
			}
		}
	}
	return best
}
