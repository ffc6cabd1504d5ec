package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"freehold/app"

	"github.com/spf13/cobra"
)

const maxTokenizeBytes = 1 << 30

func (c *command) tokenize() *cobra.Command {
	var special bool
	cmd := &cobra.Command{
		Use:   "tokenize MODEL",
		Short: "Print the token ids of the text on standard input",
		Long: `Print the token ids of the text on standard input, byte for byte, on one line.
MODEL may be a GGUF file that holds a vocabulary and no weights.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				t, err := core.Resolve(args[0])
				if err != nil {
					return err
				}
				v, err := core.Vocabulary(cmd.Context(), t, core.LoadOptions())
				if err != nil {
					return err
				}
				text, err := io.ReadAll(io.LimitReader(c.In, maxTokenizeBytes+1))
				if err != nil {
					return fmt.Errorf("read standard input: %w", err)
				}
				if len(text) > maxTokenizeBytes {
					return fmt.Errorf("the text is longer than %s; split it", size(maxTokenizeBytes))
				}
				out := bufio.NewWriter(c.Out)
				for i, id := range v.Tokenize(string(text), special) {
					if i > 0 {
						out.WriteByte(' ')
					}
					out.WriteString(strconv.Itoa(int(id)))
				}
				out.WriteByte('\n')
				return out.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&special, "special", false, "add the marks that a prompt starts and ends with, and read the names of special tokens as such")
	return cmd
}

func (c *command) hardware() *cobra.Command {
	var asJSON, measure bool
	cmd := &cobra.Command{
		Use:   "hardware",
		Short: "Describe this machine and what runs the models on it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				if measure {
					if _, err := core.MeasureProfile(cmd.Context()); err != nil {
						return err
					}
				}
				h, err := core.Hardware(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(c.Out, h)
				}
				return table(c.Out, describeMachine(h)...)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&measure, "measure", false, "measure anew how fast it is")
	return cmd
}

func describeMachine(h app.Hardware) [][]string {
	cores := fmt.Sprintf("%d physical, %d logical", h.PhysicalCores, h.LogicalCores)
	if h.PerformanceCores > 0 && h.PerformanceCores < h.PhysicalCores {
		cores += fmt.Sprintf(", %d of them for performance", h.PerformanceCores)
	}
	memory := fmt.Sprintf("%s, %s available", size(h.MemoryTotal), size(h.MemoryAvailable))
	if h.MemoryLimit != "" {
		memory += " (" + h.MemoryLimit + ")"
	}
	rows := [][]string{{"Processor", h.CPU}, {"Cores", cores}, {"Instructions", h.ISA}}
	var caches []string
	for _, k := range h.Caches {
		caches = append(caches, fmt.Sprintf("L%d %s", k.Level, size(k.Bytes)))
	}
	if len(caches) > 0 {
		rows = append(rows, []string{"Caches", strings.Join(caches, ", ")})
	}
	rows = append(rows, []string{"Memory", memory}, []string{"Disk", size(h.DiskFree) + " free for models"},
		[]string{"System", h.OS + " " + h.Arch}, []string{"Models run on", h.Backend})
	for _, g := range h.GPUs {
		name := g.Name
		if g.MemoryBytes > 0 {
			name += ", " + size(g.MemoryBytes)
		}
		if g.Note != "" {
			name += " (" + g.Note + ")"
		}
		rows = append(rows, []string{"Graphics", name})
	}
	if p := h.Profile; p != nil {
		rows = append(rows, []string{"Measured", fmt.Sprintf("reads %s/s of memory, %.3g thousand million int8 operations/s, %s",
			size(int64(p.ReadBytesPerSecond)), p.Int8OpsPerSecond/1e9, time.UnixMilli(p.MeasuredAt).Format("2006-01-02 15:04"))})
	} else {
		rows = append(rows, []string{"Measured", "not yet; `freehold hardware --measure`"})
	}
	return rows
}

func (c *command) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(c.Out, "freehold %s %s/%s %s\n", c.Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
			return err
		},
	}
}

// check is one line of `freehold doctor`.
type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

func (c *command) doctor() *cobra.Command {
	var asJSON, full bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check that everything is in order, and say what is not",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			checks := c.examine(cmd.Context(), full)
			bad := 0
			for _, k := range checks {
				if !k.OK {
					bad++
				}
			}
			if asJSON {
				if err := printJSON(c.Out, checks); err != nil {
					return err
				}
			} else {
				for _, k := range checks {
					mark := "ok  "
					if !k.OK {
						mark = "BAD "
					}
					fmt.Fprintf(c.Out, "%s %-10s %s\n", mark, k.Name, k.Text)
				}
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d checks failed", bad, len(checks))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&full, "full", false, "read all models in full and compare their digests")
	return cmd
}

const (
	littleMemory = 1 << 30
	littleDisk   = 2 << 30
)

func (c *command) examine(ctx context.Context, full bool) []check {
	var checks []check
	add := func(name string, err error, text string) {
		if err != nil {
			text = err.Error()
		}
		checks = append(checks, check{name, err == nil, text})
	}
	err := c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
		add("home", private(core.Home()), core.Home())
		add("database", core.CheckStore(ctx), "sound")
		models, err := core.Models()
		text := fmt.Sprintf("%d on this machine", len(models))
		if len(models) == 0 {
			text = "none yet; `freehold pull starter` gets a small one"
		}
		add("models", err, text)
		for _, m := range models {
			add("model", examineModel(ctx, core, m, full), m.Ref)
		}
		h, err := core.Hardware(ctx)
		if err != nil {
			return err
		}
		add("processor", nil, fmt.Sprintf("%s, %d cores, %s", h.CPU, h.PhysicalCores, h.ISA))
		add("memory", atLeast(h.MemoryAvailable, littleMemory, "close other programs"), size(h.MemoryAvailable)+" available")
		add("disk", atLeast(h.DiskFree, littleDisk, "delete files, or set FREEHOLD_HOME to a larger disk"), size(h.DiskFree)+" free")
		if h.Profile != nil {
			add("profile", nil, fmt.Sprintf("%s/s from memory, measured %s", size(int64(h.Profile.ReadBytesPerSecond)), time.UnixMilli(h.Profile.MeasuredAt).Format("2006-01-02")))
		} else {
			add("profile", nil, "not measured yet; the window does so when it is idle, or `freehold hardware --measure`")
		}
		found, err := core.StoresFound(ctx)
		if err != nil {
			add("stores", err, "")
		}
		for _, s := range found {
			add("store", nil, fmt.Sprintf("%d models of %s, %s, in %s", s.Models, toolName(s.Tool), size(s.Bytes), s.Dir))
		}
		if use, err := core.DiskUse(ctx); err != nil {
			add("downloads", err, "")
		} else {
			add("downloads", nil, fmt.Sprintf("%s unfinished", size(use.Unfinished)))
		}
		network := "downloads are allowed"
		if !core.Settings().NetworkAllowed {
			network = "switched off; downloads are refused"
		}
		add("network", nil, network)
		return nil
	})
	if err != nil {
		add("data", err, "")
	}
	return checks
}

func examineModel(ctx context.Context, core *app.Core, m app.Model, full bool) error {
	t, err := core.Resolve(m.Ref)
	if err != nil {
		return err
	}
	if _, err := core.Vocabulary(ctx, t, core.LoadOptions()); err != nil {
		return err
	}
	if full {
		return core.Verify(ctx, m.Ref, nil)
	}
	return nil
}

// private checks that only the user can read the data folder.
func private(home string) error {
	info, err := os.Stat(home)
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by other users (mode %o); `chmod 700` it", home, info.Mode().Perm())
	}
	return nil
}

func atLeast(have, want int64, remedy string) error {
	if have >= want {
		return nil
	}
	return fmt.Errorf("only %s; %s", size(have), remedy)
}

var errNotText = errors.New("standard input is not UTF-8 text")

// textFrom reads a prompt.
func textFrom(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxLine+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read standard input: %w", err)
	case len(b) > maxLine:
		return "", fmt.Errorf("the text is longer than %s", size(maxLine))
	case !utf8.Valid(b):
		return "", errNotText
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
