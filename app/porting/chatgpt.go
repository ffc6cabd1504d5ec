package porting

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"freehold/app/chat"
)

// ChatGPT's export is a zip with conversations.json, or since 2026 with
// conversations-000.json and so on: an array of conversations, each a tree of
// nodes under "mapping" with "current_node" as the shown leaf. OpenAI publishes
// no description; the form is that of public parsers and of what they collected
// (content types, hidden nodes, asset pointers).

type gptChat struct {
	ID             loose              `json:"id"`
	ConversationID loose              `json:"conversation_id"`
	Title          loose              `json:"title"`
	Created        when               `json:"create_time"`
	Updated        when               `json:"update_time"`
	Current        loose              `json:"current_node"`
	Model          loose              `json:"default_model_slug"`
	Archived       any                `json:"is_archived"`
	Starred        any                `json:"is_starred"`
	Pinned         when               `json:"pinned_time"`
	Mapping        map[string]gptNode `json:"mapping"`
}

type gptNode struct {
	ID       loose       `json:"id"`
	Parent   loose       `json:"parent"`
	Children list[loose] `json:"children"`
	Message  *gptMessage `json:"message"`
}

type gptMessage struct {
	Author struct {
		Role loose `json:"role"`
		Name loose `json:"name"`
	} `json:"author"`
	Created   when       `json:"create_time"`
	Content   gptContent `json:"content"`
	Status    loose      `json:"status"`
	Recipient loose      `json:"recipient"`
	Metadata  struct {
		Hidden      any   `json:"is_visually_hidden_from_conversation"`
		Model       loose `json:"model_slug"`
		Attachments list[struct {
			Name loose `json:"name"`
		}] `json:"attachments"`
		Finish struct {
			Type loose `json:"type"`
		} `json:"finish_details"`
	} `json:"metadata"`
}

type gptContent struct {
	Type         loose                 `json:"content_type"`
	Parts        list[json.RawMessage] `json:"parts"`
	Text         loose                 `json:"text"`
	Language     loose                 `json:"language"`
	Content      loose                 `json:"content"`
	Title        loose                 `json:"title"`
	URL          loose                 `json:"url"`
	Thoughts     json.RawMessage       `json:"thoughts"`
	Profile      loose                 `json:"user_profile"`
	Instructions loose                 `json:"user_instructions"`
}

func readChatGPT(raw []byte) (Found, error) {
	var c gptChat
	if err := decode(raw, &c); err != nil {
		return Found{}, err
	}
	s := &story{source: ChatGPT, id: string(c.ConversationID), title: string(c.Title), created: int64(c.Created), updated: int64(c.Updated),
		model: string(c.Model), leaf: string(c.Current), archived: c.Archived == true, pinned: c.Starred == true || c.Pinned > 0, notes: notes{}}
	if s.id == "" {
		s.id = string(c.ID)
	}
	if s.id == "" {
		s.id = string(c.Current)
	}
	// The order of a map is none: the order of siblings is what their parents say.
	for _, id := range gptOrder(c.Mapping) {
		n := c.Mapping[id]
		out := node{id: id, parent: string(n.Parent)}
		if n.Message != nil {
			s.gptMessage(n.Message, &out)
		}
		s.nodes = append(s.nodes, out)
	}
	return s.chat()
}

// gptOrder lists the nodes, children in the order of their parents' lists.
func gptOrder(all map[string]gptNode) []string {
	ids := make([]string, 0, len(all))
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var order, todo []string
	seen := make(map[string]bool, len(ids))
	walk := func(from string) {
		todo = append(todo[:0], from)
		for len(todo) > 0 {
			id := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			n, ok := all[id]
			if !ok || seen[id] {
				continue
			}
			seen[id] = true
			order = append(order, id)
			for i := len(n.Children.all) - 1; i >= 0; i-- {
				todo = append(todo, string(n.Children.all[i]))
			}
		}
	}
	for _, id := range ids {
		if _, ok := all[string(all[id].Parent)]; !ok {
			walk(id)
		}
	}
	for _, id := range ids { // what hangs in circles
		walk(id)
	}
	return order
}

// citations of ChatGPT stand in the text between characters for private use.
var gptCitation = regexp.MustCompile("\ue200[^\ue201]*\ue201|\u3010[0-9]+(:[0-9]+)?\u2020[^\u3011]*\u3011")

