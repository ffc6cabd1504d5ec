// Command freehold runs open-weight language models on this machine, offline:
// in a window, in the terminal, or in a browser.
package main

import (
	"embed"
	"fmt"
	"os"

	"freehold/app/cli"
	"freehold/app/desktop"
)

//go:embed all:frontend/dist
var assets embed.FS

//go:embed build/appicon.png
var icon []byte

// version is set when a release is linked.
var version = "dev"

func main() {
	if len(os.Args) > 1 && !desktop.Opens(os.Args[1:]) {
		terminal := cli.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
		os.Exit(cli.Run(os.Args[1:], terminal, cli.Config{Version: version, Assets: assets}))
	}
	if err := desktop.Run(desktop.Config{Version: version, Assets: assets, Icon: icon, Open: os.Args[1:]}); err != nil {
		fmt.Fprintln(os.Stderr, "freehold:", err)
		os.Exit(1)
	}
}
