package porting

import (
	"encoding/json"
	"strings"

	"freehold/app/chat"
)

// Claude's export is a zip with conversations.json: an array of conversations
// with "chat_messages". Their text is in blocks under "content" (text, thinking,
// tool_use, tool_result); older exports have it under "text" only. Branches hang
// together by "parent_message_uuid", whose root is a uuid of zeros with a 4 and
// an 8. Anthropic publishes no description; the form is that of public parsers.

type claudeChat struct {
	UUID     loose             `json:"uuid"`
	Name     loose             `json:"name"`
	Model    loose             `json:"model"`
	Created  when              `json:"created_at"`
	Updated  when              `json:"updated_at"`
	Leaf     loose             `json:"current_leaf_message_uuid"`
	Messages []json.RawMessage `json:"chat_messages"`
}

type claudeMessage struct {
	UUID        loose             `json:"uuid"`
	Sender      loose             `json:"sender"`
	Text        loose             `json:"text"`
	Content     list[claudeBlock] `json:"content"`
	Created     when              `json:"created_at"`
	Parent      loose             `json:"parent_message_uuid"`
	StopReason  loose             `json:"stop_reason"`
	Attachments list[struct {
		Name loose `json:"file_name"`
		Text loose `json:"extracted_content"`
	}] `json:"attachments"`
	Files list[struct {
		Name loose `json:"file_name"`
		Kind loose `json:"file_kind"`
	}] `json:"files"`
}

type claudeBlock struct {
	Type      loose           `json:"type"`
	Text      loose           `json:"text"`
	Thinking  loose           `json:"thinking"`
	Name      loose           `json:"name"`
	Input     json.RawMessage `json:"input"`
	Content   json.RawMessage `json:"content"`
	Citations list[struct{}]  `json:"citations"`
}

const claudeRoot = "00000000-0000-4000-8000-000000000000"

func readClaude(raw []byte) (Found, error) {
	var c claudeChat
	if err := decode(raw, &c); err != nil {
		return Found{}, err
	}
	s := &story{source: Claude, id: string(c.UUID), title: string(c.Name), model: string(c.Model), created: int64(c.Created), updated: int64(c.Updated),
		leaf: string(c.Leaf), notes: notes{}}
	if s.model == "" {
		s.model = "claude"
	}
	var parsed []claudeMessage
	tree := false
	for _, r := range c.Messages {
		var m claudeMessage
		if json.Unmarshal(r, &m) != nil {
			s.notes[Unknown]++
			continue
		}
		tree = tree || m.Parent != ""
		parsed = append(parsed, m)
	}
	before := ""
	for i, m := range parsed {
		out := node{id: string(m.UUID), at: int64(m.Created)}
		if out.id == "" {
			out.id = "message " + itoa(i)
		}
		switch {
		case !tree:
			out.parent = before // an old export: one after the other
		case m.Parent != claudeRoot:
			out.parent = string(m.Parent)
		}
		before = out.id
		s.claudeMessage(m, &out)
		s.nodes = append(s.nodes, out)
	}
	return s.chat()
}

func (s *story) claudeMessage(m claudeMessage, out *node) {
	switch m.Sender {
	case "human", "user":
		out.role = chat.User
	case "assistant":
		out.role = chat.Assistant
	default:
		s.notes[Unknown]++
	}
	var text, thoughts []string
	s.notes[Unknown] += m.Content.bad
	for _, b := range m.Content.all {
		switch b.Type {
		case "text":
			text = append(text, string(b.Text))
			s.notes[Citations] += len(b.Citations.all)
		case "thinking":
			thoughts = append(thoughts, string(b.Thinking))
		case "redacted_thinking":
			s.notes[Hidden]++
		case "tool_use":
			s.notes[Tools]++
			text = append(text, called(string(b.Name), b.Input))
		case "tool_result":
			text = append(text, s.claudeResult(b))
		case "token_budget", "flag":
		case "image":
			s.notes[Images]++
			text = append(text, missing("image", ""))
		default:
			s.notes[Unknown]++
			text = append(text, string(b.Text))
		}
	}
	if len(strings.TrimSpace(strings.Join(text, ""))) == 0 {
		text = append(text, string(m.Text))
	}
	for _, a := range m.Attachments.all {
		if a.Text == "" {
			s.notes[Files]++
			text = append(text, missing("file", string(a.Name)))
			continue
		}
		text = append(text, attached(string(a.Name), string(a.Text)))
	}
	for _, f := range m.Files.all {
		kind := "file"
		if f.Kind == "image" {
			kind = "image"
			s.notes[Images]++
		} else {
			s.notes[Files]++
		}
		text = append(text, missing(kind, string(f.Name)))
	}
	out.content, out.thinking = paragraphs(text...), paragraphs(thoughts...)
	if out.role == chat.Assistant && m.StopReason == "user_canceled" {
		out.status, out.stop = chat.Stopped, "cancelled"
	}
}

// claudeResult is what a tool gave: a text, or blocks of which those of text are
// taken.
func (s *story) claudeResult(b claudeBlock) string {
	s.notes[Tools]++
	var blocks list[claudeBlock]
	if json.Unmarshal(b.Content, &blocks) == nil && len(blocks.all) > 0 {
		var texts []string
		for _, k := range blocks.all {
			switch {
			case k.Type == "image":
				s.notes[Images]++
			case k.Text != "":
				texts = append(texts, string(k.Text))
			default:
				s.notes[Browsing]++
			}
		}
		raw, _ := json.Marshal(paragraphs(texts...))
		return called(string(b.Name), raw)
	}
	return called(string(b.Name), b.Content)
}
