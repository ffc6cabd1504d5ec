package app

import (
	"encoding/base64"
	"fmt"
	"strings"

	"freehold/app/chat"
	"freehold/app/preset"
)

// Drafts lists what was written in chats and not sent yet.
func (a *App) Drafts() ([]chat.Draft, error) {
	return call(a, func(o *opened) ([]chat.Draft, error) { return o.core.Chats.Drafts(o.ctx) })
}

// SaveDraft keeps a draft unless a newer one is kept, and returns the kept one.
func (a *App) SaveDraft(d chat.Draft) (chat.Draft, error) {
	return call(a, func(o *opened) (chat.Draft, error) { return o.core.Chats.SaveDraft(o.ctx, d) })
}

// Queues lists the messages that wait in chats.
func (a *App) Queues() ([]chat.Queue, error) {
	return call(a, func(o *opened) ([]chat.Queue, error) { return o.core.Chats.Queues(o.ctx) })
}

// Enqueue lets a message wait until the chat's answer has been written; at is
// its place, a negative one the end.
func (a *App) Enqueue(chatID, text string, at int) (chat.Queue, error) {
	return call(a, func(o *opened) (chat.Queue, error) { return o.core.Chats.Enqueue(o.ctx, chatID, text, at) })
}

// EditQueued changes a message that waits.
func (a *App) EditQueued(chatID, itemID, text string) (chat.Queue, error) {
	return call(a, func(o *opened) (chat.Queue, error) { return o.core.Chats.EditQueued(o.ctx, chatID, itemID, text) })
}

// RemoveQueued takes a message out of the queue.
func (a *App) RemoveQueued(chatID, itemID string) (chat.Queue, error) {
	return call(a, func(o *opened) (chat.Queue, error) { return o.core.Chats.RemoveQueued(o.ctx, chatID, itemID) })
}

// MoveQueued puts a message at another place of the queue.
func (a *App) MoveQueued(chatID, itemID string, to int) (chat.Queue, error) {
	return call(a, func(o *opened) (chat.Queue, error) { return o.core.Chats.MoveQueued(o.ctx, chatID, itemID, to) })
}

// HoldQueue pauses a chat's queue, or lets it go on.
func (a *App) HoldQueue(chatID string, held bool) (chat.Queue, error) {
	return call(a, func(o *opened) (chat.Queue, error) { return o.core.Chats.HoldQueue(o.ctx, chatID, held) })
}

// SendQueued sends a message that waits at once, and stops the answer that is
// being written.
func (a *App) SendQueued(chatID, itemID string) (chat.Queue, error) {
	return call(a, func(o *opened) (chat.Queue, error) { return o.core.Chats.SendQueued(o.ctx, chatID, itemID) })
}

// KeepFile keeps a file that was pasted, given in base64, and returns its path
// for AddDocuments. Browsers upload instead.
func (a *App) KeepFile(name, data string) (string, error) {
	return call(a, func(o *opened) (string, error) {
		if len(data) > mostPasted {
			return "", fmt.Errorf("%s is larger than %d MiB; drop the file on the window instead", name, mostPasted>>20)
		}
		return o.core.Documents.Upload(name, base64.NewDecoder(base64.StdEncoding, strings.NewReader(data)))
	})
}

const mostPasted = 64 << 20 // bytes of base64

// Presets lists the user's presets, the oldest first.
func (a *App) Presets() ([]preset.Preset, error) {
	return call(a, func(o *opened) ([]preset.Preset, error) { return o.core.Presets.List(o.ctx) })
}

// SavePreset keeps a preset, a new one if it has no ID.
func (a *App) SavePreset(p preset.Preset) (preset.Preset, error) {
	return call(a, func(o *opened) (preset.Preset, error) { return o.core.Presets.Save(o.ctx, p) })
}

// DeletePreset puts a preset away.
func (a *App) DeletePreset(id string) error {
	return do(a, func(o *opened) error { return o.core.Presets.Delete(o.ctx, id) })
}

// RestorePreset undoes DeletePreset.
func (a *App) RestorePreset(id string) (preset.Preset, error) {
	return call(a, func(o *opened) (preset.Preset, error) { return o.core.Presets.Restore(o.ctx, id) })
}

// ExportPresets writes presets down as JSON.
func (a *App) ExportPresets(ids []string) (Exported, error) {
	return call(a, func(o *opened) (Exported, error) {
		text, err := o.core.Presets.Export(o.ctx, ids)
		if err != nil {
			return Exported{}, err
		}
		return o.handOver(Exported{Name: "presets.json", Type: "application/json", bytes: text})
	})
}

// ImportPresets keeps the presets of an exported file, given as its text.
func (a *App) ImportPresets(text string) ([]preset.Preset, error) {
	return call(a, func(o *opened) ([]preset.Preset, error) { return o.core.Presets.Import(o.ctx, text) })
}
