package engine

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"freehold/engine/chattemplate"
	"freehold/engine/program"
	"freehold/engine/sample"
	"freehold/engine/synthetic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tiny opens a synthetic model on the CPU backend.
func tiny(t *testing.T, opt Options) *Model {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := synthetic.Tiny().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	m, err := Open(context.Background(), path, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// endless forbids the end tokens.
func endless(m *Model) sample.Params {
	p := greedy()
	p.LogitBias = map[int32]float32{}
	for _, t := range m.EndTokens() {
		p.LogitBias[t] = float32(math.Inf(-1))
	}
	return p
}

func TestInfo(t *testing.T) {
	m := tiny(t, Options{})
	i := m.Info()
	if i.Architecture != "llama" || i.Layers != 2 || i.Vocab != 320 || i.ContextLength != 256 || i.Quant != "F32" || i.ChatTemplate {
		t.Errorf("info %+v", i)
	}
	if want := int64(2*320*64 + 64 + 2*(2*64+2*64*64+2*32*64+3*64*96)); i.Parameters != want {
		t.Errorf("%d parameters, want %d", i.Parameters, want)
	}
}

func TestGenerateReportsWhatHappens(t *testing.T) {
	m := tiny(t, Options{})
	var events []Event
	r, err := m.Generate(context.Background(), Request{Prompt: "hello world", Sampling: endless(m), MaxTokens: 12}, func(e Event) { events = append(events, e) })
	if err != nil {
		t.Fatal(err)
	}
	if r.StopReason != StopLength || len(r.Tokens) != 12 || r.PromptTokens == 0 {
		t.Errorf("result %+v", r)
	}
	var text strings.Builder
	prefilled, tokens := 0, 0
	for _, e := range events {
		if e.Kind == EventPrefill {
			if e.Done < prefilled || tokens > 0 {
				t.Error("prefill events out of order")
			}
			prefilled = e.Done
			continue
		}
		if e.Token >= 0 {
			tokens++
		}
		text.WriteString(e.Text)
		if !utf8.ValidString(e.Text) {
			t.Errorf("event text %q is not valid UTF-8", e.Text)
		}
	}
	if prefilled != r.PromptTokens || tokens != 12 || text.String() != r.Text {
		t.Errorf("events show %d prompt tokens, %d tokens, %q; result %+v", prefilled, tokens, text.String(), r)
	}
	if r.Timings.FirstToken <= 0 || r.Timings.DecodePerSecond <= 0 || r.Timings.PrefillPerSecond <= 0 {
		t.Errorf("timings %+v", r.Timings)
	}
}

func TestSameAnswerOnBothBackends(t *testing.T) {
	fast, slow := tiny(t, Options{}), tiny(t, Options{Backend: program.Reference{}})
	for _, prompt := range []string{"a", "hello hello", strings.Repeat("The quick brown fox. ", 8)} {
		a, err := fast.Generate(context.Background(), Request{Prompt: prompt, Sampling: endless(fast), MaxTokens: 20}, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := slow.Generate(context.Background(), Request{Prompt: prompt, Sampling: endless(slow), MaxTokens: 20}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.Tokens, b.Tokens) {
			t.Errorf("%q: CPU %v, reference %v", prompt, a.Tokens, b.Tokens)
		}
	}
}

func TestStopReasons(t *testing.T) {
	m := tiny(t, Options{})
	ctx := context.Background()
	long, err := m.Generate(ctx, Request{Prompt: "hello", Sampling: endless(m), MaxTokens: 60}, nil)
	if err != nil {
		t.Fatal(err)
	}
	runes := []rune(long.Text)
	stop := string(runes[len(runes)/2 : len(runes)/2+3])
	at := strings.Index(long.Text, stop)

	r, err := m.Generate(ctx, Request{Prompt: "hello", Sampling: endless(m), MaxTokens: 60, Stop: []string{stop}}, nil)
	if err != nil || r.StopReason != StopString || r.StopString != stop || r.Text != long.Text[:at] {
		t.Errorf("stop string %q: %v, reason %s, text %q, want %q", stop, err, r.StopReason, r.Text, long.Text[:at])
	}

	force := greedy()
	force.LogitBias = map[int32]float32{m.EndTokens()[0]: 1e9}
	r, err = m.Generate(ctx, Request{Prompt: "hello", Sampling: force}, nil)
	if err != nil || r.StopReason != StopEnd || len(r.Tokens) != 0 || r.Text != "" {
		t.Errorf("end token: %v, %+v", err, r)
	}

	r, err = m.Generate(ctx, Request{Prompt: "hello", Sampling: endless(m)}, nil)
	if err != nil || r.StopReason != StopContext || r.PromptTokens+len(r.Tokens) != m.Info().ContextLength+1 {
		t.Errorf("full context: %v, reason %s, %d + %d tokens", err, r.StopReason, r.PromptTokens, len(r.Tokens))
	}

	// On a busy machine so small a model may be done before its tokens are looked at.
	for try := 0; try == 0 || r.StopReason == StopContext && try < 50; try++ {
		cancelled, cancel := context.WithCancel(ctx)
		n := 0
		r, err = m.Generate(cancelled, Request{Prompt: "hello", Sampling: endless(m)}, func(e Event) {
			if e.Kind == EventToken {
				if n++; n == 5 {
					cancel()
				}
			}
		})
		cancel()
	}
	if err != nil || r.StopReason != StopCancelled || len(r.Tokens) < 5 {
		t.Errorf("cancel: %v, reason %s, %d tokens", err, r.StopReason, len(r.Tokens))
	}

	r, err = m.Generate(ctx, Request{Prompt: "hello", Sampling: endless(m), TimeLimit: time.Nanosecond}, nil)
	if err != nil || r.StopReason != StopTime {
		t.Errorf("time limit: %v, reason %s", err, r.StopReason)
	}
}

func TestBadRequests(t *testing.T) {
	m := tiny(t, Options{ContextLength: 32})
	for name, r := range map[string]Request{
		"nothing":        {Sampling: greedy()},
		"unknown token":  {Tokens: []int32{5, 320}, Sampling: greedy()},
		"negative token": {Tokens: []int32{-1}, Sampling: greedy()},
		"too long":       {Prompt: strings.Repeat("x", 40), Sampling: greedy()},
		"bad sampling":   {Prompt: "x", Sampling: sample.Params{Temperature: -1}},
	} {
		if _, err := m.Generate(context.Background(), r, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	// The model still works.
	if _, err := m.Generate(context.Background(), Request{Prompt: "x", Sampling: greedy(), MaxTokens: 2}, nil); err != nil {
		t.Error(err)
	}
}

func TestSeedDecides(t *testing.T) {
	m := tiny(t, Options{})
	draw := func(seed uint64) Result {
		p := endless(m)
		p.Temperature, p.Seed = 2, seed
		r, err := m.Generate(context.Background(), Request{Prompt: "hello", Sampling: p, MaxTokens: 30}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	a := draw(0)
	if b := draw(a.Seed); !slices.Equal(a.Tokens, b.Tokens) {
		t.Error("the reported seed gives another answer")
	}
	if b := draw(a.Seed + 1); slices.Equal(a.Tokens, b.Tokens) {
		t.Error("another seed gives the same answer")
	}
}

func TestManyAtOnce(t *testing.T) {
	m := tiny(t, Options{Threads: 2})
	prompts := []string{"one", "two two", "three three three", strings.Repeat("four ", 30)}
	want := make([][]int32, len(prompts))
	for i, p := range prompts {
		r, err := m.Generate(context.Background(), Request{Prompt: p, Sampling: endless(m), MaxTokens: 30}, nil)
		if err != nil {
			t.Fatal(err)
		}
		want[i] = r.Tokens
	}
	var wg sync.WaitGroup
	for range 3 {
		for i, p := range prompts {
			wg.Go(func() {
				r, err := m.Generate(context.Background(), Request{Prompt: p, Sampling: endless(m), MaxTokens: 30}, nil)
				if err != nil || !slices.Equal(r.Tokens, want[i]) {
					t.Errorf("%q: %v, tokens %v, want %v", p, err, r.Tokens, want[i])
				}
			})
		}
	}
	wg.Wait()
}

func TestChatWithoutATemplate(t *testing.T) {
	m := tiny(t, Options{})
	text, err := m.RenderChat(context.Background(), chattemplate.Input{
		Messages: []chattemplate.Message{{Role: "user", Content: "hello"}}, AddGenerationPrompt: true,
	})
	if err != nil || !strings.Contains(text, "hello") {
		t.Errorf("rendered %q, %v", text, err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "no.gguf")
	if _, err := Open(context.Background(), missing, Options{}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want os.ErrNotExist", err)
	}
	path := filepath.Join(dir, "tiny.gguf")
	if err := synthetic.Tiny().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), path, Options{ContextLength: -1}, nil); err == nil {
		t.Error("a negative context was accepted")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Open(ctx, path, Options{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	last := int64(-1)
	m, err := Open(context.Background(), path, Options{}, func(done, total int64) {
		if done < last || done > total {
			t.Errorf("progress went from %d to %d of %d", last, done, total)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if last <= 0 {
		t.Error("no progress was reported")
	}
}

// TestCancelIsQuick stops the starter model in the middle of a long prefill.
func TestCancelIsQuick(t *testing.T) {
	m := starter(t, Options{})
	tokens := make([]int32, 8000)
	for i := range tokens {
		tokens[i] = int32(i * 7 % 40000)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var asked time.Time
	time.AfterFunc(300*time.Millisecond, func() { asked = time.Now(); cancel() })
	r, err := m.Generate(ctx, Request{Tokens: tokens, Sampling: greedy()}, nil)
	if err != nil || r.StopReason != StopCancelled {
		t.Fatalf("got %v, reason %s", err, r.StopReason)
	}
	// The bar is 100 ms; the test allows for a machine that is busy otherwise.
	if d := time.Since(asked); d > time.Second {
		t.Errorf("cancelling took %v", d)
	}
}

// TestSlowReaders lets a caller read no event: the others' answers come all the
// same.
func TestSlowReaders(t *testing.T) {
	m := tiny(t, Options{})
	read := make(chan struct{})
	slow := make(chan Result)
	go func() {
		r, err := m.Generate(context.Background(), Request{Prompt: "slow", Sampling: endless(m), MaxTokens: 200}, func(Event) { <-read })
		if err != nil {
			t.Error(err)
		}
		slow <- r
	}()
	for range 3 {
		if _, err := m.Generate(context.Background(), Request{Prompt: "quick", Sampling: endless(m), MaxTokens: 200}, nil); err != nil {
			t.Error(err)
		}
	}
	close(read)
	if r := <-slow; len(r.Tokens) == 0 {
		t.Error("the slow caller got no tokens")
	}
}

// The reference interpreter rounds what it caches in the same way.
func TestKVTypes(t *testing.T) {
	text := make([]int32, 150)
	for i := range text {
		text[i] = int32(i * 37 % 256)
	}
	bytes := map[string]int64{}
	for _, kv := range []string{"f16", "q8_0"} {
		m := tiny(t, Options{KVType: kv})
		want, err := tiny(t, Options{KVType: kv, Backend: program.Reference{}}).Score(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		if bytes[kv] = m.Info().KVBytes; m.Info().KVType != kv {
			t.Errorf("opened with %s, got %+v", kv, m.Info())
		}
		for _, pace := range []Pace{Together, Singly} {
			n := 0
			err := m.Logits(t.Context(), text, pace, func(i int, logits []float32) {
				n++
				if i+1 == len(text) {
					return
				}
				if got := logProbability(logits, text[i+1]); math.Abs(got-want[i]) > 2e-3 {
					t.Errorf("%s, pace %d: log probability of token %d is %g, want %g", kv, pace, i+1, got, want[i])
				}
			})
			if err != nil || n != len(text) {
				t.Errorf("%s, pace %d: logits behind %d of %d tokens, %v", kv, pace, n, len(text), err)
			}
		}
	}
	if 10*bytes["q8_0"] > 7*bytes["f16"] { // heads of 16 are padded least well
		t.Errorf("KV caches of %v bytes", bytes)
	}
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := synthetic.Tiny().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, Options{KVType: "q3"}, nil); err == nil || !strings.Contains(err.Error(), "q8_0") {
		t.Errorf("a cache of type q3: %v", err)
	}
}
