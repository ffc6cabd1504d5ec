package porting

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"freehold/app/chat"
)

// Our own files. One chat is {"format": "freehold-chat", "version": 1, "folder":
// {…} or null, "chat": {…}} in a file *.freehold-chat; several are {"format":
// "freehold-chats", "version": 1, "chats": […]} with such objects. A chat is
// chat.Chat as JSON: its whole tree with times, timings, evidence, sampling, system
// prompt and models. docs/chats.md describes the fields. What is read and written again is the same, byte for byte.
const (
	oneFormat  = "freehold-chat"
	manyFormat = "freehold-chats"
	version    = 1
)

type ownFile struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Folder is the one that the chat stands in, or null.
	Folder *chat.Folder `json:"folder"`
	Chat   *chat.Chat   `json:"chat"`
}

func checkVersion(format string, v int) error {
	if format != oneFormat && format != manyFormat {
		return notChat{fmt.Errorf("its format is %q, which Freehold does not know", short(format))}
	}
	if v > version {
		return fmt.Errorf("it was written by a newer Freehold (version %d of the format, this one knows %d); install the newer one", v, version)
	}
	if v < 1 {
		return fmt.Errorf("version %d of the format does not exist", v)
	}
	return nil
}

// checkEnvelope looks at what stands around the chats of a file.
func checkEnvelope(raw []byte) error {
	var e struct {
		Format  *string `json:"format"`
		Version int     `json:"version"`
	}
	if json.Unmarshal(raw, &e) != nil || e.Format == nil {
		return nil // another program's
	}
	if err := checkVersion(*e.Format, e.Version); err != nil {
		return Problem{Text: err.Error()}
	}
	return nil
}

// readOwn reads a chat of ours, in its envelope or by itself.
func readOwn(raw []byte) (Found, error) {
	var f ownFile
	if err := decode(raw, &f); err != nil {
		return Found{}, err
	}
	if f.Format != "" {
		if err := checkVersion(f.Format, f.Version); err != nil {
			return Found{}, err
		}
	}
	if f.Chat == nil {
		f.Chat = new(chat.Chat)
		if err := decode(raw, f.Chat); err != nil {
			return Found{}, err
		}
	}
	c := *f.Chat
	if err := checkOwn(&c); err != nil {
		return Found{}, err
	}
	found := Found{Chat: c, Source: Own, Notes: notes{}.list()}
	if d := f.Folder; d != nil {
		s := &story{notes: notes{}}
		if d.Name = strings.TrimSpace(s.clean(d.Name, 400)); d.Name == "" || d.ID == "" || len(d.ID) > 100 || d.ID != c.Folder {
			return Found{}, errors.New("its folder is not the one it says that it stands in, or has no name")
		}
		found.Folder = d
	}
	return found, nil
}

// checkOwn holds a chat to what the store and the interface count on. It changes
// nothing of one that was written by Freehold.
func checkOwn(c *chat.Chat) error {
	s := &story{notes: notes{}}
	if c.ID == "" || len(c.ID) > 100 {
		return errors.New("it has no id")
	}
	if len(c.Messages) > mostMessages {
		return fmt.Errorf("it has more than %d messages", mostMessages)
	}
	sampling, err := c.Sampling.Checked()
	if err != nil {
		return fmt.Errorf("its sampling: %w", err)
	}
	c.Sampling = sampling
	c.Generating, c.Temporary = false, false
	switch c.TitledBy {
	case chat.ByQuestion, chat.ByModel, chat.ByUser:
	default:
		return fmt.Errorf("its title is by %q; it can be by user, by model or by nobody", short(string(c.TitledBy)))
	}
	if len(c.Tags) > 100 || len(c.Folder) > 100 {
		return errors.New("it has more than 100 tags, or no sensible folder")
	}
	c.Tags = append([]string{}, c.Tags...)
	for i, tag := range c.Tags {
		c.Tags[i] = s.clean(tag, 400)
	}
	c.Title, c.System = s.clean(c.Title, 4096), s.clean(c.System, mostSystem)
	if c.Messages == nil {
		c.Messages = []chat.Message{}
	}
	c.Sources.Documents = append([]string{}, c.Sources.Documents...)
	c.Sources.Collections = append([]string{}, c.Sources.Collections...)
	seen := make(map[string]chat.Role, len(c.Messages))
	for i := range c.Messages {
		m := &c.Messages[i]
		where := fmt.Sprintf("message %d", i+1)
		if m.ID == "" || len(m.ID) > 100 {
			return fmt.Errorf("%s has no id", where)
		}
		if _, twice := seen[m.ID]; twice {
			return fmt.Errorf("%s has the id of another message", where)
		}
		if _, ok := seen[m.ParentID]; m.ParentID != "" && !ok {
			return fmt.Errorf("%s follows one that does not stand before it", where)
		}
		if m.Role != chat.User && m.Role != chat.Assistant {
			return fmt.Errorf("%s is by %q; it can be by user or assistant", where, short(string(m.Role)))
		}
		switch m.Status {
		case chat.Complete, chat.Stopped, chat.Failed:
		case chat.Streaming:
			m.Status, m.StopReason = chat.Stopped, "error"
		default:
			return fmt.Errorf("%s has the state %q, which does not exist", where, short(string(m.Status)))
		}
		if len(m.Content) > mostText || len(m.Thinking) > mostText {
			return fmt.Errorf("%s is longer than %d MB", where, mostText>>20)
		}
		m.Content, m.Thinking, m.Error = s.clean(m.Content, mostText), s.clean(m.Thinking, mostText), s.clean(m.Error, mostText)
		m.ChatID = c.ID
		seen[m.ID] = m.Role
	}
	if _, ok := seen[c.Leaf]; c.Leaf != "" && !ok {
		return errors.New("the message that it shows last is not in it")
	}
	if c.Leaf == "" && len(c.Messages) > 0 {
		c.Leaf = c.Messages[len(c.Messages)-1].ID
	}
	return nil
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// portable is a chat as it is written: what goes on in this process is not in it.
func portable(c chat.Chat) chat.Chat {
	c.Generating, c.Temporary = false, false
	if slices.ContainsFunc(c.Messages, func(m chat.Message) bool { return m.Status == chat.Streaming }) {
		c.Messages = slices.Clone(c.Messages)
		for i := range c.Messages {
			if c.Messages[i].Status == chat.Streaming {
				c.Messages[i].Status, c.Messages[i].StopReason = chat.Stopped, "error"
			}
		}
	}
	return c
}
