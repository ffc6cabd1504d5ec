//go:build linux

// Command window measures what the window costs, beside an empty one of the same
// kind: how soon it can be used, how much memory it takes with all its processes,
// and how much of the processor while nobody touches it.
//
//	go build -tags "desktop production webkit2_41" -o /tmp/empty ./bench/window/empty
//	go run ./bench/window -freehold build/bin/freehold -empty /tmp/empty [-starts 10] [-idle 30s]
//
// The windows open one after the other, in turn, on a screen that nobody sees
// (Xvfb) and with a D-Bus session of their own. The first start of each is not
// counted: in it the machine is measured. Memory is the proportional set size, which counts shared pages once.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const drawn = "interface drawn" // what a program says when its page can be used

type config struct {
	freehold, empty string
	starts          int
	settle, idle    time.Duration
}

func main() {
	var c config
	flag.StringVar(&c.freehold, "freehold", "build/bin/freehold", "the program")
	flag.StringVar(&c.empty, "empty", "", "the empty window's program")
	flag.IntVar(&c.starts, "starts", 10, "starts that count")
	flag.DurationVar(&c.settle, "settle", 8*time.Second, "from the start until memory is read")
	flag.DurationVar(&c.idle, "idle", 30*time.Second, "how long nobody touches the window")
	flag.Parse()
	if err := c.run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// result is what one program costs.
type result struct {
	starts []time.Duration
	parts  map[string]int64 // bytes by program name, of the last window
	idle   float64          // share of one core
}

func (c *config) run(ctx context.Context) error {
	display, stop, err := screen(ctx)
	if err != nil {
		return err
	}
	defer stop()
	home, err := os.MkdirTemp("", "freehold-window-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	env := append(os.Environ(), "DISPLAY="+display, "WAYLAND_DISPLAY=", "FREEHOLD_HOME="+home, "FREEHOLD_LOG=info", "NO_AT_BRIDGE=1")
	programs := []string{c.freehold}
	if c.empty != "" {
		programs = append(programs, c.empty)
	}
	results := map[string]*result{}
	for _, p := range programs {
		results[p] = &result{}
	}
	for i := range c.starts + 1 {
		for _, p := range programs {
			last := i == c.starts
			took, err := c.start(ctx, p, env, i == 0, last, results[p])
			if err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
			if i > 0 {
				results[p].starts = append(results[p].starts, took)
			}
		}
	}
	fmt.Println("| | usable after, median | slowest | memory (PSS) | idle |\n|---|--:|--:|--:|--:|")
	for _, p := range programs {
		r := results[p]
		slices.Sort(r.starts)
		sum := int64(0)
		for _, n := range r.parts {
			sum += n
		}
		fmt.Printf("| %s | %d ms | %d ms | %d MiB | %.2f %% of a core |\n", filepath.Base(p), r.starts[len(r.starts)/2].Milliseconds(), r.starts[len(r.starts)-1].Milliseconds(), sum>>20, 100*r.idle)
	}
	for _, p := range programs {
		fmt.Printf("\n%s:", filepath.Base(p))
		for name, n := range results[p].parts {
			fmt.Printf(" %s %d MiB;", name, n>>20)
		}
	}
	fmt.Println()
	return nil
}

// start opens a window and closes it when it can be used, or, if whole, after
// its memory and idle time have been read.
func (c *config) start(ctx context.Context, program string, env []string, first, whole bool, r *result) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, c.settle+c.idle+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "dbus-run-session", "--", program)
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said, err := cmd.StderrPipe()
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		time.AfterFunc(5*time.Second, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		_ = cmd.Wait() // ended by us
	}()
	var log bytes.Buffer
	lines := bufio.NewScanner(io.TeeReader(said, &log))
	found := false
	for !found && lines.Scan() {
		found = strings.Contains(lines.Text(), drawn)
	}
	took := time.Since(begun)
	if !found {
		return 0, fmt.Errorf("it ended before its page was drawn: %s", &log)
	}
	go io.Copy(io.Discard, said)
	if first { // the machine is measured once, and that is over before others are looked at
		time.Sleep(c.settle)
	}
	if !whole {
		return took, nil
	}
	time.Sleep(c.settle)
	pids := family(cmd.Process.Pid)
	r.parts = map[string]int64{}
	for _, pid := range pids {
		name, size := memory(pid)
		if name != "dbus-run-session" && !strings.HasPrefix(name, "dbus-") {
			r.parts[name] += size
		}
	}
	before := ticks(pids)
	time.Sleep(c.idle)
	r.idle = float64(ticks(pids)-before) / 100 / c.idle.Seconds()
	return took, nil
}

// screen starts an X server on a display that it chooses.
func screen(ctx context.Context) (display string, stop func(), err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, "Xvfb", "-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{write}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	write.Close()
	number, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		return "", nil, errors.Join(errors.New("the X server did not start"), err, cmd.Wait())
	}
	return ":" + strings.TrimSpace(number), func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}, nil
}

// family is a process with all its descendants.
func family(root int) []int {
	parents := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		fields := stat(path)
		if len(fields) < 2 {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parents[pid], _ = strconv.Atoi(fields[1])
	}
	out := []int{root}
	for i := 0; i < len(out); i++ {
		for pid, parent := range parents {
			if parent == out[i] {
				out = append(out, pid)
			}
		}
	}
	return out
}

// stat is /proc/PID/stat from the state on.
func stat(path string) []string {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil // it has ended
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.Fields(rest)
}

// ticks is the processor time of processes, in hundredths of a second.
func ticks(pids []int) int64 {
	sum := int64(0)
	for _, pid := range pids {
		if f := stat(fmt.Sprintf("/proc/%d/stat", pid)); len(f) > 12 {
			for _, s := range f[11:13] {
				n, _ := strconv.ParseInt(s, 10, 64)
				sum += n
			}
		}
	}
	return sum
}

// memory is a process's name and proportional set size in bytes.
func memory(pid int) (string, int64) {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	rollup, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	for line := range strings.Lines(string(rollup)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return strings.TrimSpace(string(name)), kb << 10
		}
	}
	return strings.TrimSpace(string(name)), 0
}
