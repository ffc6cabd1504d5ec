package tensor

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The types that can be written.
var convertible = slices.DeleteFunc(Types(), func(t Type) bool { return !t.Writable() })

func TestHalfRoundTrip(t *testing.T) {
	for h := range 1 << 16 {
		f := HalfToFloat(uint16(h))
		if f != f {
			if got := FloatToHalf(f); got&0x7c00 != 0x7c00 || got&0x3ff == 0 {
				t.Fatalf("NaN %#04x became %#04x", h, got)
			}
			continue
		}
		if got := FloatToHalf(f); got != uint16(h) {
			t.Fatalf("%#04x = %g became %#04x", h, f, got)
		}
		if b := BrainToFloat(uint16(h)); b == b && FloatToBrain(b) != uint16(h) {
			t.Fatalf("bfloat16 %#04x = %g became %#04x", h, b, FloatToBrain(b))
		}
	}
}

func TestHalfRounding(t *testing.T) {
	for _, c := range []struct {
		in   float32
		want uint16
	}{
		{1, 0x3c00}, {-2, 0xc000}, {65504, 0x7bff}, {65519.996, 0x7bff}, {65520, 0x7c00}, {-1e10, 0xfc00},
		{1 + 0x1p-11, 0x3c00}, {1 + 0x1.8p-10, 0x3c02}, {1 + 0x1.1p-11, 0x3c01}, // ties go to even
		{0x1p-24, 1}, {0x1p-25, 0}, {0x1.1p-25, 1}, {0x1.8p-24, 2}, {0x1p-14, 0x0400}, {0x1.ff8p-15, 0x03ff}, {0x1.ffcp-15, 0x0400}, {0x1.fffp-15, 0x0400},
		{float32(math.Inf(1)), 0x7c00},
	} {
		if got := FloatToHalf(c.in); got != c.want {
			t.Errorf("FloatToHalf(%g) = %#04x, want %#04x", c.in, got, c.want)
		}
	}
	// Neighbouring halves: what lies between rounds to the nearer one.
	for h := uint16(0); h < 0x7bff; h++ {
		low, high := float64(HalfToFloat(h)), float64(HalfToFloat(h+1))
		if got := FloatToHalf(float32(low + 0.49*(high-low))); got != h {
			t.Fatalf("just below the middle of %g and %g: %#04x", low, high, got)
		}
		if got := FloatToHalf(float32(low + 0.51*(high-low))); got != h+1 {
			t.Fatalf("just above the middle of %g and %g: %#04x", low, high, got)
		}
	}
}

// Quantizing normal values must lose no more than the bits of the type allow.
func TestQuantizeRoundTrip(t *testing.T) {
	limits := map[Type]float64{ // relative root mean square error
		F32: 0, F16: 3e-4, BF16: 3e-3, Q4_0: 0.10, Q4_1: 0.085, Q5_0: 0.05, Q5_1: 0.045, Q8_0: 0.007,
		Q2_K: 0.37, Q3_K: 0.22, Q4_K: 0.1, Q5_K: 0.055, Q6_K: 0.025, IQ4_NL: 0.1, IQ4_XS: 0.1, MXFP4: 0.15, NVFP4: 0.12,
		TQ1_0: 0.9, TQ2_0: 0.9, Q1_0: 0.61, Q2_0: 0.5,
	}
	r := rand.New(rand.NewPCG(1, 1))
	for _, typ := range convertible {
		x := make([]float32, 256*64)
		for i := range x {
			x[i] = float32(r.NormFloat64()) * 0.02
		}
		size, _ := typ.RowBytes(len(x))
		p, back := make([]byte, size), make([]float32, len(x))
		if err := Quantize(typ, x, p); err != nil {
			t.Fatal(err)
		}
		if err := Dequantize(typ, p, back); err != nil {
			t.Fatal(err)
		}
		var e, n float64
		for i := range x {
			e += float64(x[i]-back[i]) * float64(x[i]-back[i])
			n += float64(x[i]) * float64(x[i])
		}
		if rms := math.Sqrt(e / n); !(rms <= limits[typ]) {
			t.Errorf("%v: relative error %.4f, limit %.4f", typ, rms, limits[typ])
		} else {
			t.Logf("%v: relative error %.4f", typ, rms)
		}
		// What a block holds is a fixed point of every exact type.
		if typ == F32 || typ == F16 || typ == BF16 || typ == Q8_0 {
			again := make([]byte, size)
			if err := Quantize(typ, back, again); err != nil {
				t.Fatal(err)
			}
			b2 := make([]float32, len(x))
			if err := Dequantize(typ, again, b2); err != nil {
				t.Fatal(err)
			}
			for i := range back {
				if math.Abs(float64(back[i]-b2[i])) > 1e-3*math.Abs(float64(back[i]))+1e-9 {
					t.Fatalf("%v: %g became %g", typ, back[i], b2[i])
				}
			}
		}
	}
}

func TestQuantizeDegenerate(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, typ := range convertible {
		for _, v := range []float32{0, 1, -1, 1e-30, -3e38, 65504, inf, nan} {
			x := make([]float32, 256)
			for i := range x {
				x[i] = v
			}
			size, _ := typ.RowBytes(len(x))
			p := make([]byte, size)
			if err := Quantize(typ, x, p); err != nil {
				t.Fatal(err)
			}
			if err := Dequantize(typ, p, x); err != nil {
				t.Fatal(err)
			}
			if v == 0 {
				for i := range x {
					if x[i] != 0 {
						t.Fatalf("%v: zero became %g", typ, x[i])
					}
				}
			}
		}
	}
}

