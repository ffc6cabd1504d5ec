package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"

	"freehold/engine/chattemplate"
	"freehold/engine/draft"
	"freehold/engine/sample"
	"freehold/engine/schedule"
	"freehold/engine/tokenizer"
)

// Request asks for a continuation. Exactly one of Messages, Prompt and Tokens
// is used, in this order.
type Request struct {
	Messages []chattemplate.Message // rendered with the model's template
	Tools    []chattemplate.Tool
	Thinking *bool // the template's enable_thinking; nil leaves it to the template
	Prompt   string
	Tokens   []int32

	Sampling  sample.Params
	MaxTokens int           // 0: until the model ends or the context is full
	Stop      []string      // texts that end the answer and are not part of it
	TimeLimit time.Duration // 0: none
	// Special also shows control tokens in the text.
	Special bool
	// Marks shows those control tokens with which the model marks thinking,
	// answer and calls of tools, for a Splitter to read.
	Marks  bool
	Lookup Lookup
	// Private keeps the snapshots of this sequence off the disk.
	Private bool
	// Sources are texts, beside the prompt, that the answer may quote.
	Sources []string
}

// ErrFault is wrapped by the error of a model that failed for a reason of its
// own. It answers nothing any more and must be opened anew.
var ErrFault = schedule.ErrFault

// EventKind says what an Event reports.
type EventKind int

// Event kinds.
const (
	EventPrefill EventKind = iota // Done of Total prompt tokens are read
	EventToken                    // a token was chosen; Text is what it adds, perhaps nothing yet
)

// Event reports progress of a generation.
type Event struct {
	Kind        EventKind
	Done, Total int
	Token       int32
	Text        string
}

// StopReason says why a generation ended.
type StopReason string

// Stop reasons.
const (
	StopEnd       StopReason = "eos"       // the model ended its answer
	StopString    StopReason = "stop"      // a stop string appeared
	StopLength    StopReason = "length"    // MaxTokens were generated
	StopTime      StopReason = "time"      // TimeLimit passed
	StopContext   StopReason = "context"   // the context is full
	StopCancelled StopReason = "cancelled" // the caller's context ended
)

// Timings measures a generation. Rates are tokens per second.
type Timings struct {
	Load             time.Duration // of the model, once
	FirstToken       time.Duration // from the request to the first token
	Prefill          time.Duration
	Decode           time.Duration // behind the first token
	PrefillPerSecond float64       // of the tokens that were not cached
	DecodePerSecond  float64
	Guessed          int // tokens that were looked up and checked
	Accepted         int // those of them that were right
}

// Result is a finished generation.
type Result struct {
	Text         string
	Tokens       []int32 // chosen tokens, the end token not included
	StopReason   StopReason
	StopString   string // the stop string that appeared
	PromptTokens int
	CachedTokens int // prompt tokens that need not be computed: found in the KV cache
	// RestoredTokens are those of the cached tokens that were read from a snapshot.
	RestoredTokens int
	Seed           uint64
	Timings        Timings
}

// PromptTokens returns the tokens that a request's prompt becomes.
func (m *Model) PromptTokens(ctx context.Context, r Request) ([]int32, error) {
	prompt := r.Prompt
	switch {
	case len(r.Messages) > 0:
		var err error
		prompt, err = m.RenderChat(ctx, chattemplate.Input{
			Messages: r.Messages, Tools: r.Tools, Thinking: r.Thinking, AddGenerationPrompt: true, Now: time.Now(),
		})
		if err != nil {
			return nil, err
		}
	case prompt == "":
		return r.Tokens, nil
	}
	tokens := m.Tokenize(prompt, true)
	if bos := m.tokenizer.Special().BOS; len(tokens) > 1 && tokens[0] == bos && tokens[1] == bos {
		tokens = tokens[1:] // the template wrote the one that the vocabulary adds
	}
	return tokens, nil
}

// withoutSuppressed forbids the tokens that the file says must never come.
func (m *Model) withoutSuppressed(p sample.Params) sample.Params {
	suppressed := m.tokenizer.Suppressed()
	if len(suppressed) == 0 {
		return p
	}
	bias := maps.Clone(p.LogitBias)
	if bias == nil {
		bias = map[int32]float32{}
	}
	for _, t := range suppressed {
		bias[t] = float32(math.Inf(-1))
	}
	p.LogitBias = bias
	return p
}

