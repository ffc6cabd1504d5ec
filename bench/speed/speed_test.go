package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The test program stands in for the engines' programs: it prints what the
// variable says and, on standard error, its arguments.
func TestMain(m *testing.M) {
	if s, ok := os.LookupEnv("SPEED_PRINTS"); ok {
		fmt.Fprintln(os.Stderr, os.Args[1:])
		fmt.Println(s)
		if s == "" {
			os.Exit(3)
		}
		return
	}
	os.Exit(m.Run())
}

func TestParseTest(t *testing.T) {
	for name, want := range map[string]test{
		"pp512": {512, 0, 0, 1}, "tg128": {0, 128, 0, 1}, "pp512+tg128": {512, 128, 0, 1},
		"tg32@d4096": {0, 32, 4096, 1}, "tg64x8": {0, 64, 0, 8}, "pp7+tg3x2@d9": {7, 3, 9, 2},
	} {
		got, err := parseTest(name)
		if err != nil || got != want || got.String() != name {
			t.Errorf("%s: %+v (%s), %v", name, got, got, err)
		}
	}
	for _, name := range []string{"", "pp", "pp0", "pp5+", "tg0", "512", "pp5tg5", "+tg5", "pp5x2", "tg5@4", "x8", "pp99999999"} {
		if got, err := parseTest(name); err == nil {
			t.Errorf("%q was read as %+v", name, got)
		}
	}
}

func TestArguments(t *testing.T) {
	own, llama, ik := &ownBench{}, &llamaBench{called: llamaName}, &llamaBench{called: ikName}
	for _, c := range []struct {
		e interface {
			can(test) bool
			args(string, int, test, int) []string
		}
		test, want string // no arguments: it cannot do that
	}{
		{own, "pp512", "bench M --json -t 2 -r 3 -d 0 -s 1 -p 512 -n 0"},
		{own, "tg32x8@d99", "bench M --json -t 2 -r 3 -d 99 -s 8 -p 0 -n 32"},
		{own, "pp5+tg6", "bench M --json -t 2 -r 3 -d 0 -s 1 -p 0 -n 0 --pg 5,6"},
		{llama, "pp512", "-m M -o json -t 2 -r 3 -p 512 -n 0"},
		{llama, "tg32@d4096", "-m M -o json -t 2 -r 3 -p 0 -n 32 -d 4096"},
		{llama, "pp5+tg6", "-m M -o json -t 2 -r 3 -pg 5,6 -p 0 -n 0"},
		{llama, "tg32x8", ""},
		{ik, "tg128", "-m M -o json -t 2 -r 3 -p 0 -n 128"},
		{ik, "tg32@d4096", "-m M -o json -t 2 -r 3 -gp 4096,32 -p 0 -n 0"},
		{ik, "pp32@d4096", ""},
	} {
		what, err := parseTest(c.test)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if c.e.can(what) {
			got = strings.Join(c.e.args("M", 2, what, 3), " ")
		}
		if got != c.want {
			t.Errorf("%T %s: %q, want %q", c.e, c.test, got, c.want)
		}
	}
}

func TestMeasureByProgram(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, what := context.Background(), test{prompt: 8, sequences: 1}
	llama, own := &llamaBench{path: program, called: llamaName}, &ownBench{path: program}

	t.Setenv("SPEED_PRINTS", `[{"build_commit": "abc", "n_prompt": 8, "samples_ts": [5, 7.5]}]`)
	r, err := llama.measure(ctx, "x/M.gguf", 2, what, 2)
	if err != nil || r.Version != "abc" || !slices.Equal(r.Samples, []float64{5, 7.5}) || !strings.HasPrefix(r.Command, "llama-bench -m MODEL ") {
		t.Errorf("llama-bench: %+v, %v", r, err)
	}
	t.Setenv("SPEED_PRINTS", `[{"version": "v1", "samples": [9], "gb_per_second": 3, "read_share": 0.5, "limits": {"read_gb_per_second": 6}}]`)
	r, err = own.measure(ctx, "x/M.gguf", 2, what, 1)
	if err != nil || r.Version != "v1" || r.Samples[0] != 9 || r.ReadShare != 0.5 || r.Limits == nil || r.Limits.Read != 6 {
		t.Errorf("freehold: %+v, %v", r, err)
	}
	for _, printed := range []string{"", "[]", "no JSON", `[{"samples": []}]`} {
		t.Setenv("SPEED_PRINTS", printed)
		if _, err := own.measure(ctx, "M", 2, what, 1); err == nil {
			t.Errorf("freehold printing %q is no error", printed)
		}
		if _, err := llama.measure(ctx, "M", 2, what, 1); err == nil {
			t.Errorf("llama-bench printing %q is no error", printed)
		} else if printed == "" && !strings.Contains(err.Error(), "[-m M ") {
			t.Errorf("what the program said is missing: %v", err)
		}
	}
}

