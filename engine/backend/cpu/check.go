package cpu

/*
#include "kv.h"
#include "linear.h"
#include "recurrent.h"
*/
import "C"

import (
	"fmt"
	"math"
	"math/bits"

	"freehold/engine/program"
)

// Most of a count that the kernels index with 32 bits.
const (
	maxRows  = 1 << 16
	maxWidth = 1 << 28
	maxState = 1 << 32
)

// check is what the kernels rely on beyond Program.Validate.
func check(p *program.Program, l program.Limits) error {
	if l.Rows < 1 || l.Rows > maxRows || l.Outputs < 0 || l.Outputs > maxRows || l.Blocks < 0 ||
		l.Blocks > math.MaxInt32/program.BlockTokens {
		return fmt.Errorf("limits of %d rows, %d outputs and %d cache blocks are out of range", l.Rows, l.Outputs, l.Blocks)
	}
	if _, ok := kvTypes[l.KV]; !ok {
		return fmt.Errorf("the CPU backend has no KV cache of type %v", l.KV)
	}
	block := uint64(0) // bytes of a cache block, roughly
	for i, c := range p.Cache {
		if c.KVHeads < 1 || c.HeadDim < 1 || c.ValueDim < 1 || c.KVHeads > maxWidth/c.HeadDim || c.KVHeads > maxWidth/c.ValueDim {
			return fmt.Errorf("cache layer %d has %d heads of %d and %d", i, c.KVHeads, c.HeadDim, c.ValueDim)
		}
		block += 4 * program.BlockTokens * uint64(c.KVHeads) * uint64(c.HeadDim+c.ValueDim+32)
	}
	if over, total := bits.Mul64(block, uint64(l.Blocks)); over != 0 || total > math.MaxInt64/2 {
		return fmt.Errorf("a cache of %d blocks is too large", l.Blocks)
	}
	for _, s := range p.Buffers {
		if s.Width < 1 || s.Width > maxWidth {
			return fmt.Errorf("buffer %s is %d wide", s.Name, s.Width)
		}
	}
	if err := p.Validate(); err != nil {
		return err
	}
	slot := uint64(0) // values of a state slot
	for i, floats := range stateSizes(p) {
		if floats > maxState {
			return fmt.Errorf("state %d has %d values", i, floats)
		}
		slot += floats + 16
	}
	if l.Slots < 0 || l.Slots > math.MaxInt32 || l.Slots > 0 && slot > math.MaxInt64/8/uint64(l.Slots) {
		return fmt.Errorf("%d state slots of %d values are too many", l.Slots, slot)
	}
	for i, op := range p.Ops {
		if err := checkOp(op, l); err != nil {
			return fmt.Errorf("op %d (%T): %w", i, op, err)
		}
	}
	return nil
}

// checkOp is check for what Validate does not bound: weights, and numbers that
// are no buffer's width.
func checkOp(op program.Op, l program.Limits) error {
	switch o := op.(type) {
	case program.Embed:
		return supported(o.Table)
	case program.Linear:
		for _, out := range o.Out {
			if err := supported(out.Weight); err != nil {
				return err
			}
		}
	case program.ExpertLinear:
		if o.Slots > maxWidth/max(l.Rows, l.Outputs) {
			return fmt.Errorf("%d slots in each of %d rows", o.Slots, max(l.Rows, l.Outputs))
		}
		for _, out := range o.Out {
			first := out.Experts[0]
			if first.Cols != o.Out[0].Experts[0].Cols {
				return fmt.Errorf("%s and %s differ in their inputs", first.Name, o.Out[0].Experts[0].Name)
			}
			if err := supported(first); err != nil {
				return err
			}
		}
	case program.Conv:
		if len(o.Weight) > maxWidth {
			return fmt.Errorf("%d weights", len(o.Weight))
		}
	case program.Attention:
		if o.Window > math.MaxInt32 {
			return fmt.Errorf("a window of %d", o.Window)
		}
	}
	return nil
}

// stateSizes is how many values the kernels keep of each state: heads' matrices
// have padded columns.
func stateSizes(p *program.Program) []uint64 {
	sizes := make([]uint64, len(p.States))
	for i, s := range p.States {
		sizes[i] = uint64(s.Size)
	}
	for _, op := range p.Ops {
		switch o := op.(type) {
		case program.DeltaNet:
			n := uint64(C.fh_state_columns(C.int(o.ValueDim)))
			sizes[o.State] = max(sizes[o.State], uint64(o.Heads)*uint64(o.KeyDim)*n)
		case program.Mamba:
			n := uint64(C.fh_state_columns(C.int(o.HeadDim)))
			sizes[o.State] = max(sizes[o.State], uint64(o.Heads)*uint64(o.StateDim)*n)
		}
	}
	return sizes
}

func supported(w *program.Weight) error {
	if w.Rows > maxWidth || w.Cols > maxWidth || C.fh_linear_supports(C.int(w.Type), C.int(w.Cols)) == 0 {
		return fmt.Errorf("%s: the CPU backend cannot compute with %d×%d weights of type %s", w.Name, w.Rows, w.Cols, w.Type)
	}
	return nil
}

var kvTypes = map[program.KVType]C.int{
	program.KVF16: C.FH_KV_F16, program.KVQ8: C.FH_KV_Q8_0, program.KVQ4: C.FH_KV_Q4_0, program.KVF32: C.FH_KV_F32,
}
