package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// Way is one of the ways in which a question shall be answered.
type Way struct {
	Model    string    `json:"model"`    // "": the chat's
	Sampling *Sampling `json:"sampling"` // nil: the chat's
}

// Trial says of an answer that it was asked for beside others. It is kept with
// the answer, for judging models later and for training.
type Trial struct {
	ID       string    `json:"id"`       // the same for all answers that were asked for together
	Sampling *Sampling `json:"sampling"` // how its tokens were picked, if not as the chat's
	Adapter  string    `json:"adapter"`  // that the model had on; "": none
	Verdict  Verdict   `json:"verdict"`
}

// Verdict is how an answer compared with the others of its trial.
type Verdict string

const (
	Unjudged Verdict = ""
	Best     Verdict = "best"
	Worse    Verdict = "worse" // another one was the best
	Alike    Verdict = "alike" // none was better
)

// TurnEvent says whether an answer has to wait until another one is written,
// because there is not enough memory for both models.
type TurnEvent struct {
	ChatID    string `json:"chatId"`
	MessageID string `json:"messageId"`
	Waits     bool   `json:"waits"`
}

// Crowd is an engine that knows which models can be in memory together.
type Crowd interface {
	// Together tells whether the model next can be used while the others are.
	Together(ctx context.Context, others []string, next string) bool
}

const mostWays = 4

// Compare asks a question under the message parentID and has it answered in
// each of the ways, side by side as far as memory allows. With an empty text
// parentID is the question, and the answers come beside those that it has.
// It returns what it added: the question, unless it was there, and the answers.
func (s *Service) Compare(ctx context.Context, id, parentID, text string, ways []Way) ([]Message, error) {
	if len(ways) < 2 || len(ways) > mostWays {
		return nil, fmt.Errorf("choose two to %d ways to answer", mostWays)
	}
	for i, w := range ways {
		if w.Sampling == nil {
			continue
		}
		p, err := w.Sampling.Checked()
		if err != nil {
			return nil, err
		}
		ways[i].Sampling = &p
	}
	if text != "" {
		if err := checkQuestion(text); err != nil {
			return nil, err
		}
	}
	answering, err := s.begin(id)
	if err != nil {
		return nil, err
	}
	msgs, c, sum, err := s.enter(ctx, id, func(c Chat) ([]Message, error) { return contest(c, parentID, text, ways) })
	if err != nil {
		s.end(id)
		s.running.Done()
		return nil, err
	}
	for _, m := range msgs {
		s.emit("message", m)
	}
	s.emit("chat", s.mark(sum))
	s.takeTurns(answering, c, msgs[len(msgs)-len(ways):])
	return msgs, nil
}

// contest is a question, if it is new, and an empty answer for each way.
func contest(c Chat, parentID, text string, ways []Way) ([]Message, error) {
	parent, ok := find(c.Messages, parentID)
	var msgs []Message
	switch {
	case parentID != "" && !ok:
		return nil, errors.New("the message to answer to no longer exists")
	case text == "" && (!ok || parent.Role != User):
		return nil, errors.New("the message is empty")
	case text != "" && ok && parent.Role != Assistant:
		return nil, errors.New("a question can only follow an answer")
	case text != "":
		msgs = exchange(c, parentID, text)[:1]
		parentID = msgs[0].ID
	}
	trial := newID()
	for _, w := range ways {
		m := reply(c, parentID)
		if w.Model != "" {
			m.Model = w.Model
		}
		m.Trial = &Trial{ID: trial, Sampling: w.Sampling}
		msgs = append(msgs, m)
	}
	return msgs, nil
}

// turn is an answer of a comparison.
type turn struct {
	ctx context.Context
	d   *draft
	m   Message
}

// takeTurns has answers written at once as far as the engine has room for their
// models, and the others as soon as it has.
func (s *Service) takeTurns(answering context.Context, c Chat, answers []Message) {
	var waiting []turn
	woken := make(chan struct{}, 1)
	wake := func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
	var unfinished atomic.Int32
	unfinished.Store(int32(len(answers)))
	last := func() {
		if unfinished.Add(-1) == 0 {
			s.end(c.ID)
		}
	}
	for _, m := range answers {
		ctx, d := s.draft(answering, c, m)
		context.AfterFunc(ctx, wake) // stopped while it waits
		waiting = append(waiting, turn{ctx, d, m})
	}
	go func() {
		defer s.running.Done()
		var using []string // a model for each answer that is being written
		written := make(chan string)
		left := len(answers)
		for left > 0 {
			waiting = slices.DeleteFunc(waiting, func(t turn) bool {
				if !s.mayBegin(t, using) {
					s.tellTurn(t, true)
					return false
				}
				s.tellTurn(t, false)
				using = append(using, t.m.Model)
				go func() {
					s.answer(t.ctx, t.d, c, t.m, last)
					written <- t.m.Model
				}()
				return true
			})
			select {
			case ref := <-written:
				left--
				at := slices.Index(using, ref)
				using = slices.Delete(using, at, at+1)
			case <-woken:
			}
		}
	}()
}

