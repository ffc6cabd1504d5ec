package app

import (
	"os"
	"os/exec"
	"testing"
)

func TestProcesses(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	var own, started bool
	for _, p := range processes() {
		own = own || p.Own && p.PID == os.Getpid() && p.Bytes > 1<<20
		started = started || p.PID == child.Process.Pid && !p.Own
		if p.PID == os.Getppid() {
			t.Error("the parent is none of ours")
		}
	}
	if !own || !started {
		t.Errorf("own %v, child %v: %+v", own, started, processes())
	}
}

func TestParsingOfProc(t *testing.T) {
	for stat, want := range map[string]int{"12 (a) b (c)) S 7 12 12": 7, "": 0, "12 (x": 0, "1 (x) S": 0, "1 (x) S -3": -3, "1 (x) S 99999999999999999999": 0} {
		if got := parentOf([]byte(stat)); got != want {
			t.Errorf("%q: parent %d, want %d", stat, got, want)
		}
	}
	for text, want := range map[string]int64{"Rss: 9 kB\nPss:      12 kB\n": 12 << 10, "Pss:": 0, "Pss: x kB": 0, "": 0, "Pss: -1 kB": 0} {
		if got := kilobytes([]byte(text), "Pss:"); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	circle := map[int]int{5: 6, 6: 5}
	if descends(circle, 5, 9) || !descends(map[int]int{5: 6, 6: 9}, 5, 9) {
		t.Error("descent")
	}
}

func FuzzProc(f *testing.F) {
	f.Add([]byte("12 (a) b (c)) S 7 12 12"))
	f.Add([]byte("Pss:      12 kB\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parentOf(data)
		if kilobytes(data, "Pss:") < 0 {
			t.Error("negative")
		}
	})
}
