package sheet

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"freehold/app/document/parse"
)

// currencies are signs, and codes: any three letters would make amounts of names.
const currencies = `\p{Sc}|EUR|USD|GBP|CHF|JPY|CNY|KRW|SEK|NOK|DKK|PLN|CZK|HUF|INR|AUD|CAD|NZD|BRL|MXN|ZAR|TRY`

var (
	amount    = regexp.MustCompile(`^([-−(]?)\s*(` + currencies + `)?\s*([-−]?)(\d[\d.,'’ \x{a0}\x{202f}]*?)\s*(` + currencies + `)?\)?$`)
	grouping  = regexp.MustCompile(`^(?:\d+|\d{1,3}(?:(?:\.\d{3})+|(?:,\d{3})+|(?:['’ \x{a0}\x{202f}]\d{3})+))(?:[.,]\d+)?$`)
	slashDate = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4})$`)
)

// settle types the texts of a column that only all of them together tell: amounts
// of money, where a comma may part thousands or decimals, and dates with slashes,
// where the month may come first or second. What stays ambiguous stays text. The
// cells of the rows are replaced, not changed.
func settle(rows []parse.Row, i int) {
	for _, read := range []func([]parse.Row, int) func(string) (parse.Cell, bool){amounts, dates, truths} {
		convert := read(rows, i)
		if convert == nil {
			continue
		}
		for k, r := range rows {
			if c, ok := convert(strings.TrimSpace(cell(r, i).Text)); ok && cell(r, i).Type == parse.String {
				rows[k].Cells = slices.Clone(r.Cells)
				rows[k].Cells[i] = c
			}
		}
		return
	}
}

// texts are the values of a column that are text and say something.
func texts(rows []parse.Row, i int) []string {
	var all []string
	for _, r := range rows {
		if c := cell(r, i); c.Type == parse.String && !absent.MatchString(c.Text) {
			all = append(all, strings.TrimSpace(c.Text))
		}
	}
	return all
}

// amounts reads a column of numbers with the sign or code of one currency.
func amounts(rows []parse.Row, i int) func(string) (parse.Cell, bool) {
	all := texts(rows, i)
	currency, decimal := "", ""
	unsure := false
	for _, s := range all {
		m := amount.FindStringSubmatch(s)
		if m == nil || (m[2] == "") == (m[5] == "") || !grouping.MatchString(m[4]) || strings.HasPrefix(s, "(") != strings.HasSuffix(s, ")") {
			return nil
		}
		if c := m[2] + m[5]; currency == "" {
			currency = c
		} else if c != currency {
			return nil
		}
		switch d, sure := decimalMark(m[4]); {
		case !sure:
			unsure = true
		case d != "" && decimal != "" && d != decimal:
			return nil
		case d != "":
			decimal = d
		}
	}
	if len(all) == 0 || unsure && decimal == "" {
		return nil
	}
	return func(s string) (parse.Cell, bool) {
		m := amount.FindStringSubmatch(s)
		if m == nil {
			return parse.Cell{}, false
		}
		digits := strings.Map(func(r rune) rune {
			switch {
			case string(r) == decimal:
				return '.'
			case r >= '0' && r <= '9':
				return r
			}
			return -1
		}, m[4])
		n, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			return parse.Cell{}, false
		}
		if m[1] != "" || m[3] != "" {
			n = -n
		}
		return parse.Cell{Type: parse.Number, Text: s, Number: n, Format: currency}, true
	}
}

// truths reads a column that answers with yes and no, in one language.
func truths(rows []parse.Row, i int) func(string) (parse.Cell, bool) {
	for _, words := range [][2]string{{"yes", "no"}, {"y", "n"}, {"true", "false"}, {"ja", "nein"}, {"wahr", "falsch"}} {
		seen := [2]bool{}
		other := false
		for _, s := range texts(rows, i) {
			at := slices.Index(words[:], strings.ToLower(s))
			if other = other || at < 0; !other {
				seen[at] = true
			}
		}
		if other || !seen[0] || !seen[1] {
			continue
		}
		return func(s string) (parse.Cell, bool) {
			c := parse.Cell{Type: parse.Boolean, Text: s}
			if strings.EqualFold(s, words[0]) {
				c.Number = 1
			}
			return c, true
		}
	}
	return nil
}

// decimalMark is what parts the decimals of a number, "" if nothing does. It is
// not sure of 1.250, where the mark may part thousands as well.
func decimalMark(n string) (mark string, sure bool) {
	last := strings.LastIndexAny(n, ".,")
	if last < 0 {
		return "", true
	}
	mark = n[last : last+1]
	other := map[string]string{".": ",", ",": "."}[mark]
	switch {
	case strings.Contains(n, other): // both: the last one
		return mark, true
	case strings.Count(n, mark) > 1: // it parts thousands, the other would part decimals
		return other, true
	case len(n)-last-1 == 3:
		return "", false
	}
	return mark, true
}

// dates reads a column of dates with slashes.
func dates(rows []parse.Row, i int) func(string) (parse.Cell, bool) {
	all := texts(rows, i)
	first, second := 0, 0
	for _, s := range all {
		m := slashDate.FindStringSubmatch(s)
		if m == nil {
			return nil
		}
		first, second = max(first, number(m[1])), max(second, number(m[2]))
	}
	if len(all) == 0 || (first > 12) == (second > 12) {
		return nil
	}
	return func(s string) (parse.Cell, bool) {
		m := slashDate.FindStringSubmatch(s)
		if m == nil {
			return parse.Cell{}, false
		}
		mm, dd := number(m[1]), number(m[2])
		if first > 12 {
			mm, dd = dd, mm
		}
		if _, ok := day(number(m[3]), mm, dd); !ok {
			return parse.Cell{}, false
		}
		return parse.Cell{Type: parse.Date, Text: fmt.Sprintf("%s-%02d-%02d", m[3], mm, dd)}, true
	}
}
