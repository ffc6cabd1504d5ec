//go:build unix

package cpu

import (
	"syscall"
	"testing"
	"time"
)

// processTime is the CPU time that all threads of this process have used.
func processTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestIdlePoolSleeps(t *testing.T) {
	b := startedPool(t, 4)
	b.phases(1000, 8, 0)
	time.Sleep(100 * time.Millisecond) // spinning ends, on a busy machine too
	before := processTime(t)
	time.Sleep(300 * time.Millisecond)
	if used := processTime(t) - before; used > 50*time.Millisecond {
		t.Errorf("an idle pool used %v of CPU time in 300 ms", used)
	}
}
