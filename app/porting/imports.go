package porting

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"freehold/app/chat"
)

// State says what an import makes of a conversation.
type State string

const (
	New     State = "new"
	Known   State = "known"   // it is here already, with all its messages
	Grown   State = "grown"   // it is here, and has new messages
	Deleted State = "deleted" // it was here and was deleted; it comes back
	Empty   State = "empty"   // it has no messages and is left out
	Failed  State = "failed"  // it could not be kept; Notes say why
)

// Entry is what a receipt says of one conversation.
type Entry struct {
	Chat      string `json:"chat"` // its id here
	Title     string `json:"title"`
	Source    Source `json:"source"`
	Place     string `json:"place"`
	State     State  `json:"state"`
	Messages  int    `json:"messages"`
	Branches  int    `json:"branches"`
	CreatedAt int64  `json:"createdAt"` // ms since 1970
	UpdatedAt int64  `json:"updatedAt"` // ms since 1970
	Notes     []Note `json:"notes"`
}

// Receipt says what an import came to, or would come to.
type Receipt struct {
	ID       string    `json:"id"`
	At       int64     `json:"at"`     // ms since 1970
	Files    []string  `json:"files"`  // names of what was given
	Undone   int64     `json:"undone"` // when it was taken back; 0: it was not
	Counts   Counts    `json:"counts"`
	Entries  []Entry   `json:"entries"`
	Problems []Problem `json:"problems"`
	Skipped  []string  `json:"skipped"` // files without conversations
}

// Counts are conversations by their state.
type Counts struct {
	New      int `json:"new"`
	Known    int `json:"known"`
	Grown    int `json:"grown"`
	Deleted  int `json:"deleted"`
	Empty    int `json:"empty"`
	Failed   int `json:"failed"`
	Messages int `json:"messages"` // that came, or would come
}

func (c *Counts) add(e Entry, came int) {
	switch e.State {
	case New:
		c.New++
	case Known:
		c.Known++
	case Grown:
		c.Grown++
	case Deleted:
		c.Deleted++
	case Empty:
		c.Empty++
	case Failed:
		c.Failed++
	}
	c.Messages += came
}

// Kept is a conversation as the shelf has it.
type Kept struct {
	Deleted  bool
	Leaf     string
	Messages map[string]bool // ids
}

// Growth is what an import adds to a conversation that is here.
type Growth struct {
	Chat     string
	Restore  bool   // it was deleted
	Leaf     string // to be shown from now on; "": as before
	Updated  int64
	Messages []chat.Message
}

// Shelf keeps conversations. What is staged is not seen by anybody until it is
// settled, in one step with the receipt.
type Shelf interface {
	KeptChat(ctx context.Context, id string) (Kept, bool, error)
	StageChats(ctx context.Context, batch int64, chats []chat.Chat) error
	SettleImport(ctx context.Context, batch int64, grown []Growth, folders []chat.Folder, r Receipt) error
	AbandonImport(ctx context.Context, batch int64) error
	Imports(ctx context.Context) ([]Receipt, error) // the newest first
	UndoImport(ctx context.Context, id string) (Undone, error)
}

// Undone says what taking back an import came to.
type Undone struct {
	Removed int      `json:"removed"`
	Stayed  []string `json:"stayed"` // titles of those that were written in since, or had been here before
	Chats   []string `json:"chats"`  // ids of the removed ones
}

// Preview reads the files and says what an import would do.
func Preview(ctx context.Context, shelf Shelf, paths []string, progress Progress) (Receipt, error) {
	r := newReceipt(paths)
	seen := map[string]bool{}
	report, err := Read(ctx, paths, func(f Found) error {
		e, _, came, err := look(ctx, shelf, f, seen)
		if err != nil {
			return err
		}
		r.Entries = append(r.Entries, e)
		r.Counts.add(e, came)
		return nil
	}, progress)
	r.Problems, r.Skipped = report.Problems, report.Skipped
	return r, err
}

func newReceipt(paths []string) Receipt {
	r := Receipt{ID: uuid.Must(uuid.NewV7()).String(), At: time.Now().UnixMilli(), Files: []string{}, Entries: []Entry{}, Problems: []Problem{}, Skipped: []string{}}
	for _, p := range paths {
		r.Files = append(r.Files, filepath.Base(p))
	}
	return r
}

