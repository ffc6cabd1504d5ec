package sheet

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"freehold/app/document"
	"freehold/app/document/parse"
)

// TestSandbox tries what a query must not do.
func TestSandbox(t *testing.T) {
	db := open(t, "orders.csv")
	aside := filepath.Join(t.TempDir(), "aside.db")
	for _, statement := range []string{
		"DELETE FROM table_1", "UPDATE table_1 SET amount = 0", "INSERT INTO table_1 (amount) VALUES (1)", "DROP TABLE table_1", "CREATE TABLE x (a)",
		"ATTACH '" + aside + "' AS x", "PRAGMA query_only = 0", "VACUUM INTO '" + aside + "'", "SELECT load_extension('x')",
		"SELECT * FROM sqlite_master", "SELECT * FROM temp.sqlite_master", "SELECT * FROM d0.sqlite_schema", "SELECT * FROM pragma_database_list",
		"SELECT readfile('/etc/passwd')", "SELECT writefile('" + aside + "', 'x')", "SELECT zeroblob(1000000000)", "SELECT randomblob(1000000000)",
		"WITH x AS (SELECT 1) DELETE FROM table_1", "SELECT 1; DELETE FROM table_1", "SELECT fts3_tokenizer('x')", "SELECT replace(hex(zeroblob(100000)), '0', 'aaaaaaaaaa')",
		"SELECT printf('%1000000000d', 1)", "", ";", "EXPLAIN SELECT 1", "SELECT * FROM nothing", "SELECT " + strings.Repeat("abs(", 500) + "1" + strings.Repeat(")", 500),
	} {
		q, err := db.Query(t.Context(), statement)
		if err != nil {
			t.Fatal(statement, err)
		}
		if q.Error == "" {
			t.Errorf("%.80s was run: %v", statement, q.Rows)
		}
	}
	if _, err := os.Stat(aside); err == nil {
		t.Error("a file was written")
	}
	q, err := db.Query(t.Context(), "SELECT count(*), sum(amount) FROM table_1;")
	if err != nil || q.Error != "" || flat(&q) != "12|4037.4" {
		t.Errorf("afterwards: %+v %v", q, err)
	}
}

