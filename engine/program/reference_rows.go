package program

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"freehold/engine/tensor"
)

// The reference interpreter's ops that look at one row at a time.

// each computes dst value by value from the same row of a and b.
func (e *referenceRun) each(dst Buffer, f func(a, b []float32, i int) float64, a, b Buffer) {
	n, _ := e.rows(dst)
	for r := range n {
		to, x, y := e.row(dst, r), e.row(a, r), e.row(b, r)
		for i := range to {
			to[i] = float32(f(x, y, i))
		}
	}
}

func (f Function) of(x float64) float64 {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	switch f {
	case SiLU:
		return x * sigmoid(x)
	case GELU:
		return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	case GELUErf:
		return x / 2 * (1 + math.Erf(x/math.Sqrt2))
	case GELUQuick:
		return x * sigmoid(1.702*x)
	case ReLU:
		return max(x, 0)
	case ReLU2:
		return max(x, 0) * max(x, 0)
	case Sigmoid:
		return sigmoid(x)
	case Tanh:
		return math.Tanh(x)
	case Softplus:
		return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	}
	return math.NaN()
}

func (e *referenceRun) embed(o Embed) error {
	values := make([]float32, o.Table.Cols)
	for r, id := range e.batch.Tokens {
		if o.Positions {
			id = e.batch.Positions[r]
		}
		if err := o.Table.Row(int(id), values); err != nil {
			return err
		}
		dst := e.row(o.Dst, r)
		for i, v := range values {
			if o.Accumulate {
				dst[i] += v * o.Scale
			} else {
				dst[i] = v * o.Scale
			}
		}
	}
	return nil
}

// groups calls f for each group of values of each row of x, with the place of
// the group's first value in the row.
func (e *referenceRun) groups(x, dst Buffer, group int, f func(x, dst []float32, at int)) {
	n, width := e.rows(x)
	if group == 0 {
		group = width
	}
	for r := range n {
		for at := 0; at < width; at += group {
			f(e.row(x, r)[at:at+group], e.row(dst, r)[at:at+group], at)
		}
	}
}

// parameter is value i of the group at at: params has one for each value of a
// group, or of the row, or is nil for the neutral value.
func parameter(params []float32, group, at, i int, neutral float64) float64 {
	if params == nil {
		return neutral
	}
	if len(params) == group {
		return float64(params[i])
	}
	return float64(params[at+i])
}

func (e *referenceRun) rmsNorm(o RMSNorm) {
	e.groups(o.X, o.Dst, o.Group, func(x, dst []float32, at int) {
		scale := 1 / math.Sqrt(squares(x)/float64(len(x))+float64(o.Eps))
		for i, v := range x {
			dst[i] = float32(float64(v) * scale * parameter(o.Gain, len(x), at, i, 1))
		}
	})
}

func (e *referenceRun) layerNorm(o LayerNorm) {
	e.groups(o.X, o.Dst, o.Group, func(x, dst []float32, at int) {
		mean, variance := 0.0, 0.0
		for _, v := range x {
			mean += float64(v)
		}
		mean /= float64(len(x))
		for _, v := range x {
			variance += (float64(v) - mean) * (float64(v) - mean)
		}
		scale := 1 / math.Sqrt(variance/float64(len(x))+float64(o.Eps))
		for i, v := range x {
			dst[i] = float32((float64(v)-mean)*scale*parameter(o.Gain, len(x), at, i, 1) +
				parameter(o.Bias, len(x), at, i, 0))
		}
	})
}

func (e *referenceRun) l2Norm(o L2Norm) {
	e.groups(o.X, o.Dst, o.Group, func(x, dst []float32, _ int) {
		length := max(math.Sqrt(squares(x)), float64(o.Eps))
		for i, v := range x {
			dst[i] = float32(float64(v) / length)
		}
	})
}

func squares(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}

