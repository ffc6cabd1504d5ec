package network

import (
	"slices"
	"sync"
	"time"
)

// kept is how many records Recent has.
const kept = 500

// record keeps what was requested, bounded.
type record struct {
	told func(Request)
	mu   sync.Mutex
	last int64 // ID
	all  []*entry
}

// entry is a Request that may be under way.
type entry struct {
	Request
	began time.Time
}

// begin notes a request that is about to be sent.
func (r *record) begin(q Request) *entry {
	now := time.Now()
	q.Time = now.UnixMilli()
	r.mu.Lock()
	r.last++
	q.ID = r.last
	e := &entry{Request: q, began: now}
	if len(r.all) >= kept {
		r.all = slices.Delete(r.all, 0, len(r.all)-kept+1)
	}
	r.all = append(r.all, e)
	r.mu.Unlock()
	r.tell(q)
	return e
}

// update changes an entry.
func (r *record) update(e *entry, change func(*Request)) {
	r.mu.Lock()
	change(&e.Request)
	r.mu.Unlock()
}

// end completes an entry; the second call does nothing.
func (r *record) end(e *entry, change func(*Request)) {
	r.mu.Lock()
	if e.Ended {
		r.mu.Unlock()
		return
	}
	change(&e.Request)
	e.Ended, e.Milliseconds = true, time.Since(e.began).Milliseconds()
	q := e.Request
	r.mu.Unlock()
	r.tell(q)
}

func (r *record) tell(q Request) {
	if r.told != nil {
		r.told(q)
	}
}

func (r *record) recent() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Request, 0, len(r.all))
	for _, e := range slices.Backward(r.all) {
		q := e.Request
		if !q.Ended {
			q.Milliseconds = time.Since(e.began).Milliseconds()
		}
		all = append(all, q)
	}
	return all
}
