package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"freehold/models/bundle"
	"freehold/models/library"
)

// Models lists what is on this machine, newest first.
func (c *Core) Models() ([]Model, error) {
	all, err := c.library.List()
	if err != nil {
		return nil, err
	}
	loaded := c.pool.loaded()
	models := make([]Model, 0, len(all))
	for _, m := range all {
		d := describe(m, loaded[m.Ref])
		d.Fit = c.fitted(context.Background(), m)
		models = append(models, d)
	}
	return models, nil
}

// Model finds one by its ref, its name, or the beginning of its ref.
func (c *Core) Model(name string) (Model, error) {
	m, err := c.library.Find(name)
	if err != nil {
		return Model{}, err
	}
	return describe(m, c.pool.loaded()[m.Ref]), nil
}

func describe(m library.Model, loaded bool) Model {
	return Model{
		Ref: m.Ref, Name: m.Name, Architecture: m.Architecture, Quant: m.Quant, Path: m.Path, Licence: m.Licence, Source: m.Source, Digest: m.Digest,
		SizeBytes: m.SizeBytes, Parameters: m.Parameters, ContextLength: m.ContextLength, Starter: m.Starter, Loaded: loaded,
		AddedAt: m.AddedAt, Problem: m.Problem, Embeds: m.Embeds, Tool: m.Tool, External: m.External,
	}
}

// Import adds the GGUF file at path. Where the disk can, the library shares
// the file's space instead of copying it.
func (c *Core) Import(ctx context.Context, path string, progress func(done, total int64)) (Model, error) {
	m, err := c.library.Import(ctx, path, library.Options{Mode: library.Link}, progress)
	if err != nil {
		return Model{}, err
	}
	c.announceModels()
	return describe(m, c.pool.loaded()[m.Ref]), nil
}

// ImportAll adds the GGUF file at path, all GGUF files of a folder, or a bundle.
// It returns what was added even if it then fails.
func (c *Core) ImportAll(ctx context.Context, path string, progress func(done, total int64)) ([]Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		m, err := c.Import(ctx, path, progress)
		if err != nil {
			return nil, err
		}
		return []Model{m}, nil
	}
	if bundle.Is(path) {
		return c.ReadBundle(ctx, path, progress)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if strings.EqualFold(filepath.Ext(e.Name()), ".gguf") && !laterPart.MatchString(e.Name()) {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s is neither a bundle of models nor a folder with .gguf files", path)
	}
	var added []Model
	for _, f := range files {
		m, err := c.Import(ctx, f, progress)
		if err != nil {
			return added, err
		}
		added = append(added, m)
	}
	return added, nil
}

// laterPart matches the parts of a split model but the first, which stands for
// all of them.
var laterPart = regexp.MustCompile(`-0*([2-9]|[1-9]\d+)-of-\d{5}\.gguf$`)

// Remove takes the model out of the library, unless an answer is being written
// with it. Restore undoes it. Of a model in another tool's store, or elsewhere
// outside, only the entry goes.
func (c *Core) Remove(ctx context.Context, name string) (Model, error) {
	m, err := c.library.Find(name)
	if err != nil {
		return Model{}, err
	}
	if c.pool.forget(m.Ref) {
		return Model{}, c.inUse(ctx, m)
	}
	if err := c.library.Remove(m.Ref); errors.Is(err, library.ErrInUse) {
		return Model{}, fmt.Errorf("%w: %s is loaded by another Freehold or by a command in a terminal; end it first", library.ErrInUse, m.Ref)
	} else if err != nil {
		return Model{}, err
	}
	c.announceModels()
	return describe(m, false), nil
}

// inUse says what uses m.
func (c *Core) inUse(ctx context.Context, m library.Model) error {
	chats, err := c.Chats.List(ctx)
	if err != nil {
		return err
	}
	var busy []string
	for _, s := range chats {
		if s.Generating && s.Model == m.Ref {
			title := s.Title
			if title == "" {
				title = "New chat"
			}
			busy = append(busy, "“"+title+"”")
		}
	}
	if len(busy) == 0 {
		return fmt.Errorf("%w: a program is having %s write; wait until it is done, or end it", library.ErrInUse, m.Ref)
	}
	return fmt.Errorf("%w: an answer is being written with %s in %s; stop it first", library.ErrInUse, m.Ref, strings.Join(busy, ", "))
}

// Restore undoes Remove.
func (c *Core) Restore(ref string) (Model, error) {
	m, err := c.library.Restore(ref)
	if err != nil {
		return Model{}, err
	}
	c.announceModels()
	return describe(m, false), nil
}

// Copy gives a model a second name. Its weights are not copied.
func (c *Core) Copy(ctx context.Context, name, as string) (Model, error) {
	m, err := c.library.Find(name)
	if err != nil {
		return Model{}, err
	}
	o := library.Options{Mode: library.Link, Name: as, Licence: m.Licence, Source: m.Source, Digest: strings.TrimPrefix(m.Digest, "sha256:"),
		Ref:    strings.NewReplacer(":", "-", "/", "-").Replace(strings.ToLower(as)),
		System: m.System, Template: m.Template, Params: m.Params}
	if m.External {
		o.Mode = library.InPlace
	}
	copied, err := c.library.Import(ctx, m.Path, o, nil)
	if err != nil {
		return Model{}, err
	}
	c.announceModels()
	return describe(copied, false), nil
}

// Verify reads the model's whole file and reports damage.
func (c *Core) Verify(ctx context.Context, ref string, progress func(done, total int64)) error {
	return c.library.Verify(ctx, ref, progress)
}

// Preload loads a model so that its first answer starts sooner.
func (c *Core) Preload(ctx context.Context, ref string) error {
	_, release, err := lender{c}.Acquire(ctx, ref)
	if err != nil {
		return err
	}
	release()
	return nil
}

// announceModels tells what models there are, and finds out how they fit.
func (c *Core) announceModels() {
	c.tellModels()
	if c.exclusive {
		c.work.background(c.learnNeeds)
		c.work.background(c.reembed)
	}
}

func (c *Core) tellModels() {
	models, err := c.Models()
	if err != nil {
		c.log.Error("models not listed", "error", err)
		return
	}
	c.emit("models", models)
}
