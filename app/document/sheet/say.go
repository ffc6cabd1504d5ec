package sheet

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"freehold/app/document"
)

const mostShown = 50 // rows in an answer

// Say puts the result of a query into words and Markdown, without a model: what
// stands there is what SQLite calculated.
func Say(_ string, q document.Query) string {
	switch {
	case q.Error != "":
		return "The tables could not be asked: " + q.Error
	case q.Total == 0 || len(q.Rows) == 0:
		return "No row of the tables matches this."
	case len(q.Rows) == 1 && len(q.Columns) == 1:
		if q.Rows[0][0] == "" {
			return "No row of the tables matches this."
		}
		name, unit := labelled(q.Columns[0])
		return fmt.Sprintf("%s: **%s**", escaped(capital(name)), Valued(q.Rows[0][0], unit))
	case len(q.Rows) == 1 && len(q.Columns) <= 4:
		var parts []string
		for i, v := range q.Rows[0] {
			name, unit := labelled(q.Columns[i])
			parts = append(parts, fmt.Sprintf("%s: **%s**", escaped(name), Valued(v, unit)))
		}
		return strings.Join(parts, ", ")
	case len(q.Columns) == 1:
		var b strings.Builder
		_, unit := labelled(q.Columns[0])
		for _, r := range q.Rows[:min(len(q.Rows), mostShown)] {
			b.WriteString("- " + Valued(r[0], unit) + "\n")
		}
		return b.String() + more(q)
	}
	var b strings.Builder
	line := func(cells []string) {
		b.WriteString("|")
		for _, c := range cells {
			b.WriteString(" " + c + " |")
		}
		b.WriteString("\n")
	}
	heads, units := make([]string, len(q.Columns)), make([]string, len(q.Columns))
	rule := "|"
	for i, c := range q.Columns {
		heads[i], units[i] = labelled(c)
		heads[i] = escaped(heads[i])
		if numbers(q.Rows, i) {
			rule += "---:|"
		} else {
			rule += "---|"
		}
	}
	line(heads)
	b.WriteString(rule + "\n")
	for _, r := range q.Rows[:min(len(q.Rows), mostShown)] {
		cells := make([]string, len(r))
		for i, v := range r {
			cells[i] = Valued(v, units[i])
		}
		line(cells)
	}
	return b.String() + more(q)
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// labelled parts a column's name from the unit behind it: "Amount (€)".
func labelled(column string) (name, unit string) {
	i := strings.LastIndex(column, " (")
	if i <= 0 || !strings.HasSuffix(column, ")") {
		return column, ""
	}
	unit = column[i+2 : len(column)-1]
	if !money[unit] && !units[strings.ToLower(unit)] && unit != "%" {
		return column, ""
	}
	return column[:i], unit
}

func numbers(rows [][]string, i int) bool {
	any := false
	for _, r := range rows {
		if r[i] == "" {
			continue
		}
		if _, err := strconv.ParseFloat(r[i], 64); err != nil {
			return false
		}
		any = true
	}
	return any
}

// money are the units of money, and whether they have hundredths.
var money = map[string]bool{"€": true, "$": true, "£": true, "₹": true, "EUR": true, "USD": true, "GBP": true, "CHF": true, "SEK": true, "NOK": true, "DKK": true, "PLN": true, "CZK": true, "INR": true, "AUD": true, "CAD": true, "NZD": true, "BRL": true, "MXN": true, "ZAR": true, "CNY": true, "TRY": true}

// Valued writes a value of a unit in Markdown: money with its hundredths, shares
// as percentages, other numbers as they are, thousands parted.
func Valued(v, unit string) string {
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || unit == "" || math.IsInf(n, 0) || math.IsNaN(n) {
		return Grouped(v)
	}
	switch {
	case unit == "%":
		return strconv.FormatFloat(math.Round(n*1e6)/1e4, 'f', -1, 64) + " %"
	case !money[unit]:
		return Grouped(v) + " " + escaped(unit)
	case len(unit) == 3 && unit[0] < 0x80: // a code, not a sign
		return parted(strconv.FormatFloat(n, 'f', 2, 64), 4) + " " + unit
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return sign + unit + parted(strconv.FormatFloat(n, 'f', 2, 64), 4)
}

func more(q document.Query) string {
	if q.Total > mostShown {
		return fmt.Sprintf("\n%d rows, of which the first %d are shown.", q.Total, mostShown)
	}
	return ""
}

var markdown = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "<", "&lt;")

func escaped(s string) string { return markdown.Replace(s) }

// Grouped parts the thousands of a number that has five digits or more: a year
// stays as it is.
func Grouped(s string) string { return parted(s, 5) }

// parted parts the thousands of a number from so many digits on; what is no
// number is text.
func parted(s string, from int) string {
	whole, rest := s, ""
	if i := strings.IndexByte(s, '.'); i >= 0 {
		whole, rest = s[:i], s[i:]
	}
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	if strings.Trim(whole, "0123456789") != "" || strings.Trim(rest, ".0123456789") != "" {
		return escaped(s)
	}
	if len(whole) < from || len(whole) > 18 {
		return s
	}
	var b strings.Builder
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return sign + b.String() + rest
}
