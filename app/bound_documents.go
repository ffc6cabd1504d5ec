package app

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"freehold/app/chat"
	"freehold/app/document"
	"freehold/app/document/librarian"
	"freehold/app/document/parse"
	"freehold/app/typeset"
)

// What the user interface calls about documents. Events "document",
// "documentRemoved", "documentProgress", "collection", "collectionRemoved" and
// "mapProgress" tell what changes.

// AddDocuments takes files, and of folders all that can be read, into the
// library, and into a collection if it is not "".
func (a *App) AddDocuments(paths []string, collection string) ([]document.Document, error) {
	return call(a, func(o *opened) ([]document.Document, error) { return o.core.Documents.Add(o.ctx, paths, collection) })
}

// Documents lists all documents, the newest first.
func (a *App) Documents() ([]document.Document, error) {
	return call(a, func(o *opened) ([]document.Document, error) { return o.core.Documents.Documents(o.ctx) })
}

// RemoveDocuments removes documents and all that was made of them.
func (a *App) RemoveDocuments(ids []string) error {
	return do(a, func(o *opened) error { return o.core.Documents.Remove(o.ctx, ids...) })
}

// PauseDocument stops the work on a document until ResumeDocument.
func (a *App) PauseDocument(id string) error {
	return do(a, func(o *opened) error { return o.core.Documents.Pause(o.ctx, id) })
}

// ResumeDocument goes on with it.
func (a *App) ResumeDocument(id string) error {
	return do(a, func(o *opened) error { return o.core.Documents.Resume(o.ctx, id) })
}

// RetryDocument reads a document again.
func (a *App) RetryDocument(id string) error {
	return do(a, func(o *opened) error { return o.core.Documents.Retry(o.ctx, id) })
}

// Collections lists all collections.
func (a *App) Collections() ([]document.Collection, error) {
	return call(a, func(o *opened) ([]document.Collection, error) { return o.core.Documents.Collections(o.ctx) })
}

// CreateCollection makes a collection, one that follows a folder if that is not "".
func (a *App) CreateCollection(name, folder string) (document.Collection, error) {
	return call(a, func(o *opened) (document.Collection, error) {
		return o.core.Documents.CreateCollection(o.ctx, name, folder)
	})
}

// RenameCollection gives a collection another name.
func (a *App) RenameCollection(id, name string) (document.Collection, error) {
	return call(a, func(o *opened) (document.Collection, error) {
		return o.core.Documents.RenameCollection(o.ctx, id, name)
	})
}

// DeleteCollection removes a collection; its documents stay.
func (a *App) DeleteCollection(id string) error {
	return do(a, func(o *opened) error { return o.core.Documents.DeleteCollection(o.ctx, id) })
}

// SetCollectionDocuments makes documents all that is in a collection.
func (a *App) SetCollectionDocuments(id string, documents []string) error {
	return do(a, func(o *opened) error { return o.core.Documents.SetCollection(o.ctx, id, documents) })
}

// SetChatSources changes what a chat answers from.
func (a *App) SetChatSources(chatID string, s document.Sources) (document.Sources, error) {
	return call(a, func(o *opened) (document.Sources, error) { return o.core.Chats.SetSources(o.ctx, chatID, s) })
}

// DocumentPages lists the pages of a document.
func (a *App) DocumentPages(id string) ([]librarian.PageInfo, error) {
	return call(a, func(o *opened) ([]librarian.PageInfo, error) { return o.core.Documents.Pages(o.ctx, id) })
}

// DocumentPage reads the text of a page.
func (a *App) DocumentPage(id string, page int) (librarian.PageText, error) {
	return call(a, func(o *opened) (librarian.PageText, error) { return o.core.Documents.Page(o.ctx, id, page) })
}

// PageImage draws a page of a PDF or shows an image.
func (a *App) PageImage(id string, page, dpi int) (librarian.PageImage, error) {
	return call(a, func(o *opened) (librarian.PageImage, error) { return o.core.Documents.Image(o.ctx, id, page, dpi) })
}

// PageHighlight finds where bytes of a page's text stand, in points.
func (a *App) PageHighlight(id string, page, start, end int) ([]parse.Box, error) {
	return call(a, func(o *opened) ([]parse.Box, error) { return o.core.Documents.Highlight(o.ctx, id, page, start, end) })
}

