package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	mostTags      = 20 // of a chat
	maxTagRunes   = 40
	maxNameRunes  = 80     // of a folder
	mostArranged  = 10_000 // chats of one call
	mostFound     = 200
	snippetBefore = 60  // runes before the first hit
	snippetRunes  = 240 // in all
)

// Arrangement is where chats shall stand; nil leaves it as it is.
type Arrangement struct {
	Folder   *string  `json:"folder"` // "": none
	Pinned   *bool    `json:"pinned"`
	Archived *bool    `json:"archived"`
	AddTags  []string `json:"addTags"`
	DropTags []string `json:"dropTags"`
}

// Arrange moves, pins, tags or archives chats. Those that are gone are passed
// over; it returns the others as they are now.
func (s *Service) Arrange(ctx context.Context, ids []string, a Arrangement) ([]Summary, error) {
	if len(ids) > mostArranged {
		return nil, fmt.Errorf("%d chats are too many at once; arrange up to %d", len(ids), mostArranged)
	}
	add, err := checkTags(a.AddTags)
	if err != nil {
		return nil, err
	}
	known := map[string]Summary{}
	if len(add)+len(a.DropTags) > 0 {
		all, err := s.store.Chats(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			known[c.ID] = c
		}
	}
	out := []Summary{}
	for _, id := range ids {
		c := Change{Folder: a.Folder, Pinned: a.Pinned, Archived: a.Archived}
		if before, ok := known[id]; ok {
			tags := slices.DeleteFunc(slices.Clone(before.Tags), func(t string) bool { return slices.Contains(a.DropTags, t) || slices.Contains(add, t) })
			if tags = append(tags, add...); len(tags) > mostTags {
				return out, fmt.Errorf("%q would have %d tags; %d are possible", before.Title, len(tags), mostTags)
			}
			c.Tags = &tags
		}
		sum, err := s.change(ctx, id, c)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, sum)
	}
	return out, nil
}

// checkTags returns tags as they are kept: without surplus space, each once.
func checkTags(tags []string) ([]string, error) {
	out := []string{}
	for _, t := range tags {
		t = oneLine(strings.TrimLeft(t, "#"))
		if t == "" || slices.Contains(out, t) {
			continue
		}
		if utf8.RuneCountInString(t) > maxTagRunes {
			return nil, fmt.Errorf("the tag %q… is longer than %d characters", string([]rune(t)[:maxTagRunes]), maxTagRunes)
		}
		out = append(out, t)
	}
	return out, nil
}

func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
}

func checkName(name string) (string, error) {
	if name = oneLine(name); name == "" {
		return "", errors.New("a folder needs a name")
	}
	if r := []rune(name); len(r) > maxNameRunes {
		name = string(r[:maxNameRunes])
	}
	return name, nil
}

// FolderGone is the data of the event folderRemoved.
type FolderGone struct {
	ID string `json:"id"`
}

// Folders lists the folders by name.
func (s *Service) Folders(ctx context.Context) ([]Folder, error) { return s.store.Folders(ctx) }

// CreateFolder adds an empty folder.
func (s *Service) CreateFolder(ctx context.Context, name string) (Folder, error) {
	name, err := checkName(name)
	if err != nil {
		return Folder{}, err
	}
	f := Folder{ID: newID(), Name: name, CreatedAt: time.Now().UnixMilli()}
	if err := s.store.CreateFolder(ctx, f); err != nil {
		return Folder{}, err
	}
	s.emit("folder", f)
	return f, nil
}

// RenameFolder gives a folder another name.
func (s *Service) RenameFolder(ctx context.Context, id, name string) (Folder, error) {
	name, err := checkName(name)
	if err != nil {
		return Folder{}, err
	}
	f, err := s.store.RenameFolder(ctx, id, name)
	if err == nil {
		s.emit("folder", f)
	}
	return f, err
}

// DeleteFolder removes a folder and leaves its chats, outside of folders.
func (s *Service) DeleteFolder(ctx context.Context, id string) error {
	if err := s.store.DeleteFolder(ctx, id); err != nil {
		return err
	}
	s.emit("folderRemoved", FolderGone{id})
	return nil
}

// RestoreFolder undoes DeleteFolder; the chats stand in it again.
func (s *Service) RestoreFolder(ctx context.Context, id string) (Folder, error) {
	f, err := s.store.RestoreFolder(ctx, id)
	if err == nil {
		s.emit("folder", f)
	}
	return f, err
}
