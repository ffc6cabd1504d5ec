package porting

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"freehold/app/chat"
)

// Jan keeps each thread in a folder of its own: thread.json says what it is
// about, messages.jsonl has a message a line, one after the other. The types are
// in its source (core/src/types/thread and message).

type janThread struct {
	ID         loose `json:"id"`
	Object     loose `json:"object"`
	Title      loose `json:"title"`
	Created    when  `json:"created"`
	Updated    when  `json:"updated"`
	Assistants list[struct {
		Instructions loose `json:"instructions"`
		Model        struct {
			ID       loose                      `json:"id"`
			Settings map[string]json.RawMessage `json:"settings"`
			Params   map[string]json.RawMessage `json:"parameters"`
		} `json:"model"`
	}] `json:"assistants"`
	Metadata map[string]json.RawMessage `json:"metadata"`
}

type janMessage struct {
	ID          loose                 `json:"id"`
	Object      loose                 `json:"object"`
	Thread      loose                 `json:"thread_id"`
	Role        loose                 `json:"role"`
	Content     list[janPart]         `json:"content"`
	Status      loose                 `json:"status"`
	Created     when                  `json:"created_at"`
	Attachments list[json.RawMessage] `json:"attachments"`
	Metadata    struct {
		Model struct {
			ID loose `json:"id"`
		} `json:"model"`
		Speed struct {
			Rate  float64 `json:"tokenSpeed"`
			Count int     `json:"tokenCount"`
		} `json:"tokenSpeed"`
		Calls list[struct {
			Tool struct {
				Function struct {
					Name loose `json:"name"`
					Args loose `json:"arguments"`
				} `json:"function"`
			} `json:"tool"`
			Response json.RawMessage `json:"response"`
		}] `json:"tool_calls"`
	} `json:"metadata"`
}

type janPart struct {
	Type loose `json:"type"`
	Text struct {
		Value       loose                 `json:"value"`
		Annotations list[json.RawMessage] `json:"annotations"`
	} `json:"text"`
	Tool   loose           `json:"tool_name"`
	Input  json.RawMessage `json:"input"`
	Output json.RawMessage `json:"output"`
}

// readJan reads a thread with the messages beside it. A file of messages alone
// comes here line by line and cannot be taken: nothing says which chat they are.
func readJan(f source, raw []byte) (Found, error) {
	if f.base == "messages.jsonl" {
		return Found{}, notChat{errors.New("these messages of Jan have no thread.json beside them; give the folder of the threads, or a zip of it")}
	}
	var t janThread
	if err := decode(raw, &t); err != nil {
		return Found{}, err
	}
	s := &story{source: Jan, id: first(string(t.ID), filepath.Base(f.dir)), title: string(t.Title), created: int64(t.Created), updated: int64(t.Updated), notes: notes{}}
	for _, a := range t.Assistants.all {
		s.system = first(s.system, string(a.Instructions))
		s.model = first(s.model, string(a.Model.ID))
		if len(a.Model.Settings)+len(a.Model.Params) > 0 {
			s.notes[Settings] = 1
		}
	}
	if f.messages != nil {
		if err := s.janMessages(*f.messages); err != nil {
			return Found{}, err
		}
	}
	return s.chat()
}

func (s *story) janMessages(f source) error {
	in, err := f.open()
	if err != nil {
		return err
	}
	defer in.Close()
	before := ""
	lines := bufio.NewScanner(io.LimitReader(in, mostChat+1))
	lines.Buffer(nil, mostChat)
	size := 0
	for lines.Scan() {
		if size += len(lines.Bytes()) + 1; size > mostChat {
			break
		}
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var m janMessage
		if json.Unmarshal(lines.Bytes(), &m) != nil {
			s.notes[Unknown]++
			continue
		}
		out := node{id: first(string(m.ID), "message "+itoa(len(s.nodes))), parent: before, at: int64(m.Created), model: string(m.Metadata.Model.ID)}
		s.janMessage(m, &out)
		s.nodes = append(s.nodes, out)
		before = out.id
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) || size > mostChat {
		return fmt.Errorf("its messages.jsonl is larger than %d MB, which no chat should be", mostChat>>20)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("its messages.jsonl: %w", err)
	}
	s.leaf = before
	return nil
}

func (s *story) janMessage(m janMessage, out *node) {
	switch m.Role {
	case "user":
		out.role = chat.User
	case "assistant":
		out.role, out.part = chat.Assistant, true
	case "tool":
		out.role, out.part = chat.Assistant, true
		s.notes[Tools]++
	case "system":
	default:
		s.notes[Unknown]++
	}
	var texts, thoughts []string
	s.notes[Unknown] += m.Content.bad
	for _, p := range m.Content.all {
		switch p.Type {
		case "text", "":
			texts = append(texts, string(p.Text.Value))
		case "reasoning":
			thoughts = append(thoughts, string(p.Text.Value))
		case "image_url":
			s.notes[Images]++
			texts = append(texts, missing("image", ""))
		case "tool_call":
			s.notes[Tools]++
			texts = append(texts, called(string(p.Tool), p.Input))
			if len(p.Output) > 0 && string(p.Output) != "null" {
				texts = append(texts, called(string(p.Tool)+" →", p.Output))
			}
		default:
			s.notes[Unknown]++
		}
	}
	for _, c := range m.Metadata.Calls.all {
		s.notes[Tools]++
		raw, _ := json.Marshal(string(c.Tool.Function.Args))
		texts = append(texts, called(string(c.Tool.Function.Name), raw))
	}
	for range m.Attachments.all {
		s.notes[Files]++
		texts = append(texts, missing("file", ""))
	}
	out.content, out.thinking = paragraphs(texts...), paragraphs(thoughts...)
	if m.Role == "system" {
		s.system = first(s.system, out.content)
		out.content = ""
		return
	}
	if out.role == chat.Assistant {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(out.content, "\n "), "<think>"); ok {
			if thought, answer, ok := strings.Cut(rest, "</think>"); ok {
				out.content, out.thinking = strings.TrimLeft(answer, "\n"), strings.TrimSpace(thought)
			}
		}
		if v := m.Metadata.Speed; v.Count > 0 && v.Count < 1<<30 {
			out.timings = &chat.Timings{CompletionTokens: v.Count, DecodePerSecond: bounded(v.Rate)}
		}
		switch m.Status {
		case "stopped", "pending":
			out.status, out.stop = chat.Stopped, "cancelled"
		case "error":
			out.status, out.stop, out.failure = chat.Failed, "error", "it failed in Jan"
		}
	}
}

func itoa(i int) string { return strconv.Itoa(i) }
