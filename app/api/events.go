package api

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	eventQueue    = 4096             // events a client may lag behind before it is dropped
	maxClients    = 64               // event streams at once
	heartbeat     = 15 * time.Second // keeps proxies and dead connections from going unnoticed
	writeDeadline = 20 * time.Second // for one event
)

// Events passes the application's events on to browsers.
type Events struct {
	log *slog.Logger

	mu      sync.Mutex
	clients map[chan []byte]struct{}
	closed  bool
}

// NewEvents makes an emitter without listeners.
func NewEvents(log *slog.Logger) *Events {
	return &Events{log: log, clients: map[chan []byte]struct{}{}}
}

// Emit sends an event to all browsers. It never blocks: a browser that lags far
// behind loses its stream, connects again, and asks for the whole state.
func (e *Events) Emit(name string, data any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.clients) == 0 {
		return
	}
	b, err := json.Marshal(struct {
		Name string `json:"name"`
		Data []any  `json:"data"`
	}{name, []any{data}})
	if err != nil {
		e.log.Error("event not sent", "name", name, "error", err)
		return
	}
	for c := range e.clients {
		select {
		case c <- b:
		default:
			close(c)
			delete(e.clients, c)
		}
	}
}

func (e *Events) join() (chan []byte, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || len(e.clients) >= maxClients {
		return nil, false
	}
	c := make(chan []byte, eventQueue)
	e.clients[c] = struct{}{}
	return c, true
}

func (e *Events) leave(c chan []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.clients[c]; ok {
		delete(e.clients, c)
		close(c)
	}
}

// close ends all streams.
func (e *Events) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for c := range e.clients {
		close(c)
		delete(e.clients, c)
	}
}

// ServeHTTP is an endless stream of server-sent events.
func (e *Events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, ok := e.join()
	if !ok {
		http.Error(w, "too many open windows", http.StatusServiceUnavailable)
		return
	}
	defer e.leave(c)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	rc := http.NewResponseController(w)
	send := func(parts ...string) bool {
		if err := rc.SetWriteDeadline(time.Now().Add(writeDeadline)); err != nil {
			return false
		}
		for _, p := range parts {
			if _, err := w.Write([]byte(p)); err != nil {
				return false
			}
		}
		return rc.Flush() == nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	if !send("retry: 500\n: hello\n\n") {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			if !send(": beat\n\n") {
				return
			}
		case b, open := <-c:
			if !open || !send("data: ", string(b), "\n\n") {
				return
			}
		}
	}
}
