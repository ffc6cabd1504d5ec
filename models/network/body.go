package network

import (
	"context"
	"errors"
	"io"
)

// body is the body of an answer: counted, throttled, and ended by the switch.
type body struct {
	io.ReadCloser
	g     *Gate
	e     *entry
	ctx   context.Context
	leave context.CancelCauseFunc
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.g.Allowed(); err != nil {
		b.done(err)
		return 0, err
	}
	n, err := b.g.throttled(b.ctx, b.ReadCloser, p)
	b.g.log.update(b.e, func(q *Request) { q.Received += int64(n) })
	switch {
	case errors.Is(err, io.EOF):
		b.done(nil)
	case err != nil:
		err = cutCause(b.ctx, err)
		b.done(err)
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.done(nil)
	return err
}

// done ends the request; only the first call counts.
func (b *body) done(err error) {
	b.g.log.end(b.e, func(q *Request) {
		if err != nil {
			q.Error = err.Error()
		}
	})
	b.leave(err)
}
