package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"

	"freehold/app/chat"
)

// App is what the user interface calls. Every exported method can be reached
// from the window; over HTTP only those that api.Methods names.
type App struct {
	open atomic.Pointer[opened]
}

type opened struct {
	core  *Core
	ctx   context.Context
	face  string
	shell Shell
}

// New makes an App that answers nothing until it is attached.
func New() *App { return &App{} }

// Attach lets a answer for core until ctx ends. face is desktop or browser;
// shell is nil where there is no window.
func Attach(ctx context.Context, a *App, core *Core, face string, shell Shell) {
	a.open.Store(&opened{core: core, ctx: ctx, face: face, shell: shell})
}

var errNotOpen = errors.New("Freehold is still starting; try again in a moment")

// call runs f on the opened application.
func call[T any](a *App, f func(o *opened) (T, error)) (T, error) {
	o := a.open.Load()
	if o == nil {
		var none T
		return none, errNotOpen
	}
	return f(o)
}

// do is call for methods without a result.
func do(a *App, f func(o *opened) error) error {
	_, err := call(a, func(o *opened) (struct{}, error) { return struct{}{}, f(o) })
	return err
}

// State is everything the first picture needs.
func (a *App) State() (State, error) {
	return call(a, func(o *opened) (State, error) { return o.core.State(o.ctx, o.face) })
}

// Drawn tells that the page can be used.
func (a *App) Drawn() error {
	return do(a, func(o *opened) error {
		o.core.log.Info("interface drawn")
		if o.shell != nil {
			o.shell.Drawn()
		}
		return nil
	})
}

// Notify shows a notification of the desktop, if the settings allow it. A
// browser shows none.
func (a *App) Notify(title, text string) error {
	return do(a, func(o *opened) error {
		if o.shell == nil || !o.core.Settings().Notifications {
			return nil
		}
		return o.shell.Notify(title, text)
	})
}

// SaveSettings checks and keeps the settings and returns them as they are now.
func (a *App) SaveSettings(s Settings) (Settings, error) {
	return call(a, func(o *opened) (Settings, error) { return o.core.SaveSettings(o.ctx, s) })
}

// SnapshotBytes is what snapshots take on disk.
func (a *App) SnapshotBytes() (int64, error) {
	return call(a, func(o *opened) (int64, error) { return o.core.SnapshotBytes() })
}

// ClearSnapshots removes all snapshots.
func (a *App) ClearSnapshots() error {
	return do(a, func(o *opened) error { return o.core.ClearSnapshots() })
}

// Chats lists all chats, the one last written to first.
func (a *App) Chats() ([]chat.Summary, error) {
	return call(a, func(o *opened) ([]chat.Summary, error) { return o.core.Chats.List(o.ctx) })
}

// Chat reads a whole chat.
func (a *App) Chat(id string) (chat.Chat, error) {
	return call(a, func(o *opened) (chat.Chat, error) { return o.core.Chats.Get(o.ctx, id) })
}

// NewChat starts an empty chat; model "" takes the default one.
func (a *App) NewChat(model string) (chat.Chat, error) {
	return call(a, func(o *opened) (chat.Chat, error) { return o.core.NewChat(o.ctx, model) })
}

// RenameChat gives a chat another title.
func (a *App) RenameChat(id, title string) (chat.Summary, error) {
	return call(a, func(o *opened) (chat.Summary, error) { return o.core.Chats.Rename(o.ctx, id, title) })
}

// DeleteChat puts a chat away.
func (a *App) DeleteChat(id string) error {
	return do(a, func(o *opened) error { return o.core.Chats.Delete(o.ctx, id) })
}

// RestoreChat undoes DeleteChat.
func (a *App) RestoreChat(id string) (chat.Summary, error) {
	return call(a, func(o *opened) (chat.Summary, error) { return o.core.Chats.Restore(o.ctx, id) })
}

// SetChatModel lets another model answer from now on.
func (a *App) SetChatModel(id, ref string) (chat.Summary, error) {
	return call(a, func(o *opened) (chat.Summary, error) {
		m, err := o.core.writer(ref)
		if err != nil {
			return chat.Summary{}, err
		}
		return o.core.Chats.SetModel(o.ctx, id, m.Ref)
	})
}

// SetChatSystem changes a chat's system prompt.
func (a *App) SetChatSystem(id, system string) error {
	return do(a, func(o *opened) error { return o.core.Chats.SetSystem(o.ctx, id, system) })
}

// SetChatSampling changes how a chat's tokens are picked.
func (a *App) SetChatSampling(id string, s chat.Sampling) error {
	return do(a, func(o *opened) error { return o.core.Chats.SetSampling(o.ctx, id, s) })
}

// Send asks a question under parentID ("": as a first turn). It returns the
// question and the still empty answer.
func (a *App) Send(chatID, parentID, text string) ([]chat.Message, error) {
	return call(a, func(o *opened) ([]chat.Message, error) { return o.core.Chats.Send(o.ctx, chatID, parentID, text) })
}

// Regenerate asks for another answer beside the given one.
func (a *App) Regenerate(chatID, messageID string) (chat.Message, error) {
	return call(a, func(o *opened) (chat.Message, error) { return o.core.Chats.Regenerate(o.ctx, chatID, messageID) })
}

// EditMessage asks a question in another way, beside the old one.
func (a *App) EditMessage(chatID, messageID, text string) ([]chat.Message, error) {
	return call(a, func(o *opened) ([]chat.Message, error) { return o.core.Chats.Edit(o.ctx, chatID, messageID, text) })
}

// SelectBranch shows the branch through a message.
func (a *App) SelectBranch(chatID, messageID string) (chat.Chat, error) {
	return call(a, func(o *opened) (chat.Chat, error) { return o.core.Chats.Select(o.ctx, chatID, messageID) })
}

// Stop ends the answer that is being written in the chat.
func (a *App) Stop(chatID string) error {
	return do(a, func(o *opened) error { o.core.Chats.Stop(chatID); return nil })
}

// ContextUse says how the context would be filled by the draft.
func (a *App) ContextUse(chatID, draft string) (chat.ContextUse, error) {
	return call(a, func(o *opened) (chat.ContextUse, error) { return o.core.Chats.Use(o.ctx, chatID, draft) })
}

// SearchChats finds chats by title and text.
func (a *App) SearchChats(query string) ([]chat.Summary, error) {
	return call(a, func(o *opened) ([]chat.Summary, error) { return o.core.Chats.Search(o.ctx, query) })
}

// ChooseFiles lets the user pick files in a native dialogue.
func (a *App) ChooseFiles(title string) ([]string, error) {
	return call(a, func(o *opened) ([]string, error) {
		if o.shell == nil {
			return nil, ErrNoShell
		}
		paths, err := o.shell.OpenFiles(title)
		if paths == nil {
			paths = []string{}
		}
		return paths, err
	})
}

// OpenExternal shows a web page in the user's browser.
func (a *App) OpenExternal(address string) error {
	return do(a, func(o *opened) error {
		u, err := url.Parse(address)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
			return fmt.Errorf("%q is not the address of a web page", address)
		}
		if o.shell == nil {
			return ErrNoShell
		}
		o.shell.OpenURL(u.String())
		return nil
	})
}

// ExportChat writes a chat as markdown or json.
func (a *App) ExportChat(id, format string) (string, error) {
	return call(a, func(o *opened) (string, error) { return o.core.Chats.Export(o.ctx, id, format) })
}
