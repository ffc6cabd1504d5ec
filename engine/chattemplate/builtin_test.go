package chattemplate

import (
	"slices"
	"testing"
)

var builtinCases = []struct {
	arch   string
	tokens []string
	file   string // expected
	want   string // for the conversation of TestBuiltin
	real   string // a template that renders the same, where it is at hand
	system bool   // with a system message
}{
	{arch: "llama", file: "chatml", real: "teknium-OpenHermes-2.5-Mistral-7B", system: true,
		want: "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"},
	{arch: "qwen3", tokens: []string{"<|im_start|>", "<|im_end|>"}, file: "chatml", real: "Qwen-Qwen2.5-7B-Instruct", system: true,
		want: "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n"},
	{arch: "phi3", tokens: []string{"<|im_start|>", "<|im_end|>", "<|im_sep|>"}, file: "phi4", real: "phi-4", system: true,
		want: "<|im_start|>system<|im_sep|>Be brief.<|im_end|><|im_start|>user<|im_sep|>Hi<|im_end|><|im_start|>assistant<|im_sep|>Hello<|im_end|><|im_start|>user<|im_sep|>Bye<|im_end|><|im_start|>assistant<|im_sep|>"},
	{arch: "llama", tokens: []string{"<|start_header_id|>", "<|eot_id|>"}, file: "llama3", real: "llama3-8b", system: true,
		want: "B<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nBye<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"},
	{arch: "llama4", tokens: []string{"<|header_start|>", "<|eot|>"}, file: "llama4", real: "llama4-latest", system: true,
		want: "B<|header_start|>system<|header_end|>\n\nBe brief.<|eot|><|header_start|>user<|header_end|>\n\nHi<|eot|><|header_start|>assistant<|header_end|>\n\nHello<|eot|><|header_start|>user<|header_end|>\n\nBye<|eot|><|header_start|>assistant<|header_end|>\n\n"},
	{arch: "gemma3", file: "gemma", real: "gemma3-270m", system: true,
		want: "B<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello<end_of_turn>\n<start_of_turn>user\nBye<end_of_turn>\n<start_of_turn>model\n"},
	{arch: "gemma4", tokens: []string{"<|turn>", "<turn|>"}, file: "gemma4", system: true,
		want: "B<|turn>system\nBe brief.<turn|>\n<|turn>user\nHi<turn|>\n<|turn>model\nHello<turn|>\n<|turn>user\nBye<turn|>\n<|turn>model\n"},
	{arch: "gpt-oss", tokens: []string{"<|start|>", "<|channel|>", "<|message|>"}, file: "harmony", system: true,
		want: "<|start|>system<|message|>Reasoning: medium\n\n# Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|><|start|>developer<|message|># Instructions\n\nBe brief.<|end|><|start|>user<|message|>Hi<|end|><|start|>assistant<|channel|>final<|message|>Hello<|end|><|start|>user<|message|>Bye<|end|><|start|>assistant"},
	{arch: "granite", tokens: []string{"<|start_of_role|>", "<|end_of_role|>"}, file: "granite", real: "granite-3.0-instruct", system: true,
		want: "<|start_of_role|>system<|end_of_role|>Be brief.<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>Hello<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>Bye<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>"},
	{arch: "command-r", tokens: []string{"<|START_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>"}, file: "command", real: "CohereForAI-c4ai-command-r-plus", system: true,
		want: "B<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be brief.<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>Hello<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Bye<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>"},
	{arch: "exaone", tokens: []string{"[|endofturn|]"}, file: "exaone", real: "exaone3.5-7.8b", system: true,
		want: "[|system|]Be brief.[|endofturn|]\n[|user|]Hi\n[|assistant|]Hello[|endofturn|]\n[|user|]Bye\n[|assistant|]"},
	{arch: "glm4", tokens: []string{"[gMASK]", "<|assistant|>", "<|user|>", "<sop>"}, file: "glm4", system: true,
		want: "[gMASK]<sop><|system|>\nBe brief.<|user|>\nHi<|assistant|>\nHello<|user|>\nBye<|assistant|>\n"},
	{arch: "deepseek2", tokens: []string{"<｜User｜>", "<｜Assistant｜>"}, file: "deepseek", real: "deepseek-v3-671b", system: true,
		want: "BBe brief.<｜User｜>Hi<｜Assistant｜>Hello<｜end▁of▁sentence｜><｜User｜>Bye<｜Assistant｜>"},
	{arch: "phi3", tokens: []string{"<|assistant|>", "<|user|>", "<|end|>"}, file: "phi3", real: "Phi-3-vision", system: true,
		want: "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello<|end|>\n<|user|>\nBye<|end|>\n<|assistant|>\n"},
	{arch: "llama", tokens: []string{"[SYSTEM_PROMPT]", "[INST]", "[/INST]"}, file: "mistral-system", real: "mistral-small-24b", system: true,
		want: "B[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi[/INST]HelloE[INST]Bye[/INST]"},
	{arch: "llama", tokens: []string{"[INST]", "[/INST]", "<s>", "</s>", "▁the"}, file: "mistral", real: "mistralai-Mistral-Nemo-Instruct-2407",
		want: "B[INST]Hi[/INST]HelloE[INST]Bye[/INST]"},
	{arch: "llama", tokens: []string{"<s>", "</s>", "▁the"}, file: "llama2", real: "llama2-7b", system: true,
		want: "B[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello EB[INST] Bye [/INST]"},
	{arch: "falcon", file: "names", system: true, want: "Be brief.\n\nUser: Hi\n\nAssistant: Hello\n\nUser: Bye\n\nAssistant:"},
	{arch: "rwkv6", file: "names", want: "User: Hi\n\nAssistant: Hello\n\nUser: Bye\n\nAssistant:"},
}