// look holds a conversation against what is here.
func look(ctx context.Context, shelf Shelf, f Found, seen map[string]bool) (e Entry, g *Growth, came int, err error) {
	c := f.Chat
	e = Entry{Chat: c.ID, Title: c.Title, Source: f.Source, Place: f.Place, State: New, Messages: len(c.Messages), CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, Notes: f.Notes}
	if len(c.Messages) > 0 {
		e.Branches = len(chat.Leaves(c))
	}
	if len(c.Messages) == 0 && f.Source != Own {
		e.State = Empty
		return e, nil, 0, nil
	}
	if seen[c.ID] {
		e.State = Known
		return e, nil, 0, nil
	}
	seen[c.ID] = true
	kept, there, err := shelf.KeptChat(ctx, c.ID)
	if err != nil {
		return e, nil, 0, err
	}
	if !there {
		return e, nil, len(c.Messages), nil
	}
	grown := Growth{Chat: c.ID, Restore: kept.Deleted, Updated: c.UpdatedAt}
	ours := kept.Leaf == "" // the shown branch is as the import left it
	for _, m := range c.Messages {
		if !kept.Messages[m.ID] {
			grown.Messages = append(grown.Messages, m)
		}
		ours = ours || m.ID == kept.Leaf
	}
	switch {
	case kept.Deleted:
		e.State = Deleted
	case len(grown.Messages) > 0:
		e.State = Grown
	default:
		e.State = Known
		return e, nil, 0, nil
	}
	if ours && len(grown.Messages) > 0 {
		grown.Leaf = c.Leaf
	}
	return e, &grown, len(grown.Messages), nil
}

const (
	batchChats = 100
	batchBytes = 8 << 20
)

// Import takes the conversations of the files in. model answers next in those of
// other programs. Either all that the receipt says is there in the end, or, after
// an error or a crash, nothing.
func Import(ctx context.Context, shelf Shelf, paths []string, model string, progress Progress) (_ Receipt, err error) {
	r := newReceipt(paths)
	batch := r.At
	defer func() {
		if err != nil {
			err = errors.Join(err, shelf.AbandonImport(context.WithoutCancel(ctx), batch))
		}
	}()
	var staged []chat.Chat
	var at []int // their entries
	size := 0
	flush := func() error {
		if len(staged) == 0 {
			return nil
		}
		if err := shelf.StageChats(ctx, batch, staged); err != nil {
			if ctx.Err() != nil {
				return err
			}
			for i := range staged { // one of them; find out which
				if err := shelf.StageChats(ctx, batch, staged[i:i+1]); err != nil {
					if ctx.Err() != nil {
						return err
					}
					e := &r.Entries[at[i]]
					r.Counts.New--
					r.Counts.Failed++
					r.Counts.Messages -= e.Messages
					e.State = Failed
					r.Problems = append(r.Problems, Problem{e.Place, plain(err)})
				}
			}
		}
		staged, at, size = nil, nil, 0
		return nil
	}
	var grown []Growth
	var folders []chat.Folder
	seen := map[string]bool{}
	report, err := Read(ctx, paths, func(f Found) error {
		if f.Source != Own {
			f.Chat.Model = model
		}
		e, g, came, err := look(ctx, shelf, f, seen)
		if err != nil {
			return err
		}
		if g != nil {
			for _, m := range g.Messages {
				size += len(m.Content) + len(m.Thinking)
			}
			grown = append(grown, *g)
		}
		r.Counts.add(e, came)
		r.Entries = append(r.Entries, e)
		if e.State != New {
			return nil
		}
		if d := f.Folder; d != nil && !slices.Contains(folders, *d) {
			folders = append(folders, *d)
		}
		for _, m := range f.Chat.Messages {
			size += len(m.Content) + len(m.Thinking)
		}
		staged, at = append(staged, f.Chat), append(at, len(r.Entries)-1)
		if len(staged) >= batchChats || size > batchBytes {
			return flush()
		}
		return nil
	}, progress)
	if err == nil {
		err = flush()
	}
	if err != nil {
		return r, err
	}
	r.Problems = append(r.Problems, report.Problems...)
	r.Skipped = report.Skipped
	if r.Counts.New+r.Counts.Grown+r.Counts.Deleted == 0 {
		return r, nil // nothing to remember, or to take back
	}
	return r, shelf.SettleImport(ctx, batch, grown, folders, r)
}
