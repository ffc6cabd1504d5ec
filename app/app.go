// Package app is the application: what a user can do with models and chats,
// whichever face she uses. Core opens and owns the parts, App offers them to a
// user interface.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"freehold/app/chat"
	"freehold/app/document/librarian"
	"freehold/app/document/parse"
	"freehold/app/preset"
	"freehold/app/store"
	"freehold/engine/profile"
	"freehold/engine/snapshot"
	"freehold/models/library"
	"freehold/models/network"
	"freehold/models/stores"
)

// Options say how to open the application.
type Options struct {
	Home    string // data folder; "" for DefaultHome
	Version string
	Emitter Emitter // gets events; nil if nobody listens
	Log     *slog.Logger
	Load    LoadOptions // what is not 0 wins over the settings
	Engine  Engine      // nil for Freehold's own
	Puller  Puller      // nil for the real network

	// Measure takes the machine's profile; nil for the real one.
	Measure func(context.Context) (profile.Profile, error)

	// Roots are where other tools keep their models; nil for where they do for
	// this user.
	Roots func() stores.Roots

	// Exclusive claims the data for one window or server. Short-lived commands
	// leave it false and may run beside it.
	Exclusive bool
}

// Core is the opened application.
type Core struct {
	Chats     *chat.Service
	Documents *librarian.Librarian
	Presets   *preset.Shelf

	home    string
	version string
	log     *slog.Logger
	load    LoadOptions
	emitter Emitter
	engine  Engine
	unlock  func()

	store     *store.Store
	library   *library.Library
	pool      *pool
	gate      *network.Gate // the only way to the network
	requests  *requestLog
	puller    Puller
	plans     plans
	needs     needsKept
	profile   *measured
	memory    memorySeen
	downloads *downloads
	work      *work
	roots     func() stores.Roots
	exclusive bool
	snapshots *snapshot.Store // nil if there can be none
	reader    *parse.Reader
	parts     embedderChoice
	finished  finishedLog
	handed    handed

	settings     atomic.Pointer[Settings]
	settingsTurn sync.Mutex             // one change at a time
	switchSeen   atomic.Int64           // when the network switch was last looked up; ms since 1970
	token        atomic.Pointer[string] // for Hugging Face
	vocabularies vocabularies
}

// Open opens the data folder, making it if it is missing. With Exclusive it
// fails with ErrInUse while another window or server has it open.
func Open(ctx context.Context, o Options) (_ *Core, err error) {
	if o.Load.Threads < 0 || o.Load.ContextLength < 0 {
		return nil, errors.New("threads and context length cannot be negative")
	}
	home := o.Home
	if home == "" {
		if home, err = DefaultHome(); err != nil {
			return nil, err
		}
	}
	if home, err = filepath.Abs(home); err != nil {
		return nil, err
	}
	if err := makeHome(home); err != nil {
		return nil, err
	}
	c := &Core{home: home, version: o.Version, log: o.Log, load: o.Load, emitter: o.Emitter, engine: o.Engine, unlock: func() {},
		work: newWork(), roots: o.Roots, exclusive: o.Exclusive, profile: newMeasured(home, o.Measure)}
	c.needs.path = filepath.Join(home, "cache", "needs.json")
	if c.roots == nil {
		c.roots = stores.Default
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if o.Exclusive {
		unlock, err := lockFile(filepath.Join(home, "lock"))
		if err != nil {
			return nil, fmt.Errorf("%w (%s)", err, home)
		}
		c.unlock = unlock
	}
	if err := c.takeRestored(); err != nil {
		return nil, err
	}
	if c.library, err = library.Open(home); err != nil {
		return nil, err
	}
	if c.store, err = store.Open(ctx, filepath.Join(home, "freehold.db")); err != nil {
		return nil, err
	}
	if o.Exclusive {
		n, err := c.store.StopInterrupted(ctx)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			c.log.Info("answers were cut off when Freehold last ended", "count", n)
		}
		if err := c.endImports(ctx); err != nil {
			return nil, err
		}
		c.endUnfinished()
		c.tellRestored()
		if err := os.RemoveAll(c.handedDir()); err != nil {
			c.log.Warn("old exports for browsers were not removed", "error", err)
		}
	}
	if err := c.readSettings(ctx); err != nil {
		return nil, err
	}
	c.snapshots = c.openSnapshots(ctx)
	if err := c.keepSnapshots(c.Settings().Snapshots); err != nil {
		c.log.Warn("old snapshots could not be removed", "error", err)
	}
	if c.engine == nil {
		c.engine = ownEngine{c.snapshots}
	}
	c.pool = newPool(c.engine, func(e LoadEvent) { c.emit("load", e) })
	c.pool.hold = c.hold
	c.requests = newRequestLog(c.store, c.log)
	c.gate = c.newGate()
	if c.puller = o.Puller; c.puller == nil {
		c.puller = &hubPuller{c: c}
	}
	c.downloads = newDownloads(queueOptions{
		puller: c.puller, store: c.store, log: c.log,
		allowed:  func() bool { return c.Settings().NetworkAllowed },
		parallel: func() int { return c.Settings().ParallelDownloads },
		free:     c.diskFree, accepted: c.accepted, offline: Local,
		done:    func(string) { c.announceModels() },
		changed: func(d Download) { c.emit("download", d) },
	})
	c.Chats = chat.New(c.store, lender{c}, c.emit, c.log)
	c.Presets = preset.NewShelf(c.store, c.emit)
	if o.Exclusive {
		if err := c.Chats.HoldQueues(ctx); err != nil {
			return nil, err
		}
	}
	if err := c.openDocuments(ctx); err != nil {
		return nil, err
	}
	if o.Exclusive {
		if err := c.downloads.restore(ctx); err != nil {
			return nil, err
		}
		c.work.background(c.learnNeeds)
		c.measureSoon()
		if c.Settings().AdoptOthers {
			c.adoptSoon()
		}
	}
	return c, nil
}

