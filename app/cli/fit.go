package cli

import (
	"fmt"
	"strings"

	"freehold/app"

	"github.com/spf13/cobra"
)

// verdict says in a few words how a model will run.
func verdict(f app.Fit) string {
	words := map[string]string{"well": "runs well", "slow": "runs slowly", "tight": "tight", "no": "does not fit"}[f.Verdict]
	if words == "" {
		return "unknown"
	}
	if f.Verdict != "no" && f.PerSecond > 0 {
		words += fmt.Sprintf(", about %.3g tokens/s", f.PerSecond)
	}
	if f.Total > 0 {
		words += fmt.Sprintf(", needs %s of %s", size(f.Total), size(f.Available))
	}
	return words
}

func (c *command) fit() *cobra.Command {
	var asJSON bool
	var context int
	var kv string
	cmd := &cobra.Command{
		Use:   "fit MODEL",
		Short: "Say how a model will run on this machine, before it is downloaded",
		Long: `Say how a model will run on this machine. MODEL is one on this machine, or
whatever "freehold pull" takes; then the head of its file is read over the
network.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				ref := args[0]
				if m, err := core.Model(ref); err == nil {
					ref = m.Ref
				}
				f, err := core.FitOf(cmd.Context(), ref, context, kv)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(c.Out, f)
				}
				rows := [][]string{{"Verdict", verdict(f)}, {"Why", f.Why}}
				if f.Total > 0 {
					rows = append(rows,
						[]string{"Memory", fmt.Sprintf("%s: weights %s, KV cache %s, buffers %s", size(f.Total), size(f.Weights), size(f.KV), size(f.Buffers))},
						[]string{"Available", size(f.Available)},
						[]string{"Context", fmt.Sprintf("%d tokens; at most %d fit", f.Context, f.LongestContext)})
				}
				if f.PerSecond > 0 {
					rows = append(rows, []string{"Speed", fmt.Sprintf("writes about %.3g tokens/s, reads about %.3g tokens/s", f.PerSecond, f.PrefillPerSecond)})
				}
				return table(c.Out, rows...)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().IntVar(&context, "context", 0, "context in tokens; 0: as in the settings")
	cmd.Flags().StringVar(&kv, "kv", "", "KV cache: f16, q8_0, q4_0 or f32")
	return cmd
}

func (c *command) search() *cobra.Command {
	var asJSON bool
	var cursor string
	cmd := &cobra.Command{
		Use:   "search TEXT…",
		Short: "Search Hugging Face for models",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error {
				found, err := core.SearchModels(cmd.Context(), strings.Join(args, " "), cursor)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(c.Out, found)
				}
				if len(found.Models) == 0 {
					fmt.Fprintln(c.Err, "Nothing was found.")
					return nil
				}
				rows := [][]string{{"MODEL", "PARAMETERS", "DOWNLOADS", "LICENCE", "QUANTIZATIONS"}}
				for _, m := range found.Models {
					var quants []string
					for _, f := range m.Files {
						quants = append(quants, f.Quant)
					}
					licence := m.Licence
					if m.Gated {
						licence = strings.TrimPrefix(licence+", gated", ", ")
					}
					rows = append(rows, []string{"hf.co/" + m.Repo, count(m.Parameters), fmt.Sprint(m.Downloads), licence, strings.Join(quants, " ")})
				}
				if err := table(c.Out, rows...); err != nil {
					return err
				}
				if found.Next != "" {
					fmt.Fprintf(c.Err, "More with --cursor %s\n", found.Next)
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&cursor, "cursor", "", "the next page, as the page before says")
	return cmd
}
