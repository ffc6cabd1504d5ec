package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"freehold/engine/synthetic"
	"freehold/engine/tensor"
)

// Every type but the integers and doubles, which nobody multiplies with.
var linearTypes = slices.DeleteFunc(tensor.Types(), func(t tensor.Type) bool { return !t.IsQuant() && !t.Writable() })

// tolerance bounds the difference to the reference's integer arithmetic as a
// part of the sum of absolute products: it leaves room for the order of float
// additions and no more.
const tolerance = 1e-5

// forEachISA runs a test under every kernel set of this processor.
func forEachISA(t *testing.T, f func(t *testing.T)) {
	for _, name := range ISAs() {
		t.Run(name, func(t *testing.T) {
			if err := ForceISA(name); err != nil {
				t.Fatal(err)
			}
			defer ForceISA("")
			f(t)
		})
	}
}

// linearCase is a product with its reference. The columns of x repeat with
// period len(want), so that many of them cost little.
type linearCase struct {
	typ        tensor.Type
	fine       bool
	tolerance  float64
	m, k       int
	w          []byte
	x          []float32 // period columns
	want, size [][]float32
}

const period = 61 // no multiple of any tile

func newLinearCase(t testing.TB, typ tensor.Type, kind string, m, k int) *linearCase {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(typ)*1000+uint64(k), uint64(len(kind))))
	c := &linearCase{typ: typ, tolerance: tolerance, m: m, k: k, w: weights(t, typ, kind, m, k, r), x: make([]float32, period*k)}
	for i := range c.x {
		c.x[i] = float32(r.NormFloat64()) * float32(1+i/k%7)
	}
	for i := range k { // one column of zeros, one with a single spike
		c.x[3*k+i] = 0
		c.x[5*k+i] = 0
	}
	c.x[5*k+k/2] = -1000
	y, size := make([]float32, period*m), make([]float32, period*m)
	if err := tensor.MatMulQuantized(typ, c.w, m, k, c.x, period, y, size); err != nil {
		t.Fatal(err)
	}
	for j := range period {
		c.want = append(c.want, y[j*m:(j+1)*m])
		c.size = append(c.size, size[j*m:(j+1)*m])
	}
	return c
}

