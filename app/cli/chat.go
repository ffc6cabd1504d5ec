package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"freehold/app"
	"freehold/app/chat"

	"github.com/spf13/cobra"
)

const chatHelp = `  /new            start another chat
  /model NAME     let another model answer
  /system TEXT    change the system prompt
  /again          another answer to the last question
  /context        how full the context is
  /help           this list
  /bye            leave (also Ctrl+D)
A text over several lines stands between lines of """. Ctrl+C stops an answer.
`

const maxLine = 8 << 20 // bytes

func (c *command) chat() *cobra.Command {
	var system string
	cmd := &cobra.Command{
		Use:   "chat [MODEL]",
		Short: "Talk with a model; the chat is kept with the others",
		Args:  cobra.MaximumNArgs(1),
	}
	sampling, load := samplingFlags(cmd), loadFlags(cmd)
	cmd.Flags().StringVar(&system, "system", "", "system prompt")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		model := ""
		if len(args) > 0 {
			model = args[0]
		}
		return c.converse(model, sampling, *load, system)
	}
	return cmd
}

// repl is a conversation in the terminal.
type repl struct {
	*command
	core     *app.Core
	chat     chat.Chat
	sampling func(chat.Sampling) chat.Sampling
	system   string
	asked    bool // there is something to answer again
	tty      bool

	mu     sync.Mutex
	answer string            // id of the answer that is awaited
	ended  chan chat.Message // gets it
	column int               // of the cursor: characters since the last line end
	bar    *progress
}

func (c *command) converse(model string, sampling func(chat.Sampling) chat.Sampling, load app.LoadOptions, system string) error {
	r := &repl{command: c, sampling: sampling, system: system, ended: make(chan chat.Message, 1), tty: terminal(c.In) && terminal(c.Out)}
	return c.with(emitter(r.event), load, func(core *app.Core) error {
		r.core = core
		if err := r.start(model); err != nil {
			return err
		}
		if r.tty {
			fmt.Fprintf(c.Out, "Talking with %s. /help lists the commands.\n", r.chat.Model)
		}
		return r.loop()
	})
}

// start begins a chat, which is kept only when something is said in it.
func (r *repl) start(model string) error {
	if model == "" {
		var err error
		if model, err = r.core.DefaultModel(); err != nil {
			return err
		}
		if model == "" {
			return errors.New("there is no model on this machine yet; `freehold pull starter` gets a small one, `freehold import FILE` adds yours")
		}
	}
	m, err := r.core.Model(model)
	if err != nil {
		return err
	}
	r.chat = chat.Chat{Summary: chat.Summary{Model: m.Ref}}
	r.asked = false
	return nil
}

// loop reads lines until there are no more. Ctrl+C at the prompt leaves.
func (r *repl) loop() error {
	lines := make(chan string)
	failed := make(chan error, 1)
	go func() { // a read from a terminal cannot be interrupted, so it is left behind
		s := bufio.NewScanner(r.In)
		s.Buffer(nil, maxLine)
		for s.Scan() {
			lines <- s.Text()
		}
		failed <- s.Err()
	}()
	for {
		r.prompt("> ")
		in, err := r.read(lines, failed)
		if err != nil {
			return err
		}
		if text := strings.TrimSpace(in.text); text != "" {
			leave, err := r.handle(text, in.block)
			if err != nil {
				fmt.Fprintln(r.Err, "freehold:", err)
			}
			if leave {
				return nil
			}
		}
		if in.last {
			return nil
		}
		if r.ctx.Err() != nil {
			return context.Canceled
		}
	}
}

func (r *repl) prompt(text string) {
	if r.tty {
		fmt.Fprint(r.Out, text)
	}
}

// input is a line, or the lines between two of """.
type input struct {
	text  string
	block bool // between """, so it is no command
	last  bool // nothing follows
}

func (r *repl) read(lines <-chan string, failed <-chan error) (input, error) {
	var block []string
	inBlock := false
	for {
		select {
		case line := <-lines:
			mark := strings.TrimSpace(line) == `"""`
			switch {
			case mark && inBlock:
				return input{text: strings.Join(block, "\n"), block: true}, nil
			case mark:
				inBlock = true
			case inBlock:
				block = append(block, line)
			default:
				return input{text: line}, nil
			}
			if inBlock {
				r.prompt(". ")
			}
		case err := <-failed:
			if r.tty {
				fmt.Fprintln(r.Out)
			}
			return input{text: strings.Join(block, "\n"), block: true, last: true}, err
		case <-r.ctx.Done():
			fmt.Fprintln(r.Err)
			return input{}, context.Canceled
		}
	}
}

