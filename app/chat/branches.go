package chat

import (
	"context"
	"errors"
	"time"
)

// BranchEvent says that messages of a chat came or went, so that whoever shows
// it reads it anew.
type BranchEvent struct {
	ChatID string `json:"chatId"`
}

// RemoveBranch puts a message away with all that follows it, and shows what is
// next to it; a question goes with its only answer. It returns the chat as it
// is then and the message that RestoreBranch takes.
func (s *Service) RemoveBranch(ctx context.Context, id, messageID string) (Chat, string, error) {
	c, err := s.store.Chat(ctx, id)
	if err != nil {
		return c, "", err
	}
	root, ok := find(c.Messages, messageID)
	if !ok {
		return c, "", errors.New("this message no longer exists")
	}
	if parent, ok := find(c.Messages, root.ParentID); ok && root.Role == Assistant && len(children(c.Messages, parent.ID)) == 1 {
		root = parent
	}
	gone := below(c.Messages, root.ID)
	var ids []string
	var left []Message
	for _, m := range c.Messages {
		if !gone[m.ID] {
			left = append(left, m)
			continue
		}
		if m.Status == Streaming {
			return c, "", errors.New("an answer is being written in this branch; wait, or stop it first")
		}
		ids = append(ids, m.ID)
	}
	leaf := c.Leaf
	if gone[leaf] {
		leaf = newest(left, root.ParentID)
	}
	if c.Summary, err = s.store.RemoveBranch(ctx, id, root.ID, ids, leaf); err != nil {
		return c, "", err
	}
	c.Messages = append([]Message{}, left...)
	c.Summary = s.mark(c.Summary)
	s.emit("chat", c.Summary)
	s.emit("branch", BranchEvent{id})
	return c, root.ID, nil
}

// RestoreBranch undoes RemoveBranch and shows leaf, which was shown before.
func (s *Service) RestoreBranch(ctx context.Context, id, messageID, leaf string) (Chat, error) {
	if _, err := s.store.RestoreBranch(ctx, id, messageID, leaf); err != nil {
		if errors.Is(err, ErrNotFound) {
			err = errors.New("this branch cannot be brought back: what it follows is gone too")
		}
		return Chat{}, err
	}
	c, err := s.Get(ctx, id)
	if err != nil {
		return c, err
	}
	if _, ok := find(c.Messages, c.Leaf); !ok {
		if c, err = s.Select(ctx, id, messageID); err != nil {
			return c, err
		}
	}
	s.emit("chat", c.Summary)
	s.emit("branch", BranchEvent{id})
	return c, nil
}

// Fork starts a new chat with copies of all messages up to the given one.
func (s *Service) Fork(ctx context.Context, id, messageID string) (Chat, error) {
	old, err := s.store.Chat(ctx, id)
	if err != nil {
		return old, err
	}
	branch := path(old.Messages, messageID)
	if branch == nil && messageID != "" {
		return old, errors.New("this message no longer exists")
	}
	now := time.Now().UnixMilli()
	c := old
	c.ID, c.CreatedAt, c.UpdatedAt, c.Leaf, c.Messages = newID(), now, now, "", []Message{}
	c.Pinned, c.Archived = false, false
	for _, m := range branch {
		if m.Status == Streaming {
			return old, errors.New("this answer is still being written; wait, or stop it first")
		}
		m.ID, m.ChatID, m.ParentID = newID(), c.ID, c.Leaf
		c.Messages = append(c.Messages, m)
		c.Leaf = m.ID
	}
	if err := s.store.CreateChat(ctx, c); err != nil {
		return old, err
	}
	c.Summary = s.mark(c.Summary)
	s.emit("chat", c.Summary)
	return c, nil
}

func children(msgs []Message, id string) []Message {
	var all []Message
	for _, m := range msgs {
		if m.ParentID == id {
			all = append(all, m)
		}
	}
	return all
}

// below is a message and all that follows it. Parents stand before their children.
func below(msgs []Message, id string) map[string]bool {
	all := map[string]bool{id: true}
	for _, m := range msgs {
		if all[m.ParentID] {
			all[m.ID] = true
		}
	}
	return all
}
