package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"freehold/app/backup"
	"freehold/app/store"
	"freehold/engine/hardware"
)

// BackupOptions say what goes into a backup beside chats, documents and settings.
type BackupOptions struct {
	Weights bool `json:"weights"` // of the models; without, their names and digests
	Tokens  bool `json:"tokens"`  // for servers, and passwords of proxies
}

// BackupInfo says what a backup holds.
type BackupInfo struct {
	Path      string         `json:"path"`
	Bytes     int64          `json:"bytes"` // of the file
	CreatedAt int64          `json:"createdAt"`
	Program   string         `json:"program"` // version of Freehold that wrote it
	Chats     int64          `json:"chats"`
	Messages  int64          `json:"messages"`
	Documents int64          `json:"documents"`
	Files     int            `json:"files"`
	Weights   bool           `json:"weights"`
	Tokens    bool           `json:"tokens"`
	Models    []backup.Model `json:"models"`
}

func backupInfo(path string, m backup.Manifest) BackupInfo {
	i := BackupInfo{Path: path, CreatedAt: m.CreatedAt, Program: m.Program, Files: len(m.Files), Weights: m.Weights, Tokens: m.Tokens, Models: append([]backup.Model{}, m.Models...)}
	if info, err := os.Stat(path); err == nil {
		i.Bytes = info.Size()
	}
	for _, t := range m.Tables {
		switch t.Name {
		case "chats":
			i.Chats = t.Rows
		case "messages":
			i.Messages = t.Rows
		case "documents":
			i.Documents = t.Rows
		}
	}
	return i
}

// BackupName is how a backup made now would be called.
func BackupName() string {
	return "freehold-" + time.Now().Format("2006-01-02-1504") + ".freehold-backup"
}

// Backup writes the library to the file path, and reads it back. It is there when
// it is known to be sound, and not before.
func (c *Core) Backup(ctx context.Context, path string, o BackupOptions) (info BackupInfo, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return info, err
	}
	if within(c.home, path) && !within(filepath.Join(c.home, "backups"), path) && !within(c.handedDir(), path) {
		return info, errors.New("a backup within the data folder would be lost with it; choose another folder")
	}
	err = c.porter(ctx, "backup", func(ctx context.Context, progress func(done, total int64)) error {
		m, err := c.backup(ctx, path, o, progress)
		info = backupInfo(path, m)
		return err
	})
	return info, err
}

func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

func (c *Core) backup(ctx context.Context, path string, o BackupOptions, progress func(done, total int64)) (m backup.Manifest, err error) {
	work, end, err := c.workFolder(unfinished{Kind: "backup", Path: path})
	if err != nil {
		return m, err
	}
	defer end()
	copied := filepath.Join(work, backup.Database)
	if err := c.store.Snapshot(ctx, copied, o.Tokens); err != nil {
		return m, err
	}
	m = backup.Manifest{Program: c.version, CreatedAt: time.Now().UnixMilli(), Home: c.home, Weights: o.Weights, Tokens: o.Tokens, Models: []backup.Model{}}
	version, tables, err := store.Inspect(ctx, copied)
	if err != nil {
		return m, err
	}
	m.Schema, m.Tables = version, digestsOf(tables)
	items := []backup.Item{{Name: backup.Database, Path: copied, Steady: true}}
	if items, err = addFolder(items, filepath.Join(c.home, "documents"), "documents"); err != nil {
		return m, err
	}
	items = append(items, backup.Item{Name: "licences.json", Path: filepath.Join(c.home, "licences.json")})
	if o.Tokens {
		items = append(items, backup.Item{Name: "huggingface-token", Path: c.tokenPath()})
	}
	weights, release, err := c.weights(&m, o.Weights)
	if err != nil {
		return m, err
	}
	defer release()
	items = append(items, weights...)
	if err := roomFor(filepath.Dir(path), items); err != nil {
		return m, err
	}
	// Half of the way is writing, half is reading back.
	err = c.appear("backup", path, func(w io.Writer) (err error) {
		m, err = backup.Write(ctx, w, m, items, func(done, total int64) { progress(done, 2*total) })
		return err
	}, func(part string) error {
		return checkBackup(ctx, part, work, m, func(done, total int64) { progress(total+done, 2*total) })
	})
	return m, err
}

