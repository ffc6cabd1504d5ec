package parse

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// layout makes lines, tables, headings and paragraphs of a page's letters.
type layout struct {
	*builder
	chars   []pdfChar
	page    *Page
	words   bool
	sizes   map[int]int
	common  float64 // size of running text
	outline []pdfHeading
	lines   []textLine
	text    strings.Builder
	spans   []charSpan     // where the letters are in the text, if asked for
	keep    bool           // fill spans
	running map[string]int // what stood in the margins of pages before: the last such page
}

// charSpan says where a letter stands in the page's text.
type charSpan struct {
	start, end int
	box        Box
}

// textLine is a line as PDFium finds it: letters on one base line.
type textLine struct {
	chars    []pdfChar
	segments []segment // parts with wide gaps between
	box      Box
	size     float64 // height of its letters
	bold     bool
	start    int // in the page's text
	end      int
	margin   bool // above or below where text usually stands
	running  bool // it stands on other pages too, or is their number
}

// segment is a part of a line: the cell of a table, perhaps.
type segment struct {
	first, last int // of the line's chars
	box         Box
}

// run fills the page's text, lines and blocks.
func (l *layout) run() error {
	l.findLines()
	l.findRunning()
	l.body()
	for i := 0; i < len(l.lines); {
		n := l.tableAt(i)
		if n > 0 {
			if err := l.emitTable(l.lines[i : i+n]); err != nil {
				return err
			}
			i += n
			continue
		}
		if n = l.columnsAt(i); n > 0 {
			l.splitColumns(i, n)
		}
		n = l.blockAt(i)
		l.emitBlock(l.lines[i : i+n])
		i += n
	}
	return nil
}

// finish hands the text to the page.
func (l *layout) finish() { l.page.Text = l.text.String() }

// findLines cuts the letters at PDFium's line breaks, and after the hyphens that
// it puts in their stead.
func (l *layout) findLines() {
	begin := 0
	for i := 0; i <= len(l.chars); i++ {
		end := i
		if i < len(l.chars) {
			switch l.chars[i].r {
			case '\n', '\r':
			case 2:
				end++
			default:
				continue
			}
		}
		if line, ok := newLine(l.chars[begin:end]); ok {
			line.margin = l.page.Height > 0 && (line.box[3] < marginPart*l.page.Height || line.box[1] > (1-marginPart)*l.page.Height)
			l.lines = append(l.lines, line)
		}
		begin = i + 1
	}
}

// marginPart is the part of a page's height above and below which headers and
// footers stand.
const marginPart = 0.085

// findRunning tells the margins' lines that say the same on pages near by, but
// for the numbers.
func (l *layout) findRunning() {
	if l.running == nil {
		return
	}
	for i := range l.lines {
		t := &l.lines[i]
		if !t.margin {
			continue
		}
		key := strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) || !unicode.IsLetter(r) {
				return -1
			}
			return unicode.ToLower(r)
		}, lineText(*t))
		if strings.Trim(key, "ivxlc") == "" { // a number, arabic or roman
			key = ""
		}
		last, seen := l.running[key]
		t.running = key == "" || seen && l.page.Number-last <= 3
		if len(l.running) < 10_000 {
			l.running[key] = l.page.Number
		}
	}
}

// newLine measures a line; one without visible letters is none.
func newLine(chars []pdfChar) (textLine, bool) {
	for len(chars) > 0 && chars[0].r <= ' ' {
		chars = chars[1:]
	}
	for len(chars) > 0 && chars[len(chars)-1].r <= ' ' && chars[len(chars)-1].r != 2 {
		chars = chars[:len(chars)-1]
	}
	if len(chars) == 0 {
		return textLine{}, false
	}
	t := textLine{chars: chars, bold: chars[0].bold}
	last := -1
	for i := range chars {
		c := &chars[i]
		if !c.hasBox {
			continue
		}
		h := c.box[3] - c.box[1]
		if last < 0 {
			t.box, t.size = c.box, h
			t.segments = append(t.segments, segment{first: i, last: i, box: c.box})
		} else {
			t.box = union(t.box, c.box)
			t.size = max(t.size, h)
			s := &t.segments[len(t.segments)-1]
			// A gap of more than one and a half letters' height is none of
			// justified text.
			if c.box[0]-s.box[2] > 1.5*h && h > 0 {
				t.segments = append(t.segments, segment{first: i, last: i, box: c.box})
			} else {
				s.last = i
				s.box = union(s.box, c.box)
			}
		}
		last = i
	}
	return t, true
}

func union(a, b Box) Box {
	return Box{min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])}
}

// body learns the size of running text.
func (l *layout) body() {
	for _, t := range l.lines {
		l.sizes[int(math.Round(t.size*10))] += len(t.chars)
	}
}

func (l *layout) bodySize() float64 {
	if l.common > 0 {
		return l.common
	}
	best, most := 0, 0
	for size, n := range l.sizes {
		if n > most || n == most && size < best {
			best, most = size, n
		}
	}
	l.common = float64(best) / 10
	return l.common
}

// put writes a line to the page's text. The text depends on the letters alone, not
// on what is known of the document: highlight makes it anew.
func (l *layout) put(t *textLine) {
	if l.text.Len() > 0 {
		l.text.WriteByte('\n')
	}
	t.start = l.text.Len()
	word := -1
	var box Box
	endWord := func() {
		if word >= 0 && l.words {
			l.page.Words = append(l.page.Words, Span{Start: word, End: l.text.Len(), Box: rounded(box)})
		}
		word = -1
	}
	for i := range t.chars {
		c := &t.chars[i]
		r := c.r
		switch {
		case r == 2:
			r = '-'
		case r == '\t' || r == 0xa0 || r < ' ':
			r = ' '
		case r == 0xad || r == 0x200b || r == 0xfeff || r >= 0x7f && r < 0xa0:
			continue
		case !utf8.ValidRune(r):
			r = unicode.ReplacementChar
		}
		if r == ' ' {
			endWord()
		} else if c.hasBox {
			if word < 0 {
				word, box = l.text.Len(), c.box
			} else {
				box = union(box, c.box)
			}
		}
		at := l.text.Len()
		l.text.WriteRune(r)
		if l.keep && c.hasBox {
			l.spans = append(l.spans, charSpan{at, l.text.Len(), c.box})
		}
	}
	endWord()
	t.end = l.text.Len()
	l.page.Lines = append(l.page.Lines, Span{Start: t.start, End: t.end, Box: rounded(t.box)})
}

// rounded keeps hundredths of a point.
func rounded(b Box) Box {
	for i := range b {
		b[i] = math.Round(b[i]*100) / 100
	}
	return b
}

func lineText(t textLine) string {
	var s strings.Builder
	for _, c := range t.chars {
		s.WriteRune(c.r)
	}
	return s.String()
}
