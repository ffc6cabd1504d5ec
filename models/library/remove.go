package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"freehold/models/internal/disk"
)

// Remove takes the model with exactly this ref out of the library. Until
// Collect it can be restored; its weights stay on disk as long.
func (l *Library) Remove(ref string) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := l.get(ref); errors.Is(err, ErrNotFound) {
		return err // a damaged manifest can be removed
	}
	trash := l.manifestPath("trash", ref)
	if err := disk.Rename(l.manifestPath("models", ref), trash); err != nil {
		return fmt.Errorf("remove %s: %w", ref, err)
	}
	now := time.Now()
	return os.Chtimes(trash, now, now) // the time of removal, for Collect
}

// Restore brings back a model that was removed and not yet collected.
func (l *Library) Restore(ref string) (Model, error) {
	unlock, err := l.lock()
	if err != nil {
		return Model{}, err
	}
	defer unlock()
	if !validRef(ref) {
		return Model{}, fmt.Errorf("%w: %q is not a model's name", ErrNotFound, ref)
	}
	if _, err := os.Stat(l.manifestPath("models", ref)); err == nil {
		return Model{}, fmt.Errorf("restore %s: another model has taken its name; remove that one first", ref)
	}
	err = disk.Rename(l.manifestPath("trash", ref), l.manifestPath("models", ref))
	if errors.Is(err, fs.ErrNotExist) {
		return Model{}, fmt.Errorf("%w: %q was not removed, or too long ago; pull or import it again", ErrNotFound, ref)
	}
	if err != nil {
		return Model{}, fmt.Errorf("restore %s: %w", ref, err)
	}
	return l.get(ref)
}

// Collect forgets models that were removed at least age ago and deletes
// weights that no model uses any more. It returns the bytes freed.
func (l *Library) Collect(age time.Duration) (freed int64, err error) {
	unlock, err := l.lock()
	if err != nil {
		return 0, err
	}
	defer unlock()

	trash, err := os.ReadDir(filepath.Join(l.home, "trash"))
	if err != nil {
		return 0, err
	}
	for _, e := range trash {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) >= age {
			if err := os.Remove(filepath.Join(l.home, "trash", e.Name())); err != nil {
				return 0, err
			}
		}
	}

	used := map[string]bool{}
	for _, dir := range []string{"models", "trash"} {
		models, err := l.read(dir)
		if err != nil {
			return 0, err
		}
		for _, m := range models {
			if m.Digest == "" {
				// Nobody can tell which weights a damaged manifest means.
				return 0, fmt.Errorf("nothing was deleted, because of %s: %s", m.Ref, m.Problem)
			}
			used[filepath.Base(l.blobPath(m.Digest))] = true
		}
	}
	blobs, err := os.ReadDir(filepath.Join(l.home, "blobs"))
	if err != nil {
		return 0, err
	}
	for _, e := range blobs {
		info, err := e.Info()
		if err != nil {
			continue
		}
		abandoned := disk.Temp(e.Name()) && time.Since(info.ModTime()) > 24*time.Hour
		unused := strings.HasPrefix(e.Name(), "sha256-") && !used[e.Name()]
		if !abandoned && !unused {
			continue
		}
		if err := os.Remove(filepath.Join(l.home, "blobs", e.Name())); err != nil {
			return freed, fmt.Errorf("delete unused weights: %w", err)
		}
		freed += info.Size()
	}
	return freed, nil
}

// Verify reads the whole file of the model with exactly this ref and returns an
// error if it is not what was imported. progress, which may be nil, gets bytes
// read.
func (l *Library) Verify(ctx context.Context, ref string, progress func(done, total int64)) error {
	m, err := l.get(ref)
	if err != nil {
		return err
	}
	if m.Problem != "" {
		return fmt.Errorf("%s: %s", ref, m.Problem)
	}
	_, parts, err := inspect(m.Path)
	if err != nil {
		return fmt.Errorf("%s: %w", ref, err)
	}
	digest, err := digestParts(ctx, parts, "", reporter(progress, m.SizeBytes))
	if err != nil {
		return err
	}
	if digest != m.Digest {
		return fmt.Errorf("%s: its weights were changed or damaged after they were added (%s instead of %s); remove this model and get it again",
			ref, digest, m.Digest)
	}
	return nil
}
