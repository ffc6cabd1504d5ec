package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// test is what is measured: reading prompt tokens, then writing generate
// tokens, behind depth tokens, with sequences side by side.
type test struct {
	prompt, generate, depth, sequences int
}

var testName = regexp.MustCompile(`^(?:pp(\d{1,7}))?(?:\+?tg(\d{1,7}))?(?:x(\d{1,3}))?(?:@d(\d{1,7}))?$`)

func parseTest(name string) (test, error) {
	var t test
	if m := testName.FindStringSubmatch(name); m != nil {
		number := func(s string) int {
			n, _ := strconv.Atoi(s) // digits only, or empty
			return n
		}
		t = test{number(m[1]), number(m[2]), number(m[4]), max(1, number(m[3]))}
	}
	if t.String() != name || t.prompt+t.generate == 0 || t.sequences > 1 && t.generate == 0 {
		return test{}, fmt.Errorf("%q names no test; examples: pp512, tg128, pp512+tg128, tg32@d4096, tg64x8", name)
	}
	return t, nil
}

func (t test) String() string {
	var s string
	if t.prompt > 0 {
		s = "pp" + strconv.Itoa(t.prompt)
	}
	if t.prompt > 0 && t.generate > 0 {
		s += "+"
	}
	if t.generate > 0 {
		s += "tg" + strconv.Itoa(t.generate)
	}
	if t.sequences > 1 {
		s += "x" + strconv.Itoa(t.sequences)
	}
	if t.depth > 0 {
		s += "@d" + strconv.Itoa(t.depth)
	}
	return s
}

// engine is one of those that are compared.
type engine interface {
	name() string
	can(t test) bool
	// measure fills in the version, the samples and what else the engine tells.
	measure(ctx context.Context, model string, threads int, t test, repetitions int) (record, error)
}

// The names of the engines, in the order of the table.
const (
	freeholdName = "Freehold"
	llamaName    = "llama.cpp"
	ikName       = "ik_llama.cpp"
	ollamaName   = "Ollama"
)

var peers = []string{llamaName, ikName, ollamaName}

func (c *config) engines(ctx context.Context, folder string) ([]engine, error) {
	own := &ownBench{path: c.freehold}
	if own.path == "" {
		var err error
		if own.path, err = build(ctx, folder); err != nil {
			return nil, err
		}
	}
	list := []engine{own}
	if c.llama != "" {
		list = append(list, &llamaBench{path: c.llama, called: llamaName})
	}
	if c.ik != "" {
		list = append(list, &llamaBench{path: c.ik, called: ikName})
	}
	if c.ollama != "" {
		list = append(list, &ollama{url: strings.TrimSuffix(c.ollama, "/")})
	}
	return list, nil
}

// output runs a program, decodes the JSON it prints into rows, and returns the
// processor time it used.
func output(ctx context.Context, rows any, path string, args []string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		tail := problems.Bytes()
		return 0, fmt.Errorf("%s %s: %w\n%s", path, strings.Join(args, " "), err, tail[max(0, len(tail)-2000):])
	}
	if err := json.Unmarshal(out.Bytes(), rows); err != nil {
		return 0, fmt.Errorf("%s %s: %w", path, strings.Join(args, " "), err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// ownBench is `freehold bench`.
type ownBench struct{ path string }

func (*ownBench) name() string  { return freeholdName }
func (*ownBench) can(test) bool { return true }

func (*ownBench) args(model string, threads int, t test, repetitions int) []string {
	args := []string{"bench", model, "--json", "-t", strconv.Itoa(threads), "-r", strconv.Itoa(repetitions), "-d", strconv.Itoa(t.depth),
		"-s", strconv.Itoa(t.sequences)}
	if t.prompt > 0 && t.generate > 0 {
		return append(args, "-p", "0", "-n", "0", "--pg", fmt.Sprintf("%d,%d", t.prompt, t.generate))
	}
	return append(args, "-p", strconv.Itoa(t.prompt), "-n", strconv.Itoa(t.generate))
}

func (e *ownBench) measure(ctx context.Context, model string, threads int, t test, repetitions int) (record, error) {
	var rows []struct {
		record
		Version string `json:"version"`
	}
	args := e.args(model, threads, t, repetitions)
	used, err := output(ctx, &rows, e.path, args)
	if err != nil {
		return record{}, err
	}
	if len(rows) != 1 || len(rows[0].Samples) == 0 {
		return record{}, fmt.Errorf("freehold bench printed %d results instead of one", len(rows))
	}
	r := rows[0].record
	r.Version, r.Command, r.used = rows[0].Version, command("freehold", args, model), used
	return r, nil
}

// command is the command line with the model's path left out.
func command(program string, args []string, model string) string {
	return program + " " + strings.ReplaceAll(strings.Join(args, " "), model, "MODEL")
}

// llamaBench is the llama-bench of llama.cpp or ik_llama.cpp.
type llamaBench struct{ path, called string }

func (e *llamaBench) name() string { return e.called }

// can: neither writes sequences side by side; ik_llama.cpp's knows depth only
// for writing.
func (e *llamaBench) can(t test) bool {
	return t.sequences == 1 && (e.called != ikName || t.depth == 0 || t.prompt == 0)
}

func (e *llamaBench) args(model string, threads int, t test, repetitions int) []string {
	args := []string{"-m", model, "-o", "json", "-t", strconv.Itoa(threads), "-r", strconv.Itoa(repetitions)}
	prompt, generate := t.prompt, t.generate
	switch {
	case prompt > 0 && generate > 0:
		args = append(args, "-pg", fmt.Sprintf("%d,%d", prompt, generate))
		prompt, generate = 0, 0
	case t.depth > 0 && e.called == ikName:
		args = append(args, "-gp", fmt.Sprintf("%d,%d", t.depth, generate))
		prompt, generate = 0, 0
	}
	args = append(args, "-p", strconv.Itoa(prompt), "-n", strconv.Itoa(generate))
	if t.depth > 0 && e.called != ikName {
		args = append(args, "-d", strconv.Itoa(t.depth))
	}
	return args
}

func (e *llamaBench) measure(ctx context.Context, model string, threads int, t test, repetitions int) (record, error) {
	var rows []struct {
		Commit  string    `json:"build_commit"`
		Samples []float64 `json:"samples_ts"`
	}
	args := e.args(model, threads, t, repetitions)
	used, err := output(ctx, &rows, e.path, args)
	if err != nil {
		return record{}, err
	}
	if len(rows) != 1 || len(rows[0].Samples) == 0 {
		return record{}, errors.New("llama-bench printed no result, or several")
	}
	return record{Version: rows[0].Commit, Samples: rows[0].Samples, Command: command("llama-bench", args, model), used: used}, nil
}
