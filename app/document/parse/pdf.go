package parse

import (
	"errors"
	"fmt"
	"strings"
)

// Kinds of objects and notes on a page, as PDFium numbers them.
const (
	pdfObjectImage  = 3
	pdfAnnotLink    = 2
	pdfAnnotPopup   = 16
	pdfAnnotWidget  = 20
	pdfAnnotMost    = 2000
	pdfOutlineMost  = 5000
	pdfFailuresMost = 50
	scannedChars    = 20 // fewer letters beside an image: the page is a scan
)

// parsePDF reads a document page by page with PDFium.
func parsePDF(s *source) error {
	engine, err := sharedPDFium()
	if err != nil {
		return err
	}
	in, err := engine.instance()
	if err != nil {
		return problem(OutOfMemory, "%v", err)
	}
	defer in.close()
	if err := in.load(s.data, ""); err != nil {
		return err
	}
	p := &pdfReader{source: s, in: in, sizes: map[int]int{}, running: map[string]int{}}
	return p.document()
}

type pdfReader struct {
	*source
	in      *instance
	outline map[int][]pdfHeading // by page
	sizes   map[int]int          // letters by font size in tenths of a point, over the document
	running map[string]int       // see layout
	chars   []pdfChar
}

type pdfHeading struct {
	title string
	level int
}

func (p *pdfReader) document() error {
	in, s := p.in, p.source
	s.doc.Title = p.meta("Title")
	s.doc.Author = p.meta("Author")
	if l := in.utf16Text("FPDFCatalog_GetLanguage", in.doc); in.err == nil {
		s.doc.Language = clip(clean(l), 35)
	}
	total := in.int32("FPDF_GetPageCount", in.doc)
	if in.err != nil {
		return in.err
	}
	if total <= 0 {
		return problem(NoContent, "it has no pages")
	}
	s.unit("page", total)
	s.receipt.skipN("attached files", "", "save them and add them as files", in.int32("FPDFDoc_GetAttachmentCount", in.doc))
	if kind := in.int32("FPDF_GetFormType", in.doc); kind == 2 || kind == 3 {
		s.receipt.skip("an XFA form", "", "only its printed appearance is read")
	}
	p.readOutline()
	var scanned []int
	failures, fresh := 0, 0
	for n := 1; n <= total; n++ {
		if last := s.pages.last(); last > 0 && n > last {
			break
		}
		if !s.pages.has(n) {
			continue
		}
		if err := s.openPage(n, ""); err != nil {
			return err
		}
		page := s.page
		s.page = nil
		err := p.page(n, page)
		if err != nil {
			s.receipt.skip("pages", itoa(n), err.Error())
			s.receipt.Problem = Damaged
			if failures++; failures >= pdfFailuresMost && s.receipt.Pages == 0 || failures >= 20*pdfFailuresMost {
				return problem(Damaged, "too many of its pages cannot be read")
			}
			if failed := in.err; failed != nil {
				if e := p.reopen(); e != nil {
					return problem(Damaged, "what follows page %d cannot be read (%v)", n, failed)
				}
			}
			continue
		}
		// PDFium keeps what it has seen of the document.
		if fresh++; fresh >= 200 && in.memory.Size() > pdfiumRecycle {
			if err := p.reopen(); err != nil {
				return err
			}
			fresh = 0
		}
		if page.Scanned {
			scanned = append(scanned, n)
		}
		if err := s.deliver(*page); err != nil {
			return err
		}
	}
	if len(scanned) > 0 {
		for _, n := range scanned {
			s.receipt.skip("scanned pages", itoa(n), "they need text recognition")
		}
		if s.receipt.Problem == "" {
			s.receipt.Problem = NeedsOCR
		}
	}
	return nil
}

// pdfiumRecycle is the memory of an instance, in bytes, at which another takes
// its place.
const pdfiumRecycle = 64 << 20

