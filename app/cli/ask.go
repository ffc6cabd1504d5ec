package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"freehold/app"
	"freehold/app/chat"
	"freehold/app/document"
	"freehold/app/document/librarian"
	"freehold/app/store"

	"github.com/spf13/cobra"
)

// asked is what `freehold ask --json` prints.
type asked struct {
	Answer    string              `json:"answer"`
	Model     string              `json:"model"`
	Documents []document.Document `json:"documents"`
	Evidence  *document.Evidence  `json:"evidence"`
	Timings   *chat.Timings       `json:"timings"`
}

func (c *command) ask() *cobra.Command {
	var model, way, collection string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ask [FILE|DIR…] QUESTION",
		Short: "Ask files a question",
		Long: `Ask files, or the files of folders, a question. The answer cites them, and each
of its sentences is checked against what it cites.

The files are read for this question only and then forgotten; --in asks a
collection of the library instead, which "freehold index" fills. --route says
how: auto, whole (the model reads everything), search (it reads what suits the
question), map (it reads all parts, one after another), sql (tables are asked).`,
		Args: cobra.MinimumNArgs(1),
	}
	f := cmd.Flags()
	f.StringVarP(&model, "model", "m", "", "the model that answers (default: as in the window)")
	f.StringVar(&way, "route", "auto", "auto, whole, search, map or sql")
	f.StringVar(&collection, "in", "", "name of a collection of the library")
	f.BoolVar(&asJSON, "json", false, "print the answer with citations, route and timings as JSON")
	load := loadFlags(cmd)
	sampling := samplingFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		question := args[len(args)-1]
		if strings.TrimSpace(question) == "" {
			return usageError{errors.New("ask: the question is empty")}
		}
		if len(args) == 1 && collection == "" {
			return usageError{errors.New("ask: name the files to ask, or a collection with --in")}
		}
		route := document.Route(way)
		if way == "auto" {
			route = document.Auto
		}
		return c.with(nil, *load, func(core *app.Core) error {
			s, err := sampling(core.Settings().Sampling).Checked()
			if err != nil {
				return usageError{fmt.Errorf("ask: %w", err)}
			}
			a := asking{c: c, core: core, question: question, route: route, model: model, sampling: s, quiet: asJSON}
			var result asked
			if collection != "" {
				result, err = a.collection(cmd.Context(), collection)
			} else {
				result, err = a.files(cmd.Context(), args[:len(args)-1])
			}
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(c.Out)
				e.SetIndent("", "  ")
				return e.Encode(result)
			}
			return c.printAsked(result)
		})
	}
	return cmd
}

type asking struct {
	c        *command
	core     *app.Core
	question string
	route    document.Route
	model    string
	sampling chat.Sampling
	quiet    bool
}

// files answers from files that are read into a library of their own, which is
// thrown away afterwards.
func (a asking) files(ctx context.Context, paths []string) (result asked, err error) {
	dir, err := os.MkdirTemp("", "freehold-ask-*")
	if err != nil {
		return result, err
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, filepath.Join(dir, "ask.db"))
	if err != nil {
		return result, err
	}
	defer db.Close()
	changed := make(chan struct{}, 1)
	bar := newProgress(a.c.Err, "reading", true)
	l, err := a.core.NewLibrarian(librarian.Options{Store: db, Dir: dir, Emit: func(name string, data any) {
		switch d := data.(type) {
		case document.Progress:
			if !a.quiet {
				bar.update(int64(d.Done), int64(d.Total))
			}
		case document.Document:
			select {
			case changed <- struct{}{}:
			default:
			}
		}
	}})
	if err != nil {
		return result, err
	}
	defer l.Close()
	docs, err := l.Add(ctx, paths, "")
	if err != nil {
		return result, err
	}
	if len(docs) == 0 {
		return result, errors.New("there is no file here that can be read")
	}
	sources := document.Sources{Route: a.route}
	for _, d := range docs {
		sources.Documents = append(sources.Documents, d.ID)
	}
	if result.Documents, err = settled(ctx, l, sources.Documents, changed); err != nil {
		return result, err
	}
	bar.end()
	return a.answer(ctx, l, result, sources)
}

