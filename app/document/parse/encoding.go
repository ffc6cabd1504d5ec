package parse

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/saintfish/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// decodeText makes UTF-8 of text in any encoding and names the encoding. declared
// is what the file says of itself, if it does.
func decodeText(b []byte, declared string) (text, name string) {
	switch {
	case bytes.HasPrefix(b, []byte{0xef, 0xbb, 0xbf}):
		return strings.ToValidUTF8(string(b[3:]), "\ufffd"), "utf-8"
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		return decodeUTF16(b, unicode.LittleEndian, unicode.UseBOM)
	}
	if order, ok := utf16Order(b); ok {
		return decodeUTF16(b, order, unicode.IgnoreBOM)
	}
	if validUTF8(b) && !escaped2022(b) {
		return strings.ToValidUTF8(string(b), "\ufffd"), "utf-8"
	}
	if declared != "" {
		if s, n, ok := decodeNamed(b, declared); ok && n != "utf-8" {
			return s, n
		}
	}
	sample := b[:min(len(b), 256<<10)]
	if all, err := chardet.NewTextDetector().DetectAll(sample); err == nil {
		for _, r := range all {
			if r.Confidence < 20 {
				break
			}
			if s, n, ok := decodeNamed(b, r.Charset); ok && n != "utf-8" && strings.Count(s, "\ufffd")*50 <= len(s) {
				return s, n
			}
		}
	}
	s, _ := charmap.Windows1252.NewDecoder().Bytes(b)
	return string(s), "windows-1252"
}

// escaped2022 tells of ISO-2022, which writes Japanese in ASCII and escapes.
func escaped2022(b []byte) bool {
	b = b[:min(len(b), 64<<10)]
	return bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@"))
}

// validUTF8 allows for a character cut off at the end.
func validUTF8(b []byte) bool {
	for i := range min(4, len(b)+1) {
		if utf8.Valid(b[:len(b)-i]) {
			return true
		}
	}
	return false
}

func decodeUTF16(b []byte, order unicode.Endianness, bom unicode.BOMPolicy) (string, string) {
	s, _ := unicode.UTF16(order, bom).NewDecoder().Bytes(b)
	return string(s), "utf-16"
}

// utf16Order recognises UTF-16 without a mark: text of which every second byte
// is mostly zero, as it is in most languages' spaces and punctuation.
func utf16Order(b []byte) (unicode.Endianness, bool) {
	b = b[:min(len(b), 4096)&^1]
	if len(b) < 8 {
		return unicode.LittleEndian, false
	}
	var zero [2]int
	for i, c := range b {
		if c == 0 {
			zero[i&1]++
		}
	}
	half := len(b) / 2
	order, high := unicode.LittleEndian, 1
	if zero[0] > zero[1] {
		order, high = unicode.BigEndian, 0
	}
	if zero[high]*10 < half*4 || zero[1-high]*20 >= half {
		return order, false
	}
	controls := 0
	for i := 0; i < len(b); i += 2 {
		if c := b[i+1-high]; b[i+high] == 0 && (c < 0x20 && c != '\n' && c != '\r' && c != '\t' || c >= 0x7f && c < 0xa0) {
			controls++
		}
	}
	return order, controls*50 < half
}

func decodeNamed(b []byte, charset string) (string, string, bool) {
	e, name := encodingNamed(charset)
	if e == nil {
		return "", "", false
	}
	s, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return "", "", false
	}
	return string(s), name, true
}

// encodingNamed finds an encoding; ISO-8859-1 means Windows-1252, its superset, as
// in browsers.
func encodingNamed(charset string) (encoding.Encoding, string) {
	charset = strings.ToLower(strings.TrimSpace(charset))
	charset = strings.TrimSuffix(charset, "-i") // ISO-8859-8-I of chardet
	e, err := htmlindex.Get(charset)
	if err != nil {
		if e, err = htmlindex.Get(strings.ReplaceAll(charset, "-", "")); err != nil {
			return nil, ""
		}
	}
	name, err := htmlindex.Name(e)
	if err != nil {
		return nil, ""
	}
	if name == "utf-16le" || name == "utf-16be" || name == "replacement" {
		return nil, ""
	}
	return e, name
}

// notText tells whether bytes are no text in any encoding.
func notText(b []byte) bool {
	b = b[:min(len(b), 8192)]
	if len(b) == 0 || bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		return false
	}
	if _, ok := utf16Order(b); ok {
		return false
	}
	odd := 0
	for _, c := range b {
		if c == 0 {
			odd += 10
		} else if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b {
			odd++
		}
	}
	return odd*20 > len(b)
}
