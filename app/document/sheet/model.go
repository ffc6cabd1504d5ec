package sheet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"freehold/app/document"
)

// Prompt asks a model for SQL.
func Prompt(schema, question string) (system, prompt string) {
	return "You write one SQLite SELECT statement that answers a question. Use only the tables and columns given. Compare text without regard to case. Write the statement and nothing else.",
		schema + "\nQuestion: " + question
}

var fenced = regexp.MustCompile("(?s)```(?:sql|sqlite)?\\s*(.+?)(?:```|$)")
var selecting = regexp.MustCompile(`(?is)\b(?:select|with)\b.+`)

// Extract finds the statement in what a model wrote.
func Extract(answer string) (string, error) {
	if m := fenced.FindStringSubmatch(answer); m != nil {
		answer = m[1]
	}
	statement := selecting.FindString(answer)
	if i := strings.IndexByte(statement, ';'); i >= 0 {
		statement = statement[:i]
	}
	if statement = strings.TrimSpace(statement); statement == "" {
		return "", errors.New("the model wrote no SELECT")
	}
	return statement, nil
}

// Schema describes the tables to a model: their columns, types, units, and some
// values. If not all fit, it describes those that suit the question best. shown is how
// many it describes.
func (d *DB) Schema(ctx context.Context, question string, fits func(schema string) bool) (schema string, shown int) {
	each := make([]string, len(d.sheets))
	for i := range each {
		each[i] = d.describe(ctx, i)
	}
	if all := strings.Join(each, ""); fits(all) {
		return all, len(each)
	}
	explains, order := make([]int, len(each)), make([]int, len(each))
	for i, s := range d.sheets {
		explains[i], order[i] = suit(question, s, d.from[i], d.valuesIn(ctx)).explains, i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(explains[b], explains[a]) })
	for n, i := range order {
		if !fits(schema + each[i]) {
			return schema, n
		}
		schema += each[i]
	}
	return schema, len(each)
}

func (d *DB) describe(ctx context.Context, i int) string {
	var b strings.Builder
	s := d.sheets[i]
	fmt.Fprintf(&b, "Table %s (%d rows; %s in %s)\n", s.Table, s.Rows, s.Name, d.from[i])
	for _, c := range s.Columns {
		fmt.Fprintf(&b, "  %s %s", c.Column, c.Type)
		if c.Unit != "" {
			fmt.Fprintf(&b, " in %s", c.Unit)
		}
		if c.Type == Text {
			if v := d.values(ctx, s.Table, c.Column); len(v) > 0 {
				for k := range v {
					if r := []rune(v[k]); len(r) > 30 {
						v[k] = string(r[:30]) + "…"
					}
				}
				fmt.Fprintf(&b, ": %s", strings.Join(v[:min(len(v), 6)], ", "))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// ByModel has a model write SQL about the tables of a schema, which gets one chance
// to mend what is wrong. It returns nil if none could be run.
func (d *DB) ByModel(ctx context.Context, question, schema string, write func(ctx context.Context, system, prompt string) (string, error)) (*document.Query, error) {
	system, prompt := Prompt(schema, question)
	for range 2 {
		answer, err := write(ctx, system, prompt)
		if err != nil {
			return nil, err
		}
		statement, err := Extract(answer)
		if err == nil {
			q, err := d.Query(ctx, statement)
			if err != nil {
				return nil, err
			}
			q.By = "model"
			if q.Error == "" {
				return &q, nil
			}
			prompt += fmt.Sprintf("\n\nThis did not work:\n%s\nThe error: %s\nWrite it right.", statement, q.Error)
		} else {
			prompt += "\n\nWrite a SELECT statement."
		}
	}
	return nil, nil
}
