package network

import (
	"context"
	"io"
	"sync"
	"time"
)

// limiter shares out the bandwidth that all answers may take together: a
// bucket that fills at the rate of the limit and holds a quarter of a second.
type limiter struct {
	mu     sync.Mutex
	tokens float64
	at     time.Time
}

// take books n bytes at rate bytes per second and returns how long to wait
// before they may be used. Debts are allowed, so that late comers wait longer.
func (l *limiter) take(n int, rate int64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.at.IsZero() {
		l.at = now
	}
	l.tokens = min(l.tokens+now.Sub(l.at).Seconds()*float64(rate), float64(rate)/4)
	l.at = now
	l.tokens -= float64(n)
	if l.tokens >= 0 {
		return 0
	}
	return time.Duration(-l.tokens / float64(rate) * float64(time.Second))
}

// throttled reads from in, waiting as the bandwidth limit demands.
func (g *Gate) throttled(ctx context.Context, in io.Reader, p []byte) (int, error) {
	var rate int64
	if g.o.Limit != nil {
		rate = g.o.Limit()
	}
	if rate <= 0 {
		return in.Read(p)
	}
	// Small bites keep the flow even.
	n, err := in.Read(p[:min(len(p), int(max(rate/20, 512)))])
	if n > 0 {
		if e := Sleep(ctx, g.limiter.take(n, rate)); e != nil && err == nil {
			err = e
		}
	}
	return n, err
}

// Sleep waits for d or for the end of ctx, whose cause it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
