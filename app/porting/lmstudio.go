package porting

import (
	"encoding/json"
	"strconv"
	"strings"

	"freehold/app/chat"
)

// LM Studio keeps each chat as a file *.conversation.json in its folder
// conversations: a list of messages, each with its versions and which of them is
// selected. A version is singleStep (content) or multiStep (steps: blocks of
// content with a style for thinking, statuses, calls of tools). What follows a
// message follows whichever version is selected, so the others are branches that
// end. The form is that of public converters of these files.

type lmChat struct {
	Name      loose             `json:"name"`
	Created   when              `json:"createdAt"`
	System    loose             `json:"systemPrompt"`
	Pinned    any               `json:"pinned"`
	Messages  []json.RawMessage `json:"messages"`
	UserTime  when              `json:"userLastMessagedAt"`
	ModelTime when              `json:"assistantLastMessagedAt"`
	LastModel struct {
		Identifier loose `json:"identifier"`
		Key        loose `json:"indexedModelIdentifier"`
	} `json:"lastUsedModel"`
	Config struct {
		Fields list[lmField] `json:"fields"`
	} `json:"perChatPredictionConfig"`
}

type lmField struct {
	Key   loose           `json:"key"`
	Value json.RawMessage `json:"value"`
}

type lmMessage struct {
	Versions list[lmVersion] `json:"versions"`
	Selected int             `json:"currentlySelected"`
}

type lmVersion struct {
	Type    loose           `json:"type"`
	Role    loose           `json:"role"`
	Content json.RawMessage `json:"content"`
	Steps   list[lmStep]    `json:"steps"`
	Sender  struct {
		Name loose `json:"senderName"`
	} `json:"senderInfo"`
	Time when `json:"timestamp"`
}

type lmStep struct {
	Type    loose           `json:"type"`
	ID      loose           `json:"stepIdentifier"`
	Content json.RawMessage `json:"content"`
	Style   struct {
		Type loose `json:"type"`
	} `json:"style"`
	Info *struct {
		Model loose `json:"indexedModelIdentifier"`
		Stats struct {
			Stop       loose   `json:"stopReason"`
			Rate       float64 `json:"tokensPerSecond"`
			First      float64 `json:"timeToFirstTokenSec"`
			Prompt     int     `json:"promptTokensCount"`
			Completion int     `json:"predictedTokensCount"`
		} `json:"stats"`
	} `json:"genInfo"`
}

type lmPart struct {
	Type   loose           `json:"type"`
	Text   loose           `json:"text"`
	Name   loose           `json:"name"`
	File   loose           `json:"fileIdentifier"`
	Kind   loose           `json:"fileType"`
	Params json.RawMessage `json:"parameters"`
	Result json.RawMessage `json:"content"`
}

func readLMStudio(f source, raw []byte) (Found, error) {
	var c lmChat
	if err := decode(raw, &c); err != nil {
		return Found{}, err
	}
	s := &story{source: LMStudio, title: string(c.Name), created: int64(c.Created), updated: int64(max(c.UserTime, c.ModelTime)),
		system: string(c.System), model: first(string(c.LastModel.Key), string(c.LastModel.Identifier)), pinned: c.Pinned == true, notes: notes{}}
	// The file has no id; its name is when it was made, and so is createdAt.
	s.id = strconv.FormatInt(int64(c.Created), 10)
	if name := strings.TrimSuffix(f.base, ".conversation.json"); c.Created == 0 || isNumber(name) {
		s.id = name
	}
	for _, field := range c.Config.Fields.all {
		var text loose
		if field.Key == "llm.prediction.systemPrompt" && json.Unmarshal(field.Value, &text) == nil {
			s.system = first(string(text), s.system)
			continue
		}
		s.notes[Settings] = 1
	}
	before := ""
	for i, r := range c.Messages {
		var m lmMessage
		if json.Unmarshal(r, &m) != nil || len(m.Versions.all) == 0 {
			s.notes[Unknown]++
			continue
		}
		if m.Selected < 0 || m.Selected >= len(m.Versions.all) {
			m.Selected = len(m.Versions.all) - 1
		}
		s.notes[Unknown] += m.Versions.bad
		chosen := ""
		for k, v := range m.Versions.all {
			out := node{id: "message " + itoa(i) + " " + itoa(k), parent: before, at: int64(v.Time)}
			s.lmVersion(v, &out)
			s.nodes = append(s.nodes, out)
			if k == m.Selected {
				chosen = out.id
			}
		}
		before = chosen
	}
	s.leaf = before
	return s.chat()
}

