package catalog

import (
	"math"
	"slices"
	"strings"
	"testing"

	"freehold/engine/arch"
)

func TestEmbedded(t *testing.T) {
	entries := All()
	if len(entries) < 38 {
		t.Errorf("%d entries", len(entries))
	}
	if Updated() < "2026-11-23" {
		t.Errorf("updated %s", Updated())
	}
	supported, kinds, names := arch.Supported(), map[string]int{}, map[string]bool{}
	for _, e := range entries {
		kinds[e.Kind]++
		if !slices.Contains(supported, e.Architecture) {
			t.Errorf("%s: the engine does not run architecture %q", e.Ref, e.Architecture)
		}
		if names[e.Name] {
			t.Errorf("%q stands twice", e.Name)
		}
		names[e.Name] = true
		if len(e.GoodFor) == 0 || !strings.HasSuffix(e.Summary, ".") || e.Gated {
			t.Errorf("%s: good for nothing, half a sentence, or behind a gate", e.Ref)
		}
		if strings.HasPrefix(e.Licence, "LicenseRef-") && e.Restrictions == "" {
			t.Errorf("%s: %s in no words", e.Ref, e.Licence)
		}
		if (e.Shape.Experts > 0 || e.Shape.PerLayer > 0) != (e.ActiveParameters < e.Parameters) {
			t.Errorf("%s: %d of %d parameters active", e.Ref, e.ActiveParameters, e.Parameters)
		}
		if !slices.IsSortedFunc(e.Files, func(a, b File) int { return int(a.SizeBytes/1e6 - b.SizeBytes/1e6) }) {
			t.Errorf("%s: files are not in the order of size", e.Ref)
		}
		for _, f := range e.Files {
			if name := f.Sources[0].File; !strings.Contains(strings.ToLower(name), strings.ToLower(f.Quant)+".gguf") {
				t.Errorf("%s comes from %s", f.Ref, name)
			}
		}
	}
	for _, k := range Kinds {
		if kinds[k] < 2 {
			t.Errorf("%d models of kind %s", kinds[k], k)
		}
	}
	// Libraries, chats and scripts name these.
	for _, ref := range []string{"smollm2-135m-instruct-q4_1", "smollm2-360m-instruct-q8_0", "tinyllama-1.1b-chat-q4_k_m",
		"llama-3.2-1b-instruct-q4_k_m", "smollm2-1.7b-instruct-q4_k_m", "llama-3.2-3b-instruct-q4_k_m", "hermes-3-llama-3.2-3b-q4_k_m",
		"mistral-7b-instruct-v0.3-q4_k_m", "llama-3.1-8b-instruct-q4_k_m", "deepseek-r1-distill-llama-8b-q4_k_m"} {
		if e, f, ok := Find(ref); !ok || f.Ref != ref || e.Default().Ref != ref {
			t.Errorf("%s is not what it was: %q", ref, f.Ref)
		}
	}
}

func TestRecommend(t *testing.T) {
	if e, _, ok := Recommend(Chat, 0); !ok || !e.Starter {
		t.Errorf("for hardly any memory: %q", e.Ref)
	}
	if e, f, ok := Recommend(Code, 1e6); ok {
		t.Errorf("for hardly any memory: %q, %q", e.Ref, f.Ref)
	}
	for _, kind := range Kinds {
		var before int64
		for _, available := range []int64{2e9, 4e9, 8e9, 16e9, 32e9, 128e9} {
			e, f, ok := Recommend(kind, available)
			if !ok || e.Kind != kind || f.SizeBytes < before {
				t.Errorf("%s with %d bytes free: %q, %v", kind, available, f.Ref, ok)
			}
			before = f.SizeBytes
		}
	}
	for _, c := range embedded().Recommended {
		if _, f, _ := Find(c.Ref); c.Available > 0 && float64(f.SizeBytes) > 0.75*float64(c.Available) {
			t.Errorf("%s needs more than three quarters of %d bytes", f.Ref, c.Available)
		}
	}
}

// TestShapes holds the numbers of each model against each other: its shape
// gives its parameters, and its parameters the sizes of its files.
func TestShapes(t *testing.T) {
	// Bits for each parameter, from few outside the mixture's leading type to
	// most: the smaller a model, the more of it is embedding, which stays finer.
	bits := map[string][2]float64{
		"Q3_K_M": {3.5, 5}, "Q4_0": {4.5, 5.8}, "Q4_1": {5, 6}, "Q4_K_M": {4.8, 7.4}, "Q5_K_M": {5.6, 6.4}, "Q6_K": {6.5, 7}, "MXFP4": {4.25, 4.8},
	}
	for _, e := range All() {
		n := e.Shape.parameters()
		if off := n/float64(e.Parameters) - 1; math.Abs(off) > 0.02 {
			t.Errorf("%s: the shape gives %.4g parameters, which is %.1f %% off", e.Ref, n, 100*off)
		}
		for _, f := range e.Files {
			// The header with the vocabulary comes to the weights.
			header := 30 * float64(e.Shape.Vocab)
			have := 8 * (float64(f.SizeBytes) - header) / n
			if f.Quant == "Q8_0" {
				if math.Abs(have/8.5-1) > 0.05 {
					t.Errorf("%s: %.2f bits for each parameter", f.Ref, have)
				}
				continue
			}
			if r, ok := bits[f.Quant]; !ok || have < r[0] || have > r[1] {
				t.Errorf("%s: %.2f bits for each parameter", f.Ref, have)
			}
		}
	}
}

// parameters adds up the matrices that a model of this shape has.
func (s Shape) parameters() float64 {
	d := s.Embedding
	n := s.Vocab * d
	if !s.Tied {
		n *= 2
	}
	n += s.Positions*d + s.PerLayer*s.Layers*(s.Vocab+3*d)

	attention := s.AttentionLayers
	if attention == 0 {
		attention = s.Layers
	}
	for l := range attention {
		kv, dim, keysAndValues := s.KVHeads, s.HeadDim, 2
		if s.SlidingPeriod > 0 && (l+1)%s.SlidingPeriod == 0 {
			if s.FullKVHeads > 0 { // its keys are its values
				kv, keysAndValues = s.FullKVHeads, 1
			}
			if s.FullHeadDim > 0 {
				dim = s.FullHeadDim
			}
		}
		n += 2 * d * s.Heads * dim
		if s.GatedAttention {
			n += d * s.Heads * dim
		}
		if l < attention-s.SharedKV {
			n += keysAndValues * d * kv * dim
		}
	}
	if st := s.State; st != nil {
		maps := 2 * st.Groups * st.Size
		layer := map[string]int{
			"shortconv": 3*d*st.Inner + st.Inner*d + st.Inner*st.Conv,
			"mamba2":    d*(2*st.Inner+maps+st.Heads) + st.Inner*d + (st.Inner+maps)*st.Conv,
			"deltanet":  d*(2*st.Inner+maps+2*st.Heads) + st.Inner*d + (st.Inner+maps)*st.Conv,
		}[st.Kind]
		n += st.Layers * layer
	}
	matrices := 3
	if s.Ungated {
		matrices = 2
	}
	for l := range s.Layers {
		width := s.FeedForward
		switch {
		case s.Experts > 0 && l >= s.DenseLayers:
			n += s.Experts * d // the router
			width = s.Experts*s.ExpertFeedForward + s.SharedFeedForward
		case s.SharedKVFeedForward > 0 && l >= s.Layers-s.SharedKV:
			width = s.SharedKVFeedForward
		}
		n += matrices * d * width
	}
	return float64(n)
}
