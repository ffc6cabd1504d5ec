//go:build !desktop && !bindings && !dev

package desktop

import (
	"errors"
	"io/fs"
)

// Run says that this build has no window.
func Run(fs.FS) error {
	return errors.New("this build has no window; use `freehold serve` and your browser")
}
