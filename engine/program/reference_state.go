package program

import (
	"fmt"
	"math"
)

// The reference interpreter's ops that look along a sequence, and the recurrent
// states some of them keep.

func (e *referenceRun) SlotBytes() int {
	n := 0
	for _, s := range e.program.States {
		n += 4 * s.Size
	}
	return n
}

func (e *referenceRun) CopySlot(dst, src int32) error {
	if dst < 0 || src < 0 || int(dst) >= e.limits.Slots || int(src) >= e.limits.Slots {
		return fmt.Errorf("state slot %d or %d is outside the %d there are", dst, src, e.limits.Slots)
	}
	for i := range e.program.States {
		copy(e.state(i, dst), e.state(i, src))
	}
	return nil
}

func (e *referenceRun) ReadSlot(id int32, dst []byte) error {
	if err := CheckSlot(e, e.limits, id, dst); err != nil {
		return err
	}
	for i := range e.program.States {
		dst = put(dst, e.state(i, id))
	}
	return nil
}

func (e *referenceRun) WriteSlot(id int32, src []byte) error {
	if err := CheckSlot(e, e.limits, id, src); err != nil {
		return err
	}
	for i := range e.program.States {
		src = take(src, e.state(i, id))
	}
	return nil
}

func (e *referenceRun) state(i int, slot int32) []float32 {
	n := e.program.States[i].Size
	return e.states[i][int(slot)*n : (int(slot)+1)*n]
}

// startStates clears the states of sequences that begin.
func (e *referenceRun) startStates() {
	for r, pos := range e.batch.Positions {
		if pos > 0 {
			continue
		}
		for i := range e.program.States {
			clear(e.state(i, e.batch.Slots[e.batch.Sequences[r]]))
		}
	}
}

// rowState is the state of row r's sequence.
func (e *referenceRun) rowState(i, r int) []float32 {
	return e.state(i, e.batch.Slots[e.batch.Sequences[r]])
}

func (e *referenceRun) meanPool(o MeanPool) {
	for i, output := range e.batch.Outputs {
		n, sum := 0, make([]float64, e.program.Buffers[o.X].Width)
		for r, s := range e.batch.Sequences {
			if s != e.batch.Sequences[output] {
				continue
			}
			n++
			for j, v := range e.row(o.X, r) {
				sum[j] += float64(v)
			}
		}
		for j, v := range sum {
			e.row(o.Dst, i)[j] = float32(v / float64(n))
		}
	}
}

func (e *referenceRun) conv(o Conv) {
	n, _ := e.rows(o.X)
	for r := range n {
		x, dst, state := e.row(o.X, r), e.row(o.Dst, r), e.rowState(o.State, r)
		// The state is [width][Kernel−1], the oldest value first.
		for c, v := range x {
			past := state[c*(o.Kernel-1) : (c+1)*(o.Kernel-1)]
			weight := o.Weight[c*o.Kernel : (c+1)*o.Kernel]
			sum := dot(past, weight) + float64(v)*float64(weight[o.Kernel-1])
			if o.Bias != nil {
				sum += float64(o.Bias[c])
			}
			copy(past, past[1:])
			past[len(past)-1] = v
			dst[c] = float32(sum)
		}
	}
}

func (e *referenceRun) deltaNet(o DeltaNet) {
	n, _ := e.rows(o.Q)
	old, delta := make([]float64, o.ValueDim), make([]float64, o.ValueDim)
	for r := range n {
		for h := range o.Heads {
			key := h / (o.Heads / o.KeyHeads)
			if o.Tiled {
				key = h % o.KeyHeads
			}
			q := e.row(o.Q, r)[key*o.KeyDim : (key+1)*o.KeyDim]
			k := e.row(o.K, r)[key*o.KeyDim : (key+1)*o.KeyDim]
			v := e.row(o.V, r)[h*o.ValueDim : (h+1)*o.ValueDim]
			dst := e.row(o.Dst, r)[h*o.ValueDim : (h+1)*o.ValueDim]
			decay := math.Exp(float64(e.row(o.Delta, r)[h]) * float64(o.A[h]))
			beta := float64(e.row(o.Beta, r)[h])
			s := e.rowState(o.State, r)[h*o.KeyDim*o.ValueDim : (h+1)*o.KeyDim*o.ValueDim]
			clear(old)
			for i := range s {
				s[i] = float32(float64(s[i]) * decay)
				old[i%o.ValueDim] += float64(s[i]) * float64(k[i/o.ValueDim])
			}
			for j := range delta {
				delta[j] = beta * (float64(v[j]) - old[j])
			}
			clear(old)
			for i := range s {
				s[i] = float32(float64(s[i]) + float64(k[i/o.ValueDim])*delta[i%o.ValueDim])
				old[i%o.ValueDim] += float64(s[i]) * float64(q[i/o.ValueDim])
			}
			for j := range dst {
				dst[j] = float32(old[j] / math.Sqrt(float64(o.KeyDim)))
			}
		}
	}
}

func (e *referenceRun) mamba(o Mamba) {
	n, _ := e.rows(o.X)
	for r := range n {
		for h := range o.Heads {
			group := h / (o.Heads / o.Groups)
			b := e.row(o.B, r)[group*o.StateDim : (group+1)*o.StateDim]
			c := e.row(o.C, r)[group*o.StateDim : (group+1)*o.StateDim]
			delta := float64(e.row(o.Delta, r)[h])
			decay := math.Exp(delta * float64(o.A[h]))
			x := e.row(o.X, r)[h*o.HeadDim : (h+1)*o.HeadDim]
			dst := e.row(o.Dst, r)[h*o.HeadDim : (h+1)*o.HeadDim]
			for d, v := range x {
				at := (h*o.HeadDim + d) * o.StateDim
				s := e.rowState(o.State, r)[at : at+o.StateDim]
				sum := 0.0
				for i := range s {
					s[i] = float32(float64(s[i])*decay + delta*float64(v)*float64(b[i]))
					sum += float64(s[i]) * float64(c[i])
				}
				dst[d] = float32(sum + float64(o.D[h])*float64(v))
			}
		}
	}
}
