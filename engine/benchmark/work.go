package benchmark

import (
	"math"
	"slices"

	"freehold/engine"
	"freehold/engine/program"
	"freehold/engine/tensor"
)

// work is what a pass over a program's matrices costs.
type work struct {
	rowBytes, outputBytes       float64 // of matrices that every row needs, and those only outputs need
	rowElements, outputElements float64
	float                       bool // most of the elements are of a float type
}

// count adds up a program's matrices. One that is also the table of the
// embedding counts where it is multiplied with; looking up a row is nothing.
func count(p *program.Program) work {
	var w work
	floats := 0.0
	for _, op := range p.Ops {
		l, ok := op.(program.Linear)
		if !ok {
			continue
		}
		for _, out := range l.Out {
			elements, bytes := float64(out.Weight.Rows)*float64(out.Weight.Cols), float64(len(out.Weight.Data))
			if p.Buffers[l.X].Outputs {
				w.outputElements += elements
				w.outputBytes += bytes
			} else {
				w.rowElements += elements
				w.rowBytes += bytes
			}
			switch out.Weight.Type {
			case tensor.F32, tensor.F16, tensor.BF16:
				floats += elements
			}
		}
	}
	w.float = floats > (w.rowElements+w.outputElements)/2
	return w
}

// of returns the bytes of weights that a test reads, each matrix once in a
// batch, and its operations: a product and a sum for each element and row.
func (w work) of(t Test) (bytes, ops float64) {
	n := float64(t.sequences())
	if t.Prompt > 0 {
		batches := (t.Prompt + engine.BatchRows - 1) / engine.BatchRows
		bytes += n * (float64(batches)*w.rowBytes + w.outputBytes)
		ops += 2 * n * (float64(t.Prompt)*w.rowElements + w.outputElements)
	}
	bytes += float64(t.Generate) * (w.rowBytes + w.outputBytes)
	ops += 2 * n * float64(t.Generate) * (w.rowElements + w.outputElements)
	return bytes, ops
}

func meanAndDeviation(x []float64) (mean, deviation float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	if len(x) < 2 {
		return mean, 0
	}
	for _, v := range x {
		deviation += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(deviation / float64(len(x)-1))
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	if n == 0 {
		return math.NaN()
	}
	return (x[(n-1)/2] + x[n/2]) / 2
}
