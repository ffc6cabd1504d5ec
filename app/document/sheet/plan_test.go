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

// TestWords asks tables that are called by their file, whose columns have units
// and other forms, whose rows are days, and which say yes and no in words.
func TestWords(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"penguins.csv": "species,island,body_mass_g,sex,year\nAdelie,Dream,3700,male,2007\nAdelie,Biscoe,3600,female,2008\nGentoo,Biscoe,5100,male,2008\nGentoo,Biscoe,5300,female,2009\n",
		"weather.csv":  "date,precipitation,temp_min,temp_max,sky\n2024-01-01,0,-2,4,sun\n2024-01-02,5.5,1,6,rain\n2024-01-03,7,2,7,rain\n2024-02-01,0,-4,3,snow\n",
		"releases.csv": "version,codename,created,released\n1.0,Ant,2019-01-01,2020-03-01\n2.0,Bee,2020-03-01,2021-05-01\n3.0,Cat,2021-05-01,2023-01-10\n",
		"auftrag.csv":  "Auftragsnummer;Kunde;Betrag;Bezahlt\n501;Vogel;100,50;ja\n502;Maier;20,25;nein\n503;Vogel;10,00;nein\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ file, question, want string }{
		{"penguins.csv", "How many penguins are there?", "4"},
		{"penguins.csv", "How many penguins are there per island?", "Biscoe|3/Dream|1"},
		{"penguins.csv", "What is the average body mass of Gentoo penguins?", "5200"},
		{"penguins.csv", "How many penguins have a body mass over 5 thousand?", "2"},
		{"penguins.csv", "Which 2 species have the highest body mass?", "Gentoo|5300/Gentoo|5100"},
		{"penguins.csv", "What is the body mass of all penguins together?", "17700"},
		{"penguins.csv", "How many chicks are there?", ""},
		{"weather.csv", "How many days of rain were there?", "2"},
		{"weather.csv", "On how many days was the temp_min below 0?", "2"},
		{"weather.csv", "What was the average temp_max in January 2024?", "5.666667"},
		{"weather.csv", "On which date was the precipitation highest?", "2024-01-03|7"},
		{"weather.csv", "How many weeks of rain were there?", ""},
		{"releases.csv", "When was Bee released?", "2021-05-01"},
		{"releases.csv", "Which codenames were released between 2020 and 2021?", "Ant/Bee"},
		{"releases.csv", "Which version was released first?", "2|1|Ant|2019-01-01|2020-03-01"},
		{"releases.csv", "Which version comes after Bee?", ""},
		{"releases.csv", "Which version is the oldest?", ""},
		{"auftrag.csv", "Wie viele Aufträge sind nicht bezahlt?", "2"},
		{"auftrag.csv", "Welche Kunden gibt es?", "Maier/Vogel"},
		{"auftrag.csv", "Wie hoch ist der Betrag von Vogel?", "110.5"},
		{"auftrag.csv", "Which Kunde has more than the others?", ""},
	} {
		data, err := os.ReadFile(filepath.Join(dir, tt.file))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := parse.Parse(t.Context(), tt.file, data, parse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "sheets.db")
		sheets, err := Build(t.Context(), path, doc)
		if err != nil {
			t.Fatal(err)
		}
		db, err := Open(t.Context(), []File{{path, tt.file, sheets}})
		if err != nil {
			t.Fatal(err)
		}
		got, why, err := db.Ask(t.Context(), tt.question)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case got == nil && tt.want != "":
			t.Errorf("%s: not understood: %s", tt.question, why)
		case got != nil && flat(got) != tt.want:
			t.Errorf("%s\n  %s\n  → %s, want %q", tt.question, got.SQL, flat(got), tt.want)
		}
		db.Close()
	}
}

func flat(q *document.Query) string {
	var rows []string
	for _, r := range q.Rows {
		rows = append(rows, strings.Join(r, "|"))
	}
	return strings.Join(rows, "/")
}
