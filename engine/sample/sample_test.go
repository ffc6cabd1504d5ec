package sample

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var inf = float32(math.Inf(1))
var nan = float32(math.NaN())

func newSampler(t testing.TB, p Params, vocab int) *Sampler {
	t.Helper()
	s, err := New(p, vocab)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// off returns settings that change nothing and draw at temperature 1.
func off() Params { return Params{Temperature: 1, TopP: 1, TypicalP: 1, RepeatPenalty: 1, Seed: 1} }

func with(change func(*Params)) Params {
	p := off()
	change(&p)
	return p
}

// randomLogits resembles a model's: a broad bell with a few favourites.
func randomLogits(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64()*1.5 - 5)
	}
	for range 1 + n/20 {
		x[r.IntN(n)] += float32(r.ExpFloat64() * 1.5)
	}
	if n > 10 { // equal logits and forbidden tokens
		x[r.IntN(n)] = x[r.IntN(n)]
		x[r.IntN(n)] = -inf
		x[r.IntN(n)] = nan
	}
	return x
}

// The reference: sorts everything, in plain mathematics.

type ref struct {
	id    int32
	logit float64
	p     float64
}

func refSoftmax(c []ref, temperature float64) {
	high, sum := math.Inf(-1), 0.0
	for _, x := range c {
		high = max(high, x.logit)
	}
	for i := range c {
		c[i].p = math.Exp((c[i].logit - high) / temperature)
		sum += c[i].p
	}
	for i := range c {
		c[i].p /= sum
	}
}

func refFilter(p Params, logits []float32) []ref {
	var c []ref
	for i, x := range logits {
		if x == x && x != -inf {
			c = append(c, ref{id: int32(i), logit: float64(x)})
		}
	}
	slices.SortStableFunc(c, func(a, b ref) int {
		if a.logit > b.logit {
			return -1
		} else if a.logit < b.logit {
			return 1
		}
		return 0
	})
	if p.TopK > 0 && p.TopK < len(c) {
		c = c[:p.TopK]
	}
	if p.TypicalP < 1 {
		refSoftmax(c, 1)
		entropy := 0.0
		for _, x := range c {
			if x.p > 0 {
				entropy -= x.p * math.Log(x.p)
			}
		}
		// Equal distances keep the order of ids, as ours do.
		slices.SortFunc(c, func(a, b ref) int { return int(a.id - b.id) })
		slices.SortStableFunc(c, func(a, b ref) int {
			if a.logit == b.logit {
				return 0
			}
			x, y := math.Abs(-math.Log(a.p)-entropy), math.Abs(-math.Log(b.p)-entropy)
			if x < y {
				return -1
			} else if x > y {
				return 1
			}
			return 0
		})
		sum := 0.0
		for i, x := range c {
			if sum += x.p; sum > float64(p.TypicalP) {
				c = c[:i+1]
				break
			}
		}
		slices.SortFunc(c, func(a, b ref) int { return int(a.id - b.id) })
		slices.SortStableFunc(c, func(a, b ref) int {
			if a.logit > b.logit {
				return -1
			} else if a.logit < b.logit {
				return 1
			}
			return 0
		})
	}
	if p.TopP < 1 {
		refSoftmax(c, 1)
		sum := 0.0
		for i, x := range c {
			if sum += x.p; sum >= float64(p.TopP) {
				c = c[:i+1]
				break
			}
		}
	}
	if p.MinP > 0 {
		refSoftmax(c, 1)
		n := 0
		for n < len(c) && c[n].p >= float64(p.MinP)*c[0].p {
			n++
		}
		c = c[:n]
	}
	return c
}

