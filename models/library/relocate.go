package library

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"freehold/models/internal/disk"
)

// move is move.json, the journal of Relocate. It is there from before the first
// byte is written at To until the last is deleted at From. Which of the two
// folders counts is what blobs.json says, always.
type move struct {
	Version int    `json:"version"`
	From    string `json:"from"`
	To      string `json:"to"`
}

// marker lies in every folder that weights were moved to. Its content is the
// home of the library that they belong to.
const marker = ".freehold-weights"

// ownTemp starts the names of what a move has not completed. An import's
// temporary files are called otherwise: settle leaves them alone.
const ownTemp = disk.TempPrefix + "sha256-"

func (l *Library) journalPath() string { return filepath.Join(l.home, "move.json") }

// Relocate moves the weights to dir, which may be on another disk, and returns
// when everything is there, verified, and used from there. If dir holds other
// things, a folder of its own is made in it. Cancelled or killed at any point it
// loses nothing: the next Open either takes back what was copied or deletes
// what is no longer needed. Weights that somebody holds stay at their old place,
// too, until the first Open or Collect after they are released. The error wraps
// ErrBusy if models are just being added, or moved by another process.
func (l *Library) Relocate(ctx context.Context, dir string, progress func(done, total int64)) error {
	alone, err := disk.TryLock(l.moveLock())
	if errors.Is(err, disk.ErrLocked) {
		return fmt.Errorf("%w, or one is just being added; wait until that is done", ErrBusy)
	}
	if err != nil {
		return err
	}
	defer alone()
	l.settle() // what an earlier one left
	if _, err := os.Stat(l.journalPath()); err == nil {
		return errors.New("an earlier move is not finished: models that it moved are in use, or its disk is not there; close what uses them, connect the disk, and try again")
	}
	from, err := l.blobs()
	if err != nil {
		return err
	}
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("the folder of the models is not there; connect its disk: %w", err)
	}
	to, made, err := l.destination(dir, from)
	if errors.Is(err, errAlreadyThere) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("move the models to %s: %w", dir, err)
	}
	if err := writeJSON(l.journalPath(), move{1, from, to}); err != nil {
		for _, dir := range made {
			os.Remove(dir)
		}
		return err
	}
	if err := l.relocate(ctx, from, to, progress); err != nil {
		l.settle()
		return fmt.Errorf("move the models to %s: %w", dir, err)
	}
	l.settle()
	return nil
}

// destination checks dir and returns the folder to use, and which folders were
// made for it.
func (l *Library) destination(dir, from string) (to string, made []string, err error) {
	if to, err = filepath.Abs(dir); err != nil {
		return "", nil, err
	}
	if to, err = resolve(to); err != nil {
		return "", nil, err
	}
	home, err := resolve(l.home)
	if err != nil {
		return "", nil, err
	}
	if from, err = resolve(from); err != nil {
		return "", nil, err
	}
	own := filepath.Join(home, "blobs")
	switch {
	case to == from:
		return "", nil, errAlreadyThere
	case below(to, from):
		return "", nil, errors.New("it lies in the folder that the models are in now; choose another folder")
	case to != own && (to == home || below(to, home)):
		return "", nil, fmt.Errorf("it lies in Freehold's own folder; choose another folder, or %s to bring the models back there", own)
	}
	if empty, err := vacant(to); err != nil {
		return "", nil, err
	} else if !empty && to != own {
		if to = filepath.Join(to, "freehold-models"); to == from {
			return "", nil, errAlreadyThere
		}
		if empty, err := vacant(to); err != nil || !empty {
			return "", nil, fmt.Errorf("it is not empty, and neither is %s; choose an empty folder", to)
		}
	}
	for p := to; ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); err == nil || filepath.Dir(p) == p {
			break
		}
		made = append(made, p)
	}
	err = os.MkdirAll(to, 0o700)
	if err == nil {
		err = disk.WriteFile(filepath.Join(to, ".tmp-write-test"), []byte("Freehold may write here"))
		os.Remove(filepath.Join(to, ".tmp-write-test"))
	}
	if err != nil {
		for _, dir := range made {
			os.Remove(dir)
		}
		return "", nil, fmt.Errorf("it cannot be written to: %w", err)
	}
	if to == own {
		to = l.ownBlobs()
	}
	return to, made, nil
}

