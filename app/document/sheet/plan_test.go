package sheet

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"freehold/app/document"
	"freehold/app/document/parse"
)

// open reads a file of testdata as the application does and opens its tables.
func open(t *testing.T, names ...string) *DB {
	t.Helper()
	var files []File
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := parse.Parse(t.Context(), name, data, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "sheets.db")
		sheets, err := Build(t.Context(), path, doc)
		if err != nil || len(sheets) == 0 {
			t.Fatal(name, sheets, err)
		}
		files = append(files, File{path, name, sheets})
	}
	db, err := Open(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

type question struct {
	File     string `json:"file"`
	Question string `json:"question"`
	// Answer is the rows of the result, cells parted by |, rows by /. Empty:
	// rules must leave it to a model.
	Answer string `json:"answer"`
}

// TestQuestions asks questions in words. Rules must answer exactly or not at all.
func TestQuestions(t *testing.T) {
	data, err := os.ReadFile("testdata/questions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	dbs := map[string]*DB{}
	asked, right := 0, 0
	for line := range strings.Lines(string(data)) {
		var q question
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(line, err)
		}
		if dbs[q.File] == nil {
			dbs[q.File] = open(t, strings.Split(q.File, "+")...)
		}
		got, why, err := dbs[q.File].Ask(t.Context(), q.Question)
		if err != nil {
			t.Fatal(err)
		}
		if q.Answer == "" {
			if got != nil {
				t.Errorf("%s\n  answered, but cannot be: %s → %v", q.Question, got.SQL, got.Rows)
			}
			continue
		}
		asked++
		if got == nil {
			t.Logf("%s\n  not understood: %s", q.Question, why)
			continue
		}
		if have := flat(got); have != q.Answer {
			t.Errorf("%s\n  %s\n  → %s, want %s", q.Question, got.SQL, have, q.Answer)
			continue
		}
		right++
	}
	t.Logf("%d of %d questions answered exactly by rules", right, asked)
	if right*100 < asked*95 {
		t.Errorf("fewer than 95 %% are exact")
	}
}

func flat(q *document.Query) string {
	var rows []string
	for _, r := range q.Rows {
		rows = append(rows, strings.Join(r, "|"))
	}
	return strings.Join(rows, "/")
}
