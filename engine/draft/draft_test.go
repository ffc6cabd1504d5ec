package draft

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// naive finds the place with the longest match by trying every one: of those
// that share at least least tokens with the end, the latest of the longest.
func naive(text []int32, start, least int) (at, match int) {
	for p := 1; p < len(text); p++ {
		if text[p] == boundary {
			continue
		}
		m := 0
		for m < min(maxMatch, p, len(text)-start) && text[p-1-m] == text[len(text)-1-m] {
			m++
		}
		if m >= max(least, match) {
			at, match = p, m
		}
	}
	return at, match
}

// check compares the index with what its definition asks for.
func check(t *testing.T, x *Index) {
	t.Helper()
	_, longest := naive(x.tokens, x.start, 2)
	if x.at == 0 {
		if longest > 0 {
			t.Fatalf("nothing found in %v, want a match of %d", x.tokens, longest)
		}
		return
	}
	if m := x.common(x.at); m != x.match || m == 0 {
		t.Fatalf("at %d in %v: match %d, really %d", x.at, x.tokens, x.match, m)
	}
	tokens, chance := x.Guess(20)
	if len(tokens) != len(chance) {
		t.Fatalf("%d tokens with %d chances", len(tokens), len(chance))
	}
	// Reading on from the place, over the end into the guess itself.
	whole := slices.Clone(x.tokens)
	for i, g := range tokens {
		if want := whole[x.at+i]; g != want || slices.Contains(x.ends, g) {
			t.Fatalf("guess %d is %d, want %d", i, g, want)
		}
		whole = append(whole, g)
		if chance[i] <= 0 || chance[i] > 1 || i > 0 && chance[i] > chance[i-1] {
			t.Fatalf("chances %v", chance)
		}
	}
}

func TestAgainstSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		letters := 2 + r.IntN(30)
		random := func(n int) []int32 {
			s := make([]int32, n)
			for i := range s {
				s[i] = int32(r.IntN(letters))
			}
			return s
		}
		texts := [][]int32{random(r.IntN(40)), nil, random(r.IntN(40))}
		prompt := random(1 + r.IntN(60))
		x := New(prompt, texts, []int32{int32(r.IntN(4))})
		all := slices.Clone(x.tokens)
		for range 60 {
			check(t, x)
			next := int32(r.IntN(letters))
			if tokens, _ := x.Guess(1); len(tokens) > 0 && r.IntN(4) > 0 {
				next = tokens[0]
			}
			x.Append(next)
			all = append(all, next)
		}
		if !slices.Equal(x.tokens, all) {
			t.Fatalf("round %d: the tokens are not those that were given", round)
		}
	}
}

// TestLongest holds the index to the longest match where the text is of one
// piece: what a copy continues is never given up for a shorter match.
func TestLongest(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	// Rows of a table: the same words between different values.
	var prompt []int32
	for range 40 {
		for w := range 12 {
			prompt = append(prompt, int32(1000+w))
		}
		prompt = append(prompt, int32(r.IntN(900)), int32(r.IntN(900)))
	}
	x := New(prompt, nil, nil)
	wrong := 0
	for i, token := range prompt {
		if g, _ := x.Guess(1); i >= 20 && (len(g) == 0 || g[0] != token) {
			wrong++
		}
		x.Append(token)
	}
	if wrong > 0 {
		t.Errorf("%d of %d copied tokens were not expected", wrong, len(prompt)-20)
	}
}

func TestResumesBehindADifference(t *testing.T) {
	var prompt []int32
	for i := range int32(200) {
		prompt = append(prompt, i*i%97+i) // few repeated pairs
	}
	for name, edit := range map[string]func([]int32) []int32{
		"replaced":  func(s []int32) []int32 { s[50] = 5000; return s },
		"left out":  func(s []int32) []int32 { return slices.Delete(s, 50, 53) },
		"put in":    func(s []int32) []int32 { return slices.Insert(s, 50, 5000, 5001, 5002) },
		"rewritten": func(s []int32) []int32 { return slices.Replace(s, 50, 52, 5000, 5001, 5002) },
	} {
		x := New(prompt, nil, nil)
		answer := edit(slices.Clone(prompt))
		for _, token := range answer[:50] {
			x.Append(token)
		}
		wrong := 0
		for _, token := range answer[50:] {
			if g, _ := x.Guess(1); len(g) == 0 || g[0] != token {
				wrong++
			}
			x.Append(token)
		}
		if wrong > 5 {
			t.Errorf("%s: %d tokens behind the difference were not expected", name, wrong)
		}
	}
}

