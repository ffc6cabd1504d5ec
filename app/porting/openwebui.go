package porting

import (
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strings"

	"freehold/app/chat"
)

// Open WebUI exports an array of rows of its table of chats, each with the chat
// itself under "chat": a tree under history.messages with history.currentId as
// the shown leaf. Several models that answer one question are siblings. Thoughts
// and calls of tools stand in the text as <details> blocks. Described by its
// source (src/lib/components/chat, backend/open_webui/utils/middleware.py).

type webuiRow struct {
	ID       loose `json:"id"`
	Title    loose `json:"title"`
	Created  when  `json:"created_at"`
	Updated  when  `json:"updated_at"`
	Pinned   any   `json:"pinned"`
	Archived any   `json:"archived"`
	Meta     struct {
		Tags list[loose] `json:"tags"`
	} `json:"meta"`
	Chat json.RawMessage `json:"chat"`
}

type webuiChat struct {
	ID      loose           `json:"id"`
	Title   loose           `json:"title"`
	Models  list[loose]     `json:"models"`
	System  loose           `json:"system"`
	Time    when            `json:"timestamp"`
	Params  json.RawMessage `json:"params"`
	History struct {
		Current  loose                      `json:"currentId"`
		Messages map[string]json.RawMessage `json:"messages"`
	} `json:"history"`
	Messages list[json.RawMessage] `json:"messages"` // of very old exports: without a tree
}

type webuiMessage struct {
	ID       loose           `json:"id"`
	Parent   loose           `json:"parentId"`
	Children list[loose]     `json:"childrenIds"`
	Role     loose           `json:"role"`
	Content  json.RawMessage `json:"content"`
	Model    loose           `json:"model"`
	Name     loose           `json:"modelName"`
	Time     when            `json:"timestamp"`
	Done     *bool           `json:"done"`
	Error    json.RawMessage `json:"error"`
	Files    list[struct {
		Type loose `json:"type"`
		Name loose `json:"name"`
		File struct {
			Data struct {
				Content loose `json:"content"`
			} `json:"data"`
		} `json:"file"`
	}] `json:"files"`
	Sources list[json.RawMessage] `json:"sources"`
}

func readOpenWebUI(raw []byte) (Found, error) {
	var row webuiRow
	if err := decode(raw, &row); err != nil {
		return Found{}, err
	}
	if !isObject(row.Chat) {
		row.Chat = raw // a chat without its row
	}
	var c webuiChat
	if err := decode(row.Chat, &c); err != nil {
		return Found{}, err
	}
	s := &story{source: OpenWebUI, id: first(string(row.ID), string(c.ID)), title: first(string(c.Title), string(row.Title)),
		created: int64(row.Created), updated: int64(row.Updated), system: string(c.System), leaf: string(c.History.Current), notes: notes{}}
	s.pinned, s.archived = row.Pinned == true, row.Archived == true
	for _, tag := range row.Meta.Tags.all {
		s.tags = append(s.tags, string(tag))
	}
	if s.created == 0 {
		s.created = int64(c.Time)
	}
	if len(c.Models.all) > 0 {
		s.model = string(c.Models.all[0])
	}
	var params map[string]json.RawMessage
	if json.Unmarshal(c.Params, &params) == nil {
		var system loose
		if json.Unmarshal(params["system"], &system) == nil && s.system == "" {
			s.system = string(system)
		}
		delete(params, "system")
		if len(params) > 0 {
			s.notes[Settings] = 1
		}
	}
	messages := map[string]webuiMessage{}
	for id, r := range c.History.Messages {
		var m webuiMessage
		if json.Unmarshal(r, &m) != nil {
			s.notes[Unknown]++
			continue
		}
		messages[id] = m
	}
	if len(c.History.Messages) > 0 {
		for _, id := range webuiOrder(messages) {
			m := messages[id]
			out := node{id: id, parent: string(m.Parent)}
			s.webuiMessage(m, &out)
			s.nodes = append(s.nodes, out)
		}
	} else {
		before := ""
		for i, r := range c.Messages.all {
			var m webuiMessage
			if json.Unmarshal(r, &m) != nil {
				s.notes[Unknown]++
				continue
			}
			out := node{id: first(string(m.ID), "message "+itoa(i)), parent: before}
			s.webuiMessage(m, &out)
			s.nodes = append(s.nodes, out)
			before = out.id
		}
	}
	if s.id == "" { // a chat that was taken out of its row: its messages tell it apart
		for _, n := range s.nodes {
			s.id += n.id + " "
		}
	}
	return s.chat()
}

// webuiOrder lists messages as their parents list them.
func webuiOrder(all map[string]webuiMessage) []string {
	nodes := make(map[string]gptNode, len(all))
	for id, m := range all {
		nodes[id] = gptNode{Parent: m.Parent, Children: m.Children}
	}
	return gptOrder(nodes)
}