func TestFiltersAgainstReference(t *testing.T) {
	for name, p := range map[string]Params{
		"none":         off(),
		"top-k 1":      with(func(p *Params) { p.TopK = 1 }),
		"top-k 2":      with(func(p *Params) { p.TopK = 2 }),
		"top-k 40":     with(func(p *Params) { p.TopK = 40 }),
		"top-k heap":   with(func(p *Params) { p.TopK = heapLimit }),
		"top-k select": with(func(p *Params) { p.TopK = heapLimit + 1 }),
		"top-k 900":    with(func(p *Params) { p.TopK = 900 }),
		"top-k all":    with(func(p *Params) { p.TopK = 1 << 30 }),
		"top-p 0":      with(func(p *Params) { p.TopP = 0 }),
		"top-p 0.5":    with(func(p *Params) { p.TopP = 0.5 }),
		"top-p 0.99":   with(func(p *Params) { p.TopP = 0.99 }),
		"min-p 0.05":   with(func(p *Params) { p.MinP = 0.05 }),
		"min-p 1":      with(func(p *Params) { p.MinP = 1 }),
		"typical 0":    with(func(p *Params) { p.TypicalP = 0 }),
		"typical 0.2":  with(func(p *Params) { p.TypicalP = 0.2 }),
		"typical 0.9":  with(func(p *Params) { p.TypicalP = 0.9 }),
		"defaults":     Defaults(),
		"everything": with(func(p *Params) {
			p.TopK, p.TypicalP, p.TopP, p.MinP = 700, 0.95, 0.9, 0.01
		}),
		"everything, no top-k": with(func(p *Params) { p.TypicalP, p.TopP, p.MinP = 0.95, 0.9, 0.01 }),
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 7))
			for _, n := range []int{1, 2, 3, 10, 50, 300, 1000, 3000} {
				s := newSampler(t, p, n)
				for range 20 {
					logits := randomLogits(r, n)
					var got, want []int32
					for _, c := range s.filter(logits) {
						got = append(got, c.id)
					}
					for _, c := range refFilter(p, logits) {
						want = append(want, c.id)
					}
					slices.Sort(got)
					slices.Sort(want)
					if !slices.Equal(got, want) {
						t.Fatalf("%d tokens: kept %v, want %v", n, got, want)
					}
					if len(got) == 0 {
						t.Fatal("nothing was kept")
					}
				}
			}
		})
	}
}

func TestEqualLogits(t *testing.T) {
	for _, n := range []int{1, 13, 2000} {
		flat := make([]float32, n)
		for _, k := range []int{1, 5, heapLimit + 1} {
			s := newSampler(t, with(func(p *Params) { p.TopK = k }), n)
			for _, c := range s.filter(flat) {
				if int(c.id) >= k {
					t.Errorf("top-%d of %d equal tokens kept %d", k, n, c.id)
				}
			}
		}
		s := newSampler(t, with(func(p *Params) { p.TopP = 0.5 }), n)
		if c := s.filter(flat); len(c) != (n+1)/2 {
			t.Errorf("top-p 0.5 of %d equal tokens kept %d", n, len(c))
		}
	}
}

// TestSelectionIsNotQuadratic feeds orders that are bad for quickselect; a
// quadratic selection of a million would take hours.
func TestSelectionIsNotQuadratic(t *testing.T) {
	const n = 1 << 20
	x := make([]float32, n)
	for name, f := range map[string]func(i int) float32{
		"rising":  func(i int) float32 { return float32(i) * 1e-6 },
		"falling": func(i int) float32 { return -float32(i) * 1e-6 },
		"organ":   func(i int) float32 { return float32(min(i, n-i)) * 1e-6 },
		"equal":   func(i int) float32 { return 1 },
		"saw":     func(i int) float32 { return float32(i%1000) * 1e-3 },
	} {
		t.Run(name, func(t *testing.T) {
			for i := range x {
				x[i] = f(i)
			}
			s := newSampler(t, with(func(p *Params) { p.TopP = 0.5 }), n)
			if c := s.filter(x); len(c) < n/10 || len(c) > n*9/10 {
				t.Errorf("kept %d of %d", len(c), n)
			}
		})
	}
}

