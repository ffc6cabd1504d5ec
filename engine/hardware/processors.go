package hardware

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// parseProcessors reads a list of SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, which
// Windows tells of cores and caches (winnt.h).
func parseProcessors(b []byte) (performance int, caches []Cache) {
	const (
		core, cache             = 0, 2 // LOGICAL_PROCESSOR_RELATIONSHIP
		instruction, trace      = 1, 3 // PROCESSOR_CACHE_TYPE
		coreBytes, cacheBytes   = 24, 8 + 32 + 16
		classAt                 = 9
		levelAt, sizeAt, kindAt = 8, 12, 16
		maskAt                  = 8 + 32
	)
	classes := map[byte]int{}
	var fastest byte
	seen := map[int]Cache{}
	for len(b) >= 8 {
		kind, size := binary.LittleEndian.Uint32(b), int(binary.LittleEndian.Uint32(b[4:]))
		if size < 8 || size > len(b) {
			break
		}
		e := b[:size]
		b = b[size:]
		switch {
		case kind == core && size >= coreBytes:
			classes[e[classAt]]++ // efficiency class: higher is faster
			fastest = max(fastest, e[classAt])
		case kind == cache && size >= cacheBytes:
			if t := binary.LittleEndian.Uint32(e[kindAt:]); t == instruction || t == trace {
				continue
			}
			c := Cache{Level: int(e[levelAt]), Bytes: int64(binary.LittleEndian.Uint32(e[sizeAt:])),
				Shared: max(1, bits.OnesCount64(binary.LittleEndian.Uint64(e[maskAt:])))}
			if c.Bytes > seen[c.Level].Bytes && c.Level > 0 { // fast cores have the larger ones
				seen[c.Level] = c
			}
		}
	}
	for _, c := range seen {
		caches = append(caches, c)
	}
	slices.SortFunc(caches, func(a, b Cache) int { return cmp.Compare(a.Level, b.Level) })
	return classes[fastest], caches
}
