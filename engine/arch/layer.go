package arch

import (
	"fmt"

	"freehold/engine/program"
)

// layer records one layer: its methods are given tensors' names without the
// prefix blk.N.
type layer struct {
	*recorder
	index                int
	prefix               string
	heads, kvHeads       int
	keyDim, valueDim, ff int
}

// layer begins layer i.
func (r *recorder) layer(i int) *layer {
	return &layer{
		recorder: r, index: i, prefix: fmt.Sprintf("blk.%d.", i),
		heads: r.heads[i], kvHeads: r.kvHeads[i], keyDim: r.keyDim, valueDim: r.valueDim, ff: r.feedForward[i],
	}
}

// holds says whether the file has this tensor for this layer.
func (b *layer) holds(name string) bool { return b.recorder.holds(b.prefix + name) }

// rmsNorm and layerNorm are recorder's.
func (b *layer) rmsNorm(name string, x program.Buffer) program.Buffer {
	return b.recorder.rmsNorm(b.prefix+name, x)
}

func (b *layer) layerNorm(name string, x program.Buffer) program.Buffer {
	return b.recorder.layerNorm(b.prefix+name, x)
}

// rmsNormHeads normalizes x in place, every head by itself.
func (b *layer) rmsNormHeads(name string, x program.Buffer, head int) {
	b.record(program.RMSNorm{X: x, Dst: x, Gain: b.vector(b.prefix+name+".weight", head), Group: head, Eps: b.eps(rmsEps)})
}

// layerNormHeads does so by layerNorm, with gains of their own for all heads.
func (b *layer) layerNormHeads(name string, x program.Buffer, head int) {
	b.record(program.LayerNorm{X: x, Dst: x, Gain: b.vector(b.prefix+name+".weight", b.width(x)), Group: head, Eps: b.eps(layerEps)})
}

// rmsNormInPlace is rmsNorm that keeps no copy of x.
func (b *layer) rmsNormInPlace(name string, x program.Buffer) { b.rmsNormInto(b.prefix+name, x, x) }

func (b *layer) layerNormInPlace(name string, x program.Buffer) { b.layerNormInto(b.prefix+name, x, x) }

// output is one output of a linear op: the weight's name and how many values it
// gives.
type output struct {
	name  string
	width int
}

// project multiplies x with weights, each into a buffer named after it, plus
// their biases if there are such.
func (b *layer) project(x program.Buffer, outs ...output) []program.Buffer {
	var op program.Linear
	var dst []program.Buffer
	op.X = x
	for _, o := range outs {
		d := b.buffer(o.name, o.width)
		op.Out, dst = append(op.Out, b.projection(b.prefix+o.name, o.width, b.width(x), d)), append(dst, d)
	}
	b.record(op)
	return dst
}

// split is project with one weight, and perhaps one bias, that holds the rows of
// all parts.
func (b *layer) split(name string, x program.Buffer, parts []output) []program.Buffer {
	total := 0
	for _, o := range parts {
		total += o.width
	}
	op, at := program.Linear{X: x}, 0
	var dst []program.Buffer
	for _, o := range parts {
		d := b.buffer(o.name, o.width)
		op.Out, dst = append(op.Out, program.Projection{Dst: d}), append(dst, d)
	}
	all := b.projection(b.prefix+name, total, b.width(x), dst[0])
	for i, o := range parts {
		p := all
		p.Dst, p.Weight = dst[i], b.rows(all.Weight, at, o.width)
		if all.Bias != nil {
			p.Bias = all.Bias[at : at+o.width]
		}
		op.Out[i], at = p, at+o.width
	}
	b.record(op)
	return dst
}

// add is the residual stream += y · name.
func (b *layer) add(name string, y program.Buffer) { b.addScaled(name, y, 1) }

// addScaled is the residual stream += y · name × scale.
func (b *layer) addScaled(name string, y program.Buffer, scale float64) {
	p := scaled(b.projection(b.prefix+name, b.Embedding, b.width(y), b.x), scale)
	p.Accumulate = true
	b.record(program.Linear{X: y, Out: []program.Projection{p}})
}

// addNormed is the residual stream += norm(y · name), normalized by its root
// mean square.
func (b *layer) addNormed(name, norm string, y program.Buffer) {
	y = b.project(y, output{name, b.Embedding})[0]
	b.rmsNormInPlace(norm, y)
	b.record(program.Add{X: y, Dst: b.x, Scale: 1})
}

