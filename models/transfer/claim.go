package transfer

import (
	"errors"
	"path/filepath"
	"sync"
	"time"

	"freehold/models/internal/disk"
)

// grace is how long another process may take to end: one that was killed holds
// its lock until the disk has taken what it wrote.
var grace = 2 * time.Second

// claimed are the downloads of this process, by the paths of their locks.
var claimed sync.Map

// claim makes a download this Downloader's. It returns ErrBusy at once if this
// process has it already, and after a moment if another process does.
func (c *Downloader) claim(key string) (unlock func(), err error) {
	path := filepath.Join(c.Dir, key+".lock")
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if _, busy := claimed.LoadOrStore(path, true); busy {
		return nil, ErrBusy
	}
	release, err := disk.TryLock(path)
	for began := time.Now(); errors.Is(err, disk.ErrLocked) && time.Since(began) < grace; release, err = disk.TryLock(path) {
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		claimed.Delete(path)
		if errors.Is(err, disk.ErrLocked) {
			return nil, ErrBusy
		}
		return nil, unwritable(c.Dir, err)
	}
	return func() {
		release()
		claimed.Delete(path)
	}, nil
}