// reopen starts anew after PDFium has failed on a page or grown.
func (p *pdfReader) reopen() error {
	p.in.close()
	engine, err := sharedPDFium()
	if err != nil {
		return err
	}
	in, err := engine.instance()
	if err != nil {
		return err
	}
	*p.in = *in // the caller closes it
	return p.in.load(p.data, "")
}

func (p *pdfReader) meta(tag string) string {
	return clip(oneLine(clean(p.in.utf16Text("FPDF_GetMetaText", p.in.doc, p.in.cString(tag)))), 500)
}

// readOutline reads the bookmarks, which say what is a heading.
func (p *pdfReader) readOutline() {
	p.outline = map[int][]pdfHeading{}
	seen := map[uint64]bool{}
	count := 0
	var walk func(first uint64, level int)
	walk = func(first uint64, level int) {
		for b := first; b != 0 && !seen[b] && count < pdfOutlineMost && p.in.err == nil; b = p.in.call("FPDFBookmark_GetNextSibling", p.in.doc, b) {
			seen[b] = true
			count++
			title := oneLine(clean(p.in.utf16Text("FPDFBookmark_GetTitle", b)))
			if dest := p.in.call("FPDFBookmark_GetDest", p.in.doc, b); dest != 0 && title != "" {
				if page := p.in.int32("FPDFDest_GetDestPageIndex", p.in.doc, dest); page >= 0 {
					p.outline[page+1] = append(p.outline[page+1], pdfHeading{clip(title, 300), level})
				}
			}
			if level < 8 {
				walk(p.in.call("FPDFBookmark_GetFirstChild", p.in.doc, b), level+1)
			}
		}
	}
	walk(p.in.call("FPDFBookmark_GetFirstChild", p.in.doc, 0), 1)
}

// page reads one page.
func (p *pdfReader) page(n int, page *Page) error {
	in := p.in
	handle := in.call("FPDF_LoadPage", in.doc, uint64(n-1))
	if in.err != nil {
		return in.err
	}
	if handle == 0 {
		return errors.New("they are damaged")
	}
	defer in.call("FPDF_ClosePage", handle)
	view := in.pageView(handle)
	page.Width, page.Height = view.width, view.height
	letters, cut, err := p.readChars(handle, view)
	if err != nil {
		return err
	}
	if cut {
		p.receipt.skip("letters beyond the first million", fmt.Sprintf("page %d", n), "longer pages are not read in full")
	}
	page.Images = p.images(handle)
	page.Scanned = letters < scannedChars && page.Images > 0
	l := &layout{chars: p.chars, page: page, words: p.words, sizes: p.sizes, running: p.running, outline: p.outline[n], builder: p.builder}
	if err := l.run(); err != nil {
		return err
	}
	p.annotations(handle, l)
	l.finish()
	return in.err
}

// images counts the images among a page's objects.
func (p *pdfReader) images(page uint64) int {
	n := 0
	for i := range min(p.in.int32("FPDFPage_CountObjects", page), 2000) {
		if o := p.in.call("FPDFPage_GetObject", page, uint64(i)); o != 0 && p.in.int32("FPDFPageObj_GetType", o) == pdfObjectImage {
			n++
		}
	}
	return n
}

// annotations adds what readers wrote on the page and what they filled in.
func (p *pdfReader) annotations(page uint64, l *layout) {
	in := p.in
	for i := range min(in.int32("FPDFPage_GetAnnotCount", page), pdfAnnotMost) {
		a := in.call("FPDFPage_GetAnnot", page, uint64(i))
		if a == 0 {
			continue
		}
		switch kind := in.int32("FPDFAnnot_GetSubtype", a); kind {
		case pdfAnnotLink, pdfAnnotPopup:
		case pdfAnnotWidget:
			name := in.utf16Text("FPDFAnnot_GetStringValue", a, in.cString("T"))
			if v := strings.TrimSpace(clean(in.utf16Text("FPDFAnnot_GetStringValue", a, in.cString("V")))); v != "" && v != "Off" {
				l.note("Field " + oneLine(clean(name)) + ": " + v)
			}
		default:
			if v := strings.TrimSpace(clean(in.utf16Text("FPDFAnnot_GetStringValue", a, in.cString("Contents")))); v != "" {
				l.note("Comment: " + v)
			}
		}
		in.call("FPDFPage_CloseAnnot", a)
	}
}

