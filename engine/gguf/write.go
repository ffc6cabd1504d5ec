package gguf

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"unicode/utf8"

	"freehold/engine/tensor"
)

// TensorSource is a tensor to be written. Its data comes from Data or, to
// stream what need not be in memory at once, from From; either must give
// exactly the bytes that Type and Shape call for.
type TensorSource struct {
	Name  string
	Type  tensor.Type
	Shape []int // contiguous dimension first
	Data  []byte
	From  io.WriterTo
}

// Write writes a GGUF file of version 3. Data is aligned to the key
// general.alignment, 32 if it is absent. What Write accepts, Open accepts.
func Write(w io.Writer, meta *Metadata, tensors []TensorSource) error {
	head, layout, err := header(meta, tensors)
	if err != nil {
		return err
	}
	out := &counter{w: w}
	if _, err := out.Write(head); err != nil {
		return err
	}
	start := uint64(len(head))
	for i, t := range tensors {
		if err := out.pad(start + layout.offsets[i]); err != nil {
			return err
		}
		if t.From == nil {
			if _, err := out.Write(t.Data); err != nil {
				return err
			}
			continue
		}
		before := out.n
		if _, err := t.From.WriteTo(out); err != nil {
			return fmt.Errorf("tensor %s: %w", quoted(t.Name), err)
		}
		if got := out.n - before; got != layout.sizes[i] {
			return fmt.Errorf("tensor %s: its source wrote %d bytes instead of %d", quoted(t.Name), got, layout.sizes[i])
		}
	}
	// Other readers want the last tensor padded too.
	return out.pad(start + layout.end)
}

// WriteFile writes a GGUF file so that path holds either what it held before
// or the whole new file, even after a power failure. Files mapped from the old
// content stay valid.
func WriteFile(path string, meta *Metadata, tensors []TensorSource) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := Write(w, meta, tensors); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// counter counts the bytes that pass through it.
type counter struct {
	w io.Writer
	n uint64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += uint64(n)
	return n, err
}

