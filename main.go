// Command freehold runs open-weight language models on this machine, offline:
// in a window, in the terminal, or in a browser.
package main

import (
	"embed"
	"fmt"
	"os"

	"freehold/app/desktop"
)

//go:embed all:frontend/dist
var assets embed.FS

func main() {
	if err := desktop.Run(assets); err != nil {
		fmt.Fprintln(os.Stderr, "freehold:", err)
		os.Exit(1)
	}
}
