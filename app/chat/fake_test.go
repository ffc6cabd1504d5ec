package chat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"freehold/app/chat"
)

// fakeEngine counts words as tokens and answers with as many words as it is told.
type fakeEngine struct {
	limit    int
	words    int           // of an answer
	delay    time.Duration // before each word
	deaf     time.Duration // how long a stop is ignored
	thinking int           // words of thinking before the answer
	fail     error
	missing  bool
	crash    string // panics with it after the first word

	mu   sync.Mutex
	seen []chat.Request
	lent int
}

func (e *fakeEngine) Acquire(ctx context.Context, ref string) (chat.Model, func(), error) {
	if e.missing {
		return nil, nil, fmt.Errorf("model %s is not on this machine", ref)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lent++
	return e, func() { e.mu.Lock(); e.lent--; e.mu.Unlock() }, nil
}

func (e *fakeEngine) Counter(context.Context, string) (chat.Counter, func(), error) {
	return e, func() {}, nil
}
func (e *fakeEngine) ContextLength() int     { return e.limit }
func (e *fakeEngine) Tokens(text string) int { return len(strings.Fields(text)) }

func (e *fakeEngine) Prompt(_ context.Context, system string, turns []chat.Turn) (int, error) {
	n := e.Tokens(system)
	for _, t := range turns {
		n += e.Tokens(t.Content) + 1
	}
	return n, nil
}

func (e *fakeEngine) Generate(ctx context.Context, r chat.Request, emit func(chat.Event)) (chat.Result, error) {
	e.mu.Lock()
	e.seen = append(e.seen, r)
	e.mu.Unlock()
	n, err := e.Prompt(ctx, r.System, r.Turns)
	if err != nil {
		return chat.Result{}, err
	}
	emit(chat.Event{Done: n, Total: n})
	for i := range e.thinking + e.words {
		select {
		case <-ctx.Done():
			time.Sleep(e.deaf)
			return chat.Result{StopReason: "cancelled", Timings: chat.Timings{PromptTokens: n, CompletionTokens: i}}, nil
		case <-time.After(e.delay):
		}
		emit(chat.Event{Text: fmt.Sprintf("w%d ", i), Thinking: i < e.thinking, Tokens: i + 1})
		if e.crash != "" {
			panic(e.crash)
		}
	}
	if e.fail != nil {
		return chat.Result{}, e.fail
	}
	return chat.Result{StopReason: "eos", Timings: chat.Timings{PromptTokens: n, CompletionTokens: e.words}}, nil
}

func (e *fakeEngine) requests() []chat.Request {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]chat.Request(nil), e.seen...)
}

// recorder keeps events and lets a test wait for one.
type recorder struct {
	mu     sync.Mutex
	events []recorded
	more   chan struct{}
}

type recorded struct {
	name string
	data any
	at   time.Time
}

func newRecorder() *recorder { return &recorder{more: make(chan struct{}, 1)} }

func (r *recorder) emit(name string, data any) {
	r.mu.Lock()
	r.events = append(r.events, recorded{name, data, time.Now()})
	r.mu.Unlock()
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *recorder) all() []recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]recorded(nil), r.events...)
}

var errTimeout = errors.New("waited in vain")

// final waits until the message is no longer streaming.
func (r *recorder) final(id string) (chat.Message, error) {
	timeout := time.After(20 * time.Second)
	for {
		for _, e := range r.all() {
			if m, ok := e.data.(chat.Message); ok && m.ID == id && m.Status != chat.Streaming {
				return m, nil
			}
		}
		select {
		case <-r.more:
		case <-timeout:
			return chat.Message{}, errTimeout
		}
	}
}
