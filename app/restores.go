package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"freehold/app/backup"
	"freehold/app/store"
)

// Restoring goes in two steps. First the backup is unpacked and checked in the
// folder restore of the data folder, beside everything that is in use; a file
// plan.json in it says that it is complete. Then, while nobody has the data open,
// each part changes places with what is there, by renaming, and what was there is
// kept in a folder set-aside-…. Whatever ends the second step, the next start
// goes on with it.
//
//	restore/staged/    what will be there
//	restore/plan.json  it is complete, and where the old things go

const restoreDir = "restore"

type restorePlan struct {
	From  string         `json:"from"`  // the backup's name
	Aside string         `json:"aside"` // name of the folder for what is there now
	Info  BackupInfo     `json:"info"`
	Lacks []backup.Model `json:"lacks"` // models that the backup names and does not hold
}

// replaced are the parts that are exchanged as a whole; of models and weights
// those are added that are missing.
var replaced = []string{backup.Database, "documents", "licences.json", "huggingface-token"}

// StageRestore unpacks and checks a backup beside the data of home. It becomes
// the data when Freehold starts the next time.
func StageRestore(ctx context.Context, home, path string, progress func(done, total int64)) (info BackupInfo, err error) {
	if err := makeHome(home); err != nil {
		return info, err
	}
	unlock, err := lockFile(filepath.Join(home, "restore.lock"))
	if err != nil {
		return info, fmt.Errorf("another restore is being made: %w", err)
	}
	defer unlock()
	a, err := backup.Open(path)
	if err != nil {
		return info, err
	}
	defer a.Close()
	if a.Schema > store.SchemaVersion() {
		return info, fmt.Errorf("the backup was written by a newer Freehold (%s); install the newer one", a.Program)
	}
	if err := roomOf(home, a.Size()+64<<20); err != nil {
		return info, err
	}
	root := filepath.Join(home, restoreDir)
	if err := os.RemoveAll(root); err != nil {
		return info, fmt.Errorf("remove an unfinished restore: %w", err)
	}
	staged := filepath.Join(root, "staged")
	if err := os.MkdirAll(filepath.Join(staged, "documents"), 0o700); err != nil {
		return info, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(root))
		}
	}()
	if err := a.Unpack(ctx, staged, progress); err != nil {
		return info, err
	}
	db := filepath.Join(staged, backup.Database)
	version, tables, err := store.Inspect(ctx, db)
	if err != nil {
		return info, err
	}
	if version != a.Schema || !slices.Equal(digestsOf(tables), a.Tables) {
		return info, errors.New("the backup's database is not what its manifest says; use another copy of the backup")
	}
	if err := store.Rehome(ctx, db, a.Home, home); err != nil {
		return info, err
	}
	info = backupInfo(path, a.Manifest)
	plan := restorePlan{From: filepath.Base(path), Aside: "set-aside-" + time.Now().Format("20060102-150405") + "-" + strings.ToLower(rand.Text()[:4]), Info: info, Lacks: []backup.Model{}}
	for _, m := range a.Models {
		if !m.Included {
			plan.Lacks = append(plan.Lacks, m)
		}
	}
	if err := syncTree(staged); err != nil {
		return info, err
	}
	return info, writeLasting(filepath.Join(root, "plan.json"), plan)
}

// syncTree makes a folder's names last; the files have been already.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		return syncFolder(p)
	})
}

