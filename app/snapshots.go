package app

import (
	"context"
	"path/filepath"

	"freehold/engine/hardware"
	"freehold/engine/snapshot"
)

// Snapshots let a model go on with a long text that it has read before, even
// before the last restart. They tell as much as the texts themselves, so the
// user can switch them off, which removes them, and remove them at any time.

const (
	mostSnapshots  = 4 << 30 // bytes
	snapshotsShare = 10      // one part in so many of the free disk
)

// openSnapshots opens the folder under home; nil if that cannot be, since all
// works without.
func (c *Core) openSnapshots(ctx context.Context) *snapshot.Store {
	free, err := hardware.DiskFree(ctx, c.home)
	if err != nil {
		c.log.Warn("no snapshots are kept, since the free disk space is unknown", "error", err)
		return nil
	}
	s, err := snapshot.Open(filepath.Join(c.home, "cache", "kv"), min(mostSnapshots, free/snapshotsShare))
	if err != nil {
		c.log.Warn("no snapshots are kept", "error", err)
		return nil
	}
	return s
}

// keepSnapshots does what the settings say.
func (c *Core) keepSnapshots(keep bool) error {
	if c.snapshots == nil {
		return nil
	}
	c.snapshots.Switch(keep)
	if keep {
		return nil
	}
	return c.snapshots.Clear()
}

// SnapshotBytes is what snapshots take on disk.
func (c *Core) SnapshotBytes() (int64, error) {
	if c.snapshots == nil {
		return 0, nil
	}
	return c.snapshots.Size()
}

// ClearSnapshots removes all snapshots.
func (c *Core) ClearSnapshots() error {
	if c.snapshots == nil {
		return nil
	}
	return c.snapshots.Clear()
}
