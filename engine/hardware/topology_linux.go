package hardware

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func topology() (performance int, caches []Cache) { return readTopology("/") }

// readTopology counts the fast cores and finds the caches of one of them. root
// is "/" but in tests.
func readTopology(root string) (performance int, caches []Cache) {
	dir := filepath.Join(root, "sys/devices/system/cpu")
	read := func(name ...string) string {
		b, _ := os.ReadFile(filepath.Join(append([]string{dir}, name...)...))
		return strings.TrimSpace(string(b))
	}
	all := list(read("online"))
	fast := map[int]bool{}
	if cores, err := os.ReadFile(filepath.Join(root, "sys/devices/cpu_core/cpus")); err == nil { // Intel's
		for _, c := range list(strings.TrimSpace(string(cores))) {
			fast[c] = true
		}
	} else {
		fast = fastest(all, func(cpu int) int64 {
			own := filepath.Join(dir, "cpu"+strconv.Itoa(cpu))
			if n := number(filepath.Join(own, "cpu_capacity")); n > 0 { // ARM's
				return n
			}
			return number(filepath.Join(own, "cpufreq/cpuinfo_max_freq"))
		})
	}
	cores, first := map[string]bool{}, -1
	for _, c := range all {
		if !fast[c] {
			continue
		}
		if first < 0 {
			first = c
		}
		siblings := read("cpu"+strconv.Itoa(c), "topology/thread_siblings_list")
		if siblings == "" {
			siblings = strconv.Itoa(c)
		}
		cores[siblings] = true
	}
	if first < 0 {
		return 0, nil
	}
	for i := range 8 {
		index := filepath.Join("cpu"+strconv.Itoa(first), "cache", "index"+strconv.Itoa(i))
		level, err := strconv.Atoi(read(index, "level"))
		if err != nil {
			break
		}
		if read(index, "type") == "Instruction" {
			continue
		}
		if size := kilobytes(read(index, "size")); size > 0 {
			caches = append(caches, Cache{Level: level, Bytes: size, Shared: max(1, len(list(read(index, "shared_cpu_list"))))})
		}
	}
	return len(cores), caches
}

// fastest are the processors near the best in a measure: what chips allow their
// best cores beyond the others does not make the others slow ones.
func fastest(cpus []int, measure func(cpu int) int64) map[int]bool {
	const near = 0.85
	most := int64(0)
	for _, c := range cpus {
		most = max(most, measure(c))
	}
	fast := map[int]bool{}
	for _, c := range cpus {
		fast[c] = float64(measure(c)) >= near*float64(most)
	}
	return fast
}

// list reads 0-3,8: the kernel's way to write sets of processors.
func list(s string) []int {
	const most = 1 << 14
	var all []int
	for part := range strings.SplitSeq(s, ",") {
		first, last, span := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		to := from
		if span {
			if to, err = strconv.Atoi(last); err != nil {
				continue
			}
		}
		for n := from; n <= to && len(all) < most; n++ {
			all = append(all, n)
		}
	}
	return all
}

// kilobytes reads 32K or 8M, in bytes.
func kilobytes(s string) int64 {
	unit := int64(1)
	switch {
	case strings.HasSuffix(s, "K"):
		unit, s = 1<<10, s[:len(s)-1]
	case strings.HasSuffix(s, "M"):
		unit, s = 1<<20, s[:len(s)-1]
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0
	}
	return n * unit
}
