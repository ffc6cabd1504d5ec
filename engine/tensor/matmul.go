package tensor

import (
	"fmt"
	"math"
)

// MatMul computes y[n][m] = x[n][k]·W[m][k]ᵀ from the weights' float values,
// with double-precision sums: what a product ought to be, slowly.
func MatMul(t Type, w []byte, m, k int, x []float32, n int, y []float32) error {
	if err := checkProduct(t, w, m, k, x, n, y); err != nil {
		return err
	}
	rowBytes := len(w) / m
	row := make([]float32, k)
	for r := range m {
		if err := Dequantize(t, w[r*rowBytes:(r+1)*rowBytes], row); err != nil {
			return err
		}
		for c := range n {
			sum := 0.0
			for i, v := range row {
				sum += float64(v) * float64(x[c*k+i])
			}
			y[c*m+r] = float32(sum)
		}
	}
	return nil
}

// MatMulQuantized computes y[n][m] = x[n][k]·W[m][k]ᵀ the way backends do:
// activations in the form QuantizeActivation gives them for this weight type,
// integer dot products within a block, and here double-precision sums over
// blocks.
//
// If magnitude is not nil it receives, for every element of y, the sum of the
// absolute values of all terms, a quant's and its minimum's product counting
// apart: the scale for judging rounding errors.
func MatMulQuantized(t Type, w []byte, m, k int, x []float32, n int, y, magnitude []float32) error {
	if err := checkProduct(t, w, m, k, x, n, y); err != nil {
		return err
	}
	if magnitude != nil && len(magnitude) != len(y) {
		return fmt.Errorf("magnitudes of %d products, not %d", len(y), len(magnitude))
	}
	columns := make([]Activation, n)
	for c := range columns {
		a, err := QuantizeActivation(t, x[c*k:(c+1)*k])
		if err != nil {
			return err
		}
		columns[c] = a
	}
	rowBytes := len(w) / m
	for r := range m {
		row := w[r*rowBytes : (r+1)*rowBytes]
		var blocks []block
		var plain []float32
		if l := layouts[t]; l.Block == 1 {
			plain = make([]float32, k)
			if err := Dequantize(t, row, plain); err != nil {
				return err
			}
		} else {
			for p := row; len(p) > 0; p = p[l.Bytes:] {
				blocks = append(blocks, readBlocks(t, p)...)
			}
		}
		for c := range columns {
			var sum, abs float64
			if plain != nil {
				sum, abs = columns[c].dotPlain(plain)
			} else {
				sum, abs = columns[c].dotBlocks(blocks)
			}
			y[c*m+r] = float32(sum)
			if magnitude != nil {
				magnitude[c*m+r] = float32(abs)
			}
		}
	}
	return nil
}

func checkProduct(t Type, w []byte, m, k int, x []float32, n int, y []float32) error {
	if m <= 0 || k <= 0 || n <= 0 {
		return fmt.Errorf("a product of %d×%d weights with %d columns is empty", m, k, n)
	}
	rowBytes, err := t.RowBytes(k)
	if err != nil {
		return err
	}
	if len(w) != m*rowBytes || len(x) != n*k || len(y) != n*m {
		return fmt.Errorf("a product of %d×%d %v weights with %d columns wants %d weight bytes, %d inputs and %d outputs; got %d, %d and %d",
			m, k, t, n, m*rowBytes, n*k, n*m, len(w), len(x), len(y))
	}
	return nil
}

// Activation is a vector in the form the products of one weight type use.
type Activation struct {
	// Q holds int8 values in blocks that share a scale; nil for plain types.
	Q []int8
	// D holds the scale of each block: 32 values with a scale that binary16
	// can hold, or 256 values with any scale for the K types.
	D []float32
	// Sum holds, for each block of 32, the scale before rounding times the sum
	// of Q, rounded to binary16. It multiplies the m of Q4_1 and Q5_1.
	Sum []float32
	// X holds the values for plain types, rounded to the weights' precision.
	X []float32
}