// TestEndless checks that a query without end is ended.
func TestEndless(t *testing.T) {
	db := open(t, "orders.csv")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	q, err := db.Query(ctx, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c")
	if err == nil && q.Error == "" || time.Since(start) > 3*time.Second {
		t.Errorf("%+v %v after %v", q, err, time.Since(start))
	}
	big := "SELECT count(*) FROM table_1 a, table_1 b, table_1 c, table_1 d, table_1 e, table_1 f, table_1 g, table_1 h, table_1 i"
	ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start = time.Now()
	if q, err = db.Query(ctx, big); err == nil && q.Error == "" || time.Since(start) > 3*time.Second {
		t.Errorf("%+v %v after %v", q, err, time.Since(start))
	}
}

// TestTotals checks that rows of totals and remarks are no data.
func TestTotals(t *testing.T) {
	s := func(x string) parse.Cell { return parse.Cell{Type: parse.String, Text: x} }
	n := func(x float64) parse.Cell { return parse.Cell{Type: parse.Number, Number: x, Text: written(x)} }
	doc := &parse.Document{Tables: []parse.Table{{ID: 1, Name: "2024 Sales (final)", Sheet: true, Rows: []parse.Row{
		{Number: 1, Cells: []parse.Cell{s("Region"), s("Sales (€)"), s("Sales (€)"), s("select")}},
		{Number: 2, Cells: []parse.Cell{s("North"), n(1.5), n(2), s("a")}},
		{Number: 3, Cells: []parse.Cell{s("South"), n(2.5), s("n/a"), s("b")}},
		{Number: 4, Cells: []parse.Cell{s("Total"), n(4), n(2)}},
		{Number: 6, Cells: []parse.Cell{s("Figures are provisional")}},
	}}}}
	path := filepath.Join(t.TempDir(), "x.db")
	sheets, err := Build(t.Context(), path, doc)
	if err != nil || len(sheets) != 1 {
		t.Fatal(sheets, err)
	}
	got := sheets[0]
	if got.Table != "t_2024_sales" || got.Rows != 2 || len(got.Columns) != 4 {
		t.Errorf("%+v", got)
	}
	want := []document.Column{{Name: "Region", Column: "region", Type: Text}, {Name: "Sales (€)", Column: "sales", Type: Real, Unit: "€"},
		{Name: "Sales (€)", Column: "sales_2", Type: Integer, Unit: "€"}, {Name: "select", Column: "c_select", Type: Text}}
	for i, w := range want {
		if got.Columns[i] != w {
			t.Errorf("column %d: %+v, want %+v", i, got.Columns[i], w)
		}
	}
	db, err := Open(t.Context(), []File{{path, "x", sheets}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	q, err := db.Query(t.Context(), "SELECT sum(sales), sum(sales_2), max(sheet_row) FROM t_2024_sales")
	if err != nil || flat(&q) != "4|2|3" {
		t.Errorf("%+v %v", q, err)
	}
	if text, _ := db.Schema(t.Context(), "", all); !strings.Contains(text, "sales REAL in €") || !strings.Contains(text, "North, South") {
		t.Error(text)
	}
	if none, err := Build(t.Context(), path+"2", &parse.Document{}); none != nil || err != nil {
		t.Error(none, err)
	}
}

// TestModel checks the turn of a model, with its one chance to mend.
func TestModel(t *testing.T) {
	db := open(t, "orders.csv")
	answers := []string{"```sql\nSELECT absent FROM table_1;\n```", "Here: SELECT max(amount) FROM table_1"}
	var prompts []string
	q, err := db.ByModel(t.Context(), "The greatest?", "", func(_ context.Context, _, prompt string) (string, error) {
		prompts = append(prompts, prompt)
		return answers[len(prompts)-1], nil
	})
	if err != nil || q == nil || flat(q) != "1100" || q.By != "model" {
		t.Errorf("%+v %v", q, err)
	}
	if len(prompts) != 2 || !strings.Contains(prompts[1], "no such column") {
		t.Errorf("%q", prompts)
	}
	q, err = db.ByModel(t.Context(), "?", "", func(context.Context, string, string) (string, error) { return "I cannot.", nil })
	if q != nil || err != nil {
		t.Errorf("%+v %v", q, err)
	}
}

func TestSay(t *testing.T) {
	for _, tt := range []struct {
		q    document.Query
		want string
	}{
		{document.Query{Columns: []string{"total Amount"}, Rows: [][]string{{"1234567.5"}}, Total: 1}, "Total Amount: **1,234,567.5**"},
		{document.Query{Columns: []string{"a", "b"}, Rows: [][]string{{"x", "1"}, {"y|", "2"}}, Total: 2}, "| a | b |\n|---|---:|\n| x | 1 |\n| y\\| | 2 |\n"},
		{document.Query{Columns: []string{"total Amount (£)"}, Rows: [][]string{{"1404.2"}}, Total: 1}, "Total Amount: **£1,404.20**"},
		{document.Query{Columns: []string{"Loss (EUR)"}, Rows: [][]string{{"-1404.2"}}, Total: 1}, "Loss: **-1,404.20 EUR**"},
		{document.Query{Columns: []string{"VAT (%)", "Weight (kg)"}, Rows: [][]string{{"0.075", "12000"}}, Total: 1}, "VAT: **7.5 %**, Weight: **12,000 kg**"},
		{document.Query{Columns: []string{"Name (first)"}, Rows: [][]string{{"1404.2"}}, Total: 1}, "Name (first): **1404.2**"},
		{document.Query{Columns: []string{"a"}, Rows: [][]string{}}, "No row of the tables matches this."},
	} {
		if got := Say("", tt.q); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func FuzzPlan(f *testing.F) {
	sheets := []document.Sheet{{Name: "Orders", Table: "orders", Rows: 3, Columns: []document.Column{
		{Name: "Order ID", Column: "order_id", Type: Integer}, {Name: "Date", Column: "date", Type: Date}, {Name: "Paid", Column: "paid", Type: Boolean},
		{Name: "Customer's \"name\"", Column: "customer", Type: Text}, {Name: "Amount (€)", Column: "amount", Type: Real, Unit: "€"}}}}
	f.Add("What is the difference in amount between A and O'Neil since 5 March 2024?")
	f.Add("top 3 by ' \" \x00 between 1 and 2 > 5 % unpaid")
	f.Fuzz(func(_ *testing.T, question string) {
		Plan(question, sheets, func(_, c string) []string { return []string{"A", "O'Neil", c} })
		Extract(question)
	})
}
