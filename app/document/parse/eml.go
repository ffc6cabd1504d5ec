package parse

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mail is written in any encoding
	"github.com/emersion/go-message/mail"
)

// parseEML reads a message: header, text and the names of what is attached.
func parseEML(s *source) error {
	data := s.data
	if i := bytes.IndexByte(data, '\n'); bytes.HasPrefix(data, []byte("From ")) && i > 0 {
		data = data[i+1:] // of a mailbox
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	m, err := message.Read(bytes.NewReader(data))
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return problem(Damaged, "its header cannot be read (%v)", err)
	}
	s.unit("part", 0)
	if err := s.mailHeader(mail.Header{Header: m.Header}); err != nil {
		return err
	}
	e := &emlReader{source: s}
	if err := e.part(m, 0); err != nil {
		return err
	}
	return nil
}

func (s *source) mailHeader(h mail.Header) error {
	subject, err := h.Subject()
	if err != nil {
		subject = h.Get("Subject")
	}
	s.doc.Title = clip(oneLine(clean(subject)), 500)
	for _, key := range []string{"From", "To", "Cc", "Date", "Subject"} {
		v, err := h.Text(key)
		if err != nil {
			v = h.Get(key)
		}
		v = clip(oneLine(clean(v)), 4000)
		if key == "From" {
			s.doc.Author = clip(v, 500)
		}
		if v == "" {
			continue
		}
		if err := s.add(Field, 0, key+": "+v); err != nil {
			return err
		}
	}
	return nil
}

type emlReader struct {
	*source
	parts int
}

// part reads a part of a message and what is within it.
func (e *emlReader) part(m *message.Entity, depth int) error {
	if err := e.ctx.Err(); err != nil {
		return err
	}
	if e.parts++; depth > 20 || e.parts > 2000 {
		return e.cut("further parts of the message", "it has too many")
	}
	kind, params, err := m.Header.ContentType()
	if err != nil || kind == "" {
		kind = "text/plain"
	}
	disposition, dparams, _ := m.Header.ContentDisposition()
	name := dparams["filename"]
	if name == "" {
		name = params["name"]
	}
	if r := m.MultipartReader(); r != nil {
		return e.multipart(r, kind, depth)
	}
	switch {
	case kind == "message/rfc822" && disposition != "attachment":
		in, err := message.Read(m.Body)
		if in == nil {
			e.receipt.skip("an enclosed message", name, err.Error())
			return nil
		}
		if err := e.mailHeader(mail.Header{Header: in.Header}); err != nil {
			return err
		}
		return e.part(in, depth+1)
	case disposition == "attachment" || !strings.HasPrefix(kind, "text/"):
		e.attachment(m, name, kind)
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(m.Body, htmlMost+1))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		e.receipt.skip("the rest of a part", name, err.Error())
	}
	if len(b) > htmlMost {
		e.receipt.skip("what follows the first 48 MB of a part", name, "longer parts are not read in full")
		b = b[:htmlMost]
	}
	text, encoding := decodeText(b, params["charset"])
	if c := params["charset"]; c != "" {
		encoding = strings.ToLower(c)
	}
	e.receipt.Encoding = encoding
	if kind == "text/html" {
		return (&htmlReader{source: e.source}).document(text)
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for text != "" {
		var block string
		block, text = nextParagraph(text)
		if err := e.add(Paragraph, 0, block); err != nil {
			return err
		}
	}
	return nil
}

// multipart reads the parts; of alternatives the plain text, or else the first
// that has text.
func (e *emlReader) multipart(r message.MultipartReader, kind string, depth int) error {
	alternative := kind == "multipart/alternative"
	var html []byte
	var header message.Header
	plain := false
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && p == nil {
			e.receipt.skip("the rest of the message", "", "its parts are damaged ("+err.Error()+")")
			break
		}
		k, _, _ := p.Header.ContentType()
		if alternative && k == "text/html" {
			header = p.Header
			html, _ = io.ReadAll(io.LimitReader(p.Body, htmlMost))
			continue
		}
		before := e.receipt.Characters + e.text.Len()
		if err := e.part(p, depth+1); err != nil {
			return err
		}
		plain = plain || e.receipt.Characters+e.text.Len() > before
	}
	if html == nil || plain {
		return nil
	}
	header.Del("Content-Transfer-Encoding") // it is decoded
	m, err := message.New(header, bytes.NewReader(html))
	if m == nil {
		return problem(Damaged, "%v", err)
	}
	return e.part(m, depth+1)
}

func (e *emlReader) attachment(m *message.Entity, name, kind string) {
	n, _ := io.Copy(io.Discard, io.LimitReader(m.Body, e.limits.Bytes))
	if name == "" {
		name = kind
	}
	if strings.HasPrefix(kind, "image/") {
		e.receipt.Images++
	}
	e.receipt.skip("attachments", clip(oneLine(clean(name)), 200)+" ("+byteCount(n)+")", "save them and add them as files")
}

func byteCount(n int64) string {
	switch {
	case n >= 1<<20:
		return itoa(int(n>>20)) + " MB"
	case n >= 1<<10:
		return itoa(int(n>>10)) + " kB"
	}
	return itoa(int(n)) + " B"
}
