package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Export writes a chat as text: the shown branch as Markdown, or the whole tree
// as JSON.
func (s *Service) Export(ctx context.Context, id, format string) (string, error) {
	c, err := s.Get(ctx, id)
	if err != nil {
		return "", err
	}
	switch format {
	case "markdown":
		return Markdown(c, false), nil
	case "json":
		b, err := json.MarshalIndent(c, "", "  ")
		return string(b) + "\n", err
	}
	return "", fmt.Errorf("a chat can be exported as markdown or json, not as %q", format)
}

// Markdown writes a chat for people: the shown branch, or, with whole, each branch
// from where it parts from the one before it.
func Markdown(c Chat, whole bool) string {
	var b strings.Builder
	name := c.Title
	if name == "" {
		name = "Chat"
	}
	fmt.Fprintf(&b, "# %s\n\n", name)
	if c.System != "" {
		fmt.Fprintf(&b, "**System**\n\n%s\n\n", c.System)
	}
	leaves := []string{c.Leaf}
	if whole {
		leaves = Leaves(c)
	}
	at := make(map[string]int, len(c.Messages))
	for i, m := range c.Messages {
		at[m.ID] = i
	}
	written := make(map[string]bool, len(c.Messages))
	for i, leaf := range leaves {
		var branch []Message // what of it is not written yet, the last one first
		after := ""
		for id := leaf; id != ""; {
			k, ok := at[id]
			if !ok {
				break
			}
			if written[id] {
				after = c.Messages[k].Content
				break
			}
			written[id] = true
			branch = append(branch, c.Messages[k])
			id = c.Messages[k].ParentID
		}
		if i > 0 {
			fmt.Fprintf(&b, "## Branch %d of %d\n\n", i+1, len(leaves))
			if after != "" {
				fmt.Fprintf(&b, "*after “%s”*\n\n", title(after))
			}
		}
		for k := len(branch) - 1; k >= 0; k-- {
			writeMessage(&b, branch[k])
		}
	}
	return b.String()
}

func writeMessage(b *strings.Builder, m Message) {
	who := "You"
	if m.Role == Assistant {
		if who = m.Model; who == "" {
			who = "Assistant"
		}
	}
	fmt.Fprintf(b, "**%s** · %s\n\n%s\n\n", who, time.UnixMilli(m.CreatedAt).Format("2006-01-02 15:04"), m.Content)
	switch m.Status {
	case Stopped:
		b.WriteString("*(stopped)*\n\n")
	case Failed:
		fmt.Fprintf(b, "*(failed: %s)*\n\n", m.Error)
	}
}

// Branch lists the messages of a chat from the root to leaf.
func Branch(c Chat, leaf string) []Message { return path(c.Messages, leaf) }

// Leaves are the last messages of a chat's branches, the shown one's first.
func Leaves(c Chat) []string {
	parent := make(map[string]bool, len(c.Messages))
	for _, m := range c.Messages {
		parent[m.ParentID] = true
	}
	all := []string{}
	if c.Leaf != "" {
		all = append(all, c.Leaf)
	}
	for _, m := range c.Messages {
		if !parent[m.ID] && m.ID != c.Leaf {
			all = append(all, m.ID)
		}
	}
	return all
}

// TitleOf makes a chat's name of its first question.
func TitleOf(question string) string { return title(question) }
