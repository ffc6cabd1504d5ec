package chat

import (
	"context"
	"log/slog"
)

// AskOnce answers one question from documents as a chat would, without keeping
// anything. Of c it takes the system prompt, the sampling and the sources.
func AskOnce(ctx context.Context, m Model, l Librarian, c Chat, question string) (Message, error) {
	if err := checkQuestion(question); err != nil {
		return Message{}, err
	}
	sources, err := checkSources(c.Sources)
	if err != nil {
		return Message{}, err
	}
	c.Sources, c.Messages = sources, nil
	msgs := exchange(c, "", question)
	c.Messages = msgs
	s := &Service{engine: lent{m}, emit: func(string, any) {}, log: slog.New(slog.DiscardHandler), librarian: l}
	r, left, evidence, err := s.generate(ctx, c, msgs[1], func(Event) {})
	a := msgs[1]
	a.Content, a.Thinking, a.Evidence, a.LeftOut, a.Status, a.StopReason = r.Text, r.Thinking, evidence, left, Complete, r.StopReason
	if r.Timings != (Timings{}) {
		a.Timings = &r.Timings
	}
	return a, err
}

// lent is an engine that has one model.
type lent struct{ Model }

func (l lent) Acquire(context.Context, string) (Model, func(), error) { return l.Model, func() {}, nil }
func (l lent) Counter(context.Context, string) (Counter, func(), error) {
	return l.Model, func() {}, nil
}
