package chat

import (
	"context"
	"errors"
)

// ErrBroken is wrapped by the error of a model that failed in a way it cannot go
// on from. It is not lent again; acquiring it loads it anew.
var ErrBroken = errors.New("the engine failed")

// Engine lends models.
type Engine interface {
	// Acquire loads the model ref unless it is loaded already. The model stays
	// loaded at least until release is called.
	Acquire(ctx context.Context, ref string) (m Model, release func(), err error)
	// Counter lends the model's tokenizer and chat template, for which its
	// weights need not be loaded.
	Counter(ctx context.Context, ref string) (c Counter, release func(), err error)
}

// Counter tells how many tokens a text takes.
type Counter interface {
	ContextLength() int // most tokens of prompt and answer together
	Tokens(text string) int
	// Prompt counts the tokens of a conversation with all marks that the
	// model's chat template puts around it, up to where the answer starts.
	Prompt(ctx context.Context, system string, turns []Turn) (int, error)
}

// Model is a loaded model.
type Model interface {
	Counter
	// Generate answers the last turn or goes on with the prompt. It returns soon after ctx ends, with
	// what it has so far. Events come one at a time.
	Generate(ctx context.Context, r Request, emit func(Event)) (Result, error)
}

// Turn is one message as the model gets to see it.
type Turn struct {
	Role    Role
	Content string
}

// Request is a conversation whose last turn wants an answer.
type Request struct {
	System   string
	Turns    []Turn
	Prompt   string // without turns: text to go on with, given to the model as it is
	Thinking *bool  // nil: as the model's template has it
	Sampling Sampling
	Private  bool // nothing of it may be kept on the disk
}

// Event is either progress in reading the prompt (Total > 0) or a piece of the
// answer.
type Event struct {
	Done, Total int    // tokens of the prompt
	Text        string // may be empty: a token that completes no character yet
	Thinking    bool   // Text belongs to the thinking before the answer
	Tokens      int    // of the answer so far
}

// Result is a finished answer.
type Result struct {
	Text       string
	Thinking   string
	Tokens     []int32
	StopReason string // eos, stop, length, cancelled, context, time
	Timings    Timings
}