// Generate continues the request's prompt and tells emit, on the caller's
// goroutine, what happens. When ctx ends it returns what there is, with
// StopCancelled and no error.
func (m *Model) Generate(ctx context.Context, r Request, emit func(Event)) (Result, error) {
	start := time.Now()
	prompt, err := m.PromptTokens(ctx, r)
	if err != nil {
		return Result{}, err
	}
	if len(prompt) == 0 {
		return Result{}, errors.New("the prompt is empty: give messages, a text or tokens")
	}
	if len(prompt) >= m.info.ContextLength {
		return Result{}, fmt.Errorf("the prompt has %d tokens and the context holds %d: shorten it, or open the model with a longer context", len(prompt), m.info.ContextLength)
	}
	for _, t := range prompt {
		if t < 0 || int(t) >= m.info.Vocab {
			return Result{}, fmt.Errorf("token %d is outside the vocabulary of %d", t, m.info.Vocab)
		}
	}
	sampler, err := sample.New(m.withoutSuppressed(r.Sampling), m.info.Vocab)
	if err != nil {
		return Result{}, err
	}
	for _, t := range prompt {
		sampler.Accept(t)
	}
	stops, err := sample.NewStopMatcher(r.Stop)
	if err != nil {
		return Result{}, err
	}
	if emit == nil {
		emit = func(Event) {}
	}

	run, stop := context.WithCancel(ctx)
	defer stop()
	if r.TimeLimit > 0 {
		run, stop = context.WithTimeout(run, r.TimeLimit)
		defer stop()
	}
	g := &generation{model: m, request: r, sampler: sampler, events: newMailbox[chosen](), run: run, start: start}
	task := schedule.Task{
		Prompt: prompt, Prefilled: g.prefilled, Restored: func(n int) { g.restored += n }, Next: g.next, Private: r.Private,
	}
	if m.lookup == LookupAuto && r.Lookup == LookupAuto {
		task.Draft, task.Guessed = m.draft(prompt, r.Sources), g.guessed
	}
	go func() {
		g.err = m.runTask(run, task)
		g.events.close()
	}()
	res := g.collect(emit, stops, len(prompt), stop)
	return g.finish(ctx, res)
}

// draft makes an index of what an answer may repeat.
func (m *Model) draft(prompt []int32, sources []string) *draft.Index {
	texts := make([][]int32, len(sources))
	for i, s := range sources {
		texts[i] = m.Tokenize(s, false)
	}
	return draft.New(prompt, texts, m.EndTokens())
}

// chosen is what the scheduler's side tells the caller's side.
type chosen struct {
	prefill      bool
	done, cached int
	token        int32
}

// generation is one Generate call.
type generation struct {
	model   *Model
	request Request
	sampler *sample.Sampler
	events  *mailbox[chosen]
	run     context.Context
	start   time.Time
	count   int

	// Written before events is closed, read after.
	err      error
	broken   bool // no logit was a number
	restored int
	ended    StopReason
	first    time.Time // of the first token
	last     time.Time
	computed time.Time // when prefill began
	// Guessed tokens, and those that were right.
	tried, right int
}

// prefilled, guessed and next run on the scheduler's goroutine.
func (g *generation) prefilled(done, cached int) {
	if g.computed.IsZero() || cached > 0 {
		g.computed = time.Now()
	}
	g.events.put(chosen{prefill: true, done: done, cached: cached})
}

func (g *generation) guessed(n, right int) {
	g.tried += n
	g.right += right
}

func (g *generation) next(logits []float32) (int32, bool) {
	t := g.sampler.Sample(logits)
	if t == sample.None {
		g.broken = true
		return 0, false
	}
	g.last = time.Now()
	if g.first.IsZero() {
		g.first = g.last
	}
	if g.model.tokenizer.IsEOG(t) {
		g.ended = StopEnd
		return t, false
	}
	g.events.put(chosen{token: t})
	g.count++
	if g.request.MaxTokens > 0 && g.count >= g.request.MaxTokens {
		g.ended = StopLength
		return t, false
	}
	return t, true
}