func TestLengthsAreChecked(t *testing.T) {
	for _, typ := range convertible {
		l, _ := typ.Layout()
		if err := Dequantize(typ, make([]byte, l.Bytes-1), make([]float32, l.Block)); err == nil {
			t.Errorf("%v: a short block passed", typ)
		}
		if err := Quantize(typ, make([]float32, l.Block), make([]byte, l.Bytes+1)); err == nil {
			t.Errorf("%v: a long block passed", typ)
		}
		if l.Block > 1 {
			if err := Dequantize(typ, make([]byte, l.Bytes), make([]float32, l.Block-1)); err == nil {
				t.Errorf("%v: part of a block passed", typ)
			}
		}
	}
	if Dequantize(Type(99), nil, nil) == nil || Quantize(Type(99), nil, nil) == nil || Quantize(IQ2_XS, make([]float32, 256), make([]byte, 74)) == nil {
		t.Error("a type without conversion passed")
	}
	for _, removed := range []Type{4, 5, 31, 32, 33, 36, 37, 38} {
		if _, ok := removed.Layout(); ok || Dequantize(removed, nil, nil) == nil {
			t.Errorf("type %d was removed from the format, but passed", removed)
		}
	}
	if MatMul(Q8_0, make([]byte, 34), 1, 32, make([]float32, 31), 1, make([]float32, 1)) == nil {
		t.Error("a short input passed")
	}
}

// The quantized product must approach the exact one as closely as 8-bit
// activations let it.
func TestMatMulQuantizedApproachesExact(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	const m, k, n = 5, 512, 3
	for _, typ := range convertible {
		w, x := make([]float32, m*k), make([]float32, n*k)
		for i := range w {
			w[i] = float32(r.NormFloat64())
		}
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		size, _ := typ.RowBytes(m * k)
		p := make([]byte, size)
		if err := Quantize(typ, w, p); err != nil {
			t.Fatal(err)
		}
		exact, got, mag := make([]float32, n*m), make([]float32, n*m), make([]float32, n*m)
		if err := MatMul(typ, p, m, k, x, n, exact); err != nil {
			t.Fatal(err)
		}
		if err := MatMulQuantized(typ, p, m, k, x, n, got, mag); err != nil {
			t.Fatal(err)
		}
		for i := range exact {
			if e := math.Abs(float64(exact[i]-got[i])) / float64(mag[i]); e > 3e-3 {
				t.Errorf("%v: output %d: %g, exact %g, off by %.2g of the magnitude", typ, i, got[i], exact[i], e)
			}
		}
	}
}

func TestDequantizeWideTypes(t *testing.T) {
	for _, c := range []struct {
		typ  Type
		src  []byte
		want float32
	}{
		{F64, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, -1.5},
		{I8, []byte{0x80}, -128},
		{I16, []byte{0xfe, 0xff}, -2},
		{I32, []byte{0, 0, 0, 0x80}, -0x1p31},
		{I64, []byte{1, 0, 0, 0, 1, 0, 0, 0}, 0x1p32},
	} {
		got := make([]float32, 1)
		if err := Dequantize(c.typ, c.src, got); err != nil || got[0] != c.want {
			t.Errorf("%v: %g, %v; want %g", c.typ, got[0], err, c.want)
		}
	}
}

func TestCodebooks(t *testing.T) {
	for typ, want := range map[Type]int{IQ1_S: 2048, IQ1_M: 2048, IQ2_XXS: 256, IQ2_XS: 512, IQ2_S: 1024, IQ3_XXS: 256, IQ3_S: 512, Q4_0: 0} {
		if got := len(Codebook(typ)); got != want {
			t.Errorf("%v has %d points, want %d", typ, got, want)
		}
	}
}

func FuzzDequantize(f *testing.F) {
	for _, typ := range Types() {
		l, _ := typ.Layout()
		f.Add(uint32(typ), uint16(l.Block), make([]byte, l.Bytes))
	}
	f.Add(uint32(77), uint16(1), []byte{1})
	f.Fuzz(func(t *testing.T, typ uint32, n uint16, src []byte) {
		dst := make([]float32, n)
		if Dequantize(Type(typ), src, dst) != nil {
			return
		}
		if !Type(typ).Writable() {
			return
		}
		if err := Quantize(Type(typ), dst, make([]byte, len(src))); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
		if n > 0 {
			_, _ = QuantizeActivation(Type(typ), dst)
		}
	})
}

// RoundQ8 keeps what Q8_0 keeps, up to values that lie half-way.
func TestRoundQ8(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	for _, size := range []float64{0, 1e-9, 1e-4, 1, 3000, 1e9} {
		x, want := make([]float32, 32), make([]float32, 32)
		for i := range x {
			x[i] = float32(r.NormFloat64() * size)
		}
		block := make([]byte, 34)
		if err := Quantize(Q8_0, x, block); err != nil {
			t.Fatal(err)
		}
		if err := Dequantize(Q8_0, block, want); err != nil {
			t.Fatal(err)
		}
		got := slices.Clone(x)
		RoundQ8(got)
		if size == 1e9 { // beyond what a scale can say: held to the largest
			for i, v := range got {
				if v != 127*65504 && v != -127*65504 && math.Abs(float64(v-x[i])) > 65504/2 {
					t.Errorf("%g became %g", x[i], v)
				}
			}
			continue
		}
		if !slices.Equal(got, want) {
			t.Errorf("values of about %g: got %v, Q8_0 holds %v", size, got, want)
		}
	}
}
