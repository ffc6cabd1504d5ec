//go:build !windows

package parse

import (
	"os"
	"os/exec"
	"syscall"
)

func hideWindow(*exec.Cmd) {}

// running tells whether a process that has not been waited for still runs; a
// zombie is found out by the first write to it.
func running(p *os.Process) bool { return p.Signal(syscall.Signal(0)) == nil }
