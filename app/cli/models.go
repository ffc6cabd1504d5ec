package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"freehold/app"

	"github.com/spf13/cobra"
)

func (c *command) list() *cobra.Command {
	var asJSON, catalogue, fit bool
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the models on this machine, those of other tools too",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				if catalogue {
					return c.listCatalogue(core, asJSON, fit)
				}
				c.adoptQuickly(core)
				models, err := core.Models()
				if err != nil {
					return err
				}
				if fit {
					for i := range models {
						f, err := core.FitOf(c.ctx, models[i].Ref, 0, "")
						if err != nil {
							f = app.Fit{Verdict: "unknown", Why: err.Error()}
						}
						models[i].Fit = &f
					}
				}
				if asJSON {
					return printJSON(c.Out, models)
				}
				if len(models) == 0 {
					fmt.Fprintln(c.Err, "There are no models yet. `freehold pull starter` gets a small one, `freehold import FILE` adds yours.")
					return nil
				}
				rows := [][]string{{"MODEL", "QUANT", "SIZE", "PARAMETERS", "ADDED", "NOTE"}}
				for _, m := range models {
					note := m.Problem
					switch {
					case note != "":
					case fit:
						note = verdict(*m.Fit)
					case m.Starter:
						note = "starter"
					case m.Tool != "":
						note = "in " + toolName(m.Tool)
					}
					if m.Embeds && m.Problem == "" {
						note = strings.TrimPrefix(note+"; makes vectors", "; ")
					}
					rows = append(rows, []string{m.Ref, m.Quant, size(m.SizeBytes), count(m.Parameters), time.UnixMilli(m.AddedAt).Format("2006-01-02"), note})
				}
				return table(c.Out, rows...)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&catalogue, "catalog", false, "list what can be pulled instead")
	cmd.Flags().BoolVar(&fit, "fit", false, "say how each will run here")
	return cmd
}

func (c *command) listCatalogue(core *app.Core, asJSON, fit bool) error {
	entries, err := core.Catalog(c.ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.Out, entries)
	}
	head := []string{"MODEL", "QUANT", "SIZE", "LICENCE", "WHAT IT IS"}
	if fit {
		head[4] = "HERE"
	}
	rows := [][]string{head}
	for _, e := range entries {
		for _, f := range e.Files {
			if !f.Default && !fit {
				continue
			}
			ref, what := f.Ref, e.Summary
			if f.Default {
				ref = e.Ref
			}
			if fit {
				what = verdict(f.Fit)
			}
			if f.Installed {
				what = "(here) " + what
			} else if e.Recommended && f.Default {
				what = "(recommended) " + what
			}
			rows = append(rows, []string{ref, f.Quant, size(f.SizeBytes), e.Licence, what})
		}
	}
	return table(c.Out, rows...)
}

func (c *command) show() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show MODEL",
		Short: "Describe a model",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				t, err := core.Resolve(args[0])
				if err != nil {
					return err
				}
				m, err := core.Model(args[0])
				if err != nil {
					m = app.Model{Ref: t.Ref, Path: t.Path}
				}
				v, err := core.Vocabulary(cmd.Context(), t, core.LoadOptions())
				if err != nil {
					return err
				}
				info := v.Info()
				if asJSON {
					return printJSON(c.Out, struct {
						app.Model
						Info app.ModelInfo `json:"info"`
					}{m, info})
				}
				rows := [][]string{
					{"Model", m.Ref}, {"Name", info.Name}, {"Architecture", info.Architecture}, {"Quantization", info.Quant},
					{"Parameters", count(info.Parameters)}, {"Size", size(info.FileBytes)},
					{"Context", fmt.Sprintf("%d tokens (trained for %d)", info.ContextLength, info.TrainedContext)},
					{"Vocabulary", fmt.Sprintf("%d tokens", info.Vocabulary)},
					{"Layers", fmt.Sprint(info.Layers)}, {"Embedding", fmt.Sprint(info.Embedding)},
					{"Chat template", yes(info.ChatTemplate)}, {"Licence", m.Licence}, {"Source", m.Source}, {"File", m.Path},
				}
				shown := rows[:0]
				for _, r := range rows {
					if r[1] != "" && r[1] != "0" {
						shown = append(shown, r)
					}
				}
				return table(c.Out, shown...)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (c *command) imports() *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE…",
		Short: "Add GGUF files, a folder of them, or a bundle to the library",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				for _, path := range args {
					bar := newProgress(c.Err, "import", false)
					models, err := core.ImportAll(cmd.Context(), path, bar.update)
					bar.end()
					for _, m := range models {
						fmt.Fprintln(c.Out, m.Ref)
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

func (c *command) remove() *cobra.Command {
	return &cobra.Command{
		Use:   "rm MODEL…",
		Short: "Take models out of the library",
		Long: `Take models out of the library. Their weights stay on disk until "freehold gc";
until then "freehold restore" brings them back. Of models in the stores of other
tools only the entry goes.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				for _, name := range args {
					m, err := core.Remove(cmd.Context(), name)
					if err != nil {
						return err
					}
					fmt.Fprintln(c.Out, "removed", m.Ref)
				}
				return nil
			})
		},
	}
}

func (c *command) restore() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE.freehold-backup | MODEL…",
		Short: "Bring back a whole library from a backup, or models that were removed",
		Long: `Bring back a whole library from a backup, or models that were removed. A backup is
checked before anything is changed. What there is now is set aside in a folder of
the data folder, not deleted; models that the backup does not hold stay.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && isBackup(args[0]) {
				return c.restoreBackup(cmd, args[0])
			}
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				for _, name := range args {
					m, err := core.Restore(name)
					if err != nil {
						return err
					}
					fmt.Fprintln(c.Out, "restored", m.Ref)
				}
				return nil
			})
		},
	}
}

func (c *command) verify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [MODEL…]",
		Short: "Read models in full and compare them with their digests",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				models, err := chosen(core, args)
				if err != nil {
					return err
				}
				var faults []error
				for _, m := range models {
					bar := newProgress(c.Err, m.Ref, true)
					err := core.Verify(cmd.Context(), m.Ref, bar.update)
					bar.end()
					if err != nil {
						faults = append(faults, err)
						continue
					}
					fmt.Fprintln(c.Out, m.Ref, "is unchanged")
				}
				return errors.Join(faults...)
			})
		},
	}
}

// chosen are the models with these names, or all.
func chosen(core *app.Core, names []string) ([]app.Model, error) {
	if len(names) == 0 {
		return core.Models()
	}
	var models []app.Model
	for _, n := range names {
		m, err := core.Model(n)
		if err != nil {
			return nil, err
		}
		models = append(models, m)
	}
	return models, nil
}
