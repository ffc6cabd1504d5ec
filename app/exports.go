package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"freehold/app/chat"
	"freehold/app/porting"
)

// Export is a file of chats, on its way.
type Export struct {
	Name string // as a file would be called
	Type string // its media type
	core *Core
	ids  []string
	many bool
	o    porting.Options
}

// Export prepares chats to be written; no ids are all chats.
func (c *Core) Export(ctx context.Context, ids []string, o porting.Options) (Export, error) {
	e := Export{core: c, ids: ids, o: o, many: len(ids) != 1}
	title := ""
	if len(ids) == 0 {
		all, err := c.Chats.List(ctx)
		if err != nil {
			return e, err
		}
		for _, s := range all {
			if !s.Temporary {
				e.ids = append(e.ids, s.ID)
			}
		}
	} else if len(ids) == 1 {
		one, err := c.Chats.Get(ctx, ids[0])
		if err != nil {
			return e, err
		}
		title = one.Title
	}
	var err error
	e.Name, e.Type, err = o.Name(title, e.many)
	return e, err
}

// Write writes it.
func (e Export) Write(ctx context.Context, w io.Writer) error {
	return e.core.porter(ctx, "export", func(ctx context.Context, progress func(done, total int64)) error {
		return e.write(ctx, w, progress)
	})
}

// WriteFile writes it to a file, which is complete or not there.
func (e Export) WriteFile(ctx context.Context, path string) error {
	return e.core.porter(ctx, "export", func(ctx context.Context, progress func(done, total int64)) error {
		return e.core.appear("export", path, func(w io.Writer) error { return e.write(ctx, w, progress) }, nil)
	})
}

func (e Export) write(ctx context.Context, w io.Writer, progress func(done, total int64)) error {
	folders, err := e.core.Chats.Folders(ctx)
	if err != nil {
		return err
	}
	in := make(map[string]chat.Folder, len(folders))
	for _, f := range folders {
		in[f.ID] = f
	}
	return porting.Write(w, e.o, e.many, func(yield func(porting.Shelved) error) error {
		for i, id := range e.ids {
			if err := ctx.Err(); err != nil {
				return err
			}
			c, err := e.core.Chats.Get(ctx, id)
			if errors.Is(err, chat.ErrNotFound) && e.many {
				continue // it was deleted meanwhile
			}
			if err != nil {
				return err
			}
			s := porting.Shelved{Chat: c}
			if f, ok := in[c.Folder]; ok {
				s.In = &f
			}
			if err := yield(s); err != nil {
				return err
			}
			progress(int64(i+1), int64(len(e.ids)))
		}
		return nil
	})
}

// handed are files that a browser may fetch, once.
type handed struct {
	mu    sync.Mutex
	files map[string]Handed
}

// Handed is a file for a browser.
type Handed struct {
	Path, Name, Type string
	Keep             bool // it is the user's; otherwise it goes when it was fetched
}

const mostHanded = 100

// handOut lets a browser fetch a file by what it returns.
func (c *Core) handOut(f Handed) string {
	c.handed.mu.Lock()
	defer c.handed.mu.Unlock()
	if c.handed.files == nil {
		c.handed.files = map[string]Handed{}
	}
	if len(c.handed.files) >= mostHanded { // nobody came for them
		for token, old := range c.handed.files {
			if !old.Keep {
				os.Remove(old.Path)
			}
			delete(c.handed.files, token)
		}
	}
	token := rand.Text()
	c.handed.files[token] = f
	return token
}

// TakeHanded gives the file that was handed out under token.
func (c *Core) TakeHanded(token string) (Handed, bool) {
	c.handed.mu.Lock()
	defer c.handed.mu.Unlock()
	f, ok := c.handed.files[token]
	if ok && !f.Keep {
		delete(c.handed.files, token)
	}
	return f, ok
}

// handedDir is where files wait for browsers; it is emptied at each start.
func (c *Core) handedDir() string { return filepath.Join(c.home, "cache", "handed") }

// exportFor writes chats where the user says, in the window; in a browser to a
// file that it can fetch. In both cases Exported says where.
func (o *opened) exportFor(ids []string, opt porting.Options) (Exported, error) {
	e, err := o.core.Export(o.ctx, ids, opt)
	if err != nil {
		return Exported{}, err
	}
	out := Exported{Name: e.Name, Type: e.Type}
	if o.shell != nil {
		path, err := o.shell.SaveFile(e.Name)
		if err != nil || path == "" {
			return out, err
		}
		out.Path = path
		return out, e.WriteFile(o.ctx, path)
	}
	dir := o.core.handedDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return out, fmt.Errorf("write the chats: %w", err)
	}
	path := filepath.Join(dir, rand.Text())
	if err := e.WriteFile(o.ctx, path); err != nil {
		return out, err
	}
	out.Fetch = o.core.handOut(Handed{Path: path, Name: e.Name, Type: e.Type})
	return out, nil
}
