package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"unicode/utf8"

	"freehold/engine/tensor"
)

// parsed is what one file holds; tensor data points into the parsed bytes.
type parsed struct {
	version   uint32
	alignment uint64
	meta      Metadata
	tensors   []Tensor
}

// parser walks the header of one file.
type parser struct {
	file string
	data []byte // the file, or its beginning
	size uint64 // of the whole file
	end  int    // the header must not go past this
	pos  int

	// What is being read, for messages.
	section string // a header field, "metadata key" or "tensor"
	number  int    // of it, from 1
	name    string // of it, once known

	nested int // arrays inside arrays so far

	zeros func(n uint64) ([]byte, error) // stands for data that is not here
}

func (p *parser) errorf(advice, format string, args ...any) *Error {
	place := p.section
	if p.number > 0 {
		place += fmt.Sprintf(" %d", p.number)
	}
	if p.name != "" {
		place += " (" + quoted(p.name) + ")"
	}
	return &Error{File: p.file, Place: place, Problem: fmt.Sprintf(format, args...), Advice: advice}
}

// parse validates a whole GGUF file. The file name is for messages only.
func parse(file string, data []byte) (*parsed, error) {
	p := newParser(file, data, uint64(len(data)))
	return p.parse()
}

// newParser reads a file of size bytes that begins with data.
func newParser(file string, data []byte, size uint64) *parser {
	return &parser{file: file, data: data, size: size, end: min(len(data), maxHeaderBytes)}
}

