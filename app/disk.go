package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"freehold/engine/hardware"
)

// DiskUse says what takes space on the disk.
func (c *Core) DiskUse(context.Context) (DiskUse, error) {
	u, err := c.library.Usage()
	if err != nil {
		return DiskUse{}, err
	}
	use := DiskUse{Models: []ModelBytes{}, Unused: u.Removed + u.Unused + u.Temporary, Free: max(0, u.Free), Dir: u.Dir}
	for _, m := range u.Models {
		use.Models = append(use.Models, ModelBytes{Ref: m.Ref, Bytes: m.Bytes, Shared: m.Shared || m.External})
	}
	kept, err := c.puller.Kept()
	if err != nil {
		return DiskUse{}, err
	}
	for _, k := range kept {
		use.Unfinished += k.Done
	}
	use.Snapshots, err = c.SnapshotBytes()
	return use, err
}

// CollectGarbage deletes the weights of removed models and returns the bytes
// freed.
func (c *Core) CollectGarbage() (int64, error) { return c.library.Collect(0) }

// diskFree is the room where models are kept.
func (c *Core) diskFree() (int64, error) {
	dir, err := c.library.Dir()
	if err != nil {
		return 0, err
	}
	return hardware.DiskFree(context.Background(), dir)
}

// downloadsDir is the folder of unfinished downloads: on the disk of the
// weights, where finished ones go by renaming.
func (c *Core) downloadsDir() string {
	if dir, err := c.library.Dir(); err == nil && filepath.Dir(dir) != c.home {
		return filepath.Join(dir, "downloads")
	}
	return filepath.Join(c.home, "downloads")
}

// Move moves the weights, and what unfinished downloads have, to the folder
// dir, which may be on another disk.
func (c *Core) Move(ctx context.Context, dir string, progress func(done, total int64)) error {
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("give the whole path of the folder, not %q", dir)
	}
	if c.downloads.busy() {
		return errors.New("models are being downloaded; pause the downloads, or wait until they are done, and then move the models")
	}
	c.pool.forget("") // what nobody uses need not stay where it is
	before := c.downloadsDir()
	if err := c.library.Relocate(ctx, dir, progress); err != nil {
		return err
	}
	err := moveFiles(before, c.downloadsDir())
	c.announceModels()
	return err
}

// moveFiles moves the files in the folder from, if there is one, to the folder
// to.
func moveFiles(from, to string) error {
	if from == to {
		return nil
	}
	files, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = os.MkdirAll(to, 0o700)
	}
	for _, f := range files {
		if err == nil && f.Type().IsRegular() {
			err = moveFile(filepath.Join(from, f.Name()), filepath.Join(to, f.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("the models have been moved, but what unfinished downloads have has not: %w", err)
	}
	return nil
}

func moveFile(from, to string) error {
	if os.Rename(from, to) == nil {
		return nil
	}
	in, err := os.Open(from) // another disk
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return os.Remove(from)
}