// collect turns tokens into text on the caller's goroutine until the sequence
// ends. At a stop string it ends the sequence itself.
func (g *generation) collect(emit func(Event), stops *sample.StopMatcher, total int, stop func()) Result {
	res := Result{PromptTokens: total, Seed: g.sampler.Seed()}
	decoder := g.model.tokenizer.NewDecoder(tokenizer.DecodeOptions{Special: g.request.Special, Continues: true})
	var marks map[int32]string
	if g.request.Marks && !g.request.Special {
		marks = g.model.marks()
	}
	var text strings.Builder
	for c := range g.events.all() {
		switch {
		case c.prefill:
			res.CachedTokens = max(res.CachedTokens, c.cached)
			emit(Event{Kind: EventPrefill, Done: c.done, Total: total})
		case res.StopString != "":
			// Chosen before the scheduler heard of the stop; not part of the answer.
		default:
			res.Tokens = append(res.Tokens, c.token)
			piece, hit := stops.Push(decoder.Push(c.token) + marks[c.token])
			text.WriteString(piece)
			emit(Event{Kind: EventToken, Token: c.token, Text: piece})
			if hit != "" {
				res.StopString = hit
				stop()
			}
		}
	}
	if res.StopString == "" {
		tail, hit := stops.Push(decoder.Flush())
		if hit == "" {
			tail += stops.Flush()
		}
		if tail != "" {
			text.WriteString(tail)
			emit(Event{Kind: EventToken, Token: -1, Text: tail})
		}
		res.StopString = hit
	}
	res.Text = text.String()
	return res
}

// finish fills in why and how fast.
func (g *generation) finish(ctx context.Context, res Result) (Result, error) {
	res.StopReason, res.RestoredTokens = g.ended, g.restored
	switch {
	case res.StopString != "":
		res.StopReason = StopString
	case g.broken:
		return res, fmt.Errorf("%s: the model computed no usable numbers; the file is damaged or needs an architecture this is not", g.model.file.Path)
	case g.err == nil:
	case errors.Is(g.err, schedule.ErrContextFull):
		res.StopReason = StopContext
	case ctx.Err() != nil:
		res.StopReason = StopCancelled
	case g.run.Err() != nil:
		res.StopReason = StopTime
	default:
		return res, g.err
	}
	t := &res.Timings
	t.Load = g.model.info.LoadTime
	t.Guessed, t.Accepted = g.tried, g.right
	if !g.first.IsZero() {
		t.FirstToken = g.first.Sub(g.start)
		t.Prefill = g.first.Sub(g.computed)
		t.Decode = g.last.Sub(g.first)
		t.PrefillPerSecond = rate(res.PromptTokens-res.CachedTokens, t.Prefill)
		t.DecodePerSecond = rate(len(res.Tokens)-1, t.Decode)
	}
	return res, nil
}

func rate(n int, d time.Duration) float64 {
	if n <= 0 || d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// Score returns the log probability of each token behind the ones before it:
// element i belongs to tokens[i+1].
func (m *Model) Score(ctx context.Context, tokens []int32) ([]float64, error) {
	var scores []float64
	err := m.Logits(ctx, tokens, Together, func(i int, logits []float32) {
		if i+1 < len(tokens) {
			scores = append(scores, logProbability(logits, tokens[i+1]))
		}
	})
	return scores, err
}

// Pace is how many tokens of a given text go through the model at once. That
// chooses the kernels and so the rounding, not the meaning.
type Pace int

// Paces.
const (
	Together Pace = iota // many, as a prompt is read
	Singly               // one, as an answer is written
)

// Logits calls each with the logits behind every token in order, Vocab of them,
// valid during the call. The KV cache is not consulted.
func (m *Model) Logits(ctx context.Context, tokens []int32, pace Pace, each func(i int, logits []float32)) error {
	if pace == Together {
		return m.runTask(ctx, schedule.Task{Prompt: tokens, Score: each})
	}
	if len(tokens) > m.info.ContextLength {
		return fmt.Errorf("a text of %d tokens for a context of %d: shorten it, or open the model with a longer context", len(tokens), m.info.ContextLength)
	}
	at := 0
	return m.runTask(ctx, schedule.Task{Prompt: tokens[:min(1, len(tokens))], Next: func(logits []float32) (int32, bool) {
		each(at, logits)
		if at++; at == len(tokens) {
			return 0, false
		}
		return tokens[at], true
	}})
}

// logProbability is the log of the softmax at one token.
func logProbability(logits []float32, token int32) float64 {
	top := float64(logits[0])
	for _, l := range logits {
		top = max(top, float64(l))
	}
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - top)
	}
	return float64(logits[token]) - top - math.Log(sum)
}
