package cpu

/*
#include "kv.h"
#include "linear.h"
#include "plan.h"
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"unsafe"

	"freehold/engine/program"
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
	if e.plan = C.fh_plan_new(pool, C.int(l.Rows), C.int(l.Outputs), C.int(l.Slots)); e.plan == nil {
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

// compiler adds a program's parts to a plan. Errors mean that memory is out.
type compiler struct {
	plan    *C.fh_plan
	program *program.Program
	pins    *runtime.Pinner
	buffers int // of the plan's own, behind the program's
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
	var heads, dims, valueDims []int32
	for _, layer := range c.program.Cache {
		heads, dims = append(heads, int32(layer.KVHeads)), append(dims, int32(layer.HeadDim))
		valueDims = append(valueDims, int32(layer.ValueDim))
	}
	c.did(C.fh_plan_cache(c.plan, kvTypes[l.KV], ints(heads), ints(dims), ints(valueDims), C.int(len(heads)), C.int(l.Blocks)))
	for _, floats := range stateSizes(c.program) {
		c.did(C.fh_plan_state(c.plan, C.size_t(floats)))
	}
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
	case program.Linear:
		c.linear(o)
	case program.ExpertLinear:
		c.experts(o)
	case program.Attention:
		c.attention(o)
	case program.Conv:
		c.conv(o)
	case program.DeltaNet:
		c.did(C.fh_plan_recurrent(c.plan, C.struct_fh_recurrent_op{
			q: C.int(o.Q), k: C.int(o.K), v: C.int(o.V), delta: C.int(o.Delta), rate: C.int(o.Beta), dst: C.int(o.Dst),
			key_heads: C.int(o.KeyHeads), dim: C.int(o.KeyDim), heads: C.int(o.Heads), columns: C.int(o.ValueDim),
			tiled: flag(o.Tiled), delta_rule: 1, state: C.int(o.State),
			scale: C.float(1 / math.Sqrt(float64(o.KeyDim))), a: floats(o.A),
		}))
	case program.Mamba:
		c.did(C.fh_plan_recurrent(c.plan, C.struct_fh_recurrent_op{
			q: C.int(o.C), k: C.int(o.B), v: C.int(o.X), delta: C.int(o.Delta), rate: C.int(o.Delta), dst: C.int(o.Dst),
			key_heads: C.int(o.Groups), dim: C.int(o.StateDim), heads: C.int(o.Heads), columns: C.int(o.HeadDim),
			state: C.int(o.State), scale: 1, a: floats(o.A), skip: floats(o.D),
		}))
	default:
		c.did(C.fh_plan_row(c.plan, c.row(op)))
	}
}

func (c *compiler) attention(o program.Attention) {
	a := C.struct_fh_attention_op{
		q: C.int(o.Q), dst: C.int(o.Dst), layer: C.int(o.Layer), heads: C.int(o.Heads), scale: C.float(o.Scale),
		softcap: C.float(o.Softcap), sinks: floats(o.Sinks), before: math.MaxInt32,
	}
	switch {
	case o.Bidirectional && o.Window > 0:
		a.before, a.after = C.int(o.Window/2), C.int(o.Window/2)
	case o.Bidirectional:
		a.after = math.MaxInt32
	case o.Window > 0:
		a.before = C.int(o.Window - 1)
	}
	c.did(C.fh_plan_attention(c.plan, a))
}

// linear adds the projections of an op, and what scales them. Those without a
// scale come out of the product finished; the others are rare, and take a pass
// over their result.
func (c *compiler) linear(o program.Linear) {
	var late []C.struct_fh_row_op // behind the products, so that these share one stage
	finish := func() {
		for _, op := range late {
			c.did(C.fh_plan_row(c.plan, op))
		}
		late = late[:0]
	}
	written := map[program.Buffer]bool{}
	for _, out := range o.Out {
		if written[out.Dst] {
			finish()
		}
		written[out.Dst] = true
		if out.Scale == 0 || out.Scale == 1 {
			c.project(o.X, out, out.Bias, int(out.Dst), out.Accumulate)
			continue
		}
		if out.Accumulate {
			product := c.scratch(out.Dst)
			c.project(o.X, out, nil, product, false)
			late = append(late, C.struct_fh_row_op{kind: C.FH_ROW_ADD, x: C.int(product), y: -1, dst: C.int(out.Dst), factor: C.float(out.Scale)})
		} else {
			c.project(o.X, out, nil, int(out.Dst), false)
			late = append(late, C.struct_fh_row_op{kind: C.FH_ROW_SCALE, x: -1, y: -1, dst: C.int(out.Dst), factor: C.float(out.Scale)})
		}
		if out.Bias != nil {
			late = append(late, c.row(program.AddBias{X: out.Dst, Bias: out.Bias}))
		}
	}
	finish()
}

func (c *compiler) project(x program.Buffer, out program.Projection, bias []float32, dst int, accumulate bool) {
	c.did(C.fh_plan_project(c.plan, C.int(x), wtype(out.Weight), c.data(out.Weight), floats(bias), C.int(dst),
		flag(accumulate), flag(c.fine(out))))
}

func (c *compiler) experts(o program.ExpertLinear) {
	c.did(C.fh_plan_experts(c.plan, C.int(o.X), C.int(o.Choice), C.int(o.Slots), C.int(len(o.Out[0].Experts))))
	for _, out := range o.Out {
		if c.failed {
			return
		}
		var weights []unsafe.Pointer
		for _, w := range out.Experts {
			weights = append(weights, c.data(w))
		}
		w := out.Experts[0]
		c.did(C.fh_plan_expert_projection(c.plan, wtype(w), C.int(w.Rows), C.int(w.Cols), unsafe.SliceData(weights),
			floats(out.Scale), floats(slices.Concat(out.Bias...)), C.int(out.Dst)))
	}
}

func (c *compiler) conv(o program.Conv) {
	width := c.program.Buffers[o.X].Width
	weight := make([]float32, len(o.Weight)) // [kernel][width]
	for i, w := range o.Weight {
		weight[i%o.Kernel*width+i/o.Kernel] = w
	}
	c.did(C.fh_plan_conv(c.plan, C.struct_fh_conv_op{
		x: C.int(o.X), dst: C.int(o.Dst), kernel: C.int(o.Kernel), state: C.int(o.State), weight: floats(weight), bias: floats(o.Bias),
	}))
}

// scratch adds a buffer like b to the plan, behind those of the program.
func (c *compiler) scratch(b program.Buffer) int {
	s := c.program.Buffers[b]
	c.did(C.fh_plan_buffer(c.plan, C.int(s.Width), flag(s.Outputs)))
	c.buffers++
	return len(c.program.Buffers) + c.buffers - 1
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
