package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"freehold/engine/backend/cpu"
	"freehold/engine/conformance"
	"freehold/engine/program"
)

// line is a row of the matrix.
type line struct {
	conformance.Variant
	golden  *conformance.Golden
	results [2]string // by backend
	verdict string    // "agrees", "not yet" or what is wrong
}

// matrix runs all variants on both backends, prints how far they are from
// llama.cpp, and writes the same as Markdown to doc unless that is "". It fails
// if a variant that the engine knows disagrees.
func matrix(ctx context.Context, out io.Writer, only func(string) bool, doc string) error {
	dir, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	backends := []program.Backend{program.Reference{}, cpu.New(cpu.Options{})}

	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "family\tvariant\tlayers\treference\tcpu\tllama.cpp itself\t")
	var lines []line
	count := map[string]int{}
	var wrong []string
	for _, v := range conformance.Variants() {
		if !only(v.Name) {
			continue
		}
		l := measure(ctx, v, dir, backends)
		lines = append(lines, l)
		count[l.verdict]++
		if l.verdict == disagrees {
			wrong = append(wrong, v.Name)
		}
		noise := "-"
		if l.golden != nil {
			noise = fmt.Sprintf("%.0e", l.golden.Noise)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t\n", v.Family, v.Name, v.Layers, l.results[0], l.results[1], noise)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d variants agree, %d disagree, %d are not known yet\n", count[agrees], count[disagrees], count[notYet])
	fmt.Fprintln(out, "greatest difference of logits in one batch / token by token, rows with the same greatest logit")
	if doc != "" {
		if err := os.WriteFile(doc, []byte(markdown(lines)), 0o644); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("disagree with llama.cpp: %s", strings.Join(wrong, ", "))
	}
	return nil
}

const (
	agrees    = "agrees"
	disagrees = "disagrees"
	notYet    = "not yet"
)

func measure(ctx context.Context, v conformance.Variant, dir string, backends []program.Backend) line {
	l := line{Variant: v, verdict: agrees}
	l.golden, _ = v.Golden()
	m, err := v.Open(dir)
	if err != nil {
		l.verdict = verdict(err)
		l.results = [2]string{l.verdict, l.verdict}
		if l.verdict == disagrees {
			l.results[0] = err.Error()
		}
		return l
	}
	defer m.Close()
	for i, backend := range backends {
		r, err := m.Compare(ctx, backend)
		if err != nil {
			l.results[i] = verdict(err)
			if l.results[i] == disagrees {
				l.results[i] = err.Error()
				l.verdict = disagrees
			} else if l.verdict == agrees {
				l.verdict = notYet
			}
			continue
		}
		l.results[i] = describeResult(r)
		if err := r.Check(); err != nil {
			l.results[i] += " ✗"
			l.verdict = disagrees
		}
	}
	return l
}

func verdict(err error) string {
	if errors.Is(err, conformance.ErrNotYet) {
		return notYet
	}
	return disagrees
}

func describeResult(r conformance.Result) string {
	return fmt.Sprintf("%.0e / %.0e  %.0f %%", r.Batched, r.Single, 100*r.Agreement)
}

// markdown is the matrix as a page of documentation.
func markdown(lines []line) string {
	var b strings.Builder
	engines := map[string]bool{}
	b.WriteString(`# Conformance with llama.cpp

Every line is a tiny model of true structure with seeded random weights in F32,
made by ` + "`engine/conformance`" + `. llama.cpp has computed its logits at 64
positions; ` + "`make conformance`" + ` compares what this engine computes with the
same file, in one batch, in chunks and token by token, on the plain-Go reference
and on the CPU backend. The figures are the greatest absolute difference of any
logit in one batch / token by token, and the share of positions whose greatest
logit is the same. Logits spread over several units, the bound is ` + fmt.Sprintf("%.0e", conformance.MaxLogitDifference) + ` and
` + fmt.Sprintf("%.0f %%", 100*conformance.MinArgmaxAgreement) + `. The last column is how far llama.cpp's own runs (one batch, chunks, token
by token, one and two threads) are from each other. Models with GELU differ
by up to 1e-3 where others differ by 1e-5, because llama.cpp looks GELU up in a
table of float16.

`)
	b.WriteString("| Family | Variant | Layers | What it exercises | Reference | CPU | llama.cpp itself |\n")
	b.WriteString("|---|---|---:|---|---|---|---|\n")
	for _, l := range lines {
		noise := "-"
		if l.golden != nil {
			noise = fmt.Sprintf("%.0e", l.golden.Noise)
			engines[l.golden.Engine] = true
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %s | %s | %s |\n", l.Family, l.Name, l.Layers, l.Tests, l.results[0], l.results[1], noise)
	}
	b.WriteString("\nRecorded with")
	separator := " "
	for e := range engines {
		b.WriteString(separator + e)
		separator = ", "
	}
	b.WriteString(". To record anew, after a variant has been added or changed:\n\n" +
		"```\ngo run ./bench/conformance -llama DIR -missing -search 60\n```\n\n" +
		"DIR is a checkout of llama.cpp, built in `build`. This page is written by `make conformance DOC=docs/conformance.md`.\n")
	return b.String()
}
