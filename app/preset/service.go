package preset

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
)

// ErrNotFound answers a question about a preset that is not there.
var ErrNotFound = errors.New("this preset no longer exists")

// Store keeps presets.
type Store interface {
	Presets(ctx context.Context) ([]Preset, error)                // the oldest first
	SavePresets(ctx context.Context, all ...Preset) error         // all or none
	DeletePreset(ctx context.Context, id string) error            // can be restored; ErrNotFound
	RestorePreset(ctx context.Context, id string) (Preset, error) // ErrNotFound
}

// Gone is the data of the event presetRemoved.
type Gone struct {
	ID string `json:"id"`
}

// Shelf is what a user can do with presets. It is safe for concurrent use.
type Shelf struct {
	store Store
	emit  func(name string, data any)
	mu    sync.Mutex // one change at a time
}

// NewShelf makes a shelf; changes are announced through emit.
func NewShelf(store Store, emit func(name string, data any)) *Shelf {
	return &Shelf{store: store, emit: emit}
}

// List returns all presets, the oldest first.
func (s *Shelf) List(ctx context.Context) ([]Preset, error) { return s.store.Presets(ctx) }

// Save keeps a preset, a new one if it has no ID.
func (s *Shelf) Save(ctx context.Context, p Preset) (Preset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.keep(ctx, p)
	if err != nil {
		return p, err
	}
	return all[0], nil
}

// Import keeps the presets of a file beside those that are there.
func (s *Shelf) Import(ctx context.Context, text string) ([]Preset, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := Import([]byte(text))
	if err != nil {
		return nil, err
	}
	return s.keep(ctx, all...)
}

// Export writes the presets with these IDs as JSON.
func (s *Shelf) Export(ctx context.Context, ids []string) ([]byte, error) {
	all, err := s.store.Presets(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]Preset{}
	for _, p := range all {
		byID[p.ID] = p
	}
	var chosen []Preset
	for _, id := range ids {
		p, ok := byID[id]
		if !ok {
			return nil, ErrNotFound
		}
		chosen = append(chosen, p)
	}
	return Export(chosen)
}

func (s *Shelf) keep(ctx context.Context, all ...Preset) ([]Preset, error) {
	for i, p := range all {
		if len(p.ID) > 100 {
			return nil, ErrNotFound
		}
		p, err := p.Checked()
		if err != nil {
			return nil, err
		}
		if p.ID == "" {
			p.ID = uuid.Must(uuid.NewV7()).String()
		}
		if p.CreatedAt == 0 {
			p.CreatedAt = time.Now().UnixMilli()
		}
		all[i] = p
	}
	if err := s.store.SavePresets(ctx, all...); err != nil {
		return nil, err
	}
	for _, p := range all {
		s.emit("preset", p)
	}
	return all, nil
}

// Delete puts a preset away; Restore brings it back.
func (s *Shelf) Delete(ctx context.Context, id string) error {
	if err := s.store.DeletePreset(ctx, id); err != nil {
		return err
	}
	s.emit("presetRemoved", Gone{id})
	return nil
}

// Restore undoes Delete.
func (s *Shelf) Restore(ctx context.Context, id string) (Preset, error) {
	p, err := s.store.RestorePreset(ctx, id)
	if err == nil {
		s.emit("preset", p)
	}
	return p, err
}
