package app

import (
	"context"
	"errors"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"freehold/engine/hardware"
	"freehold/engine/profile"
)

const (
	profileDelay = 2 * time.Second // after the start: the window comes first
	profileAgain = 5 * time.Second // before looking again whether the machine is idle
)

// measured is the machine's profile, once it was measured.
type measured struct {
	measure func(context.Context) (profile.Profile, error)
	path    string

	turn sync.Mutex // one measurement at a time

	mu   sync.Mutex
	read bool
	kept *profile.Profile
}

func newMeasured(home string, measure func(context.Context) (profile.Profile, error)) *measured {
	if measure == nil {
		measure = func(ctx context.Context) (profile.Profile, error) { return profile.Measure(ctx, 0) }
	}
	return &measured{measure: measure, path: filepath.Join(home, "cache", "profile.json")}
}

// get returns the profile that was kept for this machine; nil if there is none.
func (m *measured) get(ctx context.Context) *profile.Profile {
	if p, ok := m.known(); ok {
		return p
	}
	p, err := profile.Load(m.path, profile.Key(hardware.Probe(ctx)))
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.read && ctx.Err() == nil {
		if m.read = true; err == nil {
			m.kept = &p
		}
	}
	return m.kept
}

// known returns what get would, if that is known without looking at the
// machine, which takes a while the first time.
func (m *measured) known() (p *profile.Profile, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept, m.read
}

// take measures the machine and keeps the result.
func (m *measured) take(ctx context.Context) (profile.Profile, error) {
	m.turn.Lock()
	defer m.turn.Unlock()
	p, err := m.measure(ctx)
	debug.FreeOSMemory() // what was measured with is large, and is not needed again
	if err != nil {
		return profile.Profile{}, err
	}
	m.mu.Lock()
	m.read, m.kept = true, &p
	m.mu.Unlock()
	return p, p.Save(m.path)
}

// MeasureProfile measures the machine anew. It takes some seconds, in which it
// needs all of the processor.
func (c *Core) MeasureProfile(ctx context.Context) (Profile, error) {
	if c.pool.busy() {
		return Profile{}, errors.New("an answer is being written; measure when it is done")
	}
	p, err := c.profile.take(ctx)
	if err != nil {
		return Profile{}, err
	}
	c.emit("profile", shown(p))
	c.announceModels() // their speeds
	return shown(p), nil
}

func shown(p profile.Profile) Profile {
	return Profile{ReadBytesPerSecond: p.Read, Int8OpsPerSecond: p.Int8, Threads: p.Threads, MeasuredAt: p.MeasuredAt}
}

// measureSoon takes the profile of a machine that has none, when it is idle.
func (c *Core) measureSoon() {
	c.work.background(func(ctx context.Context) {
		for pause := profileDelay; ; pause = profileAgain {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			if c.profile.get(ctx) != nil {
				return
			}
			if c.pool.busy() || c.downloads.busy() {
				continue
			}
			if _, err := c.MeasureProfile(ctx); err != nil && ctx.Err() == nil {
				c.log.Warn("this machine was not measured, so speeds are not predicted", "error", err)
			}
			return
		}
	})
}