// QuantizeActivation brings x to the form in which weights of type t want it.
func QuantizeActivation(t Type, x []float32) (Activation, error) {
	var a Activation
	l, ok := layouts[t]
	if !ok || len(x)%l.Block != 0 {
		return a, fmt.Errorf("%d activations do not fit weights of type %v", len(x), t)
	}
	switch activationBlock(l) {
	case 1:
		a.X = make([]float32, len(x))
		for i, v := range x {
			a.X[i] = roundActivation(t, v)
		}
	case 32:
		a.Q = make([]int8, len(x))
		for b := 0; b < len(x); b += 32 {
			block := x[b : b+32]
			amax := magnitude(block)
			d, inverse := amax/127, float32(0)
			if amax > 0 {
				inverse = 127 / amax
			}
			sum := float32(0)
			for i, v := range block {
				q := int8(math.RoundToEven(float64(v * inverse)))
				a.Q[b+i] = q
				sum += float32(q)
			}
			a.D = append(a.D, HalfToFloat(FloatToHalf(d)))
			a.Sum = append(a.Sum, HalfToFloat(FloatToHalf(d*sum)))
		}
	case 256:
		a.Q = make([]int8, len(x))
		for b := 0; b < len(x); b += 256 {
			block := x[b : b+256]
			e := float32(0) // the first value of largest magnitude
			for _, v := range block {
				if abs(v) > abs(e) {
					e = v
				}
			}
			if e == 0 {
				a.D = append(a.D, 0)
				continue
			}
			inverse := -127 / e
			for i, v := range block {
				a.Q[b+i] = int8(math.RoundToEven(float64(v * inverse)))
			}
			a.D = append(a.D, 1/inverse)
		}
	}
	return a, nil
}

// activationBlock is how many activations share a scale.
func activationBlock(l Layout) int {
	if l.Block > 1 && l.Block < 256 {
		return 32
	}
	return l.Block
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

func magnitude(x []float32) float32 {
	m := float32(0)
	for _, v := range x {
		if a := abs(v); a > m {
			m = a
		}
	}
	return m
}

// roundActivation rounds v to what weights of a plain type hold; binary16
// saturates instead of becoming infinite.
func roundActivation(t Type, v float32) float32 {
	switch t {
	case F16:
		return max(-65504, min(65504, HalfToFloat(FloatToHalf(v))))
	case BF16:
		return BrainToFloat(FloatToBrain(v))
	}
	return v
}

func (a Activation) dotPlain(w []float32) (sum, magnitude float64) {
	for i, v := range w {
		p := float64(v) * float64(a.X[i])
		sum += p
		magnitude += math.Abs(p)
	}
	return sum, magnitude
}

func (a Activation) dotBlocks(blocks []block) (sum, magnitude float64) {
	for n, b := range blocks {
		size := len(b.q)
		q := a.Q[n*size : (n+1)*size]
		d := float64(a.D[n])
		dots, mins := 0, 0
		for g := range b.scale {
			dot, total := 0, 0
			for i := g * b.group; i < (g+1)*b.group; i++ {
				dot += b.q[i] * int(q[i])
				total += int(q[i])
				terms := math.Abs(float64(b.d)*float64(b.scale[g]*b.q[i])) + math.Abs(float64(b.m))
				if b.min != nil {
					terms += math.Abs(float64(b.dmin) * float64(b.min[g]))
				}
				magnitude += terms * math.Abs(d*float64(q[i]))
			}
			dots += b.scale[g] * dot
			if b.min != nil {
				mins += b.min[g] * total
			}
		}
		sum += float64(dots)*float64(b.d)*d - float64(mins)*float64(b.dmin)*d
		if b.m != 0 {
			sum += float64(b.m) * float64(a.Sum[n])
		}
	}
	return sum, magnitude
}
