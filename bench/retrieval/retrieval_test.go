package main

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"freehold/app/document/parse"
)

// TestMain lets the test's binary be a worker that reads files.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == parse.WorkerVerb {
		os.Exit(parse.Worker(os.Stdin, os.Stdout, os.Args[2], len(os.Args) > 3))
	}
	os.Exit(m.Run())
}

func TestFigures(t *testing.T) {
	one := map[int64]bool{7: true}
	two := map[int64]bool{7: true, 8: true}
	for _, c := range []struct {
		name         string
		found        []int64
		relevant     map[int64]bool
		recall, gain float64
	}{
		{"first", []int64{7, 1, 2}, one, 100, 100},
		{"third", []int64{1, 2, 7}, one, 100, 50},
		{"sixth", []int64{1, 2, 3, 4, 5, 7}, one, 0, 100 / math.Log2(7)},
		{"eleventh", []int64{1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 7}, one, 0, 0},
		{"none", nil, one, 0, 0},
		{"both", []int64{8, 7}, two, 100, 100},
		{"one of two", []int64{8, 1}, two, 50, 100 / (1 + 1/math.Log2(3))},
	} {
		var f figures
		f.add(c.found, c.relevant)
		if math.Abs(f.Recall()-c.recall) > 1e-9 || math.Abs(f.Gain()-c.gain) > 1e-9 {
			t.Errorf("%s: %.2f / %.2f, want %.2f / %.2f", c.name, f.Recall(), f.Gain(), c.recall, c.gain)
		}
	}
}

func TestFolded(t *testing.T) {
	plain, at := folded("Ärger, *é2*\n")
	if plain != "ärgeré2" || len(at) != len(plain) || at[0] != 0 || at[1] != 0 || at[len(at)-1] != 11 {
		t.Errorf("%q %v", plain, at)
	}
}

// TestSet holds the set to what it claims to be: every quote stands in its file,
// and in a chunk of it.
func TestSet(t *testing.T) {
	questions, err := load("testdata/questions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/corpus/*")
	if err != nil {
		t.Fatal(err)
	}
	_, s, closeAll, err := open(t.Context(), t.TempDir(), files, &models{})
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	if len(questions) < 300 || len(s.chunks) < 2000 {
		t.Errorf("%d questions on %d chunks, want at least 300 on 2000", len(questions), len(s.chunks))
	}
	asked, ids, halves := map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, q := range questions {
		if asked[q.Question] || ids[q.ID] {
			t.Errorf("%s is there twice", q.ID)
		}
		asked[q.Question], ids[q.ID] = true, true
		halves[q.Half]++
		found, err := s.relevant(t.Context(), q)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(found) == 0 || len(found) > 2 {
			t.Errorf("%s: %d chunks are relevant", q.ID, len(found))
		}
	}
	if len(halves) != 2 || halves["tune"] < 150 || halves["held-out"] < 150 {
		t.Errorf("halves %v", halves)
	}
	if _, err := s.relevant(t.Context(), Question{ID: "x", File: questions[0].File, Quote: "this stands nowhere in the file"}); err == nil {
		t.Error("a quote that is not there was found")
	}
}
