package app

import "errors"

// Emitter sends one event to every attached user interface.
type Emitter interface {
	Emit(name string, data any)
}

// Shell is what only a native window can do.
type Shell interface {
	OpenFiles(title string) ([]string, error)
	OpenFolder(title string) (string, error) // "" if none was chosen
	SaveFile(name string) (string, error)    // where to; "" if the user thought better of it
	OpenURL(url string)
	Drawn() // the page can be used
	Notify(title, text string) error
}

// ErrNoShell answers native calls where there is no window.
var ErrNoShell = errors.New("this needs the desktop window; in the browser give the file's path instead")