func TestGreedy(t *testing.T) {
	greedy := with(func(p *Params) { p.Temperature = 0 })
	for name, c := range map[string]struct {
		p      Params
		logits []float32
		want   int32
	}{
		"best":               {greedy, []float32{1, 3, 2}, 1},
		"lowest id of equal": {greedy, []float32{1, 3, 3, 3}, 1},
		"NaN":                {greedy, []float32{nan, 1, nan}, 1},
		"all NaN":            {greedy, []float32{nan, nan}, None},
		"all -Inf":           {greedy, []float32{-inf, -inf}, None},
		"+Inf":               {greedy, []float32{1, inf, inf}, 1},
		"lowest finite":      {greedy, []float32{-inf, -math.MaxFloat32, -inf}, 1},
		"no logits":          {greedy, nil, None},
		"filters skipped":    {with(func(p *Params) { p.Temperature, p.TypicalP = 0, 0.01 }), []float32{4, 0, 0.1, 0.2, 0.3}, 0},
		"bias":               {with(func(p *Params) { p.Temperature, p.LogitBias = 0, map[int32]float32{0: 5, 1: -inf} }), []float32{1, 9, 2}, 0},
		"too many logits":    {greedy, []float32{1, 2, 3, 4, 5, 6, 7, 8}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSampler(t, c.p, 5)
			before := slices.Clone(c.logits)
			if got := s.Sample(c.logits); got != c.want {
				t.Errorf("chose %d, want %d", got, c.want)
			}
			if fmt.Sprint(before) != fmt.Sprint(c.logits) {
				t.Errorf("logits changed to %v", c.logits)
			}
		})
	}
}

func TestDrawOfOddLogits(t *testing.T) {
	for name, c := range map[string]struct {
		logits []float32
		want   []int32
	}{
		"NaN":           {[]float32{nan, 1, nan, 1}, []int32{1, 3}},
		"all NaN":       {[]float32{nan, nan}, []int32{None}},
		"all -Inf":      {[]float32{-inf, -inf}, []int32{None}},
		"+Inf":          {[]float32{1, inf, 3, inf}, []int32{1, 3}},
		"far apart":     {[]float32{-math.MaxFloat32, math.MaxFloat32}, []int32{1}},
		"one":           {[]float32{-inf, -3, nan}, []int32{1}},
		"empty":         {nil, []int32{None}},
		"all very low":  {[]float32{-math.MaxFloat32, -math.MaxFloat32}, []int32{0, 1}},
		"+Inf and -Inf": {[]float32{inf, -inf}, []int32{0}},
	} {
		for pname, p := range map[string]Params{"off": off(), "defaults": Defaults(),
			"all filters": with(func(p *Params) { p.TopK, p.TypicalP, p.TopP, p.MinP = 600, 0.999, 0.999, 0.001 }),
			"cold":        with(func(p *Params) { p.Temperature = 1e-30 }),
			"hot":         with(func(p *Params) { p.Temperature = 100 }),
		} {
			if pname == "hot" && name == "far apart" {
				p.Temperature = 1 // at 100 still certain, but that is not the point here
			}
			s := newSampler(t, p, 4)
			seen := map[int32]bool{}
			for range 200 {
				got := s.Sample(c.logits)
				seen[got] = true
				if !slices.Contains(c.want, got) {
					t.Fatalf("%s, %s: chose %d, want one of %v", name, pname, got, c.want)
				}
			}
			if len(seen) != len(c.want) {
				t.Errorf("%s, %s: chose only %v of %v", name, pname, seen, c.want)
			}
		}
	}
}

