package cpu

/*
#include "plan.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"freehold/engine/program"
)

// executable is a plan and its KV cache.
type executable struct {
	backend *backend
	program *program.Program
	limits  program.Limits
	plan    *C.fh_plan // nil once closed
	pins    runtime.Pinner

	tables, tableAt []int32 // the batch's block tables, end to end
}

var errClosed = errors.New("the CPU executable is closed")

// Run executes the batch. For a given batch and cache the logits do not depend
// on the number of threads. They are valid until the next Run or Close.
func (e *executable) Run(ctx context.Context, b *program.Batch) ([]float32, error) {
	if e.plan == nil {
		return nil, errClosed
	}
	if err := b.Check(e.program, e.limits); err != nil {
		return nil, err
	}
	if err := e.backend.begin(ctx); err != nil {
		return nil, err
	}
	defer e.backend.end()
	blocks := e.flatten(b)

	C.fh_plan_rearm(e.plan)
	cancelled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.fh_plan_cancel(e.plan)
		close(cancelled)
	})
	status := C.fh_plan_run(e.plan, C.int(len(b.Tokens)), ints(b.Tokens), ints(b.Positions), ints(b.Sequences),
		ints(e.tables), ints(e.tableAt), C.int(blocks), C.int(len(b.Outputs)), ints(b.Outputs),
		C.int(b.Guessed), ints(b.Slots), C.int(mostSlots(b)))
	if !stop() {
		<-cancelled // so that it cannot cancel the next run
	}
	switch status {
	case C.FH_CANCELLED:
		return nil, ctx.Err()
	case C.FH_NO_MEMORY:
		return nil, fmt.Errorf("the KV cache or the states cannot grow: %w", errNoMemory)
	}
	logits := (*float32)(C.fh_plan_data(e.plan, C.int(e.program.Logits)))
	return unsafe.Slice(logits, len(b.Outputs)*e.program.Vocab), nil
}

// mostSlots is one more than the highest slot of the batch.
func mostSlots(b *program.Batch) int32 {
	n := int32(0)
	for _, id := range b.Slots {
		n = max(n, id+1)
	}
	return n
}

// flatten lays the block tables end to end, as far as the batch's rows reach,
// and returns one more than the highest block in them.
func (e *executable) flatten(b *program.Batch) int32 {
	e.tables, e.tableAt = e.tables[:0], e.tableAt[:0]
	for range b.Tables {
		e.tableAt = append(e.tableAt, 0)
	}
	blocks := int32(0)
	for r, s := range b.Sequences {
		if r+1 < len(b.Sequences) && b.Sequences[r+1] == s {
			continue // the last row of a sequence reaches furthest
		}
		e.tableAt[s] = int32(len(e.tables))
		for _, id := range b.Tables[s][:b.Positions[r]/program.BlockTokens+1] {
			e.tables = append(e.tables, id)
			blocks = max(blocks, id+1)
		}
	}
	return blocks
}

// CopyBlock copies all layers of one cache block.
func (e *executable) CopyBlock(dst, src int32) error {
	if e.plan == nil {
		return errClosed
	}
	if dst < 0 || src < 0 || int(dst) >= e.limits.Blocks || int(src) >= e.limits.Blocks {
		return fmt.Errorf("cache block %d or %d is outside the cache of %d", dst, src, e.limits.Blocks)
	}
	if C.fh_plan_copy_block(e.plan, C.int(dst), C.int(src)) != 0 {
		return fmt.Errorf("the KV cache cannot grow: %w", errNoMemory)
	}
	return nil
}

// layoutVersion is part of every CacheLayout; it changes when the values of a
// block are laid out or computed differently.
const layoutVersion = 1

// BlockBytes is the size of a cache block's values.
func (e *executable) BlockBytes() int {
	if e.plan == nil {
		return 0
	}
	return int(C.fh_plan_block_bytes(e.plan))
}

// CacheLayout names the layout of a cache block's values, see kv.h.
func (e *executable) CacheLayout() string {
	return fmt.Sprintf("cpu %d %v %s", layoutVersion, e.limits.KV, program.CacheShape(e.program))
}

// ReadBlock copies the values of a cache block to dst.
func (e *executable) ReadBlock(id int32, dst []byte) error {
	values, err := e.block(id, dst)
	copy(dst, values)
	return err
}

// WriteBlock copies the values of a cache block from src.
func (e *executable) WriteBlock(id int32, src []byte) error {
	values, err := e.block(id, src)
	copy(values, src)
	return err
}

// block returns the memory of a block, which is as long as b.
func (e *executable) block(id int32, b []byte) ([]byte, error) {
	if e.plan == nil {
		return nil, errClosed
	}
	if err := program.CheckBlock(e, e.limits, id, b); err != nil || len(b) == 0 {
		return nil, err
	}
	values := C.fh_plan_block(e.plan, C.int(id))
	if values == nil {
		return nil, fmt.Errorf("the KV cache cannot grow: %w", errNoMemory)
	}
	return unsafe.Slice((*byte)(values), len(b)), nil
}

// CopySlot copies the states of a slot.
func (e *executable) CopySlot(dst, src int32) error {
	from, err := e.slot(src)
	if err != nil {
		return err
	}
	to, err := e.slot(dst)
	copy(to, from)
	return err
}

// SlotBytes is the size of a slot's states.
func (e *executable) SlotBytes() int {
	if e.plan == nil {
		return 0
	}
	return int(C.fh_plan_slot_bytes(e.plan))
}

// ReadSlot copies the states of a slot to dst.
func (e *executable) ReadSlot(id int32, dst []byte) error {
	if err := program.CheckSlot(e, e.limits, id, dst); e.plan != nil && err != nil {
		return err
	}
	states, err := e.slot(id)
	copy(dst, states)
	return err
}

// WriteSlot copies the states of a slot from src.
func (e *executable) WriteSlot(id int32, src []byte) error {
	if err := program.CheckSlot(e, e.limits, id, src); e.plan != nil && err != nil {
		return err
	}
	states, err := e.slot(id)
	copy(states, src)
	return err
}

// slot returns the memory of a slot.
func (e *executable) slot(id int32) ([]byte, error) {
	if e.plan == nil {
		return nil, errClosed
	}
	n := e.SlotBytes()
	if id < 0 || int(id) >= e.limits.Slots {
		return nil, fmt.Errorf("state slot %d is outside the %d there are", id, e.limits.Slots)
	}
	if n == 0 {
		return nil, nil
	}
	states := C.fh_plan_slot(e.plan, C.int(id))
	if states == nil {
		return nil, fmt.Errorf("the states cannot grow: %w", errNoMemory)
	}
	return unsafe.Slice((*byte)(states), n), nil
}

// KVBytes is the memory of the cache when full; blocks never used take none.
func (e *executable) KVBytes() int64 {
	if e.plan == nil {
		return 0
	}
	return int64(C.fh_plan_cache_bytes(e.plan))
}

// BufferBytes is the memory of activations and scratch. Pages that no batch has
// needed so far take none.
func (e *executable) BufferBytes() int64 {
	if e.plan == nil {
		return 0
	}
	return int64(C.fh_plan_arena_bytes(e.plan))
}

// Close frees the plan and its cache. Closing twice does nothing.
func (e *executable) Close() error {
	if e.plan == nil {
		return nil
	}
	C.fh_plan_free(e.plan)
	e.plan = nil
	e.pins.Unpin()
	e.backend.release()
	return nil
}
