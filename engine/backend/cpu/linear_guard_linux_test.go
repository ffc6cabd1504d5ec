package cpu

import (
	"math/rand/v2"
	"syscall"
	"testing"
)

// Weights that end where the mapped file ends: reading one byte more is a
// fault that kills the process.
func TestLinearStaysInsideItsWeights(t *testing.T) {
	const pages = 64
	size := pages * syscall.Getpagesize()
	mapped, err := syscall.Mmap(-1, 0, size+syscall.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Munmap(mapped)
	if err := syscall.Mprotect(mapped[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	for _, typ := range linearTypes {
		for _, k := range depths(typ) {
			c := newLinearCase(t, typ, "random", 19, k)
			end := mapped[size-len(c.w) : size]
			copy(end, c.w)
			c.w = end
			forEachISA(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, uint64(k)))
				for _, n := range []int{1, 2, 3, 4, 13, 30} {
					// Fewer rows than there are end at the guard too.
					rowBytes, _ := typ.RowBytes(k)
					for _, m := range []int{1, 2, 19} {
						last := &linearCase{typ: typ, m: m, k: k, w: end[len(end)-m*rowBytes:], x: c.x}
						last.run(t, m, n, k, make([]float32, n*m), m, nil, false, r)
					}
				}
				c.check(t, 19, 16, false, r)
			})
		}
	}
}