func TestEndsAndTextsAreNotCrossed(t *testing.T) {
	x := New([]int32{1, 2, 3, 99, 4, 1, 2}, nil, []int32{99})
	if g, _ := x.Guess(8); !slices.Equal(g, []int32{3}) {
		t.Errorf("guessed %v, want 3 and nothing behind the end", g)
	}
	x = New([]int32{7, 1, 2}, [][]int32{{1, 2, 3}, {3, 4}}, nil)
	if g, _ := x.Guess(8); !slices.Equal(g, []int32{3}) {
		t.Errorf("guessed %v, want 3 and nothing behind the text", g)
	}
	x = New([]int32{5, 6, 5, 6}, nil, nil)
	if g, _ := x.Guess(5); !slices.Equal(g, []int32{5, 6, 5, 6, 5}) {
		t.Errorf("guessed %v, want the period to go on", g)
	}
}

func TestRecordLearns(t *testing.T) {
	r := newRecord()
	for range 100 {
		r.note(3, false)
		r.note(20, true)
	}
	if bad, good := r.chance(2), r.chance(30); bad > 0.1 || good < 0.95 {
		t.Errorf("chances %.2f and %.2f after a hundred misses and hits", bad, good)
	}
	for range 100 {
		r.note(3, true)
	}
	if c := r.chance(3); c < 0.7 {
		t.Errorf("chance %.2f after a hundred hits", c)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	text := make([]int32, 3*maxText)
	for i := range text {
		text[i] = int32(i)
	}
	x := New([]int32{1, 2}, [][]int32{text, text}, nil)
	if n := len(x.tokens); n > maxText+4 {
		t.Errorf("%d tokens of texts are kept", n)
	}
	long := make([]int32, mostSlots)
	for i := range long {
		long[i] = int32(i)
	}
	x = New(long, nil, nil)
	for i := range x.tables {
		if n := len(x.tables[i].slots); n > mostSlots || 2*x.tables[i].used > n+2 {
			t.Errorf("%d of %d slots are used", x.tables[i].used, n)
		}
	}
	// The end of so long a text is still found.
	x.Append(long[len(long)-3000])
	x.Append(long[len(long)-2999])
	if g, _ := x.Guess(1); len(g) != 1 || g[0] != long[len(long)-2998] {
		t.Errorf("guessed %v", g)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("the cat sat on the mat"), []byte("the cat"), uint8(3))
	f.Add([]byte{0, 0, 0, 0, 0, 0}, []byte{0}, uint8(1))
	f.Add([]byte("abcabcabcabd"), []byte("abc\xffabd"), uint8(9))
	f.Fuzz(func(t *testing.T, prompt, answer []byte, text uint8) {
		if len(prompt)+len(answer) > 1000 {
			return
		}
		tokens := func(b []byte) []int32 {
			s := make([]int32, len(b))
			for i, c := range b {
				s[i] = int32(c)
			}
			return s
		}
		cut := min(int(text), len(prompt))
		x := New(tokens(prompt[cut:]), [][]int32{tokens(prompt[:cut])}, []int32{255})
		for _, c := range answer {
			check(t, x)
			x.Append(int32(c))
		}
		check(t, x)
	})
}

func BenchmarkAppend(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	prompt := make([]int32, 8000)
	for i := range prompt {
		prompt[i] = int32(r.IntN(2000))
	}
	b.Run("prompt of 8000", func(b *testing.B) {
		for b.Loop() {
			New(prompt, nil, nil)
		}
	})
	b.Run("token", func(b *testing.B) {
		x := New(prompt, nil, nil)
		for i := 0; b.Loop(); i++ {
			x.Append(prompt[i%len(prompt)])
		}
	})
}
