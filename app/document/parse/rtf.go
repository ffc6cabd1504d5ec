package parse

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// rtfState is what a group of RTF sets and its end sets back.
type rtfState struct {
	skip bool   // the group's text is not the document's
	dest string // "", "listtext", "stylesheet", "title", "fonttbl" …
	uc   int    // characters that stand in for a \u
	font int
}

type rtf struct {
	*source
	pos    int
	stack  []rtfState
	cur    rtfState
	code   encoding.Encoding // of the document
	fonts  map[int]encoding.Encoding
	styles map[int]int // style → heading level
	bytes  []byte      // \'hh not yet decoded
	high   uint16      // first half of a surrogate pair
	eat    int         // characters to pass over after \u
	text   strings.Builder
	mark   strings.Builder // of a list item
	style  int             // \sN, within the stylesheet or of the paragraph
	level  int             // heading level of the paragraph, 0 none
	name   strings.Builder // of the style
	title  strings.Builder
	table  *tableWriter
	row    int
	cells  []string
	inTbl  bool
	fnote  int // depth at which the footnote's group began, 0 none
	saved  string
	notes  []string
	images int
	object int
}

// rtfSkipped are destinations whose text is not the document's.
var rtfSkipped = map[string]bool{
	"colortbl": true, "pict": true, "header": true, "footer": true, "headerl": true, "headerr": true, "headerf": true, "footerl": true, "footerr": true, "footerf": true,
	"listtable": true, "listoverridetable": true, "fldinst": true, "rsidtbl": true, "generator": true, "themedata": true, "datastore": true, "latentstyles": true, "xmlnstbl": true,
	"mmathPr": true, "objdata": true, "revtbl": true, "filetbl": true, "bkmkstart": true, "bkmkend": true, "atnid": true, "atnauthor": true, "nonshppict": true, "xe": true, "tc": true,
	"author": true, "operator": true, "comment": true, "company": true, "manager": true, "subject": true, "keywords": true, "category": true, "doccomm": true, "hlinkbase": true, "falt": true, "panose": true, "sp": true, "private1": true, "pgptbl": true, "shpinst": false,
}

// parseRTF reads Rich Text Format.
func parseRTF(s *source) error {
	r := &rtf{source: s, fonts: map[int]encoding.Encoding{}, styles: map[int]int{}, cur: rtfState{uc: 1}, code: charmap.Windows1252}
	s.unit("part", 0)
	at := bytes.Index(s.data, []byte(`{\rt`))
	r.pos = max(at, 0)
	for n := 0; r.pos < len(s.data); n++ {
		if n&0xffff == 0 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		done, err := r.token()
		if err != nil {
			return err
		}
		if done {
			break
		}
	}
	open := len(r.stack) > 0
	if err := r.paragraph(); err != nil {
		return err
	}
	if err := r.endTable(); err != nil {
		return err
	}
	for _, n := range r.notes {
		if err := s.add(Note, 0, n); err != nil {
			return err
		}
	}
	s.receipt.Images += r.images
	s.receipt.aside("images", "", "text within images is not recognised here", r.images)
	s.receipt.skipN("embedded objects", "", "they are not opened", r.object)
	if t := oneLine(clean(r.title.String())); t != "" {
		s.doc.Title = clip(t, 500)
	}
	if open {
		return problem(Damaged, "it is cut off")
	}
	return nil
}

func (r *rtf) token() (done bool, err error) {
	c := r.data[r.pos]
	r.pos++
	switch c {
	case '{':
		r.flushBytes()
		if len(r.stack) >= 10*r.limits.Depth {
			return false, problem(TooLarge, "its groups are nested deeper than %d", 10*r.limits.Depth)
		}
		r.stack = append(r.stack, r.cur)
		r.eat = 0
	case '}':
		r.flushBytes()
		return r.endGroup()
	case '\r', '\n', 0:
	case '\\':
		return false, r.control()
	default:
		if r.eat > 0 {
			r.eat--
			return false, nil
		}
		if c >= 0x80 {
			r.bytes = append(r.bytes, c)
			return false, nil
		}
		r.flushBytes()
		r.put(rune(c))
	}
	return false, nil
}

func (r *rtf) endGroup() (done bool, err error) {
	n := len(r.stack)
	if n == 0 {
		return true, nil
	}
	if r.cur.dest == "style" {
		r.endStyle()
	}
	if r.fnote == n {
		r.fnote = 0
		if note := oneLine(r.text.String()); note != "" && len(r.notes) < 50_000 {
			r.notes = append(r.notes, fmt.Sprintf("[%d] %s", len(r.notes)+1, note))
		}
		r.text.Reset()
		r.text.WriteString(r.saved)
		r.text.WriteString("[" + strconv.Itoa(len(r.notes)) + "]")
	}
	r.cur = r.stack[n-1]
	r.stack = r.stack[:n-1]
	r.eat = 0
	return n == 1, nil
}

