//go:build !linux && !darwin && !windows

package hardware

import "errors"

type library uintptr

func openLibrary(...string) (library, error) { return 0, errors.ErrUnsupported }

func (l library) symbol(string) uintptr { return 0 }

func (l library) close() {}

func call(uintptr, ...uintptr) uintptr { return 0 }
