package arch

import (
	"math"

	"freehold/engine/program"
)

// rope makes the rotary table the file asks for: base frequency, per-pair
// factors (Llama 3.x ships them as a tensor), linear scaling or YaRN.
func (l *loader) rope(c Config, adjacent bool) program.RopeTable {
	pairs := c.RopeDim / 2
	base := l.real("rope.freq_base", 10000)
	if base <= 0 {
		l.fail("metadata key %s.rope.freq_base is %g; it must be positive", l.arch, base)
	}
	t := program.RopeTable{Freqs: make([]float32, pairs), Magnitude: 1, Adjacent: adjacent}
	factors := l.optionalVector("rope_freqs.weight", pairs)

	scaling := l.text("rope.scaling.type")
	factor := l.real("rope.scaling.factor", l.real("rope.scale_linear", 1))
	if factor <= 0 {
		factor = 1
	}
	if scaling == "none" {
		factor = 1
	}
	ramp := func(int) float64 { return 0 } // share of the unscaled frequency
	if scaling == "yarn" {
		ramp = l.yarn(c, base)
		t.Magnitude = float32(l.real("rope.scaling.attn_factor", 1) * (1 + 0.1*math.Log(factor)))
	} else if scaling == "longrope" {
		l.fail("rope scaling %q is not supported by this architecture", scaling)
	}
	for i := range pairs {
		f := math.Pow(base, -2*float64(i)/float64(c.RopeDim))
		if factors != nil {
			f /= float64(factors[i])
		}
		r := ramp(i)
		t.Freqs[i] = float32(f/factor*(1-r) + f*r)
	}
	return t
}

// yarn returns, for each pair, how much of its unscaled frequency YaRN keeps:
// all of it for the fast pairs, none for the slow ones, a ramp between (Peng et
// al., 2023, §3.2).
func (l *loader) yarn(c Config, base float64) func(pair int) float64 {
	original := l.real("rope.scaling.original_context_length", float64(c.TrainedContext))
	bound := func(key string, turns float64) float64 {
		turns = l.real("rope.scaling."+key, turns)
		return float64(c.RopeDim) * math.Log(original/(turns*2*math.Pi)) / (2 * math.Log(base))
	}
	low := max(0, math.Floor(bound("yarn_beta_fast", 32)))
	high := min(float64(c.RopeDim-1), math.Ceil(bound("yarn_beta_slow", 1)))
	extrapolate := l.real("rope.scaling.yarn_ext_factor", 1)
	return func(pair int) float64 {
		r := (float64(pair) - low) / max(0.001, high-low)
		return (1 - min(1, max(0, r))) * extrapolate
	}
}
