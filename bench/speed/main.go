// Command speed compares this engine with others on the same machine and file:
// llama.cpp and ik_llama.cpp by their llama-bench, Ollama by its API.
//
//	go run ./bench/speed -llama-bench PATH -ik-bench PATH -data FILE FILE.gguf …
//
// For each model, number of threads and test, the engines run one after the
// other in every round, each as a process of its own that loads, warms up and
// then measures; the one that begins changes from round to round. What is
// compared is the ratio within a round, since what a machine can do changes
// from minute to minute. Other engines run with their own defaults.
//
// Measurements are appended to the -data file, one JSON object a line, and
// -out is written from all that is in it, so that several short runs make one
// table; without models nothing is measured. Of each test only the rounds of
// the Freehold measured last count. Models of real shapes come from
// ./bench/weights.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type config struct {
	freehold, llama, ik, ollama string
	tests                       []test
	threads                     []int
	rounds, repetitions, busy   int
	foreign                     float64
	data, out                   string
	models                      []string
}

func main() {
	var c config
	var tests, threads string
	flag.StringVar(&c.freehold, "freehold", "", "the freehold program; empty: build it from this folder")
	flag.StringVar(&c.llama, "llama-bench", "", "llama.cpp's llama-bench")
	flag.StringVar(&c.ik, "ik-bench", "", "ik_llama.cpp's llama-bench")
	flag.StringVar(&c.ollama, "ollama", "", "address of an Ollama server that has the models under their files' names without .gguf")
	flag.StringVar(&tests, "tests", "pp512,pp32,tg128", "tests, named as by freehold bench: pp512, tg128, pp512+tg128, tg32@d4096, tg64x8")
	flag.StringVar(&threads, "t", "0", "threads; 0 means one for each physical core")
	flag.IntVar(&c.rounds, "r", 5, "rounds")
	flag.IntVar(&c.repetitions, "repetitions", 1, "of a test within a process; their median counts")
	flag.IntVar(&c.busy, "busy", 0, "run this many processes beside that use a core each")
	flag.Float64Var(&c.foreign, "foreign", 0.1, "measure again what was disturbed by other work that used more than this share of the processor")
	flag.StringVar(&c.data, "data", "", "file of measurements to append to and to write the table from")
	flag.StringVar(&c.out, "out", "", "Markdown file to write the table to")
	spin := flag.Bool("spin", false, "use a core until standard input ends (what -busy runs)")
	flag.Parse()
	if *spin {
		useCore(os.Stdin)
		return
	}
	c.models = flag.Args()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := c.parse(tests, threads)
	if err == nil {
		err = c.run(ctx)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func (c *config) parse(tests, threads string) error {
	for _, name := range strings.Split(tests, ",") {
		t, err := parseTest(name)
		if err != nil {
			return err
		}
		c.tests = append(c.tests, t)
	}
	for _, s := range strings.Split(threads, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return fmt.Errorf("-t %q is not a list of numbers", threads)
		}
		c.threads = append(c.threads, n)
	}
	if c.rounds < 1 || c.repetitions < 1 || c.busy < 0 {
		return errors.New("-r and -repetitions must be at least 1, -busy at least 0")
	}
	if len(c.models) == 0 && c.data == "" {
		return errors.New("name at least one GGUF file to measure, or -data with measurements")
	}
	return nil
}

func (c *config) run(ctx context.Context) error {
	records, err := readRecords(c.data)
	if err != nil {
		return err
	}
	if len(c.models) > 0 {
		more, err := c.measure(ctx)
		if err != nil {
			return err
		}
		records = append(records, more...)
	}
	table := report(records)
	fmt.Print(table)
	if c.out == "" {
		return nil
	}
	return writeBetweenMarks(c.out, table)
}

// measure runs all rounds, and appends each to the data file when it is complete.
func (c *config) measure(ctx context.Context) ([]record, error) {
	m, err := thisMachine()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "speed")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	engines, err := c.engines(ctx, folder)
	if err != nil {
		return nil, err
	}
	stop, err := keepBusy(c.busy)
	if err != nil {
		return nil, err
	}
	defer stop()
	var all []record
	for _, path := range c.models {
		for _, threads := range c.threads {
			if threads == 0 {
				threads = m.Cores
			}
			for _, t := range c.tests {
				for round := range c.rounds {
					now, err := c.round(ctx, engines, round, path, threads, t, m)
					if err != nil {
						return nil, err
					}
					if err := appendRecords(c.data, now); err != nil {
						return nil, err
					}
					all = append(all, now...)
				}
			}
		}
	}
	return all, nil
}

// round measures one test with every engine that can do it.
func (c *config) round(ctx context.Context, engines []engine, round int, path string, threads int, t test, m machine) ([]record, error) {
	start := time.Now().UTC()
	var records []record
	var said []string
	for i := range engines {
		e := engines[(i+round)%len(engines)]
		if !e.can(t) {
			continue
		}
		r, err := c.undisturbed(ctx, e, path, threads, t)
		if err != nil {
			return nil, fmt.Errorf("%s, %s of %s: %w", e.name(), t, path, err)
		}
		r.Round, r.Time, r.Engine, r.Machine = start.Format(time.RFC3339Nano), time.Now().UTC(), e.name(), m
		r.Model, r.Threads, r.Test, r.Busy = strings.TrimSuffix(filepath.Base(path), ".gguf"), threads, t.String(), c.busy
		r.TokensPerSecond = median(r.Samples)
		records = append(records, r)
		said = append(said, fmt.Sprintf("%s %.1f", r.Engine, r.TokensPerSecond))
	}
	log.Printf("%s -t %d %s, round %d of %d: %s", filepath.Base(path), threads, t, round+1, c.rounds, strings.Join(said, ", "))
	return records, nil
}

// attempts is how often a disturbed measurement is made in all.
const attempts = 3

// undisturbed measures until little else has run meanwhile; of measurements
// that were all disturbed it returns the least disturbed.
func (c *config) undisturbed(ctx context.Context, e engine, path string, threads int, t test) (record, error) {
	var best record
	for i := range attempts {
		before, err := busyTime()
		if err != nil {
			return record{}, err
		}
		start := time.Now()
		r, err := e.measure(ctx, path, threads, t, c.repetitions)
		if err != nil {
			return record{}, err
		}
		after, err := busyTime()
		if err != nil {
			return record{}, err
		}
		if r.used > 0 {
			share := (after - before - r.used).Seconds() / time.Since(start).Seconds() / float64(runtime.NumCPU())
			r.Foreign = math.Round(100*max(0, share)) / 100
		}
		if i == 0 || r.Foreign < best.Foreign {
			best = r
		}
		if best.Foreign <= c.foreign || c.busy > 0 {
			break
		}
		log.Printf("%s, %s of %s: other work used %.0f %% of the processor", e.name(), t, filepath.Base(path), 100*r.Foreign)
	}
	return best, nil
}

// build makes the freehold program of this checkout, with its commit as version.
func build(ctx context.Context, folder string) (string, error) {
	version := "unknown"
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		version = strings.TrimSpace(string(out))
	}
	path := filepath.Join(folder, "freehold")
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-X main.version="+version, "-o", path, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building freehold (run this in the repository's folder): %w\n%s", err, out)
	}
	return path, nil
}
