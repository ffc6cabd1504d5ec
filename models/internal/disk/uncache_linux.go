package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// Uncache asks the system to forget what it keeps of f in memory, so that
// reading it back reads the disk. f must have been synced.
func Uncache(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) // only a wish
}
