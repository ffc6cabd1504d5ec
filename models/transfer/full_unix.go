//go:build unix

package transfer

import (
	"errors"
	"syscall"
)

// noRoom are the failures of a write for lack of room.
var noRoom = []error{syscall.ENOSPC, syscall.EDQUOT}

// readOnly tells whether a write failed because the disk takes none.
func readOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// sparse makes a file take room only where something was written, which is how
// files are here anyway.
func sparse(partFile) {}
