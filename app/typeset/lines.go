package typeset

import (
	"unicode"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"
)

const ( // points
	left, right = 64.0, 595.28 - 64
	top, bottom = 64.0, 841.89 - 72
	body        = 10.5
	leading     = 1.42 // of the size
)

type colour struct{ r, g, b int }

var (
	ink   = colour{28, 32, 30}
	soft  = colour{92, 100, 96}
	green = colour{31, 92, 66}
	paper = colour{243, 245, 241}
	rule  = colour{206, 212, 205}
)

// run is text in one manner.
type run struct {
	text   string
	face   face
	size   float64
	colour colour
	link   string
	broken bool // a line ends behind it
}

// atom is what is not parted at the end of a line, and the space behind it.
type atom struct {
	run    run
	pieces []piece
	width  float64
	space  float64
	broken bool
}

// sheet sets text downwards, on as many pages as it takes.
type sheet struct {
	pdf    *fpdf.Fpdf
	fonts  *fonts
	footer string
	source []byte
	y      float64
	quotes []float64 // where the rules of the quotations stand that text is within
}

func (s *sheet) page() {
	s.pdf.AddPage()
	n := []run{{text: s.footer, face: face{prose, ""}, size: 8, colour: soft}}
	s.put(s.fit(s.atoms(n), right-left-40), left, bottom+34)
	number := s.atoms([]run{{text: itoa(s.pdf.PageNo()), face: face{prose, ""}, size: 8, colour: soft}})
	s.put(number, right-widthOf(number), bottom+34)
	s.y = top
}

// room begins a new page unless so much is left of this one.
func (s *sheet) room(height float64) {
	if s.y+height > bottom && s.y > top {
		s.page()
	}
}

// gap leaves white between blocks, none at the head of a page.
func (s *sheet) gap(height float64) {
	if s.y > top {
		s.down(height)
	}
}

// down goes on below, drawing the rules of quotations.
func (s *sheet) down(height float64) {
	for _, x := range s.quotes {
		s.pdf.SetFillColor(rule.r, rule.g, rule.b)
		s.pdf.Rect(x, s.y, 2, min(height, bottom-s.y), "F")
	}
	s.y += height
}

// atoms parts runs into what a line may hold: words, and single letters of
// scripts that are written without spaces.
func (s *sheet) atoms(runs []run) []atom {
	var all []atom
	for _, r := range runs {
		var word []byte
		flush := func() {
			if len(word) > 0 {
				all = append(all, s.atom(r, string(word)))
				word = word[:0]
			}
		}
		for _, c := range r.text {
			switch {
			case c == '\u00a0':
				word = append(word, ' ')
			case unicode.IsSpace(c):
				flush()
				if n := len(all); n > 0 {
					all[n-1].space = s.width(r, []piece{{r.face, " "}})
				}
			case unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana):
				flush()
				word = utf8.AppendRune(word, c)
				flush()
			case unicode.In(c, unicode.Po, unicode.Pe, unicode.Pf) && len(word) == 0 && len(all) > 0 && all[len(all)-1].space == 0 && !all[len(all)-1].broken:
				// A point never begins a line.
				last := &all[len(all)-1]
				more := s.atom(r, string(c))
				if last.run.face == r.face && last.run.link == r.link {
					last.pieces = append(last.pieces, more.pieces...)
					last.width += more.width
				} else {
					all = append(all, more)
				}
			default:
				word = utf8.AppendRune(word, c)
			}
		}
		flush()
		if n := len(all); r.broken && n > 0 {
			all[n-1].broken = true
		}
	}
	return all
}

func (s *sheet) atom(r run, text string) atom {
	p := s.fonts.pieces(r.face, text)
	return atom{run: r, pieces: p, width: s.width(r, p)}
}

func (s *sheet) width(r run, pieces []piece) float64 {
	w := 0.0
	for _, p := range pieces {
		s.pdf.SetFont(p.face.family, p.face.style, r.size)
		w += s.pdf.GetStringWidth(p.text)
	}
	return w
}

func widthOf(line []atom) float64 {
	w := 0.0
	for i, a := range line {
		w += a.width
		if i < len(line)-1 {
			w += a.space
		}
	}
	return w
}

// fit returns as many atoms as a width holds.
func (s *sheet) fit(atoms []atom, width float64) []atom {
	w := 0.0
	for i, a := range atoms {
		if w += a.width; w > width {
			return atoms[:i]
		}
		w += a.space
	}
	return atoms
}

// lines parts atoms into lines of a width; an atom that is wider is cut.
func (s *sheet) lines(atoms []atom, width float64) [][]atom {
	var all [][]atom
	var line []atom
	w := 0.0
	end := func() {
		all = append(all, line)
		line, w = nil, 0
	}
	for i := 0; i < len(atoms); i++ {
		a := atoms[i]
		// What stands together without a space goes to the next line together.
		whole := a.width
		for k := i; whole <= width && k+1 < len(atoms) && atoms[k].space == 0 && !atoms[k].broken && !wide(atoms[k]) && !wide(atoms[k+1]); k++ {
			whole += atoms[k+1].width
		}
		glued := i > 0 && atoms[i-1].space == 0 && !wide(atoms[i-1]) && !wide(a) && len(line) > 0
		if len(line) > 0 && !glued && w+whole > width && (w > 0 || whole <= width) || len(line) > 0 && w+a.width > width {
			end()
		}
		for a.width > width {
			head, tail := s.cut(a, width)
			if len(tail.pieces) == 0 {
				break
			}
			line = append(line, head)
			end()
			a = tail
		}
		line = append(line, a)
		w += a.width + a.space
		if a.broken {
			end()
		}
	}
	if len(line) > 0 {
		end()
	}
	return all
}

// wide tells letters of scripts that are written without spaces.
func wide(a atom) bool {
	for _, p := range a.pieces {
		for _, r := range p.text {
			return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
		}
	}
	return false
}

// cut parts an atom so that its head fits a width.
func (s *sheet) cut(a atom, width float64) (head, tail atom) {
	head, tail = atom{run: a.run}, atom{run: a.run, space: a.space, broken: a.broken}
	for k, p := range a.pieces {
		s.pdf.SetFont(p.face.family, p.face.style, a.run.size)
		for i, r := range p.text {
			w := s.pdf.GetStringWidth(string(r))
			if head.width+w <= width || head.width == 0 {
				head.width += w
				continue
			}
			if i > 0 {
				head.pieces = append(head.pieces, piece{p.face, p.text[:i]})
			}
			tail.pieces = append([]piece{{p.face, p.text[i:]}}, a.pieces[k+1:]...)
			tail.width = a.width - head.width
			return head, tail
		}
		head.pieces = append(head.pieces, p)
	}
	return head, tail
}

// put draws a line with its base at y.
func (s *sheet) put(line []atom, x, y float64) {
	for _, a := range line {
		s.pdf.SetTextColor(a.run.colour.r, a.run.colour.g, a.run.colour.b)
		from := x
		for _, p := range a.pieces {
			s.pdf.SetFont(p.face.family, p.face.style, a.run.size)
			s.pdf.Text(x, y, p.text)
			x += s.pdf.GetStringWidth(p.text)
		}
		if a.run.link != "" {
			s.pdf.SetDrawColor(a.run.colour.r, a.run.colour.g, a.run.colour.b)
			s.pdf.SetLineWidth(0.4)
			s.pdf.Line(from, y+1.6, x, y+1.6)
			s.pdf.LinkString(from, y-a.run.size, x-from, a.run.size*1.3, a.run.link)
		}
		x += a.space
	}
}
