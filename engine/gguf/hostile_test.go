package gguf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"freehold/engine/tensor"
)

// raw encodes a file by hand: strings with their length, integers as they are.
func raw(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = binary.LittleEndian.AppendUint64(b, uint64(len(p)))
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		default:
			var err error
			if b, err = binary.Append(b, binary.LittleEndian, p); err != nil {
				panic(err)
			}
		}
	}
	return b
}

type u32 = uint32
type u64 = uint64

// start is a header that announces some tensors and keys.
func start(tensors, keys u64) []byte { return raw([]byte("GGUF"), u32(3), tensors, keys) }

// entry is one tensor's entry in the list.
func entry(name string, t u32, offset u64, shape ...u64) []byte {
	return raw(name, u32(len(shape)), shape, t, offset)
}

// padded appends zeros up to the next multiple of 32 and then n bytes of data.
func padded(n int, parts ...any) []byte {
	b := raw(parts...)
	return append(b, make([]byte, (32-len(b)%32)%32+n)...)
}

var hostile = map[string]struct {
	data []byte
	want []string // all in the message
}{
	"no magic":        {[]byte("PK\x03\x04 and more"), []string{"not a GGUF file"}},
	"one byte":        {[]byte("G"), []string{"not a GGUF file"}},
	"version 1":       {raw([]byte("GGUF"), u32(1), u32(0), u32(0)), []string{"version 1"}},
	"version 4":       {raw([]byte("GGUF"), u32(4), u64(0), u64(0)), []string{"version 4"}},
	"version 0":       {raw([]byte("GGUF"), u32(0), u64(0), u64(0)), []string{"version 0"}},
	"big-endian":      {raw([]byte("GGUF"), u32(3<<24), u64(0), u64(0)), []string{"big-endian"}},
	"tensors":         {start(1<<60, 0), []string{"tensor count", "1152921504606846976", "download it again"}},
	"keys":            {start(0, math.MaxUint64), []string{"metadata key count", "18446744073709551615 metadata keys"}},
	"many keys":       {append(start(0, maxKeys+1), make([]byte, 2<<20)...), []string{"metadata key count", "limit"}},
	"key length":      {raw(start(0, 1), u64(1<<62), make([]byte, 99)), []string{"metadata key 1", "key of 4611686018427387904 bytes"}},
	"empty key":       {raw(start(0, 1), "", u32(0), make([]byte, 9)), []string{"metadata key 1", "empty"}},
	"key UTF-8":       {raw(start(0, 1), "\xff\xff", u32(0), u32(0)), []string{"metadata key 1", "UTF-8"}},
	"long key":        {raw(start(0, 1), strings.Repeat("k", maxKeyBytes+1), u32(0), u32(0)), []string{"metadata key 1", "limit"}},
	"same key":        {raw(start(0, 2), "k", u32(0), uint8(1), "k", u32(0), uint8(1)), []string{`metadata key 2 ("k")`, "used before, as key 1"}},
	"value type":      {raw(start(0, 1), "k", u32(13), u64(0)), []string{`metadata key 1 ("k")`, "value type 13"}},
	"huge value type": {raw(start(0, 1), "k", u32(1<<31+8), u64(0)), []string{"value type 2147483656"}},
	"huge array type": {raw(start(0, 1), "k", u32(typeArray), u32(1<<31+8), u64(0)), []string{"element type 2147483656"}},
	"boolean":         {raw(start(0, 1), "k", u32(typeBool), uint8(2)), []string{`("k")`, "stored as 2"}},
	"booleans":        {raw(start(0, 1), "k", u32(typeArray), u32(typeBool), u64(3), []byte{1, 0, 255}), []string{`("k")`, "boolean 3 of 3", "stored as 255"}},
	"long string":     {raw(start(0, 1), "k", u32(typeString), u64(maxStringBytes+1), make([]byte, maxStringBytes+1)), []string{`("k")`, "limit"}},
	"huge string":     {raw(start(0, 1), "k", u32(typeString), u64(math.MaxUint64)), []string{`("k")`, "value of 18446744073709551615 bytes"}},
	"huge array": {raw(start(0, 1), "tokenizer.ggml.tokens", u32(typeArray), u32(typeString), u64(4e18), make([]byte, 300)),
		[]string{`metadata key 1 ("tokenizer.ggml.tokens")`, "array of 4000000000000000000 strings", "cannot fit in the 300 bytes left"}},
	"array that wraps": {raw(start(0, 1), "k", u32(typeArray), u32(typeUint64), u64(1<<61+1), make([]byte, 8)), []string{`("k")`, "array of 2305843009213693953 uint64s"}},
	"array over limit": {raw(start(0, 1), "k", u32(typeArray), u32(typeUint8), u64(maxArrayLen+1), make([]byte, maxArrayLen+1)), []string{`("k")`, "limit"}},
	"array type":       {raw(start(0, 1), "k", u32(typeArray), u32(13), u64(0)), []string{`("k")`, "element type 13"}},
	"string in array": {raw(start(0, 1), "k", u32(typeArray), u32(typeString), u64(2), "ok", u64(1<<40), make([]byte, 30)),
		[]string{`("k")`, "string 2 of 2", "1099511627776 bytes"}},
	"deep arrays":      {raw(start(0, 1), "k", u32(typeArray), bytes.Repeat(raw(u32(typeArray), u64(1)), 200)), []string{`("k")`, "deep"}},
	"many arrays":      {manyArrays(maxNestedArrays + 1), []string{`("k")`, "arrays inside arrays"}},
	"alignment 0":      {raw(start(0, 1), "general.alignment", u32(typeUint32), u32(0)), []string{"general.alignment", "power of two"}},
	"alignment 48":     {raw(start(0, 1), "general.alignment", u32(typeUint32), u32(48)), []string{"general.alignment", "power of two"}},
	"alignment 4":      {raw(start(0, 1), "general.alignment", u32(typeUint32), u32(4)), []string{"general.alignment", "power of two"}},
	"alignment huge":   {raw(start(0, 1), "general.alignment", u32(typeUint64), u64(1<<63)), []string{"general.alignment", "power of two"}},
	"alignment string": {raw(start(0, 1), "general.alignment", u32(typeString), "32"), []string{"general.alignment", "the string"}},
	"many tensors":     {append(start(maxTensors+1, 0), make([]byte, 4<<20)...), []string{"tensor count", "limit"}},
	"tensor name":      {padded(64, start(1, 0), entry(strings.Repeat("n", 65), 0, 0, 1)), []string{"tensor 1", "name", "limit of 64"}},
	"empty name":       {padded(64, start(1, 0), entry("", 0, 0, 1)), []string{"tensor 1", "empty"}},
	"name UTF-8":       {padded(64, start(1, 0), entry("\x80", 0, 0, 1)), []string{"tensor 1", "UTF-8"}},
	"same name":        {padded(64, start(2, 0), entry("a", 0, 0, 1), entry("a", 0, 32, 1)), []string{`tensor 2 ("a")`, "by tensor 1"}},
	"0 dimensions":     {padded(64, start(1, 0), entry("a", 0, 0), make([]byte, 40)), []string{`tensor 1 ("a")`, "0 dimensions"}},
	"5 dimensions":     {padded(64, start(1, 0), entry("a", 0, 0, 1, 1, 1, 1, 1)), []string{`tensor 1 ("a")`, "5 dimensions"}},
	"dimension 0":      {padded(64, start(1, 0), entry("a", 0, 0, 4, 0)), []string{`tensor 1 ("a")`, "dimension 2 is 0"}},
	"dimension -1":     {padded(64, start(1, 0), entry("a", 0, 0, math.MaxUint64)), []string{`tensor 1 ("a")`, "dimension 1"}},
	"product":          {padded(64, start(1, 0), entry("a", 0, 0, 1<<30, 1<<30, 1<<30)), []string{`tensor 1 ("a")`, "too large"}},
	"product wraps to 0": {padded(64, start(1, 0), entry("a", 24, 0, 1<<30, 1<<30, 1<<4)),
		[]string{`tensor 1 ("a")`, "too large"}},
	"bytes wrap":       {padded(64, start(1, 0), entry("a", 28, 0, 1<<30, 1<<30, 2)), []string{`tensor 1 ("a")`, "too large"}},
	"block":            {padded(64, start(1, 0), entry("a", 12, 0, 255)), []string{`tensor 1 ("a")`, "multiple of Q4_K's block of 256"}},
	"removed type":     {padded(64, start(1, 0), entry("a", 36, 0, 32)), []string{`tensor 1 ("a")`, "IQ4_NL_4_4 (id 36) was removed"}},
	"activations":      {padded(64, start(1, 0), entry("a", 15, 0, 256)), []string{`tensor 1 ("a")`, "Q8_K (id 15)", "activations"}},
	"unknown type":     {padded(64, start(1, 0), entry("output.weight", 1<<31, 0, 32)), []string{`tensor 1 ("output.weight")`, "type id 2147483648 is unknown"}},
	"odd offset":       {padded(64, start(1, 0), entry("a", 0, 4, 1)), []string{`tensor 1 ("a")`, "offset 4"}},
	"offset past end":  {padded(64, start(1, 0), entry("a", 0, 96, 1)), []string{`tensor 1 ("a")`, "past the end"}},
	"offset wraps":     {padded(64, start(1, 0), entry("a", 0, math.MaxUint64-31, 16)), []string{`tensor 1 ("a")`, "past the end"}},
	"data past end":    {padded(63, start(1, 0), entry("a", 0, 0, 16)), []string{`tensor 1 ("a")`, "64 bytes", "past the end"}},
	"no data":          {raw(start(1, 0), entry("a", 24, 0, 1)), []string{`tensor 1 ("a")`, "past the end"}},
	"overlap":          {padded(128, start(2, 0), entry("a", 24, 0, 33), entry("b", 24, 32, 1)), []string{`tensor 2 ("b")`, `overlaps that of tensor 1 ("a")`}},
	"same data":        {padded(128, start(2, 0), entry("a", 24, 32, 4), entry("b", 24, 32, 4)), []string{"overlaps"}},
	"overlap backward": {padded(128, start(2, 0), entry("b", 24, 32, 1), entry("a", 24, 0, 64)), []string{"overlaps"}},
}

