package hardware

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

var logicalProcessors = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetLogicalProcessorInformationEx")

func topology() (performance int, caches []Cache) {
	const all = 0xffff // RelationAll
	size := uint32(0)
	if logicalProcessors.Find() != nil {
		return 0, nil
	}
	logicalProcessors.Call(all, 0, uintptr(unsafe.Pointer(&size)))
	if size == 0 || size > 16<<20 {
		return 0, nil
	}
	b := make([]byte, size)
	if r, _, _ := logicalProcessors.Call(all, uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&size))); r == 0 {
		return 0, nil
	}
	return parseProcessors(b[:min(int(size), len(b))])
}
