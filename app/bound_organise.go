package app

import "freehold/app/chat"

// NewTemporaryChat starts an empty chat of which nothing comes to the disk;
// model "" takes the default one.
func (a *App) NewTemporaryChat(model string) (chat.Chat, error) {
	return call(a, func(o *opened) (chat.Chat, error) { return o.core.newChat(o.ctx, model, o.core.Chats.CreateTemporary) })
}

// KeepChat makes a temporary chat one like all others.
func (a *App) KeepChat(id string) (chat.Summary, error) {
	return call(a, func(o *opened) (chat.Summary, error) { return o.core.Chats.Keep(o.ctx, id) })
}

// ArrangeChats moves, pins, tags or archives chats and returns them.
func (a *App) ArrangeChats(ids []string, arrangement chat.Arrangement) ([]chat.Summary, error) {
	return call(a, func(o *opened) ([]chat.Summary, error) { return o.core.Chats.Arrange(o.ctx, ids, arrangement) })
}

// FindMessages looks for words in all messages and titles, the best first.
func (a *App) FindMessages(query string) ([]chat.Found, error) {
	return call(a, func(o *opened) ([]chat.Found, error) { return o.core.Chats.Find(o.ctx, query) })
}

// Folders lists the folders of chats by name.
func (a *App) Folders() ([]chat.Folder, error) {
	return call(a, func(o *opened) ([]chat.Folder, error) { return o.core.Chats.Folders(o.ctx) })
}

// CreateFolder adds an empty folder.
func (a *App) CreateFolder(name string) (chat.Folder, error) {
	return call(a, func(o *opened) (chat.Folder, error) { return o.core.Chats.CreateFolder(o.ctx, name) })
}

// RenameFolder gives a folder another name.
func (a *App) RenameFolder(id, name string) (chat.Folder, error) {
	return call(a, func(o *opened) (chat.Folder, error) { return o.core.Chats.RenameFolder(o.ctx, id, name) })
}

// DeleteFolder removes a folder and leaves its chats.
func (a *App) DeleteFolder(id string) error {
	return do(a, func(o *opened) error { return o.core.Chats.DeleteFolder(o.ctx, id) })
}

// RestoreFolder undoes DeleteFolder.
func (a *App) RestoreFolder(id string) (chat.Folder, error) {
	return call(a, func(o *opened) (chat.Folder, error) { return o.core.Chats.RestoreFolder(o.ctx, id) })
}
