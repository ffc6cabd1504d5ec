// Package cli is the application in a terminal: its verbs, what they print, and
// the codes they end with.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"freehold/app"
	"freehold/app/chat"
	"freehold/models/library"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	OK        = 0
	Failure   = 1   // something went wrong; the message says what
	Usage     = 2   // the command was not understood
	NotFound  = 3   // no such model
	InUse     = 4   // another window or server has the data
	Cancelled = 130 // Ctrl+C
)

// Terminal is where a command reads and writes.
type Terminal struct {
	In       io.Reader
	Out, Err io.Writer
}

// Config is what the commands work with.
type Config struct {
	Version string
	Assets  fs.FS      // the built user interface, for serve
	Engine  app.Engine // nil for Freehold's own
}

// command holds what the verbs share.
type command struct {
	Config
	Terminal
	ctx     context.Context
	verbose bool

	// onInterrupt is what Ctrl+C does; nil ends the command.
	onInterrupt atomic.Pointer[func()]
}

// Run carries out the command args and returns its exit code. Ctrl+C ends the
// command in order; pressed again, it ends the process.
func Run(args []string, t Terminal, cfg Config) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := &command{Config: cfg, Terminal: t, ctx: ctx}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		for {
			select {
			case s := <-signals:
				if f := c.onInterrupt.Load(); f != nil && s == os.Interrupt {
					(*f)()
					continue
				}
				signal.Stop(signals)
				cancel()
			case <-ctx.Done():
				return
			}
		}
	}()
	root := c.root()
	root.SetArgs(args)
	root.SetIn(t.In)
	root.SetOut(t.Out)
	root.SetErr(t.Err)
	err := root.ExecuteContext(ctx)
	return c.exit(err)
}

// usageError is a command that was not understood.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

func (c *command) exit(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return OK
	case errors.Is(err, context.Canceled) && c.ctx.Err() != nil, errors.Is(err, errInterrupted):
		return Cancelled
	}
	fmt.Fprintln(c.Err, "freehold:", err)
	switch {
	case errors.As(err, &usage):
		fmt.Fprintln(c.Err, "`freehold --help` lists the commands.")
		return Usage
	case errors.Is(err, library.ErrNotFound), errors.Is(err, library.ErrAmbiguous):
		return NotFound
	case errors.Is(err, app.ErrInUse):
		return InUse
	}
	return Failure
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "freehold",
		Short: "Open-weight language models on this machine, offline",
		Long: `Freehold runs open-weight language models on this machine, offline.
Without a command it opens its window.

MODEL is the name of a model in your library (freehold list), the beginning of
one, or the path of a GGUF file.

Exit codes: 0 done, 1 failed, 2 command not understood, 3 no such model,
4 data in use by another Freehold, 130 cancelled.`,
		Version:       c.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVar(&c.verbose, "verbose", false, "say more on standard error")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		c.run(), c.chat(), c.serve(),
		c.list(), c.show(), c.search(), c.fit(), c.pull(), c.imports(), c.convert(), c.remove(), c.restore(), c.verify(),
		c.adopt(), c.bundle(), c.move(), c.diskUse(), c.collect(), c.network(),
		c.importChats(), c.exportChats(), c.backup(),
		c.ask(), c.index(), c.read(), c.documentWorker(),
		c.tokenize(), c.bench(), c.snapshots(), c.hardware(), c.doctor(), c.version(),
	)
	for _, verb := range root.Commands() {
		if check := verb.Args; check != nil {
			verb.Args = func(cmd *cobra.Command, args []string) error {
				if err := check(cmd, args); err != nil {
					return usageError{fmt.Errorf("%s: %w", cmd.Name(), err)}
				}
				return nil
			}
		}
	}
	root.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError{fmt.Errorf("there is no command %q", args[0])}
		}
		return nil
	}
	return root
}

func (c *command) logger() *slog.Logger {
	level := slog.LevelWarn
	if c.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: level}))
}

// with opens the application for f.
func (c *command) with(e app.Emitter, load app.LoadOptions, f func(core *app.Core) error) error {
	core, err := app.Open(c.ctx, app.Options{Version: c.Version, Engine: c.Engine, Emitter: e, Load: load, Log: c.logger()})
	if err != nil {
		return err
	}
	return errors.Join(f(core), core.Close())
}

// emitter makes a function an app.Emitter.
type emitter func(name string, data any)

func (e emitter) Emit(name string, data any) { e(name, data) }

// samplingFlags lets the flags of a command override the sampling settings.
func samplingFlags(cmd *cobra.Command) func(chat.Sampling) chat.Sampling {
	f := cmd.Flags()
	var p chat.Sampling
	f.Float64Var(&p.Temperature, "temperature", 0, "0 always takes the likeliest token")
	f.IntVar(&p.TopK, "top-k", 0, "choose among this many tokens; 0: all")
	f.Float64Var(&p.TopP, "top-p", 0, "choose among the likeliest tokens up to this probability")
	f.Float64Var(&p.MinP, "min-p", 0, "drop tokens less likely than this share of the likeliest")
	f.Float64Var(&p.TypicalP, "typical-p", 0, "choose among the most typical tokens up to this probability")
	f.Float64Var(&p.RepeatPenalty, "repeat-penalty", 0, "above 1 avoids repetition")
	f.Int64Var(&p.Seed, "seed", 0, "makes a random choice repeatable; 0: a new one each time")
	f.IntVar(&p.MaxTokens, "max-tokens", 0, "longest answer; 0: until the model ends")
	f.StringArrayVar(&p.Stop, "stop", nil, "end the answer before this text (may be repeated)")
	return func(s chat.Sampling) chat.Sampling {
		for flag, set := range map[string]func(){
			"temperature": func() { s.Temperature = p.Temperature }, "top-k": func() { s.TopK = p.TopK },
			"top-p": func() { s.TopP = p.TopP }, "min-p": func() { s.MinP = p.MinP }, "typical-p": func() { s.TypicalP = p.TypicalP },
			"repeat-penalty": func() { s.RepeatPenalty = p.RepeatPenalty }, "seed": func() { s.Seed = p.Seed },
			"max-tokens": func() { s.MaxTokens = p.MaxTokens }, "stop": func() { s.Stop = p.Stop },
		} {
			if f.Changed(flag) {
				set()
			}
		}
		return s
	}
}

// loadFlags are the flags that say how a model is loaded.
func loadFlags(cmd *cobra.Command) *app.LoadOptions {
	o := &app.LoadOptions{}
	cmd.Flags().IntVar(&o.ContextLength, "ctx", 0, "context in tokens; 0: as in the settings")
	cmd.Flags().IntVar(&o.Threads, "threads", 0, "processor threads; 0: as in the settings")
	cmd.Flags().StringVar(&o.KVType, "kv", "f16", "KV cache: f16, q8_0 or q4_0 for half or a quarter of the memory, or f32")
	cmd.Flags().BoolVar(&o.NoLookup, "no-lookup", false, "do not look up what an answer may repeat and check it several tokens at once")
	return o
}
