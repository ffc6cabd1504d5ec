package librarian

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"freehold/app/document"
	"freehold/app/document/parse"
)

// PageInfo is a page of a document without its text.
type PageInfo struct {
	Number     int     `json:"number"` // from 1
	Label      string  `json:"label"`
	Width      float64 `json:"width"` // points; 0 where the kind has none
	Height     float64 `json:"height"`
	Characters int     `json:"characters"`
}

// PageText is the text of a page.
type PageText struct {
	Number int     `json:"number"`
	Label  string  `json:"label"`
	Text   string  `json:"text"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// PageImage is a picture of a page.
type PageImage struct {
	PNG    string  `json:"png"`   // base64
	Width  int     `json:"width"` // pixels
	Height int     `json:"height"`
	Scale  float64 `json:"scale"` // pixels per point
}

// Pages lists the pages of a document.
func (l *Librarian) Pages(ctx context.Context, id string) ([]PageInfo, error) {
	pages, err := l.store.Pages(ctx, id)
	if err != nil {
		return nil, err
	}
	infos := make([]PageInfo, len(pages))
	for i, p := range pages {
		infos[i] = PageInfo{p.Number, p.Label, p.Width, p.Height, len([]rune(p.Text))}
	}
	return infos, nil
}

// Page reads the text of a page.
func (l *Librarian) Page(ctx context.Context, id string, number int) (PageText, error) {
	p, err := l.store.Page(ctx, id, number)
	return PageText{p.Number, p.Label, p.Text, p.Width, p.Height}, err
}

const mostDPI = 300

// ErrNoImage says that a document's kind has no pictures of pages.
var ErrNoImage = errors.New("this kind of file has no pictures of its pages")

// Image draws a page of a document as its file has it.
func (l *Librarian) Image(ctx context.Context, id string, page, dpi int) (PageImage, error) {
	d, err := l.drawable(ctx, id)
	if err != nil {
		return PageImage{}, err
	}
	pic, err := l.reader.Image(ctx, d.Path, page, max(36, min(dpi, mostDPI)))
	if err != nil {
		return PageImage{}, err
	}
	return PageImage{base64.StdEncoding.EncodeToString(pic.PNG), pic.Width, pic.Height, pic.Scale}, nil
}

// Highlight finds where a stretch of a page's text stands on its picture.
func (l *Librarian) Highlight(ctx context.Context, id string, page, start, end int) ([]parse.Box, error) {
	d, err := l.drawable(ctx, id)
	if err != nil {
		return nil, err
	}
	if d.Receipt.Kind != parse.PDF {
		return []parse.Box{}, nil
	}
	boxes, err := l.reader.Highlight(ctx, d.Path, page, start, end)
	if boxes == nil {
		boxes = []parse.Box{}
	}
	return boxes, err
}

// drawable checks that pages of the document can be drawn, from the very file
// that was read.
func (l *Librarian) drawable(ctx context.Context, id string) (document.Document, error) {
	d, err := l.store.Document(ctx, id)
	if err != nil {
		return d, err
	}
	if d.Receipt.Kind != parse.PDF && d.Receipt.Kind != parse.Image {
		return d, ErrNoImage
	}
	if mark(&d); d.Missing {
		return d, fmt.Errorf("%s is no longer what was read: it was moved, deleted or changed; its text is still here", d.Name)
	}
	return d, nil
}
