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

// blockAt counts the lines of the block that begins at line i.
func (l *layout) blockAt(i int) int {
	first := l.lines[i]
	if first.running {
		return 1
	}
	head := l.headingLevel(first, i) > 0
	left, right := first.box[0], first.box[2]
	n := 1
	for ; i+n < len(l.lines) && n < 400; n++ {
		prev, t := l.lines[i+n-1], l.lines[i+n]
		if t.running || l.tableAt(i+n) > 0 || l.columnsAt(i+n) > 0 {
			break
		}
		size := max(t.size, prev.size, 1)
		gap := t.box[1] - prev.box[1]
		if head {
			// A heading goes on in the same size, close by.
			if math.Abs(t.size-first.size) > 0.05*size || t.bold != first.bold || gap > 1.8*size || gap < 0.3*size || n >= 4 || l.inOutline(first) && l.inOutline(t) {
				break
			}
			continue
		}
		if math.Abs(t.size-prev.size) > 0.12*size || l.headingLevel(t, i+n) > 0 {
			break
		}
		if gap > 2*size || gap < 0.3*size { // far below, or another column
			if !(gap < 0.3*size && math.Abs(gap) <= 0.3*size && t.box[0] > prev.box[2]) {
				break
			}
		}
		if listMark(lineText(t)) {
			break
		}
		// An indented line begins a paragraph; so does one after a short line
		// that ends a sentence.
		if n > 1 && t.box[0] > left+0.9*size && prev.box[0] <= left+0.5*size {
			break
		}
		if n == 1 && listMark(lineText(first)) {
			left = min(max(left, t.box[0]), left+4*size)
		}
		if prev.box[2] < left+0.75*(right-left) && endsSentence(prev) && right-left > 15*size {
			break
		}
		left, right = min(left, t.box[0]), max(right, t.box[2])
	}
	return n
}

func endsSentence(t textLine) bool {
	for i := len(t.chars) - 1; i >= 0; i-- {
		if r := t.chars[i].r; r > ' ' {
			return strings.ContainsRune(".!?:。！？", r)
		}
	}
	return false
}

func lineText(t textLine) string {
	var s strings.Builder
	for _, c := range t.chars {
		s.WriteRune(c.r)
	}
	return s.String()
}

func (l *layout) inOutline(t textLine) bool { return l.outlineLevel(lineText(t)) > 0 }

// outlineLevel looks a line up among the page's bookmarks.
func (l *layout) outlineLevel(text string) int {
	if len(l.outline) == 0 {
		return 0
	}
	key := headingKey(text)
	for _, h := range l.outline {
		if k := headingKey(h.title); k != "" && (k == key || len(k) > 3 && strings.HasSuffix(key, k) && len(key)-len(k) <= 8) {
			return h.level
		}
	}
	return 0
}

// headingKey is what two ways of writing a heading share.
func headingKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// headingLevel tells a heading by the bookmarks, its size or its weight.
func (l *layout) headingLevel(t textLine, i int) int {
	if len(t.chars) > 200 || len(t.segments) > 2 || t.running {
		return 0
	}
	text := lineText(t)
	if level := l.outlineLevel(text); level > 0 {
		return level
	}
	if t.margin && t.size < 1.35*l.bodySize() {
		return 0
	}
	body := l.bodySize()
	letters := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	if body <= 0 || letters < 2 {
		return 0
	}
	switch ratio := t.size / body; {
	case ratio >= 1.7:
		return 1
	case ratio >= 1.35:
		return 2
	case ratio >= 1.14 && len(text) < 120:
		return 3
	case ratio >= 0.95 && t.bold && len(text) < 90 && !endsSentence(t):
		// Bold alone is a heading where the next line is not.
		if i+1 < len(l.lines) && !l.lines[i+1].bold {
			return 4
		}
	}
	return 0
}

// emitBlock writes lines as one block.
func (l *layout) emitBlock(lines []textLine) {
	var text strings.Builder
	block := Block{Kind: Paragraph}
	first := lineText(lines[0])
	if level := l.headingLevel(lines[0], 0); level > 0 && (level < 4 || l.isHeading(lines)) {
		block.Kind, block.Level = Heading, level
	} else if lines[0].running {
		block.Kind = Running
	} else if listMark(first) {
		block.Kind = ListItem
	}
	for i := range lines {
		l.put(&lines[i])
		if i == 0 {
			block.Start = lines[0].start
		}
		block.Boxes = append(block.Boxes, rounded(lines[i].box))
		joinLine(&text, l.text.String()[lines[i].start:lines[i].end], hyphenated(lines[i]))
	}
	block.End = l.text.Len()
	block.Text = clean(strings.TrimSpace(text.String()))
	if block.Text == "" {
		return
	}
	if block.Kind == Heading {
		block.Level = min(max(block.Level, 1), 9)
		l.under(block.Level, block.Text)
		block.Path = l.headings()[:max(0, len(l.path)-1)]
		if l.page.Label == "" {
			l.page.Label = clip(oneLine(block.Text), 300)
		}
	} else {
		block.Path = l.headings()
	}
	l.page.Blocks = append(l.page.Blocks, block)
}

// isHeading looks at the line after a bold one, which headingLevel could not.
func (l *layout) isHeading(lines []textLine) bool {
	last := &lines[len(lines)-1]
	for i := range l.lines {
		if &l.lines[i] == last {
			return i+1 < len(l.lines) && !l.lines[i+1].bold
		}
	}
	return false
}

// hyphenated says that PDFium took the hyphen at the line's end for one of the
// layout.
func hyphenated(t textLine) bool { return t.chars[len(t.chars)-1].r == 2 }

// joinLine adds a line to a text: a word cut by the layout is made whole.
func joinLine(s *strings.Builder, line string, soft bool) {
	line = strings.TrimSpace(line)
	if line == "" {
		return
	}
	if s.Len() > 0 {
		prev := s.String()
		last, _ := utf8.DecodeLastRuneInString(prev)
		next, _ := utf8.DecodeRuneInString(line)
		wide := unicode.In(last, unicode.Han, unicode.Hiragana, unicode.Katakana) && unicode.In(next, unicode.Han, unicode.Hiragana, unicode.Katakana)
		if last != joint && !wide {
			s.WriteByte(' ')
		} else if last == joint {
			s.Reset()
			s.WriteString(strings.TrimSuffix(prev, string(joint)))
		}
	}
	if soft {
		line = strings.TrimSuffix(line, "-") + string(joint)
	}
	s.WriteString(line)
}

// joint stands for a soft hyphen while lines are joined; clean removes it.
const joint = '\u00ad'

// note adds a block that stands beside the page's text.
func (l *layout) note(text string) {
	text = clean(text)
	if l.text.Len() > 0 {
		l.text.WriteString("\n\n")
	}
	start := l.text.Len()
	l.text.WriteString(text)
	l.page.Blocks = append(l.page.Blocks, Block{Kind: Note, Text: text, Start: start, End: l.text.Len(), Path: l.headings()})
}
