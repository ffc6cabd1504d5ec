package app

import (
	"context"
	"fmt"

	"freehold/app/chat"
)

const (
	settingsKey = "settings"

	maxThreads     = 1024
	leastContext   = 256
	maxContext     = 16 << 20
	maxSystemBytes = 1 << 20
)

func defaultSettings() Settings {
	return Settings{Theme: "system", NetworkAllowed: true, Snapshots: true, Sampling: chat.DefaultSampling(), AdoptOthers: true, ParallelDownloads: 2}
}

// checked returns s ready for use, or says what is wrong with it.
func (s Settings) checked() (Settings, error) {
	switch s.Theme {
	case "system", "light", "dark":
	default:
		return s, fmt.Errorf("the theme can be system, light or dark, not %q", s.Theme)
	}
	if s.Threads < 0 || s.Threads > maxThreads {
		return s, fmt.Errorf("%d threads are not possible; 0 lets Freehold choose", s.Threads)
	}
	if s.ContextLength != 0 && (s.ContextLength < leastContext || s.ContextLength > maxContext) {
		return s, fmt.Errorf("a context of %d tokens is not possible; it must be from %d to %d, or 0 to let Freehold choose", s.ContextLength, leastContext, maxContext)
	}
	if len(s.System) > maxSystemBytes {
		return s, fmt.Errorf("the system prompt is longer than %d bytes", maxSystemBytes)
	}
	var err error
	s.Sampling, err = s.Sampling.Checked()
	return s, err
}

// Settings are the user's present choices.
func (c *Core) Settings() Settings { return *c.settings.Load() }

func (c *Core) readSettings(ctx context.Context) error {
	s := defaultSettings()
	if err := c.store.Setting(ctx, settingsKey, &s); err != nil {
		return err
	}
	s, err := s.checked()
	if err != nil { // by a hand in the database; the user must not be locked out
		c.log.Warn("settings are out of range, using the default ones", "error", err)
		s = defaultSettings()
	}
	c.settings.Store(&s)
	return nil
}

// SaveSettings checks and keeps the user's choices.
func (c *Core) SaveSettings(ctx context.Context, s Settings) (Settings, error) {
	s, err := s.checked()
	if err != nil {
		return Settings{}, err
	}
	c.settingsTurn.Lock()
	defer c.settingsTurn.Unlock()
	if err := c.store.SaveSetting(ctx, settingsKey, s); err != nil {
		return Settings{}, err
	}
	c.settings.Store(&s)
	if err := c.keepSnapshots(s.Snapshots); err != nil {
		return Settings{}, fmt.Errorf("snapshots are switched off, but some could not be removed: %w", err)
	}
	if !s.NetworkAllowed {
		c.downloads.cancelAll()
	}
	c.emit("settings", s)
	return s, nil
}

// Remember keeps a face's own state, such as its window's size, under key.
func (c *Core) Remember(ctx context.Context, key string, v any) error {
	return c.store.SaveSetting(ctx, "face."+key, v)
}

// Recall reads what Remember kept into v; if there is nothing, v stays as it is.
func (c *Core) Recall(ctx context.Context, key string, v any) error {
	return c.store.Setting(ctx, "face."+key, v)
}
