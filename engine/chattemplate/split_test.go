package chattemplate

import (
	"strings"
	"testing"
)

// chatML with marks somewhere in it, as a template has them.
func mentioning(marks string) string {
	return "{# " + marks + " #}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}" +
		"{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
}

const (
	// thinking rendered by the template itself, between marks no table has
	ownMarks = "{% for m in messages %}<{{ m.role }}>{% if m.reasoning_content %}<mull:x>{{ m.reasoning_content }}</mull:x>{% endif %}{{ m.content }}</{{ m.role }}>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
	toolTags = "{% for m in messages %}<{{ m.role }}>\n{{ m.content }}{% for c in m.tool_calls or [] %}\n<tool_call>\n{{ c.function | tojson }}\n</tool_call>{% endfor %}</{{ m.role }}>{% endfor %}{% if add_generation_prompt %}<assistant>\n{% endif %}"
	harmony  = "{% for m in messages %}<|start|>{{ m.role }}{% if m.thinking %}<|channel|>analysis<|message|>{{ m.thinking }}<|end|><|start|>assistant{% endif %}{% if m.role == 'assistant' %}<|channel|>final{% endif %}<|message|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)

var splitCases = []struct {
	name, template, prompt, text string
	tools                        bool
	thinking, answer, call       string
}{
	{name: "plain", text: "Hello there.", answer: "Hello there."},
	{name: "leading space kept without tags", text: "  \nHello", answer: "  \nHello"},
	{name: "think", text: "<think>\nhm, so\n</think>\n\nYes.", thinking: "hm, so", answer: "Yes."},
	{name: "space before the tag", text: "\n <think>a</think>b", thinking: "a", answer: "b"},
	{name: "empty thinking", text: "<think>\n\n</think>\n\nYes.", answer: "Yes."},
	{name: "never closed", text: "<think>\nhm, so \n", thinking: "hm, so"},
	{name: "half a closing tag", text: "<think>a </thin", thinking: "a </thin"},
	{name: "half an opening tag", text: "<thi", answer: "<thi"},
	{name: "tag in the answer", text: "Use <think>x</think>.", answer: "Use <think>x</think>."},
	{name: "tag in the answer behind thinking", text: "<think>a</think>b <think>c</think>", thinking: "a", answer: "b <think>c</think>"},
	{name: "near miss inside", text: "<think>1 </ 2 </thin 3</think>b", thinking: "1 </ 2 </thin 3", answer: "b"},
	{name: "spaces inside", text: "<think>a\n\n b  c</think> d\n e ", thinking: "a\n\n b  c", answer: "d\n e "},
	{name: "opened by the prompt", prompt: "<|assistant|><think>\n", text: "so\n</think>\nYes", thinking: "so", answer: "Yes"},
	{name: "opened by the prompt and again", prompt: "<|assistant|><think>\n", text: "<think>\nso\n</think>\nYes", thinking: "so", answer: "Yes"},
	{name: "closed by the prompt", prompt: "<think>\n\n</think>\n\n", text: "\nYes <think>", answer: "Yes <think>"},
	{name: "prose is no mark for a plain model", text: "Here is my thought process: a", answer: "Here is my thought process: a"},
	{name: "triangles", text: "◁think▷é◁/think▷ü", thinking: "é", answer: "ü"},
	{name: "longer name", text: "<thinking>a</think></thinking>b", thinking: "a</think>", answer: "b"},
	{name: "brackets", template: mentioning("[THINK]"), text: "[THINK]a[/THINK]b", thinking: "a", answer: "b"},
	{name: "seed", template: mentioning("<seed:think>"), text: "<seed:think>a</seed:think>b", thinking: "a", answer: "b"},
	{name: "exaone", template: mentioning("<thought>"), prompt: "[|assistant|]<thought>\n", text: "a\n</thought>\n\nb", thinking: "a", answer: "b"},
	{name: "gemma", template: mentioning("<|channel>thought"), text: "<|channel>thought\na\n<channel|>b", thinking: "a", answer: "b"},
	{name: "gemma, empty and twice", template: mentioning("<|channel>thought"), text: "<|channel>thought\n<channel|><|channel>thought\na\n<channel|>b", thinking: "a", answer: "b"},
	{name: "gemma, closed by the prompt", template: mentioning("<|channel>thought"), prompt: "<|turn>model\n<|channel>thought\n<channel|>", text: "b", answer: "b"},
	{name: "command", template: mentioning("<|START_THINKING|>"), text: "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>", thinking: "a", answer: "b"},
	{name: "command, response opened by the prompt", template: mentioning("<|START_THINKING|>"), prompt: "<|CHATBOT_TOKEN|><|START_RESPONSE|>", text: "b\n<|END_RESPONSE|>", answer: "b"},
	{name: "command, only the end marked", template: mentioning("<|START_THINKING|>"), text: "b\n<|END_RESPONSE|>", answer: "b"},
	{name: "command, a call", template: mentioning("<|START_THINKING|>"), tools: true, text: "<|START_THINKING|>plan<|END_THINKING|><|START_ACTION|>[{}]<|END_ACTION|>", thinking: "plan", call: "<|START_ACTION|>[{}]<|END_ACTION|>"},
	{name: "granite", template: mentioning("<think></think> <response></response>"), text: "<think>a</think>\n<response>b\n</response>", thinking: "a", answer: "b"},
	{name: "granite, quoted end", template: mentioning("<think></think> <response></response>"), text: "<think>a</think><response>The tag </response> ends it.</response>", thinking: "a", answer: "The tag </response> ends it."},
	{name: "granite, in words", template: mentioning("after 'Here is my thought process:'"), text: "Here is my thought process: a\nHere is my response:\nb", thinking: "a", answer: "b"},
	{name: "apriel", template: mentioning("[BEGIN FINAL RESPONSE]"), prompt: "<|begin_assistant|>\nHere are my reasoning steps:\n", text: "a\n[BEGIN FINAL RESPONSE]\nb\n[END FINAL RESPONSE]", thinking: "a", answer: "b"},
	{name: "kimi", template: mentioning("<|open|>think<|sep|>"), prompt: "<|open|>message role=\"assistant\"<|sep|><|open|>think<|sep|>", text: "a<|close|>think<|sep|><|open|>response<|sep|>b<|close|>response<|sep|><|close|>message<|sep|><|end_of_msg|>", thinking: "a", answer: "b"},
	{name: "solar", template: mentioning("<|begin|>assistant<|think|>"), prompt: "<|begin|>assistant", text: "<|think|>a<|end|><|begin|>assistant<|content|>b<|end|>", thinking: "a", answer: "b"},
	{name: "marks of its own", template: ownMarks, text: "<mull:x>a</mull:x>b", thinking: "a", answer: "b"},

	{name: "a call is text when no tools were offered", template: toolTags, text: "a <tool_call>b", answer: "a <tool_call>b"},
	{name: "a call", template: toolTags, tools: true, text: "I look.\n<tool_call>\n{}\n</tool_call>", answer: "I look.\n", call: "<tool_call>\n{}\n</tool_call>"},
	{name: "calls behind thinking", template: toolTags, tools: true, text: "<think>a</think>\n<tool_call>x</tool_call>\n<tool_call>y</tool_call>", thinking: "a", call: "<tool_call>x</tool_call>\n<tool_call>y</tool_call>"},

	{name: "gpt-oss", template: harmony, prompt: "<|start|>assistant", text: "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b", thinking: "a", answer: "b"},
	{name: "gpt-oss, many messages", template: harmony, prompt: "<|start|>assistant", text: "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>analysis<|message|>c<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>", thinking: "ac", answer: "I look.b"},
	{name: "gpt-oss, a call", template: harmony, prompt: "<|start|>assistant", text: "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"x\": 1}<|call|>", thinking: "a", call: "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"x\": 1}<|call|>"},
	{name: "gpt-oss, recipient first", template: harmony, prompt: "<|start|>assistant", text: " to=functions.f<|channel|>commentary json<|message|>{}", call: "to=functions.f<|channel|>commentary json<|message|>{}"},
	{name: "gpt-oss, stray channel", template: harmony, prompt: "<|start|>assistant", text: "<|channel|>commentary<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b", thinking: "a", answer: "b"},
	{name: "gpt-oss, cut in thinking", template: harmony, prompt: "<|start|>assistant", text: "<|channel|>analysis<|message|>a b\n", thinking: "a b"},
	{name: "gpt-oss, cut between", template: harmony, prompt: "<|start|>assistant", text: "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|chan", thinking: "a"},
	{name: "gpt-oss, marks quoted", template: harmony, prompt: "<|start|>assistant", text: "<|channel|>final<|message|>The mark <|end|> ends a message, <|channel|> too.", answer: "The mark <|end|> ends a message, <|channel|> too."},
	{name: "gpt-oss, final opened by the prompt", template: harmony, prompt: "<|start|>assistant<|channel|>final<|message|>", text: "b<|end|>", answer: "b"},
	{name: "gpt-oss, no header", template: harmony, prompt: "<|start|>assistant", text: "just words", answer: "just words"},
	{name: "recipients", template: mentioning("to=self<|message|>"), prompt: "<|start|>assistant", text: " to=self<|message|>a<|eom|><|start|>assistant to=user<|message|>b", thinking: "a", answer: "b"},
}

// split feeds text to a splitter in pieces of size characters.
func split(s *Splitter, text string, size int) (thinking, answer, call string) {
	chars := []rune(text)
	var all [3]strings.Builder
	collect := func(pieces []Piece) {
		for _, p := range pieces {
			all[p.Kind].WriteString(p.Text)
		}
	}
	for i := 0; i < len(chars); i += size {
		collect(s.Push(string(chars[i:min(len(chars), i+size)])))
	}
	collect(s.Flush())
	return all[Thinking].String(), all[Answer].String(), all[Call].String()
}

func TestSplitter(t *testing.T) {
	for _, c := range splitCases {
		source := c.template
		if source == "" {
			source = mentioning("")
		}
		f := mustParse(t, source).Format()
		for size := 1; size <= len(c.text)+1; size++ {
			thinking, answer, call := split(f.Splitter(c.prompt, c.tools), c.text, size)
			if thinking != c.thinking || answer != c.answer || call != c.call {
				t.Errorf("%s, in pieces of %d: thinking %q, answer %q, call %q; want %q, %q, %q",
					c.name, size, thinking, answer, call, c.thinking, c.answer, c.call)
				break
			}
		}
	}
}

func TestSplitterStreams(t *testing.T) {
	s := mustParse(t, mentioning("<think>")).Format().Splitter("", false)
	for _, step := range []struct {
		push string
		kind Kind
		want string
	}{
		{"<think>some words", Thinking, "some words"},
		{" and more <", Thinking, " and more"},
		{"/think>Done", Answer, "Done"},
		{" now ", Answer, " now "},
	} {
		got := s.Push(step.push)
		if len(got) != 1 || got[0] != (Piece{step.kind, step.want}) {
			t.Errorf("%q gives %+v", step.push, got)
		}
	}
}

// TestSplitterHoldsLittle lets nobody make it hoard text or look at it again and
// again.
func TestSplitterHoldsLittle(t *testing.T) {
	for _, text := range []string{"<think>", "<|channel|>", "<|channel|>final<|message|>", "<|end|>", " ", "x"} {
		for _, source := range []string{harmony, toolTags, mentioning("<think></think> <response></response>")} {
			s := mustParse(t, source).Format().Splitter("", true)
			s.Push(text)
			for range 5000 {
				s.Push(" ")
				if len(s.held) > maxSpace+maxHeader {
					t.Fatalf("%q: %d bytes are held", text, len(s.held))
				}
			}
		}
	}
}

// TestRealFormats splits what each real template renders for an answer with
// thinking, behind the prompt it ends with.
func TestRealFormats(t *testing.T) {
	checked := 0
	for name, source := range readTemplates(t) {
		tmpl, err := Parse(source)
		if err != nil {
			continue
		}
		p := newProbes(tmpl)
		if !strings.Contains(p.thought, probeThought) {
			continue // drops the thinking of earlier answers
		}
		checked++
		for i, prompt := range p.prompts {
			if i == 2 || !strings.HasPrefix(p.thought, prompt) {
				continue // the prompt goes another way than answers do
			}
			thinking, answer, _ := split(tmpl.Format().Splitter(prompt, false), p.thought[len(prompt):], 3)
			ends := strings.HasPrefix(answer, probeAnswer)
			if thinking != probeThought || !ends {
				t.Errorf("%s: behind %q thinking %q, answer %q", name, prompt, thinking, answer)
			}
		}
	}
	t.Logf("%d templates show the thinking of the last answer", checked)
}

func FuzzSplitter(f *testing.F) {
	for i, c := range splitCases {
		f.Add(c.prompt, c.text, i, 3, c.tools)
	}
	var formats []*Format
	for _, c := range splitCases {
		source := c.template
		if source == "" {
			source = mentioning("")
		}
		t, err := Parse(source)
		if err != nil {
			f.Fatal(err)
		}
		formats = append(formats, t.Format())
	}
	f.Fuzz(func(t *testing.T, prompt, text string, which, size int, tools bool) {
		format := formats[uint(which)%uint(len(formats))]
		size = max(1, min(size, len(text)))
		th, an, ca := split(format.Splitter(prompt, tools), text, max(1, len(text)))
		th2, an2, ca2 := split(format.Splitter(prompt, tools), text, size)
		if len(text) < maxHeader && (th != th2 || an != an2 || ca != ca2) {
			t.Errorf("whole: %q, %q, %q; in pieces of %d: %q, %q, %q", th, an, ca, size, th2, an2, ca2)
		}
	})
}

// TestRealFamilies splits what models of each family write behind the prompt
// that their template renders with thinking on.
func TestRealFamilies(t *testing.T) {
	const tags = "<think>\nT\n</think>\n\nA" // where the prompt does not open the block
	const open = "T\n</think>\n\nA"          // where it does
	const channels = "<|channel|>analysis<|message|>T<|end|><|start|>assistant<|channel|>final<|message|>A"
	sources := readTemplates(t)
	checked := 0
	for name, text := range map[string]string{
		"Apertus-8B-Instruct":                           "<|inner_prefix|>T<|inner_suffix|>A",
		"Apriel-1.6-15b-Thinker-fixed":                  "T\n[BEGIN FINAL RESPONSE]\nA\n[END FINAL RESPONSE]",
		"unsloth-Apriel-1.5":                            "Here are my reasoning steps:\nT\n[BEGIN FINAL RESPONSE]\nA\n[END FINAL RESPONSE]",
		"Bielik-11B-v3.0-Instruct":                      open,
		"ByteDance-Seed-OSS":                            "<seed:think>T</seed:think>A",
		"Cohere2MoE":                                    "T<|END_THINKING|><|START_TEXT|>A<|END_TEXT|>",
		"CohereForAI-c4ai-command-r7b-12-2024-tool_use": "<|START_THINKING|>T<|END_THINKING|><|START_RESPONSE|>A<|END_RESPONSE|>",
		"CohereLabs-command-a-reasoning-08-2025":        "<|START_THINKING|>T<|END_THINKING|><|START_RESPONSE|>A<|END_RESPONSE|>",
		"GLM-4.6":                                       "\n" + tags,
		"GLM-4.7-Flash":                                 open,
		"HuggingFaceTB-SmolLM3-3B":                      tags,
		"Kimi-K2-Thinking":                              "<think>T</think>A",
		"Kimi-K3":                                       "T<|close|>think<|sep|><|open|>response<|sep|>A<|close|>response<|sep|><|close|>message<|sep|>",
		"LFM2.5-8B-A1B":                                 tags,
		"MiMo-VL":                                       tags,
		"MiniMax-M2":                                    open,
		"MiniMax-M3":                                    "<mm:think>T</mm:think>A",
		"NVIDIA-Nemotron-3-Nano-30B-A3B-BF16":           open,
		"NVIDIA-Nemotron-Nano-v2":                       open,
		"Qwen-QwQ-32B":                                  open,
		"Qwen-Qwen3-0.6B":                               tags,
		"Qwen3.5-4B":                                    open,
		"Reka-Edge":                                     open,
		"Spark2.5":                                      open,
		"StepFun3.5-Flash":                              open,
		"deepseek-ai-DeepSeek-R1":                       tags,
		"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B":      open,
		"deepseek-ai-DeepSeek-V3.1":                     open,
		"deepseek-ai-DeepSeek-V3.2":                     open,
		"exaone-deep-2.4b":                              "T\n</thought>\n\nA",
		"exaone4-1.2b":                                  open,
		"google-gemma-4-31B-it":                         "<|channel>thought\nT\n<channel|>A",
		"granite3.2-8b":                                 "Here is my thought process: T\n\nHere is my response:\nA",
		"granite3.3-2b":                                 "<think>T</think>\n\n<response>A</response>",
		"inclusionai-ling-3.0-flash":                    "T</think>A",
		"marco-o1-7b":                                   "<Thought>\nT\n</Thought>\n<Output>\nA\n</Output>",
		"mistralai-Ministral-3-14B-Reasoning-2512":      "[THINK]T[/THINK]A",
		"muse-glimmer":                                  " to=self<|message|>T<|eom|><|start|>assistant to=user<|message|>A",
		"openai-gpt-oss-120b":                           channels,
		"openbmb-MiniCPM3-4B":                           "<|thought_start|>\nT\n<|thought_end|>\nA",
		"openbmb-MiniCPM5-1B":                           open,
		"phi4-reasoning-14b":                            "<think>T</think>A",
		"poolside-Laguna-XS.2":                          open,
		"qwen3-next-80b":                                open,
		"tencent-Hy3":                                   "A",
		"upstage-Solar-Open-100B":                       "<|think|>T<|end|><|begin|>assistant<|content|>A",
		// without thinking
		"Qwen-Qwen2.5-7B-Instruct":          "A",
		"meta-llama-Llama-3.3-70B-Instruct": "A",
		"google-gemma-2-2b-it":              "A",
	} {
		source, ok := sources[name]
		if !ok {
			continue
		}
		checked++
		tmpl, yes := mustParse(t, source), true
		prompt := mustRender(t, tmpl, Input{Messages: []Message{{Role: "user", Content: "Why?"}}, AddGenerationPrompt: true, Thinking: &yes, Now: testNow})
		want := ""
		if strings.Contains(text, "T") && text != "A" {
			want = "T"
		}
		for size := 1; size < len(text)+1; size++ {
			thinking, answer, call := split(tmpl.Format().Splitter(prompt, true), text, size)
			if thinking != want || answer != "A" || call != "" {
				t.Errorf("%s in pieces of %d: thinking %q, answer %q, call %q behind …%q", name, size, thinking, answer, call, prompt[max(0, len(prompt)-60):])
				break
			}
		}
	}
	t.Logf("%d families", checked)
}

// TestRealCalls splits what each real template renders for an answer with a call
// of a tool: the call must be there, whole, and never within thinking.
func TestRealCalls(t *testing.T) {
	calls, texts := 0, 0
	for name, source := range readTemplates(t) {
		tmpl, err := Parse(source)
		if err != nil {
			continue
		}
		p, f := newProbes(tmpl), tmpl.Format()
		for _, prompt := range p.prompts {
			if prompt == "" || !strings.HasPrefix(p.called, prompt) || !strings.Contains(p.called, probeFunction) {
				continue
			}
			written := p.called[len(prompt):]
			thinking, answer, call := split(f.Splitter(prompt, true), written, 2)
			if strings.Contains(written, probeThought) && !strings.Contains(thinking, probeThought) && !strings.Contains(answer, probeThought) {
				t.Errorf("%s: the thinking is gone: %q, %q, %q of %q", name, thinking, answer, call, written)
			}
			switch {
			case strings.Contains(call, probeFunction):
				calls++
				if strings.Contains(thinking+answer, probeFunction) {
					t.Errorf("%s: parts of the call in %q, %q", name, thinking, answer)
				}
			case strings.Contains(answer, probeFunction):
				texts++
				t.Logf("%s: as text: %q", name, answer)
			default:
				t.Errorf("%s: %q, %q, %q of %q", name, thinking, answer, call, written)
			}
			break
		}
	}
	t.Logf("%d templates mark calls, %d write them as text", calls, texts)
}