// manyArrays is an array of n empty arrays.
func manyArrays(n int) []byte {
	return raw(start(0, 1), "k", u32(typeArray), u32(typeArray), u64(n), bytes.Repeat(raw(u32(typeUint8), u64(0)), n))
}

func TestHostileFiles(t *testing.T) {
	for name, c := range hostile {
		t.Run(name, func(t *testing.T) {
			path := writeTemp(t, "model.gguf", c.data)
			f, err := Open(path)
			if err == nil {
				f.Close()
				t.Fatal("was opened")
			}
			var e *Error
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("%v does not name the file", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nlacks %q", err, want)
				}
			}
			checkAllocation(t, c.data)
		})
	}
}

// checkAllocation parses data and fails if that takes too much memory.
func checkAllocation(t testing.TB, data []byte) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	parse("model.gguf", data)
	runtime.ReadMemStats(&after)
	if took, most := after.TotalAlloc-before.TotalAlloc, u64(16<<20+4*len(data)); took > most {
		t.Errorf("parsing %d bytes took %d bytes of memory, more than %d", len(data), took, most)
	}
}

// TestAllocation parses the files that cost most memory for their size.
func TestAllocation(t *testing.T) {
	repeat := func(n int, one func(i int) []byte) []byte {
		var b []byte
		for i := range n {
			b = append(b, one(i)...)
		}
		return b
	}
	for name, data := range map[string][]byte{
		"short keys": append(start(0, maxKeys), repeat(maxKeys, func(i int) []byte {
			return raw(strconv.FormatInt(int64(i), 36), u32(0), uint8(i))
		})...),
		"small tensors": padded(maxTensors*32, start(maxTensors, 0), repeat(maxTensors, func(i int) []byte {
			return entry(fmt.Sprint(i), 24, u64(i*32), 1, 1, 1, 1)
		})),
		"arrays":        manyArrays(maxNestedArrays),
		"empty strings": raw(start(0, 1), "k", u32(typeArray), u32(typeString), u64(1<<20), make([]byte, 8<<20)),
		"booleans":      raw(start(0, 1), "k", u32(typeArray), u32(typeBool), u64(maxArrayLen), make([]byte, maxArrayLen)),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parse("model.gguf", data); err != nil {
				t.Error(err)
			}
			checkAllocation(t, data)
		})
	}
}

