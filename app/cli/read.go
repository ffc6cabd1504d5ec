package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"freehold/app"
	"freehold/app/document/parse"

	"github.com/spf13/cobra"
)

func (c *command) read() *cobra.Command {
	var o readOptions
	cmd := &cobra.Command{
		Use:   "read FILE|DIR…",
		Short: "Read documents and say what was read",
		Long: `Read documents and print a receipt of each: what was read, what was not, and why.

Kinds: PDF, Word (.docx), PowerPoint (.pptx), Excel (.xlsx), OpenDocument (.odt,
.odp, .ods), CSV and TSV, HTML, EPUB, RTF, Markdown, text, source code, mail
(.eml, .msg). Images and scanned pages are read with Tesseract where it is
installed. Of a folder the files of these kinds are read.

Files are read in a process that can reach neither the disk nor the network.
Exit code 1 if a file could not be read; the others are read all the same.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.readFiles(cmd.Context(), args, o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.text, "text", false, "print the text too, with a mark before each page")
	f.BoolVar(&o.blocks, "blocks", false, "print the text as headings, paragraphs, items and rows")
	f.BoolVar(&o.json, "json", false, "print everything as JSON, a document a line")
	f.StringVar(&o.pages, "pages", "", "only these pages, as in 3-5,8")
	f.StringVar(&o.ocr, "ocr", "auto", "text recognition: auto, off, or languages as in eng+deu")
	f.DurationVar(&o.time, "time", 0, "longest time for a file (default 5m)")
	return cmd
}

type readOptions struct {
	text, blocks, json bool
	pages, ocr         string
	time               time.Duration
}

// documentWorker is the other end of a parse.Reader.
func (c *command) documentWorker() *cobra.Command {
	return &cobra.Command{
		Use:    parse.WorkerVerb + " CACHE [warm]",
		Short:  "Read documents for another process",
		Hidden: true,
		Args:   cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			if code := parse.Worker(c.In, c.Out, args[0], len(args) == 2); code != 0 {
				os.Exit(code)
			}
			return nil
		},
	}
}

func (c *command) readFiles(ctx context.Context, args []string, o readOptions) error {
	options := parse.Options{Limits: parse.Limits{Time: o.time}}
	if o.pages != "" {
		var err error
		if options.Pages, err = parse.ParseRanges(o.pages); err != nil {
			return usageError{err}
		}
	}
	home, err := app.DefaultHome()
	if err != nil {
		return err
	}
	config := parse.Config{Cache: filepath.Join(home, "cache", "pdfium")}
	if o.ocr != "off" {
		var languages []string
		if o.ocr != "auto" {
			languages = strings.Split(o.ocr, "+")
		}
		config.OCR, err = parse.FindOCR(ctx, "", languages...)
		if err != nil && o.ocr != "auto" {
			return err
		}
	}
	reader, err := parse.NewReader(config)
	if err != nil {
		return err
	}
	defer reader.Close()
	failed, n := 0, 0
	for _, arg := range args {
		files, err := readable(arg)
		if err != nil {
			return err
		}
		for _, file := range files {
			n++
			doc, err := c.readFile(ctx, reader, file, options)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				failed++
			}
			if err := c.printDocument(doc, o); err != nil {
				return err
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d files could not be read", failed, n)
	}
	if n == 0 {
		return errors.New("no files of a kind that can be read")
	}
	return nil
}

func (c *command) readFile(ctx context.Context, reader *parse.Reader, file string, options parse.Options) (*parse.Document, error) {
	bar := newProgress(c.Err, filepath.Base(file), true)
	defer bar.end()
	var kept parse.Document
	var mu sync.Mutex
	options.Sink = &parse.Sink{
		Page: func(p parse.Page) error { kept.Pages = append(kept.Pages, p); return nil },
		Rows: func(t parse.Table, rows []parse.Row) error {
			if k := len(kept.Tables); k > 0 && kept.Tables[k-1].ID == t.ID {
				kept.Tables[k-1].Rows = append(kept.Tables[k-1].Rows, rows...)
				return nil
			}
			t.Rows = rows
			kept.Tables = append(kept.Tables, t)
			return nil
		},
		Progress: func(p parse.Progress) {
			mu.Lock()
			defer mu.Unlock()
			line := fmt.Sprintf("%s  %s %d", filepath.Base(file), p.Unit, p.Done)
			if p.Total > 0 {
				line += fmt.Sprintf(" of %d", p.Total)
			}
			bar.say(line)
		},
	}
	doc, err := reader.Read(ctx, file, options)
	doc.Pages, doc.Tables = kept.Pages, kept.Tables
	return doc, err
}

// readable lists the file, or the files of a folder that can be read.
func readable(path string) ([]string, error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return []string{path}, nil //nolint:nilerr // reading it fails for the same reason, and its receipt says so
	}
	var files []string
	err := filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && strings.HasPrefix(e.Name(), ".") && p != path:
			return filepath.SkipDir
		case e.Type().IsRegular() && parse.Readable(p):
			files = append(files, p)
		}
		return nil
	})
	return files, err
}

func (c *command) printDocument(doc *parse.Document, o readOptions) error {
	if o.json {
		e := json.NewEncoder(c.Out)
		e.SetEscapeHTML(false)
		return e.Encode(doc)
	}
	printReceipt(c.Out, doc)
	if o.text || o.blocks {
		unit := doc.Receipt.Unit
		if unit == "" {
			unit = "part"
		}
		for _, p := range doc.Pages {
			fmt.Fprintf(c.Out, "\n--- %s %d", unit, p.Number)
			if p.Label != "" {
				fmt.Fprintf(c.Out, ": %s", p.Label)
			}
			fmt.Fprintln(c.Out)
			if !o.blocks {
				fmt.Fprintln(c.Out, p.Text)
				continue
			}
			for _, b := range p.Blocks {
				fmt.Fprintf(c.Out, "%s%s\n", blockMark(b), b.Text)
			}
		}
		fmt.Fprintln(c.Out)
	}
	return nil
}

func blockMark(b parse.Block) string {
	switch b.Kind {
	case parse.Heading:
		return strings.Repeat("#", b.Level) + " "
	case parse.ListItem:
		return strings.Repeat("  ", b.Level)
	case parse.TableRow:
		return "| "
	case parse.Paragraph:
		return ""
	}
	return "[" + string(b.Kind) + "] "
}

// printReceipt says in words what was read of a file.
func printReceipt(w io.Writer, doc *parse.Document) {
	r := doc.Receipt
	var what []string
	if r.Status != parse.Unread {
		unit := r.Unit
		if unit == "" {
			unit = "part"
		}
		pages := several(r.Pages, unit)
		if r.PagesTotal > r.Pages {
			pages = fmt.Sprintf("%d of %d %ss", r.Pages, r.PagesTotal, unit)
		}
		what = append(what, pages, several(r.Words, "word"), several(r.Characters, "character"))
		if r.Tables > 0 {
			what = append(what, fmt.Sprintf("%s (%s)", several(r.Tables, "table"), several(r.Rows, "row")))
		}
	}
	if r.Images > 0 {
		what = append(what, several(r.Images, "image"))
	}
	if r.Encoding != "" && r.Encoding != "utf-8" {
		what = append(what, r.Encoding)
	}
	status := map[parse.Status]string{parse.Read: "read", parse.Partial: "read in part", parse.Unread: "NOT READ"}[r.Status]
	fmt.Fprintf(w, "%s: %s", r.File, status)
	if r.Status == parse.Unread {
		fmt.Fprintf(w, ": %s", r.Error)
	}
	fmt.Fprintf(w, "\n  %s, %s", r.Kind, size(r.Size))
	if len(what) > 0 {
		fmt.Fprintf(w, ", %s", strings.Join(what, ", "))
	}
	fmt.Fprintf(w, ", %s\n", (time.Duration(r.Took) * time.Millisecond).String())
	if doc.Title != "" {
		fmt.Fprintf(w, "  title: %s\n", doc.Title)
	}
	for _, s := range r.Skipped {
		line := "  not read: " + s.What
		if s.Count > 1 {
			line += fmt.Sprintf(" (%d)", s.Count)
		}
		if s.Where != "" {
			line += " – " + s.Where
		}
		fmt.Fprintf(w, "%s: %s\n", line, s.Why)
	}
	for _, s := range r.Warnings {
		fmt.Fprintf(w, "  note: %s\n", s)
	}
}

func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
