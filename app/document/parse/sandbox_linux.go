package parse

import (
	"os"
	"path/filepath"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// confine takes from the process what a parser does not need: all files but the
// folder of compiled code, the network, new processes' privileges, core dumps.
// It says what it got: kernels before 5.13 have no Landlock.
func confine(cache string) string {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	var rules []landlock.Rule
	if cache, err := filepath.Abs(cache); err == nil && cache != "" {
		if _, err := os.Stat(cache); err == nil {
			rules = append(rules, landlock.RODirs(cache))
		}
	}
	if err := landlock.V6.BestEffort().Restrict(rules...); err != nil {
		return "none: " + err.Error()
	}
	if _, err := os.Open("/proc/self/status"); err == nil {
		return "none: this kernel has no Landlock"
	}
	return "landlock"
}
