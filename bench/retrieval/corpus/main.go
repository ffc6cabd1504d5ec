// Command corpus makes the texts of the retrieval set out of web pages that
// Debian's documentation packages carry: Markdown, so that headings, lists and
// tables stay what they are, and nothing of the pages' frames.
//
//	go run ./bench/retrieval/corpus -out DIR BOOK=FILE.html …
//
// A page becomes DIR/BOOK-FILE.md, from its first heading on. Pages with less than
// 1,500 bytes of text are left out: they are title pages and lists of contents.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"freehold/app/document/parse"
)

const (
	least   = 1500
	bullets = "-•* "
)

func main() {
	out := flag.String("out", "", "folder of the texts")
	flag.Parse()
	if *out == "" || flag.NArg() == 0 {
		log.Fatal("corpus: name a folder and pages: -out DIR BOOK=FILE.html …")
	}
	for _, arg := range flag.Args() {
		if err := convert(*out, arg); err != nil {
			log.Fatal("corpus: ", err)
		}
	}
}

func convert(out, arg string) error {
	book, path, ok := strings.Cut(arg, "=")
	if !ok {
		return fmt.Errorf("%q is not of the form BOOK=FILE.html", arg)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	doc, err := parse.Parse(context.Background(), path, data, parse.Options{})
	if err != nil {
		return err
	}
	text := markdown(doc)
	if len(text) < least {
		return nil
	}
	name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".html"), ".en")
	return os.WriteFile(filepath.Join(out, book+"-"+name+".md"), []byte(text), 0o644)
}

// frame are the words of links to other pages.
var frame = regexp.MustCompile(`^(Prev|Next|Up|Home|Previous)$|^(Prev|Next)(Chapter|Appendix|Part|[0-9A-Z]+\.)`)

// markdown writes a document's blocks.
func markdown(doc *parse.Document) string {
	var b strings.Builder
	var last parse.BlockKind
	begun := false
	for _, p := range doc.Pages {
		for _, k := range p.Blocks {
			text := strings.TrimSpace(k.Text)
			if k.Kind == parse.CodeBlock { // its lines are the text
				text = strings.Trim(p.Text[k.Start:k.End], "\n")
			}
			begun = begun || k.Kind == parse.Heading
			if text == "" || !begun || k.Kind == parse.Running || k.Kind == parse.ListItem && frame.MatchString(strings.TrimLeft(text, bullets)) {
				continue
			}
			if b.Len() > 0 && (k.Kind != last || k.Kind != parse.ListItem && k.Kind != parse.TableRow) {
				b.WriteByte('\n')
			}
			switch k.Kind {
			case parse.Heading:
				text = strings.Repeat("#", max(1, min(6, k.Level))) + " " + text
			case parse.ListItem:
				text = strings.Repeat("  ", min(k.Level, 4)) + "- " + strings.TrimLeft(text, bullets)
			case parse.CodeBlock:
				text = "```\n" + text + "\n```"
			}
			b.WriteString(text + "\n")
			last = k.Kind
		}
	}
	return b.String()
}