// weights returns m×k weights: "normal" ones, quantized, if the type can be
// written; or "random" bits with sane scales, which reach every quant value and
// every scale.
func weights(t testing.TB, typ tensor.Type, kind string, m, k int, r *rand.Rand) []byte {
	t.Helper()
	rowBytes, err := typ.RowBytes(k)
	if err != nil {
		t.Fatal(err)
	}
	l, _ := typ.Layout()
	if typ.IsQuant() && (kind == "random" || !typ.Writable()) {
		w, err := synthetic.Blocks(typ, m*k/l.Block, 0.05, r)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	v := make([]float32, m*k)
	for i := range v {
		v[i] = float32(r.NormFloat64()) * 0.05
	}
	w := make([]byte, m*rowBytes)
	if err := tensor.Quantize(typ, v, w); err != nil {
		t.Fatal(err)
	}
	return w
}

// columns returns n columns of x with distance ldx.
func (c *linearCase) columns(n, ldx int) []float32 {
	x := make([]float32, (n-1)*ldx+c.k)
	for j := range n {
		copy(x[j*ldx:], c.x[j%period*c.k:][:c.k])
	}
	return x
}

// run computes the first m rows for n columns, in randomly cut pieces.
func (c *linearCase) run(t testing.TB, m, n, ldx int, y []float32, ldy int, bias []float32, accumulate bool, r *rand.Rand) {
	t.Helper()
	rowBytes, _ := c.typ.RowBytes(c.k)
	l, err := newLinear(c.typ, c.w[:m*rowBytes], m, c.k, n, c.fine)
	if err != nil {
		t.Fatal(err)
	}
	for i := range l.act { // nothing may depend on what the buffer held
		l.act[i] = 0xff
	}
	x := c.columns(n, ldx)
	columns, rows := l.grains()
	for c0 := 0; c0 < n; {
		c1 := min(n, c0+columns*(1+r.IntN(4)))
		l.quantize(x, ldx, c0, c1)
		c0 = c1
	}
	for r0 := 0; r0 < m; {
		step := rows * (1 + r.IntN(5))
		if r.IntN(4) == 0 { // off the grain: allowed, if wasteful
			step = 1 + r.IntN(40)
		}
		r1 := min(m, r0+step)
		l.multiply(r0, r1, y, ldy, bias, accumulate)
		r0 = r1
	}
}

func (c *linearCase) check(t *testing.T, m, n int, extra bool, r *rand.Rand) {
	t.Helper()
	ldx, ldy := c.k, m
	var bias []float32
	old := float32(0)
	if extra {
		ldx, ldy = c.k+r.IntN(9), m+1+r.IntN(20)
		bias = make([]float32, m)
		for i := range bias {
			bias[i] = float32(r.NormFloat64())
		}
		old = 3.5
	}
	const guard = float32(-12345)
	y := make([]float32, n*ldy+8)
	for i := range y {
		y[i] = guard
	}
	for j := range n {
		for i := range m {
			y[j*ldy+i] = old
			if !extra {
				y[j*ldy+i] = float32(math.NaN())
			}
		}
	}
	c.run(t, m, n, ldx, y, ldy, bias, extra, r)
	for j := range n {
		for i := range ldy {
			got := y[j*ldy+i]
			if i >= m {
				if got != guard {
					t.Fatalf("m=%d k=%d n=%d: wrote behind row %d of column %d", m, c.k, n, m-1, j)
				}
				continue
			}
			want, size := float64(c.want[j%period][i]), float64(c.size[j%period][i])
			if extra {
				want += float64(old) + float64(bias[i])
				size += math.Abs(want)
			}
			if e := math.Abs(float64(got) - want); !(e <= c.tolerance*size) {
				t.Fatalf("m=%d k=%d n=%d ldx=%d ldy=%d: row %d of column %d is %g, want %g (off by %.2g of the magnitude %g)",
					m, c.k, n, ldx, ldy, i, j, got, want, e/size, size)
			}
		}
	}
	for _, v := range y[n*ldy:] {
		if v != guard {
			t.Fatalf("m=%d k=%d n=%d: wrote behind the last column", m, c.k, n)
		}
	}
}

func depths(typ tensor.Type) []int {
	switch l, _ := typ.Layout(); l.Block {
	case 1:
		return []int{1, 7, 64, 259}
	case 32:
		return []int{32, 96, 288, 576}
	case 64:
		return []int{64, 192, 576}
	case 128:
		return []int{128, 384, 896}
	}
	return []int{256, 768}
}

func TestLinear(t *testing.T) {
	ms := []int{1, 3, 17, 33, 100}
	ns := []int{1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 14, 16, 24, 37, 64, 100, 600}
	for _, typ := range linearTypes {
		t.Run(typ.String(), func(t *testing.T) {
			for _, kind := range []string{"normal", "random"} {
				for _, k := range depths(typ) {
					c := newLinearCase(t, typ, kind, ms[len(ms)-1], k)
					forEachISA(t, func(t *testing.T) {
						r := rand.New(rand.NewPCG(7, uint64(k)))
						for _, n := range ns {
							// Few rows tell nothing new for many columns.
							for _, m := range ms {
								if n > 100 && (m != 33 || k > 600) {
									continue
								}
								c.check(t, m, n, r.IntN(2) == 0, r)
							}
						}
					})
				}
			}
		})
	}
}

// Fine products come close to those of exact floats: with a scale per block on
// both, a value and what its rounding leaves take sixteen bits.
func TestFineProducts(t *testing.T) {
	for _, typ := range linearTypes {
		l, _ := typ.Layout()
		if l.Block == 1 {
			continue // activations in floats
		}
		t.Run(typ.String(), func(t *testing.T) {
			c := newLinearCase(t, typ, "random", 50, 768)
			c.fine, c.tolerance = true, 5e-5
			exact := make([]float32, period*c.m)
			if err := tensor.MatMul(typ, c.w, c.m, c.k, c.x, period, exact); err != nil {
				t.Fatal(err)
			}
			for j := range period {
				c.want[j] = exact[j*c.m : (j+1)*c.m]
			}
			forEachISA(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(11, 12))
				for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 16, 29, 64} {
					for _, m := range []int{1, 17, 50} {
						c.check(t, m, n, r.IntN(2) == 0, r)
					}
				}
			})
		})
	}
}