func TestMeasureOllama(t *testing.T) {
	var prompts []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/version" {
			fmt.Fprint(w, `{"version": "0.30.1"}`)
			return
		}
		var q struct {
			Model, Prompt string
			Raw           bool
			Options       map[string]any
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Model != "M" || !q.Raw || q.Options["num_thread"] != 2.0 {
			t.Errorf("request %+v, %v", q, err)
		}
		prompts = append(prompts, q.Prompt)
		fmt.Fprint(w, `{"prompt_eval_count": 100, "prompt_eval_duration": 500000000, "eval_count": 20, "eval_duration": 1000000000}`)
	}))
	defer server.Close()
	e := &ollama{url: server.URL}
	r, err := e.measure(context.Background(), "x/M.gguf", 2, test{prompt: 100, sequences: 1}, 2)
	if err != nil || r.Version != "0.30.1" || !slices.Equal(r.Samples, []float64{200, 200}) {
		t.Errorf("reading: %+v, %v", r, err)
	}
	if len(prompts) != 3 || prompts[0] == prompts[1] || len(strings.Fields(prompts[0])) != 100 {
		t.Errorf("prompts %q", prompts)
	}
	r, err = e.measure(context.Background(), "x/M.gguf", 2, test{generate: 20, sequences: 1}, 1)
	if err != nil || !slices.Equal(r.Samples, []float64{20}) {
		t.Errorf("writing: %+v, %v", r, err)
	}
	if _, err := e.measure(context.Background(), "x/M.gguf", 2, test{generate: 2000, sequences: 1}, 1); err == nil {
		t.Error("an answer that is far too short is no error")
	}
}

func TestReport(t *testing.T) {
	var records []record
	at := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	add := func(round, engine, version, test string, speed float64) {
		at = at.Add(time.Minute)
		r := record{Round: round, Time: at, Engine: engine, Version: version, Model: "m.Q8_0", Threads: 2, Test: test, TokensPerSecond: speed,
			Samples: []float64{speed}, Command: engine + " MODEL", Machine: machine{CPU: "a processor", Cores: 2, Kernel: "6.1"}}
		if engine == freeholdName {
			r.ReadShare, r.ComputeShare = 0.92, 0.41
		}
		records = append(records, r)
	}
	add("0", freeholdName, "old", "tg128", 1)
	add("0", llamaName, "abc", "tg128", 100)
	for i, own := range []float64{30, 20, 44} {
		round := fmt.Sprint(i + 1)
		add(round, freeholdName, "new", "tg128", own)
		add(round, llamaName, "abc", "tg128", 20)
		if i < 2 {
			add(round, ikName, "def", "tg128", 40)
		}
	}
	add("9", freeholdName, "old", "tg64x8", 240)

	path := filepath.Join(t.TempDir(), "data")
	if err := appendRecords(path, records[:3]); err != nil {
		t.Fatal(err)
	}
	if err := appendRecords(path, records[3:]); err != nil {
		t.Fatal(err)
	}
	read, err := readRecords(path)
	if err != nil || len(read) != len(records) {
		t.Fatalf("%d of %d records read: %v", len(read), len(records), err)
	}
	got := report(read)
	for _, want := range []string{
		"| model | threads | test | Freehold | llama.cpp | ratio | ik_llama.cpp | ratio | of the limit | memory GB/s | rounds |",
		"| m.Q8_0 | 2 | tg128 | 30.0 | 20.0 | 1.50 (1.00–2.20) | 40.0 | 0.62 (0.50–0.75) | 92 % of memory |  | 3 |",
		"| m.Q8_0 | 2 | tg64x8 | 240 |  |  |  |  | 92 % of memory |  | 1 |",
		"- Machine: a processor, 2 cores,", "- Freehold: new, old\n", "- llama.cpp: abc\n", "- Freehold: `Freehold MODEL`\n",
		"from 23 November 2026, 01:03 to 23 November 2026, 01:11 UTC",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the report lacks %q:\n%s", want, got)
		}
	}
	if report(nil) != "No measurements.\n" {
		t.Error("no records make a table")
	}
	if err := os.WriteFile(path, []byte("{}\nnonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readRecords(path); err == nil || !strings.Contains(err.Error(), "measurement 2") {
		t.Errorf("damaged data: %v", err)
	}
}

func TestWriteBetweenMarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "RESULTS.md")
	want := func(s string) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil || string(b) != s {
			t.Errorf("%q, %v; want %q", b, err, s)
		}
	}
	write := func(s string) {
		t.Helper()
		if err := writeBetweenMarks(path, s); err != nil {
			t.Fatal(err)
		}
	}
	write("one\n")
	want("# Speed\n\n" + begin + "\none\n\n" + end)
	if err := os.WriteFile(path, []byte("before\n"+begin+"one\n"+end+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	write("two\n")
	want("before\n" + begin + "\ntwo\n\n" + end + "after\n")
	if err := os.WriteFile(path, []byte("before\n"+begin+"one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeBetweenMarks(path, "three\n"); err == nil {
		t.Error("a file with one mark was overwritten")
	}
}

func TestBusyProcessesEnd(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ended := make(chan struct{})
	go func() {
		useCore(r)
		close(ended)
	}()
	w.Close()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on after its input has ended")
	}
}
