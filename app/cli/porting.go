package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"freehold/app"
	"freehold/app/chat"
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

func (c *command) exportChats() *cobra.Command {
	var o porting.Options
	var all, list, force bool
	var format, out string
	cmd := &cobra.Command{
		Use:   "export [CHAT…]",
		Short: "Write chats as Markdown, JSON, PDF or lines for training",
		Long: `Write chats as Markdown, JSON, PDF or lines for training (jsonl). CHAT is a chat's
id, the beginning of one, or its title; --list shows them. JSON holds everything
of a chat, and "freehold import-chats" takes it in again. Several chats become one
file: a zip of Markdown or PDF files, or all in one as JSON or jsonl.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !list && all == (len(args) > 0) {
				return usageError{errors.New("export: name the chats, or give --all")}
			}
			o.Format = porting.Format(format)
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				ctx := cmd.Context()
				chats, err := core.Chats.List(ctx)
				if err != nil {
					return err
				}
				if list {
					rows := [][]string{{"ID", "CHANGED", "TITLE"}}
					for _, s := range chats {
						rows = append(rows, []string{s.ID, time.UnixMilli(s.UpdatedAt).Format("2006-01-02 15:04"), s.Title})
					}
					return table(c.Out, rows...)
				}
				ids, err := chosenChats(chats, args)
				if err != nil {
					return err
				}
				e, err := core.Export(ctx, ids, o)
				if err != nil {
					return err
				}
				if out == "-" {
					return e.Write(ctx, c.Out)
				}
				path := out
				if path == "" {
					path = e.Name
				} else if info, err := os.Stat(path); err == nil && info.IsDir() {
					path = filepath.Join(path, e.Name)
				}
				if path, err = filepath.Abs(path); err != nil {
					return err
				}
				if _, err := os.Lstat(path); err == nil && !force {
					return fmt.Errorf("%s exists already; --force replaces it", path)
				}
				if err := e.WriteFile(ctx, path); err != nil {
					return err
				}
				_, err = fmt.Fprintln(c.Out, path)
				return err
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&all, "all", false, "all chats")
	f.BoolVar(&list, "list", false, "list the chats and their ids")
	f.StringVar(&format, "format", "markdown", "markdown, json, pdf or jsonl")
	f.BoolVar(&o.Whole, "whole", false, "all branches, not only the one that is shown (JSON always has all)")
	f.BoolVar(&o.SkipFailed, "skip-failed", false, "jsonl without answers that were stopped or failed")
	f.StringVar(&out, "out", "", "file or folder to write to; - for standard output")
	f.BoolVar(&force, "force", false, "replace a file that is there")
	return cmd
}

// chosenChats finds chats by their ids, the beginnings of these, or their titles.
func chosenChats(chats []chat.Summary, names []string) ([]string, error) {
	var ids []string
	for _, name := range names {
		var found []string
		for _, s := range chats {
			if s.ID == name {
				found = []string{s.ID}
				break
			}
			if strings.HasPrefix(s.ID, name) || strings.EqualFold(s.Title, name) {
				found = append(found, s.ID)
			}
		}
		switch len(found) {
		case 0:
			return nil, fmt.Errorf("there is no chat %q; `freehold export --list` shows them", name)
		case 1:
			ids = append(ids, found[0])
		default:
			return nil, fmt.Errorf("%d chats are called %q; name one by its id, which `freehold export --list` shows", len(found), name)
		}
	}
	return ids, nil
}
