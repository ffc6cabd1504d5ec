// Package tensor describes the numbers a model is made of: tensor types, the
// layout of their quant blocks, and the reference conversions to and from
// float32. Layouts follow the GGUF format's type table.
package tensor

import (
	"fmt"
	"maps"
	"slices"
)

// Type is a GGUF tensor type id as it stands in a file.
type Type uint32

// Types the engine knows. The ids are those of the GGUF format; ids that are
// missing here were removed from the format (4, 5, 31–33, 36–38) or name
// activations, which no file holds (9, 15).
const (
	F32     Type = 0
	F16     Type = 1
	Q4_0    Type = 2
	Q4_1    Type = 3
	Q5_0    Type = 6
	Q5_1    Type = 7
	Q8_0    Type = 8
	Q2_K    Type = 10
	Q3_K    Type = 11
	Q4_K    Type = 12
	Q5_K    Type = 13
	Q6_K    Type = 14
	IQ2_XXS Type = 16
	IQ2_XS  Type = 17
	IQ3_XXS Type = 18
	IQ1_S   Type = 19
	IQ4_NL  Type = 20
	IQ3_S   Type = 21
	IQ2_S   Type = 22
	IQ4_XS  Type = 23
	I8      Type = 24
	I16     Type = 25
	I32     Type = 26
	I64     Type = 27
	F64     Type = 28
	IQ1_M   Type = 29
	BF16    Type = 30
	TQ1_0   Type = 34
	TQ2_0   Type = 35
	MXFP4   Type = 39
	NVFP4   Type = 40
	Q1_0    Type = 41
	Q2_0    Type = 42
)

// Layout is how a type stores its values: Block values take Bytes bytes.
type Layout struct {
	Name  string
	Block int // values per quant block, 1 for plain types
	Bytes int // bytes per quant block
}

var layouts = map[Type]Layout{
	F32:     {"F32", 1, 4},
	F16:     {"F16", 1, 2},
	BF16:    {"BF16", 1, 2},
	F64:     {"F64", 1, 8},
	I8:      {"I8", 1, 1},
	I16:     {"I16", 1, 2},
	I32:     {"I32", 1, 4},
	I64:     {"I64", 1, 8},
	Q4_0:    {"Q4_0", 32, 18},
	Q4_1:    {"Q4_1", 32, 20},
	Q5_0:    {"Q5_0", 32, 22},
	Q5_1:    {"Q5_1", 32, 24},
	Q8_0:    {"Q8_0", 32, 34},
	IQ4_NL:  {"IQ4_NL", 32, 18},
	MXFP4:   {"MXFP4", 32, 17},
	NVFP4:   {"NVFP4", 64, 36},
	Q2_0:    {"Q2_0", 64, 18},
	Q1_0:    {"Q1_0", 128, 18},
	Q2_K:    {"Q2_K", 256, 84},
	Q3_K:    {"Q3_K", 256, 110},
	Q4_K:    {"Q4_K", 256, 144},
	Q5_K:    {"Q5_K", 256, 176},
	Q6_K:    {"Q6_K", 256, 210},
	IQ1_S:   {"IQ1_S", 256, 50},
	IQ1_M:   {"IQ1_M", 256, 56},
	IQ2_XXS: {"IQ2_XXS", 256, 66},
	IQ2_XS:  {"IQ2_XS", 256, 74},
	IQ2_S:   {"IQ2_S", 256, 82},
	IQ3_XXS: {"IQ3_XXS", 256, 98},
	IQ3_S:   {"IQ3_S", 256, 110},
	IQ4_XS:  {"IQ4_XS", 256, 136},
	TQ1_0:   {"TQ1_0", 256, 54},
	TQ2_0:   {"TQ2_0", 256, 66},
}

// Types returns all types, by id.
func Types() []Type { return slices.Sorted(maps.Keys(layouts)) }

// IsFloat tells whether values are plain floats.
func (t Type) IsFloat() bool { return t == F32 || t == F16 || t == BF16 || t == F64 }

// IsQuant tells whether values lie in quant blocks.
func (t Type) IsQuant() bool { return layouts[t].Block > 1 }

// Layout returns the type's layout; ok is false for types the engine cannot read.
func (t Type) Layout() (l Layout, ok bool) {
	l, ok = layouts[t]
	return l, ok
}

// RowBytes returns the bytes of one row of n values; n must be a multiple of
// the type's block.
func (t Type) RowBytes(n int) (int, error) {
	l, ok := layouts[t]
	if !ok {
		return 0, fmt.Errorf("tensor type %d is not supported", uint32(t))
	}
	if n < 0 || n%l.Block != 0 {
		return 0, fmt.Errorf("a row of %d values is not a multiple of %s's block of %d", n, l.Name, l.Block)
	}
	return n / l.Block * l.Bytes, nil
}

func (t Type) String() string {
	if l, ok := layouts[t]; ok {
		return l.Name
	}
	return fmt.Sprintf("type %d", uint32(t))
}
