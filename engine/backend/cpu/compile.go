package cpu

/*
#include "kv.h"
#include "linear.h"
#include "plan.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"unsafe"

	"freehold/engine/program"
)

// Most of a count that the kernels index with 32 bits.
const (
	maxRows  = 1 << 16
	maxWidth = 1 << 28
)

// Compile translates the program into a plan in C memory. Weights are read
// where they lie and must stay there, unchanged, until Close.
func (b *backend) Compile(p *program.Program, l program.Limits) (program.Executable, error) {
	if err := check(p, l); err != nil {
		return nil, fmt.Errorf("compiling for the CPU: %w", err)
	}
	pool, err := b.retain()
	if err != nil {
		return nil, err
	}
	e := &executable{backend: b, program: p, limits: l}
	if e.plan = C.fh_plan_new(pool, C.int(l.Rows), C.int(l.Outputs)); e.plan == nil {
		b.release()
		return nil, errNoMemory
	}
	c := compiler{plan: e.plan, program: p, pins: &e.pins}
	if c.build(l) != nil {
		e.Close()
		return nil, errNoMemory
	}
	return e, nil
}

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
		if c.KVHeads < 1 || c.HeadDim < 1 || c.KVHeads > maxWidth/c.HeadDim {
			return fmt.Errorf("cache layer %d has %d heads of %d", i, c.KVHeads, c.HeadDim)
		}
		block += 4 * program.BlockTokens * uint64(c.KVHeads) * uint64(c.HeadDim+15)
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
	if len(p.States) > 0 {
		return errNoKernel
	}
	vocab := 0
	for i, op := range p.Ops {
		var err error
		switch o := op.(type) {
		case program.Embed:
			if vocab == 0 {
				vocab = o.Table.Rows
			}
			if o.Table.Rows != vocab {
				err = fmt.Errorf("%s has %d rows, other embeddings have %d", o.Table.Name, o.Table.Rows, vocab)
			} else if err = supported(o.Table); err == nil && (o.Positions || o.Accumulate) {
				err = errNoKernel
			}
		case program.Linear:
			for _, out := range o.Out {
				if err = supported(out.Weight); err == nil && out.Scale != 0 {
					err = errNoKernel
				}
				if err != nil {
					break
				}
			}
		case program.RMSNorm:
			if len(o.Gain) != p.Buffers[o.X].Width {
				err = errNoKernel
			}
		case program.Gated:
			if o.F != program.SiLU || o.Limit != 0 || o.Shift != 0 {
				err = errNoKernel
			}
		case program.StoreKV, program.SelectOutputs:
		case program.Rope:
			if o.Offset != 0 {
				err = errNoKernel
			}
		case program.Attention:
			if o.Heads < 1 || o.Window < 0 || o.Window > math.MaxInt32 {
				err = fmt.Errorf("%d heads or a window of %d", o.Heads, o.Window)
			}
			if c := p.Cache[o.Layer]; c.HeadDim != c.ValueDim || o.Softcap != 0 || o.Sinks != nil || o.Bidirectional {
				err = errNoKernel
			}
		default:
			err = errNoKernel
		}
		if err != nil {
			return fmt.Errorf("op %d (%T): %w", i, op, err)
		}
	}
	return nil
}

func supported(w *program.Weight) error {
	if w.Rows > maxWidth || w.Cols > maxWidth || C.fh_linear_supports(C.int(w.Type), C.int(w.Cols)) == 0 {
		return fmt.Errorf("%s: the CPU backend cannot compute with %d×%d weights of type %s", w.Name, w.Rows, w.Cols, w.Type)
	}
	return nil
}

var errNoKernel = errors.New("the CPU backend has no kernel for this")

var kvTypes = map[program.KVType]C.int{program.KVF16: C.FH_KV_F16, program.KVQ8: C.FH_KV_Q8_0}

// compiler adds a program's parts to a plan. Errors mean that memory is out.
type compiler struct {
	plan    *C.fh_plan
	program *program.Program
	pins    *runtime.Pinner
	failed  bool
}

// did notes the result of one building function.
func (c *compiler) did(status C.int) { c.failed = c.failed || status != 0 }

func (c *compiler) build(l program.Limits) error {
	for _, s := range c.program.Buffers {
		c.did(C.fh_plan_buffer(c.plan, C.int(s.Width), flag(s.Outputs)))
	}
	for _, t := range c.program.Ropes {
		c.did(C.fh_plan_rope_table(c.plan, floats(t.Freqs), C.int(len(t.Freqs)), C.float(t.Magnitude), flag(t.Adjacent)))
	}
	var heads, dims []int32
	for _, layer := range c.program.Cache {
		heads, dims = append(heads, int32(layer.KVHeads)), append(dims, int32(layer.HeadDim))
	}
	c.did(C.fh_plan_cache(c.plan, kvTypes[l.KV], ints(heads), ints(dims), C.int(len(heads)), C.int(l.Blocks)))
	for _, op := range c.program.Ops {
		if c.failed {
			return errNoMemory
		}
		c.op(op)
	}
	if !c.failed {
		c.did(C.fh_plan_finish(c.plan))
	}
	if c.failed {
		return errNoMemory
	}
	return nil
}

func (c *compiler) op(op program.Op) {
	switch o := op.(type) {
	case program.Embed:
		c.did(C.fh_plan_embed(c.plan, wtype(o.Table), c.data(o.Table), C.float(o.Scale), C.int(o.Dst)))
	case program.RMSNorm:
		c.did(C.fh_plan_rmsnorm(c.plan, C.int(o.X), C.int(o.Dst), floats(o.Gain), C.float(o.Eps)))
	case program.Linear:
		for _, out := range o.Out {
			c.did(C.fh_plan_project(c.plan, C.int(o.X), wtype(out.Weight), c.data(out.Weight), floats(out.Bias),
				C.int(out.Dst), flag(out.Accumulate), flag(c.fine(out))))
		}
	case program.Rope:
		c.did(C.fh_plan_rope(c.plan, C.int(o.X), C.int(o.Heads), C.int(o.HeadDim), C.int(o.Table)))
	case program.StoreKV:
		c.did(C.fh_plan_store_kv(c.plan, C.int(o.K), C.int(o.V), C.int(o.Layer)))
	case program.Attention:
		c.did(C.fh_plan_attention(c.plan, C.int(o.Q), C.int(o.Dst), C.int(o.Layer), C.int(o.Heads), C.float(o.Scale), C.int(o.Window)))
	case program.Gated:
		c.did(C.fh_plan_swiglu(c.plan, C.int(o.Gate), C.int(o.Up), C.int(o.Dst)))
	case program.SelectOutputs:
		c.did(C.fh_plan_select(c.plan, C.int(o.X), C.int(o.Dst)))
	default:
		// check has refused ops that Validate does not know; one that only
		// this backend does not know is a mistake in this file.
		panic(fmt.Sprintf("cpu: op %T has no kernel", op))
	}
}

// fineWidth is the widest input of a fine product.
const fineWidth = 1024

// fine says which products round their input to sixteen bits instead of eight:
// the logits of small models. Nearly a third of what rounding moves in their
// predictions comes from that one product, and they lose no time by it; the
// larger ones would lose two per cent of their decode to more arithmetic for
// each byte of weights.
func (c *compiler) fine(out program.Projection) bool {
	return out.Dst == c.program.Logits && out.Weight.Cols <= fineWidth
}

// data returns a weight's address, which the plan keeps. Weights in a mapped
// file stay where they are; those in Go memory are pinned until Close.
func (c *compiler) data(w *program.Weight) unsafe.Pointer {
	p := unsafe.Pointer(unsafe.SliceData(w.Data))
	c.pins.Pin(p)
	return p
}

func wtype(w *program.Weight) C.int { return C.int(w.Type) }

func floats(s []float32) *C.float { return (*C.float)(unsafe.SliceData(s)) }

func ints(s []int32) *C.int32_t { return (*C.int32_t)(unsafe.SliceData(s)) }

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
