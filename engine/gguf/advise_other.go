//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package gguf

// advise has nothing to ask for here.
func advise([]byte) {}
