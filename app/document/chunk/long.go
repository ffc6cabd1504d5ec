package chunk

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// parts cuts a block that is too long for one chunk: between sentences, else
// between words, else between characters.
func (s *Splitter) parts(x piece) []piece {
	most := s.sizes.Most - s.overheadAlone(x)
	most = max(most*9/10, 16) // tokens of parts do not add up exactly
	if s.plain(x.text) <= most {
		return []piece{x}
	}
	var all []piece
	for _, t := range s.cut(x.text, most, 0) {
		p := x
		p.text = t
		all = append(all, p)
	}
	place(s.page.Text[x.start:x.end], x.start, all)
	return all
}

func (s *Splitter) overheadAlone(x piece) int {
	kept := s.pieces
	s.pieces = nil
	n := s.overhead(x)
	s.pieces = kept
	return n
}

// seams are ways to cut a text, the kindest first: after a sentence, at a
// space, anywhere.
var seams = []func(text string) []string{sentences, strings.Fields, characters}

// cut makes parts of at most so many tokens, each as large as it can be.
func (s *Splitter) cut(text string, most, seam int) []string {
	var all []string
	var part strings.Builder
	tokens := 0
	space := " "
	if seam == len(seams)-1 {
		space = ""
	}
	end := func() {
		if part.Len() > 0 {
			all = append(all, part.String())
			part.Reset()
			tokens = 0
		}
	}
	for _, t := range seams[seam](text) {
		n := s.plain(t)
		if n > most && seam+1 < len(seams) {
			end()
			all = append(all, s.cut(t, most, seam+1)...)
			continue
		}
		if tokens+n > most {
			end()
		}
		if part.Len() > 0 {
			part.WriteString(space)
		}
		part.WriteString(t)
		tokens += n
	}
	end()
	return all
}

// sentences cuts behind full stops that a space or the end follows, and behind
// those of scripts that put no space.
func sentences(text string) []string {
	var all []string
	from := 0
	for i, r := range text {
		next := i + utf8.RuneLen(r)
		if next > len(text) { // a byte that is no rune
			next = i + 1
		}
		after, _ := utf8.DecodeRuneInString(text[next:])
		if strings.ContainsRune(".!?;\n", r) && (next == len(text) || unicode.IsSpace(after)) || strings.ContainsRune("。！？；", r) {
			if t := strings.TrimSpace(text[from:next]); t != "" {
				all = append(all, t)
			}
			from = next
		}
	}
	if t := strings.TrimSpace(text[from:]); t != "" {
		all = append(all, t)
	}
	return all
}

// characters are pieces of few characters, which no tokenizer makes many tokens of.
func characters(text string) []string {
	var all []string
	r := []rune(text)
	for len(r) > 0 {
		n := min(8, len(r))
		all = append(all, string(r[:n]))
		r = r[n:]
	}
	return all
}

// place finds where parts of a block stand in its page's text, which has the
// breaks of the layout: characters that are not white space are counted, and
// hyphens at the end of a line may be missing from the parts.
func place(raw string, start int, parts []piece) {
	at := 0
	for i := range parts {
		_, end := Locate(raw[at:], parts[i].text)
		parts[i].start = start + at
		if end < 0 || i == len(parts)-1 {
			end = len(raw) - at
		}
		parts[i].end = start + at + end
		at += end
	}
}

// Locate finds text in raw, which may have other white space, and hyphens and
// marks of the layout that text has not. It returns bytes of raw, or -1, -1.
func Locate(raw, text string) (start, end int) {
	bare, places := strip(raw)
	wanted, _ := strip(text)
	if wanted == "" {
		return -1, -1
	}
	i := strings.Index(bare, wanted)
	if i < 0 {
		return -1, -1
	}
	last := i + len(wanted) - 1
	end = places[last] + 1
	for end < len(raw) && !utf8.RuneStart(raw[end]) {
		end++
	}
	return places[i], end
}

// strip takes white space, hyphens and invisible marks away and tells where
// each remaining byte stood.
func strip(text string) (bare string, places []int) {
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsSpace(r) && r != '-' && r != '\u00ad' && r != '\u2010' && r != '\u200b' && r != '\ufeff' {
			for k := range n {
				b.WriteByte(text[i+k])
				places = append(places, i+k)
			}
		}
		i += n
	}
	return b.String(), places
}
