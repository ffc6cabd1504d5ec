package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"freehold/engine"
	"freehold/engine/arch"
	"freehold/engine/backend/cpu"
	"freehold/engine/dialect"
	"freehold/engine/program"
	"freehold/engine/sample"
)

const (
	prompt  = 512 // tokens that a model really reads
	written = 24  // tokens whose time is taken
)

func runChild(ctx context.Context, what string, args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("child %s: %d arguments", what, len(args))
	}
	tokens, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	var o outcome
	switch what {
	case "open":
		o, err = open(ctx, args[0], tokens, args[2])
	case "fill":
		o, err = fill(ctx, args[0], tokens, args[2])
	default:
		err = fmt.Errorf("child %q", what)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(o)
}

// open measures what a model takes that was opened and has answered.
func open(ctx context.Context, path string, tokens int, kv string) (outcome, error) {
	m, err := engine.Open(ctx, path, engine.Options{ContextLength: tokens, KVType: kv}, nil)
	if err != nil {
		return outcome{}, err
	}
	defer m.Close()
	ids := m.Tokenize(strings.Repeat("Words that are read take memory. ", prompt/4), true)
	ids = ids[:min(prompt, len(ids))]
	if m.Info().Embeds {
		_, err = m.EmbedTokens(ctx, [][]int32{ids[:min(len(ids), m.Info().ContextLength)]})
	} else {
		_, err = m.Generate(ctx, engine.Request{Tokens: ids, MaxTokens: 8, Sampling: sample.Params{RepeatPenalty: 1}}, func(engine.Event) {})
	}
	if err != nil {
		return outcome{}, err
	}
	debug.FreeOSMemory()
	rss, err := resident()
	return outcome{Memory: rss}, err
}

// fill measures what the rest of a full cache takes, and writing with it.
func fill(ctx context.Context, path string, tokens int, kv string) (outcome, error) {
	f, err := dialect.Open(path)
	if err != nil {
		return outcome{}, err
	}
	defer f.Close()
	m, err := arch.Load(f, tokens)
	if err != nil {
		return outcome{}, err
	}
	if m.Config.Embeds {
		return outcome{}, nil
	}
	t, err := program.ParseKVType(kv)
	if err != nil {
		return outcome{}, err
	}
	blocks := (tokens + program.BlockTokens - 1) / program.BlockTokens
	limits := program.Limits{Rows: engine.BatchRows, Outputs: 1, Blocks: blocks, Slots: min(1, len(m.Program.States)), KV: t}
	e, err := cpu.New(cpu.Options{}).Compile(m.Program, limits)
	if err != nil {
		return outcome{}, err
	}
	defer e.Close()
	table := make([]int32, blocks)
	for i := range table {
		table[i] = int32(i)
	}
	run := func(at, n int) error {
		b := &program.Batch{Tables: [][]int32{table}, Outputs: []int32{int32(n - 1)}}
		if len(m.Program.States) > 0 {
			b.Slots = []int32{0}
		}
		for i := range n {
			b.Tokens = append(b.Tokens, int32((at+i)*7919%m.Config.Vocab))
			b.Positions = append(b.Positions, int32(at+i))
			b.Sequences = append(b.Sequences, 0)
		}
		_, err := e.Run(ctx, b)
		return err
	}
	if err := run(0, prompt); err != nil {
		return outcome{}, err
	}
	before, err := resident()
	if err != nil {
		return outcome{}, err
	}
	// What was read stands for the rest: its values do not matter.
	for i := prompt / program.BlockTokens; i < blocks; i++ {
		if err := e.CopyBlock(int32(i), int32(i%(prompt/program.BlockTokens))); err != nil {
			return outcome{}, err
		}
	}
	after, err := resident()
	if err != nil {
		return outcome{}, err
	}
	var seconds []float64
	for i := range written {
		start := time.Now()
		if err := run(tokens-written+i, 1); err != nil {
			return outcome{}, err
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	slices.Sort(seconds)
	return outcome{Memory: after - before, Speed: 1 / seconds[len(seconds)/2]}, nil
}

// resident is the process's resident set: mapped weights included.
func resident() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("the resident set can be read on Linux only: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/self/status does not tell the resident set")
}
