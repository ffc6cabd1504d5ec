package porting

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"freehold/app/chat"
	"freehold/app/typeset"
)

// Format is what chats are written as.
type Format string

const (
	Markdown Format = "markdown"
	JSON     Format = "json"
	PDF      Format = "pdf"
	Training Format = "jsonl"
)

// Options say how chats are written.
type Options struct {
	Format Format `json:"format"`
	// Whole writes all branches of a chat as Markdown, PDF or lines for training;
	// otherwise the one that is shown. JSON always has all.
	Whole bool `json:"whole"`
	// SkipFailed leaves answers out of lines for training that were stopped or
	// failed, with their questions.
	SkipFailed bool `json:"skipFailed"`
}

// Name is how a file with these chats is called; title is that of the only one,
// or "" for several.
func (o Options) Name(title string, several bool) (name, kind string, err error) {
	base := fileName(title, "chat")
	if several {
		base = "chats"
	}
	switch {
	case o.Format == JSON && several:
		return base + ".json", "application/json", nil
	case o.Format == JSON:
		return base + ".freehold-chat", "application/json", nil
	case o.Format == Training:
		return base + ".jsonl", "application/jsonl", nil
	case o.Format == Markdown && !several:
		return base + ".md", "text/markdown", nil
	case o.Format == PDF && !several:
		return base + ".pdf", "application/pdf", nil
	case o.Format == Markdown, o.Format == PDF:
		return base + ".zip", "application/zip", nil
	}
	return "", "", fmt.Errorf("chats can be written as markdown, json, pdf or jsonl, not as %q", short(string(o.Format)))
}

// Shelved is a chat with the folder it stands in, nil if in none.
type Shelved struct {
	chat.Chat
	In *chat.Folder
}

func ownOf(c Shelved) ownFile {
	p := portable(c.Chat)
	f := ownFile{Format: oneFormat, Version: version, Chat: &p}
	if c.In != nil && c.In.ID == p.Folder {
		f.Folder = c.In
	}
	return f
}

// Write writes chats, which each hands over one after the other; several says
// whether there may be more than one.
func Write(w io.Writer, o Options, several bool, each func(yield func(Shelved) error) error) error {
	switch {
	case o.Format == JSON && several:
		return writeMany(w, each)
	case o.Format == JSON:
		return each(func(c Shelved) error {
			return writeIndented(w, ownOf(c))
		})
	case o.Format == Training:
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return each(func(c Shelved) error { return training(e, c.Chat, o) })
	case (o.Format == Markdown || o.Format == PDF) && several:
		return writeZip(w, o, each)
	case o.Format == Markdown, o.Format == PDF:
		return each(func(c Shelved) error { return page(w, c.Chat, o) })
	}
	_, _, err := o.Name("", several)
	return err
}

func writeIndented(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func writeMany(w io.Writer, each func(yield func(Shelved) error) error) error {
	if _, err := fmt.Fprintf(w, "{\n\"format\": %q,\n\"version\": %d,\n\"chats\": [", manyFormat, version); err != nil {
		return err
	}
	before := "\n"
	err := each(func(c Shelved) error {
		var b bytes.Buffer
		b.WriteString(before)
		before = ",\n"
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(ownOf(c)); err != nil {
			return err
		}
		_, err := w.Write(bytes.TrimRight(b.Bytes(), "\n"))
		return err
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n]\n}\n")
	return err
}

// writeZip writes a file for each chat. Equal names are numbered.
func writeZip(w io.Writer, o Options, each func(yield func(Shelved) error) error) error {
	z := zip.NewWriter(w)
	taken := map[string]int{}
	err := each(func(c Shelved) error {
		name, _, err := o.Name(c.Title, false)
		if err != nil {
			return err
		}
		base, ending, _ := cutLast(name, ".")
		base = time.UnixMilli(c.CreatedAt).UTC().Format("2006-01-02 ") + base
		key := strings.ToLower(base)
		if taken[key]++; taken[key] > 1 {
			base += " (" + strconv.Itoa(taken[key]) + ")"
		}
		f, err := z.CreateHeader(&zip.FileHeader{Name: base + "." + ending, Method: zip.Deflate, Modified: time.UnixMilli(c.UpdatedAt).UTC()})
		if err != nil {
			return err
		}
		if err := page(f, c.Chat, o); err != nil {
			return fmt.Errorf("%s: %w", c.Title, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return z.Close()
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// page writes one chat for people.
func page(w io.Writer, c chat.Chat, o Options) error {
	text := chat.Markdown(portable(c), o.Whole)
	if o.Format == Markdown {
		_, err := io.WriteString(w, text)
		return err
	}
	p := typeset.Options{Title: c.Title, Footer: c.Title, Created: time.UnixMilli(c.UpdatedAt)}
	var b bytes.Buffer
	missing, err := typeset.PDF(&b, text, p)
	if err != nil {
		return err
	}
	if missing > 0 { // said in the file itself: it may go to somebody who has nothing else
		b.Reset()
		text += fmt.Sprintf("\n- %d letters stand as □: no font of this machine that can be put into a PDF has them\n", missing)
		if _, err := typeset.PDF(&b, text, p); err != nil {
			return err
		}
	}
	_, err = w.Write(b.Bytes())
	return err
}

// line is one conversation as OpenAI's fine-tuning takes it.
type line struct {
	Messages []turn `json:"messages"`
}

type turn struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// training writes a line for the shown branch of a chat, or one for each branch.
func training(e *json.Encoder, c chat.Chat, o Options) error {
	leaves := []string{c.Leaf}
	if o.Whole {
		leaves = chat.Leaves(c)
	}
	for _, leaf := range leaves {
		l := line{}
		if strings.TrimSpace(c.System) != "" {
			l.Messages = append(l.Messages, turn{"system", c.System})
		}
		answers := 0
		for _, m := range chat.Branch(c, leaf) {
			n := len(l.Messages)
			asked := n > 0 && l.Messages[n-1].Role == "user"
			switch {
			case m.Role == chat.User && asked: // a question that got no answer
				l.Messages[n-1].Content += "\n\n" + m.Content
			case m.Role == chat.User:
				l.Messages = append(l.Messages, turn{"user", m.Content})
			case !asked: // an answer without a question is nothing to learn from
			case strings.TrimSpace(m.Content) == "", o.SkipFailed && m.Status != chat.Complete:
				l.Messages = l.Messages[:n-1]
			default:
				l.Messages = append(l.Messages, turn{"assistant", m.Content})
				answers++
			}
		}
		if n := len(l.Messages); n > 0 && l.Messages[n-1].Role == "user" {
			l.Messages = l.Messages[:n-1]
		}
		if answers == 0 {
			continue
		}
		if err := e.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// fileName makes a file's name, without its ending, of a title.
func fileName(title, otherwise string) string {
	name := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune(" -_,.", r) {
			return r
		}
		return -1
	}, title))
	if r := []rune(name); len(r) > 60 {
		name = string(r[:60])
	}
	if name = strings.Trim(name, " ."); name == "" {
		return otherwise
	}
	return name
}