var errAlreadyThere = errors.New("the models are there already")

// vacant tells whether dir is empty, but for what a crash may have left of a
// test, or is not there.
func vacant(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	for _, e := range entries {
		if !disk.Temp(e.Name()) {
			return false, err
		}
	}
	return true, err
}

// resolve follows the links in as much of path as exists.
func resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	if _, e := os.Lstat(path); e == nil {
		return "", fmt.Errorf("%s is a link to nowhere", path)
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path, nil
	}
	if parent, err = resolve(parent); err != nil {
		return "", err
	}
	return filepath.Join(parent, filepath.Base(path)), nil
}

// below tells whether path lies in dir.
func below(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != "." && filepath.IsLocal(rel)
}

// relocate brings everything to the folder to and switches over. No model is
// added meanwhile; Collect waits too.
func (l *Library) relocate(ctx context.Context, from, to string, progress func(done, total int64)) error {
	blobs, err := blobsIn(from)
	if err != nil {
		return err
	}
	var total, missing int64
	for _, b := range blobs {
		if b.temporary {
			continue
		}
		total += b.size
		if n, err := blobSize(filepath.Join(to, b.name)); err != nil || n != b.size {
			missing += b.size
		}
	}
	if !links(from, to) {
		if err := disk.Need(to, missing); err != nil {
			return err
		}
	}
	if to != l.ownBlobs() {
		if err := disk.WriteFile(filepath.Join(to, marker), []byte(l.home+"\n")); err != nil {
			return err
		}
	}
	report := reporter(progress, total)
	for _, b := range blobs {
		if b.temporary {
			continue
		}
		if err := moveBlob(ctx, b, filepath.Join(to, b.name), report); err != nil {
			return err
		}
	}
	if err := disk.SyncDir(to); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if to == l.ownBlobs() {
		err = os.Remove(l.pointerPath())
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = disk.SyncDir(l.home)
		}
		return err
	}
	return writeJSON(l.pointerPath(), pointer{1, to})
}

// links tells whether files can be linked from one folder to the other, so that
// moving takes no space.
func links(from, to string) bool {
	probe, err := os.CreateTemp(from, ownTemp+"probe-")
	if err != nil {
		return false
	}
	probe.Close()
	defer os.Remove(probe.Name())
	linked := filepath.Join(to, filepath.Base(probe.Name()))
	if os.Link(probe.Name(), linked) != nil {
		return false
	}
	os.Remove(linked)
	return true
}