// checkBackup reads a backup from the disk: every file's hash, and the database
// from beginning to end.
func checkBackup(ctx context.Context, part, work string, want backup.Manifest, progress func(done, total int64)) error {
	a, err := backup.Open(part)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Check(ctx, progress); err != nil {
		return err
	}
	read := filepath.Join(work, "read.db")
	if err := a.Extract(ctx, backup.Database, read, func(int64) {}); err != nil {
		return err
	}
	_, tables, err := store.Inspect(ctx, read)
	if err != nil {
		return err
	}
	if !slices.Equal(digestsOf(tables), want.Tables) || !slices.Equal(a.Files, want.Files) {
		return errors.New("it holds something else than was written")
	}
	return nil
}

func digestsOf(tables []store.TableDigest) []backup.Table {
	all := make([]backup.Table, len(tables))
	for i, t := range tables {
		all[i] = backup.Table(t)
	}
	return all
}

// addFolder adds all files below a folder; it need not exist.
func addFolder(items []backup.Item, dir, name string) ([]backup.Item, error) {
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		items = append(items, backup.Item{Name: name + "/" + filepath.ToSlash(rel), Path: p})
		return nil
	})
	return items, err
}

// weights names the models, and with include also the files of those that are
// Freehold's own; they stay where they are until release.
func (c *Core) weights(m *backup.Manifest, include bool) (items []backup.Item, release func(), err error) {
	models, err := c.library.List()
	if err != nil {
		return nil, nil, err
	}
	dir, err := c.library.Dir()
	if err != nil {
		return nil, nil, err
	}
	var holds []func()
	release = func() {
		for _, r := range holds {
			r()
		}
	}
	for _, k := range models {
		named := backup.Model{Ref: k.Ref, Name: k.Name, Digest: k.Digest, Size: k.SizeBytes, Source: k.Source}
		if include && !k.External && k.Problem == "" {
			hold, err := c.library.Hold(k.Ref)
			if err != nil {
				continue // it was just removed
			}
			holds = append(holds, hold)
			named.Included = true
			items = append(items, backup.Item{Name: "models/" + k.Ref + ".json", Path: filepath.Join(c.home, "models", k.Ref+".json"), Steady: true})
			for _, p := range k.Files() {
				rel, err := filepath.Rel(dir, p)
				if err != nil {
					release()
					return nil, nil, err
				}
				it := backup.Item{Name: "blobs/" + filepath.ToSlash(rel), Path: p, Steady: true}
				if !slices.ContainsFunc(items, func(o backup.Item) bool { return o.Name == it.Name }) { // two names for one file
					items = append(items, it)
				}
			}
		}
		m.Models = append(m.Models, named)
	}
	return items, release, nil
}

// roomFor says if there is too little room for the items in dir.
func roomFor(dir string, items []backup.Item) error {
	need := int64(64 << 20)
	for _, it := range items {
		if info, err := os.Stat(it.Path); err == nil {
			need += info.Size()
		}
	}
	return roomOf(dir, need)
}

func roomOf(dir string, need int64) error {
	free, err := hardware.DiskFree(context.Background(), dir)
	if err == nil && free >= 0 && free < need {
		return fmt.Errorf("there is not enough room in %s: %d MB are needed, %d MB are free; choose another disk", dir, need>>20, free>>20)
	}
	return nil
}

// LookAtBackup says what a backup holds, after reading all of it.
func (c *Core) LookAtBackup(ctx context.Context, path string) (info BackupInfo, err error) {
	err = c.porter(ctx, "check", func(ctx context.Context, progress func(done, total int64)) error {
		a, err := backup.Open(path)
		if err != nil {
			return err
		}
		defer a.Close()
		info = backupInfo(path, a.Manifest)
		return a.Check(ctx, progress)
	})
	return info, err
}

// BackupDone is a backup that was made. Without Path the user thought better of it.
type BackupDone struct {
	BackupInfo
	Fetch string `json:"fetch"` // what a browser can fetch it by, from /download/; "" in the window
}

func (o *opened) writeBackup(options BackupOptions) (BackupDone, error) {
	name := BackupName()
	none := BackupDone{BackupInfo: BackupInfo{Models: []backup.Model{}}}
	if o.shell != nil {
		path, err := o.shell.SaveFile(name)
		if err != nil || path == "" {
			return none, err
		}
		info, err := o.core.Backup(o.ctx, path, options)
		return BackupDone{BackupInfo: info}, err
	}
	dir := filepath.Join(o.core.home, "backups")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return none, fmt.Errorf("make the folder of backups: %w", err)
	}
	info, err := o.core.Backup(o.ctx, filepath.Join(dir, name), options)
	if err != nil {
		return none, err
	}
	return BackupDone{info, o.core.handOut(Handed{Path: info.Path, Name: name, Type: "application/zip", Keep: true})}, nil
}
