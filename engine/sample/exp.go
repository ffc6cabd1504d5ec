package sample

import "math"

// exp returns e to the power of x for x ≤ 0, to within 2 units in the last
// place and with the same bits on every platform, which math.Exp does not
// promise. Conversions around products keep the compiler from fusing them
// with sums.
//
// x is split into k·ln 2/32 + r, so that e^x is 2^(k/32)·e^r: a power of two, a
// table entry and a short series.
func exp(x float64) float64 {
	if !(x > -708) { // below the smallest normal number; NaN cannot occur
		return 0
	}
	// Adding and subtracting 1.5·2^52 rounds to an integer.
	const magic = 3 << 51
	kf := float64(x*(expParts/math.Ln2)) + magic - magic
	k := int64(kf)
	r := (x - float64(kf*(ln2High/expParts))) - float64(kf*(ln2Low/expParts)) // |r| ≤ ln 2 / 64
	r2 := float64(r * r)
	// Taylor's series; the first term left out is below 2^-57.
	y := float64(r*(1.0/120)) + 1.0/24
	y = float64(r2*(1.0/720)) + y
	y = float64(r2*y) + (float64(r*(1.0/6)) + 0.5)
	y = float64(r2*y) + r
	t := expTable[k&(expParts-1)]
	return (t + float64(t*y)) * math.Float64frombits(uint64(1023+k>>expShift)<<52)
}

const (
	expShift = 5
	expParts = 1 << expShift

	// ln 2 in two parts; the first has so few bits that its product with k is exact.
	ln2High = 6.93147180369123816490e-01
	ln2Low  = 1.90821492927058770002e-10
)

// expTable holds 2^(i/32).
var expTable = func() (t [expParts]float64) {
	for i := range t {
		// Square roots are exact to the last bit on every platform: the
		// bits of i choose among 2^(1/2), 2^(1/4) …
		t[i] = 1
		root := 2.0
		for bit := expParts / 2; bit > 0; bit /= 2 {
			root = math.Sqrt(root)
			if i&bit != 0 {
				t[i] = float64(t[i] * root)
			}
		}
	}
	return t
}()
