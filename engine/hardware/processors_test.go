package hardware

import (
	"encoding/binary"
	"reflect"
	"testing"
)

// processors is what Windows tells of two fast cores and one slow one.
func processors() []byte {
	var all []byte
	put := func(kind uint32, size int, fill func(e []byte)) {
		e := make([]byte, size)
		binary.LittleEndian.PutUint32(e, kind)
		binary.LittleEndian.PutUint32(e[4:], uint32(size))
		fill(e)
		all = append(all, e...)
	}
	for _, class := range []byte{1, 1, 0} {
		put(0, 48, func(e []byte) { e[9] = class })
	}
	for _, c := range []struct {
		level       byte
		bytes, kind uint32
		mask        uint64
	}{{1, 32 << 10, 1, 3}, {1, 48 << 10, 2, 3}, {1, 32 << 10, 2, 4}, {2, 2 << 20, 0, 3}, {3, 24 << 20, 0, 7}} {
		put(2, 56, func(e []byte) {
			e[8] = c.level
			binary.LittleEndian.PutUint32(e[12:], c.bytes)
			binary.LittleEndian.PutUint32(e[16:], c.kind)
			binary.LittleEndian.PutUint64(e[40:], c.mask)
		})
	}
	return all
}

func TestParseProcessors(t *testing.T) {
	fast, caches := parseProcessors(processors())
	if want := []Cache{{1, 48 << 10, 2}, {2, 2 << 20, 2}, {3, 24 << 20, 3}}; fast != 2 || !reflect.DeepEqual(caches, want) {
		t.Errorf("%d fast cores, %+v", fast, caches)
	}
}

func FuzzParseProcessors(f *testing.F) {
	f.Add(processors())
	f.Add([]byte{0, 0, 0, 0, 9, 0, 0, 0, 0})
	f.Fuzz(func(_ *testing.T, b []byte) { parseProcessors(b) })
}
