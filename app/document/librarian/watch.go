package librarian

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"freehold/app/document"
)

// lookEvery is how often watched folders are looked at. Looking works on every
// file system, network drives included, where being told does not.
const lookEvery = 15 * time.Second

// watch keeps collections that follow a folder up to date.
func (l *Librarian) watch() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := l.look(l.ctx); err != nil && l.ctx.Err() == nil {
			l.log.Warn("watched folders", "error", err)
		}
		l.stir() // another process may have added documents
		select {
		case <-tick.C:
		case <-l.ctx.Done():
			return
		}
	}
}

// look compares the watched folders with what is known of them.
func (l *Librarian) look(ctx context.Context) error {
	all, err := l.store.Collections(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range all {
		if c.Folder != "" {
			errs = append(errs, l.follow(ctx, c))
		}
	}
	return errors.Join(errs...)
}

// follow makes a collection hold what is in its folder. Files that went away
// are removed, but never all because the folder itself is away: it may be on a
// drive that is not plugged in. That is no error; a folder that is there and
// cannot be looked at is one.
func (l *Librarian) follow(ctx context.Context, c document.Collection) error {
	switch info, err := os.Stat(c.Folder); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look at %s: %w", c.Folder, err)
	case !info.IsDir():
		return fmt.Errorf("look at %s: this is no folder any more", c.Folder)
	}
	files, err := readable(ctx, c.Folder)
	if err != nil {
		return fmt.Errorf("look at %s: %w", c.Folder, err)
	}
	known, err := l.store.Documents(ctx)
	if err != nil {
		return err
	}
	byPath := map[string]document.Document{}
	for _, d := range known {
		byPath[d.Path] = d
	}
	var fresh []string
	there := map[string]bool{}
	for _, f := range files {
		there[f] = true
		info, err := os.Stat(f)
		if err != nil {
			continue
		}
		if time.Since(info.ModTime()) < 2*time.Second {
			continue // perhaps still being written
		}
		d, ok := byPath[f]
		if ok && d.Receipt.Size == info.Size() && d.ModifiedAt == info.ModTime().UnixMilli() && slices.Contains(d.Collections, c.ID) {
			continue
		}
		taken, err := l.take(ctx, f, c.Folder)
		if err != nil {
			l.log.Warn("watched file", "path", f, "error", err)
			continue
		}
		if !slices.Contains(taken.Collections, c.ID) {
			fresh = append(fresh, taken.ID)
		}
		l.tell(taken.ID)
	}
	if len(fresh) > 0 {
		if err := l.store.AddToCollection(ctx, c.ID, fresh...); err != nil {
			return err
		}
		for _, id := range fresh {
			l.tell(id)
		}
		l.tellCollections(ctx)
	}
	var gone []string
	inside := c.Folder + string(filepath.Separator)
	for _, d := range known {
		if d.Folder == c.Folder && strings.HasPrefix(d.Path, inside) && !there[d.Path] {
			gone = append(gone, d.ID)
		}
	}
	if len(gone) > 0 {
		if err := l.Remove(ctx, gone...); err != nil {
			return err
		}
		l.tellCollections(ctx)
	}
	l.stir()
	return nil
}

// Collections lists all collections.
func (l *Librarian) Collections(ctx context.Context) ([]document.Collection, error) {
	return l.store.Collections(ctx)
}

func (l *Librarian) tellCollections(ctx context.Context) {
	all, err := l.store.Collections(ctx)
	if err != nil {
		return
	}
	for _, c := range all {
		l.emit("collection", c)
	}
}

// CreateCollection makes a collection, one that follows a folder if that is given.
func (l *Librarian) CreateCollection(ctx context.Context, name, folder string) (document.Collection, error) {
	if folder != "" {
		abs, err := filepath.Abs(folder)
		if err != nil {
			return document.Collection{}, err
		}
		info, err := os.Stat(abs)
		if err != nil {
			return document.Collection{}, fmt.Errorf("watch %s: %w", folder, err)
		}
		if !info.IsDir() {
			return document.Collection{}, fmt.Errorf("watch %s: this is no folder", folder)
		}
		folder = filepath.Clean(abs)
		if name == "" {
			name = filepath.Base(folder)
		}
	}
	name, err := collectionName(name)
	if err != nil {
		return document.Collection{}, err
	}
	c := document.Collection{ID: newID(), Name: name, Folder: folder, CreatedAt: time.Now().UnixMilli()}
	if err := l.store.SaveCollection(ctx, c); err != nil {
		return c, err
	}
	l.emit("collection", c)
	if folder != "" {
		l.going.Go(func() {
			if err := l.follow(l.ctx, c); err != nil && l.ctx.Err() == nil {
				l.log.Warn("watched folder", "path", folder, "error", err)
			}
		})
	}
	return c, nil
}

func collectionName(name string) (string, error) {
	name = strings.Join(strings.Fields(strings.ToValidUTF8(name, "")), " ")
	if name == "" {
		return "", errors.New("a collection's name cannot be empty")
	}
	if r := []rune(name); len(r) > 120 {
		name = string(r[:120])
	}
	return name, nil
}

// RenameCollection gives a collection another name.
func (l *Librarian) RenameCollection(ctx context.Context, id, name string) (document.Collection, error) {
	name, err := collectionName(name)
	if err != nil {
		return document.Collection{}, err
	}
	all, err := l.store.Collections(ctx)
	if err != nil {
		return document.Collection{}, err
	}
	for _, c := range all {
		if c.ID == id {
			c.Name = name
			err := l.store.SaveCollection(ctx, c)
			l.emit("collection", c)
			return c, err
		}
	}
	return document.Collection{}, document.ErrNoCollection
}

// DeleteCollection removes a collection; its documents stay, but those that came
// with a watched folder are no longer kept up to date.
func (l *Librarian) DeleteCollection(ctx context.Context, id string) error {
	if err := l.store.DeleteCollection(ctx, id); err != nil {
		return err
	}
	l.emit("collectionRemoved", map[string]string{"id": id})
	return nil
}

// SetCollection makes documents all that is in a collection.
func (l *Librarian) SetCollection(ctx context.Context, id string, documents []string) error {
	if err := l.store.SetCollection(ctx, id, documents); err != nil {
		return err
	}
	l.tellCollections(ctx)
	for _, d := range documents {
		l.tell(d)
	}
	return nil
}