func (p *parser) parse() (*parsed, error) {
	out := &parsed{alignment: defaultAlignment}
	tensors, keys, err := p.start(out)
	if err != nil {
		return nil, err
	}
	if err := p.readMetadata(&out.meta, keys); err != nil {
		return nil, err
	}
	if v, ok := out.meta.Value("general.alignment"); ok {
		a, ok := asUint(v)
		if !ok || bits.OnesCount64(a) != 1 || a < minAlignment || a > maxAlignment {
			p.section, p.name = "metadata key", "general.alignment"
			return nil, p.errorf(adviceInvalid, "%s should be a power of two from %d to %d", briefly(v), minAlignment, maxAlignment)
		}
		out.alignment = a
	}
	out.tensors, err = p.readTensors(tensors, out.alignment)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// start reads magic, version and counts.
func (p *parser) start(out *parsed) (tensors, keys int, err error) {
	if len(p.data) < 4 || string(p.data[:4]) != "GGUF" {
		return 0, 0, p.errorf("choose a .gguf file, or download it again if it should be one",
			"not a GGUF file: it begins with %q instead of %q", p.data[:min(4, len(p.data))], "GGUF")
	}
	p.pos = 4
	p.section = "version"
	v, err := p.u32("version")
	if err != nil {
		return 0, 0, err
	}
	switch {
	case v >= minVersion && v <= maxVersion:
	case v != 0 && v&0xffff == 0:
		return 0, 0, p.errorf("use the little-endian file of this model", "this is a big-endian file, which is not supported")
	case v == 1:
		return 0, 0, p.errorf("use a newer conversion of this model", "GGUF version 1 is not supported, only %d to %d", minVersion, maxVersion)
	default:
		return 0, 0, p.errorf("update the application, or use another conversion of this model",
			"GGUF version %d is not supported, only %d to %d", v, minVersion, maxVersion)
	}
	out.version = v

	// The smallest tensor entry: name, one dimension, type and offset.
	p.section = "tensor count"
	tensors, err = p.count("%d tensors", 8+1+4+8+4+8, maxTensors)
	if err != nil {
		return 0, 0, err
	}
	// The smallest metadata entry: key, type and one byte.
	p.section = "metadata key count"
	keys, err = p.count("%d metadata keys", 8+1+4+1, maxKeys)
	return tensors, keys, err
}

func (p *parser) readMetadata(m *Metadata, count int) error {
	*m = Metadata{file: p.file, keys: make([]string, 0, count), values: make([]any, 0, count), index: make(map[string]int, count)}
	p.section = "metadata key"
	for i := range count {
		p.number, p.name = i+1, ""
		key, err := p.str("key", maxKeyBytes)
		if err != nil {
			return err
		}
		p.name = key
		if key == "" {
			return p.errorf(adviceInvalid, "the key is empty")
		}
		if !utf8.ValidString(key) {
			return p.errorf(adviceInvalid, "the key is not valid UTF-8")
		}
		if first, dup := m.index[key]; dup {
			return p.errorf(adviceInvalid, "the key was used before, as key %d", first+1)
		}
		t, err := p.u32("value type")
		if err != nil {
			return err
		}
		value, err := p.value(valueType(t), 0)
		if err != nil {
			return err
		}
		m.Set(key, value)
	}
	p.section, p.number, p.name = "", 0, ""
	return nil
}

// valueType is the type of a metadata value in the file.
type valueType uint32

const (
	typeUint8 valueType = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
)

// valueTypes gives each type's plural, for messages, and the least bytes a
// value takes.
var valueTypes = [...]struct {
	plural string
	least  int
}{
	{"uint8s", 1}, {"int8s", 1}, {"uint16s", 2}, {"int16s", 2}, {"uint32s", 4}, {"int32s", 4}, {"float32s", 4},
	{"booleans", 1}, {"strings", 8}, {"arrays", 12}, {"uint64s", 8}, {"int64s", 8}, {"float64s", 8},
}

// value reads one value; depth is the number of arrays around it.
func (p *parser) value(t valueType, depth int) (any, error) {
	if t >= valueType(len(valueTypes)) {
		return nil, p.errorf(adviceInvalid, "value type %d does not exist", uint32(t))
	}
	switch t {
	case typeString:
		return p.str("value", maxStringBytes)
	case typeArray:
		return p.array(depth)
	}
	b, err := p.bytes(uint64(valueTypes[t].least), "value")
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	switch t {
	case typeUint8:
		return b[0], nil
	case typeInt8:
		return int8(b[0]), nil
	case typeUint16:
		return le.Uint16(b), nil
	case typeInt16:
		return int16(le.Uint16(b)), nil
	case typeUint32:
		return le.Uint32(b), nil
	case typeInt32:
		return int32(le.Uint32(b)), nil
	case typeFloat32:
		return math.Float32frombits(le.Uint32(b)), nil
	case typeBool:
		if b[0] > 1 {
			return nil, p.errorf(adviceInvalid, "a boolean is stored as %d instead of 0 or 1", b[0])
		}
		return b[0] == 1, nil
	case typeUint64:
		return le.Uint64(b), nil
	case typeInt64:
		return int64(le.Uint64(b)), nil
	default: // typeFloat64
		return math.Float64frombits(le.Uint64(b)), nil
	}
}

func (p *parser) array(depth int) (any, error) {
	if depth > 0 {
		p.nested++
	}
	if depth == maxArrayDepth || p.nested > maxNestedArrays {
		return nil, p.errorf(adviceInvalid, "arrays inside arrays: more than %d deep or %d in all", maxArrayDepth, maxNestedArrays)
	}
	id, err := p.u32("array element type")
	if err != nil {
		return nil, err
	}
	t := valueType(id)
	if t >= valueType(len(valueTypes)) {
		return nil, p.errorf(adviceInvalid, "array element type %d does not exist", id)
	}
	n, err := p.count("array of %d "+valueTypes[t].plural, valueTypes[t].least, maxArrayLen)
	if err != nil {
		return nil, err
	}
	switch t {
	case typeString:
		return p.strings(n)
	case typeArray:
		out := make([]any, n)
		for i := range out {
			if out[i], err = p.array(depth + 1); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	b, err := p.bytes(uint64(n)*uint64(valueTypes[t].least), "array")
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	switch t {
	case typeUint8:
		return append([]uint8{}, b...), nil
	case typeInt8:
		return decode(b, n, 1, func(b []byte) int8 { return int8(b[0]) }), nil
	case typeUint16:
		return decode(b, n, 2, le.Uint16), nil
	case typeInt16:
		return decode(b, n, 2, func(b []byte) int16 { return int16(le.Uint16(b)) }), nil
	case typeUint32:
		return decode(b, n, 4, le.Uint32), nil
	case typeInt32:
		return decode(b, n, 4, func(b []byte) int32 { return int32(le.Uint32(b)) }), nil
	case typeFloat32:
		return decode(b, n, 4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }), nil
	case typeBool:
		for i, x := range b {
			if x > 1 {
				return nil, p.errorf(adviceInvalid, "boolean %d of %d is stored as %d instead of 0 or 1", i+1, n, x)
			}
		}
		return decode(b, n, 1, func(b []byte) bool { return b[0] == 1 }), nil
	case typeUint64:
		return decode(b, n, 8, le.Uint64), nil
	case typeInt64:
		return decode(b, n, 8, func(b []byte) int64 { return int64(le.Uint64(b)) }), nil
	default: // typeFloat64
		return decode(b, n, 8, func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) }), nil
	}
}

func decode[T any](b []byte, n, size int, one func([]byte) T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = one(b[i*size:])
	}
	return out
}

