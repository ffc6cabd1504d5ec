package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"freehold/app/chat"
	"freehold/app/document"
	"freehold/engine/hardware"
)

// Activity is what goes on now, and what long work has ended in this session.
// Downloads, documents and work on models tell of themselves by events.
type Activity struct {
	At              int64          `json:"at"` // ms since 1970
	Writings        []chat.Writing `json:"writings"`
	Models          []LoadedModel  `json:"models"`
	Processes       []Process      `json:"processes"` // this one and its children; empty where that cannot be told
	MemoryTotal     int64          `json:"memoryTotal"`
	MemoryAvailable int64          `json:"memoryAvailable"`
	Porting         *PortingEvent  `json:"porting"`  // what is imported, exported, backed up or restored; null for nothing
	Finished        []Finished     `json:"finished"` // the newest first
}

// LoadedModel is a model that is in memory, or on its way there.
type LoadedModel struct {
	Ref     string `json:"ref"`
	State   string `json:"state"` // loading, used, idle
	Users   int    `json:"users"` // answers and others that have it now
	Weights int64  `json:"weights"`
	KV      int64  `json:"kv"` // of the KV cache when it is full
	KVType  string `json:"kvType"`
	Context int    `json:"context"` // tokens
	Embeds  bool   `json:"embeds"`
}

// Process is a running program that belongs to Freehold. Memory that several
// share is counted in parts (PSS), so that the sum is true.
type Process struct {
	PID   int    `json:"pid"`
	Name  string `json:"name"`
	Own   bool   `json:"own"`   // this program itself, not a child of it
	Bytes int64  `json:"bytes"` // in memory
	Files int64  `json:"files"` // of those, pages of files such as weights, which the system may take back
}

// Finished is long work that has ended.
type Finished struct {
	ID    int    `json:"id"`
	Kind  string `json:"kind"`  // answer, download, verify, move, bundle, document, import, export, backup, restore
	Name  string `json:"name"`  // of the model, file or folder
	State string `json:"state"` // done, failed, cancelled
	Error string `json:"error"`
	Chat  string `json:"chat"`  // of an answer
	Began int64  `json:"began"` // ms since 1970
	Ended int64  `json:"ended"` // ms since 1970
}

// Activity tells what goes on now.
func (c *Core) Activity(ctx context.Context) Activity {
	total, available := hardware.Memory(ctx)
	return Activity{
		At: time.Now().UnixMilli(), Writings: c.Chats.Writings(), Models: c.pool.inMemory(), Processes: processes(),
		MemoryTotal: total, MemoryAvailable: available, Porting: c.finished.ported(), Finished: c.finished.list(),
	}
}

// inMemory lists the models of the pool by name.
func (p *pool) inMemory() []LoadedModel {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]LoadedModel, 0, len(p.slots))
	for _, s := range p.slots {
		m := LoadedModel{Ref: s.ref, Users: s.users, State: "loading"}
		select {
		case <-s.ready:
			if s.err != nil {
				continue
			}
			i := s.weights.Info()
			m.Weights, m.KV, m.KVType, m.Context, m.Embeds = i.FileBytes, i.KVBytes, i.KVType, i.ContextLength, i.Embeds
			if m.State = "idle"; s.users > 0 {
				m.State = "used"
			}
		default:
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b LoadedModel) int {
		if a.Ref < b.Ref {
			return -1
		}
		return 1
	})
	return all
}

const finishedKept = 200

// finishedLog remembers long work of this session by what is announced of it.
type finishedLog struct {
	mu      sync.Mutex
	began   map[string]int64 // by kind and name: what runs now
	ended   []Finished       // the oldest first
	last    int
	porting *PortingEvent // nil: nothing is imported or exported
}

// hear takes note of an event, if it is about long work.
func (l *finishedLog) hear(data any) {
	switch e := data.(type) {
	case chat.Message:
		state := map[chat.Status]string{chat.Streaming: StateRunning, chat.Complete: StateDone, chat.Failed: StateFailed, chat.Stopped: StateCancelled}[e.Status]
		if e.Role == chat.Assistant {
			l.note(e.ID, Finished{Kind: "answer", Name: e.Model, State: state, Error: e.Error, Chat: e.ChatID})
		}
	case Download:
		l.note(e.Ref, Finished{Kind: "download", Name: e.Name, State: e.State, Error: e.Error})
	case VerifyEvent:
		l.note(e.Ref, Finished{Kind: "verify", Name: e.Ref, State: e.State, Error: e.Error})
	case MoveEvent:
		l.note(e.Dir, Finished{Kind: "move", Name: e.Dir, State: e.State, Error: e.Error})
	case BundleEvent:
		l.note(e.Dir, Finished{Kind: "bundle", Name: e.Dir, State: e.State, Error: e.Error})
	case PortingEvent:
		l.mu.Lock()
		l.porting = nil
		if e.State == StateRunning {
			l.porting = &e
		}
		l.mu.Unlock()
		if e.Job != "preview" {
			l.note("", Finished{Kind: e.Job, State: e.State})
		}
	case document.Document:
		state := StateRunning
		switch e.State {
		case document.Ready:
			state = StateDone
		case document.Failed:
			state = StateFailed
		case document.Queued, document.Paused:
			return
		}
		l.note(e.ID, Finished{Kind: "document", Name: e.Name, State: state, Error: e.Receipt.Error})
	}
}

// note remembers that work began, and when it has ended, that it did: what was
// not seen to begin is old news.
func (l *finishedLog) note(id string, f Finished) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, now := f.Kind+" "+id, time.Now().UnixMilli()
	began, running := l.began[key]
	switch f.State {
	case StateDone, StateFailed, StateCancelled:
		if !running {
			return
		}
		delete(l.began, key)
		l.last++
		f.ID, f.Began, f.Ended = l.last, began, now
		l.ended = append(l.ended, f)
		l.ended = l.ended[max(0, len(l.ended)-finishedKept):]
	default:
		if !running {
			if l.began == nil {
				l.began = map[string]int64{}
			}
			l.began[key] = now
		}
	}
}

// ported is what is imported or exported now; nil for nothing.
func (l *finishedLog) ported() *PortingEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.porting
}

func (l *finishedLog) list() []Finished {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Clone(l.ended)
	slices.Reverse(all)
	if all == nil {
		all = []Finished{}
	}
	return all
}
