package fit

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"freehold/engine/dialect"
	"freehold/engine/gguf"
	"freehold/engine/profile"
	"freehold/engine/synthetic"
)

// written makes a file of a shape and opens it.
func written(t *testing.T, l synthetic.Llama, mixture string) *gguf.File {
	t.Helper()
	m, err := synthetic.MixtureByName(mixture)
	if err != nil {
		t.Fatal(err)
	}
	l.Mixture = &m
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := l.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

var shape = synthetic.Llama{
	Layers: 12, Embedding: 256, FeedForward: 768, Heads: 8, KVHeads: 2, HeadWidth: 64, Vocab: 8192, Context: 4096, Tied: true,
}

// known is what the configuration of l says.
func known(l synthetic.Llama, f *gguf.File, quant string) Model {
	m := Model{FileBytes: f.Size(), Quant: quant, Context: l.Context, Layers: l.Layers, Embedding: l.Embedding, FeedForward: l.FeedForward,
		Vocab: l.Vocab, Tied: l.Tied, Heads: l.Heads, KVHeads: l.KVHeads, HeadDim: l.HeadDim()}
	expert := int64(0)
	for i := range f.Tensors {
		m.Parameters += f.Tensors[i].Elements()
		if strings.Contains(f.Tensors[i].Name, "_exps") {
			expert += f.Tensors[i].Elements()
		}
	}
	m.Active = m.Parameters - expert
	if l.Experts > 0 {
		m.Active += expert * int64(l.ExpertsUsed) / int64(l.Experts)
		m.FeedForward *= l.ExpertsUsed
	}
	return m
}

func TestEstimateAgreesWithTheFile(t *testing.T) {
	moe := shape
	moe.Architecture, moe.Experts, moe.ExpertsUsed, moe.FeedForward, moe.HeadNorms, moe.Tied = "qwen3moe", 8, 2, 256, true, false
	for name, l := range map[string]synthetic.Llama{"dense": shape, "experts": moe} {
		for _, quant := range []string{"Q4_K_M", "Q8_0", "F16"} {
			t.Run(name+" "+quant, func(t *testing.T) {
				f := written(t, l, quant)
				of, err := Of(f)
				if err != nil {
					t.Fatal(err)
				}
				estimate := Estimate(known(l, f, quant))
				for _, context := range []int{1024, 32768} {
					a, err := of.Memory(context, "q8_0")
					if err != nil {
						t.Fatal(err)
					}
					b, err := estimate.Memory(context, "q8_0")
					if err != nil {
						t.Fatal(err)
					}
					if a.KV != b.KV || a.Weights != b.Weights || math.Abs(float64(a.Buffers-b.Buffers)) > 16<<20 {
						t.Errorf("%d tokens: %+v of the file, %+v estimated", context, a, b)
					}
				}
				p := flat(10e9, 100e9)
				a, err := of.Speed(p, 1024, "")
				if err != nil {
					t.Fatal(err)
				}
				b, err := estimate.Speed(p, 1024, "")
				if err != nil {
					t.Fatal(err)
				}
				if !near(a.Decode, b.Decode, 0.15) || !near(a.Prefill, b.Prefill, 0.15) {
					t.Errorf("%+v of the file, %+v estimated", a, b)
				}
			})
		}
	}
}

func near(a, b, by float64) bool { return math.Abs(a/b-1) <= by }

// flat is a machine that does everything equally fast.
func flat(bytes, ops float64) profile.Profile {
	p := profile.Profile{Read: bytes, Int8: ops, F32: ops, Step: 1e-9, Types: map[string]profile.Rate{}, KV: map[string]profile.Attention{}}
	for _, t := range []string{"Q4_K", "Q6_K", "Q8_0", "F16", "F32"} {
		p.Types[t] = profile.Rate{Decode: bytes, Cached: bytes, Prefill: ops}
	}
	for _, t := range []string{"f16", "q8_0"} {
		p.KV[t] = profile.Attention{Bytes: bytes, Ops: ops}
	}
	return p
}

// TestEstimateOfTheStarter estimates a real model from its published
// configuration.
func TestEstimateOfTheStarter(t *testing.T) {
	path := os.Getenv("FREEHOLD_TEST_MODEL")
	if path == "" {
		found, _ := filepath.Glob("../../build/starter/*.gguf")
		if len(found) == 0 {
			t.Skip("the starter model is not here; `make starter` fetches it")
		}
		path = found[0]
	}
	f, err := dialect.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	of, err := Of(f)
	if err != nil {
		t.Fatal(err)
	}
	if of.Context != 8192 || len(of.Cache) != 1 || of.Cache[0].Layers != 30 {
		t.Skipf("%s is not SmolLM2 135M", path)
	}
	estimate := Estimate(Model{Parameters: 134_515_008, FileBytes: f.Size(), Quant: "Q4_1", Context: 8192, Layers: 30, Embedding: 576,
		FeedForward: 1536, Vocab: 49152, Tied: true, Heads: 9, KVHeads: 3, HeadDim: 64})
	for _, kv := range []string{"f16", "q8_0"} {
		for _, context := range []int{2048, 8192, 32768} {
			a, err := of.Memory(context, kv)
			if err != nil {
				t.Fatal(err)
			}
			b, err := estimate.Memory(context, kv)
			if err != nil {
				t.Fatal(err)
			}
			if !near(float64(b.Total), float64(a.Total), 0.05) {
				t.Errorf("%d tokens in %s: %d of the file, %d estimated", context, kv, a.Total, b.Total)
			}
		}
	}
}

// TestHeaderIsEnough holds what is told of a header to what is told of the file.
func TestHeaderIsEnough(t *testing.T) {
	f := written(t, shape, "Q4_K_M")
	want, err := Of(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := gguf.OpenHeader(gguf.Header{Name: "far away", Bytes: data[:len(data)/4], Size: int64(len(data))})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	got, err := Of(h)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := want.Memory(4096, "")
	b, _ := got.Memory(4096, "")
	if a != b || len(got.Work) != len(want.Work) {
		t.Errorf("%+v, want %+v", b, a)
	}
}

func TestJudge(t *testing.T) {
	// 1 GB of weights, 1 GB of cache for 10,000 tokens.
	n := Needs{Context: 100_000, Weights: 1e9, Work: []Work{{Type: "Q8_0", Decode: 1e9, Prefill: 2e9}},
		Cache: []KV{{Layers: 50, Queries: 1, Heads: 1, HeadDim: 500, ValueDim: 500}}}
	quick, lame := flat(10e9, 100e9), flat(2e9, 10e9)
	for _, tc := range []struct {
		name    string
		m       Machine
		p       profile.Profile
		context int
		kind    Kind
		longest int
		says    string
	}{
		{"roomy", Machine{64e9, 60e9}, quick, 0, Well, 100_000, "tokens a second"},
		{"slow", Machine{64e9, 60e9}, lame, 0, Slow, 100_000, "Writes about"},
		{"others are in the way", Machine{8e9, 1.5e9}, quick, 10_000, Tight, 4096, "close other programs or use a context of 4096 tokens"},
		{"not even then", Machine{8e9, 1.0e9}, quick, 10_000, Tight, 0, "choose a smaller one"},
		{"little is left", Machine{8e9, 2.1e9}, quick, 10_000, Tight, 10_240, "leaves little"},
		{"the context is too long", Machine{4e9, 3.5e9}, quick, 100_000, No, 24_576, "a context of 24576 tokens would fit"},
		{"too large", Machine{1e9, 0.9e9}, quick, 10_000, No, 0, "choose a smaller model"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, err := Judge(n, tc.m, tc.p, tc.context, "")
			if err != nil {
				t.Fatal(err)
			}
			if v.Kind != tc.kind || !strings.Contains(v.Why, tc.says) {
				t.Errorf("%s: %s", v.Kind, v.Why)
			}
			if d := v.LongestContext - tc.longest; d < -1024 || d > 1024 {
				t.Errorf("longest context %d, want about %d", v.LongestContext, tc.longest)
			}
		})
	}
	if _, err := Judge(n, Machine{}, quick, 0, "q3"); err == nil {
		t.Error("a cache of an unknown type")
	}
}

// TestEmbedders: their cache holds one batch, which is as long as a text may be
// but no longer than what they were trained for.
func TestEmbedders(t *testing.T) {
	n := Needs{Embeds: true, Context: 4096, Buffers: 2048 << 10, Cache: []KV{{Layers: 1, Heads: 1, HeadDim: 32, ValueDim: 32}}}
	for context, rows := range map[int]int64{1: 512, 512: 512, 2048: 2048, 4096: 4096, 100_000: 4096} {
		m, err := n.Memory(context, "f16")
		if err != nil {
			t.Fatal(err)
		}
		if buffers := m.Buffers - processBytes; m.KV != 128*rows || buffers != rows<<10 {
			t.Errorf("%d tokens: %d bytes of cache, %d of buffers", context, m.KV, buffers)
		}
	}
	if DefaultContext(n) != 2048 {
		t.Errorf("takes %d tokens by itself", DefaultContext(n))
	}
}

func TestWindowsAreReadOnly(t *testing.T) {
	n := Estimate(Model{Parameters: 1e6, FileBytes: 1e6, Quant: "Q8_0", Layers: 6, Heads: 1, KVHeads: 1, HeadDim: 64, Window: 512, Period: 6})
	all := Estimate(Model{Parameters: 1e6, FileBytes: 1e6, Quant: "Q8_0", Layers: 6, Heads: 1, KVHeads: 1, HeadDim: 64})
	p := flat(1e9, 1e12)
	a, _ := n.Speed(p, 8192, "")
	b, _ := all.Speed(p, 8192, "")
	if a.Decode <= b.Decode {
		t.Errorf("%+v with windows, %+v without", a, b)
	}
	c, _ := n.Memory(8192, "")
	d, _ := all.Memory(8192, "")
	if c.KV != d.KV {
		t.Errorf("the cache keeps %d bytes with windows, %d without", c.KV, d.KV)
	}
}
