package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// subject is what a row of the table is about.
type subject struct {
	model   string
	threads int
	busy    int
	test    string
}

// row is a subject with its rounds: the measurements by engine.
type row struct {
	subject
	version string // of Freehold
	rounds  map[string]map[string]record
}

// rows sorts records into rows, in the order in which they were first measured.
// Of each subject only rounds of the Freehold measured last are taken.
func rows(records []record) []*row {
	last := map[subject]record{}
	for _, r := range records {
		if s := (subject{r.Model, r.Threads, r.Busy, r.Test}); r.Engine == freeholdName && !r.Time.Before(last[s].Time) {
			last[s] = r
		}
	}
	versions := map[string]string{} // of rounds
	for _, r := range records {
		if r.Engine == freeholdName {
			versions[r.Round] = r.Version
		}
	}
	var list []*row
	found := map[subject]*row{}
	for _, r := range records {
		s := subject{r.Model, r.Threads, r.Busy, r.Test}
		newest, ok := last[s]
		if !ok || versions[r.Round] != newest.Version {
			continue
		}
		if found[s] == nil {
			found[s] = &row{s, newest.Version, map[string]map[string]record{}}
			list = append(list, found[s])
		}
		if found[s].rounds[r.Round] == nil {
			found[s].rounds[r.Round] = map[string]record{}
		}
		found[s].rounds[r.Round][r.Engine] = r
	}
	order := map[string]int{}
	for _, r := range list {
		if _, ok := order[r.model]; !ok {
			order[r.model] = len(order)
		}
	}
	slices.SortStableFunc(list, func(a, b *row) int { return order[a.model] - order[b.model] })
	return list
}

// values collects what f tells of one engine's measurements.
func (r *row) values(engine string, f func(record) float64) []float64 {
	var v []float64
	for _, id := range slices.Sorted(maps.Keys(r.rounds)) {
		if m, ok := r.rounds[id][engine]; ok {
			v = append(v, f(m))
		}
	}
	return v
}

func speed(r record) float64 { return r.TokensPerSecond }

// ratios compares Freehold with a peer, round by round.
func (r *row) ratios(peer string) []float64 {
	var v []float64
	for _, id := range slices.Sorted(maps.Keys(r.rounds)) {
		own, ok := r.rounds[id][freeholdName]
		other, both := r.rounds[id][peer]
		if ok && both && other.TokensPerSecond > 0 {
			v = append(v, own.TokensPerSecond/other.TokensPerSecond)
		}
	}
	return v
}

