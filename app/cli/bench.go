package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"freehold/app"
	"freehold/engine"
	"freehold/engine/benchmark"

	"github.com/spf13/cobra"
)

// benchResult is an entry of what `freehold bench --json` prints.
type benchResult struct {
	Model      string `json:"model"`
	Quant      string `json:"quant"`
	Parameters int64  `json:"parameters"`
	FileBytes  int64  `json:"file_bytes"`
	Threads    int    `json:"threads"`
	ISA        string `json:"isa"`
	KVType     string `json:"kv_type"`
	Version    string `json:"version"`
	benchmark.Result
}

// benchPlan is what the flags of `freehold bench` ask for.
type benchPlan struct {
	prompts, generate, depths, threads, sequences []int
	both                                          []string
	repetitions                                   int
	kv                                            string
	noLimits, asJSON                              bool
}

func (c *command) bench() *cobra.Command {
	var p benchPlan
	cmd := &cobra.Command{
		Use:   "bench MODEL…",
		Short: "Measure how fast models run on this machine",
		Long: `Measure how fast models run on this machine: reading a prompt of 512 tokens
(pp512) and writing 128 (tg128), without loading and sampling. Lists are written
with commas: -d 0,4096.

Beside tokens per second stand the weights read and the arithmetic done in a
second, with their share of what this machine could do at the same time: its
memory, and the multiplying instructions in use.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.measure(cmd.Context(), p, args) },
	}
	f := cmd.Flags()
	f.IntSliceVarP(&p.prompts, "n-prompt", "p", []int{512}, "tokens to read; 0: none")
	f.IntSliceVarP(&p.generate, "n-gen", "n", []int{128}, "tokens to write; 0: none")
	f.StringArrayVar(&p.both, "pg", nil, "PROMPT,GEN: read and then write, as one test (may be repeated)")
	f.IntSliceVarP(&p.depths, "n-depth", "d", []int{0}, "tokens that are in the context before")
	f.IntSliceVarP(&p.threads, "threads", "t", []int{0}, "processor threads; 0: one for each physical core")
	f.IntSliceVarP(&p.sequences, "sequences", "s", []int{1}, "sequences that write side by side")
	f.IntVarP(&p.repetitions, "repetitions", "r", 5, "how often to repeat each test")
	f.StringVar(&p.kv, "kv", "f16", "KV cache: f16, q8_0 or q4_0 for half or a quarter of the memory, or f32")
	f.BoolVar(&p.noLimits, "no-limits", false, "do not measure the machine's limits")
	f.BoolVar(&p.asJSON, "json", false, "print JSON")
	return cmd
}

// tests lists what the flags ask for; tests at one depth stand together.
func (p benchPlan) tests() ([]benchmark.Test, error) {
	var tests []benchmark.Test
	for _, d := range p.depths {
		add := func(prompt, generate, sequences int) {
			if prompt != 0 || generate != 0 {
				tests = append(tests, benchmark.Test{Prompt: prompt, Generate: generate, Depth: d, Sequences: sequences})
			}
		}
		for _, n := range p.prompts {
			add(n, 0, 1)
		}
		for _, n := range p.generate {
			for _, s := range p.sequences {
				add(0, n, s)
			}
		}
		for _, pair := range p.both {
			prompt, gen, _ := strings.Cut(pair, ",")
			n, err := strconv.Atoi(prompt)
			m, again := strconv.Atoi(gen)
			if err != nil || again != nil || n < 1 || m < 1 {
				return nil, usageError{fmt.Errorf("bench: --pg takes two numbers, such as 512,128, not %q", pair)}
			}
			for _, s := range p.sequences {
				add(n, m, s)
			}
		}
	}
	for _, t := range tests {
		if err := t.Check(); err != nil {
			return nil, usageError{fmt.Errorf("bench: %w", err)}
		}
	}
	switch {
	case len(tests) == 0:
		return nil, usageError{errors.New("bench: nothing to measure: -p and -n are 0")}
	case p.repetitions < 1:
		return nil, usageError{errors.New("bench: -r must be 1 or more")}
	}
	return tests, nil
}

func (c *command) measure(ctx context.Context, p benchPlan, models []string) error {
	tests, err := p.tests()
	if err != nil {
		return err
	}
	targets, err := c.benchTargets(models)
	if err != nil {
		return err
	}
	results := []benchResult{}
	for _, target := range targets {
		for _, threads := range p.threads {
			more, err := c.measureModel(ctx, p, target, threads, tests)
			if err != nil {
				return err
			}
			results = append(results, more...)
		}
	}
	if p.asJSON {
		return printJSON(c.Out, results)
	}
	return c.benchTable(results)
}

// benchTargets finds the models. Files are measured without a look into the
// library, so that a window that is open is not in the way.
func (c *command) benchTargets(models []string) ([]app.Target, error) {
	targets := make([]app.Target, len(models))
	named := false
	for i, name := range models {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			targets[i] = app.Target{Ref: name, Path: name}
		} else {
			named = true
		}
	}
	if !named {
		return targets, nil
	}
	return targets, c.with(nil, app.LoadOptions{}, func(core *app.Core) (err error) {
		for i, name := range models {
			if targets[i].Path == "" {
				if targets[i], err = core.Resolve(name); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (c *command) measureModel(ctx context.Context, p benchPlan, target app.Target, threads int, tests []benchmark.Test) ([]benchResult, error) {
	o := benchmark.Options{Threads: threads, KVType: p.kv, LimitsTime: benchmark.LimitsTime}
	if p.noLimits {
		o.LimitsTime = 0
	}
	b, err := benchmark.Open(target.Path, tests, o)
	if err != nil {
		return nil, err
	}
	var results []benchResult
	err = func() error {
		parameters, quant := engine.Contents(b.File())
		bar := newProgress(c.Err, "", true)
		defer bar.end()
		for i, t := range tests {
			say := func(done int) {
				bar.say(fmt.Sprintf("%s, %d threads: test %d of %d, %s, %d of %d", target.Ref, b.Threads(), i+1, len(tests), t.Name(), done, p.repetitions))
			}
			say(0)
			r, err := b.Run(ctx, t, p.repetitions, say)
			if err != nil {
				return err
			}
			results = append(results, benchResult{target.Ref, quant, parameters, b.File().Size(), b.Threads(), engine.ISA(), p.kv, c.Version, r})
		}
		return nil
	}()
	return results, errors.Join(err, b.Close())
}

func (c *command) benchTable(results []benchResult) error {
	rows := [][]string{{"MODEL", "QUANT", "SIZE", "THREADS", "TEST", "TOKENS/S", "GB/S", "OF LIMIT", "GOP/S", "OF LIMIT"}}
	for _, r := range results {
		share := func(s float64) string {
			if r.Limits == nil {
				return ""
			}
			return fmt.Sprintf("%.0f %%", 100*s)
		}
		rows = append(rows, []string{
			r.Model, r.Quant, size(r.FileBytes), strconv.Itoa(r.Threads), r.Test, fmt.Sprintf("%.1f ± %.1f", r.TokensPerSecond, r.Stddev),
			fmt.Sprintf("%.1f", r.GBPerSecond), share(r.ReadShare), fmt.Sprintf("%.0f", r.GOPPerSecond), share(r.ComputeShare),
		})
	}
	if err := table(c.Out, rows...); err != nil {
		return err
	}
	for i, r := range results {
		if l := r.Limits; l != nil && (i+1 == len(results) || results[i+1].Threads != r.Threads || results[i+1].Model != r.Model) {
			_, err := fmt.Fprintf(c.Out, "\nLimits (-t %d, %s): memory %.1f GB/s (at best %.1f), %.0f GOP/s of bytes, %.0f of float32.\n",
				r.Threads, r.ISA, l.ReadGBPerSecond, l.BestReadGBPerSecond, l.Int8GOPPerSecond, l.F32GOPPerSecond)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
