//go:build desktop

// Command empty opens a Wails window with nothing in it, as the measure of what
// a window costs by itself.
package main

import (
	"embed"
	"fmt"
	"log"
	"os"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
)

//go:embed index.html
var page embed.FS

// Page is what the page calls.
type Page struct{}

// Drawn tells that the page has been drawn.
func (*Page) Drawn() { fmt.Fprintln(os.Stderr, "interface drawn") }

func main() {
	err := wails.Run(&options.App{
		Title: "empty", Width: 1200, Height: 800,
		AssetServer: &assetserver.Options{Assets: page},
		Linux:       &linux.Options{WebviewGpuPolicy: linux.WebviewGpuPolicyNever},
		Bind:        []any{&Page{}},
	})
	if err != nil {
		log.Fatal(err)
	}
}