// put adds a character to where the group's text belongs.
func (r *rtf) put(c rune) {
	if r.cur.skip {
		return
	}
	switch r.cur.dest {
	case "":
		r.text.WriteRune(c)
	case "listtext":
		r.mark.WriteRune(c)
	case "style":
		if c == ';' {
			r.endStyle()
		} else if r.name.Len() < 200 {
			r.name.WriteRune(c)
		}
	case "title":
		if r.title.Len() < 1000 {
			r.title.WriteRune(c)
		}
	}
}

func (r *rtf) endStyle() {
	name := strings.ToLower(strings.TrimSpace(r.name.String()))
	r.name.Reset()
	if l, ok := strings.CutPrefix(name, "heading "); ok {
		if n, err := strconv.Atoi(l); err == nil && len(r.styles) < 10_000 {
			r.styles[r.style] = n
		}
	} else if name == "title" {
		r.styles[r.style] = 1
	}
	r.style = 0
}

// flushBytes decodes what \'hh gave; in East Asian encodings two make a letter.
func (r *rtf) flushBytes() {
	if len(r.bytes) == 0 {
		return
	}
	e := r.code
	if f := r.fonts[r.cur.font]; f != nil {
		e = f
	}
	b, err := e.NewDecoder().Bytes(r.bytes)
	r.bytes = r.bytes[:0]
	if err != nil {
		return
	}
	for _, c := range string(b) {
		r.put(c)
	}
}

// control reads a control word or symbol; the backslash has been read.
func (r *rtf) control() error {
	if r.pos >= len(r.data) {
		return nil
	}
	c := r.data[r.pos]
	if c == '\'' {
		if r.pos+2 < len(r.data) {
			if v, err := strconv.ParseUint(string(r.data[r.pos+1:r.pos+3]), 16, 8); err == nil {
				if r.eat > 0 {
					r.eat--
				} else {
					r.bytes = append(r.bytes, byte(v))
				}
			}
		}
		r.pos = min(r.pos+3, len(r.data))
		return nil
	}
	r.flushBytes()
	if c|0x20 < 'a' || c|0x20 > 'z' {
		r.pos++
		switch c {
		case '*':
			// A destination that readers may pass over: only some are known.
			if !r.knownStar() {
				r.cur.skip = true
			}
		case '~':
			r.put(' ')
		case '_':
			r.put('-')
		case '\n', '\r':
			return r.paragraph()
		case '\\', '{', '}':
			r.put(rune(c))
		}
		return nil
	}
	start := r.pos
	for r.pos < len(r.data) && r.pos-start < 40 && r.data[r.pos]|0x20 >= 'a' && r.data[r.pos]|0x20 <= 'z' {
		r.pos++
	}
	word := string(r.data[start:r.pos])
	start = r.pos
	if r.pos < len(r.data) && r.data[r.pos] == '-' {
		r.pos++
	}
	for r.pos < len(r.data) && r.pos-start < 12 && r.data[r.pos] >= '0' && r.data[r.pos] <= '9' {
		r.pos++
	}
	n, err := strconv.Atoi(string(r.data[start:r.pos]))
	given := err == nil
	if r.pos < len(r.data) && r.data[r.pos] == ' ' {
		r.pos++
	}
	return r.word(word, n, given)
}

// knownStar tells whether the destination after \* is one that is read.
func (r *rtf) knownStar() bool {
	rest := r.data[r.pos:]
	for _, w := range []string{`\listtext`, `\shppict`, `\pntext`, `\footnote`, `\shpinst`, `\shptxt`, `\cs`} {
		if bytes.HasPrefix(rest, []byte(w)) {
			return true
		}
	}
	return false
}

