package chat

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	namingTime   = 30 * time.Second
	namingTokens = 24
	mostWords    = 9 // of a title that a model wrote
)

const namingPrompt = "Give this conversation a title of two to six words, in the language of the conversation. Write only the title."

// UseTitles lets models name chats after the first answer, where worth says so
// of the model. Call it before anything else.
func (s *Service) UseTitles(worth func(ref string) bool) { s.worth = worth }

// name has the model name the chat whose first answer m is. The conversation
// is in the KV cache still, so that little is to be read. Answers come first:
// whoever asks for one ends it.
func (s *Service) name(c Chat, m Message) {
	if s.worth == nil || m.Status != Complete || m.Error != "" || !s.worth(m.Model) {
		return
	}
	branch := path(c.Messages, m.ParentID)
	if len(branch) != 1 || m.Evidence != nil { // the question is the better name for an answer from documents
		return
	}
	now, err := s.store.Chat(s.ctx, c.ID)
	if err != nil || now.TitledBy != ByQuestion {
		return
	}
	ctx, cancel := context.WithTimeout(s.ctx, namingTime)
	defer cancel()
	s.mu.Lock()
	if len(s.active) > 0 {
		s.mu.Unlock()
		return
	}
	s.naming[c.ID] = cancel
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.naming, c.ID)
		s.mu.Unlock()
	}()
	model, release, err := s.engine.Acquire(ctx, m.Model)
	if err != nil {
		return // a title is not worth a word about it
	}
	defer release()
	turns := []Turn{{Role: User, Content: branch[0].Content}, {Role: Assistant, Content: m.Content}, {Role: User, Content: namingPrompt}}
	if f, err := fit(ctx, model, c.System, turns, namingTokens); err != nil || f.leftOut > 0 {
		return
	}
	thinking := false
	sampling := DefaultSampling()
	sampling.Temperature, sampling.MaxTokens = 0, namingTokens
	r, err := model.Generate(ctx, Request{System: c.System, Turns: turns, Thinking: &thinking, Sampling: sampling, Private: c.Temporary}, func(Event) {})
	if err != nil || ctx.Err() != nil {
		return
	}
	title := named(r.Text)
	if title == "" || r.StopReason == "length" {
		return
	}
	s.mu.Lock()
	taken := len(s.active) > 0 && s.active[c.ID] != nil
	s.mu.Unlock()
	if now, err = s.store.Chat(s.ctx, c.ID); err != nil || now.TitledBy != ByQuestion || taken {
		return // the user was quicker
	}
	by := ByModel
	if _, err := s.change(s.ctx, c.ID, Change{Title: &title, TitledBy: &by}); err != nil {
		s.log.Warn("chat not named", "chat", c.ID, "error", err)
	}
}

// named is a title out of what a model wrote; "" if it is none.
func named(text string) string {
	text = strings.TrimSpace(text)
	if line, _, more := strings.Cut(text, "\n"); more {
		text = line
	}
	text = strings.Trim(oneLine(text), "#*_`>~-= ")
	for _, label := range []string{"Title:", "title:", "Titel:", "Título:", "제목:", "标题：", "标题:"} {
		text = strings.TrimSpace(strings.TrimPrefix(text, label))
	}
	text = strings.Trim(text, "\"'“”„‘’«»「」『』《》*_ ")
	text = strings.TrimRight(text, ".。 ")
	if utf8.RuneCountInString(text) > titleRunes || utf8.RuneCountInString(text) < 2 || len(strings.Fields(text)) > mostWords {
		return ""
	}
	return text
}
