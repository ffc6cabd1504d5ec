package tokenizer

import (
	"encoding/hex"
	"strings"
	"unicode/utf8"
)

// makePieces works out what each token adds to a text: form makes it of the text
// of a normal token.
func makePieces(v *vocabulary, form func(string) string) []string {
	pieces := make([]string, len(v.texts))
	for id, text := range v.texts {
		switch a := v.attrs[id]; {
		case a&(attrUnknown|attrControl|attrUserDefined) != 0:
			pieces[id] = text
		case a&attrNormal != 0:
			pieces[id] = form(text)
		case a&attrByte != 0:
			pieces[id] = byteOf(text)
		}
		// Tokens marked as unused, and those of unknown type, add nothing.
	}
	return pieces
}

// Forms in which vocabularies write the text of a token, for makePieces.

func plainForm(text string) string { return text }

// markedForm has ▁ for a space.
func markedForm(text string) string { return strings.ReplaceAll(text, spaceMark, " ") }

// standInForm has stand-ins for bytes. It returns the bytes that a text of stand-ins means; a character
// that stands for no byte, which a well-made vocabulary does not have, is kept.
func standInForm(text string) string {
	if bytes, ok := fromStandIns(text); ok {
		return bytes
	}
	var b strings.Builder
	for i, n := 0, 0; i < len(text); i += n {
		var r rune
		r, n = utf8.DecodeRuneInString(text[i:])
		if int(r) < len(byteFor) && byteFor[r] >= 0 {
			b.WriteByte(byte(byteFor[r]))
		} else {
			b.WriteString(text[i : i+n])
		}
	}
	return b.String()
}

// byteOf returns the byte of a token text like <0x0A>, "" if it is not of that form.
func byteOf(text string) string {
	if len(text) < 5 {
		return ""
	}
	b, err := hex.DecodeString(text[3:5])
	if err != nil {
		return ""
	}
	return string(b)
}

// DecodeOptions say what Decode and a Decoder make of tokens.
type DecodeOptions struct {
	Special   bool // show control tokens and the unknown token; otherwise they add nothing
	Continues bool // the tokens continue a text: keep the space that begins the first
}

// Decode returns the text of tokens, always valid UTF-8: the concatenation of
// what a Decoder gives for them. Ids that are not in the vocabulary add nothing.
//
// It is the inverse of Encode for text that is valid UTF-8, except that
// SentencePiece vocabularies also put a space after each special token. Spaces
// are not tidied as some models' settings ask: what the model wrote stays.
func (t *Tokenizer) Decode(ids []int32, opt DecodeOptions) string {
	var b strings.Builder
	d := t.NewDecoder(opt)
	for _, id := range ids {
		b.WriteString(d.Push(id))
	}
	b.WriteString(d.Flush())
	return b.String()
}

// Decoder turns a stream of tokens into text. It holds back the bytes of a
// character until the character is complete.
type Decoder struct {
	t         *Tokenizer
	opt       DecodeOptions
	pending   []byte // the beginning of a character
	trimSpace bool   // the next piece loses the space that Encode has added
}

// NewDecoder returns a decoder for one stream of tokens.
func (t *Tokenizer) NewDecoder(opt DecodeOptions) *Decoder {
	return &Decoder{t: t, opt: opt, trimSpace: t.spacePrefix && !opt.Continues}
}

// Push adds a token and returns the text that is now certain, "" if none is.
// A byte that cannot be part of a character gives U+FFFD.
func (d *Decoder) Push(id int32) string {
	if !d.t.valid(id) || !d.opt.Special && d.t.vocab.attrs[id]&(attrControl|attrUnknown) != 0 {
		return ""
	}
	piece := d.t.pieces[id]
	if d.trimSpace && piece != "" {
		piece = strings.TrimPrefix(piece, " ")
		d.trimSpace = false
	}
	if len(d.pending) == 0 && utf8.ValidString(piece) {
		return piece
	}
	d.pending = append(d.pending, piece...)
	var b strings.Builder
	for len(d.pending) > 0 && utf8.FullRune(d.pending) {
		r, n := utf8.DecodeRune(d.pending)
		b.WriteRune(r)
		d.pending = d.pending[n:]
	}
	return b.String()
}

// Flush ends the stream: an incomplete character gives U+FFFD. The decoder can
// then begin a new stream.
func (d *Decoder) Flush() string {
	broken := len(d.pending) > 0
	d.pending = nil
	d.trimSpace = d.t.spacePrefix && !d.opt.Continues
	if broken {
		return "\uFFFD"
	}
	return ""
}
