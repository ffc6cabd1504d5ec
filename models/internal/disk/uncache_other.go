//go:build !linux

package disk

import "os"

// Uncache asks the system to forget what it keeps of f in memory, where it can
// be asked.
func Uncache(*os.File) {}