// Against products of exact floats the difference is that of activations in
// eight bits. With a scale per 32 or 256 normal values, whose largest is some
// 2.5 or 3 standard deviations, a rounding error has a standard deviation of
// 3/127/√12 of theirs, and k of them add up like √k.
func TestLinearApproachesExactProduct(t *testing.T) {
	const m, k, n = 19, 1024, 29
	r := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, n*k)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	for _, typ := range linearTypes {
		t.Run(typ.String(), func(t *testing.T) {
			w := weights(t, typ, "normal", m, k, r)
			want := make([]float32, n*m)
			if err := tensor.MatMul(typ, w, m, k, x, n, want); err != nil {
				t.Fatal(err)
			}
			limit := 0.012 // relative root mean square
			switch typ {
			case tensor.F32:
				limit = 1e-6
			case tensor.F16:
				limit = 3e-4
			case tensor.BF16:
				limit = 3e-3
			}
			forEachISA(t, func(t *testing.T) {
				l, err := newLinear(typ, w, m, k, n, false)
				if err != nil {
					t.Fatal(err)
				}
				y := make([]float32, n*m)
				l.quantize(x, k, 0, n)
				l.multiply(0, m, y, m, nil, false)
				var e, s float64
				for i := range y {
					e += math.Pow(float64(y[i]-want[i]), 2)
					s += math.Pow(float64(want[i]), 2)
				}
				if rms := math.Sqrt(e / s); !(rms < limit) {
					t.Errorf("relative error %.5f, limit %.5f", rms, limit)
				}
			})
		})
	}
}

// One column alone and the same column among many must agree to rounding:
// prefill and decode see the same model.
func TestLinearRegimesAgree(t *testing.T) {
	for _, typ := range linearTypes {
		c := newLinearCase(t, typ, "random", 50, 768)
		forEachISA(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 5))
			const n = 40
			many := make([]float32, n*c.m)
			c.run(t, c.m, n, c.k, many, c.m, nil, false, r)
			for _, few := range []int{1, 2, 4, 9} {
				y := make([]float32, few*c.m)
				c.run(t, c.m, few, c.k, y, c.m, nil, false, r)
				for i := range y {
					if e := math.Abs(float64(y[i] - many[i])); e > 2e-6*float64(c.size[i/c.m][i%c.m]) {
						t.Fatalf("%v: output %d is %g among %d columns, %g among %d", typ, i, y[i], few, many[i], n)
					}
				}
			}
		})
	}
}

func TestDequantizeRow(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, typ := range linearTypes {
		const k = 512
		w := weights(t, typ, "random", 1, k, r)
		want, got := make([]float32, k), make([]float32, k)
		if err := tensor.Dequantize(typ, w, want); err != nil {
			t.Fatal(err)
		}
		dequantizeRow(typ, w, k, got)
		for i := range want {
			if e := math.Abs(float64(got[i] - want[i])); e > 1e-6*math.Abs(float64(want[i])) {
				t.Fatalf("%v: value %d is %g, want %g", typ, i, got[i], want[i])
			}
		}
	}
}

func TestLinearRefusesWhatItCannotDo(t *testing.T) {
	for _, c := range []struct {
		typ     tensor.Type
		m, k, n int
	}{
		{tensor.Q4_0, 1, 48, 1}, {tensor.Q4_K, 1, 288, 1}, {tensor.I32, 1, 32, 1},
		{tensor.F32, 0, 32, 1}, {tensor.F32, 1, 32, 0}, {tensor.F32, 1, 0, 1}, {tensor.Type(1000), 1, 32, 1},
	} {
		if _, err := newLinear(c.typ, make([]byte, 1<<12), c.m, c.k, c.n, false); err == nil {
			t.Errorf("%d×%d of %v with %d columns was accepted", c.m, c.k, c.typ, c.n)
		}
	}
	if _, err := newLinear(tensor.Q8_0, make([]byte, 33), 1, 32, 1, false); err == nil {
		t.Error("weights that are too short were accepted")
	}
}

func TestForceISA(t *testing.T) {
	defer ForceISA("")
	for _, name := range ISAs() {
		if err := ForceISA(name); err != nil || ISA() != name {
			t.Errorf("forcing %q: %v, in use %q", name, err, ISA())
		}
	}
	if err := ForceISA("abacus"); err == nil {
		t.Error("an unknown kernel set was accepted")
	}
	if err := ForceISA(""); err != nil || ISA() != ISAs()[0] {
		t.Errorf("after undoing: %v, in use %q, best %q", err, ISA(), ISAs()[0])
	}
}

func ExampleISA() {
	fmt.Println(ISA() == ISAs()[0])
	// Output: true
}