func (c *counter) pad(to uint64) error {
	_, err := io.CopyN(c, zeros{}, int64(to-c.n))
	return err
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// layout is where tensors stand in the data section.
type layout struct {
	offsets, sizes []uint64
	end            uint64
}

// header encodes everything before the data, padded, and lays out the data.
func header(meta *Metadata, tensors []TensorSource) ([]byte, layout, error) {
	if meta == nil {
		meta = &Metadata{}
	}
	fail := func(format string, args ...any) ([]byte, layout, error) {
		return nil, layout{}, fmt.Errorf(format, args...)
	}
	alignment := uint64(defaultAlignment)
	if v, ok := meta.Value("general.alignment"); ok {
		// Other readers take no type but uint32 here.
		a, ok := v.(uint32)
		if !ok || a < minAlignment || a > maxAlignment || a&(a-1) != 0 {
			return fail("metadata key \"general.alignment\": %s should be a uint32 and a power of two from %d to %d", briefly(v), minAlignment, maxAlignment)
		}
		alignment = uint64(a)
	}
	if n, ok := meta.Uint("split.count"); ok && n > 1 {
		return fail("metadata key \"split.count\": only whole models can be written: delete the split.* keys")
	}
	if len(meta.keys) > maxKeys {
		return fail("%d metadata keys are above the limit of %d", len(meta.keys), maxKeys)
	}
	if len(tensors) > maxTensors {
		return fail("%d tensors are above the limit of %d", len(tensors), maxTensors)
	}

	e := &encoder{}
	e.buf.WriteString("GGUF")
	e.u32(maxVersion)
	e.u64(uint64(len(tensors)))
	e.u64(uint64(len(meta.keys)))
	for i, key := range meta.keys {
		if key == "" || len(key) > maxKeyBytes || !utf8.ValidString(key) {
			return fail("metadata key %s: keys are 1 to %d bytes of UTF-8", quoted(key), maxKeyBytes)
		}
		e.str(key)
		t, ok := typeOf(meta.values[i])
		if !ok {
			return fail("metadata key %s: a value of type %T cannot be stored", quoted(key), meta.values[i])
		}
		e.u32(uint32(t))
		if err := e.value(meta.values[i], 0); err != nil {
			return fail("metadata key %s: %w", quoted(key), err)
		}
	}

	lay := layout{offsets: make([]uint64, len(tensors)), sizes: make([]uint64, len(tensors))}
	seen := make(map[string]bool, len(tensors))
	for i, t := range tensors {
		if t.Name == "" || len(t.Name) > maxNameBytes || !utf8.ValidString(t.Name) {
			return fail("tensor %s: names are 1 to %d bytes of UTF-8", quoted(t.Name), maxNameBytes)
		}
		if seen[t.Name] {
			return fail("tensor %s: the name is used twice", quoted(t.Name))
		}
		seen[t.Name] = true
		size, problem := tensorBytes(t.Type, t.Shape)
		if problem != "" {
			return fail("tensor %s: %s", quoted(t.Name), problem)
		}
		if t.From == nil && uint64(len(t.Data)) != size {
			return fail("tensor %s: %d bytes of data, but its type and shape take %d", quoted(t.Name), len(t.Data), size)
		}
		e.str(t.Name)
		e.u32(uint32(len(t.Shape)))
		for _, d := range t.Shape {
			e.u64(uint64(d))
		}
		e.u32(uint32(t.Type))
		e.u64(lay.end)
		lay.offsets[i], lay.sizes[i] = lay.end, size
		if size > math.MaxInt64/2-lay.end {
			return fail("tensor %s: the file would be too large", quoted(t.Name))
		}
		lay.end = (lay.end + size + alignment - 1) / alignment * alignment
	}
	if e.buf.Len() > maxHeaderBytes {
		return fail("metadata and tensor list of %d bytes are above the limit of %d", e.buf.Len(), maxHeaderBytes)
	}
	if len(tensors) > 0 {
		for uint64(e.buf.Len())%alignment != 0 {
			e.buf.WriteByte(0)
		}
	}
	return e.buf.Bytes(), lay, nil
}

// encoder writes metadata into memory.
type encoder struct {
	buf    bytes.Buffer
	nested int
}

func (e *encoder) u32(v uint32) { e.buf.Write(binary.LittleEndian.AppendUint32(nil, v)) }
func (e *encoder) u64(v uint64) { e.buf.Write(binary.LittleEndian.AppendUint64(nil, v)) }

func (e *encoder) str(s string) {
	e.u64(uint64(len(s)))
	e.buf.WriteString(s)
}

// value writes a value without its type; depth is the number of arrays around it.
func (e *encoder) value(v any, depth int) error {
	switch v := v.(type) {
	case string:
		return e.string(v)
	case []string:
		if err := e.arrayHead(typeString, len(v)); err != nil {
			return err
		}
		for _, s := range v {
			if err := e.string(s); err != nil {
				return err
			}
		}
		return nil
	case []any:
		if err := e.arrayHead(typeArray, len(v)); err != nil {
			return err
		}
		for _, inner := range v {
			if t, _ := typeOf(inner); t != typeArray {
				return fmt.Errorf("a value of type %T among arrays: elements of an array have one type", inner)
			}
			if e.nested++; e.nested > maxNestedArrays || depth+1 == maxArrayDepth {
				return fmt.Errorf("arrays inside arrays: more than %d deep or %d in all", maxArrayDepth, maxNestedArrays)
			}
			if err := e.value(inner, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if t, ok := elementType(v); ok {
		if err := e.arrayHead(t, binary.Size(v)/valueTypes[t].least); err != nil {
			return err
		}
	}
	// Numbers, booleans and slices of them.
	return binary.Write(&e.buf, binary.LittleEndian, v)
}

func (e *encoder) string(s string) error {
	if len(s) > maxStringBytes {
		return fmt.Errorf("a string of %d bytes is longer than the limit of %d", len(s), maxStringBytes)
	}
	e.str(s)
	return nil
}

func (e *encoder) arrayHead(t valueType, n int) error {
	if n > maxArrayLen {
		return fmt.Errorf("an array of %d elements is longer than the limit of %d", n, maxArrayLen)
	}
	if e.buf.Len() > maxHeaderBytes {
		return errors.New("metadata is above the limit")
	}
	e.u32(uint32(t))
	e.u64(uint64(n))
	return nil
}

// typeOf returns the type in the file of a metadata value.
func typeOf(v any) (valueType, bool) {
	switch v.(type) {
	case uint8:
		return typeUint8, true
	case int8:
		return typeInt8, true
	case uint16:
		return typeUint16, true
	case int16:
		return typeInt16, true
	case uint32:
		return typeUint32, true
	case int32:
		return typeInt32, true
	case float32:
		return typeFloat32, true
	case bool:
		return typeBool, true
	case string:
		return typeString, true
	case uint64:
		return typeUint64, true
	case int64:
		return typeInt64, true
	case float64:
		return typeFloat64, true
	case []string, []any:
		return typeArray, true
	}
	if _, ok := elementType(v); ok {
		return typeArray, true
	}
	return 0, false
}

// elementType returns the type of the elements of a slice of numbers or booleans.
func elementType(v any) (valueType, bool) {
	switch v.(type) {
	case []uint8:
		return typeUint8, true
	case []int8:
		return typeInt8, true
	case []uint16:
		return typeUint16, true
	case []int16:
		return typeInt16, true
	case []uint32:
		return typeUint32, true
	case []int32:
		return typeInt32, true
	case []float32:
		return typeFloat32, true
	case []bool:
		return typeBool, true
	case []uint64:
		return typeUint64, true
	case []int64:
		return typeInt64, true
	case []float64:
		return typeFloat64, true
	}
	return 0, false
}
