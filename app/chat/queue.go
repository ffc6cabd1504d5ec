package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Queue is what waits in a chat until the answer before it has been written.
type Queue struct {
	ChatID string   `json:"chatId"`
	Items  []Queued `json:"items"` // in the order they will be sent
	Held   Hold     `json:"held"`  // why nothing is sent by itself
}

// Queued is a message that waits.
type Queued struct {
	ID        string `json:"id"`
	Text      string `json:"text"`
	CreatedAt int64  `json:"createdAt"` // ms since 1970
}

// Hold says why a queue is not sent.
type Hold string

const (
	Free         Hold = ""        // it is
	HeldByUser   Hold = "user"    // paused
	HeldByStop   Hold = "stopped" // the answer before was stopped
	HeldByError  Hold = "error"   // the answer before failed, or a message could not be sent
	HeldByEnding Hold = "restart" // Freehold ended in between
)

const mostQueued = 50 // messages of a chat

var errNotQueued = errors.New("this message no longer waits; it was sent or removed")

// Queues lists all queues that hold messages.
func (s *Service) Queues(ctx context.Context) ([]Queue, error) { return s.store.Queues(ctx) }

// HoldQueues is called when Freehold starts: what waited then waits for the
// user, who may have forgotten it.
func (s *Service) HoldQueues(ctx context.Context) error {
	all, err := s.store.Queues(ctx)
	if err != nil {
		return err
	}
	for _, q := range all {
		if q.Held == Free {
			q.Held = HeldByEnding
			if err := s.store.SaveQueue(ctx, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// Enqueue lets a message wait at a place of the queue; a negative one is the
// end. Where nothing is being written and nothing held it is sent at once.
func (s *Service) Enqueue(ctx context.Context, id, text string, at int) (Queue, error) {
	if err := checkQuestion(text); err != nil {
		return Queue{}, err
	}
	if _, err := s.store.ChangeChat(ctx, id, Change{}); err != nil {
		return Queue{}, err
	}
	return s.queue(ctx, id, func(q *Queue) error {
		if len(q.Items) >= mostQueued {
			return fmt.Errorf("%d messages wait already; send or remove some first", mostQueued)
		}
		if at < 0 || at > len(q.Items) {
			at = len(q.Items)
		}
		q.Items = slices.Insert(q.Items, at, Queued{newID(), text, time.Now().UnixMilli()})
		return nil
	})
}

// EditQueued changes the text of a message that waits.
func (s *Service) EditQueued(ctx context.Context, id, itemID, text string) (Queue, error) {
	if err := checkQuestion(text); err != nil {
		return Queue{}, err
	}
	return s.queued(ctx, id, itemID, func(q *Queue, at int) { q.Items[at].Text = text })
}

// RemoveQueued takes a message out of the queue.
func (s *Service) RemoveQueued(ctx context.Context, id, itemID string) (Queue, error) {
	return s.queued(ctx, id, itemID, func(q *Queue, at int) { q.Items = slices.Delete(q.Items, at, at+1) })
}

// MoveQueued puts a message at another place of the queue.
func (s *Service) MoveQueued(ctx context.Context, id, itemID string, to int) (Queue, error) {
	return s.queued(ctx, id, itemID, func(q *Queue, at int) { q.move(at, to) })
}

func (q *Queue) move(from, to int) {
	item := q.Items[from]
	q.Items = slices.Insert(slices.Delete(q.Items, from, from+1), min(max(to, 0), len(q.Items)-1), item)
}

// HoldQueue pauses the queue, or lets it go on.
func (s *Service) HoldQueue(ctx context.Context, id string, held bool) (Queue, error) {
	return s.queue(ctx, id, func(q *Queue) error {
		if q.Held = Free; held {
			q.Held = HeldByUser
		}
		return nil
	})
}

// SendQueued sends a message that waits before all others and at once: it stops
// the answer that is being written.
func (s *Service) SendQueued(ctx context.Context, id, itemID string) (Queue, error) {
	q, err := s.queued(ctx, id, itemID, func(q *Queue, at int) {
		q.move(at, 0)
		q.Held = Free
		s.mu.Lock()
		if stop := s.active[id]; stop != nil {
			s.hurried[id] = true
			stop()
		}
		s.mu.Unlock()
	})
	return q, err
}

func (s *Service) queued(ctx context.Context, id, itemID string, change func(q *Queue, at int)) (Queue, error) {
	return s.queue(ctx, id, func(q *Queue) error {
		at := slices.IndexFunc(q.Items, func(i Queued) bool { return i.ID == itemID })
		if at < 0 {
			return errNotQueued
		}
		change(q, at)
		return nil
	})
}

// queue changes a chat's queue, and sends what can be sent.
func (s *Service) queue(ctx context.Context, id string, change func(*Queue) error) (Queue, error) {
	s.queues.Lock()
	defer s.queues.Unlock()
	q, err := s.store.Queue(ctx, id)
	if err != nil {
		return q, err
	}
	if err := change(&q); err != nil {
		return q, err
	}
	if err := s.keepQueue(ctx, &q); err != nil {
		return q, err
	}
	s.sendNext(ctx, &q, "")
	return q, nil
}

func (s *Service) keepQueue(ctx context.Context, q *Queue) error {
	if len(q.Items) == 0 {
		q.Held = Free
	}
	if err := s.store.SaveQueue(ctx, *q); err != nil {
		return err
	}
	out := *q
	out.Items = slices.Clone(q.Items)
	s.emit("queue", out)
	return nil
}

// goOn sends what waits behind the answer m, or holds it where m did not come
// to its end.
func (s *Service) goOn(m Message) {
	s.queues.Lock()
	defer s.queues.Unlock()
	s.mu.Lock()
	busy, hurried := s.active[m.ChatID] != nil, s.hurried[m.ChatID]
	if !busy {
		delete(s.hurried, m.ChatID)
	}
	s.mu.Unlock()
	if busy || s.ctx.Err() != nil {
		return // another answer of a comparison is still written, or Freehold ends
	}
	q, err := s.store.Queue(s.ctx, m.ChatID)
	if err != nil {
		s.log.Error("waiting messages not read", "chat", m.ChatID, "error", err)
		return
	}
	if len(q.Items) == 0 || q.Held != Free {
		return
	}
	switch {
	case hurried || m.Status == Complete:
		s.sendNext(s.ctx, &q, m.ID)
		return
	case m.Status == Stopped:
		q.Held = HeldByStop
	default:
		q.Held = HeldByError
	}
	if err := s.keepQueue(s.ctx, &q); err != nil {
		s.log.Error("waiting messages not held", "chat", m.ChatID, "error", err)
	}
}

// sendNext sends the first message of the queue under the answer parentID (""
// for what is shown) if nothing keeps it from that. It leaves the queue once the
// chat has it, so that a crash in between loses nothing.
func (s *Service) sendNext(ctx context.Context, q *Queue, parentID string) {
	if len(q.Items) == 0 || q.Held != Free {
		return
	}
	s.mu.Lock()
	busy := s.active[q.ChatID] != nil
	s.mu.Unlock()
	if busy || s.ctx.Err() != nil {
		return
	}
	c, err := s.store.Chat(ctx, q.ChatID)
	if err == nil {
		if parentID == "" {
			parentID = c.Leaf
		}
		_, err = s.Send(ctx, q.ChatID, parentID, q.Items[0].Text)
	}
	if err == nil {
		q.Items = slices.Delete(q.Items, 0, 1)
	} else {
		q.Held = HeldByError
		s.log.Error("waiting message not sent", "chat", q.ChatID, "error", err)
	}
	if err := s.keepQueue(ctx, q); err != nil {
		s.log.Error("waiting messages not kept", "chat", q.ChatID, "error", err)
	}
}
