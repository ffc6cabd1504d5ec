package route

import (
	"testing"

	"freehold/app/document"
)

func TestChoose(t *testing.T) {
	lease := File{Name: "lease.pdf", Kind: "pdf", Tokens: 20_000, Pages: 40}
	other := File{Name: "old-lease.pdf", Kind: "pdf", Tokens: 20_000, Pages: 40}
	orders := File{Name: "orders.csv", Kind: "csv", Tokens: 9000, Sheets: 1}
	short := File{Name: "note.txt", Kind: "text", Tokens: 300}
	for _, tt := range []struct {
		question string
		files    []File
		want     document.Route
	}{
		{"What is the notice period?", []File{lease}, document.Search},
		{"What is the notice period?", []File{short}, document.Whole},
		{"Summarize the contract", []File{lease}, document.Map},
		{"Fasse den Vertrag zusammen", []File{lease}, document.Map},
		{"List all obligations of the tenant", []File{lease}, document.Map},
		{"How many clauses are there?", []File{lease}, document.Map},
		{"How many days does the tenant have to pay?", []File{lease}, document.Search},
		{"What is the difference between the two leases?", []File{lease, other}, document.Map},
		{"What does lease.pdf say about pets?", []File{lease, short}, document.Search},
		{"What is the total amount?", []File{orders}, document.SQL},
		{"Wie viele Bestellungen gibt es?", []File{orders}, document.SQL},
		{"Total amount by country", []File{orders, lease}, document.SQL},
		{"What is the minimum notice period in the lease?", []File{lease, orders}, document.Search},
		{"What is the maximum deposit?", []File{lease, orders}, document.Search},
		{"Who pays most of the repairs?", []File{lease, orders}, document.Search},
		{"How many clauses are there?", []File{lease, orders}, document.Map},
		{"Hello!", []File{lease}, document.None},
		{"Thank you", []File{lease}, document.None},
		{"Make it shorter", []File{lease}, document.None},
		{"Translate this contract into English", []File{lease}, document.Search},
		{"Turn this lease into a checklist", []File{lease}, document.Search},
		{"What can you do if the tenant does not pay?", []File{lease}, document.Search},
		{"总结这份合同", []File{lease}, document.Map},
		{"", []File{lease}, document.Search},
		{"Anything?", nil, document.Whole},
	} {
		if got := Choose(Question{Text: tt.question, Files: tt.files, Room: 4000}); got.Route != tt.want || got.Why == "" {
			t.Errorf("%q of %d files: %s (%s), want %s", tt.question, len(tt.files), got.Route, got.Why, tt.want)
		}
	}
	d := Choose(Question{Text: "What does lease.pdf say?", Files: []File{lease, short}, Room: 100})
	if len(d.Documents) != 1 || d.Documents[0] != "lease.pdf" {
		t.Errorf("%+v", d)
	}
}