// TestTruncation cuts a file at every byte.
func TestTruncation(t *testing.T) {
	data := encode(t, everyType(), smallTensors())
	whole, err := parse("model.gguf", data)
	if err != nil {
		t.Fatal(err)
	}
	needed := len(data)
	last := whole.tensors[len(whole.tensors)-1]
	for cap(last.Data) == len(last.Data) && needed > 0 && &data[needed-1] != &last.Data[len(last.Data)-1] {
		needed-- // the padding behind the last tensor may be missing
	}
	for n := range needed {
		_, err := parse("model.gguf", data[:n:n])
		e, ok := err.(*Error)
		if !ok || e.File != "model.gguf" {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(data), err)
		}
		if n >= 4 && e.Place == "" {
			t.Fatalf("cut to %d of %d bytes: %v does not name the field", n, len(data), err)
		}
	}
	for n := needed; n <= len(data); n++ {
		if _, err := parse("model.gguf", data[:n:n]); err != nil {
			t.Fatalf("cut to %d of %d bytes, behind the data: %v", n, len(data), err)
		}
	}
	// Through the file system too, at a few places.
	for _, n := range []int{1, 4, 23, 24, 100, needed - 1} {
		if f, err := Open(writeTemp(t, "cut.gguf", data[:n])); err == nil {
			f.Close()
			t.Errorf("a file cut to %d bytes was opened", n)
		}
	}
}