func TestBuiltin(t *testing.T) {
	messages := []Message{
		{Role: "system", Content: "Be brief."},
		{Role: "user", Content: "Hi"},
		{Role: "assistant", Content: "Hello"},
		{Role: "user", Content: "Bye"},
	}
	tested := map[string]bool{}
	for _, c := range builtinCases {
		tested[c.file] = true
		tmpl := Builtin(c.arch, func(token string) bool { return slices.Contains(c.tokens, token) })
		if want := builtin(c.file); tmpl.source != want.source {
			t.Errorf("%s with %v does not get %s", c.arch, c.tokens, c.file)
			continue
		}
		in := Input{Messages: messages, AddGenerationPrompt: true, BOS: "B", EOS: "E"}
		if !c.system {
			in.Messages = messages[1:]
		}
		if got := mustRender(t, tmpl, in); got != c.want {
			t.Errorf("%s: %s", c.file, firstDifference(got, c.want))
		}
	}
	files, err := builtinFiles.ReadDir("builtin")
	if err != nil || len(files) != len(tested) {
		t.Errorf("%d of %d files tested, %v", len(tested), len(files), err)
	}
}

// TestBuiltinIsReal compares with templates of the families.
func TestBuiltinIsReal(t *testing.T) {
	sources := readTemplates(t)
	compared := 0
	for _, c := range builtinCases {
		source, ok := sources[c.real]
		if !ok {
			continue
		}
		compared++
		in := Input{Messages: []Message{{Role: "user", Content: "Hi"}, {Role: "assistant", Content: "Hello"}, {Role: "user", Content: "Bye"}}, AddGenerationPrompt: true, BOS: "B", EOS: "E"}
		if c.system {
			in.Messages = append([]Message{{Role: "system", Content: "Be brief."}}, in.Messages...)
		}
		if got := mustRender(t, mustParse(t, source), in); got != c.want {
			t.Errorf("%s and %s: %s", c.file, c.real, firstDifference(got, c.want))
		}
	}
	t.Logf("%d compared", compared)
}
