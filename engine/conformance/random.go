package conformance

import (
	"encoding/binary"
	"hash/fnv"
	"math"
)

// random draws numbers by integer arithmetic and single roundings only, so that
// every machine draws the same ones (SplitMix64; Steele et al., 2014).
type random struct{ state uint64 }

// newRandom starts the sequence of one tensor: changing one tensor of a model
// leaves all others as they are.
func newRandom(seed uint64, name string) *random {
	h := fnv.New64a()
	h.Write([]byte(name))
	r := &random{state: h.Sum64() ^ seed*0x9e3779b97f4a7c15}
	r.next()
	return r
}

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// normal is the sum of twelve 16-bit integers, centred: nearly a normal
// distribution of deviation 1, and exact. It never leaves ±6.
func (r *random) normal() float64 {
	sum := int64(0)
	for range 3 {
		v := r.next()
		sum += int64(v&0xffff) + int64(v>>16&0xffff) + int64(v>>32&0xffff) + int64(v>>48)
	}
	return float64(2*sum-12*0xffff) / (2 * 65536)
}

// uniform is in [0, 1).
func (r *random) uniform() float64 { return float64(r.next()>>40) / (1 << 24) }

// bytes encodes n values of draw as F32. The conversions keep compilers from
// fusing a multiplication with an addition, which would round once less.
func floats(n int, draw func() float64) []byte {
	b := make([]byte, 0, 4*n)
	for range n {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(draw())))
	}
	return b
}
