// Package chattemplate turns a conversation into the prompt text a model was
// trained on, by running the chat template that comes with the model.
//
// Chat templates are Jinja programs written by strangers. This is a small
// interpreter of its own for them: it renders byte for byte what Python's
// jinja2 does under the settings of Hugging Face transformers (trim_blocks,
// lstrip_blocks, loop controls, the generation tag, plain-JSON tojson,
// raise_exception, strftime_now). Templates see plain values only, do no input
// or output, and run within Limits and the caller's context.
//
// Reference: https://jinja.palletsprojects.com/en/stable/templates/
package chattemplate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Template is a parsed chat template. It may be rendered from many goroutines
// at once.
type Template struct {
	source string // line ends normalised
	body   []stmt
	hidden []string // names undefined until the template sets them
	used   map[string]bool
	limits Limits

	formOnce sync.Once // settles form
	form     callForm

	formatOnce sync.Once // settles format
	format     *Format
}

// Error is a fault in a template or its refusal of a conversation.
type Error struct {
	Line, Column int    // from 1; the column counts characters
	Message      string // what is wrong; for a refusal, the template's own words
	Refused      bool   // the template called raise_exception
	cause        error
}

func (e *Error) Error() string {
	if e.Refused {
		return "the model's chat template refuses this conversation: " + e.Message
	}
	return fmt.Sprintf("chat template, line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Unwrap gives ErrLimit or the error of the context, if that was the reason.
func (e *Error) Unwrap() error { return e.cause }

// errInternal marks a bug of this package, so that tests can tell.
var errInternal = errors.New("internal fault of the template interpreter")

// Parse reads a template. Sources over 256 KiB or nested over 200 levels deep are
// refused. The error is an *Error.
func Parse(source string) (t *Template, err error) {
	if len(source) > maxSource {
		return nil, &Error{Line: 1, Column: 1, Message: fmt.Sprintf("the template has %d bytes; at most %d are accepted", len(source), maxSource), cause: ErrLimit}
	}
	src := strings.ToValidUTF8(source, "\uFFFD")
	src = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(src)
	src = strings.TrimSuffix(src, "\n")
	t = &Template{source: src, used: map[string]bool{}}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *syntaxError:
			t, err = nil, t.errorAt(e.at, e.message)
		default:
			internal := t.errorAt(0, fmt.Sprint("internal fault: ", e))
			internal.cause = errInternal
			t, err = nil, internal
		}
	}()
	tokens, bad := lex(src)
	if bad != nil {
		return nil, t.errorAt(bad.at, bad.message)
	}
	p := &parser{tokens: tokens, used: t.used}
	t.body = p.statements()
	t.hidden = scopes(nil, t.body)
	return t, nil
}

func (t *Template) errorAt(at int, message string) *Error {
	before := t.source[:min(at, len(t.source))]
	line := strings.LastIndexByte(before, '\n') + 1
	return &Error{
		Line:    strings.Count(before, "\n") + 1,
		Column:  utf8.RuneCountInString(before[line:]) + 1,
		Message: message,
	}
}

// WithLimits gives the same template bounded by l.
func (t *Template) WithLimits(l Limits) *Template {
	return &Template{source: t.source, body: t.body, hidden: t.hidden, used: t.used, limits: l}
}

// Uses tells whether the template reads a variable, attribute or key of that
// name, such as "tools" or "enable_thinking": a hint at what it supports.
func (t *Template) Uses(name string) bool { return t.used[name] }

// Render gives the prompt for a conversation. The error is an *Error; its
// Refused field tells a template's own objection ("System role not supported")
// from a fault. It wraps ErrLimit or the error of ctx where that was the cause.
func (t *Template) Render(ctx context.Context, in Input) (string, error) {
	vars, err := t.variables(in)
	if err != nil {
		return "", err
	}
	return t.render(ctx, vars, in.Now)
}

// render runs the template on the given variables.
func (t *Template) render(ctx context.Context, vars *dict, now time.Time) (out string, err error) {
	if now.IsZero() {
		now = time.Now()
	}
	outer := &scope{vars: map[string]value{}}
	for i, k := range vars.keys {
		name, _ := text(k)
		outer.vars[name] = vars.vals[i]
	}
	r := &run{ctx: ctx, limits: t.limits.withDefaults(), now: now, out: new(strings.Builder)}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *fault:
			failed := t.errorAt(e.at, e.message)
			failed.Refused, failed.cause = e.refused, e.cause
			out, err = "", failed
		default:
			failed := t.errorAt(r.at, fmt.Sprint("internal fault: ", e))
			failed.cause = errInternal
			out, err = "", failed
		}
	}()
	r.step(0) // sees a context that has ended already
	r.root = r.inner(outer, t.hidden)
	r.exec(t.body, r.root)
	return r.out.String(), nil
}

// Digest is the SHA-256 of a template's source in hexadecimal, to record which
// template made a prompt.
func Digest(source string) string {
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:])
}
