package cli

import (
	"fmt"
	"io"

	"freehold/app"
	"freehold/app/porting"

	"github.com/spf13/cobra"
)

func (c *command) importChats() *cobra.Command {
	var preview, asJSON, list bool
	var undo string
	cmd := &cobra.Command{
		Use:   "import-chats FILE…",
		Short: "Take in chats of ChatGPT, Claude, Open WebUI, LM Studio, Jan or Freehold",
		Long: `Take in chats of other programs, or of Freehold: the zip or conversations.json of
an export of ChatGPT or Claude, an export of Open WebUI, LM Studio's folder
conversations, Jan's folder threads, or files that "freehold export" wrote.
Branches and times are kept. What cannot be taken is said chat by chat. What is
here already is recognised and does not come twice.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !list && undo == "" {
				return usageError{fmt.Errorf("import-chats: name the files or folders to import")}
			}
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				ctx := cmd.Context()
				switch {
				case list:
					all, err := core.Imports(ctx)
					if err != nil {
						return err
					}
					if asJSON {
						return printJSON(c.Out, all)
					}
					for _, r := range all {
						fmt.Fprintf(c.Out, "%s  %s\n", r.ID, counts(r.Counts))
					}
					return nil
				case undo != "":
					u, err := core.UndoImport(ctx, undo)
					if err != nil {
						return err
					}
					fmt.Fprintf(c.Out, "%d removed\n", u.Removed)
					for _, t := range u.Stayed {
						fmt.Fprintf(c.Out, "stays, as it was changed since or was here before: %s\n", t)
					}
					return nil
				}
				do := core.ImportChats
				if preview {
					do = core.PreviewImport
				}
				r, err := do(ctx, args)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(c.Out, r)
				}
				receipt(c.Out, r)
				if !preview && r.Counts.New+r.Counts.Grown+r.Counts.Deleted > 0 {
					fmt.Fprintf(c.Out, "`freehold import-chats --undo %s` takes it back\n", r.ID)
				}
				if len(r.Entries) == 0 && len(r.Problems) > 0 {
					return fmt.Errorf("nothing could be imported: %w", r.Problems[0])
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&preview, "preview", false, "only say what would be done")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&list, "list", false, "list the imports that were made")
	cmd.Flags().StringVar(&undo, "undo", "", "take back the import with this id")
	return cmd
}

func counts(n porting.Counts) string {
	return fmt.Sprintf("%d new, %d with new messages, %d brought back, %d here already, %d empty, %d failed; %d messages", n.New, n.Grown, n.Deleted, n.Known, n.Empty, n.Failed, n.Messages)
}

// receipt says of each chat what became of it.
func receipt(w io.Writer, r porting.Receipt) {
	for _, e := range r.Entries {
		fmt.Fprintf(w, "%-8s %s (%s, %d messages)\n", e.State, e.Title, e.Source, e.Messages)
		for _, n := range e.Notes {
			fmt.Fprintf(w, "         %s\n", n.Text)
		}
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "problem  %s: %s\n", p.Place, p.Text)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(w, "skipped  %s holds no chats\n", s)
	}
	fmt.Fprintln(w, counts(r.Counts))
}
