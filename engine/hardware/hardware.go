// Package hardware tells what machine the engine runs on: processor and its
// instruction sets, memory as far as this process may use it, and graphics
// processors.
package hardware

import (
	"context"
	"runtime"
	"strings"

	"github.com/jaypipes/ghw"
	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
)

// Info is a machine. Sizes are bytes; what could not be found out is zero.
type Info struct {
	CPU             string
	OS, Arch        string
	PhysicalCores   int
	LogicalCores    int // those that this process may use
	ISA             string
	Features        []string // instruction sets that matter to the kernels
	MemoryTotal     int64    // of the machine, or of the container's limit if that is less
	MemoryAvailable int64    // can be had without swapping, within the same limit
	GPUs            []GPU
}

// GPU is a graphics processor.
type GPU struct {
	Name   string
	Memory int64 // bytes; 0 if unknown
}

// Probe looks at the machine. It never fails: what it cannot find out stays
// zero. It takes some ten milliseconds.
func Probe(ctx context.Context) Info {
	info := Info{OS: runtime.GOOS, Arch: runtime.GOARCH, LogicalCores: runtime.NumCPU(), GPUs: gpus()}
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
	info.readMemory(ctx)
	if runtime.GOOS == "linux" {
		info.confine(readLimits("/"))
	}
	info.ISA, info.Features = instructionSets()
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

func gpus() []GPU {
	found := []GPU{}
	info, err := ghw.GPU(ghw.WithDisableWarnings())
	if err == nil {
		for _, card := range info.GraphicsCards {
			name := card.Address
			if d := card.DeviceInfo; d != nil && d.Product != nil {
				name = d.Product.Name
				if d.Vendor != nil {
					name = d.Vendor.Name + " " + name
				}
			}
			found = append(found, GPU{Name: name})
		}
	}
	if len(found) == 0 && runtime.GOOS == "linux" {
		found = pciDisplays("/") // ghw needs a file of names that many machines lack
	}
	return found
}
