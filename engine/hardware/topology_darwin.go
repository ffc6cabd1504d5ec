package hardware

import "golang.org/x/sys/unix"

// topology asks for the first performance level where there are several.
func topology() (performance int, caches []Cache) {
	n := func(names ...string) int64 {
		for _, name := range names {
			if v, err := unix.SysctlUint64(name); err == nil && v > 0 {
				return int64(v)
			}
			if v, err := unix.SysctlUint32(name); err == nil && v > 0 {
				return int64(v)
			}
		}
		return 0
	}
	for level, c := range [][2]int64{
		{n("hw.perflevel0.l1dcachesize", "hw.l1dcachesize"), 1},
		{n("hw.perflevel0.l2cachesize", "hw.l2cachesize"), n("hw.perflevel0.cpusperl2")},
		{n("hw.perflevel0.l3cachesize", "hw.l3cachesize"), n("hw.perflevel0.cpusperl3")},
	} {
		if c[0] > 0 {
			caches = append(caches, Cache{Level: level + 1, Bytes: c[0], Shared: int(max(1, c[1]))})
		}
	}
	return int(n("hw.perflevel0.physicalcpu")), caches
}
