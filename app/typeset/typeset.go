// Package typeset sets Markdown on pages, as PDF.
//
// Text is set in the Go fonts, which come with the program; what they have no
// letters for is set in fonts of this machine, as far as those are TrueType.
// Scripts that join or reorder their letters (Arabic, Hebrew, the Indic ones) are
// set letter by letter.
package typeset

import (
	"fmt"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

const mostText = 4 << 20 // bytes of Markdown: some thousand pages

// Options of a document.
type Options struct {
	Title   string // of the document, for its reader; not printed
	Footer  string // stands on each page, beside its number
	Created time.Time
}

// PDF writes Markdown (CommonMark with GitHub's tables) on A4 pages. It returns
// how many letters could not be set because no font here has them; a box stands
// in their place.
func PDF(w io.Writer, markdown string, o Options) (missing int, err error) {
	if len(markdown) > mostText {
		return 0, fmt.Errorf("the text has %d MB; at most %d MB can be set as PDF: save it as Markdown", len(markdown)>>20, mostText>>20)
	}
	source := []byte(markdown)
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	f := fpdf.New("P", "pt", "A4", "")
	f.SetAutoPageBreak(false, 0)
	f.SetMargins(0, 0, 0)
	f.SetTitle(o.Title, true)
	f.SetProducer("Freehold", true)
	f.SetCreationDate(o.Created)
	f.SetModificationDate(o.Created)
	f.SetCatalogSort(true) // equal texts make equal files
	s := &sheet{pdf: f, fonts: newFonts(f), footer: o.Footer, source: source}
	s.fonts.cover(markdown + o.Footer)
	s.page()
	s.blocks(root, 0)
	if err := f.Output(w); err != nil {
		return 0, fmt.Errorf("write the PDF: %w", err)
	}
	return s.fonts.missing, nil
}
