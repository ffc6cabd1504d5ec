package sample

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// candidate is a token that may be chosen.
type candidate struct {
	key    float64 // what a filter orders by, highest first
	weight float64 // what a filter sums: an unnormalized probability
	logit  float32
	id     int32
}

// inOrder compares candidates: higher key first, then lower id. No two are equal.
func inOrder(a, b candidate) int {
	if a.key != b.key {
		return cmp.Compare(b.key, a.key)
	}
	return cmp.Compare(a.id, b.id)
}

// heapLimit is the largest top-k for which a heap beats selecting among all
// tokens.
const heapLimit = 512

// filter returns the candidates that pass all filters, in no particular order.
// They stay valid until the next call.
func (s *Sampler) filter(logits []float32) []candidate {
	k := s.p.TopK
	if k > 0 && k <= heapLimit {
		s.cands = topByHeap(s.cands[:0], logits, k)
	} else {
		s.cands = all(s.cands[:0], logits, s.floor(logits))
		if k > 0 && k < len(s.cands) {
			s.cands = s.cands[:keepTop(s.cands, func(sum float64) bool { return sum >= float64(k) })]
		}
	}
	c := s.cands
	if len(c) == 0 {
		return c
	}
	if p := float64(s.p.TypicalP); p < 1 {
		total := weigh(c)
		c = c[:keepTypical(c, p*total, total)]
	}
	if p := float64(s.p.TopP); p < 1 {
		total := weigh(c)
		// Tokens lighter than this weigh less together than what is cut
		// off, so selection need not see them; half of it allows for rounding.
		light, kept := (1-p)*total/float64(len(c))/2, 0
		for _, x := range c {
			if x.weight >= light {
				c[kept] = x
				kept++
			}
		}
		c = c[:keepTop(c[:kept], func(sum float64) bool { return sum >= p*total })]
	}
	if s.p.MinP > 0 {
		high, kept := maxLogit(c), 0
		for _, x := range c {
			if exp(float64(x.logit)-high) >= float64(s.p.MinP) {
				c[kept] = x
				kept++
			}
		}
		c = c[:kept] // the best one's ratio is 1, so it is there
	}
	return c
}

// finite returns x with +Inf made finite; ok is false for tokens that may not
// be chosen.
func finite(x float32) (_ float32, ok bool) {
	return min(x, math.MaxFloat32), x >= -math.MaxFloat32 // false for NaN too
}

// floor returns a logit below which no token can pass, to spare later filters
// the work. Only min-p alone gives one: what other filters keep depends on the
// probabilities of all tokens.
func (s *Sampler) floor(logits []float32) float64 {
	if s.p.MinP == 0 || s.p.TypicalP < 1 || s.p.TopP < 1 || s.p.TopK > 0 {
		return math.Inf(-1)
	}
	high := float32(math.Inf(-1))
	for _, x := range logits {
		if x > high {
			high = x
		}
	}
	// The exact comparison comes later, so a little slack is right.
	return float64(min(high, math.MaxFloat32)) + math.Log(float64(s.p.MinP)) - 0.01
}

// all appends every token that may be chosen and whose logit is not below floor.
func all(c []candidate, logits []float32, floor float64) []candidate {
	c = slices.Grow(c, len(logits))
	for i, x := range logits {
		if x, ok := finite(x); ok && float64(x) >= floor {
			c = append(c, candidate{key: float64(x), weight: 1, logit: x, id: int32(i)})
		}
	}
	return c
}

// topByHeap appends the k best tokens. The heap has the worst on top, so that
// nearly all tokens cost one comparison.
func topByHeap(c []candidate, logits []float32, k int) []candidate {
	c = slices.Grow(c, k)
	i := 0
	for ; i < len(logits) && len(c) < k; i++ {
		if x, ok := finite(logits[i]); ok {
			c = append(c, candidate{key: float64(x), weight: 1, logit: x, id: int32(i)})
		}
	}
	for j := len(c)/2 - 1; j >= 0; j-- {
		siftDown(c, j)
	}
	if len(c) < k {
		return c
	}
	worst := c[0].logit
	for ; i < len(logits); i++ {
		// Among equals the lower id is better, and ids rise.
		if x := logits[i]; x > worst {
			x, _ = finite(x)
			if x == worst {
				continue
			}
			c[0] = candidate{key: float64(x), weight: 1, logit: x, id: int32(i)}
			siftDown(c, 0)
			worst = c[0].logit
		}
	}
	return c
}

