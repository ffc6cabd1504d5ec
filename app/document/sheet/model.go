package sheet

import (
	"context"
	"errors"
	"fmt"
	"regexp"
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

// ByModel has a model write SQL, which gets one chance to mend what is wrong. It
// returns nil if none could be run.
func (d *DB) ByModel(ctx context.Context, question string, write func(ctx context.Context, system, prompt string) (string, error)) (*document.Query, error) {
	system, prompt := Prompt(d.Schema(ctx), question)
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
