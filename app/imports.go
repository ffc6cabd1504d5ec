package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"freehold/app/porting"
)

// PortingEvent says how far an import, an export, a backup or a restore is. It is
// the data of the event "porting".
type PortingEvent struct {
	Job   string `json:"job"`   // preview, import, export, backup, restore
	State string `json:"state"` // running, done, failed, cancelled
	Done  int64  `json:"done"`  // bytes
	Total int64  `json:"total"`
}

// porter runs do alone: one import, export, backup or restore at a time in this
// process. CancelPorting ends it.
func (c *Core) porter(ctx context.Context, job string, do func(ctx context.Context, progress func(done, total int64)) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan struct{})
	var failed error
	err := c.work.begin("porting", func(stop context.Context, progress func(done, total int64)) error {
		defer context.AfterFunc(stop, cancel)()
		failed = do(ctx, progress)
		return failed
	}, func(state string, done, total int64, _ string) {
		c.emit("porting", PortingEvent{job, state, done, total})
		if state != StateRunning {
			close(ended)
		}
	})
	if err != nil {
		return errors.New("an import, an export or a backup is being made already; wait for it, or cancel it")
	}
	<-ended
	return failed
}

// CancelPorting ends the import, export, backup or restore that is being made.
func (c *Core) CancelPorting() error {
	if err := c.work.stop("porting"); err != nil {
		return errors.New("nothing is being imported, exported or backed up")
	}
	return nil
}

// importLock keeps imports apart: one at a time on the same data, whoever makes
// it. While it is held nobody takes what is staged for left over.
func (c *Core) importLock() (unlock func(), err error) {
	unlock, err = lockFile(filepath.Join(c.home, "import.lock"))
	if errors.Is(err, ErrInUse) {
		return nil, errors.New("another Freehold is importing chats into the same data; wait until it is done")
	}
	return unlock, err
}

// PreviewImport reads files and folders and says what an import would do.
func (c *Core) PreviewImport(ctx context.Context, paths []string) (r porting.Receipt, err error) {
	err = c.porter(ctx, "preview", func(ctx context.Context, progress func(done, total int64)) error {
		r, err = porting.Preview(ctx, c.store, paths, progress)
		return err
	})
	return r, err
}

// ImportChats takes the conversations in files and folders in.
func (c *Core) ImportChats(ctx context.Context, paths []string) (r porting.Receipt, err error) {
	unlock, err := c.importLock()
	if err != nil {
		return r, err
	}
	defer unlock()
	if _, err := c.store.AbandonImports(ctx); err != nil { // what a crash has left
		return r, err
	}
	model, err := c.DefaultModel()
	if err != nil {
		return r, err
	}
	err = c.porter(ctx, "import", func(ctx context.Context, progress func(done, total int64)) error {
		r, err = porting.Import(ctx, c.store, paths, model, progress)
		return err
	})
	if err == nil {
		c.emit("chatsChanged", struct{}{})
	}
	return r, err
}

// Imports lists the receipts of all imports, the newest first.
func (c *Core) Imports(ctx context.Context) ([]porting.Receipt, error) { return c.store.Imports(ctx) }

// UndoImport takes a whole import back. Chats that were written in since stay.
func (c *Core) UndoImport(ctx context.Context, id string) (porting.Undone, error) {
	u, err := c.store.UndoImport(ctx, id)
	if err == nil {
		c.emit("chatsChanged", struct{}{})
	}
	return u, err
}

// endImports removes what an import has left that was ended in the middle.
func (c *Core) endImports(ctx context.Context) error {
	unlock, err := c.importLock()
	if err != nil {
		return nil //nolint:nilerr // it goes on in another process
	}
	defer unlock()
	n, err := c.store.AbandonImports(ctx)
	if err == nil && n > 0 {
		c.tell(Notice{Kind: "import", Text: fmt.Sprintf("An import was ended in the middle. The %d chats that it had read were removed again; nothing else was changed. Import the file once more.", n)})
	}
	return err
}