func (e *referenceRun) linear(o Linear) error {
	n, cols := e.rows(o.X)
	w := make([]float32, cols)
	for _, out := range o.Out {
		for m := range out.Weight.Rows {
			if err := out.Weight.Row(m, w); err != nil {
				return err
			}
			for r := range n {
				sum := dot(e.row(o.X, r), w)
				if out.Scale != 0 {
					sum *= float64(out.Scale)
				}
				if out.Bias != nil {
					sum += float64(out.Bias[m])
				}
				dst := e.row(out.Dst, r)
				if out.Accumulate {
					dst[m] += float32(sum)
				} else {
					dst[m] = float32(sum)
				}
			}
		}
	}
	return nil
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func (e *referenceRun) expertLinear(o ExpertLinear) error {
	n, width := e.rows(o.X)
	for _, out := range o.Out {
		rows, cols := out.Experts[0].Rows, out.Experts[0].Cols
		matrix := make([]float32, rows*cols)
		for expert, w := range out.Experts {
			decoded := false
			for r := range n {
				for slot := range o.Slots {
					if o.choice(e, r, slot) != expert {
						continue
					}
					for m := 0; m < rows && !decoded; m++ {
						if err := w.Row(m, matrix[m*cols:(m+1)*cols]); err != nil {
							return err
						}
					}
					decoded = true
					x := e.row(o.X, r)
					if width != cols {
						x = x[slot*cols : (slot+1)*cols]
					}
					dst := e.row(out.Dst, r)[slot*rows : (slot+1)*rows]
					for m := range dst {
						sum := dot(x, matrix[m*cols:(m+1)*cols])
						if out.Scale != nil {
							sum *= float64(out.Scale[expert])
						}
						if out.Bias != nil {
							sum += float64(out.Bias[expert][m])
						}
						dst[m] = float32(sum)
					}
				}
			}
		}
	}
	return nil
}

func (o ExpertLinear) choice(e *referenceRun, row, slot int) int {
	if o.Choice == NoBuffer {
		return slot
	}
	return int(e.row(o.Choice, row)[slot])
}

func (e *referenceRun) route(o Route) {
	n, experts := e.rows(o.Logits)
	for r := range n {
		logits := e.row(o.Logits, r)
		p := make([]float64, experts)
		for i, v := range logits {
			p[i] = float64(v)
			if o.Gating == GateSigmoid {
				p[i] = Sigmoid.of(p[i])
			}
		}
		if o.Gating == GateSoftmax {
			softmax(p)
		}
		score := slices.Clone(p)
		for i, b := range o.Bias {
			score[i] += float64(b)
		}
		if o.Groups > 1 {
			closeGroups(score, o.Groups, o.GroupsUsed)
		}
		choice, share, sum := e.row(o.Choice, r), make([]float64, o.Used), 0.0
		for slot, expert := range highest(score, o.Used) {
			choice[slot], share[slot] = float32(expert), p[expert]
		}
		if o.Gating == GateSoftmaxChosen {
			softmax(share)
		}
		for _, s := range share {
			sum += s
		}
		for slot, s := range share {
			if o.Normalize {
				s /= max(sum, 1.0/(1<<14))
			}
			if o.Scale != 0 {
				s *= float64(o.Scale)
			}
			e.row(o.Share, r)[slot] = float32(s)
		}
	}
}

// closeGroups sets the scores outside the best groups to −∞.
func closeGroups(score []float64, groups, used int) {
	size := len(score) / groups
	best := make([]float64, groups)
	for g := range best {
		of := score[g*size : (g+1)*size]
		for _, i := range highest(of, 2) {
			best[g] += of[i]
		}
	}
	open := highest(best, used)
	for i := range score {
		if !slices.Contains(open, i/size) {
			score[i] = math.Inf(-1)
		}
	}
}

// highest returns the places of the n highest scores, descending; of equal
// ones the first counts as higher.
func highest(score []float64, n int) []int {
	order := make([]int, len(score))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	return order[:n]
}

func softmax(x []float64) {
	top, sum := slices.Max(x), 0.0
	for i, v := range x {
		x[i] = math.Exp(v - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

func (e *referenceRun) softmax(o Softmax) {
	n, width := e.rows(o.X)
	p := make([]float64, width)
	for r := range n {
		for i, v := range e.row(o.X, r) {
			p[i] = float64(v)
		}
		softmax(p)
		for i, v := range p {
			e.row(o.X, r)[i] = float32(v)
		}
	}
}

func (e *referenceRun) combine(o Combine) {
	n, width := e.rows(o.Dst)
	for r := range n {
		x, dst := e.row(o.X, r), e.row(o.Dst, r)
		for i := range dst {
			sum := 0.0
			if !o.Set {
				sum = float64(dst[i])
			}
			for slot, s := range e.row(o.Share, r) {
				sum += float64(s) * float64(x[slot*width+i])
			}
			dst[i] = float32(sum)
		}
	}
}

func (e *referenceRun) rope(o Rope) {
	t := e.program.Ropes[o.Table]
	pairs := len(t.Freqs)
	for r, pos := range e.batch.Positions {
		x := e.row(o.X, r)
		for h := range o.Heads {
			head := x[h*o.HeadDim+o.Offset : (h+1)*o.HeadDim]
			for i, f := range t.Freqs {
				a, b := i, i+pairs
				if t.Adjacent {
					a, b = 2*i, 2*i+1
				}
				sin, cos := math.Sincos(float64(pos) * float64(f))
				sin, cos = sin*float64(t.Magnitude), cos*float64(t.Magnitude)
				va, vb := float64(head[a]), float64(head[b])
				head[a], head[b] = float32(va*cos-vb*sin), float32(va*sin+vb*cos)
			}
		}
	}
}

func (e *referenceRun) temper(o Temper) {
	for r, pos := range e.batch.Positions {
		steps := math.Floor((float64(pos) + float64(o.Offset)) / float64(o.Length))
		factor := float32(1 + float64(o.Scale)*math.Log1p(steps))
		x := e.row(o.X, r)
		for i := range x {
			x[i] *= factor
		}
	}
}

func (e *referenceRun) copy(o Copy) {
	n, _ := e.rows(o.X)
	for r := range n {
		x, dst := e.row(o.X, r), e.row(o.Dst, r)
		for i := range o.Count {
			copy(dst[o.To+i*o.ToStride:][:o.Width], x[o.From+i*o.FromStride:])
		}
	}
}

// Row dequantizes row m into dst, Cols values.
func (w *Weight) Row(m int, dst []float32) error {
	n, err := w.Type.RowBytes(w.Cols)
	if err != nil {
		return fmt.Errorf("%s: %w", w.Name, err)
	}
	return tensor.Dequantize(w.Type, w.Data[m*n:(m+1)*n], dst)
}