// moveBlob makes path the same as b, by a hard link or by a copy that is read
// back. What lies at path already is taken if it is what its name says.
func moveBlob(ctx context.Context, b blob, path string, report func(int64)) error {
	files, err := blobFiles(b.path)
	if err != nil {
		return err
	}
	digest := strings.Replace(b.name, "-", ":", 1)
	if n, err := blobSize(path); err == nil && n == b.size {
		there, err := blobFiles(path)
		if err == nil {
			if got, err := digestParts(ctx, there, "", func(int64) {}); err == nil && got == digest {
				report(b.size)
				return nil
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	temp := filepath.Join(filepath.Dir(path), disk.TempPrefix+b.name)
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	to := []string{temp}
	if split := files[0] != b.path; split {
		if err := os.Mkdir(temp, 0o700); err != nil {
			return err
		}
		to = nil
		for _, f := range files {
			to = append(to, filepath.Join(temp, filepath.Base(f)))
		}
	}
	if linkAll(files, to) {
		report(b.size)
	} else if err := copyVerified(ctx, files, to, digest, report); err != nil {
		return err
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return disk.Rename(temp, path)
}

func copyVerified(ctx context.Context, from, to []string, digest string, report func(int64)) error {
	sums := make([]hash.Hash, len(from))
	for i := range from {
		sums[i] = sha256.New()
		if err := copyFile(ctx, from[i], to[i], sums[i], report); err != nil {
			return err
		}
		back := sha256.New()
		f, err := os.Open(to[i])
		if err != nil {
			return err
		}
		err = copyTo(ctx, back, f, func(int64) {})
		f.Close()
		if err != nil {
			return err
		}
		if !bytes.Equal(back.Sum(nil), sums[i].Sum(nil)) {
			return fmt.Errorf("%s reads back otherwise than it was written; that disk is faulty", to[i])
		}
	}
	if got := digestOf(sums); got != digest {
		return fmt.Errorf("%s is damaged (its content is %s); remove that model, collect what is unused, and try again", from[0], got)
	}
	return nil
}

// blobFiles returns the files of a blob: itself, or those in the folder that it
// is, in order.
func blobFiles(path string) ([]string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() {
		return []string{path}, nil
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is neither a file nor a folder", path)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if !e.Type().IsRegular() {
			return nil, fmt.Errorf("%s is not a file", filepath.Join(path, e.Name()))
		}
		files = append(files, filepath.Join(path, e.Name()))
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s is empty", path)
	}
	return files, nil
}

// settleMove finishes or takes back what a move left, unless one is under way.
// What cannot be done now is left to the next time.
func (l *Library) settleMove() {
	if _, err := os.Lstat(l.journalPath()); err != nil {
		return
	}
	alone, err := disk.TryLock(l.moveLock())
	if err != nil {
		return
	}
	defer alone()
	l.settle()
}

// settle is settleMove while moveLock is held. Files of the folder that does not
// count are deleted only if the one that counts has them.
func (l *Library) settle() {
	var j move
	if err := readJSON(l.journalPath(), &j); err != nil || j.Version != 1 || !filepath.IsAbs(j.From) || !filepath.IsAbs(j.To) || j.From == j.To {
		return
	}
	unlock, err := l.lock()
	if err != nil {
		return
	}
	defer unlock()
	counts, err := l.blobs()
	if err != nil {
		return
	}
	old := j.From
	switch filepath.Clean(counts) {
	case filepath.Clean(j.To):
	case filepath.Clean(j.From):
		old = j.To
	default:
		return // neither: somebody else's doing
	}
	if !l.clear(old, counts) {
		return
	}
	_ = os.Remove(l.journalPath())
}

// clear deletes the library's files in the folder old, and the folder if it was
// made for them. It returns false if something remains that should go.
func (l *Library) clear(old, counts string) bool {
	if old != l.ownBlobs() {
		if owner, err := os.ReadFile(filepath.Join(old, marker)); err != nil || strings.TrimSpace(string(owner)) != l.home {
			// Not marked yet, so nothing was written there, or the disk is not there.
			if _, e := os.Stat(old); e == nil && errors.Is(err, fs.ErrNotExist) {
				_ = os.Remove(old) // if it is empty
				return true
			}
			_, parent := os.Stat(filepath.Dir(old))
			return errors.Is(err, fs.ErrNotExist) && parent == nil
		}
	}
	blobs, err := blobsIn(old)
	if err != nil {
		return false
	}
	done := true
	for _, b := range blobs {
		if b.temporary {
			if old == l.ownBlobs() && !strings.HasPrefix(b.name, ownTemp) && !b.abandoned {
				continue // an import's of before, for Collect
			}
			_ = os.RemoveAll(b.path)
			continue
		}
		if n, err := blobSize(filepath.Join(counts, b.name)); err != nil || n != b.size {
			done = false // never the last copy
			continue
		}
		if gone, err := l.deleteBlob(b); err != nil || !gone {
			done = false
		}
	}
	if done && old != l.ownBlobs() {
		_ = os.Remove(filepath.Join(old, marker))
		_ = os.Remove(old)
	}
	return done
}
