//go:build desktop || bindings || dev

package desktop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	goruntime "runtime"
	"strings"
	"sync"

	"freehold/app"
	"freehold/app/api"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/menu"
	"github.com/wailsapp/wails/v2/pkg/menu/keys"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/options/mac"
	"github.com/wailsapp/wails/v2/pkg/runtime"
)

const (
	title     = "Freehold"
	minWidth  = 640
	minHeight = 480
)

// window is the open window: it passes events to the page and does for the
// application what only a window can.
type window struct {
	mu  sync.Mutex
	ctx context.Context // nil until the window is there

	drawn   bool
	waiting Opening // for the page

	notifier sync.Once
	notifies bool // the desktop shows notifications
}

// Drawn shows what the window was started for.
func (w *window) Drawn() {
	w.mu.Lock()
	o := w.waiting
	w.drawn, w.waiting = true, Opening{}
	w.mu.Unlock()
	w.show(o)
}

// open shows something as soon as there is a page to show it.
func (w *window) open(o Opening) {
	w.mu.Lock()
	if !w.drawn {
		w.waiting.Files = append(w.waiting.Files, o.Files...)
		if o.Page != "" {
			w.waiting.Page = o.Page
		}
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	w.show(o)
}

func (w *window) show(o Opening) {
	if o.Page != "" {
		w.Emit("go", app.GoEvent{Page: o.Page})
	}
	if len(o.Files) > 0 {
		w.Emit("filesDropped", app.DropEvent{Paths: o.Files})
	}
}

func (w *window) context() context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ctx
}

// Emit sends an event to the page. Before there is one, nobody would hear it.
func (w *window) Emit(name string, data any) {
	if ctx := w.context(); ctx != nil {
		runtime.EventsEmit(ctx, name, data)
	}
}

// OpenFiles lets the user pick files.
func (w *window) OpenFiles(title string) ([]string, error) {
	ctx := w.context()
	if ctx == nil {
		return nil, app.ErrNoShell
	}
	return runtime.OpenMultipleFilesDialog(ctx, runtime.OpenDialogOptions{Title: title})
}

// SaveFile lets the user choose where a file is saved; the dialogue asks before
// it takes the name of another.
func (w *window) SaveFile(name string) (string, error) {
	ctx := w.context()
	if ctx == nil {
		return "", app.ErrNoShell
	}
	return runtime.SaveFileDialog(ctx, runtime.SaveDialogOptions{DefaultFilename: name, CanCreateDirectories: true})
}

// OpenFolder lets the user pick a folder.
func (w *window) OpenFolder(title string) (string, error) {
	ctx := w.context()
	if ctx == nil {
		return "", app.ErrNoShell
	}
	return runtime.OpenDirectoryDialog(ctx, runtime.OpenDialogOptions{Title: title})
}

// OpenURL shows a page in the user's browser.
func (w *window) OpenURL(url string) {
	if ctx := w.context(); ctx != nil {
		runtime.BrowserOpenURL(ctx, url)
	}
}

