package app

// What the user interface calls about the machine, models and the network.

// Hardware describes the machine.
func (a *App) Hardware() (Hardware, error) {
	return call(a, func(o *opened) (Hardware, error) { return o.core.Hardware(o.ctx) })
}

// MeasureProfile measures the machine anew. It takes some seconds.
func (a *App) MeasureProfile() (Profile, error) {
	return call(a, func(o *opened) (Profile, error) { return o.core.MeasureProfile(o.ctx) })
}

// Models lists the models on this machine.
func (a *App) Models() ([]Model, error) {
	return call(a, func(o *opened) ([]Model, error) { return o.core.Models() })
}

// ImportModel adds a GGUF file.
func (a *App) ImportModel(path string) (Model, error) {
	return call(a, func(o *opened) (Model, error) { return o.core.Import(o.ctx, path, nil) })
}

// RemoveModel takes a model out of the library, unless an answer is being
// written with it. RestoreModel undoes it.
func (a *App) RemoveModel(ref string) error {
	return do(a, func(o *opened) error { _, err := o.core.Remove(o.ctx, ref); return err })
}

// RestoreModel undoes RemoveModel.
func (a *App) RestoreModel(ref string) (Model, error) {
	return call(a, func(o *opened) (Model, error) { return o.core.Restore(ref) })
}

// VerifyModel begins to read a model in full and to compare it with its digest.
// Events "verify" tell how far it is.
func (a *App) VerifyModel(ref string) error {
	return do(a, func(o *opened) error { return o.core.BeginVerify(ref) })
}

// CancelVerify ends it.
func (a *App) CancelVerify(ref string) error {
	return do(a, func(o *opened) error { return o.core.CancelVerify(ref) })
}

// LoadModel loads a model ahead of its first question.
func (a *App) LoadModel(ref string) error {
	return do(a, func(o *opened) error { return o.core.Preload(o.ctx, ref) })
}

// Catalog lists what can be downloaded.
func (a *App) Catalog() ([]CatalogEntry, error) {
	return call(a, func(o *opened) ([]CatalogEntry, error) { return o.core.Catalog(o.ctx) })
}

// FitOf says how a model will run here with this context (tokens; 0: as the
// settings say) and type of KV cache ("": f16). ref may be of an installed
// model, of the catalogue, or any that Pull takes; then the head of its file is
// read over the network.
func (a *App) FitOf(ref string, context int, kv string) (Fit, error) {
	return call(a, func(o *opened) (Fit, error) { return o.core.FitOf(o.ctx, ref, context, kv) })
}

// SearchModels searches Hugging Face for GGUF files; cursor is "" or the Next of
// the page before.
func (a *App) SearchModels(query, cursor string) (FoundModels, error) {
	return call(a, func(o *opened) (FoundModels, error) { return o.core.SearchModels(o.ctx, query, cursor) })
}

// Preview says what Pull would download.
func (a *App) Preview(ref string) (Plan, error) {
	return call(a, func(o *opened) (Plan, error) { return o.core.Preview(o.ctx, ref) })
}

// Pull queues a download. It fails with ErrTerms if the licence must be
// accepted first.
func (a *App) Pull(ref string) (Download, error) {
	return call(a, func(o *opened) (Download, error) { return o.core.Pull(o.ctx, ref) })
}

// PausePull lets a download rest; what has come stays.
func (a *App) PausePull(ref string) error {
	return do(a, func(o *opened) error { return o.core.PausePull(ref) })
}

// ResumePull lets a paused or failed download go on.
func (a *App) ResumePull(ref string) error {
	return do(a, func(o *opened) error { return o.core.ResumePull(ref) })
}

// CancelPull ends a download and throws away what has come.
func (a *App) CancelPull(ref string) error {
	return do(a, func(o *opened) error { return o.core.CancelPull(ref) })
}

// PrioritisePull puts a download before all others.
func (a *App) PrioritisePull(ref string) error {
	return do(a, func(o *opened) error { return o.core.PrioritisePull(ref) })
}

// Downloads lists unfinished downloads, those of earlier runs too, in the order
// of the queue, then those that have ended since the start, the last one first.
func (a *App) Downloads() ([]Download, error) {
	return call(a, func(o *opened) ([]Download, error) { return o.core.Downloads(), nil })
}

// AcceptLicence records that the user accepts a licence, and for which model
// she was asked.
func (a *App) AcceptLicence(licence, ref string) error {
	return do(a, func(o *opened) error { return o.core.AcceptLicence(o.ctx, licence, ref) })
}

// DiskUse says what takes space on the disk.
func (a *App) DiskUse() (DiskUse, error) {
	return call(a, func(o *opened) (DiskUse, error) { return o.core.DiskUse(o.ctx) })
}

// CollectGarbage deletes the weights of removed models and returns the bytes
// freed. These models cannot be restored any more.
func (a *App) CollectGarbage() (int64, error) {
	return call(a, func(o *opened) (int64, error) { return o.core.CollectGarbage() })
}

// MoveModels begins to move all weights to another folder. Events "move" tell
// how far it is.
func (a *App) MoveModels(dir string) error {
	return do(a, func(o *opened) error { return o.core.BeginMove(dir) })
}

// StoresFound lists the stores of other tools on this machine.
func (a *App) StoresFound() ([]OtherStore, error) {
	return call(a, func(o *opened) ([]OtherStore, error) { return o.core.StoresFound(o.ctx) })
}

// AdoptModels lists another tool's models here without copying them ("": of
// all tools) and returns how many are new.
func (a *App) AdoptModels(tool string) (int, error) {
	return call(a, func(o *opened) (int, error) { return o.core.AdoptModels(o.ctx, tool) })
}

// NetworkLog lists the requests made, the newest first.
func (a *App) NetworkLog() ([]NetworkRequest, error) {
	return call(a, func(o *opened) ([]NetworkRequest, error) { return o.core.NetworkLog(o.ctx) })
}

// WriteBundle begins to write models to a folder, such as one on a USB stick,
// for another machine. Events "bundle" tell how far it is.
func (a *App) WriteBundle(dir string, refs []string) error {
	return do(a, func(o *opened) error { return o.core.BeginWriteBundle(dir, refs) })
}

// ReadBundle begins to add the models of a bundle. Events "bundle" tell how far
// it is.
func (a *App) ReadBundle(dir string) error {
	return do(a, func(o *opened) error { return o.core.BeginReadBundle(dir) })
}