// queryKeyValue projects x to the layer's queries, keys and values, by three
// matrices or by one that holds them all.
func (b *layer) queryKeyValue(x program.Buffer) (q, k, v program.Buffer) {
	b.checkHeads()
	parts := []output{{"attn_q", b.heads * b.keyDim}, {"attn_k", b.kvHeads * b.keyDim}, {"attn_v", b.kvHeads * b.valueDim}}
	if !b.holds("attn_qkv.weight") {
		out := b.project(x, parts...)
		return out[0], out[1], out[2]
	}
	out := b.split("attn_qkv", x, parts)
	for i, p := range parts { // biases may be apart though the weights are not
		if bias := b.optionalVector(b.prefix+p.name+".bias", p.width); bias != nil && !b.holds("attn_qkv.bias") {
			b.record(program.AddBias{X: out[i], Bias: bias})
		}
	}
	return out[0], out[1], out[2]
}

// checkHeads reports heads that do not go together.
func (b *layer) checkHeads() {
	switch {
	case b.heads < 1:
		b.fail("metadata key %s is 0 for layer %d, which needs heads", b.key("attention.head_count"), b.index)
	case b.kvHeads < 1:
		b.fail("metadata key %s is 0 for layer %d, which needs heads", b.key("attention.head_count_kv"), b.index)
	case b.heads%b.kvHeads != 0:
		b.fail("%d attention heads do not share %d key-value heads evenly", b.heads, b.kvHeads)
	}
}

// rotate turns queries and keys by their positions.
func (b *layer) rotate(table int, q, k program.Buffer) {
	b.record(
		program.Rope{X: q, Heads: b.heads, HeadDim: b.keyDim, Table: table},
		program.Rope{X: k, Heads: b.kvHeads, HeadDim: b.keyDim, Table: table},
	)
}

// attend keeps k and v in a cache layer of their own and lets q attend to it, as
// a says apart from what follows from the layer.
func (b *layer) attend(q, k, v program.Buffer, a program.Attention) program.Buffer {
	a.Layer = len(b.program.Cache)
	b.program.Cache = append(b.program.Cache, program.CacheLayer{KVHeads: b.kvHeads, HeadDim: b.keyDim, ValueDim: b.valueDim})
	b.record(program.StoreKV{K: k, V: v, Layer: a.Layer})
	return b.attendTo(q, a)
}

// attendTo lets q attend to cache layer a.Layer, which another layer may fill.
func (b *layer) attendTo(q program.Buffer, a program.Attention) program.Buffer {
	a.Bidirectional = b.Bidirectional
	a.Q, a.Dst, a.Heads = q, b.buffer("attended", b.heads*b.valueDim), b.heads
	if a.Scale == 0 {
		a.Scale = rsqrt(b.keyDim)
	}
	b.record(a)
	return a.Dst
}

// selectOutputs is recorder's, in the last layer: only rows whose logits are
// wanted need to go on from there.
func (b *layer) selectOutputs(others ...*program.Buffer) {
	if b.index == b.Layers-1 && !(b.Embeds && b.rowsPooled() == PoolMean) {
		b.recorder.selectOutputs(others...)
	}
}

// gated is the inner half of a gated feed-forward network: f(x · ffn_gate) ×
// (x · ffn_up). Without ffn_gate, ffn_up holds both, the gate first.
func (b *layer) gated(f program.Function, x program.Buffer) program.Buffer {
	return b.gatedAs("", f, x, b.ff)
}

// gatedAs is gated for tensors whose names end in suffix.
func (b *layer) gatedAs(suffix string, f program.Function, x program.Buffer, width int) program.Buffer {
	gateName, upName := "ffn_gate"+suffix, "ffn_up"+suffix
	parts := []output{{gateName, width}, {upName, width}}
	var out []program.Buffer
	if b.holds(gateName+".weight") || !b.holds(upName+".weight") {
		out = b.project(x, parts...)
	} else {
		out = b.split(upName, x, parts)
	}
	gate, up := out[0], out[1]
	b.record(program.Gated{F: f, Gate: gate, Up: up, Dst: gate})
	return gate
}

// ungated is the inner half of a plain feed-forward network: f(x · ffn_up).
func (b *layer) ungated(f program.Function, x program.Buffer) program.Buffer {
	up := b.project(x, output{"ffn_up", b.ff})[0]
	b.record(program.Activate{F: f, X: up, Dst: up})
	return up
}
