package chat

import (
	"bytes"
	"context"
	"fmt"

	"freehold/app/document"
)

// Librarian finds what documents say to a question.
type Librarian interface {
	// Ground puts together what the model gets to read for a question.
	Ground(ctx context.Context, w document.Writer, a document.Ask) (document.Grounding, error)
	// Check compares an answer with what it stands on, and notes what it finds.
	Check(ctx context.Context, question, answer string, e *document.Evidence) error
}

// writer lets a model write for a librarian.
type writer struct{ Model }

func (w writer) Write(ctx context.Context, system, prompt string, maxTokens int) (string, error) {
	no := false
	r, err := w.Generate(ctx, Request{System: system, Turns: []Turn{{User, prompt}}, Thinking: &no,
		Sampling: Sampling{TopP: 1, TypicalP: 1, RepeatPenalty: 1, MaxTokens: maxTokens}}, func(Event) {})
	return r.Text, err
}

// around is what the chat template puts around a prompt, at most, in tokens.
const around = 96

// ground asks the librarian for the last of the turns. What documents may take
// is what system prompt, answer, question and the latest history leave.
func (s *Service) ground(ctx context.Context, c Chat, m Message, model Model, all []Turn) (document.Grounding, error) {
	question := lastQuestion(c.Messages, m.ParentID)
	limit := model.ContextLength()
	b := document.Budget{Limit: limit, System: model.Tokens(c.System), Question: model.Tokens(question), Answer: reserve(limit, c.Sampling.MaxTokens)}
	var history []string
	for _, t := range all[:len(all)-1] {
		b.History += model.Tokens(t.Content) + 8
		if t.Role == User {
			history = append(history, t.Content)
		}
	}
	b.History = min(b.History, limit/4)
	room := limit - b.System - b.Question - b.Answer - b.History - around
	if room < 128 {
		return document.Grounding{}, fmt.Errorf("the context of %d tokens leaves no room for documents; raise the context length in the settings, or begin a new chat", limit)
	}
	g, err := s.librarian.Ground(ctx, writer{model}, document.Ask{Question: question, History: history, Sources: c.Sources, Room: room,
		Progress: func(done, total int) {
			s.emit("mapProgress", document.MapProgress{ChatID: m.ChatID, MessageID: m.ID, Done: done, Total: total})
		}})
	b.Documents = g.Evidence.Budget.Documents
	g.Evidence.Budget = b
	return g, err
}

// lastQuestion is what the user wrote last.
func lastQuestion(msgs []Message, id string) string {
	m, _ := find(msgs, id)
	return m.Content
}

const mostSources = 10_000

func checkSources(s document.Sources) (document.Sources, error) {
	if s.Documents == nil {
		s.Documents = []string{}
	}
	if s.Collections == nil {
		s.Collections = []string{}
	}
	if len(s.Documents)+len(s.Collections) > mostSources {
		return s, fmt.Errorf("a chat can have %d documents at most; make a collection of them", mostSources)
	}
	switch s.Route {
	case document.Auto, document.Whole, document.Search, document.Map, document.SQL, document.None:
		return s, nil
	}
	return s, fmt.Errorf("%q is no way to an answer", s.Route)
}

// calmest is how freely an answer from documents is written at most: it is to
// say what they say.
const calmest = 0.2

func grounded(s Sampling) Sampling {
	s.Temperature = min(s.Temperature, calmest)
	return s
}

// unlessLooping ends an answer that only repeats itself, as small models do.
func unlessLooping(emit func(Event), stop func()) func(Event) {
	var text []byte
	return func(e Event) {
		emit(e)
		if e.Thinking || e.Text == "" {
			return
		}
		if text = append(text, e.Text...); looping(text) {
			stop()
		}
	}
}

// looping tells whether a text ends with the same stretch four times over.
func looping(text []byte) bool {
	const least, most, times = 12, 400, 4
	for n := least; n <= most && n*times <= len(text); n++ {
		last := text[len(text)-n:]
		same := 1
		for same < times && bytes.Equal(text[len(text)-n*(same+1):len(text)-n*same], last) {
			same++
		}
		if same == times {
			return true
		}
	}
	return false
}