func (r *rtf) word(w string, n int, given bool) error {
	if r.eat > 0 && w != "u" {
		r.eat--
	}
	switch w {
	case "bin":
		if n > 0 {
			r.pos = min(r.pos+n, len(r.data))
		}
	case "uc":
		if given && n >= 0 && n < 16 {
			r.cur.uc = n
		}
	case "u":
		r.unicode(uint16(n))
		r.eat = r.cur.uc
	case "ansicpg":
		if e := codepage(n); e != nil {
			r.code = e
		}
	case "mac":
		r.code = charmap.Macintosh
	case "fonttbl":
		r.cur.dest = "fonttbl"
	case "f":
		r.cur.font = n
	case "fcharset":
		if r.cur.dest == "fonttbl" && len(r.fonts) < 10_000 {
			if e := codepage(fontCharset[n]); e != nil {
				r.fonts[r.cur.font] = e
			}
		}
	case "stylesheet":
		r.cur.dest = "style"
	case "s":
		r.style = n
		if r.cur.dest == "" {
			r.level = r.styles[n]
		}
	case "outlinelevel":
		if r.cur.dest == "" && n >= 0 && n < 9 {
			r.level = n + 1
		}
	case "info":
		r.cur.dest = "info"
	case "title":
		if r.cur.dest == "info" {
			r.cur.dest = "title"
		}
	case "listtext", "pntext":
		r.cur.dest = "listtext"
	case "footnote":
		if !r.cur.skip && r.fnote == 0 && len(r.stack) > 0 {
			r.fnote = len(r.stack)
			r.saved = r.text.String()
			r.text.Reset()
		}
	case "pict":
		r.images++
		r.cur.skip = true
	case "object":
		r.object++
	case "chftn":
	case "pard":
		r.level, r.inTbl = 0, false
	case "intbl":
		r.inTbl = true
	case "par", "sect", "page":
		if r.fnote > 0 {
			r.put(' ')
			return nil
		}
		if !r.cur.skip && r.cur.dest == "" {
			if r.inTbl {
				r.put(' ')
				return nil
			}
			return r.paragraph()
		}
	case "line":
		r.put('\n')
	case "tab":
		r.put('\t')
	case "cell", "nestcell":
		if !r.cur.skip && r.cur.dest == "" {
			r.cells = append(r.cells, oneLine(r.mark.String()+r.text.String()))
			if len(r.cells) > r.limits.Columns {
				r.cells = r.cells[:r.limits.Columns]
			}
			r.text.Reset()
			r.mark.Reset()
		}
	case "row", "nestrow":
		if !r.cur.skip && r.cur.dest == "" {
			return r.tableRow()
		}
	case "emdash":
		r.put('—')
	case "endash":
		r.put('–')
	case "bullet":
		r.put('•')
	case "lquote":
		r.put('‘')
	case "rquote":
		r.put('’')
	case "ldblquote":
		r.put('“')
	case "rdblquote":
		r.put('”')
	case "emspace", "enspace", "qmspace":
		r.put(' ')
	case "deleted":
		if !given || n != 0 {
			r.cur.skip = true
			r.receipt.warn("deletions under change tracking were left out")
		}
	default:
		if rtfSkipped[w] {
			if strings.HasPrefix(w, "header") || strings.HasPrefix(w, "footer") {
				r.receipt.aside("page headers and footers", "", "they stand on every page", 1)
			}
			r.cur.skip = true
		}
	}
	return nil
}

func (r *rtf) unicode(u uint16) {
	switch c := rune(u); {
	case utf16.IsSurrogate(c) && c < 0xdc00:
		r.high = u
	case utf16.IsSurrogate(c):
		r.put(utf16.DecodeRune(rune(r.high), c))
		r.high = 0
	default:
		r.put(c)
	}
}

// paragraph ends a paragraph.
func (r *rtf) paragraph() error {
	if r.fnote > 0 {
		return nil
	}
	text := strings.TrimSpace(r.text.String())
	mark := strings.TrimSpace(r.mark.String())
	r.text.Reset()
	r.mark.Reset()
	if text == "" {
		return nil
	}
	if err := r.endTable(); err != nil {
		return err
	}
	switch {
	case r.level > 0:
		if mark != "" {
			text = mark + " " + text
		}
		return r.add(Heading, r.level, text)
	case mark != "":
		if len([]rune(mark)) == 1 && mark[0] >= 0x80 {
			mark = "•" // a letter of a symbol font
		}
		return r.add(ListItem, 0, mark+" "+text)
	}
	return r.add(Paragraph, 0, text)
}

func (r *rtf) tableRow() error {
	if len(r.cells) == 0 {
		return nil
	}
	if r.table == nil {
		t, err := r.beginTable("", false)
		if err != nil {
			return err
		}
		r.table, r.row = t, 0
	}
	r.row++
	cells := r.cells
	r.cells = nil
	return r.table.row(r.row, textCells(cells))
}

func (r *rtf) endTable() error {
	if len(r.cells) > 0 {
		if err := r.tableRow(); err != nil {
			return err
		}
	}
	if r.table == nil {
		return nil
	}
	t := r.table
	r.table = nil
	return t.end()
}

// fontCharset are the code pages of a font's \fcharset.
var fontCharset = map[int]int{128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 77: 10000}

// codepage is a code page of Windows.
func codepage(n int) encoding.Encoding {
	name := ""
	switch n {
	case 437:
		return charmap.CodePage437
	case 850:
		return charmap.CodePage850
	case 852:
		return charmap.CodePage852
	case 10000:
		return charmap.Macintosh
	case 932:
		name = "shift_jis"
	case 936:
		name = "gb18030"
	case 949:
		name = "euc-kr"
	case 950:
		name = "big5"
	case 65001:
		name = "utf-8"
	case 866, 874:
		name = map[int]string{866: "ibm866", 874: "windows-874"}[n]
	case 20127, 1252:
		return charmap.Windows1252
	default:
		if n >= 1250 && n <= 1258 {
			name = "windows-" + strconv.Itoa(n)
		} else if n > 28590 && n < 28606 {
			name = "iso-8859-" + strconv.Itoa(n-28590)
		}
	}
	if name == "" {
		return nil
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil
	}
	return e
}
