package snapshot

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const crashVariable = "FREEHOLD_TEST_SNAPSHOT_CRASH" // names the folder

// TestCrash kills a process that writes, again and again. What it leaves is
// whole or counts as missing, and the next process can go on.
func TestCrash(t *testing.T) {
	const size = 256 << 10
	if dir := os.Getenv(crashVariable); dir != "" {
		s := open(t, dir, 1<<30)
		os.Stdout.WriteString("writing\n")
		for i := int32(0); ; i = (i + 1) % 16 {
			k, data := block(i, size)
			put(t, s, k, data, time.Now())
		}
	}
	dir := t.TempDir()
	got := make([]byte, size)
	whole := 0
	for round := range 8 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestCrash$")
		cmd.Env = append(os.Environ(), crashVariable+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Duration(30+13*round) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		cmd.Wait() // it was killed
		s := open(t, dir, 1<<30)
		for i := range int32(16) {
			k, data := block(i, size)
			was := s.Has(k)
			switch found := s.Get(k, got); {
			case found && !bytes.Equal(got, data):
				t.Errorf("block %d has other values", i)
			case found:
				whole++
			case was:
				t.Errorf("block %d appeared before it was whole", i)
			}
		}
	}
	if whole == 0 {
		t.Error("no process wrote anything")
	}
	hour := time.Now().Add(-time.Hour)
	temps, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, temp := range temps {
		if err := os.Chtimes(temp, hour, hour); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, 1<<30)
	k, data := block(1, size)
	put(t, s, k, data, time.Now())
	if left, _ := filepath.Glob(filepath.Join(dir, tempPrefix+"*")); len(left) != 0 {
		t.Errorf("%d of %d half-written files are left", len(left), len(temps))
	}
	t.Logf("%d whole blocks found, %d half-written files swept", whole, len(temps))
}
