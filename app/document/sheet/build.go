// Package sheet makes the tables of documents ones that can be asked in SQL: it
// finds their types, keeps each document's tables in an SQLite file of its own,
// turns questions into SQL by rules, runs SQL that rules or a model wrote where
// it can harm nothing, and puts the result into words.
package sheet

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	_ "github.com/mattn/go-sqlite3" // the driver

	"freehold/app/document"
	"freehold/app/document/parse"
)

// Types of columns.
const (
	Integer = "INTEGER"
	Real    = "REAL"
	Text    = "TEXT"
	Date    = "DATE" // text: 2006-01-02, 2006-01-02T15:04:05 or 15:04:05
	Boolean = "BOOLEAN"
)

// RowColumn holds the number of the row in the sheet, from 1.
const RowColumn = "sheet_row"

const (
	mostColumns = 500
	mostTables  = 200
)

// Build writes the tables of a document into an SQLite file at path, which it
// replaces. Tables that are too small to ask anything of are left out; so are
// rows of totals and remarks, which would be counted twice. It returns what can
// be asked, nil if nothing can, and then there is no file.
func Build(ctx context.Context, path string, doc *parse.Document) (_ []document.Sheet, err error) {
	var tables []table
	names := map[string]bool{"sqlite": true}
	for _, t := range doc.Tables {
		if x, ok := read(t); ok && len(tables) < mostTables {
			x.sheet.Table = unique(names, identifier(x.sheet.Name, "table"))
			tables = append(tables, x)
		}
	}
	if len(tables) == 0 {
		return nil, nil
	}
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.Remove(temp)
		}
	}()
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(temp), RawQuery: "_journal_mode=OFF&_synchronous=OFF"}
	db, err := sql.Open("sqlite3", u.String())
	if err != nil {
		return nil, err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("keep tables: %w", err)
	}
	defer tx.Rollback()
	var sheets []document.Sheet
	for _, t := range tables {
		if err := t.write(ctx, tx); err != nil {
			return nil, fmt.Errorf("keep the table %s: %w", t.sheet.Name, err)
		}
		sheets = append(sheets, t.sheet)
	}
	if err := errors.Join(tx.Commit(), db.Close()); err != nil {
		return nil, fmt.Errorf("keep tables: %w", err)
	}
	return sheets, os.Rename(temp, path)
}

// table is one that can be asked.
type table struct {
	sheet document.Sheet
	at    []int // where each column stands in the rows
	rows  []parse.Row
}

func read(t parse.Table) (table, bool) {
	rows := t.Rows
	width := 0
	for _, r := range rows {
		width = max(width, len(r.Cells))
	}
	if width == 0 || width > mostColumns {
		return table{}, false
	}
	header := t.Columns
	if len(header) > 0 {
		for len(rows) > 0 && rows[0].Number <= t.Header {
			rows = rows[1:]
		}
	} else if headed(rows) {
		for _, c := range rows[0].Cells {
			header = append(header, c.Text)
		}
		rows = rows[1:]
	}
	rows = records(rows, width)
	for i := range width {
		settle(rows, i)
	}
	if len(rows) == 0 || len(rows) < 2 && !t.Sheet {
		return table{}, false
	}
	name := t.Name
	if name == "" {
		name = fmt.Sprintf("Table %d", t.ID)
	}
	x := table{sheet: document.Sheet{Name: name, Rows: len(rows)}, rows: rows}
	used := map[string]bool{RowColumn: true}
	for i := range width {
		c := document.Column{Type: typeOf(rows, i)}
		if i < len(header) {
			c.Name = strings.Join(strings.Fields(header[i]), " ")
		}
		if blank(rows, i) {
			continue
		}
		c.Column = unique(used, identifier(c.Name, fmt.Sprintf("column_%d", i+1)))
		if c.Name == "" {
			c.Name = c.Column
		}
		c.Unit = unitOf(rows, i, c)
		x.sheet.Columns, x.at = append(x.sheet.Columns, c), append(x.at, i)
	}
	return x, len(x.at) > 0
}

func cell(r parse.Row, i int) parse.Cell {
	if i < len(r.Cells) {
		return r.Cells[i]
	}
	return parse.Cell{}
}

// headed tells whether the first row names the columns: words, above something else.
func headed(rows []parse.Row) bool {
	if len(rows) < 2 {
		return false
	}
	other := false
	for i, c := range rows[0].Cells {
		if c.Type != parse.String || c.Text == "" {
			return false
		}
		other = other || cell(rows[1], i).Type != parse.String
	}
	return other || len(rows) > 3
}

var total = regexp.MustCompile(`(?i)^\s*(?:(?:grand|sub|overall|running)[\s-]*)?(?:totals?|sums?)(?:\s*[:(].*|\s+(?:all|overall|of)\b.*)?\s*$|^\s*(?:(?:gesamt|zwischen|end)[\s-]*)?summen?\s*:?\s*$|^\s*(?:gesamt|insgesamt|total(?:e|es)?|合计|总计|합계|총계)\s*:?\s*$|^\s*(?:average|mean|durchschnitt)\s*:?\s*$`)

// records leaves out rows of totals, and remarks before and after the records.
func records(rows []parse.Row, width int) []parse.Row {
	var kept []parse.Row
	for _, r := range rows {
		filled, first := 0, ""
		for _, c := range r.Cells {
			if c.Type != parse.Empty {
				if filled == 0 {
					first = c.Text
				}
				filled++
			}
		}
		if filled == 0 || width > 1 && total.MatchString(first) || width >= 3 && filled == 1 && cell(r, 0).Type == parse.String {
			continue
		}
		kept = append(kept, r)
	}
	return kept
}

