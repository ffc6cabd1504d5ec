//go:build !desktop && !bindings && !dev

package desktop

import "errors"

// Run says that this build has no window.
func Run(Config) error {
	return errors.New("this build has no window; `freehold serve` shows the same in a browser, `freehold --help` lists what the terminal can do")
}
