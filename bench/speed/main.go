// Command speed compares this engine with llama.cpp on the same machine and
// file: prefill of 512 tokens and decode of 64, with the same number of
// threads, one after the other in every round, medians over the rounds.
//
//	go run ./bench/speed -llama-bench BIN/llama-bench FILE.gguf …
//
// Without -llama-bench it measures this engine alone. With -out it writes the
// table, with the machine and the versions, as Markdown.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jaypipes/ghw"

	"freehold/engine"
	"freehold/engine/sample"
)

type config struct {
	peer             string
	threads, rounds  int
	prefill, decode  int
	out              string
	models           []string
	peerVersion, cpu string
}

func main() {
	var c config
	flag.StringVar(&c.peer, "llama-bench", "", "path of llama-bench to compare with")
	flag.IntVar(&c.threads, "t", 0, "threads; 0 means one for each physical core")
	flag.IntVar(&c.rounds, "r", 5, "rounds")
	flag.IntVar(&c.prefill, "p", 512, "prompt tokens")
	flag.IntVar(&c.decode, "n", 64, "tokens to generate")
	flag.StringVar(&c.out, "out", "", "Markdown file to write the results to")
	flag.Parse()
	c.models = flag.Args()
	if len(c.models) == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := c.run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// series is one test's figures in tokens per second, a pair a round.
type series struct {
	model, quant, test string
	ours, peer         []float64
}

func (c *config) run(ctx context.Context) error {
	cpu, err := ghw.CPU(ghw.WithDisableWarnings())
	if err != nil || len(cpu.Processors) == 0 {
		return fmt.Errorf("cannot tell the processor: %w", err)
	}
	c.cpu = cpu.Processors[0].Model
	if c.threads == 0 {
		c.threads = int(cpu.TotalCores)
	}
	var all []series
	for _, path := range c.models {
		s, err := c.measure(ctx, path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, s...)
	}
	table := c.table(all)
	fmt.Print(table)
	if c.out != "" {
		return os.WriteFile(c.out, []byte(table), 0o644)
	}
	return nil
}

func (c *config) measure(ctx context.Context, path string) ([]series, error) {
	m, err := engine.Open(ctx, path, engine.Options{Threads: c.threads}, nil)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	name := strings.TrimSuffix(filepath.Base(path), ".gguf")
	pp := series{model: name, quant: m.Info().Quant, test: "pp" + strconv.Itoa(c.prefill)}
	tg := series{model: name, quant: m.Info().Quant, test: "tg" + strconv.Itoa(c.decode)}
	for round := range c.rounds + 1 {
		p, d, err := c.ours(ctx, m)
		if err != nil {
			return nil, err
		}
		var pPeer, dPeer float64
		if c.peer != "" {
			if pPeer, dPeer, err = c.theirs(ctx, path); err != nil {
				return nil, err
			}
		}
		if round == 0 {
			continue // warm-up
		}
		log.Printf("%s round %d: %s %.1f (peer %.1f), %s %.1f (peer %.1f)", name, round, pp.test, p, pPeer, tg.test, d, dPeer)
		pp.ours, tg.ours = append(pp.ours, p), append(tg.ours, d)
		if c.peer != "" {
			pp.peer, tg.peer = append(pp.peer, pPeer), append(tg.peer, dPeer)
		}
	}
	return []series{pp, tg}, nil
}

// ours measures prefill and decode of fresh random tokens, so that nothing is
// found in the KV cache.
func (c *config) ours(ctx context.Context, m *engine.Model) (prefill, decode float64, err error) {
	random := func(n int) []int32 {
		t := make([]int32, n)
		for i := range t {
			t[i] = int32(rand.IntN(m.Info().Vocab))
		}
		return t
	}
	p := sample.Defaults()
	p.Temperature = 0
	p.LogitBias = map[int32]float32{}
	for _, t := range m.EndTokens() {
		p.LogitBias[t] = float32(math.Inf(-1))
	}
	r, err := m.Generate(ctx, engine.Request{Tokens: random(c.prefill), MaxTokens: 1, Sampling: p}, nil)
	if err != nil {
		return 0, 0, err
	}
	prefill = r.Timings.PrefillPerSecond
	r, err = m.Generate(ctx, engine.Request{Tokens: random(2), MaxTokens: c.decode + 1, Sampling: p}, nil)
	return prefill, r.Timings.DecodePerSecond, err
}

// theirs runs llama-bench once with its defaults.
func (c *config) theirs(ctx context.Context, model string) (prefill, decode float64, err error) {
	cmd := exec.CommandContext(ctx, c.peer, "-m", model, "-t", strconv.Itoa(c.threads),
		"-p", strconv.Itoa(c.prefill), "-n", strconv.Itoa(c.decode), "-r", "1", "-o", "json")
	cmd.Stderr = io.Discard
	b, err := cmd.Output()
	if err != nil {
		return 0, 0, fmt.Errorf("llama-bench: %w", err)
	}
	var rows []struct {
		Prompt    int     `json:"n_prompt"`
		Generated int     `json:"n_gen"`
		Rate      float64 `json:"avg_ts"`
		Commit    string  `json:"build_commit"`
	}
	if err := json.Unmarshal(b, &rows); err != nil {
		return 0, 0, fmt.Errorf("llama-bench: %w", err)
	}
	for _, r := range rows {
		c.peerVersion = r.Commit
		switch {
		case r.Prompt > 0 && r.Generated == 0:
			prefill = r.Rate
		case r.Generated > 0 && r.Prompt == 0:
			decode = r.Rate
		}
	}
	return prefill, decode, nil
}

func (c *config) table(all []series) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Speed\n\n%s, %s, %d threads. Medians of %d rounds, tokens per second.\n", time.Now().Format("2 January 2006"), c.cpu, c.threads, c.rounds)
	if c.peer != "" {
		fmt.Fprintf(&b, "llama.cpp is commit %s, a native release build with its default settings; in every round both engines ran one after the other.\nThe ratio is the median of the rounds' ratios, with the lowest and the highest.\n", c.peerVersion)
	}
	fmt.Fprintf(&b, "\nCommand: `go run ./bench/speed -llama-bench PATH -t %d -r %d -p %d -n %d MODEL…`\n\n", c.threads, c.rounds, c.prefill, c.decode)
	b.WriteString("| model | quant | test | Freehold | llama.cpp | ratio |\n|---|---|---|---:|---:|---:|\n")
	for _, s := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %.1f |", s.model, s.quant, s.test, median(s.ours))
		if len(s.peer) == 0 {
			b.WriteString(" | |\n")
			continue
		}
		ratios := make([]float64, len(s.ours))
		for i := range ratios {
			ratios[i] = s.ours[i] / s.peer[i]
		}
		fmt.Fprintf(&b, " %.1f | %.2f (%.2f–%.2f) |\n", median(s.peer), median(ratios), slices.Min(ratios), slices.Max(ratios))
	}
	return b.String()
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	if n == 0 {
		return math.NaN()
	}
	return (x[(n-1)/2] + x[n/2]) / 2
}
