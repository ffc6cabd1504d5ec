package arch

import (
	"math"
	"strings"
	"testing"

	"freehold/engine/synthetic"
)

func TestLoadNamesWhatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*synthetic.Llama){
		`architecture "gpt9" is not supported; supported: `: func(l *synthetic.Llama) { l.Extra = map[string]any{"general.architecture": "gpt9"} },
		"tensor blk.2.attn_norm.weight is missing":          func(l *synthetic.Llama) { l.Extra = map[string]any{"llama.block_count": uint32(3)} },
		"tensor blk.0.ffn_gate.weight has shape [64 96]":    func(l *synthetic.Llama) { l.Extra = map[string]any{"llama.feed_forward_length": uint32(97)} },
		"llama.block_count is 100000, outside 1…512":        func(l *synthetic.Llama) { l.Extra = map[string]any{"llama.block_count": uint32(100000)} },
		"llama.attention.head_count is 0":                   func(l *synthetic.Llama) { l.Extra = map[string]any{"llama.attention.head_count": uint32(0)} },
		"llama.expert_used_count is missing":                func(l *synthetic.Llama) { l.Extra = map[string]any{"llama.expert_count": uint32(8)} },
		"do not share 3 key-value heads evenly":             func(l *synthetic.Llama) { l.Extra = map[string]any{"llama.attention.head_count_kv": uint32(3)} },
		"rope.freq_base":                                    func(l *synthetic.Llama) { l.Extra = map[string]any{"llama.rope.freq_base": float32(-1)} },
	} {
		shape := synthetic.Tiny()
		change(&shape)
		if _, _, err := load(t, shape); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

// TestYarn checks the ends of the ramp: fast pairs keep their frequency, slow
// ones are divided by the factor.
func TestYarn(t *testing.T) {
	shape := synthetic.Tiny()
	shape.Embedding, shape.Heads, shape.KVHeads = 256, 2, 1
	shape.Extra = map[string]any{
		"llama.rope.scaling.type": "yarn", "llama.rope.scaling.factor": float32(8),
		"llama.rope.scaling.original_context_length": uint32(4096),
	}
	_, m, err := load(t, shape)
	if err != nil {
		t.Fatal(err)
	}
	r := m.Program.Ropes[0]
	last := len(r.Freqs) - 1
	slow := math.Pow(10000, -2*float64(last)/128) / 8
	if r.Freqs[0] != 1 || math.Abs(float64(r.Freqs[last])/slow-1) > 1e-6 {
		t.Errorf("frequencies %g … %g, want 1 … %g", r.Freqs[0], r.Freqs[last], slow)
	}
	if want := 1 + 0.1*math.Log(8); math.Abs(float64(r.Magnitude)-want) > 1e-6 {
		t.Errorf("magnitude %g, want %g", r.Magnitude, want)
	}
}