// boundaries walks a valid header, independently of the parser, and returns
// the offset of every field; of arrays longer than 100 every 997th element.
func boundaries(data []byte) (at []int) {
	pos := 0
	skip := func(n int) { at = append(at, pos); pos += n }
	u64 := func() int { v := int(binary.LittleEndian.Uint64(data[pos:])); skip(8); return v }
	u32 := func() int { v := int(binary.LittleEndian.Uint32(data[pos:])); skip(4); return v }
	str := func() { n := u64(); skip(n) }
	sizes := []int{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8}
	var value func(t int)
	value = func(t int) {
		switch t {
		case 8:
			str()
		case 9:
			inner := u32()
			n := u64()
			for i := range n {
				before := len(at)
				value(inner)
				if n > 100 && i%997 != 0 {
					at = at[:before]
				}
			}
		default:
			skip(sizes[t])
		}
	}
	skip(4)
	skip(4)
	tensors := u64()
	keys := u64()
	for range keys {
		str()
		value(u32())
	}
	for range tensors {
		str()
		for range u32() {
			skip(8)
		}
		skip(4)
		skip(8)
	}
	return append(at, pos)
}

// realistic is a model of 32 blocks with 2000 tokens.
func realistic(t testing.TB) []byte {
	m := everyType()
	var tokens []string
	for i := range 2000 {
		tokens = append(tokens, fmt.Sprintf("token%d", i))
	}
	m.Set("tokenizer.ggml.tokens", tokens)
	m.Set("tokenizer.ggml.scores", make([]float32, 2000))
	m.Set("tokenizer.chat_template", strings.Repeat("{{ x }}", 300))
	var tensors []TensorSource
	for i := range 32 {
		for _, name := range []string{"attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down", "ffn_gate"} {
			tensors = append(tensors, TensorSource{Name: fmt.Sprintf("blk.%d.%s.weight", i, name), Type: tensor.Q8_0, Shape: []int{32, 2}, Data: pattern(68)})
		}
	}
	return encode(t, m, tensors)
}

func TestTruncationAtFields(t *testing.T) {
	files := map[string][]byte{"realistic": realistic(t)}
	if path, err := os.Stat("../../../shared/testdata/vocab/ggml-vocab-llama-spm.gguf"); err == nil {
		data, err := os.ReadFile("../../../shared/testdata/vocab/" + path.Name())
		if err != nil {
			t.Fatal(err)
		}
		files["vocabulary"] = data
	}
	for name, data := range files {
		at := boundaries(data)
		for i, n := range at {
			for _, n := range []int{n - 1, n, n + 1} {
				if n < 0 || n >= at[len(at)-1] {
					continue
				}
				_, err := parse("model.gguf", data[:n:n])
				if err == nil || !strings.HasPrefix(err.Error(), "model.gguf: ") {
					t.Fatalf("%s cut to %d bytes, at field %d of %d: %v", name, n, i, len(at), err)
				}
			}
		}
		if len(at) < 100 {
			t.Errorf("%s: only %d fields", name, len(at))
		}
	}
}

