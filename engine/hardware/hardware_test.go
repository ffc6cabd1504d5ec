package hardware

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestProbe(t *testing.T) {
	i := Probe(t.Context())
	if i.CPU == "" || i.ISA == "" || i.PhysicalCores < 1 || i.LogicalCores < i.PhysicalCores {
		t.Errorf("%+v", i)
	}
	if runtime.GOOS == "linux" && (i.MemoryTotal < 64<<20 || i.MemoryAvailable < 1 || i.MemoryAvailable > i.MemoryTotal) {
		t.Errorf("memory: %+v", i)
	}
	free, err := DiskFree(t.Context(), t.TempDir())
	if err != nil || free <= 0 {
		t.Errorf("%d bytes free (%v)", free, err)
	}
	if _, err := DiskFree(t.Context(), filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("free space of a missing folder")
	}
}

// TestMemory: what is asked for often says what Probe says.
func TestMemory(t *testing.T) {
	i := Probe(t.Context())
	total, available := Memory(t.Context())
	if total != i.MemoryTotal || available <= 0 || available > total {
		t.Errorf("%d of %d, Probe says %d of %d", available, total, i.MemoryAvailable, i.MemoryTotal)
	}
}

// tree writes files under a new root.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		files map[string]string
		want  limits
	}{
		"nothing": {nil, limits{}},
		"version 2, nested": {map[string]string{
			"proc/self/cgroup":                 "0::/a/b\n",
			"sys/fs/cgroup/a/memory.max":       "1000\n",
			"sys/fs/cgroup/a/memory.current":   "600\n",
			"sys/fs/cgroup/a/memory.stat":      "anon 1\ninactive_file 100\n",
			"sys/fs/cgroup/a/b/memory.max":     "max\n",
			"sys/fs/cgroup/a/b/cpu.max":        "150000 100000\n",
			"sys/fs/cgroup/a/cpu.max":          "max 100000\n",
			"sys/fs/cgroup/memory.max":         "5000\n",
			"sys/fs/cgroup/a/b/memory.current": "1\n",
		}, limits{memory: 1000, memoryUsed: 500, cores: 2}},
		"version 1": {map[string]string{
			"proc/self/cgroup":                           "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "2000\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "700\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us":         "400000\n",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us":        "100000\n",
		}, limits{memory: 2000, memoryUsed: 700, cores: 4}},
		"version 1, none": {map[string]string{
			"proc/self/cgroup":                           "4:memory:/\n3:cpu:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us":         "-1\n",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us":        "100000\n",
		}, limits{}},
		"garbage": {map[string]string{
			"proc/self/cgroup":         "\x00::\n0::/../../..\nnonsense",
			"sys/fs/cgroup/memory.max": "12e9",
			"sys/fs/cgroup/cpu.max":    "a b",
		}, limits{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readLimits(tree(t, tc.files)); got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestConfine(t *testing.T) {
	i := Info{MemoryTotal: 100, MemoryAvailable: 90, LogicalCores: 8, PhysicalCores: 4}
	i.confine(limits{memory: 50, memoryUsed: 20, cores: 2})
	if i.MemoryTotal != 50 || i.MemoryAvailable != 30 || i.LogicalCores != 2 || i.PhysicalCores != 2 {
		t.Errorf("%+v", i)
	}
}