// strings reads n strings. They share one copy of their bytes: a vocabulary
// has 150,000 of them.
func (p *parser) strings(n int) ([]string, error) {
	from := p.pos
	for i := range n {
		size, err := p.length("string", maxStringBytes)
		if err != nil {
			err.Problem = fmt.Sprintf("string %d of %d: ", i+1, n) + err.Problem
			return nil, err
		}
		p.pos += size
	}
	arena := string(p.data[from:p.pos])
	out := make([]string, n)
	at := 0
	for i := range out {
		size := int(binary.LittleEndian.Uint64(p.data[from+at:]))
		out[i] = arena[at+8 : at+8+size]
		at += 8 + size
	}
	return out, nil
}

// left returns the bytes that the header may still take.
func (p *parser) left() uint64 { return uint64(p.end - p.pos) }

// overrun is the error of something that needs more bytes than are left.
func (p *parser) overrun(need uint64, problem string) *Error {
	if p.end < maxHeaderBytes && need <= p.size-uint64(p.pos) {
		err := p.errorf("", "%s begins in the %d bytes that are known of it and ends behind them", problem, p.end)
		err.incomplete = true
		return err
	}
	if p.end < len(p.data) {
		return p.errorf(adviceInvalid, "%s goes past the limit of %d MiB for metadata and tensor list", problem, maxHeaderBytes>>20)
	}
	return p.errorf(adviceDamaged, "%s cannot fit in the %d bytes left", problem, p.left())
}

func (p *parser) bytes(n uint64, what string) ([]byte, error) {
	if n > p.left() {
		return nil, p.overrun(n, fmt.Sprintf("%s of %d bytes", what, n))
	}
	b := p.data[p.pos : p.pos+int(n)]
	p.pos += int(n)
	return b, nil
}

func (p *parser) u32(what string) (uint32, error) {
	b, err := p.bytes(4, what)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (p *parser) u64(what string) (uint64, error) {
	b, err := p.bytes(8, what)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// count reads the number of things that follow, each at least least bytes.
// Things is a format for messages, such as "%d tensors".
func (p *parser) count(things string, least, limit int) (int, error) {
	n, err := p.u64("count")
	if err != nil {
		return 0, err
	}
	if n > p.left()/uint64(least) {
		return 0, p.overrun(mulClipped(n, uint64(least)), fmt.Sprintf(things, n))
	}
	if n > uint64(limit) {
		return 0, p.errorf(adviceInvalid, "%s is above the limit of %d", fmt.Sprintf(things, n), limit)
	}
	return int(n), nil
}

// mulClipped is a·b, or the greatest number if that is more.
func mulClipped(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	if high > 0 {
		return math.MaxUint64
	}
	return low
}

// length reads the length of a string whose bytes follow.
func (p *parser) length(what string, limit int) (int, *Error) {
	if p.left() < 8 {
		return 0, p.overrun(8, what+" length of 8 bytes")
	}
	n := binary.LittleEndian.Uint64(p.data[p.pos:])
	p.pos += 8
	if n > p.left() {
		return 0, p.overrun(n, fmt.Sprintf("%s of %d bytes", what, n))
	}
	if n > uint64(limit) {
		return 0, p.errorf(adviceInvalid, "%s of %d bytes is longer than the limit of %d", what, n, limit)
	}
	return int(n), nil
}

func (p *parser) str(what string, limit int) (string, error) {
	n, e := p.length(what, limit)
	if e != nil {
		return "", e
	}
	s := string(p.data[p.pos : p.pos+n])
	p.pos += n
	return s, nil
}

// tensorBytes returns the size of a tensor, or what is wrong with it.
func tensorBytes(t tensor.Type, shape []int) (size uint64, problem string) {
	layout, ok := t.Layout()
	if !ok {
		return 0, unsupported(t)
	}
	if len(shape) < 1 || len(shape) > maxDims {
		return 0, fmt.Sprintf("%d dimensions, but tensors have 1 to %d", len(shape), maxDims)
	}
	elements := uint64(1)
	for i, d := range shape {
		if d <= 0 {
			return 0, fmt.Sprintf("dimension %d is %d but must be positive", i+1, d)
		}
		hi, lo := bits.Mul64(elements, uint64(d))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, fmt.Sprintf("the product of dimensions %v is too large", shape)
		}
		elements = lo
	}
	if shape[0]%layout.Block != 0 {
		return 0, fmt.Sprintf("a row of %d values is not a multiple of %s's block of %d", shape[0], layout.Name, layout.Block)
	}
	hi, size := bits.Mul64(elements/uint64(layout.Block), uint64(layout.Bytes))
	if hi != 0 || size > math.MaxInt64 {
		return 0, fmt.Sprintf("the size of dimensions %v in bytes is too large", shape)
	}
	return size, ""
}