// Inspect shows what a search among sources finds, and why.
func (a *App) Inspect(query string, s document.Sources, limit int) ([]document.Passage, error) {
	return call(a, func(o *opened) ([]document.Passage, error) { return o.core.Documents.Inspect(o.ctx, query, s, limit) })
}

// Neighbours are the passages around a chunk.
func (a *App) Neighbours(chunk int64) ([]document.Passage, error) {
	return call(a, func(o *opened) ([]document.Passage, error) { return o.core.Documents.Neighbours(o.ctx, chunk) })
}

// Exported is a file for the user: in the window Path says where it was saved,
// in the browser Data, in base64, is to be saved.
type Exported struct {
	Name string `json:"name"`
	Path string `json:"path"`
	Type string `json:"type"`
	Data string `json:"data"`
	// Fetch is what a large file can be fetched by, from /download/; "" otherwise.
	Fetch string `json:"fetch"`

	bytes []byte
}

// handOver saves what is exported where the user says, in the window; a browser
// gets it to save it itself. Nothing is handed over if the user thinks better of
// it: neither Path nor Data is set.
func (o *opened) handOver(e Exported) (Exported, error) {
	if o.shell == nil {
		e.Data = base64.StdEncoding.EncodeToString(e.bytes)
		return e, nil
	}
	path, err := o.shell.SaveFile(e.Name)
	if err != nil || path == "" {
		return e, err
	}
	if err := os.WriteFile(path, e.bytes, 0o600); err != nil {
		return e, fmt.Errorf("save %s: %w; choose another folder", filepath.Base(path), err)
	}
	e.Path = path
	return e, nil
}

// fileName makes a file's name, without its ending, of a title.
func fileName(title, otherwise string) string {
	name := strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" -_,.", r) {
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

// ExportAnswer writes an answer down with its question and its sources, as
// Markdown (md) or PDF (pdf).
func (a *App) ExportAnswer(chatID, messageID, format string) (Exported, error) {
	return call(a, func(o *opened) (Exported, error) {
		c, err := o.core.Chats.Get(o.ctx, chatID)
		if err != nil {
			return Exported{}, err
		}
		e, err := exportAnswer(c, messageID, format)
		if err != nil {
			return Exported{}, err
		}
		return o.handOver(e)
	})
}

func exportAnswer(c chat.Chat, messageID, format string) (Exported, error) {
	var answer, question chat.Message
	for _, m := range c.Messages {
		if m.ID == messageID {
			answer = m
		}
	}
	for _, m := range c.Messages {
		if m.ID == answer.ParentID {
			question = m
		}
	}
	if answer.ID == "" || answer.Role != chat.Assistant {
		return Exported{}, errors.New("this answer no longer exists")
	}
	text := librarian.Written(question.Content, answer.Content, answer.Model, answer.Evidence)
	name := fileName(c.Title, "answer")
	switch format {
	case "md":
		return Exported{Name: name + ".md", Type: "text/markdown", bytes: []byte(text)}, nil
	case "pdf":
		var b bytes.Buffer
		missing, err := typeset.PDF(&b, text, typeset.Options{Title: c.Title, Footer: c.Title, Created: time.UnixMilli(answer.CreatedAt)})
		if err != nil {
			return Exported{}, err
		}
		if missing > 0 { // said in the file itself: it may go to somebody who has nothing else
			b.Reset()
			text += fmt.Sprintf("\n- %d letters stand as □: no font of this machine that can be put into a PDF has them\n", missing)
			if _, err := typeset.PDF(&b, text, typeset.Options{Title: c.Title, Footer: c.Title, Created: time.UnixMilli(answer.CreatedAt)}); err != nil {
				return Exported{}, err
			}
		}
		return Exported{Name: name + ".pdf", Type: "application/pdf", bytes: b.Bytes()}, nil
	}
	return Exported{}, fmt.Errorf("answers can be exported as md and pdf, not as %q", format)
}

// ChooseFolder lets the user pick a folder in a native dialogue.
func (a *App) ChooseFolder(title string) (string, error) {
	return call(a, func(o *opened) (string, error) {
		if o.shell == nil {
			return "", ErrNoShell
		}
		return o.shell.OpenFolder(title)
	})
}
