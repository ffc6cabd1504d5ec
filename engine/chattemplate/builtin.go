package chattemplate

import (
	"embed"
	"slices"
	"strings"
)

// Built-in templates for models that bring none. They cover turns of text: no
// tools and no thinking.
//
//go:embed builtin/*.jinja
var builtinFiles embed.FS

// builtins say by which token of its vocabulary, or by which architecture, a
// family is known; the first that fits is taken. Where no control token tells,
// the vocabulary has none for turns and these stand in the text.
var builtins = []family{
	{file: "phi4", tokens: []string{"<|im_start|>", "<|im_sep|>"}},
	{file: "chatml", tokens: []string{"<|im_start|>", "<|im_end|>"}},
	{file: "llama3", tokens: []string{"<|start_header_id|>", "<|eot_id|>"}},
	{file: "llama4", tokens: []string{"<|header_start|>", "<|eot|>"}},
	{file: "gemma4", tokens: []string{"<|turn>", "<turn|>"}},
	{file: "gemma", tokens: []string{"<start_of_turn>", "<end_of_turn>"}},
	{file: "harmony", tokens: []string{"<|start|>", "<|channel|>", "<|message|>"}},
	{file: "granite", tokens: []string{"<|start_of_role|>", "<|end_of_role|>"}},
	{file: "command", tokens: []string{"<|START_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>"}},
	{file: "exaone", tokens: []string{"[|endofturn|]"}},
	{file: "glm4", tokens: []string{"[gMASK]", "<|assistant|>"}},
	{file: "deepseek", tokens: []string{"<｜User｜>", "<｜Assistant｜>"}},
	{file: "phi3", tokens: []string{"<|assistant|>", "<|user|>", "<|end|>"}},
	{file: "mistral-system", tokens: []string{"[SYSTEM_PROMPT]", "[INST]"}},
	{file: "mistral", tokens: []string{"[INST]", "[/INST]"}},
	{file: "gemma", archs: []string{"gemma"}},
	{file: "phi3", archs: []string{"phi"}},
	{file: "llama2", tokens: []string{"<s>", "</s>", "▁the"}, archs: []string{"llama", "mistral"}}, // Llama 2 and the first of Mistral
	{file: "names", archs: []string{"falcon", "rwkv"}},
}

// family is one of models that share a form of turns.
type family struct {
	file   string
	tokens []string // all of which the vocabulary must have
	archs  []string // if any, beginnings of the architecture's name
}

func (f family) fits(arch string, has func(token string) bool) bool {
	lacks := func(token string) bool { return !has(token) }
	begins := func(name string) bool { return strings.HasPrefix(arch, name) }
	return !slices.ContainsFunc(f.tokens, lacks) && (len(f.archs) == 0 || slices.ContainsFunc(f.archs, begins))
}

// Builtin gives a template for a model that has none, by what its vocabulary has
// for turns and by the architecture its file names ("llama", "gemma2", …). It is
// ChatML where neither tells. has tells whether the vocabulary has a token.
func Builtin(arch string, has func(token string) bool) *Template {
	for _, b := range builtins {
		if b.fits(arch, has) {
			return builtin(b.file)
		}
	}
	return builtin("chatml")
}

func builtin(file string) *Template {
	source, err := builtinFiles.ReadFile("builtin/" + file + ".jinja")
	if err == nil {
		var t *Template
		if t, err = Parse(string(source)); err == nil {
			return t
		}
	}
	panic("built-in chat template: " + err.Error()) // the tests parse each
}
