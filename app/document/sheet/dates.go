package sheet

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"freehold/app/document"
)

var months = map[string]int{}

func init() {
	for i, names := range []string{"january jan januar", "february feb februar", "march mar märz", "april apr", "may mai", "june jun juni", "july jul juli",
		"august aug", "september sep sept", "october oct oktober okt", "november nov", "december dec dezember dez"} {
		for _, n := range strings.Fields(names) {
			months[n] = i + 1
		}
	}
}

var (
	isoDate    = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})$`)
	germanDate = regexp.MustCompile(`^(\d{1,2})\.(\d{1,2})\.(\d{4})$`)
	isoMonth   = regexp.MustCompile(`^(\d{4})-(\d{2})$`)
	ordinal    = regexp.MustCompile(`^(\d{1,2})(?:st|nd|rd|th|\.)?$`)
	quarter    = regexp.MustCompile(`^q([1-4])$`)
)

// period of days, both ends among them.
type period struct {
	first, last time.Time
	at          span
}

func year(low string) (int, bool) {
	y, err := strconv.Atoi(low)
	return y, err == nil && len(low) == 4 && y >= 1900 && y < 2100
}

func day(y, m, d int) (time.Time, bool) {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, t.Day() == d && int(t.Month()) == m
}

func number(s string) int { n, _ := strconv.Atoi(s); return n }

// periodAt reads a date, a month, a quarter or a year that begins at a token.
// A month without a year is of every year: then years is false.
func periodAt(tokens []token, i int) (p period, month int, ok bool) {
	low := func(k int) string {
		if k < len(tokens) && !tokens[k].used {
			return tokens[k].low
		}
		return ""
	}
	single := func(t time.Time, good bool, n int) (period, int, bool) {
		return period{t, t, span{i, i + n}}, 0, good
	}
	ofMonth := func(y, m, n int) (period, int, bool) {
		t, good := day(y, m, 1)
		return period{t, t.AddDate(0, 1, -1), span{i, i + n}}, 0, good
	}
	w := low(i)
	if m := isoDate.FindStringSubmatch(w); m != nil {
		t, good := day(number(m[1]), number(m[2]), number(m[3]))
		return single(t, good, 1)
	}
	if m := germanDate.FindStringSubmatch(w); m != nil {
		t, good := day(number(m[3]), number(m[2]), number(m[1]))
		return single(t, good, 1)
	}
	if m := isoMonth.FindStringSubmatch(w); m != nil {
		return ofMonth(number(m[1]), number(m[2]), 1)
	}
	if m := quarter.FindStringSubmatch(w); m != nil {
		if y, good := year(low(i + 1)); good {
			t, _ := day(y, 3*number(m[1])-2, 1)
			return period{t, t.AddDate(0, 3, -1), span{i, i + 2}}, 0, true
		}
		return period{}, 0, false
	}
	if mm := months[w]; mm > 0 {
		if d := ordinal.FindStringSubmatch(low(i + 1)); d != nil && number(d[1]) <= 31 { // March 5 2024
			if y, good := year(low(i + 2)); good {
				t, valid := day(y, mm, number(d[1]))
				return single(t, valid, 3)
			}
		}
		if y, good := year(low(i + 1)); good {
			return ofMonth(y, mm, 2)
		}
		if low(i+1) == "of" || low(i+1) == "in" {
			if y, good := year(low(i + 2)); good {
				return ofMonth(y, mm, 3)
			}
		}
		if w == "may" && tokens[i].raw != "May" { // the verb
			return period{}, 0, false
		}
		return period{at: span{i, i + 1}}, mm, true
	}
	if d := ordinal.FindStringSubmatch(w); d != nil && months[low(i+1)] > 0 { // 5 March 2024
		if y, good := year(low(i + 2)); good {
			t, valid := day(y, months[low(i+1)], number(d[1]))
			return single(t, valid, 3)
		}
	}
	if y, good := year(w); good {
		t, _ := day(y, 1, 1)
		return period{t, t.AddDate(1, 0, -1), span{i, i + 1}}, 0, true
	}
	return period{}, 0, false
}

// dates turns the periods of a question into filters. It fails if there is no
// one column that they can be about.
func (m *match) dates() error {
	for i := 0; i < len(m.tokens); i++ {
		if m.tokens[i].used {
			continue
		}
		p, month, ok := periodAt(m.tokens, i)
		if !ok || m.compared(i) {
			continue
		}
		column, err := m.dateColumn(i, p, month)
		if err != nil {
			return err
		}
		if column.Column == "" {
			continue // a number like another
		}
		use(m.tokens, p.at)
		name := quote(column.Column)
		var sql string
		switch before := m.before(i); {
		case numeric(column) && month == 0:
			op := "="
			switch before {
			case "since", "from", "seit", "ab":
				op = ">="
			case "after", "nach":
				op = ">"
			case "before", "vor":
				op = "<"
			case "until", "till", "bis", "through":
				op = "<="
			}
			sql = fmt.Sprintf("%s %s %d", name, op, p.first.Year())
			if before == "between" || before == "from" || before == "zwischen" {
				if end, ok := m.other(p.at.to); ok {
					sql = fmt.Sprintf("%s BETWEEN %d AND %d", name, p.first.Year(), end.first.Year())
				}
			}
		case month > 0:
			sql = fmt.Sprintf("CAST(substr(%s, 6, 2) AS INTEGER) = %d", name, month)
		default:
			first, last := p.first.Format("2006-01-02"), p.last.Format("2006-01-02")
			switch before {
			case "since", "seit", "ab":
				sql = fmt.Sprintf("substr(%s, 1, 10) >= '%s'", name, first)
			case "after", "nach":
				sql = fmt.Sprintf("substr(%s, 1, 10) > '%s'", name, last)
			case "before", "vor":
				sql = fmt.Sprintf("substr(%s, 1, 10) < '%s'", name, first)
			case "until", "till", "bis", "through":
				sql = fmt.Sprintf("substr(%s, 1, 10) <= '%s'", name, last)
			case "between", "from", "zwischen", "von", "vom":
				if end, ok := m.other(p.at.to); ok {
					last = end.last.Format("2006-01-02")
				} else if before == "from" {
					last = ""
				}
				fallthrough
			default:
				if last == "" {
					sql = fmt.Sprintf("substr(%s, 1, 10) >= '%s'", name, first)
				} else {
					sql = fmt.Sprintf("substr(%s, 1, 10) BETWEEN '%s' AND '%s'", name, first, last)
				}
			}
		}
		m.filters = append(m.filters, filter{column, sql, i})
	}
	return nil
}

// other is the end of a period that "and", "to" or "until" joins to its beginning.
func (m *match) other(i int) (period, bool) {
	if i >= len(m.tokens) {
		return period{}, false
	}
	switch m.tokens[i].low {
	case "and", "to", "until", "till", "through", "und", "bis", "-":
	default:
		return period{}, false
	}
	p, month, ok := periodAt(m.tokens, i+1)
	if !ok || month > 0 {
		return period{}, false
	}
	use(m.tokens, span{i, p.at.to})
	return p, true
}

// before is the word before a token that is no article.
func (m *match) before(i int) string {
	for i--; i >= 0; i-- {
		switch w := m.tokens[i].low; w {
		case "the", "year", "month", "of", "dem", "der", "den", "jahr", "monat":
		default:
			return w
		}
	}
	return ""
}

// dateColumn is the column that a period is about; none where the number is no year.
func (m *match) dateColumn(i int, p period, month int) (document.Column, error) {
	var dates, years []document.Column
	for _, c := range m.sheet.Columns {
		if c.Type == Date {
			dates = append(dates, c)
		}
		if c.Type == Integer && month == 0 && p.first.Month() == 1 && p.last.Month() == 12 {
			for _, t := range nameTokens(c) {
				if t.low == "year" || t.low == "jahr" {
					years = append(years, c)
				}
			}
		}
	}
	if len(years) == 1 {
		return years[0], nil
	}
	if len(dates) == 1 {
		return dates[0], nil
	}
	for k := len(m.mentions) - 1; k >= 0; k-- { // the one that was named last before it
		if c := m.mentions[k]; c.column.Type == Date && c.from < i {
			return c.column, nil
		}
	}
	for _, c := range dates {
		if w := nameTokens(c); len(w) == 1 && (w[0].low == "date" || w[0].low == "datum") {
			return c, nil
		}
	}
	if len(dates) == 0 {
		if p.first.Year() > 0 && p.at.to-p.at.from == 1 && month == 0 {
			return document.Column{}, nil
		}
		return document.Column{}, fmt.Errorf("no column holds dates")
	}
	return document.Column{}, fmt.Errorf("several columns hold dates")
}

// compared tells whether the number at a token belongs to a comparison: more
// than 2000.
func (m *match) compared(i int) bool {
	if i == 0 {
		return false
	}
	switch m.tokens[i-1].low {
	case "than", "als", "least", "most", ">", "<", ">=", "<=", "≥", "≤", "top", "above", "below", "over", "under", "exceeding":
		return true
	}
	return false
}
