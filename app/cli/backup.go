package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"freehold/app"

	"github.com/spf13/cobra"
)

func (c *command) backup() *cobra.Command {
	var o app.BackupOptions
	var check, asJSON, force bool
	cmd := &cobra.Command{
		Use:   "backup [FILE|FOLDER]",
		Short: "Write the whole library into one file, and read it back",
		Long: `Write the whole library into one file: chats, documents, settings and the names of
the models. The file is read back and compared before it gets its name. It can be
made while Freehold is open. "freehold restore FILE" brings it back.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := append(args, app.BackupName())[0]
			path, err := filepath.Abs(path)
			if err != nil {
				return err
			}
			bar := newProgress(c.Err, "backup", !c.verbose)
			e := emitter(func(_ string, data any) {
				if p, ok := data.(app.PortingEvent); ok && p.Total > 0 {
					bar.update(p.Done, p.Total)
				}
			})
			return c.with(e, app.LoadOptions{}, func(core *app.Core) error {
				do := func() (app.BackupInfo, error) { return core.LookAtBackup(cmd.Context(), path) }
				if !check {
					if info, err := os.Stat(path); err == nil && info.IsDir() {
						path = filepath.Join(path, app.BackupName())
					}
					if _, err := os.Lstat(path); err == nil && !force {
						return fmt.Errorf("%s exists already; --force replaces it", path)
					}
					do = func() (app.BackupInfo, error) { return core.Backup(cmd.Context(), path, o) }
				}
				info, err := do()
				bar.end()
				if err != nil {
					return err
				}
				return c.sayBackup(info, asJSON)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.Weights, "weights", false, "the models too, not only their names and digests")
	f.BoolVar(&o.Tokens, "tokens", false, "tokens for servers and passwords of proxies too")
	f.BoolVar(&check, "check", false, "read a backup that is there, from beginning to end")
	f.BoolVar(&force, "force", false, "replace a file that is there")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (c *command) sayBackup(i app.BackupInfo, asJSON bool) error {
	if asJSON {
		return printJSON(c.Out, i)
	}
	lacks := 0
	for _, m := range i.Models {
		if !m.Included {
			lacks++
		}
	}
	_, err := fmt.Fprintf(c.Out, "%s (%s): %d chats, %d messages, %d documents, of %s; the weights of %d models are not in it\n",
		i.Path, size(i.Bytes), i.Chats, i.Messages, i.Documents, time.UnixMilli(i.CreatedAt).Format("2006-01-02 15:04"), lacks)
	return err
}

// isBackup tells a file from the name of a model.
func isBackup(arg string) bool {
	info, err := os.Stat(arg)
	return err == nil && info.Mode().IsRegular() && filepath.Ext(arg) == ".freehold-backup"
}

// restoreBackup restores a whole library.
func (c *command) restoreBackup(cmd *cobra.Command, path string) error {
	home, err := app.DefaultHome()
	if err != nil {
		return err
	}
	bar := newProgress(c.Err, "restore", !c.verbose)
	info, aside, err := app.Restore(cmd.Context(), home, path, bar.update)
	bar.end()
	if errors.Is(err, app.ErrInUse) {
		return fmt.Errorf("%w; close it, or restore in its window", err)
	}
	if err != nil {
		return err
	}
	if err := c.sayBackup(info, false); err != nil {
		return err
	}
	if aside != "" {
		_, err = fmt.Fprintln(c.Out, "what was there before is in", aside)
	}
	return err
}
