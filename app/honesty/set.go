// Package honesty holds what Freehold tells of files to account: questions over
// real files whose answers are known, what the application makes of them before
// a model writes a word, and how its citations fare with true and with false
// answers. Its tests are the bars; bench/honesty asks a model the same.
package honesty

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"freehold/app/document"
)

// Kinds of questions.
const (
	LookUp       = "look-up"
	Count        = "count"
	List         = "list"
	Sum          = "sum"
	Compare      = "compare"
	Summary      = "summary"
	Talk         = "talk" // asks nothing of the files
	Unanswerable = "unanswerable"
)

// Halves of the set. Rules were made with the failures of the first in sight; of
// the second only figures were looked at.
const (
	Made    = "made"
	HeldOut = "held out"
)

// Question with what is known of its answer.
type Question struct {
	ID       string         `json:"id"`
	Half     string         `json:"half"`
	Kind     string         `json:"kind"`
	Question string         `json:"question"`
	Files    []string       `json:"files"`           // that are attached
	Route    document.Route `json:"route,omitempty"` // "" where more than one way is right

	// Of questions to tables.
	Rows [][]string `json:"rows,omitempty"`

	// Of what is looked up in texts.
	File   string    `json:"file,omitempty"`
	Page   int       `json:"page,omitempty"`
	Quote  string    `json:"quote,omitempty"`  // what the file says, but for its line breaks
	Answer string    `json:"answer,omitempty"` // a true sentence
	False  []Altered `json:"false,omitempty"`
}

// Tables tells questions that tables answer.
func (q Question) Tables() bool { return q.Route == document.SQL }

// Altered is an answer that is not true any more.
type Altered struct {
	Kind string `json:"kind"` // what was altered: number, denial or name
	Text string `json:"text"`
}

// Load reads the questions of a file, one a line.
func Load(path string) ([]Question, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []Question
	for line := range strings.Lines(string(data)) {
		var q Question
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, len(all)+1, err)
		}
		all = append(all, q)
	}
	return all, nil
}

// Flat is a text in one line, as quotes are compared.
func Flat(text string) string { return strings.Join(strings.Fields(text), " ") }
