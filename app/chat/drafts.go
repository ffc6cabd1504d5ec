package chat

import (
	"context"
	"time"
)

// Draft is what was written in a chat and not sent yet.
type Draft struct {
	ChatID   string `json:"chatId"` // "": the chat that does not exist yet
	Text     string `json:"text"`
	EditedAt int64  `json:"editedAt"` // ms since 1970: the last key
}

// Drafts lists all drafts.
func (s *Service) Drafts(ctx context.Context) ([]Draft, error) { return s.store.Drafts(ctx) }

// SaveDraft keeps a draft, unless a newer one of the same chat is kept. It
// returns the one that is kept then, so that two pages agree. The draft of a
// temporary chat stays in memory.
func (s *Service) SaveDraft(ctx context.Context, d Draft) (Draft, error) {
	if err := checkText(d.Text); err != nil {
		return d, err
	}
	if d.ChatID != "" { // a temporary chat of another run is gone, and so must be what is written in it
		if _, err := s.store.ChangeChat(ctx, d.ChatID, Change{}); err != nil {
			return d, err
		}
	}
	d.EditedAt = min(d.EditedAt, time.Now().UnixMilli()) // a clock that is ahead must not win for long
	kept, err := s.store.SaveDraft(ctx, d)
	if err == nil && kept == d {
		s.emit("draft", kept)
	}
	return kept, err
}
