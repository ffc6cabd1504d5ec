package chat

import (
	"strings"
	"unicode/utf8"
)

// path lists the messages from the root to leaf; nil if leaf is not in msgs.
func path(msgs []Message, leaf string) []Message {
	at := make(map[string]int, len(msgs))
	for i, m := range msgs {
		at[m.ID] = i
	}
	var up []Message
	for id := leaf; id != ""; {
		i, ok := at[id]
		if !ok || len(up) > len(msgs) {
			return nil
		}
		up = append(up, msgs[i])
		id = msgs[i].ParentID
	}
	for i, j := 0, len(up)-1; i < j; i, j = i+1, j-1 {
		up[i], up[j] = up[j], up[i]
	}
	return up
}

// newest follows the newest child of each message, from id down to a leaf.
// Parents stand before their children and older siblings before younger ones.
func newest(msgs []Message, id string) string {
	child := make(map[string]string, len(msgs))
	for _, m := range msgs {
		child[m.ParentID] = m.ID
	}
	for {
		next, ok := child[id]
		if !ok {
			return id
		}
		id = next
	}
}

func find(msgs []Message, id string) (Message, bool) {
	for _, m := range msgs {
		if m.ID == id {
			return m, true
		}
	}
	return Message{}, false
}

// turns makes the model's view of a branch: questions and answers alternate. A
// question that got no answer is joined with the next one.
func turns(branch []Message) []Turn {
	var out []Turn
	for _, m := range branch {
		if m.Role == Assistant && strings.TrimSpace(m.Content) == "" {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Role == m.Role {
			out[n-1].Content += "\n\n" + m.Content
			continue
		}
		out = append(out, Turn{Role: m.Role, Content: m.Content})
	}
	return out
}

const titleRunes = 60

// title makes a chat's name from its first question: the first line that says
// something, without Markdown marks, cut between words.
func title(question string) string {
	for line := range strings.Lines(question) {
		line = strings.Join(strings.Fields(strings.ToValidUTF8(line, "")), " ")
		line = strings.TrimSpace(strings.Trim(line, "#*_`>~-= "))
		if line == "" {
			continue
		}
		if utf8.RuneCountInString(line) <= titleRunes {
			return line
		}
		cut := string([]rune(line)[:titleRunes])
		if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
			cut = cut[:i]
		}
		return strings.TrimRight(cut, " ,;:.") + "…"
	}
	return ""
}
