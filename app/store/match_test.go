package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"freehold/app/document"
	"freehold/app/document/parse"
)

// TestMatch searches among documents whose chunks came by turns, by frequent and
// by rare words.
func TestMatch(t *testing.T) {
	if !fts5 {
		t.Skip("built without FTS5")
	}
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, id := range []string{"a", "b", "c", "empty"} {
		if err := db.SaveDocument(t.Context(), document.Document{ID: id, Name: id, Path: "/" + id, State: document.Ready, Receipt: parse.Receipt{SHA256: id}}); err != nil {
			t.Fatal(err)
		}
	}
	seq := map[string]int{}
	add := func(id string, n int) {
		var p document.Part
		for range n {
			i := seq[id]
			seq[id]++
			p.Chunks = append(p.Chunks, document.Chunk{Seq: i, Page: 1, EndPage: 1, End: 1, Text: fmt.Sprintf("every chunk has these words of document %s, number%d", id, i)})
		}
		if err := db.AddPart(t.Context(), id, p); err != nil {
			t.Fatal(err)
		}
	}
	add("a", 3)
	add("b", 2)
	add("a", 4)
	add("b", 5)
	add("c", 6)
	for _, tt := range []struct {
		docs []string
		want []document.Run
	}{
		{[]string{"a"}, []document.Run{{First: 1, Last: 3}, {First: 6, Last: 9}}},
		{[]string{"a", "b"}, []document.Run{{First: 1, Last: 14}}},
		{[]string{"b", "c"}, []document.Run{{First: 4, Last: 5}, {First: 10, Last: 20}}},
		{[]string{"c"}, []document.Run{{First: 15, Last: 20}}},
		{[]string{"empty", "none"}, nil},
	} {
		if got, err := db.ChunkRuns(t.Context(), tt.docs); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%v: %v, want %v (%v)", tt.docs, got, tt.want, err)
		}
	}
	for _, tt := range []struct {
		terms    []string
		docs     []string
		postings int
		first    int64
		n        int
	}{
		{[]string{"every", "chunk", "number3"}, nil, 1000, 6, 20},
		{[]string{"every", "chunk", "number3"}, nil, 5, 6, 3}, // a, b and c have a number 3, and the frequent words are left out
		{[]string{"every", "chunk", "number3"}, []string{"b"}, 5, 11, 1},
		{[]string{"every", "chunk"}, nil, 5, 1, 20}, // nothing else is left to look for
		{[]string{"every", "nowhere"}, []string{"c"}, 3, 15, 6},
		{[]string{"nowhere", "nothing"}, nil, 3, 0, 0},
		{[]string{"every"}, []string{"empty"}, 5, 0, 0},
	} {
		got, err := db.match(t.Context(), tt.terms, tt.docs, 100, tt.postings)
		if err != nil || len(got) != tt.n || tt.n > 0 && got[0].Chunk != tt.first {
			t.Errorf("%q among %v with %d: %v %v", tt.terms, tt.docs, tt.postings, got, err)
		}
	}
}