// pageView turns places in a page's own space into places on the page as shown.
type pageView struct {
	width, height float64
	box           [4]float64 // left, top, right, bottom
	rotation      int        // quarter turns clockwise
}

func (in *instance) pageView(page uint64) pageView {
	v := pageView{width: in.float32("FPDF_GetPageWidthF", page), height: in.float32("FPDF_GetPageHeightF", page)}
	v.rotation = in.int32("FPDFPage_GetRotation", page) & 3
	box, ok := in.rect("FPDF_GetPageBoundingBox", page)
	if !ok || box[2] <= box[0] || box[1] <= box[3] {
		box = [4]float64{0, v.height, v.width, 0}
		if v.rotation&1 == 1 {
			box = [4]float64{0, v.width, v.height, 0}
		}
	}
	v.box = box
	return v
}

// shown turns left, top, right, bottom with y upwards into a Box.
func (v pageView) shown(r [4]float64) Box {
	var b Box
	switch v.rotation {
	case 1:
		b = Box{r[3] - v.box[3], r[0] - v.box[0], r[1] - v.box[3], r[2] - v.box[0]}
	case 2:
		b = Box{v.box[2] - r[2], r[3] - v.box[3], v.box[2] - r[0], r[1] - v.box[3]}
	case 3:
		b = Box{v.box[1] - r[1], v.box[2] - r[2], v.box[1] - r[3], v.box[2] - r[0]}
	default:
		b = Box{r[0] - v.box[0], v.box[1] - r[1], r[2] - v.box[0], v.box[1] - r[3]}
	}
	return b
}

// pdfChar is a letter, or a space or line break that PDFium thought of.
type pdfChar struct {
	r      rune
	index  int // as PDFium counts
	box    Box
	hasBox bool
	bold   bool // asked for the first letter of a line only
}

// mostChars bounds the letters of one page.
const mostChars = 1 << 20

// readChars fills p.chars and counts the visible letters.
func (p *pdfReader) readChars(page uint64, view pageView) (letters int, cut bool, err error) {
	p.chars = p.chars[:0]
	p.chars, letters, cut, err = p.in.textChars(page, view, p.chars)
	return letters, cut, err
}

func (in *instance) textChars(page uint64, view pageView, chars []pdfChar) (_ []pdfChar, letters int, cut bool, err error) {
	text := in.call("FPDFText_LoadPage", page)
	if in.err != nil {
		return chars, 0, false, in.err
	}
	if text == 0 {
		return chars, 0, false, errors.New("their text cannot be read")
	}
	defer in.call("FPDFText_ClosePage", text)
	count := in.int32("FPDFText_CountChars", text)
	if count > mostChars {
		count, cut = mostChars, true
	}
	first := true // of a line
	for i := range max(count, 0) {
		r := rune(uint32(in.call("FPDFText_GetUnicode", text, uint64(i))))
		c := pdfChar{r: r, index: i}
		if r == 0 || r == 0xfffe || r == 0xffff {
			if r == 0xfffe {
				c.r = '\x02' // a hyphen at the end of a line
			} else {
				continue
			}
		}
		if c.r > ' ' {
			letters++
			if box, ok := in.rect("FPDFText_GetLooseCharBox", text, uint64(i)); ok {
				c.box, c.hasBox = view.shown(box), true
			}
			if first {
				c.bold, first = in.int32("FPDFText_GetFontWeight", text, uint64(i)) >= 600, false
			}
		} else if r == '\n' || r == '\r' || c.r == 2 {
			first = true
		}
		chars = append(chars, c)
	}
	return chars, letters, cut, in.err
}
