package app

import (
	"context"
	"fmt"

	"freehold/engine"
	"freehold/engine/hardware"
)

// Hardware describes the machine and what runs the models on it.
func (c *Core) Hardware(ctx context.Context) (Hardware, error) {
	h := DescribeHardware(ctx)
	free, err := c.diskFree()
	if err != nil {
		c.log.Warn("free disk space unknown", "error", err)
	}
	h.DiskFree = free
	if p := c.profile.get(ctx); p != nil {
		p := shown(*p)
		h.Profile = &p
	}
	return h, nil
}

// DescribeHardware is Hardware without the disk, and needs no data folder.
func DescribeHardware(ctx context.Context) Hardware {
	i := hardware.Probe(ctx)
	h := Hardware{
		CPU: i.CPU, OS: i.OS, Arch: i.Arch, PhysicalCores: i.PhysicalCores, PerformanceCores: i.PerformanceCores, LogicalCores: i.LogicalCores,
		ISA: engine.ISA(), Features: append([]string{}, i.Features...), Caches: []Cache{},
		MemoryTotal: i.MemoryTotal, MemoryAvailable: i.MemoryAvailable, GPUs: []GPU{}, Backend: "cpu",
	}
	if i.MemoryTotal < i.MemoryInstalled {
		h.MemoryLimit = fmt.Sprintf("limited by the container Freehold runs in; the machine has %.1f GB", float64(i.MemoryInstalled)/1e9)
	}
	for _, c := range i.Caches {
		h.Caches = append(h.Caches, Cache{Level: c.Level, Bytes: c.Bytes, Shared: c.Shared})
	}
	for _, g := range i.GPUs {
		note := "not used: models run on the processor"
		if g.Shares {
			note = "shares the machine's memory; " + note
		}
		h.GPUs = append(h.GPUs, GPU{Name: g.Name, Vendor: g.Vendor, Driver: g.Driver, MemoryBytes: g.Memory, FreeBytes: g.Free, API: g.API, Note: note})
	}
	return h
}