func isNumber(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

func (s *story) lmVersion(v lmVersion, out *node) {
	switch v.Role {
	case "user":
		out.role = chat.User
	case "assistant":
		out.role = chat.Assistant
		out.model = string(v.Sender.Name)
	case "system":
		text, _ := s.lmContent(v.Content)
		s.system = first(s.system, text)
		return
	default:
		s.notes[Unknown]++
		return
	}
	var texts, thoughts []string
	if text, _ := s.lmContent(v.Content); text != "" {
		texts = append(texts, text)
	}
	for _, step := range v.Steps.all {
		switch step.Type {
		case "contentBlock":
			text, sound := s.lmContent(step.Content)
			if !sound {
				s.notes[Unknown]++
			}
			if step.Style.Type == "thinking" {
				thoughts = append(thoughts, text)
			} else {
				texts = append(texts, text)
			}
			s.lmInfo(step, out)
		case "status", "debugInfoBlock", "toolStatus", "citationBlock":
		default:
			s.notes[Unknown]++
		}
	}
	s.notes[Unknown] += v.Steps.bad
	out.content, out.thinking = paragraphs(texts...), paragraphs(thoughts...)
	if out.role == chat.Assistant && len(thoughts) == 0 {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(out.content, "\n "), "<think>"); ok {
			if thought, answer, ok := strings.Cut(rest, "</think>"); ok {
				out.content, out.thinking = strings.TrimLeft(answer, "\n"), strings.TrimSpace(thought)
			}
		}
	}
}

// lmInfo takes what LM Studio measured.
func (s *story) lmInfo(step lmStep, out *node) {
	if step.Info == nil || out.role != chat.Assistant {
		return
	}
	out.model = first(string(step.Info.Model), out.model)
	st := step.Info.Stats
	if st.Completion > 0 && st.Completion < 1<<30 && st.Prompt >= 0 && st.Prompt < 1<<30 {
		out.timings = &chat.Timings{PromptTokens: st.Prompt, CompletionTokens: st.Completion, FirstTokenMs: bounded(st.First * 1000), DecodePerSecond: bounded(st.Rate)}
	}
	switch st.Stop {
	case "eosFound":
		out.stop = "eos"
	case "stopStringFound":
		out.stop = "stop"
	case "maxPredictedTokensReached":
		out.stop = "length"
	case "contextLengthReached":
		out.stop = "context"
	case "userStopped":
		out.status, out.stop = chat.Stopped, "cancelled"
	case "failed", "modelUnloaded":
		out.status, out.stop, out.failure = chat.Failed, "error", "it failed in LM Studio"
	}
}

// bounded is a measurement that may stand in a chat.
func bounded(v float64) float64 {
	if !(v > 0 && v < 1e9) {
		return 0
	}
	return v
}

// lmContent reads parts of content, or a plain text.
func (s *story) lmContent(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", true
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, true
	}
	var parts list[lmPart]
	if json.Unmarshal(raw, &parts) != nil || parts.all == nil && parts.bad > 0 {
		return "", false
	}
	s.notes[Unknown] += parts.bad
	var out []string
	for _, p := range parts.all {
		switch p.Type {
		case "text", "":
			out = append(out, string(p.Text))
		case "file":
			kind, note := "file", Files
			if p.Kind == "image" || strings.HasPrefix(string(p.Kind), "image") {
				kind, note = "image", Images
			}
			s.notes[note]++
			out = append(out, missing(kind, first(string(p.Name), string(p.File))))
		case "toolCallRequest":
			s.notes[Tools]++
			out = append(out, called(string(p.Name), p.Params))
		case "toolCallResult":
			s.notes[Tools]++
			out = append(out, called("→", p.Result))
		default:
			s.notes[Unknown]++
		}
	}
	return strings.TrimRight(paragraphs(out...), "\n"), true
}
