package transfer

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// noRoom are the failures of a write for lack of room.
var noRoom = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}

// readOnly tells whether a write failed because the disk takes none.
func readOnly(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }

// sparse makes a file take room only where something was written. Without it
// NTFS would fill the gaps between the parts with zeros first. File systems
// that know no such files do just that; hence the error is no matter.
func sparse(p partFile) {
	if f, ok := p.(*os.File); ok {
		var n uint32
		_ = windows.DeviceIoControl(windows.Handle(f.Fd()), windows.FSCTL_SET_SPARSE, nil, 0, nil, 0, &n, nil)
	}
}
