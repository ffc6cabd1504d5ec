package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"freehold/app/store"
	"freehold/models/network"
)

const (
	requestsKept  = 5000                  // in the data folder
	requestsShown = 1000                  // by NetworkLog
	requestsPause = 30 * time.Millisecond // that a request waits for others to be written with it
	switchAge     = time.Second           // after which the switch is looked up again while it is asked for
)

// newGate opens the only way to the network, as the settings say at any time.
func (c *Core) newGate() *network.Gate {
	return network.New(network.Options{
		Allowed: c.networkAllowed,
		Proxy:   func() string { return c.Settings().Proxy },
		CAFile:  func() string { return c.Settings().CAFile },
		Limit:   func() int64 { return c.Settings().BandwidthLimit },
		Log:     func(r network.Request) { c.emit("network", c.requests.note(r)) },
	})
}

// networkAllowed is the switch. Another process may have turned it, a terminal
// beside the window; so while it is being asked it is looked up now and then.
func (c *Core) networkAllowed() bool {
	now := time.Now().UnixMilli()
	if last := c.switchSeen.Load(); now-last > switchAge.Milliseconds() && c.switchSeen.CompareAndSwap(last, now) {
		c.rereadSettings()
	}
	return c.Settings().NetworkAllowed
}

// NetworkLog lists the requests that were made from this data folder, the
// newest first.
func (c *Core) NetworkLog(ctx context.Context) ([]NetworkRequest, error) {
	c.requests.flush()
	rows, err := c.store.Requests(ctx, requestsShown)
	if err != nil {
		return nil, err
	}
	all := make([]NetworkRequest, 0, len(rows))
	for _, row := range rows {
		var r NetworkRequest
		if json.Unmarshal(row, &r) != nil {
			continue
		}
		if !r.Ended && r.ID < c.requests.base {
			r.Ended, r.Error = true, "it is not known how this ended: another run of Freehold began it"
		}
		all = append(all, r)
	}
	return all, nil
}

// requestLog keeps requests in the data folder, some at a time: nobody who
// sends one waits for the disk.
type requestLog struct {
	store *store.Store
	log   *slog.Logger
	base  int64 // makes ids that other runs and processes do not use

	mu      sync.Mutex
	pending map[int64]json.RawMessage
	later   *time.Timer
	turn    sync.Mutex // one write at a time
}

func newRequestLog(s *store.Store, log *slog.Logger) *requestLog {
	return &requestLog{store: s, log: log, base: time.Now().UnixMicro(), pending: map[int64]json.RawMessage{}}
}

// note keeps r, which may have been noted before it ended.
func (l *requestLog) note(r network.Request) NetworkRequest {
	r.ID += l.base
	n := NetworkRequest(r)
	b, err := json.Marshal(n)
	if err != nil {
		l.log.Error("request not logged", "error", err)
		return n
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending[n.ID] = b
	if l.later == nil {
		l.later = time.AfterFunc(requestsPause, l.flush)
	}
	return n
}

// flush writes what is pending.
func (l *requestLog) flush() {
	l.turn.Lock()
	defer l.turn.Unlock()
	l.mu.Lock()
	batch := l.pending
	l.pending = map[int64]json.RawMessage{}
	if l.later != nil {
		l.later.Stop()
		l.later = nil
	}
	l.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	if err := l.store.SaveRequests(context.Background(), batch, requestsKept); err != nil {
		l.log.Error("requests not logged", "error", err)
	}
}
