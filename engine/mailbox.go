package engine

import (
	"iter"
	"sync"
)

// mailbox hands values from the scheduler's goroutine to a caller's. Putting
// never waits: a caller that is slow to read must not stop everyone's step. It
// holds at most what one sequence can bring forth, which the context bounds.
type mailbox[T any] struct {
	mu     sync.Mutex
	filled sync.Cond
	values []T
	closed bool
}

func newMailbox[T any]() *mailbox[T] {
	m := &mailbox[T]{}
	m.filled.L = &m.mu
	return m
}

func (m *mailbox[T]) put(v T) {
	m.mu.Lock()
	m.values = append(m.values, v)
	m.mu.Unlock()
	m.filled.Signal()
}

// close ends all once it has yielded what was put.
func (m *mailbox[T]) close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.filled.Signal()
}

// all yields the values in order until the mailbox is closed and empty.
func (m *mailbox[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			m.mu.Lock()
			for len(m.values) == 0 && !m.closed {
				m.filled.Wait()
			}
			values := m.values
			m.values = nil
			m.mu.Unlock()
			if len(values) == 0 {
				return
			}
			for _, v := range values {
				if !yield(v) {
					return
				}
			}
		}
	}
}
