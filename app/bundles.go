package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"freehold/models/bundle"
	"freehold/models/library"
)

// WriteBundle writes models to the folder dir, such as one on a USB stick, for
// a machine without network.
func (c *Core) WriteBundle(ctx context.Context, dir string, refs []string, progress func(done, total int64)) error {
	models, err := c.bundled(refs)
	if err != nil {
		return err
	}
	for _, m := range models {
		release, err := c.library.Hold(m.Ref)
		if err != nil {
			return err
		}
		defer release()
	}
	if models, err = c.bundled(refs); err != nil { // where they lie is sure from here on
		return err
	}
	return bundle.Write(ctx, dir, models, progress)
}

// bundled finds the models to be written.
func (c *Core) bundled(refs []string) ([]library.Model, error) {
	if len(refs) == 0 {
		return nil, errors.New("name the models for the bundle")
	}
	var models []library.Model
	seen := map[string]bool{}
	for _, ref := range refs {
		m, err := c.library.Find(ref)
		if err != nil {
			return nil, err
		}
		if _, err := usable(m); err != nil {
			return nil, err
		}
		if !seen[m.Ref] {
			seen[m.Ref] = true
			models = append(models, m)
		}
	}
	return models, nil
}

// ReadBundle adds the models of the bundle in the folder dir.
func (c *Core) ReadBundle(ctx context.Context, dir string, progress func(done, total int64)) ([]Model, error) {
	read, err := bundle.Read(ctx, c.library, dir, progress)
	var models []Model
	for _, m := range read {
		models = append(models, describe(m, false))
	}
	if len(models) > 0 {
		c.announceModels()
	}
	return models, err
}

// BeginWriteBundle writes a bundle in the background. Events "bundle" tell how
// far it is.
func (c *Core) BeginWriteBundle(dir string, refs []string) error {
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("give the whole path of the folder, not %q", dir)
	}
	if _, err := c.bundled(refs); err != nil {
		return err
	}
	return c.work.begin("bundle", func(ctx context.Context, progress func(done, total int64)) error {
		return c.WriteBundle(ctx, dir, refs, progress)
	}, c.tellBundle(dir))
}

// BeginReadBundle adds the models of a bundle in the background. Events
// "bundle" tell how far it is.
func (c *Core) BeginReadBundle(dir string) error {
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("give the whole path of the folder, not %q", dir)
	}
	if !bundle.Is(dir) {
		return fmt.Errorf("there is no bundle in %s; a bundle has a file bundle.json", dir)
	}
	return c.work.begin("bundle", func(ctx context.Context, progress func(done, total int64)) error {
		_, err := c.ReadBundle(ctx, dir, progress)
		return err
	}, c.tellBundle(dir))
}

func (c *Core) tellBundle(dir string) func(state string, done, total int64, err string) {
	return func(state string, done, total int64, err string) {
		c.emit("bundle", BundleEvent{dir, done, total, state, err})
	}
}