// Close ends all work, saves it, and closes the data folder.
func (c *Core) Close() error {
	c.work.close()
	if c.downloads != nil {
		c.downloads.close()
	}
	if c.Chats != nil {
		c.Chats.Close()
	}
	c.closeDocuments()
	if c.pool != nil {
		c.pool.close()
	}
	if c.requests != nil {
		c.requests.flush()
	}
	var err error
	if c.store != nil {
		err = c.store.Close()
	}
	c.unlock()
	return err
}

// Home is the data folder.
func (c *Core) Home() string { return c.home }

// Version is this program's version.
func (c *Core) Version() string { return c.version }

// CheckStore reads the whole database and reports damage.
func (c *Core) CheckStore(ctx context.Context) error { return c.store.Check(ctx) }

func (c *Core) emit(name string, data any) {
	c.finished.hear(data)
	if c.emitter != nil {
		c.emitter.Emit(name, data)
	}
}

// Target is a model file to work with.
type Target struct {
	Ref  string // what chats and events call it
	Path string
	// Digest is sha256:… of its weights; "" if it is not in the library.
	Digest string
	// Context is what the model came with, in tokens; 0: nothing.
	Context int
}

// Resolve finds the model that a user means: a model of the library, or the
// path of a GGUF file.
func (c *Core) Resolve(name string) (Target, error) {
	m, err := c.library.Find(name)
	if err == nil {
		return usable(m)
	}
	if info, statErr := os.Stat(name); statErr == nil && info.Mode().IsRegular() && errors.Is(err, library.ErrNotFound) {
		path, err := filepath.Abs(name)
		return Target{Ref: name, Path: path}, err
	}
	return Target{}, err
}

// Installed finds a model of the library only: what comes over the network may
// not name files.
func (c *Core) Installed(ref string) (Target, error) {
	m, err := c.library.Find(ref)
	if err != nil {
		return Target{}, err
	}
	return usable(m)
}

func usable(m library.Model) (Target, error) {
	if m.Problem != "" {
		return Target{}, fmt.Errorf("%s cannot be used: %s", m.Ref, m.Problem)
	}
	return Target{Ref: m.Ref, Path: m.Path, Digest: m.Digest, Context: contextDefault(m)}, nil
}

// Use lends the loaded model until release is called.
func (c *Core) Use(ctx context.Context, t Target, o LoadOptions) (w Weights, release func(), err error) {
	o.Digest = t.Digest
	if o.ContextLength == 0 {
		o.ContextLength = t.Context
	}
	w, release, err = c.pool.acquire(ctx, t.Ref, t.Path, o)
	if err != nil {
		return nil, nil, fmt.Errorf("load %s: %w", t.Ref, err)
	}
	return w, release, nil
}

// hold keeps the weights of a model of the library where they are, and says
// where that is.
func (c *Core) hold(ref, path string) (string, func(), error) {
	release, err := c.library.Hold(ref)
	if errors.Is(err, library.ErrNotFound) {
		return path, func() {}, nil // a file that is not in the library
	}
	if err != nil {
		return "", nil, err
	}
	m, err := c.library.Find(ref)
	if err != nil || m.Ref != ref {
		release()
		return "", nil, fmt.Errorf("%w: %q was just removed", library.ErrNotFound, ref)
	}
	return m.Path, release, nil
}

// Vocabulary reads the model's tokenizer without its weights.
func (c *Core) Vocabulary(ctx context.Context, t Target, o LoadOptions) (Vocabulary, error) {
	if o.ContextLength == 0 {
		o.ContextLength = t.Context
	}
	v, err := c.engine.OpenVocabulary(ctx, t.Path, o)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Ref, err)
	}
	return v, nil
}

// LoadOptions are what the settings say, and Options.Load before them.
func (c *Core) LoadOptions() LoadOptions {
	s, o := c.Settings(), c.load
	if o.Threads == 0 {
		o.Threads = s.Threads
	}
	if o.ContextLength == 0 {
		o.ContextLength = s.ContextLength
	}
	return o
}

