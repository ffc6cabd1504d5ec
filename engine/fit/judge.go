package fit

import (
	"fmt"
	"strings"

	"freehold/engine"
	"freehold/engine/hardware"
	"freehold/engine/profile"
	"freehold/engine/program"
)

// Speed is what a machine is predicted to do, in tokens per second.
type Speed struct {
	Decode  float64 `json:"decode"`  // writing, with the context as full as asked
	Prefill float64 `json:"prefill"` // reading, from an empty context on
}

// fallback is measured for every profile and near to the types that are not.
const fallback = "Q4_K"

// cacheBytes is how large a model's matrices may be, all together, to stay in
// the processor's caches from one token to the next.
const cacheBytes = 64 << 20

// Speed predicts the model's speed on the machine that p was taken of, with
// depth tokens in a cache of type kv.
func (n Needs) Speed(p profile.Profile, depth int, kv string) (Speed, error) {
	t, err := program.ParseKVType(kv)
	if err != nil {
		return Speed{}, err
	}
	read := 0.0
	for _, w := range n.Work {
		read += w.Decode
	}
	steps := float64(n.Steps)*p.Step + float64(n.Matrices)*p.Begin
	decode, prefill := steps, steps/512
	for _, w := range n.Work {
		r, ok := p.Types[w.Type]
		if !ok {
			r = p.Types[fallback]
		}
		rate := r.Decode
		if read < cacheBytes {
			rate += (r.Cached - r.Decode) * (1 - read/cacheBytes)
		}
		decode += w.Decode / rate
		prefill += w.Prefill / r.Prefill
	}
	for _, l := range n.Cache {
		seen := depth
		if l.Window > 0 {
			seen = min(depth, l.Window)
		}
		tokens := float64(l.Layers) * float64(seen)
		decode += p.KV[t.String()].Seconds(tokens*l.bytes(t), tokens*2*float64(l.Queries*(l.HeadDim+l.ValueDim)))
	}
	return Speed{Decode: 1 / decode, Prefill: 1 / prefill}, nil
}

// Machine is what there is for a model.
type Machine struct {
	Memory    int64 `json:"memory"`    // bytes, of the machine or its container
	Available int64 `json:"available"` // bytes that can be had without swapping
}

// MachineOf takes a machine's memory from what was probed.
func MachineOf(i hardware.Info) Machine {
	return Machine{Memory: i.MemoryTotal, Available: i.MemoryAvailable}
}

// Kind is a verdict in a word.
type Kind string

// Verdicts. A model that fits is slow if it writes fewer than slowTokens a
// second, which is slower than people read. It is tight if it takes more than
// the memory that is available now but would fit into the machine when other
// programs are closed, or leaves less than tightShare of what is available.
const (
	Well  Kind = "well"
	Slow  Kind = "slow"
	Tight Kind = "tight"
	No    Kind = "no"

	slowTokens = 6.0
	tightShare = 0.08
	// systemShare of a machine's memory belongs to its system.
	systemShare = 0.15
)

// Verdict says whether a model makes sense on a machine.
type Verdict struct {
	Kind           Kind   `json:"kind"`
	Memory         Memory `json:"memory"`
	Speed          Speed  `json:"speed"` // with half of the context in use
	Context        int    `json:"context"`
	LongestContext int    `json:"longestContext"` // that fits into what is available now, at most what it was trained for
	Why            string `json:"why"`            // for people
}

// Judge says how a model will do with a context of so many tokens, 0 for what
// the engine takes by itself.
func Judge(n Needs, m Machine, p profile.Profile, context int, kv string) (Verdict, error) {
	if context <= 0 {
		context = DefaultContext(n)
	}
	memory, err := n.Memory(context, kv)
	if err != nil {
		return Verdict{}, err
	}
	speed, err := n.Speed(p, context/2, kv)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Memory: memory, Speed: speed, Context: context, LongestContext: n.longest(m.Available, kv)}
	most := int64(float64(m.Memory) * (1 - systemShare))
	spare := m.Available - memory.Total
	numbers := fmt.Sprintf("needs %s of the %s that are free", size(memory.Total), size(m.Available))
	switch {
	case memory.Total > most:
		v.Kind = No
		v.Why = fmt.Sprintf("needs %s, and this machine has %s in all", size(memory.Total), size(m.Memory))
		if v.LongestContext >= leastContext {
			v.Why += fmt.Sprintf("; a context of %d tokens would fit", v.LongestContext)
		} else {
			v.Why += "; choose a smaller model or quantization"
		}
	case spare < 0:
		v.Kind = Tight
		v.Why = numbers + "; close other programs"
		if v.LongestContext >= leastContext {
			v.Why += fmt.Sprintf(" or use a context of %d tokens", v.LongestContext)
		} else {
			v.Why += " or choose a smaller one"
		}
	case speed.Decode < slowTokens && !n.Embeds:
		v.Kind = Slow
		v.Why = fmt.Sprintf("writes about %s tokens a second here, and %s", rate(speed.Decode), numbers)
	case float64(spare) < tightShare*float64(m.Available):
		v.Kind = Tight
		v.Why = numbers + ", which leaves little for other programs"
	default:
		v.Kind = Well
		v.Why = numbers
		if !n.Embeds {
			v.Why = fmt.Sprintf("about %s tokens a second, %s", rate(speed.Decode), numbers)
		}
	}
	v.Why = strings.ToUpper(v.Why[:1]) + v.Why[1:] + "."
	return v, nil
}

// leastContext is the shortest that is of use.
const leastContext = 2048

// DefaultContext is what the engine takes if nobody chooses.
func DefaultContext(n Needs) int {
	usual := engine.DefaultContext
	if n.Embeds {
		usual = engine.DefaultEmbeddingContext
	}
	if n.Context == 0 {
		return usual
	}
	return min(n.Context, usual)
}

// longest is the longest context, in whole kilotokens, that fits into so many
// bytes; at most what the model was trained for.
func (n Needs) longest(available int64, kv string) int {
	lo, hi := 0, max(n.Context, 0)
	fits := func(context int) bool {
		m, err := n.Memory(context, kv)
		return err == nil && m.Total <= available
	}
	if fits(hi) {
		return hi
	}
	for hi-lo > 256 {
		if mid := (lo + hi) / 2; fits(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo / 1024 * 1024
}

// size says a number of bytes for people.
func size(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%d MB", (n+5e5)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

func rate(r float64) string {
	if r < 10 {
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}
