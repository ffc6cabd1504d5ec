package parse

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

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
