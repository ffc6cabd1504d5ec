package network

import (
	"context"
	"os/exec"
	"time"
)

// Command runs a program that dials by itself, like pip, as cmd.Run does: it
// is refused while the switch is off, killed when it goes off, and recorded.
// host says where it will dial as far as that is known. received, which may be
// nil, tells the bytes it brought; it is asked when the program has ended.
func (g *Gate) Command(purpose, host string, cmd *exec.Cmd, received func() int64) error {
	e := g.log.begin(Request{Method: "RUN", Host: host, Path: cmd.Path, Purpose: purpose})
	err := g.Allowed()
	if err != nil {
		g.log.end(e, func(q *Request) { q.Refused, q.Error = true, err.Error() })
		return err
	}
	err = g.run(cmd)
	var n int64
	if received != nil {
		n = received()
	}
	g.log.end(e, func(q *Request) {
		if q.Received = n; err != nil {
			q.Error = err.Error()
		}
	})
	return err
}

func (g *Gate) run(cmd *exec.Cmd) error {
	ctx, leave, err := g.enter(context.Background())
	if err != nil {
		return err
	}
	defer leave(nil)
	if cmd.WaitDelay == 0 {
		cmd.WaitDelay = 5 * time.Second // its own children may hold the pipes open
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	cut := ctx.Done()
	for {
		select {
		case err := <-ended:
			return cutCause(ctx, err)
		case <-tick.C:
			if err := g.Allowed(); err != nil {
				leave(err)
			}
		case <-cut:
			_ = cmd.Process.Kill()
			cut = nil
		}
	}
}
