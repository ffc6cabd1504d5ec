package hardware

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// limits are those of a control group; 0: none.
type limits struct {
	memory     int64 // bytes
	memoryUsed int64 // bytes that cannot be taken back
	cores      int   // of processor time, rounded up
}

// readLimits finds the tightest limits of the groups that this process is in.
// root is "/" but in tests.
func readLimits(root string) limits {
	var l limits
	own, _ := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	for line := range strings.Lines(string(own)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // number:controllers:group
		if len(parts) != 3 {
			continue
		}
		memory, cpu := false, false
		base := filepath.Join(root, "sys/fs/cgroup")
		for _, controller := range strings.Split(parts[1], ",") {
			memory = memory || controller == "memory"
			cpu = cpu || controller == "cpu"
		}
		// A group's own folder may not be visible in a container; then the
		// limits stand in the folder that is.
		for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
			switch {
			case parts[1] == "": // version 2: one tree
				l.version2(filepath.Join(base, group))
			case memory:
				l.memoryAt(filepath.Join(base, "memory", group), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
			case cpu:
				dir := filepath.Join(base, "cpu", group)
				l.coresAt(number(filepath.Join(dir, "cpu.cfs_quota_us")), number(filepath.Join(dir, "cpu.cfs_period_us")))
			}
			if group == "/" {
				break
			}
		}
	}
	return l
}

func (l *limits) version2(dir string) {
	l.memoryAt(dir, "memory.max", "memory.current", "inactive_file")
	if b, err := os.ReadFile(filepath.Join(dir, "cpu.max")); err == nil {
		var quota, period int64
		if n, _ := fmt.Sscan(string(b), &quota, &period); n == 2 {
			l.coresAt(quota, period)
		}
	}
}

func (l *limits) memoryAt(dir, limit, usage, reclaimable string) {
	most := number(filepath.Join(dir, limit))
	if most <= 0 || most >= 1<<60 || l.memory > 0 && most >= l.memory { // 1<<60: how version 1 says "none"
		return
	}
	used := number(filepath.Join(dir, usage))
	stat, _ := os.ReadFile(filepath.Join(dir, "memory.stat"))
	for line := range strings.Lines(string(stat)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && key == reclaimable {
			n, _ := strconv.ParseInt(value, 10, 64)
			used = max(0, used-n)
		}
	}
	l.memory, l.memoryUsed = most, used
}

func (l *limits) coresAt(quota, period int64) {
	if quota <= 0 || period <= 0 {
		return
	}
	cores := int((quota + period - 1) / period)
	if l.cores == 0 || cores < l.cores {
		l.cores = cores
	}
}

// number reads a file that holds one; 0 for anything else.
func number(path string) int64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
