package app

import "freehold/app/chat"

// Compare asks a question under parentID and has it answered in each of the
// ways; with an empty text parentID is the question. It returns what it added.
func (a *App) Compare(chatID, parentID, text string, ways []chat.Way) ([]chat.Message, error) {
	return call(a, func(o *opened) ([]chat.Message, error) {
		for i, w := range ways {
			if w.Model == "" {
				continue
			}
			m, err := o.core.writer(w.Model)
			if err != nil {
				return nil, err
			}
			ways[i].Model = m.Ref
		}
		return o.core.Chats.Compare(o.ctx, chatID, parentID, text, ways)
	})
}

// StopAnswer ends one answer of a chat.
func (a *App) StopAnswer(messageID string) error {
	return do(a, func(o *opened) error { o.core.Chats.StopAnswer(messageID); return nil })
}

// JudgeAnswer keeps how an answer compared with those that were asked for beside
// it: best, alike, or "" for no verdict. It returns them all.
func (a *App) JudgeAnswer(chatID, messageID, verdict string) ([]chat.Message, error) {
	return call(a, func(o *opened) ([]chat.Message, error) {
		return o.core.Chats.Judge(o.ctx, chatID, messageID, chat.Verdict(verdict))
	})
}

// Removed is a chat without the branch that was removed.
type Removed struct {
	Chat chat.Chat `json:"chat"`
	Root string    `json:"root"` // what RestoreBranch takes
}

// RemoveBranch puts a message away with all that follows it.
func (a *App) RemoveBranch(chatID, messageID string) (Removed, error) {
	return call(a, func(o *opened) (r Removed, err error) {
		r.Chat, r.Root, err = o.core.Chats.RemoveBranch(o.ctx, chatID, messageID)
		return r, err
	})
}

// RestoreBranch undoes RemoveBranch and shows leaf.
func (a *App) RestoreBranch(chatID, root, leaf string) (chat.Chat, error) {
	return call(a, func(o *opened) (chat.Chat, error) { return o.core.Chats.RestoreBranch(o.ctx, chatID, root, leaf) })
}

// ForkChat starts a new chat with copies of all messages up to the given one; ""
// copies none.
func (a *App) ForkChat(chatID, messageID string) (chat.Chat, error) {
	return call(a, func(o *opened) (chat.Chat, error) { return o.core.Chats.Fork(o.ctx, chatID, messageID) })
}