var absent = regexp.MustCompile(`(?i)^\s*(?:n/?a|nan|null|none|-+|–|—|\?|unknown|k\.?\s?a\.?|#n/a)?\s*$`)

// typeOf is the type that all values of a column have, or text.
func typeOf(rows []parse.Row, i int) string {
	var integers, reals, dates, booleans, texts int
	for _, r := range rows {
		switch c := cell(r, i); c.Type {
		case parse.Number:
			if c.Number == float64(int64(c.Number)) && !strings.Contains(c.Format, "%") {
				integers++
			} else {
				reals++
			}
		case parse.Date:
			dates++
		case parse.Boolean:
			booleans++
		case parse.String:
			if germanDate.MatchString(strings.TrimSpace(c.Text)) {
				dates++
			} else if !absent.MatchString(c.Text) {
				texts++
			}
		}
	}
	switch all := integers + reals + dates + booleans + texts; {
	case all == 0 || texts > 0 || dates > 0 && dates < all || booleans > 0 && booleans < all:
		return Text
	case dates > 0:
		return Date
	case booleans > 0:
		return Boolean
	case reals > 0:
		return Real
	}
	return Integer
}

func blank(rows []parse.Row, i int) bool {
	for _, r := range rows {
		if cell(r, i).Type != parse.Empty {
			return false
		}
	}
	return true
}

var unitInName = regexp.MustCompile(`[(\[]\s*([^()\[\]]{1,8})\s*[)\]]\s*$`)

func unitOf(rows []parse.Row, i int, c document.Column) string {
	if c.Type != Integer && c.Type != Real {
		return ""
	}
	unit := ""
	for _, r := range rows {
		if x := cell(r, i); x.Type == parse.Number {
			if unit == "" {
				unit = x.Format
			}
			if x.Format != unit {
				unit = ""
				break
			}
		}
	}
	if unit == "" {
		if m := unitInName.FindStringSubmatch(c.Name); m != nil {
			unit = m[1]
		}
	}
	return unit
}

// identifier makes a name for SQL out of what people call a thing.
func identifier(name, otherwise string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(unitInName.ReplaceAllString(name, "")) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			if gap && b.Len() > 0 {
				b.WriteByte('_')
			}
			b.WriteRune(r)
			gap = false
		} else if r == '%' {
			b.WriteString("_percent")
		} else {
			gap = true
		}
		if b.Len() > 60 {
			break
		}
	}
	s := strings.Trim(b.String(), "_")
	if s == "" {
		return otherwise
	}
	if s[0] >= '0' && s[0] <= '9' || reserved[s] || strings.HasPrefix(s, "sqlite") {
		s = otherwise[:1] + "_" + s
	}
	return s
}

var reserved = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`all and as asc between by case cast check column create cross current date default delete desc distinct drop else end escape
		except exists false for from full group having if in index inner insert intersect into is join key left like limit match natural no not null of offset on
		or order outer over partition primary range references right row rows select set table temp then to transaction true union unique update using values
		view when where window with without rowid time timestamp`) {
		m[w] = true
	}
	return m
}()

func unique(used map[string]bool, name string) string {
	free := name
	for n := 2; used[free]; n++ {
		free = name + "_" + strconv.Itoa(n)
	}
	used[free] = true
	return free
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (t table) write(ctx context.Context, tx *sql.Tx) error {
	columns, marks := []string{RowColumn + " INTEGER"}, []string{"?"}
	for _, c := range t.sheet.Columns {
		columns, marks = append(columns, quote(c.Column)+" "+storage(c.Type)), append(marks, "?")
	}
	if _, err := tx.ExecContext(ctx, "CREATE TABLE "+quote(t.sheet.Table)+" ("+strings.Join(columns, ", ")+")"); err != nil {
		return err
	}
	insert, err := tx.PrepareContext(ctx, "INSERT INTO "+quote(t.sheet.Table)+" VALUES ("+strings.Join(marks, ", ")+")")
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, r := range t.rows {
		values := []any{r.Number}
		for i, c := range t.sheet.Columns {
			values = append(values, value(cell(r, t.at[i]), c.Type))
		}
		if _, err := insert.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
	return nil
}

// storage is what SQLite calls a type.
func storage(t string) string {
	switch t {
	case Date:
		return "TEXT"
	case Boolean:
		return "INTEGER"
	}
	return t
}

// value is a cell as SQLite keeps it, nil for one that says nothing.
func value(c parse.Cell, t string) any {
	switch {
	case c.Type == parse.Empty || c.Type == parse.Fault:
		return nil
	case t == Text:
		if c.Type == parse.String && absent.MatchString(c.Text) {
			return nil
		}
		return strings.TrimSpace(c.Text)
	case t == Date && c.Type == parse.Date:
		return c.Text
	case t == Date && c.Type == parse.String:
		if m := germanDate.FindStringSubmatch(strings.TrimSpace(c.Text)); m != nil {
			return fmt.Sprintf("%s-%02d-%02d", m[3], number(m[2]), number(m[1]))
		}
	case t == Boolean && c.Type == parse.Boolean:
		return int64(c.Number)
	case t == Integer && c.Type == parse.Number:
		return int64(c.Number)
	case t == Real && c.Type == parse.Number:
		return c.Number
	}
	return nil
}