func (r *repl) handle(text string, block bool) (leave bool, err error) {
	if block || !strings.HasPrefix(text, "/") {
		return false, r.say(text)
	}
	verb, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch verb {
	case "/bye", "/exit", "/quit":
		return true, nil
	case "/help", "/?":
		fmt.Fprint(r.Out, chatHelp)
	case "/new":
		return false, r.start(r.chat.Model)
	case "/model":
		m, err := r.core.Model(rest)
		if err != nil {
			return false, err
		}
		r.chat.Model = m.Ref
		if r.chat.ID != "" {
			_, err = r.core.Chats.SetModel(r.ctx, r.chat.ID, m.Ref)
		}
		return false, err
	case "/system":
		r.system = rest
		if r.chat.ID != "" {
			return false, r.core.Chats.SetSystem(r.ctx, r.chat.ID, rest)
		}
	case "/again":
		if !r.asked {
			return false, errors.New("there is no question yet")
		}
		return false, r.await(func() (chat.Message, error) { return r.core.Chats.Regenerate(r.ctx, r.chat.ID, r.chat.Leaf) })
	case "/context":
		if r.chat.ID == "" {
			fmt.Fprintln(r.Out, "Nothing has been said yet.")
			return false, nil
		}
		u, err := r.core.Chats.Use(r.ctx, r.chat.ID, "")
		if err == nil {
			fmt.Fprintf(r.Out, "%d of %d tokens: system %d, history %d, kept for the answer %d.\n", u.Total, u.Limit, u.System, u.History, u.Answer)
		}
		return false, err
	default:
		return false, fmt.Errorf("there is no command %s; /help lists them", verb)
	}
	return false, nil
}

func (r *repl) say(text string) error {
	if r.chat.ID == "" {
		s := r.core.Settings()
		if r.system != "" {
			s.System = r.system
		}
		created, err := r.core.Chats.Create(r.ctx, r.chat.Model, s.System, r.sampling(s.Sampling))
		if err != nil {
			return err
		}
		r.chat = created
	}
	return r.await(func() (chat.Message, error) {
		msgs, err := r.core.Chats.Send(r.ctx, r.chat.ID, r.chat.Leaf, text)
		if err != nil {
			return chat.Message{}, err
		}
		return msgs[1], nil
	})
}

// await starts an answer and prints it as it comes. Ctrl+C stops it.
func (r *repl) await(ask func() (chat.Message, error)) error {
	stop := func() { r.core.Chats.Stop(r.chat.ID) }
	r.onInterrupt.Store(&stop)
	defer r.onInterrupt.Store(nil)
	r.mu.Lock() // events wait until it is known which answer is ours
	r.bar, r.column = newProgress(r.Err, "loading", true), 0
	m, err := ask()
	r.answer = m.ID
	r.mu.Unlock()
	if err != nil {
		return err
	}
	r.chat.Leaf, r.asked = m.ID, true
	m = <-r.ended
	if r.column > 0 {
		fmt.Fprintln(r.Out)
	}
	if m.LeftOut > 0 {
		fmt.Fprintf(r.Err, "(the %d oldest messages did not fit into the context and were not read)\n", m.LeftOut)
	}
	if m.Status == chat.Stopped && r.tty {
		fmt.Fprintln(r.Out, dim("(stopped)"))
	}
	if m.Status == chat.Failed {
		return errors.New(m.Error)
	}
	return nil
}

// event prints what belongs to the awaited answer.
func (r *repl) event(_ string, data any) {
	switch e := data.(type) {
	case chat.TokenEvent:
		r.mu.Lock()
		defer r.mu.Unlock()
		if e.MessageID != r.answer {
			return
		}
		r.bar.end()
		text := e.Text
		if e.Thinking {
			if !r.tty {
				return
			}
			text = dim(text)
		}
		_, _ = io.WriteString(r.Out, text)
		if i := strings.LastIndexByte(e.Text, '\n'); i >= 0 {
			r.column = len(e.Text) - i - 1
		} else {
			r.column += len(e.Text)
		}
	case chat.PrefillEvent:
		r.mu.Lock()
		defer r.mu.Unlock()
		if e.MessageID == r.answer {
			r.bar.what = "reading"
			r.bar.updateTokens(e.Done, e.Total)
		}
	case app.LoadEvent:
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.bar != nil && e.Done < e.Total {
			r.bar.update(e.Done, e.Total)
		}
	case chat.Message:
		if e.Role != chat.Assistant || e.Status == chat.Streaming {
			return // told by the very call that await makes
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if e.ID == r.answer {
			r.bar.end()
			r.ended <- e
		}
	}
}
