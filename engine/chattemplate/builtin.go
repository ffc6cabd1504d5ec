package chattemplate

import "strings"

// Built-in templates for models that bring none, by the turn markers their
// family was trained on.
const (
	chatML = `{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\n' }}
{%- endif %}`

	gemma = `{{- bos_token }}
{%- set ns = namespace(system='') %}
{%- for message in messages %}
{%- if message.role == 'system' %}
{%- set ns.system = ns.system + message.content + '\n\n' %}
{%- else %}
{{- '<start_of_turn>' + ('model' if message.role == 'assistant' else 'user') + '\n' + ns.system + message.content | trim + '<end_of_turn>\n' }}
{%- set ns.system = '' %}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<start_of_turn>model\n' }}
{%- endif %}`

	phi = `{%- for message in messages %}
{{- '<|' + message.role + '|>\n' + message.content + '<|end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|assistant|>\n' }}
{%- endif %}`
)

// Builtin gives a template for a model that has none, by the architecture its
// file names ("llama", "gemma2", "phi3", …). It is ChatML where the family has
// no other well-known form.
func Builtin(arch string) *Template {
	source := chatML
	switch {
	case strings.HasPrefix(arch, "gemma"):
		source = gemma
	case strings.HasPrefix(arch, "phi"):
		source = phi
	}
	t, err := Parse(source)
	if err != nil {
		panic("built-in chat template: " + err.Error()) // the tests parse each
	}
	return t
}
