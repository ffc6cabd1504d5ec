package arch

import (
	"math"

	"freehold/engine/program"
)

// pairing says which values of a head are turned together.
type pairing bool

const (
	adjacent pairing = true  // 2i and 2i+1
	halves   pairing = false // i and i + half of the rotated values
)

// rotary is how positions turn heads.
type rotary struct {
	pairing
	dim       int       // values that are turned, from the head's first on
	base      float64   // pair i turns by position × base^(−2i/dim)
	factors   []float32 // divide each pair's frequency; may be nil
	factor    float64   // of context that positions are spread over: 1 for none
	yarn      bool
	magnitude float64 // of what has been turned
}

// rotary is what the file asks for: its base frequency, factors (Llama 3.x and
// models with longrope ship them as tensors), linear scaling or YaRN.
func (r *recorder) rotary(p pairing) rotary {
	t := rotary{pairing: p, dim: r.ropeDim, base: r.positive("rope.freq_base", 10000), factor: 1, magnitude: 1}
	scaling := r.text("rope.scaling.type")
	switch scaling {
	case "", "linear", "yarn", "longrope", "none":
	default:
		r.fail("metadata key %s is %q, which is not supported; supported: none, linear, yarn, longrope", r.key("rope.scaling.type"), scaling)
	}
	if factor := r.real("rope.scaling.factor", r.real("rope.scale_linear", 1)); factor > 0 && scaling != "none" {
		t.factor = factor
	}
	if scaling == "yarn" && r.yarnShare() != 0 {
		t.yarn, t.magnitude = true, r.yarnMagnitude(t.factor)
	}
	t.magnitude *= r.real("rope.scaling.attn_factor", 1)
	t.factors = r.optionalVector("rope_freqs.weight", t.dim/2)
	if t.factors == nil { // longrope, whether or not the type says so
		name := "rope_factors_short.weight"
		if float64(r.context) > r.originalContext() {
			name = "rope_factors_long.weight"
		}
		t.factors = r.optionalVector(name, t.dim/2)
	}
	return t
}

// plain is rotary of halves without any scaling, as layers with a window often have it.
func (r *recorder) plain(base float64) rotary {
	return rotary{pairing: halves, dim: r.ropeDim, base: base, factor: 1, magnitude: 1}
}

// originalContext is the context before it was extended.
func (r *recorder) originalContext() float64 {
	return r.positive("rope.scaling.original_context_length", float64(r.TrainedContext))
}

// rope adds the rotary table that the file asks for to the program.
func (r *recorder) rope(p pairing) int { return r.table(r.rotary(p)) }

// table adds a rotary table to the program and returns its number.
func (r *recorder) table(t rotary) int {
	if t.dim < 2 || t.dim > maxWidth || t.dim%2 != 0 {
		r.fail("metadata key %s is %d; it must be even, and at most a head's %d", r.key("rope.dimension_count"), t.dim, r.keyDim)
		t.dim = 2
	}
	kept := func(int) float64 { return 0 } // share of the unscaled frequency
	if t.yarn {
		kept = r.yarnRamp(t)
	}
	table := program.RopeTable{Freqs: make([]float32, t.dim/2), Magnitude: float32(t.magnitude), Adjacent: bool(t.pairing)}
	for i := range table.Freqs {
		f := math.Pow(t.base, -2*float64(i)/float64(t.dim))
		if i < len(t.factors) {
			f /= float64(t.factors[i])
		}
		k := kept(i)
		table.Freqs[i] = float32(f/t.factor*(1-k) + f*k)
	}
	r.program.Ropes = append(r.program.Ropes, table)
	return len(r.program.Ropes) - 1
}

// yarnRamp returns, for each pair, how much of its unscaled frequency YaRN
// keeps: all of it for the fast pairs, none for the slow ones, a ramp between
// (Peng et al., 2023, §3.2).
func (r *recorder) yarnRamp(t rotary) func(pair int) float64 {
	original := r.originalContext()
	bound := func(key string, turns float64) float64 {
		turns = r.positive("rope.scaling."+key, turns)
		return float64(t.dim) * math.Log(original/(turns*2*math.Pi)) / (2 * math.Log(t.base))
	}
	low := max(0, math.Floor(bound("yarn_beta_fast", 32)))
	high := min(float64(t.dim-1), math.Ceil(bound("yarn_beta_slow", 1)))
	extrapolate := r.yarnShare()
	return func(pair int) float64 {
		p := (float64(pair) - low) / max(0.001, high-low)
		return (1 - min(1, max(0, p))) * extrapolate
	}
}

// yarnShare is how much of YaRN there is; without any it is linear scaling.
func (r *recorder) yarnShare() float64 { return r.real("rope.scaling.yarn_ext_factor", 1) }

// yarnMagnitude is by how much YaRN enlarges queries and keys, to sharpen
// attention over the longer context. With a log multiplier the model was trained
// to have that in the scale of attention instead (DeepSeek-V2, 2024).
func (r *recorder) yarnMagnitude(factor float64) float64 {
	magnitude := func(multiplier float64) float64 {
		if factor <= 1 {
			return 1
		}
		return 1 + 0.1*multiplier*math.Log(factor)
	}
	all := r.real("rope.scaling.yarn_log_multiplier", 0)
	switch {
	case all == 0:
		return magnitude(1)
	case r.arch == "deepseek2" || r.arch == "mistral4": // they have the same multiplier in both places
		return 1
	}
	return magnitude(1) / magnitude(all)
}
