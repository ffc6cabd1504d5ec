// Package tensor describes the numbers a model is made of: tensor types, the
// layout of their quant blocks, and the reference conversions to and from
// float32. Layouts follow the GGUF format's type table.
package tensor

import "fmt"

// Type is a GGUF tensor type id as it stands in a file.
type Type uint32

// Types the engine knows. The ids are those of the GGUF format; ids that are
// missing here (4, 5, 31–33, 36–38) were removed from the format.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q5_0 Type = 6
	Q5_1 Type = 7
	Q8_0 Type = 8
	Q2_K Type = 10
	Q3_K Type = 11
	Q4_K Type = 12
	Q5_K Type = 13
	Q6_K Type = 14
	I8   Type = 24
	I16  Type = 25
	I32  Type = 26
	I64  Type = 27
	F64  Type = 28
	BF16 Type = 30
)

// Layout is how a type stores its values: Block values take Bytes bytes.
type Layout struct {
	Name  string
	Block int // values per quant block, 1 for plain types
	Bytes int // bytes per quant block
}

var layouts = map[Type]Layout{
	F32:  {"F32", 1, 4},
	F16:  {"F16", 1, 2},
	BF16: {"BF16", 1, 2},
	F64:  {"F64", 1, 8},
	I8:   {"I8", 1, 1},
	I16:  {"I16", 1, 2},
	I32:  {"I32", 1, 4},
	I64:  {"I64", 1, 8},
	Q4_0: {"Q4_0", 32, 18},
	Q4_1: {"Q4_1", 32, 20},
	Q5_0: {"Q5_0", 32, 22},
	Q5_1: {"Q5_1", 32, 24},
	Q8_0: {"Q8_0", 32, 34},
	Q2_K: {"Q2_K", 256, 84},
	Q3_K: {"Q3_K", 256, 110},
	Q4_K: {"Q4_K", 256, 144},
	Q5_K: {"Q5_K", 256, 176},
	Q6_K: {"Q6_K", 256, 210},
}

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
