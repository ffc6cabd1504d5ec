package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"freehold/app"
	"freehold/app/chat"
	"freehold/engine"
	"freehold/models/hub"
	"freehold/models/library"
)

const (
	maxRequest   = 64 << 20 // bytes of a program's request
	maxAnswering = 16       // answers over the API at once
)

// programs answers the Ollama and OpenAI protocols.
type programs struct {
	core  *app.Core
	slots chan struct{}
}

func newPrograms(core *app.Core) *programs {
	return &programs{core: core, slots: make(chan struct{}, maxAnswering)}
}

// badRequest is a request that cannot be answered as it is.
type badRequest struct{ error }

func bad(format string, args ...any) error { return badRequest{fmt.Errorf(format, args...)} }

var errBusy = errors.New("too many answers are being written; try again later")

// status is the HTTP status that tells of err.
func status(err error) int {
	var b badRequest
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, library.ErrNotFound), errors.Is(err, library.ErrAmbiguous), errors.Is(err, hub.ErrUnknown):
		return http.StatusNotFound
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &b), errors.Is(err, engine.ErrEmbeds):
		return http.StatusBadRequest
	case errors.Is(err, app.ErrTerms), errors.Is(err, hub.ErrGated), errors.Is(err, hub.ErrNetworkOff):
		return http.StatusForbidden
	case errors.Is(err, library.ErrInUse):
		return http.StatusConflict
	case errors.Is(err, errBusy):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// decode reads a JSON body into v.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(callReading)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(v)
	var large *http.MaxBytesError
	if err == nil || errors.As(err, &large) {
		return err
	}
	return bad("the body is not the JSON that is expected: %v", err)
}

// find looks a model up; Ollama's clients put :latest behind names.
func (p *programs) find(name string) (app.Model, error) {
	m, err := p.core.Model(strings.TrimSuffix(name, ":latest"))
	if err != nil {
		return app.Model{}, err
	}
	if m.Problem != "" {
		return app.Model{}, bad("%s cannot be used: %s", m.Ref, m.Problem)
	}
	return m, nil
}

// generate loads the model and lets it answer. contextLength 0 is as in the
// settings.
func (p *programs) generate(ctx context.Context, m app.Model, r chat.Request, contextLength int, emit func(chat.Event)) (chat.Result, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		return chat.Result{}, errBusy
	}
	w, release, err := p.load(ctx, m, contextLength)
	if err != nil {
		return chat.Result{}, err
	}
	defer release()
	if len(r.Turns) == 0 && r.Prompt == "" {
		return chat.Result{StopReason: "load"}, nil
	}
	if len(r.Turns) > 0 {
		n, err := w.Prompt(ctx, r.System, r.Turns)
		if err != nil {
			return chat.Result{}, badRequest{err}
		}
		if limit := w.ContextLength(); n >= limit {
			return chat.Result{}, bad("the messages take %d tokens, but the context holds %d; send fewer, or ask for more with num_ctx", n, limit)
		}
	}
	return w.Generate(ctx, r, emit)
}

func (p *programs) load(ctx context.Context, m app.Model, contextLength int) (app.Weights, func(), error) {
	o := p.core.LoadOptions()
	if contextLength > 0 { // never more than it was trained for: memory grows with it
		o.ContextLength = min(contextLength, max(m.ContextLength, o.ContextLength))
	}
	return p.core.Use(ctx, app.Target{Ref: m.Ref, Path: m.Path, Digest: m.Digest}, o)
}

// message is one message of any protocol.
type message struct{ role, content string }

// conversation makes a request of messages. System messages, wherever they
// stand, come first.
func conversation(msgs []message) (r chat.Request, err error) {
	var system []string
	for i, m := range msgs {
		switch m.role {
		case "system", "developer":
			system = append(system, m.content)
		case "user", "assistant":
			role := chat.Role(m.role)
			if n := len(r.Turns); n > 0 && r.Turns[n-1].Role == role {
				r.Turns[n-1].Content += "\n\n" + m.content
			} else {
				r.Turns = append(r.Turns, chat.Turn{Role: role, Content: m.content})
			}
		default:
			return r, bad("message %d has the role %q; system, user and assistant are possible", i+1, m.role)
		}
	}
	r.System = strings.Join(system, "\n\n")
	if n := len(r.Turns); n > 0 && r.Turns[n-1].Role != chat.User {
		return r, bad("the last message must be the user's")
	}
	return r, nil
}

// lines streams values as they come, one after the other.
type lines struct {
	w      http.ResponseWriter
	rc     *http.ResponseController
	before string // of each value
	after  string
	failed error
	begun  bool
}

func newLines(w http.ResponseWriter, contentType, before, after string) *lines {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	return &lines{w: w, rc: http.NewResponseController(w), before: before, after: after}
}

func (l *lines) send(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		l.failed = errors.Join(l.failed, err)
		return
	}
	l.text(string(b))
}

func (l *lines) text(s string) {
	if l.failed != nil {
		return
	}
	l.begun = true
	if err := l.rc.SetWriteDeadline(time.Now().Add(writeDeadline)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		l.failed = err
		return
	}
	if _, l.failed = l.w.Write([]byte(l.before + s + l.after)); l.failed == nil {
		l.failed = l.rc.Flush()
	}
}
