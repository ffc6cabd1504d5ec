package transfer

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func FuzzContentRange(f *testing.F) {
	f.Add("bytes 0-9/10")
	f.Add("bytes */10")
	f.Add("bytes 9223372036854775807-0/9223372036854775808")
	f.Fuzz(func(t *testing.T, s string) {
		if from, to, total, ok := contentRange(s); ok && (from < 0 || to < from || total <= to) {
			t.Errorf("contentRange(%q) = %d, %d, %d", s, from, to, total)
		}
	})
}

func TestContentRange(t *testing.T) {
	for s, want := range map[string][3]int64{"bytes 0-9/10": {0, 9, 10}, "bytes 5-5/10": {5, 5, 10}} {
		if from, to, total, ok := contentRange(s); !ok || [3]int64{from, to, total} != want {
			t.Errorf("%s: %d-%d/%d, %v", s, from, to, total, ok)
		}
	}
	for _, s := range []string{"", "bytes */10", "bytes 0-9/*", "bytes 9-0/10", "bytes 0-10/10", "bytes -1-5/10", "bytes +0-9/10", "items 0-9/10", "bytes 0-9", "bytes 0/10", "bytes 0-99999999999999999999/10"} {
		if _, _, _, ok := contentRange(s); ok {
			t.Errorf("%q was accepted", s)
		}
	}
	if n, ok := unsatisfied("bytes */77"); !ok || n != 77 {
		t.Errorf("%d, %v", n, ok)
	}
	for _, s := range []string{"", "bytes */", "bytes */-1", "bytes 0-1/2"} {
		if _, ok := unsatisfied(s); ok {
			t.Errorf("%q was accepted", s)
		}
	}
}

// sample is a journal with every kind of line.
func sample() (string, state) {
	h := head{Ref: "m", Name: "M", Key: "url-x", Size: 1000, Chunk: 300}
	s, err := newState(h)
	if err != nil {
		panic(err)
	}
	text := s.head.line() + version{ETag: `"a"`}.line() +
		line("c 0 300 00000011 1") + line("c 1 100 00000022 1") + line("c 3 100 00000033 1") +
		againLine(0) + roundLine(1) + line("c 0 150 00000044 1")
	s.versions = append(s.versions, version{ETag: `"a"`})
	s.round = 1
	s.chunks[0] = chunk{have: 150, sum: 0x44, version: 1, again: true, before: 0x11}
	s.chunks[1] = chunk{have: 100, sum: 0x22, version: 1}
	s.chunks[3] = chunk{have: 100, sum: 0x33, version: 1}
	return text, s
}

func TestJournal(t *testing.T) {
	text, want := sample()
	got, err := decode([]byte(text))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	again, err := decode(got.encode())
	if err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("written anew: %+v, %v", again, err)
	}
	if !got.whole(3) || got.whole(0) || got.have() != 350 {
		t.Errorf("%d bytes", got.have())
	}
}

// TestTornJournal cuts the journal off everywhere, as a crash may, and changes
// each of its bytes: what is read must be a beginning of what was written.
func TestTornJournal(t *testing.T) {
	text, _ := sample()
	valid := map[string]bool{}
	var prefix string
	for l := range strings.Lines(text) {
		prefix += l
		s, err := decode([]byte(prefix))
		if err != nil {
			t.Fatal(err)
		}
		valid[fmt.Sprint(s)] = true
	}
	headLine := strings.Index(text, "\n")
	for n := range len(text) {
		for _, damaged := range []string{text[:n], text[:n] + "\x00" + text[n+1:], text[:n] + string(text[n]^1) + text[n+1:]} {
			s, err := decode([]byte(damaged))
			if err != nil && n > headLine || err == nil && !valid[fmt.Sprint(s)] {
				t.Errorf("damaged at %d: %+v, %v", n, s, err)
			}
		}
	}
}

func FuzzJournal(f *testing.F) {
	text, s := sample()
	f.Add([]byte(text))
	f.Add(s.encode())
	f.Add([]byte(s.head.line() + line("c 9999999 1 0 0") + line("x -1")))
	f.Add([]byte(head{Size: 1 << 62, Chunk: 1}.line()))
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, data)
		// The checksums keep most of it out; so once more with right ones.
		var b strings.Builder
		b.WriteString(head{Format: format, Size: 1000, Chunk: 300}.line())
		for l := range strings.Lines(string(data)) {
			b.WriteString(line(strings.TrimSuffix(l, "\n")))
		}
		check(t, []byte(b.String()))
	})
}

func check(t *testing.T, data []byte) {
	s, err := decode(data)
	if err != nil {
		return
	}
	if s.Size <= 0 || len(s.chunks) == 0 || s.have() > s.Size {
		t.Errorf("read %+v", s.head)
	}
	again, err := decode(s.encode())
	if err != nil || again.have() != s.have() || again.round != s.round || len(again.versions) != len(s.versions) {
		t.Errorf("%+v became %+v (%v)", s, again, err)
	}
}
