// Package desktop shows the application in a window. It is the only package
// that imports Wails, and only if a build tag asks for the window.
package desktop

import "io/fs"

// Config is what the window shows.
type Config struct {
	Version string
	Assets  fs.FS    // holds frontend/dist
	Icon    []byte   // PNG
	Open    []string // files and links to show, as Opens has found them
}
