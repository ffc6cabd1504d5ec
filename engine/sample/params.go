package sample

import (
	"fmt"
	"math"
)

// Params are the settings of a sampler. Begin with [Defaults]: the zero value
// is not valid.
type Params struct {
	Temperature float32 // divides logits before the draw; 0 always takes the best token
	TopK        int     // keep this many best tokens; 0 keeps all
	TopP        float32 // keep the best tokens until their probabilities reach this; 1 keeps all, 0 the best
	MinP        float32 // keep tokens at least this times as probable as the best; 0 keeps all
	TypicalP    float32 // keep the tokens of most typical information until their probabilities exceed this; 1 keeps all

	RepeatPenalty    float32 // divides positive logits of recent tokens, multiplies negative ones; 1 is none
	FrequencyPenalty float32 // subtracted from a recent token's logit for every occurrence; 0 is none
	PresencePenalty  float32 // subtracted from a recent token's logit once; 0 is none
	RepeatLastN      int     // how many tokens are recent; 0 turns penalties off, -1 takes the last 1,048,576

	LogitBias map[int32]float32 // added to the logits of tokens; -Inf forbids a token

	Seed uint64 // of the draw; 0 chooses one at random, see [Sampler.Seed]
}

// maxWindow bounds the recent tokens that are remembered.
const maxWindow = 1 << 20

// Defaults returns the settings that llama.cpp uses when told nothing.
func Defaults() Params {
	return Params{
		Temperature:   0.8,
		TopK:          40,
		TopP:          0.95,
		MinP:          0.05,
		TypicalP:      1,
		RepeatPenalty: 1,
		RepeatLastN:   64,
	}
}

// Validate reports the first setting that makes no sense, by name.
func (p Params) Validate() error {
	for _, c := range []struct {
		name     string
		value    float32
		min, max float32
	}{
		{"temperature", p.Temperature, 0, 100},
		{"top_p", p.TopP, 0, 1},
		{"min_p", p.MinP, 0, 1},
		{"typical_p", p.TypicalP, 0, 1},
		{"repeat_penalty", p.RepeatPenalty, 0.01, 100},
		{"frequency_penalty", p.FrequencyPenalty, -100, 100},
		{"presence_penalty", p.PresencePenalty, -100, 100},
	} {
		if !(c.value >= c.min && c.value <= c.max) { // written so that NaN fails
			return fmt.Errorf("%s is %v but must be from %v to %v", c.name, c.value, c.min, c.max)
		}
	}
	if p.TopK < 0 {
		return fmt.Errorf("top_k is %d but must be 0 (keep all tokens) or more", p.TopK)
	}
	if p.RepeatLastN < -1 || p.RepeatLastN > maxWindow {
		return fmt.Errorf("repeat_last_n is %d but must be from -1 to %d", p.RepeatLastN, maxWindow)
	}
	for id, b := range p.LogitBias {
		if id < 0 {
			return fmt.Errorf("logit_bias names token %d: ids are not negative", id)
		}
		if b != b || math.IsInf(float64(b), 1) {
			return fmt.Errorf("logit_bias of token %d is %v but must be a number or -Inf", id, b)
		}
	}
	return nil
}

// penalizes reports whether any penalty is on.
func (p Params) penalizes() bool {
	return p.RepeatLastN != 0 && (p.RepeatPenalty != 1 || p.FrequencyPenalty != 0 || p.PresencePenalty != 0)
}