// writeLasting writes a small file that is whole or not there.
func writeLasting(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	temp := path + ".tmp"
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// RestoreWaits tells whether a restore becomes true with the next start.
func (c *Core) RestoreWaits() bool {
	_, err := os.Stat(filepath.Join(c.home, restoreDir, "plan.json"))
	return err == nil
}

// StageRestore is the function of that name, for this data.
func (c *Core) StageRestore(ctx context.Context, path string) (info BackupInfo, err error) {
	err = c.porter(ctx, "restore", func(ctx context.Context, progress func(done, total int64)) error {
		info, err = StageRestore(ctx, c.home, path, progress)
		return err
	})
	return info, err
}

// CancelRestore throws away what waits to be restored.
func (c *Core) CancelRestore() error {
	unlock, err := lockFile(filepath.Join(c.home, "restore.lock"))
	if err != nil {
		return fmt.Errorf("another restore is being made: %w", err)
	}
	defer unlock()
	root := filepath.Join(c.home, restoreDir)
	// First the plan: without it the rest is only left over.
	if err := os.Remove(filepath.Join(root, "plan.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(root)
}

// Restore restores a backup at once. Nobody may have the data open.
func Restore(ctx context.Context, home, path string, progress func(done, total int64)) (BackupInfo, string, error) {
	if err := makeHome(home); err != nil {
		return BackupInfo{}, "", err
	}
	unlock, err := lockFile(filepath.Join(home, "lock"))
	if err != nil {
		return BackupInfo{}, "", fmt.Errorf("%w (%s)", err, home)
	}
	defer unlock()
	info, err := StageRestore(ctx, home, path, progress)
	if err != nil {
		return info, "", err
	}
	aside, err := placeRestored(home)
	return info, aside, err
}

// takeRestored lets a restore become true before the data is opened. A short-lived
// command leaves that to the window or server that has the data open.
func (c *Core) takeRestored() error {
	if !c.exclusive {
		unlock, err := lockFile(filepath.Join(c.home, "lock"))
		if errors.Is(err, ErrInUse) {
			return nil
		}
		if err != nil {
			return err
		}
		defer unlock()
	}
	return finishRestore(c.home)
}

// finishRestore lets a restore become true that waits, or whose end a crash has
// prevented. Nobody may have the data open.
func finishRestore(home string) error {
	root := filepath.Join(home, restoreDir)
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	unlock, err := lockFile(filepath.Join(home, "restore.lock"))
	if err != nil {
		return nil //nolint:nilerr // it is being staged right now
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(root, "plan.json")); errors.Is(err, fs.ErrNotExist) {
		if err := os.RemoveAll(root); err != nil {
			return fmt.Errorf("remove an unfinished restore: %w", err)
		}
		return writeLasting(filepath.Join(home, "restored.json"), Notice{Kind: "restore",
			Text: "A restore was ended before it was complete. Nothing was changed; restore the backup again."})
	}
	_, err = placeRestored(home)
	return err
}

// placeRestored exchanges the parts. Done again, it goes on where it ended.
func placeRestored(home string) (aside string, err error) {
	root := filepath.Join(home, restoreDir)
	staged := filepath.Join(root, "staged")
	var plan restorePlan
	text, err := os.ReadFile(filepath.Join(root, "plan.json"))
	if err == nil {
		err = json.Unmarshal(text, &plan)
	}
	if err == nil && (!strings.HasPrefix(plan.Aside, "set-aside-") || !filepath.IsLocal(plan.Aside) || filepath.Base(plan.Aside) != plan.Aside) {
		err = errors.New("its plan is damaged")
	}
	if err != nil {
		return "", fmt.Errorf("finish the restore: %w; delete %s to go on with the old data", err, root)
	}
	old := filepath.Join(home, plan.Aside)
	for _, name := range replaced {
		from, to := filepath.Join(staged, name), filepath.Join(home, name)
		if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			continue // it has its place, or the backup has none
		}
		parts := []string{name}
		if name == backup.Database { // what is in its log belongs to it
			parts = []string{name + "-wal", name + "-shm", name}
		}
		for _, p := range parts {
			if _, err := os.Lstat(filepath.Join(home, p)); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err := os.MkdirAll(old, 0o700); err != nil {
				return "", fmt.Errorf("set the old data aside: %w", err)
			}
			if err := os.Rename(filepath.Join(home, p), filepath.Join(old, p)); err != nil {
				return "", fmt.Errorf("set the old data aside: %w", err)
			}
			if err := errors.Join(syncFolder(old), syncFolder(home)); err != nil {
				return "", err
			}
		}
		if err := os.Rename(from, to); err != nil {
			return "", fmt.Errorf("restore %s: %w", name, err)
		}
		if err := syncFolder(home); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"blobs", "models"} { // weights before those who name them
		if err := placeMissing(filepath.Join(staged, name), filepath.Join(home, name)); err != nil {
			return "", fmt.Errorf("restore the models: %w", err)
		}
	}
	if len(plan.Lacks) > 0 {
		if err := writeLasting(filepath.Join(home, missingModels), plan.Lacks); err != nil {
			return "", err
		}
	}
	n := Notice{Kind: "restore", Text: fmt.Sprintf("The library was restored from %s.", plan.From)}
	if _, err := os.Stat(old); err == nil {
		aside, n.Path = old, old
		n.Text = fmt.Sprintf("The library was restored from %s. What was there before is in %s; delete it when you do not need it any more.", plan.From, old)
	}
	if err := writeLasting(filepath.Join(home, "restored.json"), n); err != nil {
		return "", err
	}
	if err := os.Remove(filepath.Join(root, "plan.json")); err != nil {
		return "", err
	}
	return aside, os.RemoveAll(root)
}

// placeMissing moves what lies in from to the folder to, where it is not there.
func placeMissing(from, to string) error {
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, e := range entries {
		if _, err := os.Lstat(filepath.Join(to, e.Name())); err == nil {
			continue
		}
		if err := os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return syncFolder(to)
}

const missingModels = "missing-models.json"

// tellRestored says what the last restore came to.
func (c *Core) tellRestored() {
	path := filepath.Join(c.home, "restored.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var n Notice
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err == nil {
		c.tell(n)
	}
	if err = errors.Join(err, os.Remove(path)); err != nil {
		c.log.Warn("what a restore came to was not told", "error", err)
	}
}

// MissingModels are those that a restored backup named and that are not here.
func (c *Core) MissingModels() ([]backup.Model, error) {
	path := filepath.Join(c.home, missingModels)
	missing := []backup.Model{}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return missing, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &missing)
	}
	if err != nil {
		return []backup.Model{}, fmt.Errorf("read which models are missing: %w", err)
	}
	here, err := c.library.List()
	if err != nil {
		return nil, err
	}
	lacks := []backup.Model{}
	for _, m := range missing {
		found := false
		for _, h := range here {
			found = found || h.Problem == "" && (h.Digest != "" && h.Digest == m.Digest || h.Ref == m.Ref)
		}
		if !found {
			lacks = append(lacks, m)
		}
	}
	if len(lacks) == 0 {
		return lacks, os.Remove(path)
	}
	return lacks, nil
}