// lender lends the library's models to chats.
type lender struct{ c *Core }

func (l lender) Acquire(ctx context.Context, ref string) (chat.Model, func(), error) {
	t, err := l.c.Installed(ref)
	if err != nil {
		return nil, nil, err
	}
	before := len(l.c.pool.loaded())
	w, release, err := l.c.Use(ctx, t, l.c.LoadOptions())
	if err != nil {
		return nil, nil, err
	}
	if len(l.c.pool.loaded()) != before {
		l.c.announceModels()
	}
	m := &watched{Weights: w, discard: func() { l.c.pool.discard(w) }}
	return m, m.releasing(release), nil
}

// Together tells whether there is memory for the model next while the others
// are used. What is not known counts as too much: one after another always goes.
func (l lender) Together(ctx context.Context, others []string, next string) bool {
	return l.c.together(ctx, others, next)
}

func (l lender) Counter(ctx context.Context, ref string) (chat.Counter, func(), error) {
	t, err := l.c.Installed(ref)
	if err != nil {
		return nil, nil, err
	}
	if w, release := l.c.pool.lend(t.Path); w != nil {
		return w, release, nil
	}
	v, err := l.c.vocabularies.get(t.Path, l.c.LoadOptions(), func() (Vocabulary, error) {
		return l.c.Vocabulary(ctx, t, l.c.LoadOptions())
	})
	return v, func() {}, err
}

// vocabularies keeps the one last used.
type vocabularies struct {
	mu   sync.Mutex
	key  slotKey
	kept Vocabulary
}

func (v *vocabularies) get(path string, o LoadOptions, open func() (Vocabulary, error)) (Vocabulary, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if key := (slotKey{path, o}); v.kept == nil || v.key != key {
		kept, err := open()
		if err != nil {
			return nil, err
		}
		v.key, v.kept = key, kept
	}
	return v.kept, nil
}

// State is everything a user interface needs to start.
func (c *Core) State(ctx context.Context, face string) (State, error) {
	models, err := c.Models()
	if err != nil {
		return State{}, err
	}
	chats, err := c.Chats.List(ctx)
	if err != nil {
		return State{}, err
	}
	s := State{
		Version: c.version, Platform: runtime.GOOS + "/" + runtime.GOARCH, Face: face, Home: c.home,
		Settings: c.Settings(), Models: models, Chats: chats, StarterMissing: true,
	}
	able, writing := 0, 0
	for _, m := range models {
		if m.Loaded && s.LoadedModel == "" {
			s.LoadedModel = m.Ref
		}
		if m.Starter {
			s.StarterMissing = false
		}
		if m.Problem == "" {
			able++
			if !m.Embeds {
				writing++
			}
		}
	}
	switch {
	case len(models) == 0:
		s.Hint = "There is no model on this machine yet. Import a GGUF file, or download one from the catalogue."
	case able == 0:
		s.Hint = "None of the models on this machine can be used; the list of models says why."
	case writing == 0:
		s.Hint = "The models on this machine make vectors for searching and cannot chat. Download one from the catalogue that writes."
	}
	return s, nil
}

// DefaultModel is the model for new chats: the user's choice, else the
// starter, else any that writes; "" if there is none.
func (c *Core) DefaultModel() (string, error) {
	models, err := c.Models()
	if err != nil {
		return "", err
	}
	chosen, best := c.Settings().DefaultModel, ""
	for _, m := range models {
		if m.Problem != "" || m.Embeds {
			continue
		}
		if m.Ref == chosen {
			return m.Ref, nil
		}
		if best == "" || m.Starter {
			best = m.Ref
		}
	}
	return best, nil
}

// NewChat starts an empty chat with the settings' defaults and the model's own;
// model "" takes the default model.
func (c *Core) NewChat(ctx context.Context, model string) (chat.Chat, error) {
	return c.newChat(ctx, model, c.Chats.Create)
}

func (c *Core) newChat(ctx context.Context, model string, create func(ctx context.Context, model, system string, sampling chat.Sampling) (chat.Chat, error)) (chat.Chat, error) {
	if model == "" {
		var err error
		if model, err = c.DefaultModel(); err != nil {
			return chat.Chat{}, err
		}
	}
	s := c.Settings()
	if model == "" { // there is none yet
		return create(ctx, "", s.System, s.Sampling)
	}
	m, err := c.writer(model)
	if err != nil {
		return chat.Chat{}, err
	}
	system, sampling := chatDefaults(m, s)
	return create(ctx, m.Ref, system, sampling)
}

// writer finds a model that can answer in a chat.
func (c *Core) writer(ref string) (library.Model, error) {
	m, err := c.library.Find(ref)
	if err != nil {
		return library.Model{}, err
	}
	if _, err := usable(m); err != nil {
		return library.Model{}, err
	}
	if m.Embeds {
		return library.Model{}, fmt.Errorf("%s makes vectors for searching and writes no text; choose another model for the chat", m.Ref)
	}
	return m, nil
}
