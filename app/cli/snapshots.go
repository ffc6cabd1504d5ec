package cli

import (
	"fmt"

	"freehold/app"

	"github.com/spf13/cobra"
)

func (c *command) snapshots() *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:   "snapshots",
		Short: "Say what snapshots take on disk, or remove them",
		Long: `Say what snapshots take on disk, or remove them.

Freehold keeps what models have read of long texts, so that a later question
need not wait until they have read them again. It tells as much as the texts
themselves. The settings have a switch for it.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				n, err := core.SnapshotBytes()
				if err != nil {
					return err
				}
				if !remove {
					_, err = fmt.Fprintln(c.Out, size(n))
					return err
				}
				if err := core.ClearSnapshots(); err != nil {
					return fmt.Errorf("not all snapshots could be removed: %w", err)
				}
				_, err = fmt.Fprintf(c.Out, "%s removed\n", size(n))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&remove, "clear", false, "remove all")
	return cmd
}