// TestFlippedBytes changes every byte of a header. Many changes give another
// valid file; whatever is accepted must be sound.
func TestFlippedBytes(t *testing.T) {
	data := encode(t, everyType(), smallTensors())
	refused := 0
	for i := range len(data) {
		for _, mask := range []byte{1, 0x80, 0xff, 0x20} {
			data[i] ^= mask
			p, err := parse("model.gguf", data)
			if err == nil {
				checkSound(t, p, data)
			} else {
				refused++
			}
			data[i] ^= mask
		}
	}
	if refused < 500 {
		t.Errorf("only %d changes were refused", refused)
	}
	checkAllocation(t, data)
}

// checkSound checks what the rest of the engine relies on.
func checkSound(t testing.TB, p *parsed, data []byte) {
	t.Helper()
	used := make([]bool, len(data))
	for _, x := range p.tensors {
		layout, ok := x.Type.Layout()
		if !ok || len(x.Shape) < 1 || len(x.Shape) > 4 || x.Shape[0]%layout.Block != 0 {
			t.Fatalf("unsound tensor %q %v %v", x.Name, x.Type, x.Shape)
		}
		n := 1
		for _, d := range x.Shape {
			if d < 1 || n > len(data)*256/d {
				t.Fatalf("unsound shape %v", x.Shape)
			}
			n *= d
		}
		if len(x.Data) != n/layout.Block*layout.Bytes || cap(x.Data) != len(x.Data) {
			t.Fatalf("tensor %q: %d bytes", x.Name, len(x.Data))
		}
		from := offsetIn(data, x.Data)
		if from < 0 || from%int(p.alignment) != 0 {
			t.Fatalf("tensor %q at %d", x.Name, from)
		}
		for i := range x.Data {
			if used[from+i] {
				t.Fatalf("tensor %q shares a byte", x.Name)
			}
			used[from+i] = true
		}
	}
}

func offsetIn(data, part []byte) int {
	for i := range data {
		if &data[i] == &part[0] {
			return i
		}
	}
	return -1
}

func FuzzOpen(f *testing.F) {
	f.Add(encode(f, everyType(), smallTensors()))
	f.Add(encode(f, nil, nil))
	for _, c := range hostile {
		if len(c.data) < 4096 {
			f.Add(c.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parse("model.gguf", data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "model.gguf: ") {
				t.Errorf("%v does not name the file", err)
			}
			return
		}
		checkSound(t, p, data)
		// Written again it must read the same.
		var again []TensorSource
		for _, x := range p.tensors {
			again = append(again, TensorSource{Name: x.Name, Type: x.Type, Shape: x.Shape, Data: x.Data})
		}
		meta := p.meta.Clone()
		meta.Delete("split.count")
		if _, ok := meta.Value("general.alignment"); ok {
			meta.Set("general.alignment", uint32(p.alignment))
		}
		var buf bytes.Buffer
		if err := Write(&buf, &meta, again); err != nil {
			t.Fatal(err)
		}
		q, err := parse("again.gguf", buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if len(q.tensors) != len(p.tensors) || !reflect.DeepEqual(q.meta.Keys(), meta.Keys()) {
			t.Fatal("written again it differs")
		}
		for i := range q.tensors {
			a, b := q.tensors[i], p.tensors[i]
			if a.Name != b.Name || a.Type != b.Type || !reflect.DeepEqual(a.Shape, b.Shape) || !bytes.Equal(a.Data, b.Data) {
				t.Fatalf("tensor %q differs", b.Name)
			}
		}
		for _, k := range meta.Keys() {
			a, _ := q.meta.Value(k)
			b, _ := meta.Value(k)
			if fmt.Sprintf("%#v", a) != fmt.Sprintf("%#v", b) { // NaN equals itself here
				t.Fatalf("key %q: %#v is now %#v", k, b, a)
			}
		}
	})
}
