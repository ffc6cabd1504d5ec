//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package gguf

import (
	"fmt"
	"io"
	"os"
	"unsafe"
)

// mapFile reads the file, aligned to cache lines as mapped files are.
func mapFile(f *os.File, size int) ([]byte, func([]byte) error, error) {
	const line = 64
	buf := make([]byte, size+line)
	skip := int(-uintptr(unsafe.Pointer(&buf[0])) % line)
	data := buf[skip : skip+size : skip+size]
	_, err := io.ReadFull(f, data)
	return data, func([]byte) error { return nil }, err
}

// reserve returns n zeros.
func reserve(n uint64) ([]byte, func([]byte) error, error) {
	const most = 1 << 30
	if n > most {
		return nil, nil, fmt.Errorf("more than %d bytes cannot be set aside on this system", most)
	}
	return make([]byte, n), func([]byte) error { return nil }, nil
}

func syncDir(string) error { return nil }