// mayBegin tells whether an answer's turn has come. A stopped one begins only to
// be written down as stopped.
func (s *Service) mayBegin(t turn, using []string) bool {
	if len(using) == 0 || t.ctx.Err() != nil || slices.Contains(using, t.m.Model) {
		return true
	}
	crowd, ok := s.engine.(Crowd)
	return !ok || crowd.Together(t.ctx, using, t.m.Model)
}

func (s *Service) tellTurn(t turn, waits bool) {
	t.d.mu.Lock()
	news := t.d.waits != waits
	t.d.waits = waits
	t.d.mu.Unlock()
	if news {
		s.emit("turn", TurnEvent{t.m.ChatID, t.m.ID, waits})
	}
}

// StopAnswer ends one answer, and leaves others of the chat to be written.
func (s *Service) StopAnswer(messageID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.drafts[messageID]; d != nil {
		d.stop()
	}
}

// Judge keeps how an answer compared with the others of its trial: Best makes
// the others worse, Alike and Unjudged hold for all. It returns them all.
func (s *Service) Judge(ctx context.Context, id, messageID string, v Verdict) ([]Message, error) {
	if v != Unjudged && v != Best && v != Alike {
		return nil, fmt.Errorf("%q is no verdict on an answer", v)
	}
	c, err := s.store.Chat(ctx, id)
	if err != nil {
		return nil, err
	}
	judged, ok := find(c.Messages, messageID)
	if !ok || judged.Trial == nil {
		return nil, errors.New("this answer was not asked for beside others")
	}
	var all []Message
	for _, m := range c.Messages {
		if m.Trial == nil || m.Trial.ID != judged.Trial.ID {
			continue
		}
		if m.Status == Streaming {
			return nil, errors.New("an answer is still being written; judge them when all are there")
		}
		m.Trial.Verdict = v
		if v == Best && m.ID != messageID {
			m.Trial.Verdict = Worse
		}
		all = append(all, m)
	}
	if err := s.store.SaveTrials(ctx, all...); err != nil {
		return nil, err
	}
	for _, m := range all {
		s.emit("message", m)
	}
	return all, nil
}

// Writing is an answer that is being written, or waits.
type Writing struct {
	ChatID    string  `json:"chatId"`
	MessageID string  `json:"messageId"`
	Title     string  `json:"title"` // of the chat
	Model     string  `json:"model"`
	Waits     bool    `json:"waits"`  // for its turn
	Done      int     `json:"done"`   // tokens of the prompt
	Total     int     `json:"total"`  // tokens of the prompt
	Tokens    int     `json:"tokens"` // of the answer
	PerSecond float64 `json:"perSecond"`
	Since     int64   `json:"since"` // ms since 1970
}

// Writings lists the answers that are being written, the oldest first.
func (s *Service) Writings() []Writing {
	s.mu.Lock()
	drafts := make([]*draft, 0, len(s.drafts))
	for _, d := range s.drafts {
		drafts = append(drafts, d)
	}
	s.mu.Unlock()
	all := make([]Writing, 0, len(drafts))
	for _, d := range drafts {
		d.mu.Lock()
		w := Writing{ChatID: d.chat.ID, MessageID: d.message.ID, Title: d.chat.Title, Model: d.message.Model, Waits: d.waits,
			Done: d.done, Total: d.total, Tokens: d.tokens, Since: d.message.CreatedAt}
		if spent := time.Since(d.first).Seconds(); d.tokens > 1 && spent > 0 {
			w.PerSecond = float64(d.tokens-1) / spent
		}
		d.mu.Unlock()
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b Writing) int { // identifiers grow with time
		if a.MessageID < b.MessageID {
			return -1
		}
		return 1
	})
	return all
}