// settled waits until nothing more is to be done with documents.
func settled(ctx context.Context, l *librarian.Librarian, ids []string, changed <-chan struct{}) ([]document.Document, error) {
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	for {
		all, err := l.Documents(ctx)
		if err != nil {
			return nil, err
		}
		var docs []document.Document
		open := 0
		for _, d := range all {
			if !wanted[d.ID] {
				continue
			}
			docs = append(docs, d)
			if d.State != document.Ready && d.State != document.Failed && d.State != document.Paused {
				open++
			}
		}
		if open == 0 {
			return docs, nil
		}
		select {
		case <-changed:
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (a asking) collection(ctx context.Context, name string) (result asked, err error) {
	all, err := a.core.Documents.Collections(ctx)
	if err != nil {
		return result, err
	}
	var names []string
	for _, c := range all {
		if strings.EqualFold(c.Name, name) || c.ID == name {
			return a.answer(ctx, a.core.Documents, result, document.Sources{Collections: []string{c.ID}, Route: a.route})
		}
		names = append(names, c.Name)
	}
	return result, fmt.Errorf("there is no collection %q; there are: %s", name, strings.Join(names, ", "))
}

// answer asks as a chat does.
func (a asking) answer(ctx context.Context, l *librarian.Librarian, result asked, sources document.Sources) (asked, error) {
	if a.model == "" {
		ref, err := a.core.DefaultModel()
		if err != nil {
			return result, err
		}
		a.model = ref
	}
	if a.model == "" {
		return result, errors.New("there is no model on this machine that writes; fetch one with: freehold pull")
	}
	target, err := a.core.Resolve(a.model)
	if err != nil {
		return result, err
	}
	w, release, err := a.core.Use(ctx, target, a.core.LoadOptions())
	if err != nil {
		return result, err
	}
	defer release()
	m, err := chat.AskOnce(ctx, w, l, chat.Chat{System: a.core.Settings().System, Sampling: a.sampling, Sources: sources}, a.question)
	if err != nil {
		return result, err
	}
	result.Answer, result.Evidence, result.Timings, result.Model = m.Content, m.Evidence, m.Timings, target.Ref
	return result, nil
}

func (c *command) printAsked(r asked) error {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(r.Answer) + "\n")
	e := r.Evidence
	if e == nil {
		_, err := fmt.Fprint(c.Out, b.String())
		return err
	}
	if e.Query != nil {
		fmt.Fprintf(&b, "\nQuery (written by %s): %s\n", e.Query.By, e.Query.SQL)
	}
	cited := map[int]bool{}
	var doubtful []string
	for _, s := range e.Sentences {
		for _, n := range s.Cites {
			cited[n] = true
		}
		if s.Verdict == document.Unsupported {
			doubtful = append(doubtful, strings.TrimSpace(r.Answer[s.Start:s.End]))
		}
	}
	if len(cited) > 0 {
		b.WriteString("\nSources:\n")
		for _, p := range e.Passages {
			if cited[p.N] {
				fmt.Fprintf(&b, "  [%d] %s, page %d", p.N, p.Name, p.Page)
				if len(p.Heading) > 0 {
					b.WriteString(", " + strings.Join(p.Heading, " › "))
				}
				b.WriteString("\n")
			}
		}
	}
	for _, s := range doubtful {
		fmt.Fprintf(&b, "  no passage bears this out: %s\n", s)
	}
	fmt.Fprintf(&b, "\nWay: %s (%s); %d of %d passages read.\n", e.Route, e.Why, e.Read, e.Of)
	for _, l := range e.LeftOut {
		fmt.Fprintf(&b, "Left out: %s\n", l)
	}
	_, err := fmt.Fprint(c.Out, b.String())
	return err
}

func (c *command) index() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "index DIR|FILE…",
		Short: "Add files to the library, to be asked",
		Long: `Add files, or the files of folders, to the library and wait until they are
indexed. A folder becomes a collection that is kept up to date while Freehold is
open; --collection names it, or the one that single files are put into.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(nil, app.LoadOptions{}, func(core *app.Core) error { return c.indexFiles(cmd.Context(), core, args, name) })
		},
	}
	cmd.Flags().StringVar(&name, "collection", "", "the collection to put the files into")
	return cmd
}

func (c *command) indexFiles(ctx context.Context, core *app.Core, args []string, name string) error {
	l := core.Documents
	collection := ""
	all, err := l.Collections(ctx)
	if err != nil {
		return err
	}
	for _, k := range all {
		if name != "" && strings.EqualFold(k.Name, name) {
			collection = k.ID
		}
	}
	folder := ""
	if len(args) == 1 {
		if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
			if folder, err = filepath.Abs(args[0]); err != nil {
				return err
			}
		}
	}
	for _, k := range all {
		if folder != "" && k.Folder == folder && name == "" {
			collection = k.ID
		}
	}
	if collection == "" && (name != "" || folder != "") {
		k, err := l.CreateCollection(ctx, name, folder)
		if err != nil {
			return err
		}
		collection = k.ID
	}
	docs, err := l.Add(ctx, args, collection)
	if err != nil {
		return err
	}
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = d.ID
	}
	done, err := c.work(ctx, core, ids)
	if err != nil {
		return err
	}
	failed := 0
	for _, d := range done {
		line := fmt.Sprintf("%s: %d pages, %d chunks", d.Name, d.Receipt.Pages, d.Chunks)
		switch {
		case d.State == document.Failed:
			failed++
			line = fmt.Sprintf("%s: not read: %s", d.Name, d.Receipt.Error)
		case d.Vectors < d.Chunks:
			line += ", searched by words only: no embedding model is installed"
		}
		fmt.Fprintln(c.Out, line)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d files could not be read", failed, len(done))
	}
	return nil
}

// work reads and indexes documents here, or waits for the window to do it, which
// has the library for itself.
func (c *command) work(ctx context.Context, core *app.Core, ids []string) ([]document.Document, error) {
	l, end, err := core.WorkOnDocuments()
	if err != nil {
		return nil, err
	}
	defer end()
	return settled(ctx, l, ids, nil)
}
