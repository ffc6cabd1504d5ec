package hardware

import (
	"runtime"
	"unsafe"
)

// pins holds still what a C function is given the address of.
type pins struct{ runtime.Pinner }

// at is the address of p, which holds until Unpin.
func (p *pins) at(v unsafe.Pointer) uintptr {
	p.Pin(v)
	return uintptr(v)
}