func TestPenalties(t *testing.T) {
	logits := []float32{2, -1, 0.5, 3, 0}
	for name, c := range map[string]struct {
		p      Params
		accept []int32
		want   []float32
	}{
		"repeat":           {with(func(p *Params) { p.RepeatPenalty, p.RepeatLastN = 2, 4 }), []int32{0, 1, 1}, []float32{1, -2, 0.5, 3, 0}},
		"frequency":        {with(func(p *Params) { p.FrequencyPenalty, p.RepeatLastN = 0.5, 4 }), []int32{3, 3, 3, 2}, []float32{2, -1, 0, 1.5, 0}},
		"presence":         {with(func(p *Params) { p.PresencePenalty, p.RepeatLastN = 0.25, 4 }), []int32{3, 3, 0}, []float32{1.75, -1, 0.5, 2.75, 0}},
		"window":           {with(func(p *Params) { p.PresencePenalty, p.RepeatLastN = 1, 2 }), []int32{0, 1, 2, 3, 3}, []float32{2, -1, 0.5, 2, 0}},
		"window slides":    {with(func(p *Params) { p.FrequencyPenalty, p.RepeatLastN = 1, 3 }), []int32{0, 0, 0, 0, 3, 1}, []float32{1, -2, 0.5, 2, 0}},
		"off":              {with(func(p *Params) { p.PresencePenalty, p.RepeatLastN = 1, 0 }), []int32{0, 1}, logits},
		"unlimited":        {with(func(p *Params) { p.PresencePenalty, p.RepeatLastN = 1, -1 }), []int32{0, 1}, []float32{1, -2, 0.5, 3, 0}},
		"foreign tokens":   {with(func(p *Params) { p.PresencePenalty, p.RepeatLastN = 1, 4 }), []int32{-1, 5, 1 << 30, 2}, []float32{2, -1, -0.5, 3, 0}},
		"bias comes first": {with(func(p *Params) { p.RepeatPenalty, p.RepeatLastN, p.LogitBias = 2, 4, map[int32]float32{1: 5} }), []int32{1}, []float32{2, 2, 0.5, 3, 0}},
		"all three": {with(func(p *Params) {
			p.RepeatPenalty, p.FrequencyPenalty, p.PresencePenalty, p.RepeatLastN = 2, 0.25, 0.5, 8
		}), []int32{0, 0, 1}, []float32{0, -2.75, 0.5, 3, 0}},
		"forbidden stays forbidden": {with(func(p *Params) { p.RepeatPenalty, p.RepeatLastN, p.LogitBias = 2, 4, map[int32]float32{1: -inf} }), []int32{1}, []float32{2, -inf, 0.5, 3, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSampler(t, c.p, len(logits))
			for _, id := range c.accept {
				s.Accept(id)
			}
			for range 2 { // the second time must not differ from the first
				if got := s.adjust(logits); !slices.Equal(got, c.want) {
					t.Errorf("adjusted to %v, want %v", got, c.want)
				}
			}
		})
	}
}

// TestSampleRecords checks that a chosen token is penalized without Accept.
func TestSampleRecords(t *testing.T) {
	s := newSampler(t, with(func(p *Params) { p.Temperature, p.PresencePenalty, p.RepeatLastN = 0, 1, 2 }), 3)
	logits := []float32{2, 1.5, 1.4}
	var got []int32
	for range 6 {
		got = append(got, s.Sample(logits))
	}
	if want := []int32{0, 1, 2, 0, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("chose %v, want %v", got, want)
	}
}

// TestCountsStayRight compares the ring with counting anew.
func TestCountsStayRight(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	s := newSampler(t, with(func(p *Params) { p.RepeatPenalty, p.RepeatLastN = 1.1, 17 }), 10)
	logits := randomLogits(r, 10)
	var history []int32
	for range 500 {
		id := r.Int32N(10)
		s.Accept(id)
		history = append(history, id)
		s.adjust(logits)
		want := make([]int32, 10)
		for _, id := range history[max(0, len(history)-17):] {
			want[id]++
		}
		if !slices.Equal(s.counts, want) {
			t.Fatalf("counts %v, want %v", s.counts, want)
		}
	}
}

