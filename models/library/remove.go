package library

import (
	"cmp"
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
// Collect it can be restored; its weights stay on disk as long. The error wraps
// ErrInUse if somebody holds the weights and no other model has them too.
func (l *Library) Remove(ref string) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	m, err := l.get(ref)
	if errors.Is(err, ErrNotFound) {
		return err // a damaged manifest can be removed
	}
	if err == nil {
		if err := l.free(m); err != nil {
			return err
		}
	}
	trash := l.manifestPath("trash", ref)
	if err := disk.Rename(l.manifestPath("models", ref), trash); err != nil {
		return fmt.Errorf("remove %s: %w", ref, err)
	}
	if err := l.unwelcome(m); err != nil {
		return fmt.Errorf("remove %s: %w", ref, err)
	}
	now := time.Now()
	return os.Chtimes(trash, now, now) // the time of removal, for Collect
}

// free returns an error if m's weights are held and m is all that keeps them.
func (l *Library) free(m Model) error {
	weights := weightsName(m)
	release, held, err := l.alone(weights)
	if err != nil {
		return err
	}
	if !held {
		release()
		return nil
	}
	models, err := l.read("models")
	if err != nil {
		return err
	}
	for _, other := range models {
		if other.Ref != m.Ref && other.Path != "" && weightsName(other) == weights {
			return nil
		}
	}
	return fmt.Errorf("%w: %s is loaded in this or another Freehold; end what uses it and try again", ErrInUse, m.Ref)
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
	m, err := l.get(ref)
	if err != nil {
		return Model{}, err
	}
	return m, l.welcome(m)
}

// Collect forgets models that were removed at least age ago and deletes
// weights that no model uses any more. Weights that somebody holds stay until
// the next time. It returns the bytes freed. The error is ErrBusy while the
// weights are being moved.
func (l *Library) Collect(age time.Duration) (freed int64, err error) {
	l.settleMove()
	end, err := disk.TryShare(l.moveLock())
	if errors.Is(err, disk.ErrLocked) {
		return 0, ErrBusy
	}
	if err != nil {
		return 0, err
	}
	defer end()
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
	used, err := l.used("models", "trash")
	if err != nil {
		return 0, fmt.Errorf("nothing was deleted: %w", err)
	}
	defer l.sweepLocks(used)
	l.sweepTemporary()

	stored, err := l.stored()
	if err != nil {
		return 0, err
	}
	for _, b := range stored {
		if !b.abandoned && (b.temporary || used[b.name]) {
			continue
		}
		gone, err := l.deleteBlob(b)
		if err != nil {
			return freed, fmt.Errorf("delete unused weights: %w", err)
		}
		if gone {
			freed += b.size
		}
	}
	return freed, nil
}

// sweepTemporary deletes what crashes left beside the manifests.
func (l *Library) sweepTemporary() {
	for _, dir := range []string{l.home, filepath.Join(l.home, "models")} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil && disk.Temp(e.Name()) && info.Mode().IsRegular() && time.Since(info.ModTime()) > 24*time.Hour {
				_ = os.Remove(filepath.Join(dir, e.Name()))
			}
		}
	}
}

// deleteBlob deletes b unless somebody holds it, while the library is locked.
func (l *Library) deleteBlob(b blob) (gone bool, err error) {
	if !b.temporary {
		release, held, err := l.alone(b.name)
		if held || err != nil {
			return false, err
		}
		defer release()
	}
	return true, os.RemoveAll(b.path)
}

// used names the weights that the models in these folders use. An error says
// that nobody can tell, because of a damaged manifest.
func (l *Library) used(dirs ...string) (map[string]bool, error) {
	used := map[string]bool{}
	for _, dir := range dirs {
		models, err := l.read(dir)
		if err != nil {
			return nil, err
		}
		for _, m := range models {
			if m.Path == "" {
				return nil, fmt.Errorf("because of %s: %s", m.Ref, m.Problem)
			}
			used[weightsName(m)] = true
		}
	}
	return used, nil
}

// blob is a file or folder among the weights.
type blob struct {
	name, path string
	size       int64
	temporary  bool // not (yet) complete
	abandoned  bool // and nobody will complete it
}

// stored lists what of the library's lies in the blobs folder.
func (l *Library) stored() ([]blob, error) {
	dir, err := l.blobs()
	if err != nil {
		return nil, err
	}
	all, err := blobsIn(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the folder of the models is not there; connect its disk: %w", err)
	}
	return all, err
}

func blobsIn(dir string) ([]blob, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var all []blob
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue // gone meanwhile
		}
		b := blob{name: e.Name(), path: filepath.Join(dir, e.Name()), temporary: disk.Temp(e.Name())}
		if !b.temporary && !digestPattern.MatchString(strings.Replace(b.name, "-", ":", 1)) {
			continue // not ours
		}
		b.abandoned = b.temporary && time.Since(info.ModTime()) > 24*time.Hour
		if b.size, err = blobSize(b.path); err != nil {
			continue
		}
		all = append(all, b)
	}
	return all, nil
}

// toolName is what people call a tool.
func toolName(tool string) string {
	return cmp.Or(map[string]string{"huggingface": "Hugging Face's cache", "ollama": "Ollama", "lmstudio": "LM Studio"}[tool], tool)
}