func siftDown(c []candidate, i int) {
	for {
		child := 2*i + 1
		if child >= len(c) {
			return
		}
		if child+1 < len(c) && inOrder(c[child+1], c[child]) > 0 {
			child++
		}
		if inOrder(c[i], c[child]) > 0 {
			return
		}
		c[i], c[child] = c[child], c[i]
		i = child
	}
}

func maxLogit(c []candidate) float64 {
	high := c[0].logit
	for _, x := range c[1:] {
		high = max(high, x.logit)
	}
	return float64(high)
}

// weigh sets keys to logits and weights to unnormalized probabilities, and
// returns the sum of these.
func weigh(c []candidate) (total float64) {
	high := maxLogit(c)
	for i := range c {
		c[i].key = float64(c[i].logit)
		c[i].weight = exp(c[i].key - high)
		total += c[i].weight
	}
	return total
}

// keepTypical orders weighed candidates by how far their information, -log p,
// is from its mean, the entropy, and keeps the nearest until their weights
// exceed target (Meister et al., Locally Typical Sampling, 2023). The logarithm
// of the sum that -log p and entropy share cancels out, so logits will do.
func keepTypical(c []candidate, target, total float64) int {
	high := maxLogit(c)
	mean := 0.0
	for _, x := range c {
		mean += float64(x.weight * (float64(x.logit) - high))
	}
	mean /= total
	for i := range c {
		c[i].key = -math.Abs(float64(c[i].logit) - high - mean)
	}
	return keepTop(c, func(sum float64) bool { return sum > target })
}

// keepTop moves the first candidates in order to the front, as many as it
// takes for the sum of their weights to be enough, and returns their number:
// all if nothing is enough, at least 1. It is quickselect by weight; sums of
// weights are what a round decides on, so nothing needs to be sorted.
func keepTop(c []candidate, enough func(sum float64) bool) int {
	const small = 12
	from, to := 0, len(c) // c[:from] is kept, c[to:] is not needed
	sum := 0.0            // of c[:from]
	for rounds := 2 * bits.Len(uint(len(c))); to-from > small && rounds > 0; rounds-- {
		mid := partition(c, from, to)
		part := sum
		for i := from; i < mid; i++ {
			part += c[i].weight
		}
		switch {
		case enough(part) && mid > 0:
			to = mid
		case enough(part + c[mid].weight):
			return mid + 1
		default:
			from, sum = mid+1, part+c[mid].weight
		}
	}
	// Little is left, or pivots were so unlucky that sorting is safer.
	slices.SortFunc(c[from:to], inOrder)
	for i := from; i < to; i++ {
		sum += c[i].weight
		if enough(sum) {
			return i + 1
		}
	}
	return max(to, 1)
}

// partition puts one candidate of c[from:to] at its place in order, those
// before it in front and the others behind, and returns that place.
func partition(c []candidate, from, to int) int {
	// The median of three, moved to the end.
	last, mid := to-1, from+(to-from)/2
	if inOrder(c[mid], c[from]) < 0 {
		c[mid], c[from] = c[from], c[mid]
	}
	if inOrder(c[last], c[from]) < 0 {
		c[last], c[from] = c[from], c[last]
	}
	if inOrder(c[mid], c[last]) < 0 {
		c[mid], c[last] = c[last], c[mid]
	}
	pivot, at := c[last], from
	for i := from; i < last; i++ {
		if inOrder(c[i], pivot) < 0 {
			c[i], c[at] = c[at], c[i]
			at++
		}
	}
	c[at], c[last] = c[last], c[at]
	return at
}
