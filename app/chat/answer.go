package chat

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"freehold/app/document"
)

const (
	emitEvery = 33 * time.Millisecond  // at most about 30 events a second reach the screen
	saveEvery = 400 * time.Millisecond // a crash loses no more than this of an answer
	stopGrace = 80 * time.Millisecond  // for the engine to report its timings after a stop
)

// draft collects what the engine writes. The engine's side never waits for the
// disk or the screen.
type draft struct {
	chat    Summary
	message Message // as it began
	stop    context.CancelFunc

	mu       sync.Mutex
	waits    bool // for its turn
	content  strings.Builder
	thinking strings.Builder
	fresh    []piece // since the last event
	tokens   int
	first    time.Time // of the first token
	thought  time.Time // of the first thought
	spoke    time.Time // of the first word after it
	done     int       // of the prompt
	total    int
	read     bool // prefill progress not announced yet
	closed   bool // what comes now comes too late
}

type piece struct {
	text     string
	thinking bool
}

func (d *draft) add(e Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	if e.Total > 0 {
		d.done, d.total, d.read = e.Done, e.Total, true
		return
	}
	if d.tokens == 0 {
		d.first = time.Now()
	}
	d.tokens = max(d.tokens, e.Tokens)
	if e.Text == "" {
		return
	}
	if e.Thinking {
		if d.thought.IsZero() {
			d.thought = time.Now()
		}
		d.thinking.WriteString(e.Text)
	} else {
		if d.spoke.IsZero() && !d.thought.IsZero() {
			d.spoke = time.Now()
		}
		d.content.WriteString(e.Text)
	}
	if n := len(d.fresh); n > 0 && d.fresh[n-1].thinking == e.Thinking {
		d.fresh[n-1].text += e.Text
	} else {
		d.fresh = append(d.fresh, piece{e.Text, e.Thinking})
	}
}

// text puts what is there so far into m and tells whether it has grown.
func (d *draft) text(m *Message) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	grown := len(m.Content) != d.content.Len() || len(m.Thinking) != d.thinking.Len()
	m.Content, m.Thinking = d.content.String(), d.thinking.String()
	return grown
}

// thoughtFor is how long the model thought, in ms; one that was stopped thinking
// has thought until now.
func (d *draft) thoughtFor() float64 {
	if d.thought.IsZero() {
		return 0
	}
	end := d.spoke
	if end.IsZero() {
		end = time.Now()
	}
	return float64(end.Sub(d.thought).Microseconds()) / 1000
}

// news announces what came since the last call.
func (d *draft) news(m Message, emit func(string, any)) {
	d.mu.Lock()
	fresh, read := d.fresh, d.read
	d.fresh, d.read = nil, false
	progress := PrefillEvent{ChatID: m.ChatID, MessageID: m.ID, Done: d.done, Total: d.total}
	tokens, rate := d.tokens, 0.0
	if spent := time.Since(d.first).Seconds(); tokens > 1 && spent > 0 {
		rate = float64(tokens-1) / spent
	}
	d.mu.Unlock()
	if read {
		emit("prefill", progress)
	}
	for _, p := range fresh {
		emit("token", TokenEvent{ChatID: m.ChatID, MessageID: m.ID, Text: p.text, Thinking: p.thinking, Tokens: tokens, PerSecond: rate})
	}
}

// draft makes room for the answer m of c, which is to be written under the
// context that comes back: StopAnswer ends that.
func (s *Service) draft(ctx context.Context, c Chat, m Message) (context.Context, *draft) {
	ctx, stop := context.WithCancel(ctx)
	d := &draft{chat: c.Summary, message: m, stop: stop}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drafts[m.ID] = d
	return ctx, d
}

// answer writes the answer m of c. It calls done when that is saved, before it
// is announced.
func (s *Service) answer(ctx context.Context, d *draft, c Chat, m Message, done func()) {
	defer d.stop()
	var result Result
	var leftOut int
	var evidence *document.Evidence
	finished := make(chan error, 1)
	s.running.Add(1) // the engine's side may outlive this function by a moment
	go func() {
		defer s.running.Done()
		r, left, e, err := s.generateSafely(ctx, c, m, d.add)
		d.mu.Lock()
		if !d.closed {
			result, leftOut, evidence = r, left, e
		}
		d.mu.Unlock()
		finished <- err
	}()

	err := s.follow(ctx, d, m, finished)

	d.mu.Lock()
	d.closed = true
	if result.Timings != (Timings{}) {
		result.Timings.ThinkingMs = d.thoughtFor()
	}
	d.mu.Unlock()
	d.news(m, s.emit)
	d.text(&m)
	m.LeftOut, m.Evidence = leftOut, evidence
	if result.Timings != (Timings{}) {
		m.Timings = &result.Timings
	}
	switch {
	case err == nil && result.StopReason != "cancelled":
		m.Status, m.StopReason = Complete, result.StopReason
	case err == nil || ctx.Err() != nil || errors.Is(err, context.Canceled):
		m.Status, m.StopReason = Stopped, "cancelled"
	default:
		m.Status, m.StopReason, m.Error = Failed, "error", err.Error()
		s.log.Error("answer failed", "chat", c.ID, "model", m.Model, "error", err)
	}
	s.save(m)
	s.mu.Lock()
	delete(s.drafts, m.ID)
	s.mu.Unlock()
	done()
	s.emit("message", m)
	if now, err := s.store.ChangeChat(context.Background(), c.ID, Change{}); err == nil {
		s.emit("chat", s.mark(now))
	}
	s.goOn(m)
	s.name(c, m)
}

