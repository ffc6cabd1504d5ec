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
	experts                     []expertWork
	float                       bool // most of the elements are of a float type
}

// expertWork is that of one matrix of a layer's experts, of which each row uses some.
type expertWork struct {
	count, used     float64
	bytes, elements float64 // of one expert
	outputs         bool    // only outputs need them
}

// count adds up a program's matrices.
func count(p *program.Program) work {
	var w work
	floats := 0.0
	for _, m := range p.Products() {
		elements, bytes := float64(m.Elements), float64(m.Bytes)
		switch {
		case m.Experts > 1:
			w.experts = append(w.experts, expertWork{count: float64(m.Experts), used: float64(m.Used), bytes: bytes, elements: elements, outputs: m.Outputs})
			continue
		case m.Outputs:
			w.outputElements += elements
			w.outputBytes += bytes
		default:
			w.rowElements += elements
			w.rowBytes += bytes
		}
		switch m.Type {
		case tensor.F32, tensor.F16, tensor.BF16:
			floats += elements
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
		for _, e := range w.experts {
			rows, batches := float64(t.Prompt), float64(batches)
			if e.outputs {
				rows, batches = 1, 1
			}
			bytes += n * batches * e.bytes * e.read(rows/batches)
			ops += 2 * n * rows * e.used * e.elements
		}
	}
	bytes += float64(t.Generate) * (w.rowBytes + w.outputBytes)
	ops += 2 * n * float64(t.Generate) * (w.rowElements + w.outputElements)
	for _, e := range w.experts {
		bytes += float64(t.Generate) * e.bytes * e.read(n)
		ops += 2 * n * float64(t.Generate) * e.used * e.elements
	}
	return bytes, ops
}

// read is how many experts a batch of rows may be expected to read, if each row
// chooses as it likes.
func (e expertWork) read(rows float64) float64 {
	return e.count * (1 - math.Pow(1-e.used/e.count, rows))
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
