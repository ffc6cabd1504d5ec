package parse

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// partSize is the length in bytes at which a text without pages begins another
// part.
const partSize = 32 << 10

// builder takes what a parser finds, in order, and delivers it page by page.
type builder struct {
	ctx     context.Context
	limits  Limits
	pages   Ranges
	words   bool
	doc     *Document // without pages
	sink    Sink
	receipt *Receipt

	page   *Page
	text   strings.Builder // of page
	flow   bool            // the page is a part that may end anywhere
	path   []heading
	last   []string // path as last given to a block
	number int      // of the last page begun
	table  int      // ID of the last table
	cells  int
}

type heading struct {
	level int
	text  string
}

func newBuilder(ctx context.Context, limits Limits, pages Ranges, words bool, doc *Document, sink Sink) *builder {
	return &builder{ctx: ctx, limits: limits, pages: pages, words: words, doc: doc, sink: sink, receipt: &doc.Receipt}
}

// unit names what the kind calls a page.
func (b *builder) unit(name string, total int) {
	b.receipt.Unit, b.receipt.PagesTotal = name, total
}

// beginPage ends the page before and begins another.
func (b *builder) beginPage(label string) error {
	if err := b.endPage(); err != nil {
		return err
	}
	return b.openPage(b.number+1, label)
}

// openPage begins the page of that number.
func (b *builder) openPage(number int, label string) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	if b.receipt.Pages >= b.limits.Pages {
		return b.cut(fmt.Sprintf("%ss from %d on", b.unitName(), number), fmt.Sprintf("more than %d are not read", b.limits.Pages))
	}
	if last := b.pages.last(); last > 0 && number > last {
		return errCut // what was asked for has been read
	}
	b.number = number
	b.page = &Page{Number: number, Label: clip(label, 300)}
	b.flow = false
	return nil
}

func (b *builder) unitName() string {
	if b.receipt.Unit == "" {
		return "part"
	}
	return b.receipt.Unit
}

// cut notes that the document is over a limit, and ends the parser.
func (b *builder) cut(what, why string) error {
	b.receipt.skip(what, "", why)
	b.receipt.Problem = TooLarge
	return errCut
}

// endPage delivers the page.
func (b *builder) endPage() error {
	p := b.page
	if p == nil {
		return nil
	}
	b.page = nil
	p.Text = b.text.String()
	b.text.Reset()
	return b.deliver(*p)
}

// deliver counts a finished page and hands it on.
func (b *builder) deliver(p Page) error {
	if !b.pages.has(p.Number) {
		return nil
	}
	r := b.receipt
	r.Pages++
	r.PagesTotal = max(r.PagesTotal, p.Number)
	r.Images += p.Images
	chars, words := measure(p.Text)
	r.Characters += chars
	r.Words += words
	if b.sink.Page != nil {
		if err := b.sink.Page(p); err != nil {
			return err
		}
	}
	b.progress(p.Number)
	if r.Characters > b.limits.Characters {
		return b.cut(fmt.Sprintf("what follows %s %d", b.unitName(), p.Number), fmt.Sprintf("more than %d characters are not read", b.limits.Characters))
	}
	return b.ctx.Err()
}

func (b *builder) progress(done int) {
	if b.sink.Progress != nil {
		b.sink.Progress(Progress{Done: done, Total: b.receipt.PagesTotal, Unit: b.unitName()})
	}
}

// measure counts characters and words; a Han, Kana or Hangul letter counts as a
// word of its own.
func measure(s string) (chars, words int) {
	in := false
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			chars++
			space := c == ' ' || c == '\n' || c == '\t' || c == '\r'
			if !space && !in {
				words++
			}
			in = !space
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		chars++
		switch {
		case unicode.IsSpace(r):
			in = false
		case r >= 0x2e80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			words++
			in = false
		case !in:
			words++
			in = true
		}
	}
	return chars, words
}

// flowing makes sure that there is a page to write to, for kinds that have no
// pages of their own.
func (b *builder) flowing() error {
	if b.page == nil {
		if err := b.openPage(b.number+1, b.section()); err != nil {
			return err
		}
		b.flow = true
	}
	return nil
}

