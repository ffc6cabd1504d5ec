package sheet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"freehold/app/document/parse"
)

func all(string) bool { return true }

// town is a name for every number up to a hundred.
func town(i int) string {
	first := []string{"Karl", "Frei", "Alten", "Neu", "Hoch", "Lang", "Stein", "Wald", "Rosen", "Kirch"}
	second := []string{"burg", "heim", "dorf", "feld", "bach", "hausen", "stadt", "tal", "see", "berg"}
	return first[i%10] + second[i/10]
}

// towns builds n files, one of each town: file i has i%7+1 orders of i each, and
// every tenth two tables.
func towns(t *testing.T, n int) (files []File) {
	t.Helper()
	s := func(x string) parse.Cell { return parse.Cell{Type: parse.String, Text: x} }
	num := func(x int) parse.Cell {
		return parse.Cell{Type: parse.Number, Number: float64(x), Text: fmt.Sprint(x)}
	}
	for i := range n {
		orders := parse.Table{ID: 1, Name: "Orders", Sheet: true, Rows: []parse.Row{{Number: 1, Cells: []parse.Cell{s("Product"), s("Amount"), s("Paid on")}}}}
		for k := range i%7 + 1 {
			orders.Rows = append(orders.Rows, parse.Row{Number: k + 2, Cells: []parse.Cell{s(fmt.Sprint("product", k)), num(i), {Type: parse.Date, Text: "2026-03-09"}}})
		}
		doc := &parse.Document{Tables: []parse.Table{orders}}
		if i%10 == 0 {
			staff := parse.Table{ID: 2, Name: "Staff", Sheet: true, Rows: []parse.Row{{Number: 1, Cells: []parse.Cell{s("Person"), s("Wage")}}, {Number: 2, Cells: []parse.Cell{s("Ann"), num(i)}}, {Number: 3, Cells: []parse.Cell{s("Bob"), num(1)}}}}
			doc.Tables = append(doc.Tables, staff)
		}
		path := filepath.Join(t.TempDir(), "sheets.db")
		sheets, err := Build(t.Context(), path, doc)
		if err != nil || len(sheets) != len(doc.Tables) {
			t.Fatal(i, sheets, err)
		}
		files = append(files, File{path, town(i) + ".xlsx", sheets})
	}
	return files
}

// TestManyFiles asks sixty files at once: SQLite attaches ten.
func TestManyFiles(t *testing.T) {
	const n = 60
	db, err := Open(t.Context(), towns(t, n))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if len(db.Sheets()) != n+n/10 {
		t.Fatalf("%d tables", len(db.Sheets()))
	}
	// Every table has what its own file has, in one query.
	var sums []string
	want := 0
	for i, s := range db.Sheets() {
		column := "amount"
		if s.Name == "Staff" {
			column = "wage"
		}
		sums = append(sums, fmt.Sprintf("(SELECT sum(%s) FROM %s)", column, s.Table))
		q, err := db.Query(t.Context(), "SELECT count(*) FROM "+s.Table)
		if err != nil || q.Error != "" || flat(&q) != fmt.Sprint(s.Rows) {
			t.Errorf("table %d, %s of %s: %+v %v, want %d rows", i, s.Table, db.from[i], q, err, s.Rows)
		}
	}
	for i := range n {
		want += i * (i%7 + 1)
		if i%10 == 0 {
			want += i + 1
		}
	}
	q, err := db.Query(t.Context(), "SELECT "+strings.Join(sums, "+"))
	if err != nil || q.Error != "" || flat(&q) != fmt.Sprint(want) {
		t.Errorf("%s %s %v, want %d", flat(&q), q.Error, err, want)
	}
	// The smallest are copied, the largest attached; rules find both by their names.
	for i, want := range map[int]string{3: "12", 59: "236", 20: "140"} {
		q, why, err := db.Ask(t.Context(), "What is the total amount in "+town(i)+"?")
		if err != nil || q == nil || flat(q) != want {
			t.Errorf("%s: %+v, %s, %v, want %s", town(i), q, why, err, want)
		}
	}
	for _, s := range db.Sheets() {
		for _, statement := range []string{"DELETE FROM " + s.Table, "DELETE FROM main." + s.Table, "UPDATE " + s.Table + " SET sheet_row = 0", "DROP TABLE " + s.Table,
			"SELECT * FROM main.sqlite_master", "CREATE TABLE main.x (a)", "ATTACH ':memory:' AS x", "DETACH d59"} {
			if q, err := db.Query(t.Context(), statement); err != nil || q.Error == "" {
				t.Fatalf("%s was run: %+v %v", statement, q, err)
			}
		}
	}
}

// TestSchemaOfMany shows a model the tables that suit a question, where not all fit.
func TestSchemaOfMany(t *testing.T) {
	db, err := Open(t.Context(), towns(t, 30))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	whole, shown := db.Schema(t.Context(), "", all)
	if shown != 33 || strings.Count(whole, "Table ") != 33 {
		t.Errorf("%d tables: %s", shown, whole)
	}
	for _, i := range []int{0, 17, 29} {
		some, shown := db.Schema(t.Context(), "What is the amount of product0 in "+town(i)+"?", func(s string) bool { return len(s) < 500 })
		if shown < 2 || shown > 8 || len(some) >= 500 || strings.Count(some, "Table ") != shown || !strings.HasPrefix(strings.SplitN(some, "\n", 2)[0], "Table orders") ||
			!strings.Contains(strings.SplitN(some, "\n", 2)[0], "in "+town(i)+".xlsx") {
			t.Errorf("%s: %d tables:\n%s", town(i), shown, some)
		}
	}
	if none, shown := db.Schema(t.Context(), "", func(string) bool { return false }); shown != 0 || none != "" {
		t.Errorf("%d: %s", shown, none)
	}
}

// TestTooMany refuses what would take too long to copy, and says what to do.
func TestTooMany(t *testing.T) {
	files := towns(t, 11)
	for _, f := range files[:10] {
		if err := os.Truncate(f.Path, 200<<20); err != nil {
			t.Fatal(err)
		}
	}
	db, err := Open(t.Context(), files) // the small one and one large are copied
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := os.Truncate(files[10].Path, 200<<20); err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string][]File{"large": files, "many": make([]File, mostFiles+1)} {
		if _, err := Open(t.Context(), list); err == nil || !strings.Contains(err.Error(), "name the files in the question") {
			t.Errorf("%s: %v", name, err)
		}
	}
	files[4].Path += "x"
	if _, err := Open(t.Context(), files); err == nil || !strings.Contains(err.Error(), town(4)) {
		t.Errorf("a file that is missing: %v", err)
	}
}
