//go:build desktop || bindings || dev

package desktop

import (
	"context"

	"github.com/google/uuid"
	"github.com/wailsapp/wails/v2/pkg/runtime"
)

const mostNotified = 300 // characters of a text

// Notify shows a notification of the desktop; a click on it brings the window to
// the front. Where the desktop has none it does nothing.
func (w *window) Notify(title, text string) error {
	ctx := w.context()
	if ctx == nil {
		return nil
	}
	w.notifier.Do(func() { w.notifies = startNotifying(ctx) })
	if !w.notifies {
		return nil
	}
	if r := []rune(text); len(r) > mostNotified {
		text = string(r[:mostNotified])
	}
	return runtime.SendNotification(ctx, runtime.NotificationOptions{ID: uuid.NewString(), Title: title, Body: text})
}

// startNotifying asks for what notifications need; false if there are none here.
func startNotifying(ctx context.Context) bool {
	if err := runtime.InitializeNotifications(ctx); err != nil || !runtime.IsNotificationAvailable(ctx) {
		return false
	}
	if allowed, err := runtime.RequestNotificationAuthorization(ctx); err != nil || !allowed {
		return false
	}
	runtime.OnNotificationResponse(ctx, func(runtime.NotificationResult) {
		runtime.WindowUnminimise(ctx)
		runtime.Show(ctx)
	})
	return true
}