func (s *story) webuiMessage(m webuiMessage, out *node) {
	out.at = int64(m.Time)
	out.model = first(string(m.Model), string(m.Name))
	text := s.webuiText(m.Content)
	switch m.Role {
	case "user":
		out.role = chat.User
	case "assistant":
		out.role = chat.Assistant
		text, out.thinking = s.webuiDetails(text)
		if m.Done != nil && !*m.Done {
			out.status, out.stop = chat.Stopped, "cancelled"
		}
		if failure := webuiError(m.Error); failure != "" {
			out.status, out.failure, out.stop = chat.Failed, failure, "error"
		}
	case "system":
		if s.system == "" {
			s.system = text
		} else {
			s.notes[Hidden]++
		}
		return
	default:
		s.notes[Unknown]++
		return
	}
	for _, f := range m.Files.all {
		switch {
		case f.Type == "image":
			s.notes[Images]++
			text = paragraphs(text, missing("image", string(f.Name)))
		case f.File.Data.Content != "":
			text = paragraphs(text, attached(string(f.Name), string(f.File.Data.Content)))
		default:
			s.notes[Files]++
			text = paragraphs(text, missing("file", string(f.Name)))
		}
	}
	if n := len(m.Sources.all); n > 0 {
		s.notes[Citations] += n
	}
	out.content = text
}

// webuiText is a text, or parts of which some are text.
func (s *story) webuiText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var parts list[struct {
		Type loose `json:"type"`
		Text loose `json:"text"`
	}]
	if json.Unmarshal(raw, &parts) != nil {
		return ""
	}
	var out []string
	for _, p := range parts.all {
		if p.Type == "image_url" {
			s.notes[Images]++
			out = append(out, missing("image", ""))
			continue
		}
		out = append(out, string(p.Text))
	}
	s.notes[Unknown] += parts.bad
	return paragraphs(out...)
}

func webuiError(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	switch string(raw) {
	case "null", "false", `""`:
		return ""
	case "true":
		return "it failed"
	}
	var e struct {
		Content loose `json:"content"`
		Message loose `json:"message"`
	}
	if json.Unmarshal(raw, &e) == nil {
		if text := first(string(e.Content), string(e.Message)); text != "" {
			return text
		}
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return "it failed"
}

var (
	webuiDetails = regexp.MustCompile(`(?s)<details type="(reasoning|tool_calls|code_interpreter)"([^>]*)>\n?(.*?)</details>\n?`)
	webuiSummary = regexp.MustCompile(`(?s)^\s*<summary>.*?</summary>\n?`)
	webuiName    = regexp.MustCompile(`name="([^"]*)"`)
	webuiArgs    = regexp.MustCompile(`arguments="([^"]*)"`)
	webuiResult  = regexp.MustCompile(`result="([^"]*)"`)
)

// webuiDetails parts what a model thought from what it answered.
func (s *story) webuiDetails(text string) (answer, thinking string) {
	if !strings.Contains(text, "<details type=") {
		return text, ""
	}
	var thoughts []string
	answer = webuiDetails.ReplaceAllStringFunc(text, func(block string) string {
		m := webuiDetails.FindStringSubmatch(block)
		body := webuiSummary.ReplaceAllString(m[3], "")
		switch m[1] {
		case "reasoning":
			lines := strings.Split(html.UnescapeString(body), "\n")
			for i, l := range lines {
				l = strings.TrimPrefix(l, ">")
				lines[i] = strings.TrimPrefix(l, " ")
			}
			thoughts = append(thoughts, strings.TrimSpace(strings.Join(lines, "\n")))
			return ""
		case "tool_calls":
			s.notes[Tools]++
			var out []string
			name := ""
			if n := webuiName.FindStringSubmatch(m[2]); n != nil {
				name = html.UnescapeString(n[1])
			}
			for i, re := range []*regexp.Regexp{webuiArgs, webuiResult} {
				if v := re.FindStringSubmatch(m[2]); v != nil && v[1] != "" {
					raw := json.RawMessage(html.UnescapeString(v[1]))
					if !json.Valid(raw) {
						raw, _ = json.Marshal(string(raw))
					}
					label := name
					if i == 1 {
						label += " →"
					}
					out = append(out, called(label, raw))
				}
			}
			if len(out) == 0 {
				out = append(out, called(name, nil))
			}
			return paragraphs(out...) + "\n\n"
		}
		s.notes[Tools]++
		return html.UnescapeString(body) + "\n"
	})
	return strings.TrimSpace(answer), paragraphs(thoughts...)
}

func first(texts ...string) string {
	if i := slices.IndexFunc(texts, func(t string) bool { return t != "" }); i >= 0 {
		return texts[i]
	}
	return ""
}
