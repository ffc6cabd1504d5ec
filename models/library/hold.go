package library

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"freehold/models/internal/disk"
)

// Hold keeps the weights of the model with exactly this ref from being deleted,
// by this process or another, until release is called or the process ends. Ask
// for the model's path after Hold, not before: the models may just have been
// moved.
func (l *Library) Hold(ref string) (release func(), err error) {
	unlock, err := l.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	m, err := l.get(ref)
	if err != nil {
		return nil, err
	}
	end, err := disk.TryShare(l.lockPath(weightsName(m)))
	if err != nil {
		return nil, fmt.Errorf("hold %s: %w", ref, err)
	}
	return sync.OnceFunc(end), nil
}

// weightsName names a model's weights for locks: as its blob is called, or by
// its path outside the library.
func weightsName(m Model) string {
	if !m.External {
		return blobName(m.Digest)
	}
	sum := sha256.Sum256([]byte(m.Path))
	return "path-" + hex.EncodeToString(sum[:])
}

func (l *Library) lockPath(weights string) string { return filepath.Join(l.home, "locks", weights) }

// alone takes the weights with this name for itself, while the library is
// locked. held says that somebody holds them.
func (l *Library) alone(weights string) (release func(), held bool, err error) {
	path := l.lockPath(weights)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return func() {}, false, nil // nobody ever held them, and Hold waits for the library
	}
	release, err = disk.TryLock(path)
	if errors.Is(err, disk.ErrLocked) {
		return nil, true, nil
	}
	return release, false, err
}

// sweepLocks deletes lock files of weights that are gone, while the library is
// locked.
func (l *Library) sweepLocks(used map[string]bool) {
	entries, err := os.ReadDir(filepath.Join(l.home, "locks"))
	if err != nil {
		return
	}
	for _, e := range entries {
		known := strings.HasPrefix(e.Name(), "sha256-") || strings.HasPrefix(e.Name(), "path-")
		if !known || used[e.Name()] {
			continue
		}
		release, held, err := l.alone(e.Name())
		if held || err != nil {
			continue
		}
		release() // nobody can take it between: Hold waits for the library
		_ = os.Remove(l.lockPath(e.Name()))
	}
}
