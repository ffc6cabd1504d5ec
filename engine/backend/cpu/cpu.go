package cpu

/*
#cgo linux LDFLAGS: -lpthread
#cgo windows LDFLAGS: -lsynchronization
#include "os.h"
#include "pool.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"freehold/engine/program"
)

// Options configure the backend.
type Options struct {
	// Threads is how many threads compute, the calling one included. 0 means
	// one for each physical core that the process may use.
	Threads int
}

// New returns the CPU backend. Its executables share one set of threads and
// take turns: two at once would only slow each other. The threads live as long
// as any executable does.
func New(o Options) program.Backend {
	if o.Threads <= 0 {
		o.Threads = DefaultThreads()
	}
	return &backend{threads: min(max(1, o.Threads), MaxThreads), turn: make(chan struct{}, 1)}
}

// DefaultThreads is one for each physical core that the process may use.
func DefaultThreads() int { return max(1, min(int(C.fh_physical_cores()), runtime.GOMAXPROCS(0))) }

// MaxThreads is the most that compute at once.
const MaxThreads = 256

type backend struct {
	threads int
	turn    chan struct{} // holds a value while an executable runs

	mu    sync.Mutex
	pool  *C.fh_pool
	users int
}

func (b *backend) Name() string { return fmt.Sprintf("cpu (%s, %d threads)", ISA(), b.threads) }

var errNoMemory = errors.New("out of memory: close other programs, or choose a smaller model or context")

// retain returns the pool of threads and starts it for the first user.
func (b *backend) retain() (*C.fh_pool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.users == 0 {
		b.pool = C.fh_pool_new(C.int(b.threads))
		if b.pool == nil {
			return nil, fmt.Errorf("the system refuses to start %d threads", b.threads)
		}
	}
	b.users++
	return b.pool, nil
}

// release gives the pool back; the last user ends its threads.
func (b *backend) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.users--; b.users == 0 {
		C.fh_pool_free(b.pool)
		b.pool = nil
	}
}

// begin waits for the executable's turn on the threads.
func (b *backend) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case b.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *backend) end() { <-b.turn }
