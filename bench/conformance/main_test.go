package main

import (
	"math"
	"os"
	"strings"
	"testing"

	"freehold/engine/conformance"
)

// TestDocument checks that the documentation shows every variant.
func TestDocument(t *testing.T) {
	b, err := os.ReadFile("../../docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range conformance.Variants() {
		if !strings.Contains(string(b), "| "+v.Family+" | "+v.Name+" |") {
			t.Errorf("docs/conformance.md lacks %s; write it with make conformance DOC=docs/conformance.md", v.Name)
		}
	}
}

// TestJudge checks what is refused as a golden record.
func TestJudge(t *testing.T) {
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		golden conformance.Golden
		ok     bool
	}{
		"quiet":        {conformance.Golden{Noise: 1e-5, Half: 1e-2, Values: []float32{1, 2}}, true},
		"noisy":        {conformance.Golden{Noise: 1e-3, Values: []float32{1, 2}}, false},
		"expert flips": {conformance.Golden{Half: 0.5, Values: []float32{1, 2}}, false},
		"not finite":   {conformance.Golden{Values: []float32{1, nan}}, false},
	} {
		if err := judge(&c.golden); (err == nil) != c.ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
	g := conformance.Golden{Rows: 2, Cols: 3, Values: []float32{1, 5, 4.5, -2, -1, -3}}
	if m := margin(&g); m != 0.5 {
		t.Errorf("margin %g, want 0.5", m)
	}
}
