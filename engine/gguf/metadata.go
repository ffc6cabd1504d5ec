package gguf

import (
	"fmt"
	"math"
	"slices"
)

// Metadata holds a file's keys and values in file order. Values are of the Go
// types uint8 … uint64, int8 … int64, float32, float64, bool, string, slices
// of these, and []any for arrays of arrays. Slices handed out are shared: do
// not change them.
//
// The zero value is empty and ready for Set.
type Metadata struct {
	file   string // for messages
	keys   []string
	values []any
	index  map[string]int
}

// Keys returns the keys in file order.
func (m *Metadata) Keys() []string { return slices.Clone(m.keys) }

// Len returns the number of keys.
func (m *Metadata) Len() int { return len(m.keys) }

// Value returns the value as it stands in the file.
func (m *Metadata) Value(key string) (any, bool) {
	i, ok := m.index[key]
	if !ok {
		return nil, false
	}
	return m.values[i], true
}

// Set adds a key at the end, or replaces its value in place. The value must be
// of a type that Metadata can hold (int is not: its width in the file would be
// a guess); Write reports it if not.
func (m *Metadata) Set(key string, value any) {
	if i, ok := m.index[key]; ok {
		m.values[i] = value
		return
	}
	if m.index == nil {
		m.index = make(map[string]int)
	}
	m.index[key] = len(m.keys)
	m.keys = append(m.keys, key)
	m.values = append(m.values, value)
}

// Delete removes a key if it is there.
func (m *Metadata) Delete(key string) {
	i, ok := m.index[key]
	if !ok {
		return
	}
	m.keys = slices.Delete(m.keys, i, i+1)
	m.values = slices.Delete(m.values, i, i+1)
	delete(m.index, key)
	for k, j := range m.index {
		if j > i {
			m.index[k] = j - 1
		}
	}
}

// Clone returns a copy that can be changed without changing m.
func (m *Metadata) Clone() Metadata {
	c := Metadata{file: m.file, keys: slices.Clone(m.keys), values: slices.Clone(m.values),
		index: make(map[string]int, len(m.keys))}
	for i, k := range c.keys {
		c.index[k] = i
	}
	return c
}

// String returns the string at key.
func (m *Metadata) String(key string) (string, bool) { return get(m, key, asIs[string]) }

// Uint returns the integer at key, stored in any width, if it is not negative.
func (m *Metadata) Uint(key string) (uint64, bool) { return get(m, key, asUint) }

// Int returns the integer at key, stored in any width.
func (m *Metadata) Int(key string) (int64, bool) { return get(m, key, asInt) }

// Float returns the number at key: a float32, a float64 or an integer.
func (m *Metadata) Float(key string) (float64, bool) { return get(m, key, asFloat) }

// Bool returns the boolean at key.
func (m *Metadata) Bool(key string) (bool, bool) { return get(m, key, asIs[bool]) }

// Strings returns the array of strings at key.
func (m *Metadata) Strings(key string) ([]string, bool) { return get(m, key, asIs[[]string]) }

// Ints returns the array at key, stored as integers of any width.
func (m *Metadata) Ints(key string) ([]int64, bool) { return get(m, key, asInts) }

// Floats returns the array at key, stored as float32 or float64.
func (m *Metadata) Floats(key string) ([]float32, bool) { return get(m, key, asFloats) }

// Bools returns the array of booleans at key.
func (m *Metadata) Bools(key string) ([]bool, bool) { return get(m, key, asIs[[]bool]) }

// NeedString is String with an error that names file and key.
func (m *Metadata) NeedString(key string) (string, error) {
	return need(m, key, "a string", asIs[string])
}

// NeedUint is Uint with an error that names file and key.
func (m *Metadata) NeedUint(key string) (uint64, error) {
	return need(m, key, "an integer of at least 0", asUint)
}

