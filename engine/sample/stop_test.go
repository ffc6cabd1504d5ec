package sample

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// naive finds the stop that is complete first in the whole text.
func naive(text string, stops []string) (before, stop string) {
	for end := 1; end <= len(text); end++ {
		for _, s := range stops {
			if s != "" && strings.HasSuffix(text[:end], s) && len(s) > len(stop) {
				stop = s
			}
		}
		if stop != "" {
			return text[:end-len(stop)], stop
		}
	}
	return text, ""
}

func TestStopMatcher(t *testing.T) {
	for name, c := range map[string]struct {
		stops  []string
		pieces []string
		shown  []string // after each piece, then by Flush
		stop   string
	}{
		"no stops":            {nil, []string{"a", "b"}, []string{"a", "b", ""}, ""},
		"empty stop":          {[]string{""}, []string{"a"}, []string{"a", ""}, ""},
		"in one piece":        {[]string{"END"}, []string{"one END two"}, []string{"one ", ""}, "END"},
		"over pieces":         {[]string{"END"}, []string{"one E", "N", "D two", "three"}, []string{"one ", "", "", "", ""}, "END"},
		"held, then not":      {[]string{"END"}, []string{"one EN", "E", "N!"}, []string{"one ", "EN", "EN!", ""}, ""},
		"held at the end":     {[]string{"END"}, []string{"one EN"}, []string{"one ", "EN"}, ""},
		"begins again":        {[]string{"aab"}, []string{"aa", "a", "b"}, []string{"", "a", "", ""}, "aab"},
		"first complete wins": {[]string{"abcd", "c"}, []string{"ab", "cd"}, []string{"", "ab", ""}, "c"},
		"longest of one end":  {[]string{"c", "bc"}, []string{"abc"}, []string{"a", ""}, "bc"},
		"newlines":            {[]string{"\n\n", "User:"}, []string{"a\n", "b\n", "\n"}, []string{"a", "\nb", "", ""}, "\n\n"},
		"whole runes":         {[]string{"。終"}, []string{"文。", "次"}, []string{"文", "。次", ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := NewStopMatcher(c.stops)
			if err != nil {
				t.Fatal(err)
			}
			found := ""
			for i, piece := range c.pieces {
				text, stop := m.Push(piece)
				found += stop
				if text != c.shown[i] {
					t.Errorf("piece %d shows %q, want %q", i, text, c.shown[i])
				}
			}
			if text := m.Flush(); text != c.shown[len(c.pieces)] {
				t.Errorf("Flush shows %q, want %q", text, c.shown[len(c.pieces)])
			}
			if found != c.stop {
				t.Errorf("stop %q, want %q", found, c.stop)
			}
			if text, stop := m.Push("more"); c.stop != "" && text+stop != "" {
				t.Errorf("shows %q after the stop", text)
			}
		})
	}
}

func TestStopMatcherLimits(t *testing.T) {
	if _, err := NewStopMatcher(make([]string, maxStops+1)); err == nil {
		t.Error("too many stops were accepted")
	}
	if _, err := NewStopMatcher([]string{strings.Repeat("x", maxStopBytes+1)}); err == nil {
		t.Error("a very long stop was accepted")
	}
	m, err := NewStopMatcher([]string{strings.Repeat("a", maxStopBytes-1) + "b", strings.Repeat("a", maxStopBytes)})
	if err != nil {
		t.Fatal(err)
	}
	shown, stop := "", ""
	for range maxStopBytes - 1 {
		text, s := m.Push("a")
		shown, stop = shown+text, stop+s
	}
	if shown != "" || stop != "" || len(m.held) != maxStopBytes-1 {
		t.Errorf("shown %q, stop %q, %d bytes held", shown, stop, len(m.held))
	}
}

// checkStops compares the matcher, fed in pieces, with the naive search.
func checkStops(t *testing.T, text string, stops []string, r *rand.Rand) {
	t.Helper()
	m, err := NewStopMatcher(stops)
	if err != nil {
		return
	}
	longest := 0
	for _, s := range stops {
		longest = max(longest, len(s))
	}
	var shown strings.Builder
	found, fed := "", 0
	for rest := text; rest != "" && found == ""; {
		n := 1 + r.IntN(len(rest))
		piece := rest[:n]
		rest = rest[n:]
		fed += n
		s, stop := m.Push(piece)
		shown.WriteString(s)
		found = stop
		if stop == "" && fed-shown.Len() > max(0, longest-1) {
			t.Fatalf("%q of %q: holds %d bytes back", stops, text, fed-shown.Len())
		}
	}
	shown.WriteString(m.Flush())
	before, stop := naive(text, stops)
	if shown.String() != before || found != stop {
		t.Fatalf("stops %q in %q: shown %q and stop %q, want %q and %q", stops, text, shown.String(), found, before, stop)
	}
}

func TestStopMatcherAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	random := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "ab"[r.IntN(2)]
		}
		return string(b)
	}
	for range 20_000 {
		var stops []string
		for range 1 + r.IntN(3) {
			stops = append(stops, random(r.IntN(8)))
		}
		checkStops(t, random(r.IntN(40)), stops, r)
	}
}

func FuzzStopMatcher(f *testing.F) {
	f.Add("one END two", "END", "EN", uint64(1))
	f.Add("aaabaaab", "aab", "aaaab", uint64(2))
	f.Add("日本語。終わり", "。終", "", uint64(3))
	f.Fuzz(func(t *testing.T, text, a, b string, seed uint64) {
		checkStops(t, text, []string{a, b}, rand.New(rand.NewPCG(seed, 0)))
	})
}
