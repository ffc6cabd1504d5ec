// Package engine runs open-weight language models from GGUF files. Its API is
// plain data and streams; it knows nothing of the application around it.
//
//	m, err := engine.Open(ctx, "model.gguf", engine.Options{}, nil)
//	defer m.Close()
//	res, err := m.Generate(ctx, engine.Request{Messages: msgs}, func(e engine.Event) { … })
//
// A Model may be used from many goroutines: their sequences run side by side.
package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"freehold/engine/arch"
	"freehold/engine/backend/cpu"
	"freehold/engine/chattemplate"
	"freehold/engine/dialect"
	"freehold/engine/gguf"
	"freehold/engine/program"
	"freehold/engine/schedule"
	"freehold/engine/snapshot"
	"freehold/engine/tokenizer"
)

// DefaultContext bounds the context of models that were trained for more,
// since the KV cache grows with it.
const DefaultContext = 8192

// What a batch can hold.
const (
	BatchRows    = 512 // rows
	BatchOutputs = 64  // rows with logits: sequences side by side, guesses
)

// spareContext is how many further contexts of finished work the KV cache keeps.
const spareContext = 1

// Options says how a model is to be run. The zero value is a good choice.
type Options struct {
	// Threads computing at once; 0 means one for each physical core.
	Threads int
	// ContextLength is the most tokens of one sequence; 0 means what the model
	// was trained for, at most DefaultContext. Models that embed and those with
	// learnt positions read no more than they were trained for, whatever it says.
	ContextLength int
	// Lookup says whether guessed tokens may be checked several at once.
	Lookup Lookup
	// KVType is how the KV cache holds keys and values: "f16", the default, or
	// "q8_0", which takes half the memory and rounds more.
	KVType string
	// Backend runs the forward pass; nil means the CPU.
	Backend program.Backend
	// Snapshots keeps what long texts became in the KV cache, to be found again
	// when their memory was needed or the model is opened anew; nil keeps
	// nothing. Many models may share one store.
	Snapshots *snapshot.Store
	// ModelID names the model's weights in snapshots, such as by their digest.
	// What the file itself tells is taken into account in any case.
	ModelID string
}

// Lookup says whether the engine guesses how an answer goes on by looking where
// its last words stood before, and checks several guessed tokens in one pass
// (prompt lookup). Every token is still chosen from the model's own logits, so
// that answers are distributed as without; they come faster where they repeat
// what they were given.
type Lookup int

// When to look up.
const (
	LookupAuto Lookup = iota // where it pays, by what steps were seen to take
	LookupOff
)

// Info describes an open model.
type Info struct {
	Architecture   string
	Name           string // general.name, "" if the file has none
	Quant          string // such as "Q4_K_M"
	Parameters     int64
	Layers         int
	Embedding      int
	Vocab          int
	TrainedContext int // tokens the model was trained for
	ContextLength  int // tokens it was opened with
	FileBytes      int64
	KVType         string
	KVBytes        int64 // memory of the KV cache when full
	Embeds         bool  // makes vectors or scores, and writes no text
	ChatTemplate   bool  // whether the file brings one
	TemplateDigest string
	Backend        string
	LoadTime       time.Duration
}

// Model is an open model.
type Model struct {
	file      *gguf.File
	info      Info
	tokenizer *tokenizer.Tokenizer
	template  *chattemplate.Template
	marks     func() map[int32]string // see findMarks
	scheduler *schedule.Scheduler     // of a model that writes
	embedder  *embedder               // of one that embeds
	lookup    Lookup
}

// Open maps the file, checks it, and makes it ready to run. Progress, if not
// nil, is told how many of the file's bytes have been brought into memory.
func Open(ctx context.Context, path string, opt Options, progress func(done, total int64)) (*Model, error) {
	start := time.Now()
	f, err := dialect.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := open(ctx, f, opt, progress)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	m.info.LoadTime = time.Since(start)
	return m, nil
}

