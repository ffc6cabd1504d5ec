package app

import (
	"context"

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
		CPU: i.CPU, OS: i.OS, Arch: i.Arch, PhysicalCores: i.PhysicalCores, LogicalCores: i.LogicalCores, ISA: engine.ISA(),
		MemoryTotal: i.MemoryTotal, MemoryAvailable: i.MemoryAvailable, GPUs: []GPU{}, Caches: []Cache{}, Features: append([]string{}, i.Features...), Backend: "cpu",
	}
	for _, g := range i.GPUs {
		h.GPUs = append(h.GPUs, GPU{Name: g.Name, MemoryBytes: g.Memory, Note: "not used: models run on the processor"})
	}
	return h
}