// section is the innermost heading.
func (b *builder) section() string {
	if len(b.path) == 0 {
		return ""
	}
	return b.path[len(b.path)-1].text
}

// headings is the path that blocks carry; blocks under the same headings share
// it.
func (b *builder) headings() []string {
	if len(b.last) == len(b.path) {
		same := true
		for i, h := range b.path {
			same = same && b.last[i] == h.text
		}
		if same {
			return b.last
		}
	}
	p := make([]string, len(b.path))
	for i, h := range b.path {
		p[i] = h.text
	}
	b.last = p
	return p
}

// under puts a heading on the path; level 1 is the outermost.
func (b *builder) under(level int, text string) {
	for len(b.path) > 0 && b.path[len(b.path)-1].level >= level {
		b.path = b.path[:len(b.path)-1]
	}
	if len(b.path) < 8 {
		b.path = append(b.path, heading{level, clip(oneLine(text), 200)})
	}
}

// add puts a block on the page. Its text is trimmed; an empty one is dropped.
func (b *builder) add(kind BlockKind, level int, text string) error {
	return b.put(Block{Kind: kind, Level: level}, text)
}

func (b *builder) put(x Block, text string) error {
	text = clean(text)
	switch x.Kind {
	case CodeBlock:
		text = strings.TrimRight(strings.Trim(text, "\n"), " \t\n")
	case TableRow: // an empty first cell counts
		text = strings.TrimRight(text, " \t\n")
	default:
		text = strings.TrimSpace(text)
	}
	if text == "" {
		return b.ctx.Err()
	}
	if err := b.flowing(); err != nil {
		return err
	}
	if b.flow && b.text.Len() > 0 && b.text.Len()+len(text) > partSize {
		if err := b.endPage(); err != nil {
			return err
		}
		if err := b.flowing(); err != nil {
			return err
		}
	}
	for len(text) > 4*partSize { // a block without an end
		n := cutPoint(text, partSize)
		if err := b.append(x, text[:n]); err != nil {
			return err
		}
		text = text[n:]
		if b.flow {
			if err := b.endPage(); err != nil {
				return err
			}
			if err := b.flowing(); err != nil {
				return err
			}
		}
	}
	return b.append(x, text)
}

func (b *builder) append(x Block, text string) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	if b.text.Len() > 64<<20 {
		return b.cut(fmt.Sprintf("the rest of %s %d", b.unitName(), b.number), "it is longer than 64 MB")
	}
	if b.text.Len() > 0 {
		b.text.WriteByte('\n')
		if x.Kind != TableRow && x.Kind != ListItem && x.Kind != Field {
			b.text.WriteByte('\n')
		}
	}
	if x.Kind == Heading {
		if x.Level < 1 {
			x.Level = 1
		}
		x.Level = min(x.Level, 9)
		b.under(x.Level, text)
		x.Path = b.headings()[:max(0, len(b.path)-1)]
		if b.page.Label == "" && b.flow {
			b.page.Label = b.section()
		}
	} else {
		x.Path = b.headings()
	}
	x.Start = b.text.Len()
	b.text.WriteString(text)
	x.End = b.text.Len()
	x.Text = text
	b.page.Blocks = append(b.page.Blocks, x)
	return nil
}

// cutPoint is a place to cut s at about n bytes: after a line, after a space, or
// between characters.
func cutPoint(s string, n int) int {
	if i := strings.LastIndexByte(s[:n], '\n'); i > n/2 {
		return i + 1
	}
	if i := strings.LastIndexByte(s[:n], ' '); i > n/2 {
		return i + 1
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

// clean makes text of what a file says: valid UTF-8 without control characters.
func clean(s string) string {
	bad := func(r rune) bool {
		return r < 0x20 && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == utf8.RuneError || r == 0xfeff || r == 0xfffe || r == 0x00ad || r == 0x200b
	}
	if strings.IndexFunc(s, bad) < 0 {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\f' || r == '\v' || r == 0x85:
			return '\n'
		case r == utf8.RuneError:
			return r
		case bad(r):
			return -1
		}
		return r
	}, s)
}

// oneLine joins the lines of s and leaves single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
