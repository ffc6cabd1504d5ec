package gguf

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

func mapFile(f *os.File, size int) ([]byte, func([]byte) error, error) {
	h, err := syscall.CreateFileMapping(syscall.Handle(f.Fd()), nil, syscall.PAGE_READONLY,
		uint32(uint64(size)>>32), uint32(size), nil)
	if err != nil {
		return nil, nil, os.NewSyscallError("CreateFileMapping", err)
	}
	// The view keeps the mapping alive.
	defer syscall.CloseHandle(h)
	addr, err := syscall.MapViewOfFile(h, syscall.FILE_MAP_READ, 0, 0, uintptr(size))
	if err != nil {
		return nil, nil, os.NewSyscallError("MapViewOfFile", err)
	}
	// The address is outside Go's heap, so the conversion is sound; taken
	// through memory because vet cannot know that.
	data := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&addr))), size)
	return data, func([]byte) error { return syscall.UnmapViewOfFile(addr) }, nil
}

// reserve returns n zeros that take no memory as long as they are not read;
// they count towards what the system promises to all programs.
func reserve(n uint64) ([]byte, func([]byte) error, error) {
	addr, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READONLY)
	if err != nil {
		return nil, nil, os.NewSyscallError("VirtualAlloc", err)
	}
	data := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&addr))), n)
	return data, func([]byte) error { return windows.VirtualFree(addr, 0, windows.MEM_RELEASE) }, nil
}

// syncDir has nothing to do: NTFS journals the rename.
func syncDir(string) error { return nil }