// report is the Markdown of all records.
func report(records []record) string {
	list := rows(records)
	if len(list) == 0 {
		return "No measurements.\n"
	}
	var used []record
	for _, r := range list {
		for _, m := range r.rounds {
			used = append(used, slices.Collect(maps.Values(m))...)
		}
	}
	slices.SortFunc(used, func(a, b record) int { return a.Time.Compare(b.Time) })
	var b strings.Builder
	preface(&b, used)
	b.WriteString("\n| model | threads | test |")
	rule := "\n|---|---:|---|"
	columns := []string{freeholdName}
	for _, p := range peers {
		if slices.ContainsFunc(used, func(r record) bool { return r.Engine == p }) {
			columns = append(columns, p, "ratio")
		}
	}
	for _, c := range append(columns, "of the limit", "memory GB/s", "rounds") {
		fmt.Fprintf(&b, " %s |", c)
		rule += "---:|"
	}
	b.WriteString(rule + "\n")
	for _, r := range list {
		name := r.test
		if r.busy > 0 {
			name += fmt.Sprintf(", %d busy processes", r.busy)
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s |", r.model, r.threads, name, figure(r.values(freeholdName, speed)))
		for _, p := range peers {
			if !slices.Contains(columns, p) {
				continue
			}
			fmt.Fprintf(&b, " %s | %s |", figure(r.values(p, speed)), spread(r.ratios(p)))
		}
		fmt.Fprintf(&b, " %s | %s | %d |\n", r.limit(), figure(r.values(freeholdName, bandwidth)), len(r.rounds))
	}
	commands(&b, used)
	return b.String()
}

func bandwidth(r record) float64 {
	if r.Limits == nil {
		return math.NaN()
	}
	return r.Limits.Read
}

// limit tells how near Freehold came to what the machine could do: reading is
// limited by arithmetic, writing by memory.
func (r *row) limit() string {
	f, what := func(m record) float64 { return m.ReadShare }, "memory"
	if strings.HasPrefix(r.test, "pp") {
		f, what = func(m record) float64 { return m.ComputeShare }, "arithmetic"
	}
	share := median(r.values(freeholdName, f))
	if math.IsNaN(share) || share == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %% of %s", 100*share, what)
}

// preface says where, when and with what was measured.
func preface(b *strings.Builder, used []record) {
	fmt.Fprint(b, "Tokens per second, medians of the rounds. In a round the engines ran one after the other, each a process\n"+
		"of its own with its defaults; a ratio is Freehold's speed to the other's in the same round: the median, the\n"+
		"lowest and the highest.\n")
	fmt.Fprint(b, "\"Of the limit\" is what Freehold reached of what the machine could do within the same seconds: in tests that\n"+
		"begin with pp, of the byte products its instructions can do (float32 for F16 and BF16 weights), in others of\n"+
		"reading from memory, the bytes of the weights alone counted.\n\n")
	machines := map[string]bool{}
	versions := map[string]map[string]bool{}
	for _, r := range used {
		m := r.Machine
		machines[fmt.Sprintf("%s, %d cores, %.0f GB, %s, kernel %s", m.CPU, m.Cores, float64(m.Memory)/1e9, m.OS, m.Kernel)] = true
		if versions[r.Engine] == nil {
			versions[r.Engine] = map[string]bool{}
		}
		versions[r.Engine][r.Version] = true
	}
	for _, m := range slices.Sorted(maps.Keys(machines)) {
		fmt.Fprintf(b, "- Machine: %s\n", m)
	}
	for _, e := range append([]string{freeholdName}, peers...) {
		if v := versions[e]; v != nil {
			fmt.Fprintf(b, "- %s: %s\n", e, strings.Join(slices.Sorted(maps.Keys(v)), ", "))
		}
	}
	day := func(t time.Time) string { return t.Format("2 January 2006, 15:04") }
	fmt.Fprintf(b, "- Measured from %s to %s UTC\n", day(used[0].Time), day(used[len(used)-1].Time))
	disturbed := slices.MaxFunc(used, func(a, b record) int { return cmp.Compare(a.Foreign, b.Foreign) })
	fmt.Fprintf(b, "- Other work used at most %.0f %% of the processor while an engine was measured\n", 100*disturbed.Foreign)
	var read, int8s, floats []float64
	for _, r := range used {
		if r.Limits != nil {
			read, int8s, floats = append(read, r.Limits.Read), append(int8s, r.Limits.Int8), append(floats, r.Limits.F32)
		}
	}
	if len(read) > 0 {
		fmt.Fprintf(b, "- Limits meanwhile: memory %.1f GB/s (%.1f–%.1f), %.0f GOP/s of bytes, %.0f of float32\n",
			median(read), slices.Min(read), slices.Max(read), median(int8s), median(floats))
	}
}

// commands lists the command lines, one of each engine and test.
func commands(b *strings.Builder, used []record) {
	seen := map[string]bool{}
	for _, r := range used {
		seen[r.Engine+": `"+r.Command+"`"] = true
	}
	b.WriteString("\nCommands:\n\n")
	for _, c := range slices.Sorted(maps.Keys(seen)) {
		fmt.Fprintf(b, "- %s\n", c)
	}
}

func figure(v []float64) string {
	m := median(v)
	switch {
	case math.IsNaN(m):
		return ""
	case m < 100:
		return fmt.Sprintf("%.1f", m)
	}
	return fmt.Sprintf("%.0f", m)
}

func spread(v []float64) string {
	if len(v) == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", median(v), slices.Min(v), slices.Max(v))
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	if n == 0 {
		return math.NaN()
	}
	return (x[(n-1)/2] + x[n/2]) / 2
}

// What stands outside these marks in the Markdown file is kept.
const (
	begin = "<!-- speed: written by go run ./bench/speed -->\n"
	end   = "<!-- speed: end -->\n"
)

func writeBetweenMarks(path, table string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		if len(old) > 0 && ok != closed {
			return fmt.Errorf("%s: one of the marks around the table is missing", path)
		}
		before, after = string(old), ""
		if before == "" {
			before = "# Speed\n\n"
		}
	}
	return os.WriteFile(path, []byte(before+begin+"\n"+table+"\n"+end+after), 0o644)
}
