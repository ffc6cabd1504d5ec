package program

import (
	"context"
	"fmt"
	"math"
)

// Reference interprets programs in plain Go, one value at a time: it defines
// what the ops mean and is what every backend is tested against. It computes
// with dequantized weights in float32, summed in float64, and keeps its cache
// rounded as real backends do.
type Reference struct{}

// Name returns "reference".
func (Reference) Name() string { return "reference" }

// Compile checks the program and allocates its buffers and cache.
func (Reference) Compile(p *Program, l Limits) (Executable, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	e := &referenceRun{program: p, limits: l, bufs: make([][]float32, len(p.Buffers))}
	for i, s := range p.Buffers {
		rows := l.Rows
		if s.Outputs {
			rows = l.Outputs
		}
		e.bufs[i] = make([]float32, rows*s.Width)
	}
	for _, c := range p.Cache {
		n := l.Blocks * BlockTokens * c.KVHeads
		e.keys = append(e.keys, make([]float32, n*c.HeadDim))
		e.values = append(e.values, make([]float32, n*c.ValueDim))
	}
	for _, s := range p.States {
		e.states = append(e.states, make([]float32, l.Slots*s.Size))
	}
	return e, nil
}

type referenceRun struct {
	program      *Program
	limits       Limits
	bufs         [][]float32
	keys, values [][]float32 // per layer, [block][token in block][KVHeads][HeadDim or ValueDim]
	states       [][]float32 // per recurrent layer, [slot][size]
	batch        *Batch
}

func (e *referenceRun) Run(ctx context.Context, b *Batch) ([]float32, error) {
	if err := b.Check(e.program, e.limits); err != nil {
		return nil, err
	}
	e.batch = b
	e.startStates()
	for i, op := range e.program.Ops {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := e.exec(op); err != nil {
			return nil, fmt.Errorf("op %d (%T): %w", i, op, err)
		}
	}
	return e.bufs[e.program.Logits][:len(b.Outputs)*e.program.Vocab], nil
}

func (e *referenceRun) Close() error { return nil }

// rows returns how many rows of the buffer the batch uses, and its width.
func (e *referenceRun) rows(b Buffer) (n, width int) {
	s := e.program.Buffers[b]
	if s.Outputs {
		return len(e.batch.Outputs), s.Width
	}
	return len(e.batch.Tokens), s.Width
}

// row returns row r of buffer b.
func (e *referenceRun) row(b Buffer, r int) []float32 {
	w := e.program.Buffers[b].Width
	return e.bufs[b][r*w : (r+1)*w]
}

func (e *referenceRun) exec(op Op) error {
	switch o := op.(type) {
	case Embed:
		return e.embed(o)
	case RMSNorm:
		e.rmsNorm(o)
	case LayerNorm:
		e.layerNorm(o)
	case L2Norm:
		e.l2Norm(o)
	case Linear:
		return e.linear(o)
	case ExpertLinear:
		return e.expertLinear(o)
	case Route:
		e.route(o)
	case Combine:
		e.combine(o)
	case Rope:
		e.rope(o)
	case Temper:
		e.temper(o)
	case StoreKV:
		e.storeKV(o)
	case Attention:
		e.attention(o)
	case Activate:
		e.each(o.Dst, func(x, _ []float32, i int) float64 { return o.F.of(float64(x[i])) }, o.X, o.X)
	case Gated:
		e.each(o.Dst, func(gate, up []float32, i int) float64 {
			g, u := float64(gate[i]), float64(up[i])
			if o.Limit > 0 {
				l := float64(o.Limit)
				g, u = min(g, l), max(-l, min(l, u))
			}
			return o.F.of(g) * (u + float64(o.Shift))
		}, o.Gate, o.Up)
	case Add:
		e.each(o.Dst, func(x, dst []float32, i int) float64 {
			return float64(dst[i]) + float64(x[i])*float64(o.Scale)
		}, o.X, o.Dst)
	case AddBias:
		e.each(o.X, func(x, _ []float32, i int) float64 { return float64(x[i]) + float64(o.Bias[i]) }, o.X, o.X)
	case Multiply:
		e.each(o.Dst, func(x, by []float32, i int) float64 {
			return float64(x[i]) * float64(by[i/(len(x)/len(by))])
		}, o.X, o.By)
	case Scale:
		e.each(o.X, func(x, _ []float32, i int) float64 { return float64(x[i]) * float64(o.Factor) }, o.X, o.X)
	case Clamp:
		e.each(o.X, func(x, _ []float32, i int) float64 {
			return max(-float64(o.Limit), min(float64(o.Limit), float64(x[i])))
		}, o.X, o.X)
	case Softcap:
		e.each(o.X, func(x, _ []float32, i int) float64 {
			return float64(o.Cap) * math.Tanh(float64(x[i])/float64(o.Cap))
		}, o.X, o.X)
	case Softmax:
		e.softmax(o)
	case Copy:
		e.copy(o)
	case SelectOutputs:
		for i, r := range e.batch.Outputs {
			copy(e.row(o.Dst, i), e.row(o.X, int(r)))
		}
	case MeanPool:
		e.meanPool(o)
	case Conv:
		e.conv(o)
	case DeltaNet:
		e.deltaNet(o)
	case Mamba:
		e.mamba(o)
	default:
		return fmt.Errorf("the reference interpreter does not know this op")
	}
	return nil
}
