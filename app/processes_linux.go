package app

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// processes lists this program and all that it started, the largest first.
func processes() []Process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return []Process{}
	}
	parents := map[int]int{}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if stat, err := os.ReadFile("/proc/" + e.Name() + "/stat"); err == nil {
				parents[pid] = parentOf(stat)
			}
		}
	}
	self := os.Getpid()
	all := []Process{}
	for pid := range parents {
		if !descends(parents, pid, self) {
			continue
		}
		p := Process{PID: pid, Own: pid == self}
		if name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil {
			p.Name = strings.TrimSpace(string(name))
		}
		if rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid)); err == nil {
			p.Bytes, p.Files = kilobytes(rollup, "Pss:"), kilobytes(rollup, "Pss_File:")
		}
		if p.Bytes > 0 { // not one that has just ended
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b Process) int {
		if a.Bytes != b.Bytes {
			return int(min(1, max(-1, b.Bytes-a.Bytes)))
		}
		return a.PID - b.PID
	})
	return all
}

// parentOf reads the second field behind a name in brackets, which may hold
// spaces and brackets itself.
func parentOf(stat []byte) int {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	parent, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0
	}
	return parent
}

// descends tells whether pid is ancestor or was started by it. Numbers may have
// been given anew while they were read, so there may be circles.
func descends(parents map[int]int, pid, ancestor int) bool {
	for range len(parents) + 1 {
		if pid == ancestor {
			return true
		}
		if pid <= 1 {
			return false
		}
		pid = parents[pid]
	}
	return false
}

// kilobytes is the value of a line such as "Pss:  1204 kB", in bytes; 0 if there is none.
func kilobytes(rollup []byte, key string) int64 {
	for line := range bytes.Lines(rollup) {
		fields := bytes.Fields(line)
		if len(fields) < 2 || string(fields[0]) != key {
			continue
		}
		n, err := strconv.ParseInt(string(fields[1]), 10, 54)
		if err != nil || n < 0 {
			return 0
		}
		return n << 10
	}
	return 0
}
