package app

import "freehold/app/porting"

// What the user interface calls to carry chats in and out. Events "porting" tell
// how far it is.

// PreviewImport reads files and folders of other programs, or ours, and says what
// an import would do.
func (a *App) PreviewImport(paths []string) (porting.Receipt, error) {
	return call(a, func(o *opened) (porting.Receipt, error) { return o.core.PreviewImport(o.ctx, paths) })
}

// ImportChats takes the conversations in files and folders in.
func (a *App) ImportChats(paths []string) (porting.Receipt, error) {
	return call(a, func(o *opened) (porting.Receipt, error) { return o.core.ImportChats(o.ctx, paths) })
}

// Imports lists the receipts of all imports, the newest first.
func (a *App) Imports() ([]porting.Receipt, error) {
	return call(a, func(o *opened) ([]porting.Receipt, error) { return o.core.Imports(o.ctx) })
}

// UndoImport takes a whole import back. Chats that were written in since stay.
func (a *App) UndoImport(id string) (porting.Undone, error) {
	return call(a, func(o *opened) (porting.Undone, error) { return o.core.UndoImport(o.ctx, id) })
}

// CancelPorting ends the import, export, backup or restore that is being made.
func (a *App) CancelPorting() error {
	return do(a, func(o *opened) error { return o.core.CancelPorting() })
}

// Notices are what happened while nobody could be told.
func (a *App) Notices() ([]Notice, error) {
	return call(a, func(o *opened) ([]Notice, error) { return o.core.Notices(o.ctx) })
}

// ForgetNotices is called when the user has seen them.
func (a *App) ForgetNotices() error {
	return do(a, func(o *opened) error { return o.core.ForgetNotices(o.ctx) })
}

// ExportChats writes chats, or all if ids is empty: in the window to a file that
// the user chooses, for a browser to one that it fetches.
func (a *App) ExportChats(ids []string, options porting.Options) (Exported, error) {
	return call(a, func(o *opened) (Exported, error) { return o.exportFor(ids, options) })
}
