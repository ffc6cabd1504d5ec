//go:build !linux

package app

// processes lists nothing where the system does not tell what programs share.
func processes() []Process { return []Process{} }
