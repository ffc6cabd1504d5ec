// Package disk offers what the model library needs of a disk and the standard
// library lacks: locks between processes, free space, and files that appear
// whole or not at all.
package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("in use by another Freehold process")

// Lock takes the lock file at path, creating it if needed, and waits for
// whoever holds it. The lock ends with unlock or with the process.
func Lock(path string) (unlock func(), err error) { return lock(path, lockMode{wait: true}) }

// TryLock is Lock, but returns ErrLocked instead of waiting.
func TryLock(path string) (unlock func(), err error) { return lock(path, lockMode{}) }

// TryShare takes the lock file at path together with others who share it. It
// returns ErrLocked while somebody has it alone.
func TryShare(path string) (unlock func(), err error) { return lock(path, lockMode{shared: true}) }

// lockMode is how a lock is taken.
type lockMode struct{ wait, shared bool }

func lock(path string, mode lockMode) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f, mode); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// Free returns the bytes that this user may still write at path, which need
// not exist yet.
func Free(path string) (int64, error) {
	for {
		_, err := os.Stat(path)
		if err == nil {
			return free(path)
		}
		parent := filepath.Dir(path)
		if parent == path {
			return 0, err
		}
		path = parent
	}
}

// Need returns an error that names the shortage if fewer than bytes are free
// at path. Where free space cannot be told it returns nil: the write will say.
func Need(path string, bytes int64) error {
	const reserve = 256 << 20 // a full disk harms more than this app
	if have, err := Free(path); err == nil && have < bytes+reserve {
		return fmt.Errorf("not enough disk space at %s: %s needed (with %s left over for the system), %s free; free some space or move FREEHOLD_HOME to a larger disk",
			path, Size(bytes), Size(reserve), Size(have))
	}
	return nil
}

// WriteFile writes data to path so that after a crash the file holds either
// its old content or the new.
func WriteFile(path string, data []byte) error {
	return WriteFiles(filepath.Dir(path), map[string][]byte{filepath.Base(path): data})
}

// WriteFiles writes several files of one folder, by name, each as WriteFile
// does. It waits for the disk once instead of once a file.
func WriteFiles(dir string, files map[string][]byte) (err error) {
	temps := make(map[string]string, len(files))
	defer func() {
		if err != nil {
			for _, temp := range temps {
				os.Remove(temp)
			}
		}
	}()
	for name, data := range files {
		f, err := os.CreateTemp(dir, TempPrefix)
		if err != nil {
			return err
		}
		temps[name] = f.Name()
		_, err = f.Write(data)
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			return err
		}
	}
	// Together: file systems then write one journal entry for many.
	failed := make(chan error, len(temps))
	room := make(chan struct{}, 32)
	for _, temp := range temps {
		room <- struct{}{}
		go func() {
			failed <- syncFile(temp)
			<-room
		}()
	}
	for range temps {
		if e := <-failed; err == nil {
			err = e
		}
	}
	if err != nil {
		return err
	}
	for name, temp := range temps {
		if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}

// SyncDir makes lasting what was renamed in dir or removed from it.
func SyncDir(dir string) error { return syncDir(dir) }

// TempPrefix starts the names of files that are not complete.
const TempPrefix = ".tmp-"

// Temp tells whether name is a file that some writer did not complete (yet).
func Temp(name string) bool { return strings.HasPrefix(filepath.Base(name), TempPrefix) }

// Rename moves a file, replacing what is there, and makes the move last.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// Size says a number of bytes for people.
func Size(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}
