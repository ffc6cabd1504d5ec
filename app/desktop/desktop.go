//go:build desktop || bindings || dev

// Package desktop shows the application in a window. It is the only package
// that imports Wails.
package desktop

import (
	"io/fs"

	"freehold/app"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
)

// Run opens the window and returns when it is closed.
func Run(assets fs.FS) error {
	return wails.Run(&options.App{
		Title:       "Freehold",
		AssetServer: &assetserver.Options{Assets: assets},
		Bind:        []any{app.New()},
	})
}
