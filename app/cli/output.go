package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
)

// terminal tells whether people see what is written to w.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func printJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}

// table writes rows in columns.
func table(w io.Writer, rows ...[]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	return t.Flush()
}

// size writes bytes as people do.
func size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n), -1
	for v >= unit && i < 4 {
		v /= unit
		i++
	}
	if v < 10 {
		return fmt.Sprintf("%.1f %cB", v, "kMGTP"[i])
	}
	return fmt.Sprintf("%.0f %cB", v, "kMGTP"[i])
}

// count writes a number of parameters as people do.
func count(n int64) string {
	switch {
	case n <= 0:
		return "unknown"
	case n < 1e6:
		return fmt.Sprintf("%dK", n/1e3)
	case n < 1e9:
		return fmt.Sprintf("%dM", n/1e6)
	}
	return fmt.Sprintf("%.1fB", float64(n)/1e9)
}

// progress shows how far something is: a bar in a terminal, else a line now and
// then.
type progress struct {
	w    io.Writer
	what string
	bar  bool // else lines
	mute bool // without a terminal say nothing

	mu    sync.Mutex
	start time.Time
	last  time.Time
	drawn int // width of the bar on screen
	tenth int64
	note  string // the last one that was shown
}

func newProgress(w io.Writer, what string, muteLines bool) *progress {
	return &progress{w: w, what: what, bar: terminal(w), mute: muteLines, start: time.Now(), tenth: -1}
}

// update shows bytes done; total 0 means unknown.
func (p *progress) update(done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar {
		if now := time.Now(); now.Sub(p.last) > 100*time.Millisecond || done == total {
			p.last = now
			p.draw(p.line(done, total))
		}
		return
	}
	if p.mute || total <= 0 {
		return
	}
	p.tenths(done, total)
}

// tenths writes a line for every tenth.
func (p *progress) tenths(done, total int64) {
	if tenth := done * 10 / total; tenth > p.tenth {
		p.tenth = tenth
		fmt.Fprintf(p.w, "%s: %d%% (%s of %s)\n", p.what, done*100/total, size(done), size(total))
	}
}

// barLine draws a bar with its figures.
func barLine(what string, done, total int64) string {
	if total <= 0 {
		return fmt.Sprintf("%s  %s", what, size(done))
	}
	const width = 30
	full := int(min(done, total) * width / total)
	return fmt.Sprintf("%s  [%s%s] %3d%%  %s of %s", what, strings.Repeat("█", full), strings.Repeat("·", width-full), done*100/total, size(done), size(total))
}

func (p *progress) line(done, total int64) string {
	line := barLine(p.what, done, total)
	if s := time.Since(p.start).Seconds(); s > 1 && done > 0 && done < total {
		left := time.Duration(s * float64(total-done) / float64(done) * float64(time.Second))
		line += fmt.Sprintf("  %s left", left.Round(time.Second))
	}
	return line
}

func (p *progress) draw(line string) {
	n := len([]rune(line))
	fmt.Fprintf(p.w, "\r%s%s", line, strings.Repeat(" ", max(0, p.drawn-n)))
	p.drawn = n
}

// say shows a line of its own words, in a terminal only.
func (p *progress) say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar {
		p.draw(line)
	}
}

// end takes the bar away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.drawn))
		p.drawn = 0
	}
}

// updateTokens shows tokens done, in a terminal only.
func (p *progress) updateTokens(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); p.bar && time.Since(p.start) > 300*time.Millisecond && (now.Sub(p.last) > 100*time.Millisecond || done == total) {
		p.last = now
		p.draw(fmt.Sprintf("%s  %d of %d tokens", p.what, done, total))
	}
}
