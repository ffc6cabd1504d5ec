package sheet

import (
	"fmt"
	"strings"

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
		return fmt.Sprintf("**%s** (%s)", Grouped(q.Rows[0][0]), q.Columns[0])
	case len(q.Rows) == 1 && len(q.Columns) <= 4:
		var parts []string
		for i, v := range q.Rows[0] {
			parts = append(parts, fmt.Sprintf("%s: **%s**", q.Columns[i], Grouped(v)))
		}
		return strings.Join(parts, ", ")
	case len(q.Columns) == 1:
		var b strings.Builder
		for _, r := range q.Rows[:min(len(q.Rows), mostShown)] {
			b.WriteString("- " + escaped(r[0]) + "\n")
		}
		return b.String() + more(q)
	}
	var b strings.Builder
	line := func(cells []string) {
		b.WriteString("|")
		for _, c := range cells {
			b.WriteString(" " + escaped(c) + " |")
		}
		b.WriteString("\n")
	}
	line(q.Columns)
	b.WriteString("|" + strings.Repeat("---|", len(q.Columns)) + "\n")
	for _, r := range q.Rows[:min(len(q.Rows), mostShown)] {
		line(r)
	}
	return b.String() + more(q)
}

func more(q document.Query) string {
	if q.Total > mostShown {
		return fmt.Sprintf("\n%d rows, of which the first %d are shown.", q.Total, mostShown)
	}
	return ""
}

var markdown = strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "<", "&lt;")

func escaped(s string) string { return markdown.Replace(s) }

// Grouped parts the thousands of a number that has five digits or more.
func Grouped(s string) string {
	whole, rest := s, ""
	if i := strings.IndexByte(s, '.'); i >= 0 {
		whole, rest = s[:i], s[i:]
	}
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	if len(whole) < 5 || len(whole) > 18 || strings.Trim(whole, "0123456789") != "" || strings.Trim(rest, ".0123456789") != "" {
		return escaped(s)
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
