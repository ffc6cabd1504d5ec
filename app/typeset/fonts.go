package typeset

import (
	"unicode"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// face is a font in a style, as the PDF calls them.
type face struct{ family, style string }

const (
	prose = "go"
	mono  = "gomono"
)

const noGlyph = '□'

// fonts finds for each letter a font that has it.
type fonts struct {
	pdf     *fpdf.Fpdf
	faces   map[face]*sfnt.Font
	others  []*other // of this machine
	missing int
	buffer  sfnt.Buffer
}

// other is a font of this machine, for letters that the program's own lack.
type other struct {
	family string
	font   *sfnt.Font
	data   []byte
}

func newFonts(f *fpdf.Fpdf) *fonts {
	x := &fonts{pdf: f, faces: map[face]*sfnt.Font{}}
	for _, own := range []struct {
		face
		data []byte
	}{
		{face{prose, ""}, goregular.TTF}, {face{prose, "B"}, gobold.TTF}, {face{prose, "I"}, goitalic.TTF}, {face{prose, "BI"}, gobolditalic.TTF},
		{face{mono, ""}, gomono.TTF}, {face{mono, "B"}, gomonobold.TTF},
	} {
		f.AddUTF8FontFromBytes(own.family, own.style, own.data)
		if font, err := sfnt.Parse(own.data); err == nil {
			x.faces[own.face] = font
		}
	}
	return x
}

// cover looks for fonts of this machine that have what the program's own lack.
func (x *fonts) cover(text string) {
	lacking := map[rune]bool{}
	for _, r := range text {
		if !x.own(r) {
			lacking[r] = true
		}
	}
	x.others = installed(lacking)
	for _, o := range x.others {
		x.pdf.AddUTF8FontFromBytes(o.family, "", o.data)
		x.faces[face{o.family, ""}] = o.font
	}
}

// own tells whether the program's own font has a letter, or nothing needs to be
// drawn for it.
func (x *fonts) own(r rune) bool {
	return !unicode.IsGraphic(r) || unicode.IsSpace(r) || unicode.Is(unicode.Mn, r) || x.has(face{prose, ""}, r)
}

func (x *fonts) has(f face, r rune) bool {
	font := x.faces[f]
	if font == nil || r > 0xffff { // what lies beyond cannot be written
		return false
	}
	g, err := font.GlyphIndex(&x.buffer, r)
	return err == nil && g != 0
}

// piece is text in one face.
type piece struct {
	face face
	text string
}

// pieces parts text into what each font has. Signs that are not drawn are left
// out, letters that no font has are counted and become boxes.
func (x *fonts) pieces(f face, text string) []piece {
	var all []piece
	var now face
	var b []byte
	flush := func() {
		if len(b) > 0 {
			all = append(all, piece{now, string(b)})
			b = b[:0]
		}
	}
	put := func(f face, r rune) {
		if f != now {
			flush()
			now = f
		}
		b = utf8.AppendRune(b, r)
	}
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			put(f, ' ')
		case !unicode.IsGraphic(r):
		case x.has(f, r):
			put(f, r)
		case x.has(face{prose, f.style}, r):
			put(face{prose, f.style}, r)
		default:
			found := false
			for _, o := range x.others {
				if of := (face{o.family, ""}); x.has(of, r) {
					put(of, r)
					found = true
					break
				}
			}
			if !found && !unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Variation_Selector, r) {
				x.missing++
				put(face{prose, ""}, noGlyph)
			}
		}
	}
	flush()
	return all
}
