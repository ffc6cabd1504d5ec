package hardware

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// library is a shared library that this machine may or may not have.
type library windows.Handle

// openLibrary loads the first of the names that is there, out of the system's
// folder only: another program could have put one into others.
func openLibrary(names ...string) (library, error) {
	var first error
	for _, name := range names {
		handle, err := windows.LoadLibraryEx(name, 0, windows.LOAD_LIBRARY_SEARCH_SYSTEM32)
		if err == nil {
			return library(handle), nil
		}
		if first == nil {
			first = err
		}
	}
	return 0, first
}

// symbol is the address of a function, 0 if the library lacks it.
func (l library) symbol(name string) uintptr {
	at, err := windows.GetProcAddress(windows.Handle(l), name)
	if err != nil {
		return 0
	}
	return at
}

// close takes the library out of memory unless others use it; what it says if
// it cannot is of no use to anyone.
func (l library) close() { _ = windows.FreeLibrary(windows.Handle(l)) }

// call calls a C function with whole numbers and addresses.
func call(function uintptr, args ...uintptr) uintptr {
	r, _, _ := syscall.SyscallN(function, args...)
	return r
}