// Run opens the window and returns when it is closed.
func Run(c Config) error {
	w, a := &window{}, app.New()
	o := look(c, w, a)
	if generating { // Wails only wants to see what is bound
		return wails.Run(o)
	}
	if goruntime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errors.New("there is no display here; `freehold serve` shows the same in a browser")
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: logLevel()}))
	core, err := app.Open(context.Background(), app.Options{Version: c.Version, Emitter: w, Log: log, Exclusive: true})
	if errors.Is(err, app.ErrInUse) {
		return focusOther(o, err)
	}
	if err != nil {
		return err
	}
	app.Attach(context.Background(), a, core, "desktop", w) // the page may ask as soon as it is there
	restore(o, core)
	if here, err := os.Getwd(); err == nil {
		w.open(ToOpen(c.Open, here))
	}
	o.Menu = menus(w, wordsFor(spoken(core), os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG")))
	o.OnStartup = func(ctx context.Context) {
		w.mu.Lock()
		w.ctx = ctx
		w.mu.Unlock()
		runtime.EventsOn(ctx, "speaks", func(said ...any) { keepSpoken(ctx, core, log, said) })
		runtime.OnFileDrop(ctx, func(_, _ int, paths []string) { w.Emit("filesDropped", app.DropEvent{Paths: paths}) })
	}
	o.OnBeforeClose = func(ctx context.Context) bool {
		remember(ctx, core, log)
		return false
	}
	return errors.Join(wails.Run(o), core.Close())
}

// logLevel is how much is told on stderr: FREEHOLD_LOG may be debug, info, warn or
// error.
func logLevel() slog.Level {
	level := slog.LevelWarn
	if said := os.Getenv("FREEHOLD_LOG"); said != "" {
		_ = level.UnmarshalText([]byte(said)) // another word changes nothing
	}
	return level
}

func look(c Config, w *window, a *app.App) *options.App {
	return &options.App{
		Title: title, Width: 1200, Height: 800, MinWidth: minWidth, MinHeight: minHeight,
		AssetServer:      &assetserver.Options{Assets: c.Assets, Middleware: api.Secure},
		BackgroundColour: options.NewRGB(20, 22, 28), // no white flash before the page is there
		DragAndDrop:      &options.DragAndDrop{EnableFileDrop: true},
		// The browser's menu is the only way to paste with the mouse; the page
		// asks for it on text fields.
		EnableDefaultContextMenu: true,
		SingleInstanceLock: &options.SingleInstanceLock{
			UniqueId: "freehold-" + homeID(),
			OnSecondInstanceLaunch: func(second options.SecondInstanceData) {
				if Opens(second.Args) {
					w.open(ToOpen(second.Args, second.WorkingDirectory))
				}
				if ctx := w.context(); ctx != nil {
					runtime.WindowUnminimise(ctx)
					runtime.Show(ctx)
				}
			},
		},
		Linux: &linux.Options{Icon: c.Icon, ProgramName: "freehold", WebviewGpuPolicy: linux.WebviewGpuPolicyNever},
		Mac:   &mac.Options{About: &mac.AboutInfo{Title: title, Message: "Version " + c.Version, Icon: c.Icon}},
		Bind:  []any{a},
	}
}

// homeID tells apart windows on different data folders.
func homeID() string {
	home, err := app.DefaultHome()
	if err != nil {
		return "default"
	}
	sum := sha256.Sum256([]byte(home))
	return hex.EncodeToString(sum[:6])
}

// focusOther brings the window to the front that has the data. Wails ends this
// process, with code 1, when it has told that window. If the page gets as far as
// being loaded there is none to tell: no session bus, or a server has the data.
func focusOther(o *options.App, inUse error) error {
	o.StartHidden = true
	o.OnDomReady = func(context.Context) {
		fmt.Fprintln(os.Stderr, "freehold:", inUse)
		os.Exit(1) // nothing is open yet
	}
	return errors.Join(inUse, wails.Run(o))
}

// languageKey is where the language that the page spoke last is kept: Wails cannot
// change a menu on Linux once it is there, so the next window has its words.
const languageKey = "language"

func spoken(core *app.Core) (tag string) {
	_ = core.Recall(context.Background(), languageKey, &tag) // the system's will do
	return tag
}

func keepSpoken(ctx context.Context, core *app.Core, log *slog.Logger, said []any) {
	if len(said) != 1 {
		return
	}
	tag, ok := said[0].(string)
	if _, known := inLanguage[tag]; !ok || !known || tag == spoken(core) {
		return
	}
	if err := core.Remember(ctx, languageKey, tag); err != nil {
		log.Warn("the language of the menu was not kept", "error", err)
	}
}

func menus(w *window, says words) *menu.Menu {
	m := menu.NewMenu()
	if goruntime.GOOS == "darwin" {
		m.Append(menu.AppMenu())
	}
	file := m.AddSubmenu(says.file)
	file.AddText(says.open, keys.CmdOrCtrl("o"), func(*menu.CallbackData) {
		if paths, err := w.OpenFiles(strings.TrimRight(says.open, " …")); err == nil && len(paths) > 0 {
			w.Emit("filesDropped", app.DropEvent{Paths: paths})
		}
	})
	file.AddSeparator()
	file.AddText(says.quit, keys.CmdOrCtrl("q"), func(*menu.CallbackData) {
		if ctx := w.context(); ctx != nil {
			runtime.Quit(ctx)
		}
	})
	if goruntime.GOOS == "darwin" {
		m.Append(menu.EditMenu())
	}
	view := m.AddSubmenu(says.view)
	view.AddText(says.fullScreen, keys.Key("f11"), func(*menu.CallbackData) {
		if ctx := w.context(); ctx == nil {
			return
		} else if runtime.WindowIsFullscreen(ctx) {
			runtime.WindowUnfullscreen(ctx)
		} else {
			runtime.WindowFullscreen(ctx)
		}
	})
	return m
}

// geometry is the window's place on the screen as it was last.
type geometry struct {
	Width     int  `json:"width"`
	Height    int  `json:"height"`
	Maximised bool `json:"maximised"`
}

const geometryKey = "window"

func restore(o *options.App, core *app.Core) {
	var g geometry
	if err := core.Recall(context.Background(), geometryKey, &g); err != nil {
		return // the usual size will do
	}
	if g.Width >= minWidth && g.Height >= minHeight && g.Width <= 1<<14 && g.Height <= 1<<14 {
		o.Width, o.Height = g.Width, g.Height
	}
	if g.Maximised {
		o.WindowStartState = options.Maximised
	}
}

func remember(ctx context.Context, core *app.Core, log *slog.Logger) {
	var g geometry
	if err := core.Recall(ctx, geometryKey, &g); err != nil {
		log.Warn("window's last place not read", "error", err)
	}
	g.Maximised = runtime.WindowIsMaximised(ctx)
	if !g.Maximised && !runtime.WindowIsFullscreen(ctx) {
		g.Width, g.Height = runtime.WindowGetSize(ctx)
	}
	if err := core.Remember(ctx, geometryKey, g); err != nil {
		log.Warn("window's place not kept", "error", err)
	}
}
