package engine

import (
	"context"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"freehold/engine/gguf"
)

const (
	warmPiece   = 8 << 20 // bytes touched by a goroutine at a time
	warmReaders = 4       // solid-state disks are fastest with a few reads under way
)

// warm touches the mapped weights once, so that the first answer does not wait
// for the disk and the user sees how far loading has come. Calls of progress
// do not overlap.
func warm(ctx context.Context, f *gguf.File, progress func(done, total int64)) error {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	var pieces [][]byte
	total, done := int64(0), int64(0)
	for i := range f.Tensors {
		total += int64(len(f.Tensors[i].Data))
		pieces = slices.AppendSeq(pieces, slices.Chunk(f.Tensors[i].Data, warmPiece))
	}
	progress(0, total)
	var (
		readers sync.WaitGroup
		report  sync.Mutex
		next    atomic.Int64
	)
	for range warmReaders {
		readers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(pieces) {
					return
				}
				touch(pieces[i])
				report.Lock()
				done += int64(len(pieces[i]))
				progress(done, total)
				report.Unlock()
			}
		})
	}
	readers.Wait()
	return ctx.Err()
}

// touch reads a byte of every page.
func touch(data []byte) {
	sum := byte(0)
	for at := 0; at < len(data); at += os.Getpagesize() {
		sum ^= data[at]
	}
	touched.Store(uint32(sum))
}

// touched keeps the compiler from dropping touch's reads.
var touched atomic.Uint32