// NeedInt is Int with an error that names file and key.
func (m *Metadata) NeedInt(key string) (int64, error) { return need(m, key, "an integer", asInt) }

// NeedFloat is Float with an error that names file and key.
func (m *Metadata) NeedFloat(key string) (float64, error) { return need(m, key, "a number", asFloat) }

// NeedBool is Bool with an error that names file and key.
func (m *Metadata) NeedBool(key string) (bool, error) { return need(m, key, "a boolean", asIs[bool]) }

// NeedStrings is Strings with an error that names file and key.
func (m *Metadata) NeedStrings(key string) ([]string, error) {
	return need(m, key, "an array of strings", asIs[[]string])
}

// NeedInts is Ints with an error that names file and key.
func (m *Metadata) NeedInts(key string) ([]int64, error) {
	return need(m, key, "an array of integers", asInts)
}

// NeedFloats is Floats with an error that names file and key.
func (m *Metadata) NeedFloats(key string) ([]float32, error) {
	return need(m, key, "an array of numbers", asFloats)
}

func get[T any](m *Metadata, key string, as func(any) (T, bool)) (t T, ok bool) {
	v, ok := m.Value(key)
	if !ok {
		return t, false
	}
	return as(v)
}

func need[T any](m *Metadata, key, kind string, as func(any) (T, bool)) (t T, err error) {
	v, ok := m.Value(key)
	if !ok {
		return t, &Error{File: m.name(), Place: "metadata key " + quoted(key), Problem: "the key is missing", Advice: adviceInvalid}
	}
	t, ok = as(v)
	if !ok {
		return t, &Error{File: m.name(), Place: "metadata key " + quoted(key),
			Problem: fmt.Sprintf("%s should be %s", briefly(v), kind), Advice: adviceInvalid}
	}
	return t, nil
}

func (m *Metadata) name() string {
	if m.file == "" {
		return "metadata"
	}
	return m.file
}

// briefly shows a value in a message.
func briefly(v any) string {
	switch v := v.(type) {
	case string:
		return "the string " + quoted(v)
	case uint8, int8, uint16, int16, uint32, int32, uint64, int64, float32, float64, bool:
		return fmt.Sprintf("%v (%T)", v, v)
	}
	return fmt.Sprintf("a value of type %T", v)
}

func asIs[T any](v any) (T, bool) {
	t, ok := v.(T)
	return t, ok
}

func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case uint8:
		return int64(v), true
	case int8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case int16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case int32:
		return int64(v), true
	case uint64:
		return int64(v), v <= math.MaxInt64
	case int64:
		return v, true
	}
	return 0, false
}

func asUint(v any) (uint64, bool) {
	if u, ok := v.(uint64); ok {
		return u, true
	}
	i, ok := asInt(v)
	return uint64(i), ok && i >= 0
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case float32:
		return float64(v), true
	case float64:
		return v, true
	case uint64:
		return float64(v), true
	}
	i, ok := asInt(v)
	return float64(i), ok
}

func asInts(v any) ([]int64, bool) {
	switch v := v.(type) {
	case []uint8:
		return widen(v), true
	case []int8:
		return widen(v), true
	case []uint16:
		return widen(v), true
	case []int16:
		return widen(v), true
	case []uint32:
		return widen(v), true
	case []int32:
		return widen(v), true
	case []int64:
		return v, true
	case []uint64:
		for _, u := range v {
			if u > math.MaxInt64 {
				return nil, false
			}
		}
		return widen(v), true
	}
	return nil, false
}

func widen[T uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64](s []T) []int64 {
	out := make([]int64, len(s))
	for i, x := range s {
		out[i] = int64(x)
	}
	return out
}

func asFloats(v any) ([]float32, bool) {
	switch v := v.(type) {
	case []float32:
		return v, true
	case []float64:
		out := make([]float32, len(v))
		for i, x := range v {
			out[i] = float32(x)
		}
		return out, true
	}
	return nil, false
}