// TestDistribution draws often and compares with the softmax by chi-square.
// The seed is fixed; the bound is the 1 - 1e-6 quantile.
func TestDistribution(t *testing.T) {
	logits := []float32{1, 0, 2, -1, 0.5, -0.5, 1.5, -2, 0.25, -inf, 0.75, nan}
	for name, p := range map[string]Params{
		"temperature 1":   off(),
		"temperature 0.5": with(func(p *Params) { p.Temperature = 0.5 }),
		"temperature 3":   with(func(p *Params) { p.Temperature = 3 }),
		"top-k 5":         with(func(p *Params) { p.TopK = 5 }),
		"top-p, hot":      with(func(p *Params) { p.TopP, p.Temperature = 0.8, 2 }),
		"typical":         with(func(p *Params) { p.TypicalP = 0.7 }),
		"min-p":           with(func(p *Params) { p.MinP = 0.2 }),
	} {
		t.Run(name, func(t *testing.T) {
			const draws = 100_000
			for _, p.Seed = range []uint64{1, 2, 3} {
				want := refFilter(p, logits)
				refSoftmax(want, float64(p.Temperature))
				s := newSampler(t, p, len(logits))
				counts := map[int32]int{}
				for range draws {
					counts[s.Sample(logits)]++
				}
				chi, total := 0.0, 0
				for _, x := range want {
					d := float64(counts[x.id]) - x.p*draws
					chi += d * d / (x.p * draws)
					total += counts[x.id]
				}
				if total != draws {
					t.Errorf("%d draws of tokens that are out", draws-total)
				}
				df := float64(len(want) - 1)
				// Wilson and Hilferty's approximation of the quantile.
				bound := df * math.Pow(1-2/(9*df)+4.753*math.Sqrt(2/(9*df)), 3)
				if chi > bound {
					t.Errorf("seed %d: chi-square %.1f of %v degrees is above %.1f", p.Seed, chi, df, bound)
				}
			}
		})
	}
}

// TestKnownSequence pins draws to a seed: they must not change between
// platforms or releases.
func TestKnownSequence(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	logits := randomLogits(r, 1000)
	var got []string
	for _, p := range []Params{Defaults(), off(), with(func(p *Params) { p.TypicalP, p.TopP = 0.9, 0.9 })} {
		p.Seed = 42
		s := newSampler(t, p, 1000)
		for range 8 {
			got = append(got, fmt.Sprint(s.Sample(logits)))
		}
	}
	const want = "576 449 576 576 113 388 576 449 442 859 113 97 607 973 210 880 113 967 576 576 620 801 576 967"
	if line := strings.Join(got, " "); line != want {
		t.Errorf("drew %s, want %s", line, want)
	}
}

func TestSeed(t *testing.T) {
	logits := randomLogits(rand.New(rand.NewPCG(5, 5)), 500)
	run := func(seed uint64) (string, uint64) {
		s := newSampler(t, with(func(p *Params) { p.Seed = seed }), 500)
		var out []int32
		for range 20 {
			out = append(out, s.Sample(logits))
		}
		return fmt.Sprint(out), s.Seed()
	}
	a, seed := run(0)
	if seed == 0 || seed >= 1<<53 {
		t.Errorf("random seed %d", seed)
	}
	if b, _ := run(seed); a != b {
		t.Error("the reported seed gives other tokens")
	}
	if _, other := run(0); other == seed { // its tokens may well be the same
		t.Error("two random seeds are equal")
	}
	if _, s := run(math.MaxUint64); s != math.MaxUint64 {
		t.Errorf("seed is %d", s)
	}
}

