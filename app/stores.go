package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"freehold/models/library"
	"freehold/models/stores"
)

// StoresFound lists the stores of other tools on this machine that hold models.
func (c *Core) StoresFound(ctx context.Context) ([]OtherStore, error) {
	found, err := stores.Find(ctx, c.roots())
	if err != nil {
		c.log.Info("something in other tools' stores was passed over", "error", err)
	}
	all := []OtherStore{}
	seen := map[string]bool{}
	for _, f := range found {
		i := slices.IndexFunc(all, func(s OtherStore) bool { return s.Tool == f.Tool && s.Dir == f.Store })
		if i < 0 {
			i = len(all)
			all = append(all, OtherStore{Tool: f.Tool, Dir: f.Store})
		}
		all[i].Models++
		if !seen[f.Path] { // one file may have several names
			seen[f.Path] = true
			all[i].Bytes += f.SizeBytes
		}
	}
	return all, ctx.Err()
}

// AdoptModels lists the models of another tool's stores here ("": of all),
// also those that the user had removed, and returns how many are new. Nothing
// is copied.
func (c *Core) AdoptModels(ctx context.Context, tool string) (int, error) {
	if tool != "" && tool != stores.HuggingFace && tool != stores.Ollama && tool != stores.LMStudio {
		return 0, errors.New("the tools whose models can be shown are huggingface, ollama and lmstudio")
	}
	if err := c.library.Readopt(tool); err != nil {
		return 0, err
	}
	return c.Adopt(ctx, tool)
}

// Adopt is AdoptModels, but leaves alone what the user had removed.
func (c *Core) Adopt(ctx context.Context, tool string) (int, error) {
	found, err := stores.Find(ctx, c.roots())
	if err != nil {
		c.log.Info("something in other tools' stores was passed over", "error", err)
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	found = slices.DeleteFunc(found, func(f stores.Found) bool { return tool != "" && f.Tool != tool })
	added, err := c.library.Adopt(ctx, found)
	if errors.Is(err, library.ErrNotAdopted) {
		c.log.Info("some models of other tools do not run here", "error", err)
		err = nil
	}
	if added > 0 {
		c.announceModels()
	}
	return added, err
}

// adoptSoon shows the models of other tools as soon as they are looked through,
// which nobody waits for, and forgets those that are gone.
func (c *Core) adoptSoon() {
	if !c.exclusive {
		return
	}
	c.work.background(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if _, err := c.Adopt(ctx, ""); err != nil && ctx.Err() == nil {
			c.log.Warn("models of other tools not shown", "error", err)
		}
		chats, err := c.Chats.List(ctx)
		if err != nil {
			return // the application is closing
		}
		chosen := map[string]bool{c.Settings().DefaultModel: true}
		for _, s := range chats {
			chosen[s.Model] = true
		}
		gone, err := c.library.Forget(func(ref string) bool { return chosen[ref] })
		if err != nil {
			c.log.Warn("models that are gone from other tools still listed", "error", err)
		}
		if gone > 0 {
			c.announceModels()
		}
	})
}
