// Package hardware tells what machine the engine runs on: processor and its
// instruction sets, memory as far as this process may use it, and graphics
// processors.
package hardware

import (
	"context"
	"runtime"
	"strings"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
)

// Info is a machine. Sizes are bytes; what could not be found out is zero.
type Info struct {
	CPU              string
	OS, Arch         string
	PhysicalCores    int
	PerformanceCores int // of the physical ones, where some are slower; 0: all are alike
	LogicalCores     int // those that this process may use
	ISA              string
	Features         []string // instruction sets that matter to the kernels
	Caches           []Cache  // of data, as the fastest core sees them, nearest first
	MemoryTotal      int64    // of the machine, or of the container's limit if that is less
	MemoryInstalled  int64    // of the machine, whatever this process may use of it
	MemoryAvailable  int64    // can be had without swapping, within MemoryTotal
	GPUs             []GPU
}

// Cache is one level of a processor's cache.
type Cache struct {
	Level  int
	Bytes  int64 // of one of them
	Shared int   // logical cores that share it
}

// Probe looks at the machine. It never fails: what it cannot find out stays
// zero. It takes some ten milliseconds, and never more than 300: what a driver
// has not told by then is missing until Probe is called again.
func Probe(ctx context.Context) Info {
	found := make(chan []GPU, 1)
	go func() { found <- machineGPUs.list(ctx, gpuPatience) }()
	info := Info{OS: runtime.GOOS, Arch: runtime.GOARCH, LogicalCores: runtime.NumCPU()}
	if all, err := cpu.InfoWithContext(ctx); err == nil && len(all) > 0 {
		info.CPU = strings.Join(strings.Fields(all[0].ModelName), " ")
	}
	if info.CPU == "" {
		info.CPU = runtime.GOARCH
	}
	info.PhysicalCores = info.LogicalCores
	if n, err := cpu.CountsWithContext(ctx, false); err == nil && n > 0 {
		info.PhysicalCores = min(n, info.LogicalCores)
	}
	info.PerformanceCores, info.Caches = topology()
	info.readMemory(ctx)
	if runtime.GOOS == "linux" {
		info.confine(readLimits("/"))
	}
	if info.PerformanceCores >= info.PhysicalCores {
		info.PerformanceCores = 0
	}
	info.ISA, info.Features = instructionSets()
	info.GPUs = <-found
	return info
}

// confine applies a container's limits.
func (i *Info) confine(l limits) {
	if l.memory > 0 && l.memory < i.MemoryTotal {
		i.MemoryTotal = l.memory
		i.MemoryAvailable = max(0, min(i.MemoryAvailable, l.memory-l.memoryUsed))
	}
	if l.cores > 0 {
		i.LogicalCores = min(i.LogicalCores, l.cores)
		i.PhysicalCores = min(i.PhysicalCores, l.cores)
	}
}

// DiskFree returns the bytes this user may still write where path lies.
func DiskFree(ctx context.Context, path string) (int64, error) {
	u, err := disk.UsageWithContext(ctx, path)
	if err != nil {
		return 0, err
	}
	return int64(u.Free), nil
}
