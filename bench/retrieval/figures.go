package main

import (
	"fmt"
	"math"
	"strings"
)

const (
	recallAt = 5
	gainAt   = 10
)

// figures of a way of searching, sums over questions.
type figures struct {
	n            int
	recall, gain float64
}

// add takes the chunks that were found for a question, best first.
func (f *figures) add(found []int64, relevant map[int64]bool) {
	f.n++
	hits, gain := 0, 0.0
	for i, id := range found {
		if i >= gainAt || !relevant[id] {
			continue
		}
		if i < recallAt {
			hits++
		}
		gain += 1 / math.Log2(float64(i+2))
	}
	ideal := 0.0
	for i := range min(len(relevant), gainAt) {
		ideal += 1 / math.Log2(float64(i+2))
	}
	if len(relevant) > 0 {
		f.recall += float64(hits) / float64(len(relevant))
		f.gain += gain / ideal
	}
}

// Recall is the share of the relevant chunks among the five best, in percent.
func (f *figures) Recall() float64 { return 100 * f.recall / float64(max(f.n, 1)) }

// Gain is the normalized discounted cumulative gain of the ten best, in percent.
func (f *figures) Gain() float64 { return 100 * f.gain / float64(max(f.n, 1)) }

// table holds figures by way and group of questions.
type table struct {
	ways, groups []string
	cells        map[[2]string]*figures
}

func (t *table) cell(way, group string) *figures {
	if t.cells == nil {
		t.cells = map[[2]string]*figures{}
	}
	k := [2]string{way, group}
	if t.cells[k] == nil {
		t.cells[k] = &figures{}
	}
	return t.cells[k]
}

// String is the table in Markdown: recall@5 / nDCG@10.
func (t *table) String() string {
	var b strings.Builder
	b.WriteString("| recall@5 / nDCG@10 |")
	for _, g := range t.groups {
		fmt.Fprintf(&b, " %s |", g)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(t.groups)) + "\n| questions |")
	for _, g := range t.groups {
		fmt.Fprintf(&b, " %d |", t.cell(t.ways[0], g).n)
	}
	b.WriteByte('\n')
	for _, w := range t.ways {
		fmt.Fprintf(&b, "| %s |", w)
		for _, g := range t.groups {
			c := t.cell(w, g)
			fmt.Fprintf(&b, " %.1f / %.1f |", c.Recall(), c.Gain())
		}
		b.WriteByte('\n')
	}
	return b.String()
}
