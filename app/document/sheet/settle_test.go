package sheet

import (
	"strings"
	"testing"

	"freehold/app/document/parse"
)

// TestSettle types columns of text; "-" stays what it was.
func TestSettle(t *testing.T) {
	for _, tt := range []struct{ texts, want string }{
		{"1.250,00 €|89,90 €|n/a", "1250|89.9|-"},
		{"$1,234.50|$980.00|-$5", "1234.5|980|-5"},
		{"($1,234.50)|$2", "-1234.5|2"},
		{"EUR 1.250,5|EUR 1.250", "1250.5|1250"},
		{"1.250 €|2.500 €", "-|-"},       // thousands or decimals
		{"1.250,00 €|1,250.00 €", "-|-"}, // both ways
		{"5 €|5 $", "-|-"},               // two currencies
		{"BMW 320|BMW 500", "-|-"},       // a name
		{"1.2.3 €|4,00 €", "-|-"},        // no number
		{"12|13 €", "-|-"},               // one without a currency
		{"1 234 567 €|8 €", "1234567|8"},
		{"€ 1.234.567|€ 2", "1234567|2"},
		{"1/15/2024|2/3/2024", "2024-01-15|2024-02-03"},
		{"15/1/2024|3/2/2024", "2024-01-15|2024-02-03"},
		{"1/2/2024|3/4/2024", "-|-"}, // which is the month
		{"15/1/2024|1/15/2024", "-|-"},
		{"free|5 €", "-|-"},
		{"", "-"},
	} {
		var rows []parse.Row
		for s := range strings.SplitSeq(tt.texts, "|") {
			rows = append(rows, parse.Row{Cells: []parse.Cell{{Type: parse.String, Text: s}}})
		}
		first := rows[0].Cells
		settle(rows, 0)
		var got []string
		for _, r := range rows {
			switch c := r.Cells[0]; c.Type {
			case parse.Number:
				got = append(got, written(c.Number))
			case parse.Date:
				got = append(got, c.Text)
			default:
				got = append(got, "-")
			}
		}
		if have := strings.Join(got, "|"); have != tt.want {
			t.Errorf("%s: %s, want %s", tt.texts, have, tt.want)
		}
		if first[0].Type != parse.String {
			t.Errorf("%s: the document's cells were changed", tt.texts)
		}
	}
}

func FuzzSettle(f *testing.F) {
	f.Add("1.250,00 €", "-$5")
	f.Add("1/15/2024", "31/12/1999")
	f.Fuzz(func(_ *testing.T, a, b string) {
		rows := []parse.Row{{Cells: []parse.Cell{{Type: parse.String, Text: a}}}, {}, {Cells: []parse.Cell{{Type: parse.String, Text: b}}}}
		settle(rows, 0)
	})
}
