//go:build linux || darwin

package hardware

import "github.com/ebitengine/purego"

// library is a shared library that this machine may or may not have.
type library uintptr

// openLibrary loads the first of the names that is there.
func openLibrary(names ...string) (library, error) {
	var first error
	for _, name := range names {
		handle, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
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
	at, err := purego.Dlsym(uintptr(l), name)
	if err != nil {
		return 0
	}
	return at
}

// close takes the library out of memory unless others use it; what it says if
// it cannot is of no use to anyone.
func (l library) close() { _ = purego.Dlclose(uintptr(l)) }

// call calls a C function with whole numbers and addresses.
func call(function uintptr, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(function, args...)
	return r
}
