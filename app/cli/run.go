package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"freehold/app"
	"freehold/app/chat"

	"github.com/spf13/cobra"
)

// runResult is what `freehold run --json` prints.
type runResult struct {
	Model            string       `json:"model"`
	Text             string       `json:"text"`
	Thinking         string       `json:"thinking"`
	Tokens           []int32      `json:"tokens"`
	PromptTokens     int          `json:"promptTokens"`
	CachedTokens     int          `json:"cachedTokens"`
	CompletionTokens int          `json:"completionTokens"`
	StopReason       string       `json:"stopReason"`
	Timings          chat.Timings `json:"timings"`
}

func (c *command) run() *cobra.Command {
	var asJSON, raw, stats bool
	var system string
	var think string
	cmd := &cobra.Command{
		Use:   "run MODEL [PROMPT…]",
		Short: "Ask a model one question",
		Long: `Ask a model one question and print the answer. Without PROMPT the question
comes from standard input; in a terminal a conversation starts instead.`,
		Args: cobra.MinimumNArgs(1),
	}
	sampling, load := samplingFlags(cmd), loadFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print the answer with its token ids and timings as JSON")
	f.BoolVar(&raw, "raw", false, "give the prompt to the model as it is, without its chat template")
	f.BoolVar(&stats, "stats", false, "print timings on standard error")
	f.StringVar(&system, "system", "", "system prompt")
	f.StringVar(&think, "think", "auto", "let the model think before it answers: auto, on or off")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if raw && system != "" {
			return usageError{errors.New("run: --raw takes no --system prompt")}
		}
		thinking, err := switchValue(think)
		if err != nil {
			return err
		}
		prompt := strings.Join(args[1:], " ")
		if len(args) == 1 {
			if terminal(c.In) {
				return c.converse(args[0], sampling, *load, system)
			}
			if prompt, err = textFrom(c.In); err != nil {
				return err
			}
		}
		if prompt == "" {
			return usageError{errors.New("run: the prompt is empty")}
		}
		bar := newProgress(c.Err, "loading", true)
		emit := emitter(func(name string, data any) {
			if e, ok := data.(app.LoadEvent); ok {
				bar.update(e.Done, e.Total)
			}
		})
		return c.with(emit, *load, func(core *app.Core) error {
			s := core.Settings()
			r := chat.Request{System: s.System, Prompt: prompt, Thinking: thinking}
			if cmd.Flags().Changed("system") {
				r.System = system
			}
			if !raw {
				r.Turns, r.Prompt = []chat.Turn{{Role: chat.User, Content: prompt}}, ""
			}
			if r.Sampling, err = sampling(s.Sampling).Checked(); err != nil {
				return usageError{fmt.Errorf("run: %w", err)}
			}
			target, err := core.Resolve(args[0])
			if err != nil {
				return err
			}
			w, release, err := core.Use(cmd.Context(), target, core.LoadOptions())
			bar.end()
			if err != nil {
				return err
			}
			defer release()
			return c.answer(cmd.Context(), w, r, target.Ref, asJSON, stats)
		})
	}
	return cmd
}

// switchValue reads auto, on or off.
func switchValue(text string) (*bool, error) {
	on, off := true, false
	switch text {
	case "auto":
		return nil, nil
	case "on":
		return &on, nil
	case "off":
		return &off, nil
	}
	return nil, usageError{fmt.Errorf("--think can be auto, on or off, not %q", text)}
}

// answer prints what w says to r: the answer on standard output, thinking and
// figures on standard error.
func (c *command) answer(ctx context.Context, w app.Weights, r chat.Request, ref string, asJSON, stats bool) error {
	bar := newProgress(c.Err, "reading the prompt", true)
	thought, wrote := false, false
	var writing error
	res, err := w.Generate(ctx, r, func(e chat.Event) {
		switch {
		case e.Total > 0:
			bar.updateTokens(e.Done, e.Total)
		case asJSON || e.Text == "":
		case e.Thinking:
			bar.end()
			if terminal(c.Err) {
				thought = true
				fmt.Fprint(c.Err, dim(e.Text))
			}
		default:
			bar.end()
			if thought && !wrote {
				fmt.Fprint(c.Err, "\n")
			}
			wrote = true
			if _, err := io.WriteString(c.Out, e.Text); err != nil && writing == nil {
				writing = err
			}
		}
	})
	bar.end()
	if err == nil {
		err = writing
	}
	if err != nil {
		return err
	}
	t := res.Timings
	if asJSON {
		if res.Tokens == nil {
			res.Tokens = []int32{}
		}
		err = printJSON(c.Out, runResult{ref, res.Text, res.Thinking, res.Tokens, t.PromptTokens, t.CachedTokens, t.CompletionTokens, res.StopReason, t})
	} else if wrote && !strings.HasSuffix(res.Text, "\n") {
		_, err = fmt.Fprintln(c.Out)
	}
	if stats {
		fmt.Fprintln(c.Err, summary(t))
	}
	if err == nil && ctx.Err() != nil {
		return context.Canceled
	}
	return err
}

// summary tells an answer's timings in a line.
func summary(t chat.Timings) string {
	return fmt.Sprintf("prompt %d tokens (%d cached) at %.1f/s, answer %d tokens at %.1f/s, first token after %.0f ms",
		t.PromptTokens, t.CachedTokens, t.PrefillPerSecond, t.CompletionTokens, t.DecodePerSecond, t.FirstTokenMs)
}

func dim(text string) string { return "\x1b[2m" + text + "\x1b[22m" }
