package app

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"freehold/models/library"
)

func TestChatDefaultsOfAModel(t *testing.T) {
	base := defaultSettings()
	for name, c := range map[string]struct {
		system string // of the settings
		model  string // system prompt of the model
		params string
		change func(*Settings) // what is expected, as settings
		ctx    int
	}{
		"nothing": {params: `{}`, change: func(*Settings) {}},
		"all": {model: "Be kind.", params: `{"temperature":0.2,"top_k":7,"top_p":0.5,"min_p":0.1,"typical_p":0.9,"repeat_penalty":1.1,
			"frequency_penalty":0.3,"presence_penalty":-0.3,"seed":42,"num_predict":100,"num_ctx":4096,"stop":["<a>","<b>","<a>"]}`,
			change: func(s *Settings) {
				s.System = "Be kind."
				p := &s.Sampling
				p.Temperature, p.TopK, p.TopP, p.MinP, p.TypicalP, p.RepeatPenalty = 0.2, 7, 0.5, 0.1, 0.9, 1.1
				p.FrequencyPenalty, p.PresencePenalty, p.Seed, p.MaxTokens, p.Stop = 0.3, -0.3, 42, 100, []string{"<a>", "<b>"}
			}, ctx: 4096},
		"the user's prompt wins": {system: "Be brief.", model: "Be kind.", params: `{}`, change: func(s *Settings) { s.System = "Be brief." }},
		"one stop":               {params: `{"stop":"x"}`, change: func(s *Settings) { s.Sampling.Stop = []string{"x"} }},
		"no limit":               {params: `{"num_predict":-1}`, change: func(*Settings) {}},
		"hostile": {model: strings.Repeat("x", maxSystemBytes+1), params: `{"temperature":99,"top_p":-1,"top_k":"many","seed":1e300,"min_p":null,
			"repeat_penalty":{},"num_ctx":1e18,"num_predict":0.5,"stop":[1,null,"` + strings.Repeat("y", 1000) + `","ok"]}`,
			change: func(s *Settings) { s.Sampling.Stop = []string{"ok"} }},
		"beyond its training": {params: `{"num_ctx":100000}`, change: func(*Settings) {}, ctx: 8192},
		"tiny context":        {params: `{"num_ctx":1}`, change: func(*Settings) {}},
	} {
		m := library.Model{System: c.model, ContextLength: 8192}
		if err := json.Unmarshal([]byte(c.params), &m.Params); err != nil {
			t.Fatal(err)
		}
		s, want := base, base
		s.System = c.system
		c.change(&want)
		system, sampling := chatDefaults(m, s)
		if system != want.System || !reflect.DeepEqual(sampling, want.Sampling) {
			t.Errorf("%s: %q %+v, want %q %+v", name, system, sampling, want.System, want.Sampling)
		}
		if got := contextDefault(m); got != c.ctx {
			t.Errorf("%s: context %d, want %d", name, got, c.ctx)
		}
	}
	if _, ok := whole(math.NaN()); ok {
		t.Error("NaN is whole")
	}
}
