package cpu

// #include "rows.h"
import "C"

import (
	"fmt"

	"freehold/engine/program"
)

// row is the C form of a row op.
func (c *compiler) row(op program.Op) C.struct_fh_row_op {
	b := func(b program.Buffer) C.int { return C.int(b) }
	r := C.struct_fh_row_op{dst: -1, x: -1, y: -1}
	switch o := op.(type) {
	case program.Embed:
		r.kind, r.dst, r.factor = C.FH_ROW_EMBED, b(o.Dst), C.float(o.Scale)
		r.wtype, r.weight = wtype(o.Table), c.data(o.Table)
		r.positions, r.accumulate = flag(o.Positions), flag(o.Accumulate)
	case program.RMSNorm:
		r.kind, r.x, r.dst, r.group, r.eps = C.FH_ROW_RMSNORM, b(o.X), b(o.Dst), C.int(o.Group), C.float(o.Eps)
		r.gain, r.gains = floats(o.Gain), C.int(len(o.Gain))
	case program.LayerNorm:
		r.kind, r.x, r.dst, r.group, r.eps = C.FH_ROW_LAYERNORM, b(o.X), b(o.Dst), C.int(o.Group), C.float(o.Eps)
		r.gain, r.gains = floats(o.Gain), C.int(len(o.Gain))
		r.bias, r.biases = floats(o.Bias), C.int(len(o.Bias))
	case program.L2Norm:
		r.kind, r.x, r.dst, r.group, r.eps = C.FH_ROW_L2NORM, b(o.X), b(o.Dst), C.int(o.Group), C.float(o.Eps)
	case program.Rope:
		r.kind, r.dst, r.heads, r.head_dim = C.FH_ROW_ROPE, b(o.X), C.int(o.Heads), C.int(o.HeadDim)
		r.offset, r.table = C.int(o.Offset), C.int(o.Table)
	case program.Temper:
		r.kind, r.dst, r.factor = C.FH_ROW_TEMPER, b(o.X), C.float(o.Scale)
		r.length, r.shift = C.float(o.Length), C.float(o.Offset)
	case program.StoreKV:
		r.kind, r.x, r.y, r.layer = C.FH_ROW_STORE, b(o.K), b(o.V), C.int(o.Layer)
	case program.Activate:
		r.kind, r.function, r.x, r.dst = C.FH_ROW_GATED, C.int(o.F), b(o.X), b(o.Dst)
	case program.Gated:
		r.kind, r.function, r.x, r.y, r.dst = C.FH_ROW_GATED, C.int(o.F), b(o.Gate), b(o.Up), b(o.Dst)
		r.limit, r.shift = C.float(o.Limit), C.float(o.Shift)
	case program.Add:
		r.kind, r.x, r.dst, r.factor = C.FH_ROW_ADD, b(o.X), b(o.Dst), C.float(o.Scale)
	case program.AddBias:
		r.kind, r.dst, r.bias, r.biases = C.FH_ROW_ADD_BIAS, b(o.X), floats(o.Bias), C.int(len(o.Bias))
	case program.Multiply:
		r.kind, r.x, r.y, r.dst = C.FH_ROW_MULTIPLY, b(o.X), b(o.By), b(o.Dst)
	case program.Scale:
		r.kind, r.dst, r.factor = C.FH_ROW_SCALE, b(o.X), C.float(o.Factor)
	case program.Clamp:
		r.kind, r.dst, r.factor = C.FH_ROW_CLAMP, b(o.X), C.float(o.Limit)
	case program.Softcap:
		r.kind, r.dst, r.factor = C.FH_ROW_SOFTCAP, b(o.X), C.float(o.Cap)
	case program.Softmax:
		r.kind, r.dst = C.FH_ROW_SOFTMAX, b(o.X)
	case program.Copy:
		r.kind, r.x, r.dst, r.width, r.count = C.FH_ROW_COPY, b(o.X), b(o.Dst), C.int(o.Width), C.int(o.Count)
		r.from, r.from_stride, r.to, r.to_stride = C.int(o.From), C.int(o.FromStride), C.int(o.To), C.int(o.ToStride)
	case program.Combine:
		r.kind, r.x, r.y, r.dst = C.FH_ROW_COMBINE, b(o.X), b(o.Share), b(o.Dst)
		r.set = flag(o.Set)
	case program.Route:
		r.kind, r.x, r.y, r.dst, r.factor = C.FH_ROW_ROUTE, b(o.Logits), b(o.Share), b(o.Choice), C.float(o.Scale)
		r.gating, r.normalize = C.int(o.Gating), flag(o.Normalize)
		r.groups, r.groups_used = C.int(o.Groups), C.int(o.GroupsUsed)
		r.bias, r.biases = floats(o.Bias), C.int(len(o.Bias))
	case program.SelectOutputs:
		r.kind, r.x, r.dst = C.FH_ROW_SELECT, b(o.X), b(o.Dst)
	case program.MeanPool:
		r.kind, r.x, r.dst = C.FH_ROW_MEAN, b(o.X), b(o.Dst)
	default:
		// check has refused ops that Validate does not know; one that only
		// this backend does not know is a mistake in this file.
		panic(fmt.Sprintf("cpu: op %T has no kernel", op))
	}
	return r
}
