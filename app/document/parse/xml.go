package parse

import (
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

type (
	startElement = xml.StartElement
	endElement   = xml.EndElement
	charData     = xml.CharData
)

// xmlReader reads XML element by element. Entities of a document type are never
// expanded, external ones never fetched; depth and the length of one token are
// bounded.
type xmlReader struct {
	d        *xml.Decoder
	c        io.Closer
	name     string
	depth    int
	maxDepth int
}

// longestToken bounds the bytes between one < and the next.
const longestToken = 16 << 20

func newXML(r io.ReadCloser, maxDepth int, name string) *xmlReader {
	in := bufio.NewReaderSize(&tokenGuard{r: r}, 64<<10)
	var src io.Reader = in
	if head, _ := in.Peek(2); len(head) == 2 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff) {
		src = transform.NewReader(in, unicode.BOMOverride(unicode.UTF8.NewDecoder()))
	}
	d := xml.NewDecoder(src)
	d.Strict = false // what can be read is read
	d.CharsetReader = func(charset string, in io.Reader) (io.Reader, error) {
		if strings.HasPrefix(strings.ToLower(charset), "utf-16") {
			return in, nil // turned into UTF-8 already
		}
		e, err := htmlindex.Get(charset)
		if err != nil {
			return nil, err
		}
		return e.NewDecoder().Reader(in), nil
	}
	return &xmlReader{d: d, c: r, name: name, maxDepth: maxDepth}
}

func (x *xmlReader) close() { x.c.Close() }

// next returns the next element's start or end, or text; io.EOF at the end. It
// is valid until the next call.
func (x *xmlReader) next() (xml.Token, error) {
	for {
		t, err := x.d.RawToken()
		if err != nil {
			var p *Error
			switch {
			case errors.Is(err, io.EOF) && x.depth > 0:
				return nil, problem(Damaged, "its part %s is cut off", x.name)
			case errors.Is(err, io.EOF) || errors.As(err, &p):
				return nil, err
			}
			return nil, problem(Damaged, "its part %s is damaged (%v)", x.name, err)
		}
		switch t.(type) {
		case startElement:
			if x.depth++; x.depth > x.maxDepth {
				return nil, problem(TooLarge, "its part %s is nested deeper than %d", x.name, x.maxDepth)
			}
			return t, nil
		case endElement:
			x.depth--
			return t, nil
		case charData:
			return t, nil
		}
	}
}

// skip passes over the element whose start has just been read.
func (x *xmlReader) skip() error {
	for depth := x.depth; ; {
		if _, err := x.next(); err != nil {
			return err
		}
		if x.depth < depth {
			return nil
		}
	}
}

// text returns the text within the element whose start has just been read.
func (x *xmlReader) text() (string, error) {
	var s strings.Builder
	for depth := x.depth; ; {
		t, err := x.next()
		if err != nil {
			return s.String(), err
		}
		if c, ok := t.(charData); ok {
			s.Write(c)
		}
		if x.depth < depth {
			return s.String(), nil
		}
	}
}

// tokenGuard ends a stream in which a token is too long to hold.
type tokenGuard struct {
	r   io.Reader
	run int
}

func (g *tokenGuard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	last := -1
	for i, c := range p[:n] {
		if c == '<' {
			g.run, last = 0, i
		}
	}
	g.run += n - last - 1
	if g.run > longestToken {
		return n, problem(TooLarge, "it holds a text or a tag longer than %d MB", longestToken>>20)
	}
	return n, err
}

func attr(e startElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// attrNS returns the attribute with that prefix: r:id is not id.
func attrNS(e startElement, prefix, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local && a.Name.Space == prefix {
			return a.Value
		}
	}
	return ""
}
