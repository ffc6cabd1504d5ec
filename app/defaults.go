package app

import (
	"math"
	"slices"

	"freehold/app/chat"
	"freehold/models/library"
)

// What comes with a model, such as from Ollama's registry, are the defaults of
// new chats with it. It was written by strangers: what is out of range is left
// out.

// chatDefaults are the system prompt and the sampling of new chats with m.
func chatDefaults(m library.Model, s Settings) (system string, sampling chat.Sampling) {
	system, sampling = s.System, s.Sampling
	if system == "" && len(m.System) <= maxSystemBytes {
		system = m.System
	}
	take := func(change func(*chat.Sampling)) {
		next := sampling
		next.Stop = slices.Clone(sampling.Stop)
		change(&next)
		if checked, err := next.Checked(); err == nil {
			sampling = checked
		}
	}
	for name, to := range map[string]func(*chat.Sampling, float64){
		"temperature":       func(s *chat.Sampling, v float64) { s.Temperature = v },
		"top_p":             func(s *chat.Sampling, v float64) { s.TopP = v },
		"min_p":             func(s *chat.Sampling, v float64) { s.MinP = v },
		"typical_p":         func(s *chat.Sampling, v float64) { s.TypicalP = v },
		"repeat_penalty":    func(s *chat.Sampling, v float64) { s.RepeatPenalty = v },
		"frequency_penalty": func(s *chat.Sampling, v float64) { s.FrequencyPenalty = v },
		"presence_penalty":  func(s *chat.Sampling, v float64) { s.PresencePenalty = v },
	} {
		if v, ok := m.Params[name].(float64); ok {
			take(func(s *chat.Sampling) { to(s, v) })
		}
	}
	for name, to := range map[string]func(*chat.Sampling, int){
		"top_k":       func(s *chat.Sampling, v int) { s.TopK = max(0, v) },
		"num_predict": func(s *chat.Sampling, v int) { s.MaxTokens = max(0, v) }, // below 0: until the model ends
		"seed":        func(s *chat.Sampling, v int) { s.Seed = int64(v) },
	} {
		if v, ok := whole(m.Params[name]); ok {
			take(func(s *chat.Sampling) { to(s, v) })
		}
	}
	for _, stop := range texts(m.Params["stop"]) {
		take(func(s *chat.Sampling) {
			if !slices.Contains(s.Stop, stop) {
				s.Stop = append(s.Stop, stop)
			}
		})
	}
	return system, sampling
}

// contextDefault is the context in tokens that m comes with; 0: none.
func contextDefault(m library.Model) int {
	n, ok := whole(m.Params["num_ctx"])
	if !ok || n < leastContext || n > maxContext {
		return 0
	}
	if m.ContextLength > 0 {
		n = min(n, m.ContextLength)
	}
	return n
}

// whole reads a JSON number without fraction.
func whole(v any) (int, bool) {
	f, ok := v.(float64)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<31 {
		return 0, false
	}
	return int(f), true
}

// texts reads a JSON string, or a list of them.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				all = append(all, s)
			}
		}
	case []string:
		return v
	}
	return all
}

// leastNamer is from how many parameters on a model's titles are better than
// the beginning of the question.
const leastNamer = 400_000_000

// namesChats tells whether a model shall name the chats it answers in.
func (c *Core) namesChats(ref string) bool {
	if !c.Settings().AutoTitles {
		return false
	}
	m, err := c.library.Find(ref)
	return err == nil && m.Parameters >= leastNamer
}
