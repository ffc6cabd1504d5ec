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
		return markdown(c), nil
	case "json":
		b, err := json.MarshalIndent(c, "", "  ")
		return string(b) + "\n", err
	}
	return "", fmt.Errorf("a chat can be exported as markdown or json, not as %q", format)
}

func markdown(c Chat) string {
	var b strings.Builder
	name := c.Title
	if name == "" {
		name = "Chat"
	}
	fmt.Fprintf(&b, "# %s\n\n", name)
	if c.System != "" {
		fmt.Fprintf(&b, "**System**\n\n%s\n\n", c.System)
	}
	for _, m := range path(c.Messages, c.Leaf) {
		who := "You"
		if m.Role == Assistant {
			who = m.Model
		}
		fmt.Fprintf(&b, "**%s** · %s\n\n%s\n\n", who, time.UnixMilli(m.CreatedAt).Format("2006-01-02 15:04"), m.Content)
		switch m.Status {
		case Stopped:
			b.WriteString("*(stopped)*\n\n")
		case Failed:
			fmt.Fprintf(&b, "*(failed: %s)*\n\n", m.Error)
		}
	}
	return b.String()
}
