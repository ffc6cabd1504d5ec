package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"freehold/app/chat"
	"freehold/engine"
	"freehold/engine/chattemplate"
	"freehold/engine/dialect"
	"freehold/engine/gguf"
	"freehold/engine/sample"
	"freehold/engine/snapshot"
	"freehold/engine/tokenizer"
)

// ownEngine is Freehold's engine, in this process.
type ownEngine struct {
	snapshots *snapshot.Store // nil: none are kept
}

func (e ownEngine) Open(ctx context.Context, path string, o LoadOptions, progress func(done, total int64)) (Weights, error) {
	opt := engine.Options{Threads: o.Threads, ContextLength: o.ContextLength, KVType: o.KVType, Snapshots: e.snapshots, ModelID: o.Digest}
	if o.NoLookup {
		opt.Lookup = engine.LookupOff
	}
	m, err := engine.Open(ctx, path, opt, progress)
	if err != nil {
		return nil, err
	}
	i := m.Info()
	return &weights{model: m, language: language{
		info: ModelInfo{
			Architecture: i.Architecture, Name: i.Name, Quant: i.Quant, Parameters: i.Parameters, TrainedContext: i.TrainedContext,
			ContextLength: i.ContextLength, Vocabulary: i.Vocab, Layers: i.Layers, Embedding: i.Embedding, FileBytes: i.FileBytes,
			ChatTemplate: i.ChatTemplate, Embeds: i.Embeds, KVBytes: i.KVBytes, KVType: i.KVType,
		},
		encode: m.Tokenize,
		render: m.RenderChat,
	}}, nil
}

func (ownEngine) OpenVocabulary(_ context.Context, path string, o LoadOptions) (Vocabulary, error) {
	f, err := dialect.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the metadata has been copied out of it
	t, err := tokenizer.FromGGUF(f)
	if err != nil {
		return nil, err
	}
	i := ModelInfo{Vocabulary: t.Size(), FileBytes: f.Size(), Embeds: engine.Embeds(f)}
	i.Architecture, _ = f.Meta.String("general.architecture")
	i.Name, _ = f.Meta.String("general.name")
	i.Parameters, i.Quant = engine.Contents(f)
	i.TrainedContext = number(f, i.Architecture+".context_length")
	i.Layers = number(f, i.Architecture+".block_count")
	i.Embedding = number(f, i.Architecture+".embedding_length")
	if i.TrainedContext == 0 {
		i.TrainedContext = engine.DefaultContext
	}
	if i.ContextLength = o.ContextLength; i.ContextLength == 0 {
		i.ContextLength = min(i.TrainedContext, engine.DefaultContext)
	}
	template := engine.BuiltinTemplate(i.Architecture, t)
	if source, ok := f.Meta.String("tokenizer.chat_template"); ok {
		if template, err = chattemplate.Parse(source); err != nil {
			return nil, err
		}
		i.ChatTemplate = true
	}
	special := t.Special()
	bos, eos := t.Token(special.BOS), t.Token(special.EOS)
	return &language{
		info: i,
		encode: func(text string, special bool) []int32 {
			return t.Encode(text, tokenizer.Options{AddSpecial: special, ParseSpecial: special})
		},
		render: func(ctx context.Context, in chattemplate.Input) (string, error) {
			in.BOS, in.EOS = bos, eos
			return template.Render(ctx, in)
		},
	}, nil
}

// number reads a size that fits an int; 0 if the file has none.
func number(f *gguf.File, key string) int {
	n, ok := f.Meta.Uint(key)
	if !ok || n > 1<<31-1 {
		return 0
	}
	return int(n)
}

// language is a model's tokenizer and chat template.
type language struct {
	info   ModelInfo
	encode func(text string, special bool) []int32
	render func(context.Context, chattemplate.Input) (string, error)
}

func (l *language) Info() ModelInfo                            { return l.info }
func (l *language) ContextLength() int                         { return l.info.ContextLength }
func (l *language) Tokens(text string) int                     { return len(l.encode(text, false)) }
func (l *language) Tokenize(text string, special bool) []int32 { return l.encode(text, special) }

func (l *language) Prompt(ctx context.Context, system string, turns []chat.Turn) (int, error) {
	text, err := l.prompt(ctx, chat.Request{System: system, Turns: turns})
	if err != nil {
		return 0, err
	}
	ids := l.encode(text, true)
	if first := l.encode("", true); len(first) > 0 && len(ids) > 1 && ids[0] == first[0] && ids[1] == first[0] {
		return len(ids) - 1, nil // the template wrote the mark that the vocabulary adds; the engine reads it once
	}
	return len(ids), nil
}

