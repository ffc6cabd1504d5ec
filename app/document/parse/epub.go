package parse

import (
	"errors"
	"io"
	"net/url"
	"path"
	"strings"
)

// parseEPUB reads a book's chapters in their order.
func parseEPUB(s *source) error {
	a, err := openArchive(s.data, s.limits, s.receipt)
	if err != nil {
		return err
	}
	pkg, err := epubPackage(a)
	if err != nil {
		return err
	}
	chapters, images, err := s.spine(a, pkg)
	if err != nil {
		return err
	}
	if len(chapters) == 0 {
		return problem(NoContent, "it has no chapters")
	}
	locked := epubLocked(a)
	s.unit("chapter", len(chapters))
	for i, name := range chapters {
		if locked[name] {
			s.receipt.skip("chapters", itoa(i+1), "they are protected (DRM)")
			s.receipt.Problem = Password
			continue
		}
		b, err := a.read(name, htmlMost)
		if err != nil {
			if fatal(err) {
				return err
			}
			s.receipt.skip("chapters", itoa(i+1), err.Error())
			s.receipt.Problem = problemOf(err)
			continue
		}
		if err := s.beginPage(""); err != nil {
			return err
		}
		declared := ""
		if m := xmlEncoding.FindSubmatch(b[:min(len(b), 200)]); m != nil {
			declared = string(m[1])
		}
		text, _ := decodeText(b, declared)
		s.path = nil
		if err := (&htmlReader{source: s}).document(text); err != nil {
			var p *Error
			if errors.Is(err, errCut) || !errors.As(err, &p) {
				return err
			}
			s.receipt.skip("chapters", itoa(i+1), err.Error())
		}
		for _, b := range s.page.Blocks {
			if b.Kind == Heading {
				s.page.Label = clip(oneLine(b.Text), 300)
				break
			}
		}
	}
	if err := s.endPage(); err != nil {
		return err
	}
	s.receipt.Images = images
	s.receipt.aside("images", "", "text within images is not recognised here", images)
	return nil
}

// epubPackage finds the file that describes the book.
func epubPackage(a *archive) (string, error) {
	if x, err := a.xml("META-INF/container.xml"); err == nil {
		defer x.close()
		for {
			t, err := x.next()
			if err != nil {
				break
			}
			if e, ok := t.(startElement); ok && e.Name.Local == "rootfile" {
				if p := path.Clean(attr(e, "full-path")); a.has(p) {
					return p, nil
				}
			}
		}
	}
	for _, n := range a.names {
		if strings.HasSuffix(n, ".opf") {
			return n, nil
		}
	}
	return "", problem(Damaged, "the description of the book is missing")
}

func (s *source) spine(a *archive, pkg string) (chapters []string, images int, err error) {
	x, err := a.xml(pkg)
	if err != nil {
		return nil, 0, err
	}
	defer x.close()
	items := map[string]string{}
	for {
		t, err := x.next()
		if errors.Is(err, io.EOF) {
			return chapters, images, nil
		}
		if err != nil {
			return chapters, images, err
		}
		e, ok := t.(startElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "title", "creator", "language":
			text, err := x.text()
			if err != nil {
				return chapters, images, err
			}
			text = clip(oneLine(clean(text)), 500)
			into := map[string]*string{"title": &s.doc.Title, "creator": &s.doc.Author, "language": &s.doc.Language}[e.Name.Local]
			if *into == "" {
				*into = text
			}
		case "item":
			href, err := url.PathUnescape(attr(e, "href"))
			if err != nil {
				href = attr(e, "href")
			}
			href, _, _ = strings.Cut(href, "#")
			if strings.HasPrefix(attr(e, "media-type"), "image/") {
				images++
			}
			if len(items) < 100_000 {
				items[attr(e, "id")] = path.Join(path.Dir(pkg), href)
			}
		case "itemref":
			if name := items[attr(e, "idref")]; name != "" && len(chapters) < s.limits.Pages {
				chapters = append(chapters, name)
			}
		}
	}
}

// epubLocked are the entries that are encrypted.
func epubLocked(a *archive) map[string]bool {
	locked := map[string]bool{}
	x, err := a.xml("META-INF/encryption.xml")
	if err != nil {
		return locked
	}
	defer x.close()
	for {
		t, err := x.next()
		if err != nil {
			return locked
		}
		if e, ok := t.(startElement); ok && e.Name.Local == "CipherReference" && len(locked) < 100_000 {
			if p, err := url.PathUnescape(attr(e, "URI")); err == nil {
				locked[path.Clean(p)] = true
			}
		}
	}
}
