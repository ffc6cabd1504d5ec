package draft

import "slices"

const (
	leastSlots = 1 << 8
	mostSlots  = 1 << 20 // 4 MiB a table
)

// table tells where a gram of n tokens stood last. Its slots hold the position
// behind the gram, 0 for none; the gram itself is read from the text, so a
// slot is four bytes.
type table struct {
	n     int
	slots []int32
	used  int
}

// add records the gram before position at, whose token is known by now.
func (t *table) add(text []int32, at int) {
	if at < t.n || slices.Contains(text[at-t.n:at+1], boundary) {
		return
	}
	if 2*t.used >= len(t.slots) {
		t.rebuild(text[:at+1])
		return
	}
	i, found := t.slot(text, text[at-t.n:at])
	if !found {
		t.used++
	}
	t.slots[i] = int32(at)
}

// find returns the latest position behind text's last gram, 0 for none.
func (t *table) find(text []int32) int {
	if len(text) < t.n {
		return 0
	}
	i, found := t.slot(text, text[len(text)-t.n:])
	if !found {
		return 0
	}
	return int(t.slots[i])
}

// slot returns the slot of a gram, or the empty one where it belongs.
func (t *table) slot(text, gram []int32) (int, bool) {
	h := uint64(0)
	for _, token := range gram {
		h = (h ^ uint64(uint32(token))) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	mask := len(t.slots) - 1
	for i := int(h) & mask; ; i = (i + 1) & mask {
		at := int(t.slots[i])
		if at == 0 {
			return i, false
		}
		if slices.Equal(text[at-t.n:at], gram) {
			return i, true
		}
	}
}

// rebuild sizes the table for the text and fills it. Of a text that no table
// holds it remembers the end.
func (t *table) rebuild(text []int32) {
	size := leastSlots
	for size < 4*len(text) && size < mostSlots {
		size *= 2
	}
	t.slots, t.used = make([]int32, size), 0
	for at := max(t.n, len(text)-size/4); at < len(text); at++ {
		t.add(text, at)
	}
}