// prompt renders a conversation up to where the answer starts. Some templates
// refuse a system prompt; then it goes before the first question.
func (l *language) prompt(ctx context.Context, r chat.Request) (string, error) {
	in := chattemplate.Input{AddGenerationPrompt: true, Thinking: r.Thinking, Now: time.Now()}
	for _, t := range r.Turns {
		in.Messages = append(in.Messages, chattemplate.Message{Role: string(t.Role), Content: t.Content})
	}
	if r.System == "" || len(in.Messages) == 0 {
		return l.render(ctx, in)
	}
	plain := in.Messages
	in.Messages = append([]chattemplate.Message{{Role: "system", Content: r.System}}, plain...)
	text, err := l.render(ctx, in)
	if err == nil || ctx.Err() != nil {
		return text, err
	}
	in.Messages = append([]chattemplate.Message(nil), plain...)
	in.Messages[0].Content = r.System + "\n\n" + plain[0].Content
	text, again := l.render(ctx, in)
	if again != nil {
		return "", errors.Join(err, again)
	}
	return text, nil
}

// weights is a loaded model.
type weights struct {
	language
	model *engine.Model
}

func (w *weights) Close() error { return w.model.Close() }

func (w *weights) Generate(ctx context.Context, r chat.Request, emit func(chat.Event)) (chat.Result, error) {
	prompt, split := r.Prompt, false
	if len(r.Turns) > 0 {
		var err error
		if prompt, err = w.prompt(ctx, r); err != nil {
			return chat.Result{}, err
		}
		split = true
	}
	splitter := w.model.Splitter(prompt, false)
	var res chat.Result
	tokens := 0
	say := func(p chattemplate.Piece) {
		thinking := p.Kind == chattemplate.Thinking
		if thinking {
			res.Thinking += p.Text
		} else {
			res.Text += p.Text
		}
		emit(chat.Event{Text: p.Text, Thinking: thinking, Tokens: tokens})
	}
	out, err := w.model.Generate(ctx, engine.Request{
		Prompt: prompt, Sampling: params(r.Sampling), MaxTokens: r.Sampling.MaxTokens, Stop: r.Sampling.Stop, Marks: split, Private: r.Private,
	}, func(e engine.Event) {
		switch {
		case e.Kind == engine.EventPrefill:
			emit(chat.Event{Done: e.Done, Total: e.Total})
			return
		case e.Token >= 0:
			tokens++
		}
		pieces := []chattemplate.Piece{{Text: e.Text}}
		if split {
			pieces = splitter.Push(e.Text)
		}
		if len(pieces) == 0 { // held back: the count goes on
			emit(chat.Event{Tokens: tokens})
		}
		for _, p := range pieces {
			say(p)
		}
	})
	if split {
		for _, p := range splitter.Flush() {
			say(p)
		}
	}
	if errors.Is(err, engine.ErrFault) {
		err = fmt.Errorf("%w%s", chat.ErrBroken, strings.TrimPrefix(err.Error(), engine.ErrFault.Error()))
	}
	res.Tokens, res.StopReason = out.Tokens, string(out.StopReason)
	t := out.Timings
	res.Timings = chat.Timings{
		PromptTokens: out.PromptTokens, CachedTokens: out.CachedTokens, CompletionTokens: len(out.Tokens),
		LoadMs: ms(t.Load), FirstTokenMs: ms(t.FirstToken), PrefillMs: ms(t.Prefill), DecodeMs: ms(t.Decode),
		PrefillPerSecond: t.PrefillPerSecond, DecodePerSecond: t.DecodePerSecond,
	}
	return res, err
}

func (w *weights) Rank(ctx context.Context, query string, documents []string) ([]float32, error) {
	return w.model.Rank(ctx, query, documents)
}

func (w *weights) Embed(ctx context.Context, texts []string, cut bool) ([][]float32, error) {
	if cut {
		return w.model.EmbedBeginnings(ctx, texts)
	}
	return w.model.Embed(ctx, texts)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func params(s chat.Sampling) sample.Params {
	p := sample.Defaults()
	p.Temperature, p.TopK, p.TopP, p.MinP, p.TypicalP = float32(s.Temperature), s.TopK, float32(s.TopP), float32(s.MinP), float32(s.TypicalP)
	p.RepeatPenalty, p.FrequencyPenalty, p.PresencePenalty = float32(s.RepeatPenalty), float32(s.FrequencyPenalty), float32(s.PresencePenalty)
	p.Seed = uint64(s.Seed)
	return p
}