func open(ctx context.Context, f *gguf.File, opt Options, progress func(done, total int64)) (*Model, error) {
	length := opt.ContextLength
	if length == 0 {
		length = min(arch.TrainedContext(f), DefaultContext)
		if arch.Embeds(f) {
			length = min(length, DefaultEmbeddingContext)
		}
	}
	if opt.ContextLength < 0 || length > maxContext {
		return nil, fmt.Errorf("a context of %d tokens is not possible; choose 1…%d", length, maxContext)
	}
	if trained := arch.TrainedContext(f); arch.Embeds(f) && trained > 0 {
		length = min(length, trained) // its vectors of longer texts would mean nothing
	}
	a, err := arch.Load(f, length)
	if err != nil {
		return nil, err
	}
	length = min(length, a.Program.Places())
	m := &Model{file: f}
	m.marks = sync.OnceValue(m.findMarks)
	if m.tokenizer, err = tokenizer.FromGGUF(f); err != nil {
		return nil, err
	}
	if n := m.tokenizer.Size(); n > a.Config.Vocab {
		return nil, fmt.Errorf("%s: %d tokens for an embedding of %d rows; the file is damaged", f.Path, n, a.Config.Vocab)
	}
	m.info = info(f, a)
	if m.template, err = template(f, m.tokenizer, &m.info); err != nil {
		return nil, err
	}

	m.info.ContextLength = length
	backend := opt.Backend
	if backend == nil {
		backend = cpu.New(cpu.Options{Threads: opt.Threads})
	}
	kv, err := program.ParseKVType(opt.KVType)
	if err != nil {
		return nil, err
	}
	m.info.KVType = kv.String()
	limits := writingLimits(a, length, kv)
	if a.Config.Embeds {
		limits = embeddingLimits(a, length, kv)
	}
	exec, err := backend.Compile(a.Program, limits)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	m.info.Backend, m.info.KVBytes = backend.Name(), exec.KVBytes()
	if err := warm(ctx, f, progress); err != nil {
		return nil, errors.Join(err, exec.Close())
	}
	m.info.Embeds = a.Config.Embeds
	if a.Config.Embeds {
		m.embedder = &embedder{exec: exec, config: a.Config, limits: limits, width: a.Program.Vocab}
		return m, nil
	}
	m.lookup = opt.Lookup
	m.scheduler = schedule.New(exec, schedule.Config{
		Context: m.info.ContextLength, Limits: limits, Vocab: a.Config.Vocab, Snapshots: m.snapshots(exec, opt),
	})
	return m, nil
}

// writingLimits is what the scheduler's executable must hold.
func writingLimits(a *arch.Model, length int, kv program.KVType) program.Limits {
	blocks := (length+program.BlockTokens-1)/program.BlockTokens + 1
	return program.Limits{
		Rows: BatchRows, Outputs: BatchOutputs, Blocks: blocks * (1 + spareContext), Slots: slots(a.Program), KV: kv,
	}
}

// Memory for the states of recurrent layers: of sequences that run, and of
// checkpoints. It is taken as it comes to be used.
const (
	stateBytes = 512 << 20
	leastSlots = 8
	mostSlots  = 2 * BatchOutputs
)

// slots is how many recurrent states there is room for, 0 if the program has none.
func slots(p *program.Program) int {
	size := 0
	for _, s := range p.States {
		size += 4 * s.Size
	}
	if size == 0 {
		return 0
	}
	return max(leastSlots, min(mostSlots, stateBytes/size))
}

// maxContext keeps block numbers within an int32 with room to spare.
const maxContext = 1 << 22

// Info describes the model.
func (m *Model) Info() Info { return m.info }

// Close stops all generation and frees the model.
func (m *Model) Close() error {
	if m.embedder != nil {
		m.embedder.mu.Lock()
		defer m.embedder.mu.Unlock()
		return errors.Join(m.embedder.exec.Close(), m.file.Close())
	}
	return errors.Join(m.scheduler.Close(), m.file.Close())
}

// Tokenize returns the tokens of a text. With special, control tokens in the
// text are recognised and the vocabulary's begin-of-text token is added.
func (m *Model) Tokenize(text string, special bool) []int32 {
	return m.tokenizer.Encode(text, tokenizer.Options{AddSpecial: special, ParseSpecial: special})
}

// Detokenize returns the text of tokens, control tokens included.
func (m *Model) Detokenize(tokens []int32) string {
	return m.tokenizer.Decode(tokens, tokenizer.DecodeOptions{Special: true})
}

// RenderChat renders messages with the model's own template.
func (m *Model) RenderChat(ctx context.Context, in chattemplate.Input) (string, error) {
	special := m.tokenizer.Special()
	in.BOS, in.EOS = m.tokenizer.Token(special.BOS), m.tokenizer.Token(special.EOS)
	s, err := m.template.Render(ctx, in)
	if err != nil {
		return "", fmt.Errorf("the chat template of %s: %w", m.file.Path, err)
	}
	return s, nil
}

// EndTokens are the tokens that end an answer.
func (m *Model) EndTokens() []int32 { return m.tokenizer.EOG() }