// follow announces and saves the growing answer until the engine is done or
// has been told to stop.
func (s *Service) follow(ctx context.Context, d *draft, m Message, done <-chan error) error {
	tick := time.NewTicker(emitEvery)
	defer tick.Stop()
	saved := time.Now()
	stop, late := ctx.Done(), (<-chan time.Time)(nil)
	for {
		select {
		case err := <-done:
			return err
		case <-late:
			return context.Canceled
		case <-stop:
			stop, late = nil, time.After(stopGrace)
		case now := <-tick.C:
			d.news(m, s.emit)
			if now.Sub(saved) >= saveEvery {
				saved = now
				if d.text(&m) {
					s.save(m)
				}
			}
		}
	}
}

// save writes m even when the answer has been stopped.
func (s *Service) save(m Message) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.store.SaveMessage(ctx, m); err != nil {
		s.log.Error("answer not saved", "chat", m.ChatID, "error", err)
	}
}

// generateSafely is generate, and survives it: a fault of the engine costs an
// answer, not the program.
func (s *Service) generateSafely(ctx context.Context, c Chat, m Message, emit func(Event)) (r Result, leftOut int, e *document.Evidence, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			s.log.Error("the engine failed", "chat", c.ID, "model", m.Model, "fault", fault, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: %v", ErrBroken, fault)
		}
		if errors.Is(err, ErrBroken) {
			err = fmt.Errorf("%w. What was written until then is kept; asking again loads the model anew", err)
		}
	}()
	return s.generate(ctx, c, m, emit)
}

func (s *Service) generate(ctx context.Context, c Chat, m Message, emit func(Event)) (Result, int, *document.Evidence, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, 0, nil, err // stopped before its turn came
	}
	if m.Trial != nil && m.Trial.Sampling != nil {
		c.Sampling = *m.Trial.Sampling
	}
	start := time.Now()
	model, release, err := s.engine.Acquire(ctx, m.Model)
	if err != nil {
		return Result{}, 0, nil, err
	}
	defer release()
	load := time.Since(start)
	all := turns(path(c.Messages, m.ParentID))
	system, evidence := c.System, (*document.Evidence)(nil)
	if s.librarian != nil && !c.Sources.Empty() {
		g, err := s.ground(ctx, c, m, model, all)
		if err != nil {
			return Result{}, 0, nil, err
		}
		if evidence = &g.Evidence; g.Direct != "" {
			emit(Event{Text: g.Direct, Tokens: 1})
			return Result{Text: g.Direct, StopReason: "eos"}, 0, evidence, nil
		}
		system = strings.TrimSpace(system + "\n\n" + g.System)
		all[len(all)-1].Content = g.Question
	}
	f, err := fit(ctx, model, system, all, c.Sampling.MaxTokens)
	if err != nil {
		return Result{}, 0, evidence, err
	}
	begun := time.Now()
	sampling, generating := c.Sampling, ctx
	if evidence != nil {
		var stop context.CancelFunc
		generating, stop = context.WithCancel(ctx)
		defer stop()
		sampling, emit = grounded(sampling), unlessLooping(emit, stop)
	}
	r, err := model.Generate(generating, Request{System: system, Turns: f.turns, Sampling: sampling, Private: c.Temporary}, emit)
	if evidence != nil && ctx.Err() == nil && generating.Err() != nil {
		r.StopReason, err = "stop", nil // it only repeated itself
	}
	r.Timings.LoadMs = float64(load.Microseconds()) / 1000
	if evidence != nil && err == nil && ctx.Err() == nil {
		evidence.Took.Generate = float64(time.Since(begun).Microseconds()) / 1000
		if checkErr := s.librarian.Check(ctx, lastQuestion(c.Messages, m.ParentID), r.Text, evidence); checkErr != nil && ctx.Err() == nil {
			s.log.Error("answer not checked", "chat", c.ID, "error", checkErr)
		}
	}
	return r, f.leftOut, evidence, err
}
