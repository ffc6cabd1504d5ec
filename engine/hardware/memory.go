package hardware

import (
	"context"
	"runtime"

	"github.com/shirou/gopsutil/v3/mem"
)

// Memory is the part of Probe that changes all the time: the bytes of memory in
// all and those that can be had without swapping, both within a container's
// limit. It takes less than a millisecond.
func Memory(ctx context.Context) (total, available int64) {
	var i Info
	i.readMemory(ctx)
	if runtime.GOOS == "linux" {
		i.confine(readLimits("/"))
	}
	return i.MemoryTotal, i.MemoryAvailable
}

func (i *Info) readMemory(ctx context.Context) {
	if m, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		i.MemoryTotal, i.MemoryAvailable = int64(m.Total), int64(m.Available)
		i.MemoryInstalled = i.MemoryTotal
	}
}
