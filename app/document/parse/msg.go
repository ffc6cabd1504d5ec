package parse

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/richardlehane/mscfb"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// Properties of a message, as MS-OXPROPS numbers them.
const (
	msgSubject    = "0037"
	msgSender     = "0C1A"
	msgSenderMail = "0C1F"
	msgTo         = "0E04"
	msgCc         = "0E03"
	msgBody       = "1000"
	msgHTML       = "1013"
	msgRTF        = "1009"
	msgFileName   = "3707"
	msgShortName  = "3704"
)

// parseMSG reads a message as Outlook saves it.
func parseMSG(s *source) error {
	r, err := mscfb.New(bytes.NewReader(s.data))
	if err != nil {
		return problem(Damaged, "its compound file is damaged (%v)", err)
	}
	values := map[string]string{} // of the message itself
	var html, rtfBody []byte
	var attached []string
	var sent time.Time
	code := 1252
	raw := map[string][]byte{}
	for n := 0; n < 100_000; n++ {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.receipt.skip("the rest of the message", "", err.Error())
			s.receipt.Problem = Damaged
			break
		}
		top := ""
		if len(e.Path) > 0 {
			top = e.Path[0]
		}
		if top == "" && strings.HasPrefix(e.Name, "__properties_version1") {
			b := s.stream(e)
			sent, code = msgProperties(b, code)
			continue
		}
		id, ok := strings.CutPrefix(e.Name, "__substg1.0_")
		if !ok || len(id) < 8 {
			continue
		}
		id, kind := strings.ToUpper(id[:4]), strings.ToUpper(id[4:8])
		switch {
		case strings.HasPrefix(top, "__attach") && len(e.Path) == 1:
			if id == msgFileName || id == msgShortName && kind != "" {
				name := msgText(s.stream(e), kind, code)
				if id == msgFileName || len(attached) == 0 || attached[len(attached)-1] != name {
					attached = append(attached, name)
				}
			}
		case top != "":
		case id == msgHTML:
			html = s.stream(e)
		case id == msgRTF:
			rtfBody = s.stream(e)
		case kind == "001F" || kind == "001E":
			raw[id+kind] = s.stream(e)
		}
	}
	for k, b := range raw { // after the code page is known
		values[k[:4]] = msgText(b, k[4:], code)
	}
	return s.message(values, html, rtfBody, attached, sent)
}

func (s *source) message(values map[string]string, html, rtfBody []byte, attached []string, sent time.Time) error {
	s.unit("part", 0)
	s.doc.Title = clip(oneLine(clean(values[msgSubject])), 500)
	from := values[msgSender]
	if m := values[msgSenderMail]; m != "" && m != from && strings.Contains(m, "@") {
		from = strings.TrimSpace(from + " <" + m + ">")
	}
	s.doc.Author = clip(oneLine(clean(from)), 500)
	date := ""
	if !sent.IsZero() {
		date = sent.UTC().Format(time.RFC3339)
	}
	for _, f := range [][2]string{{"From", from}, {"To", values[msgTo]}, {"Cc", values[msgCc]}, {"Date", date}, {"Subject", values[msgSubject]}} {
		if v := oneLine(clean(f[1])); v != "" {
			if err := s.add(Field, 0, f[0]+": "+clip(v, 4000)); err != nil {
				return err
			}
		}
	}
	for _, a := range attached {
		s.receipt.skip("attachments", clip(oneLine(clean(a)), 200), "save them and add them as files")
	}
	body := strings.ReplaceAll(values[msgBody], "\r\n", "\n")
	switch {
	case strings.TrimSpace(body) != "":
		for body != "" {
			var block string
			block, body = nextParagraph(body)
			if err := s.add(Paragraph, 0, block); err != nil {
				return err
			}
		}
	case len(html) > 0:
		text, _ := decodeText(html[:min(len(html), htmlMost)], "")
		return (&htmlReader{source: s}).document(text)
	case len(rtfBody) > 0:
		b, err := expandRTF(rtfBody)
		if err != nil {
			s.receipt.skip("the message's text", "", err.Error())
			s.receipt.Problem = Damaged
			return nil
		}
		in := *s
		in.data = b
		return parseRTF(&in)
	}
	return nil
}

// stream reads a stream of the compound file.
func (s *source) stream(e *mscfb.File) []byte {
	b, err := io.ReadAll(io.LimitReader(e, int64(len(s.data))))
	if err != nil && len(b) == 0 {
		s.receipt.skip("parts of the message", e.Name, err.Error())
	}
	return b
}

func msgText(b []byte, kind string, code int) string {
	if kind == "001F" {
		t, _ := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Bytes(b)
		return strings.TrimRight(string(t), "\x00")
	}
	e := codepage(code)
	if e == nil {
		e = charmap.Windows1252
	}
	t, _ := e.NewDecoder().Bytes(b)
	return strings.TrimRight(string(t), "\x00")
}

// msgProperties takes the time of sending and the code page from the properties
// of fixed length: 32 bytes, then 16 each.
func msgProperties(b []byte, code int) (time.Time, int) {
	var sent time.Time
	for i := 32; i+16 <= len(b); i += 16 {
		tag := binary.LittleEndian.Uint32(b[i:])
		value := binary.LittleEndian.Uint64(b[i+8:])
		switch tag {
		case 0x00390040, 0x0E060040: // submitted, delivered
			if value > 116444736000000000 && value < 1<<62 && (sent.IsZero() || tag == 0x00390040) {
				sent = time.Unix(0, 0).Add(time.Duration(value-116444736000000000) * 100)
			}
		case 0x3FFD0003: // code page of texts
			code = int(uint32(value))
		}
	}
	return sent, code
}

// expandRTF undoes the compression that MS-OXRTFCP describes.
func expandRTF(b []byte) ([]byte, error) {
	if len(b) < 16 {
		return nil, problem(Damaged, "its text is cut off")
	}
	size := binary.LittleEndian.Uint32(b[4:])
	kind := binary.LittleEndian.Uint32(b[8:])
	if size > 64<<20 {
		return nil, problem(TooLarge, "its text is larger than 64 MB")
	}
	in := b[16:]
	switch kind {
	case 0x414c454d: // MELA: not compressed
		return in[:min(int(size), len(in))], nil
	case 0x75465a4c: // LZFu
	default:
		return nil, problem(Damaged, "its text is compressed in an unknown way (%s)", strconv.FormatUint(uint64(kind), 16))
	}
	var window [4096]byte
	at := copy(window[:], rtfPreset)
	out := make([]byte, 0, min(int(size), 16*len(in)))
	for i := 0; i < len(in); {
		control := in[i]
		i++
		for bit := 0; bit < 8 && i < len(in); bit++ {
			if control&(1<<bit) == 0 {
				out = append(out, in[i])
				window[at] = in[i]
				at = (at + 1) & 4095
				i++
			} else {
				if i+1 >= len(in) {
					return out, nil
				}
				ref := int(in[i])<<8 | int(in[i+1])
				i += 2
				from, n := ref>>4, ref&15+2
				if from == at {
					return out, nil // the end
				}
				for range n {
					c := window[from]
					out = append(out, c)
					window[at] = c
					at, from = (at+1)&4095, (from+1)&4095
				}
			}
			if len(out) > int(size)+64 {
				return out, nil
			}
		}
	}
	return out, nil
}

// rtfPreset is what the window of the compression begins with.
const rtfPreset = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` + "\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`
