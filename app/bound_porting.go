package app

import (
	"freehold/app/backup"
	"freehold/app/porting"
)

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

// WriteBackup writes the library into one file: in the window where the user
// says, for a browser into the folder backups of the data folder, from where it
// may be fetched.
func (a *App) WriteBackup(options BackupOptions) (BackupDone, error) {
	return call(a, func(o *opened) (BackupDone, error) { return o.writeBackup(options) })
}

// LookAtBackup reads a backup from beginning to end and says what it holds.
func (a *App) LookAtBackup(path string) (BackupInfo, error) {
	return call(a, func(o *opened) (BackupInfo, error) { return o.core.LookAtBackup(o.ctx, path) })
}

// StageRestore unpacks and checks a backup. It becomes the library when Freehold
// starts the next time; what is there now is set aside then.
func (a *App) StageRestore(path string) (BackupInfo, error) {
	return call(a, func(o *opened) (BackupInfo, error) { return o.core.StageRestore(o.ctx, path) })
}

// CancelRestore throws away what StageRestore has made.
func (a *App) CancelRestore() error {
	return do(a, func(o *opened) error { return o.core.CancelRestore() })
}

// RestoreWaits tells whether a restore becomes true with the next start.
func (a *App) RestoreWaits() (bool, error) {
	return call(a, func(o *opened) (bool, error) { return o.core.RestoreWaits(), nil })
}

// MissingModels are those that a restored backup named and that are not here.
func (a *App) MissingModels() ([]backup.Model, error) {
	return call(a, func(o *opened) ([]backup.Model, error) { return o.core.MissingModels() })
}