func (s *story) gptMessage(m *gptMessage, out *node) {
	out.at = int64(m.Created)
	out.model = string(m.Metadata.Model)
	switch m.Author.Role {
	case "user":
		out.role = chat.User
	case "assistant", "tool":
		out.role, out.part = chat.Assistant, true
	}
	if m.Content.Type == "user_editable_context" {
		out.role = ""
		if text := paragraphs(string(m.Content.Instructions), string(m.Content.Profile)); text != "" && s.system == "" {
			s.system = text
			s.notes[Instruction] = 1
		}
		return
	}
	hidden, _ := m.Metadata.Hidden.(bool)
	text, thinking := s.gptContent(m)
	if m.Author.Role == "system" || hidden {
		if strings.TrimSpace(text) != "" && hidden {
			s.notes[Hidden]++
		}
		out.role = ""
		return
	}
	if gptCitation.MatchString(text) {
		s.notes[Citations] += len(gptCitation.FindAllStringIndex(text, -1))
		text = gptCitation.ReplaceAllString(text, "")
	}
	if m.Author.Role == "user" {
		for _, a := range m.Metadata.Attachments.all {
			text = paragraphs(text, missing("file", string(a.Name)))
			s.notes[Files]++
		}
	}
	out.content, out.thinking = text, thinking
	switch {
	case out.role != chat.Assistant:
	case m.Status == "in_progress", m.Metadata.Finish.Type == "interrupted":
		out.status, out.stop = chat.Stopped, "cancelled"
	case m.Status == "finished_partial_completion", m.Metadata.Finish.Type == "max_tokens":
		out.stop = "length"
	}
}

func (s *story) gptContent(m *gptMessage) (text, thinking string) {
	c := m.Content
	switch c.Type {
	case "text", "multimodal_text", "":
		text = s.gptParts(c.Parts)
		if text == "" {
			text = string(c.Text)
		}
		if r := m.Recipient; m.Author.Role == "assistant" && r != "" && r != "all" && strings.TrimSpace(text) != "" {
			s.notes[Tools]++
			raw, _ := json.Marshal(text)
			text = called(string(r), raw)
		} else if m.Author.Role == "tool" && strings.TrimSpace(text) != "" && !strings.HasPrefix(text, "*[") {
			s.notes[Tools]++
			raw, _ := json.Marshal(text)
			text = called(string(m.Author.Name), raw)
		}
	case "code":
		if strings.TrimSpace(string(c.Text)) == "" {
			return "", ""
		}
		s.notes[Tools]++
		language := string(c.Language)
		if language == "unknown" {
			language = ""
		}
		text = fenced(oneLine(language), string(c.Text))
	case "execution_output":
		s.notes[Tools]++
		text = fenced("", string(c.Text))
	case "tether_quote":
		text = "> " + strings.ReplaceAll(strings.TrimSpace(string(c.Text)), "\n", "\n> ")
		if c.URL != "" {
			text += "\n>\n> " + oneLine(string(c.Title)) + " <" + oneLine(string(c.URL)) + ">"
		}
	case "tether_browsing_display", "sonic_webpage", "tether_browsing_code":
		s.notes[Browsing]++
	case "thoughts":
		thinking = gptThoughts(c.Thoughts)
	case "reasoning_recap": // "Thought for 12 seconds": the thoughts themselves are there
	case "system_error":
		text = missing("error", string(c.Text))
	case "model_editable_context":
	default:
		s.notes[Unknown]++
		text = s.gptParts(c.Parts)
		if text == "" {
			text = string(c.Text)
		}
	}
	return text, thinking
}

// gptThoughts are a list of summaries with their text, in old exports one text.
func gptThoughts(raw json.RawMessage) string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return one
	}
	var all list[struct {
		Summary loose `json:"summary"`
		Content loose `json:"content"`
	}]
	if json.Unmarshal(raw, &all) != nil {
		return ""
	}
	var out []string
	for _, t := range all.all {
		head := string(t.Summary)
		if head != "" {
			head = "**" + oneLine(head) + "**"
		}
		out = append(out, paragraphs(head, string(t.Content)))
	}
	return paragraphs(out...)
}

func (s *story) gptParts(parts list[json.RawMessage]) string {
	var out []string
	for _, raw := range parts.all {
		var text string
		if json.Unmarshal(raw, &text) == nil {
			out = append(out, text)
			continue
		}
		var p struct {
			Type    loose `json:"content_type"`
			Text    loose `json:"text"`
			Pointer loose `json:"asset_pointer"`
			Meta    struct {
				Dalle struct {
					Prompt loose `json:"prompt"`
				} `json:"dalle"`
			} `json:"metadata"`
		}
		if json.Unmarshal(raw, &p) != nil {
			s.notes[Unknown]++
			continue
		}
		switch p.Type {
		case "image_asset_pointer":
			s.notes[Images]++
			name := string(p.Meta.Dalle.Prompt)
			out = append(out, missing("image", name))
		case "audio_transcription":
			out = append(out, string(p.Text))
		case "audio_asset_pointer", "real_time_user_audio_video_asset_pointer", "video_container_asset_pointer":
			s.notes[Sounds]++
		default:
			s.notes[Unknown]++
			out = append(out, string(p.Text))
		}
	}
	return paragraphs(out...)
}
