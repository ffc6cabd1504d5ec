package chat

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// memory is a store whose temporary chats are kept here and nowhere else; all
// others are in the one behind it.
type memory struct {
	Store
	mu    sync.Mutex
	chats map[string]*kept
}

type kept struct {
	Chat
	deleted bool
	removed map[string][]Message // branches in the bin, by the message that was removed
	draft   Draft
	queue   Queue
}

func newMemory(behind Store) *memory { return &memory{Store: behind, chats: map[string]*kept{}} }

// with runs f on a temporary chat; false if there is no such one.
func (m *memory) with(id string, f func(*kept)) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.chats[id]
	if ok {
		f(k)
	}
	return ok
}

func (m *memory) CreateChat(ctx context.Context, c Chat) error {
	if !c.Temporary {
		return m.Store.CreateChat(ctx, c)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.chats[c.ID] = &kept{Chat: c}
	return nil
}

func (m *memory) Chats(ctx context.Context) ([]Summary, error) {
	all, err := m.Store.Chats(ctx)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.chats {
		if !k.deleted {
			all = append(all, k.Summary)
		}
	}
	slices.SortStableFunc(all, func(a, b Summary) int { return int(b.UpdatedAt - a.UpdatedAt) })
	return all, nil
}

func (m *memory) Chat(ctx context.Context, id string) (Chat, error) {
	var c Chat
	err := error(nil)
	if m.with(id, func(k *kept) {
		if k.deleted {
			err = ErrNotFound
		}
		c = k.Chat
		c.Messages = slices.Clone(c.Messages)
	}) {
		return c, err
	}
	return m.Store.Chat(ctx, id)
}

func (m *memory) ChangeChat(ctx context.Context, id string, c Change) (Summary, error) {
	var sum Summary
	err := error(nil)
	if m.with(id, func(k *kept) {
		if k.deleted {
			err = ErrNotFound
			return
		}
		set(&k.Title, c.Title)
		set(&k.TitledBy, c.TitledBy)
		set(&k.Model, c.Model)
		set(&k.System, c.System)
		set(&k.Leaf, c.Leaf)
		set(&k.Pinned, c.Pinned)
		set(&k.Archived, c.Archived)
		set(&k.Folder, c.Folder)
		set(&k.Tags, c.Tags)
		set(&k.Sampling, c.Sampling)
		set(&k.Sources, c.Sources)
		sum = k.Summary
	}) {
		return sum, err
	}
	return m.Store.ChangeChat(ctx, id, c)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func (m *memory) DeleteChat(ctx context.Context, id string) error {
	if m.with(id, func(k *kept) { k.deleted = true }) {
		return nil
	}
	return m.Store.DeleteChat(ctx, id)
}

func (m *memory) RestoreChat(ctx context.Context, id string) (Summary, error) {
	var sum Summary
	if m.with(id, func(k *kept) {
		k.deleted = false
		sum = k.Summary
	}) {
		return sum, nil
	}
	return m.Store.RestoreChat(ctx, id)
}

func (m *memory) AddMessages(ctx context.Context, id string, msgs ...Message) (Summary, error) {
	if len(msgs) == 0 {
		return Summary{}, errors.New("no message to add")
	}
	var sum Summary
	if m.with(id, func(k *kept) {
		k.Messages = append(slices.Clone(k.Messages), msgs...)
		k.Leaf, k.UpdatedAt = msgs[len(msgs)-1].ID, time.Now().UnixMilli()
		sum = k.Summary
	}) {
		return sum, nil
	}
	return m.Store.AddMessages(ctx, id, msgs...)
}

func (m *memory) SaveMessage(ctx context.Context, msg Message) error {
	found := false
	if m.with(msg.ChatID, func(k *kept) {
		k.Messages = slices.Clone(k.Messages)
		for i := range k.Messages {
			if k.Messages[i].ID == msg.ID {
				k.Messages[i], found = msg, true
			}
		}
	}) {
		if !found {
			return ErrNotFound
		}
		return nil
	}
	return m.Store.SaveMessage(ctx, msg)
}

func (m *memory) RemoveBranch(ctx context.Context, id, root string, ids []string, leaf string) (Summary, error) {
	var sum Summary
	if m.with(id, func(k *kept) {
		if k.removed == nil {
			k.removed = map[string][]Message{}
		}
		var left []Message
		for _, msg := range k.Messages {
			if slices.Contains(ids, msg.ID) {
				k.removed[root] = append(k.removed[root], msg)
			} else {
				left = append(left, msg)
			}
		}
		k.Messages, k.Leaf = left, leaf
		sum = k.Summary
	}) {
		return sum, nil
	}
	return m.Store.RemoveBranch(ctx, id, root, ids, leaf)
}

func (m *memory) RestoreBranch(ctx context.Context, id, root, leaf string) (Summary, error) {
	var sum Summary
	err := error(nil)
	if m.with(id, func(k *kept) {
		back := k.removed[root]
		if len(back) == 0 {
			err = ErrNotFound
			return
		}
		if _, ok := find(k.Messages, back[0].ParentID); !ok && back[0].ParentID != "" {
			err = ErrNotFound
			return
		}
		delete(k.removed, root)
		k.Messages = append(slices.Clone(k.Messages), back...)
		slices.SortFunc(k.Messages, func(a, b Message) int { return strings.Compare(a.ID, b.ID) }) // identifiers grow with time
		k.Leaf = leaf
		sum = k.Summary
	}) {
		return sum, err
	}
	return m.Store.RestoreBranch(ctx, id, root, leaf)
}

func (m *memory) SaveTrials(ctx context.Context, msgs ...Message) error {
	for _, msg := range msgs {
		if !m.with(msg.ChatID, func(k *kept) {
			k.Messages = slices.Clone(k.Messages)
			for i := range k.Messages {
				if k.Messages[i].ID == msg.ID {
					k.Messages[i].Trial = msg.Trial
				}
			}
		}) {
			return m.Store.SaveTrials(ctx, msgs...)
		}
	}
	return nil
}

// FindMessages puts what temporary chats hold before the others.
func (m *memory) FindMessages(ctx context.Context, query string, limit int) ([]Found, error) {
	found, err := m.Store.FindMessages(ctx, query, limit)
	words := Words(query)
	if err != nil || len(words) == 0 {
		return found, err
	}
	holds := func(text string) bool {
		hits := hitsOf([]rune(text), words)
		return len(hits) > 0
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.chats {
		if k.deleted {
			continue
		}
		for _, msg := range k.Messages {
			if msg.Status != Streaming && holds(msg.Content) {
				found = append([]Found{{Chat: k.Summary, MessageID: msg.ID, Role: msg.Role, CreatedAt: msg.CreatedAt, Text: msg.Content}}, found...)
			}
		}
	}
	return found[:min(len(found), limit)], nil
}

// SearchChats finds temporary chats too.
func (m *memory) SearchChats(ctx context.Context, query string, limit int) ([]Summary, error) {
	found, err := m.Store.SearchChats(ctx, query, limit)
	words := Words(query)
	if err != nil || len(words) == 0 {
		return found, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.chats {
		text := []string{k.Title}
		for _, msg := range k.Messages {
			text = append(text, msg.Content)
		}
		if !k.deleted && len(hitsOf([]rune(strings.Join(text, "\n")), words)) > 0 {
			found = append([]Summary{k.Summary}, found...)
		}
	}
	return found, nil
}

func (m *memory) Drafts(ctx context.Context) ([]Draft, error) {
	all, err := m.Store.Drafts(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.chats {
		if k.draft.Text != "" && !k.deleted {
			all = append(all, k.draft)
		}
	}
	return all, err
}

func (m *memory) SaveDraft(ctx context.Context, d Draft) (Draft, error) {
	if m.with(d.ChatID, func(k *kept) {
		if d.EditedAt >= k.draft.EditedAt {
			k.draft = d
		}
		d = k.draft
	}) {
		return d, nil
	}
	return m.Store.SaveDraft(ctx, d)
}

func (m *memory) Queues(ctx context.Context) ([]Queue, error) {
	all, err := m.Store.Queues(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.chats {
		if len(k.queue.Items) > 0 && !k.deleted {
			all = append(all, k.queue)
		}
	}
	return all, err
}

func (m *memory) Queue(ctx context.Context, id string) (Queue, error) {
	var q Queue
	if m.with(id, func(k *kept) {
		q = Queue{ChatID: id, Items: append([]Queued{}, k.queue.Items...), Held: k.queue.Held}
	}) {
		return q, nil
	}
	return m.Store.Queue(ctx, id)
}

func (m *memory) SaveQueue(ctx context.Context, q Queue) error {
	if m.with(q.ChatID, func(k *kept) {
		k.queue = q
		k.queue.Items = slices.Clone(q.Items)
	}) {
		return nil
	}
	return m.Store.SaveQueue(ctx, q)
}

// release ends the temporary state of a chat: it goes to the store behind.
func (m *memory) release(ctx context.Context, id string) (Summary, error) {
	m.mu.Lock()
	defer m.mu.Unlock() // answers that grow meanwhile wait
	k, ok := m.chats[id]
	if !ok || k.deleted {
		return Summary{}, ErrNotFound
	}
	c := k.Chat
	c.Temporary = false
	if err := m.Store.CreateChat(ctx, c); err != nil {
		return Summary{}, err
	}
	delete(m.chats, id)
	if k.draft.Text != "" {
		if _, err := m.Store.SaveDraft(ctx, k.draft); err != nil {
			return c.Summary, err
		}
	}
	if len(k.queue.Items) > 0 {
		if err := m.Store.SaveQueue(ctx, k.queue); err != nil {
			return c.Summary, err
		}
	}
	return c.Summary, nil
}

// Keep makes a temporary chat one like all others.
func (s *Service) Keep(ctx context.Context, id string) (Summary, error) {
	sum, err := s.store.release(ctx, id)
	if err != nil {
		return sum, err
	}
	sum = s.mark(sum)
	s.emit("chat", sum)
	return sum, nil
}
