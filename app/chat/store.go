package chat

import (
	"context"
	"errors"

	"freehold/app/document"
)

// ErrNotFound answers a question about a chat or message that is not there.
var ErrNotFound = errors.New("this chat no longer exists")

// ErrNoFolder answers a question about a folder that is not there.
var ErrNoFolder = errors.New("this folder no longer exists")

// Change is what shall be different about a chat; nil leaves a field as it is.
type Change struct {
	Title, Model, System, Leaf, Folder *string
	TitledBy                           *Author
	Pinned, Archived                   *bool
	Tags                               *[]string
	Sampling                           *Sampling
	Sources                            *document.Sources
}

// Store keeps conversations. Every call is one transaction: after a crash
// either all of it is there or nothing.
type Store interface {
	CreateChat(ctx context.Context, c Chat) error
	Chats(ctx context.Context) ([]Summary, error)                                     // newest first
	Chat(ctx context.Context, id string) (Chat, error)                                // ErrNotFound
	ChangeChat(ctx context.Context, id string, c Change) (Summary, error)             // ErrNotFound
	DeleteChat(ctx context.Context, id string) error                                  // can be restored
	RestoreChat(ctx context.Context, id string) (Summary, error)                      // ErrNotFound
	AddMessages(ctx context.Context, chatID string, msgs ...Message) (Summary, error) // the last one becomes the leaf
	// RemoveBranch puts the message root, and ids below it, away; RestoreBranch undoes it. Both show leaf.
	RemoveBranch(ctx context.Context, chatID, root string, ids []string, leaf string) (Summary, error)
	RestoreBranch(ctx context.Context, chatID, root, leaf string) (Summary, error)
	SaveTrials(ctx context.Context, msgs ...Message) error                       // how answers compared
	SaveMessage(ctx context.Context, m Message) error                            // content, state, timings
	SearchChats(ctx context.Context, query string, limit int) ([]Summary, error) // best first
	Folders(ctx context.Context) ([]Folder, error)                               // by name
	CreateFolder(ctx context.Context, f Folder) error
	RenameFolder(ctx context.Context, id, name string) (Folder, error)          // ErrNoFolder
	DeleteFolder(ctx context.Context, id string) error                          // can be restored
	RestoreFolder(ctx context.Context, id string) (Folder, error)               // ErrNoFolder
	FindMessages(ctx context.Context, query string, limit int) ([]Found, error) // best first
	Drafts(ctx context.Context) ([]Draft, error)                                // that are not empty
	SaveDraft(ctx context.Context, d Draft) (Draft, error)                      // the newer one stays, and is returned
	Queues(ctx context.Context) ([]Queue, error)                                // that are not empty
	Queue(ctx context.Context, chatID string) (Queue, error)                    // empty if there is none
	SaveQueue(ctx context.Context, q Queue) error
	StopInterrupted(ctx context.Context) (int, error) // streaming → stopped, after a crash
}
