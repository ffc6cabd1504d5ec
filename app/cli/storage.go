package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"freehold/app"

	"github.com/spf13/cobra"
)

// adoptQuickly shows the models of other tools, if the settings say so. It is
// a courtesy: what goes wrong is logged.
func (c *command) adoptQuickly(core *app.Core) {
	if !core.Settings().AdoptOthers {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, 3*time.Second)
	defer cancel()
	if _, err := core.Adopt(ctx, ""); err != nil && ctx.Err() == nil {
		c.logger().Warn("models of other tools are not shown", "error", err)
	}
}

func toolName(tool string) string {
	switch tool {
	case "huggingface":
		return "Hugging Face's cache"
	case "ollama":
		return "Ollama"
	case "lmstudio":
		return "LM Studio"
	}
	return tool
}

func (c *command) adopt() *cobra.Command {
	var list, asJSON bool
	cmd := &cobra.Command{
		Use:   "adopt [huggingface|ollama|lmstudio]",
		Short: "Show the models of other tools here, without copying them",
		Long: `Show the models of other tools here, without copying them: those in the cache of
Hugging Face's libraries, in Ollama's store and in LM Studio's folder. Freehold
looks there by itself; this also takes again what you had removed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				if list {
					found, err := core.StoresFound(cmd.Context())
					if err != nil {
						return err
					}
					if asJSON {
						return printJSON(c.Out, found)
					}
					rows := [][]string{{"TOOL", "MODELS", "SIZE", "FOLDER"}}
					for _, s := range found {
						rows = append(rows, []string{s.Tool, fmt.Sprint(s.Models), size(s.Bytes), s.Dir})
					}
					return table(c.Out, rows...)
				}
				n, err := core.AdoptModels(cmd.Context(), append(args, "")[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.Out, "%d new\n", n)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "only say where models of other tools are")
	cmd.Flags().BoolVar(&asJSON, "json", false, "with --list, print JSON")
	return cmd
}

func (c *command) move() *cobra.Command {
	return &cobra.Command{
		Use:   "mv FOLDER",
		Short: "Move all models to another folder, which may be on another disk",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				bar := newProgress(c.Err, "move", false)
				err := core.Move(cmd.Context(), dir, bar.update)
				bar.end()
				if err != nil {
					return err
				}
				use, err := core.DiskUse(cmd.Context())
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(c.Out, use.Dir)
				return err
			})
		},
	}
}

func (c *command) collect() *cobra.Command {
	return &cobra.Command{
		Use:   "gc",
		Short: "Delete the weights of removed models",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				n, err := core.CollectGarbage()
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.Out, "%s freed\n", size(n))
				return err
			})
		},
	}
}

func (c *command) diskUse() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "du",
		Short: "Say what takes space on the disk",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				u, err := core.DiskUse(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(c.Out, u)
				}
				rows := [][]string{{"SIZE", "WHAT"}}
				for _, m := range u.Models {
					what := m.Ref
					if m.Shared {
						what += " (shared)"
					}
					rows = append(rows, []string{size(m.Bytes), what})
				}
				rows = append(rows,
					[]string{size(u.Unused), "of removed models, until `freehold gc`"},
					[]string{size(u.Unfinished), "of unfinished downloads"},
					[]string{size(u.Snapshots), "snapshots, until `freehold snapshots --clear`"},
					[]string{size(u.Free), "free in " + u.Dir})
				return table(c.Out, rows...)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *command) bundle() *cobra.Command {
	return &cobra.Command{
		Use:   "bundle FOLDER MODEL…",
		Short: "Write models to a folder for a machine without network",
		Long: `Write models to a folder, such as one on a USB stick, with their digests and
licences. "freehold import FOLDER" reads it on the other machine.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				bar := newProgress(c.Err, "bundle", false)
				err := core.WriteBundle(cmd.Context(), dir, args[1:], bar.update)
				bar.end()
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(c.Out, dir)
				return err
			})
		},
	}
}

func (c *command) network() *cobra.Command {
	var asJSON bool
	var lines int
	cmd := &cobra.Command{
		Use:   "network [on|off|log]",
		Short: "Show or turn the network switch, or list what was requested",
		Long: `Show or turn the network switch. While it is off, nothing of Freehold reaches
another machine. "freehold network log" lists each request that was made.`,
		ValidArgs: []string{"on", "off", "log"},
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				switch append(args, "")[0] {
				case "log":
					return c.networkLog(cmd.Context(), core, lines, asJSON)
				case "":
				default:
					s := core.Settings()
					s.NetworkAllowed = args[0] == "on"
					if _, err := core.SaveSettings(cmd.Context(), s); err != nil {
						return err
					}
				}
				state := "off"
				if core.Settings().NetworkAllowed {
					state = "on"
				}
				_, err := fmt.Fprintln(c.Out, "The network is", state)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "with log, print JSON")
	cmd.Flags().IntVarP(&lines, "lines", "n", 40, "with log, how many; 0: all")
	return cmd
}

func (c *command) networkLog(ctx context.Context, core *app.Core, lines int, asJSON bool) error {
	if lines < 0 {
		return usageError{errors.New("network: --lines cannot be negative")}
	}
	all, err := core.NetworkLog(ctx)
	if err != nil {
		return err
	}
	if lines > 0 {
		all = all[:min(lines, len(all))]
	}
	if asJSON {
		return printJSON(c.Out, all)
	}
	rows := [][]string{{"TIME", "HOST", "PURPOSE", "STATUS", "SENT", "RECEIVED", "REQUEST"}}
	for _, r := range all {
		status := fmt.Sprint(r.Status)
		switch {
		case r.Refused:
			status = "refused"
		case r.Error != "":
			status = "failed"
		case !r.Ended:
			status = "…"
		}
		rows = append(rows, []string{time.UnixMilli(r.Time).Format("2006-01-02 15:04:05"), r.Host, r.Purpose, status, size(r.Sent), size(r.Received), r.Method + " " + r.Path})
	}
	return table(c.Out, rows...)
}