func TestExp(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for i := range 200_000 {
		x := -r.Float64() * []float64{1e-9, 1, 30, 708}[i%4]
		got, want := exp(x), math.Exp(x)
		if math.Abs(got-want) > 4.5e-16*want {
			t.Fatalf("exp(%g) = %g, want %g", x, got, want)
		}
	}
	for x, want := range map[float64]float64{0: 1, -708: 0, -1e9: 0, math.Inf(-1): 0} {
		if got := exp(x); got != want {
			t.Errorf("exp(%g) = %g", x, got)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Params){
		"temperature is -1":       func(p *Params) { p.Temperature = -1 },
		"temperature is NaN":      func(p *Params) { p.Temperature = nan },
		"temperature is +Inf":     func(p *Params) { p.Temperature = inf },
		"top_k is -1":             func(p *Params) { p.TopK = -1 },
		"top_p is 1.5":            func(p *Params) { p.TopP = 1.5 },
		"min_p is -0.1":           func(p *Params) { p.MinP = -0.1 },
		"typical_p is 2":          func(p *Params) { p.TypicalP = 2 },
		"repeat_penalty is 0":     func(p *Params) { p.RepeatPenalty = 0 },
		"frequency_penalty is":    func(p *Params) { p.FrequencyPenalty = inf },
		"presence_penalty is":     func(p *Params) { p.PresencePenalty = nan },
		"repeat_last_n is -2":     func(p *Params) { p.RepeatLastN = -2 },
		"repeat_last_n is 10":     func(p *Params) { p.RepeatLastN = 1_000_000_000 },
		"logit_bias names token":  func(p *Params) { p.LogitBias = map[int32]float32{-1: 0} },
		"logit_bias of token 3":   func(p *Params) { p.LogitBias = map[int32]float32{3: nan} },
		"logit_bias of token 4":   func(p *Params) { p.LogitBias = map[int32]float32{4: inf} },
		"vocabulary has 10":       func(p *Params) { p.LogitBias = map[int32]float32{10: 1} },
		"names token 2147483647 ": func(p *Params) { p.LogitBias = map[int32]float32{math.MaxInt32: 1} },
	} {
		p := Defaults()
		change(&p)
		if _, err := New(p, 10); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	for _, vocab := range []int{0, -1} {
		if _, err := New(Defaults(), vocab); err == nil {
			t.Errorf("a vocabulary of %d was accepted", vocab)
		}
	}
}

var benchmarks = map[string]Params{
	"greedy":      with(func(p *Params) { p.Temperature = 0 }),
	"defaults":    Defaults(),
	"penalties":   with(func(p *Params) { *p = Defaults(); p.RepeatPenalty = 1.1 }),
	"top-k 5000":  with(func(p *Params) { p.TopK = 5000 }),
	"top-p only":  with(func(p *Params) { p.TopP = 0.95 }),
	"min-p only":  with(func(p *Params) { p.MinP = 0.05 }),
	"temperature": off(),
	"typical":     with(func(p *Params) { p.TypicalP = 0.9 }),
}

func TestNoAllocation(t *testing.T) {
	logits := randomLogits(rand.New(rand.NewPCG(1, 2)), 5000)
	for name, p := range benchmarks {
		p.LogitBias = map[int32]float32{1: 1, 2: -inf}
		s := newSampler(t, p, len(logits))
		s.Sample(logits)
		if n := testing.AllocsPerRun(100, func() { s.Sample(logits) }); n != 0 {
			t.Errorf("%s: %v allocations a token", name, n)
		}
	}
}

func BenchmarkSample128k(b *testing.B) {
	logits := randomLogits(rand.New(rand.NewPCG(1, 2)), 128256)
	for name, p := range benchmarks {
		b.Run(name, func(b *testing.B) {
			s := newSampler(b, p, len(logits))
			b.ReportAllocs()
			for b.Loop() {
				s.Sample(logits)
			}
		})
	}
}

func FuzzSample(f *testing.F) {
	f.Add([]byte{1, 2, 3, 0xff, 0xc0, 0x80, 0x7f, 0x7f, 0xff}, float32(0.8), 3, float32(0.9), float32(0.1), float32(0.5), float32(1.1))
	f.Add([]byte("a longer run of bytes that gives several tokens to choose from"), float32(0), 0, float32(1), float32(0), float32(1), float32(1))
	f.Add([]byte("and one that is cold, with a top-k that selects among all tokens"), float32(1e-30), 600, float32(0), float32(1), float32(0), float32(100))
	f.Fuzz(func(t *testing.T, data []byte, temperature float32, topK int, topP, minP, typicalP, penalty float32) {
		var logits []float32
		for ; len(data) >= 4; data = data[4:] {
			logits = append(logits, math.Float32frombits(uint32(data[0])|uint32(data[1])<<8|uint32(data[2])<<16|uint32(data[3])<<24))
		}
		p := Params{Temperature: temperature, TopK: topK, TopP: topP, MinP: minP, TypicalP: typicalP,
			RepeatPenalty: penalty, FrequencyPenalty: penalty, RepeatLastN: 3, Seed: 1}
		s, err := New(p, max(1, len(logits)))
		if err != nil {
			return
		}
		for range 5 {
			adjusted := slices.Clone(s.adjust(logits))
			token := s.Sample(logits)
			if token == None {
				if best(adjusted) != None {
					t.Fatal("chose none of some")
				}
				continue
			}
			if x := adjusted[token]; x != x || x == -inf {
				t.Fatalf("chose token %d with logit %v", token, x)
			}
		}
	})
}
