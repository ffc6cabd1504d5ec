package tensor_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"freehold/engine/synthetic"
	. "freehold/engine/tensor"
)

// testdata/ggml.json holds, for each type, what ggml (llama.cpp) makes of one
// row of 512 random weights: their values, and the product with x that it
// computes on an x86-64 CPU; and a digest of the values of many blocks more.
// Made by bench/quantgolden.
type ggmlRow struct {
	Type   Type
	W      []byte
	Values []byte // float32, little endian
	Dot    float64
	Blocks int
	Digest []byte
}

func readGGML(t *testing.T) (x []float32, rows []ggmlRow) {
	t.Helper()
	data, err := os.ReadFile("testdata/ggml.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		X    []byte
		Rows []ggmlRow
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	recorded := map[Type]bool{}
	for _, r := range file.Rows {
		recorded[r.Type] = true
	}
	for _, typ := range Types() {
		switch typ {
		case I8, I16, I32, I64, F64: // nobody multiplies with them
		default:
			if !recorded[typ] {
				t.Errorf("nothing is recorded of type %v", typ)
			}
		}
	}
	return floats(file.X), file.Rows
}

func floats(p []byte) []float32 {
	x := make([]float32, len(p)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(p[4*i:]))
	}
	return x
}

func bytesOf(x []float32) []byte {
	p := make([]byte, 0, 4*len(x))
	for _, v := range x {
		p = binary.LittleEndian.AppendUint32(p, math.Float32bits(v))
	}
	return p
}

// Every bit of every value is ggml's.
func TestDequantizeAgreesWithGGML(t *testing.T) {
	_, rows := readGGML(t)
	for _, row := range rows {
		want := floats(row.Values)
		got := make([]float32, len(want))
		if err := Dequantize(row.Type, row.W, got); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
				t.Fatalf("%v: value %d is %g, ggml says %g", row.Type, i, got[i], want[i])
			}
		}
	}
}

// So are those of many random blocks, among them every index, sign and scale.
func TestDequantizeManyAgreesWithGGML(t *testing.T) {
	_, rows := readGGML(t)
	for _, row := range rows {
		if !row.Type.IsQuant() {
			continue
		}
		blocks, err := synthetic.Blocks(row.Type, row.Blocks, 0, rand.New(rand.NewPCG(uint64(row.Type), 0)))
		if err != nil {
			t.Fatal(err)
		}
		l, _ := row.Type.Layout()
		values := make([]float32, row.Blocks*l.Block)
		if err := Dequantize(row.Type, blocks, values); err != nil {
			t.Fatal(err)
		}
		if digest := sha256.Sum256(bytesOf(values)); !bytes.Equal(digest[:], row.Digest) {
			t.Errorf("%v: the values of %d random blocks are not ggml's", row.Type, row.Blocks)
		}
	}
}

func TestQuantizedProductAgreesWithGGML(t *testing.T) {
	x, rows := readGGML(t)
	for _, row := range rows {
		got, magnitude := make([]float32, 1), make([]float32, 1)
		if err := MatMulQuantized(row.Type, row.W, 1, len(x), x, 1, got, magnitude); err != nil {
			t.Fatal(err)
		}
		e := math.Abs(float64(got[0])-row.Dot) / float64(magnitude[0])
		if e > 3e-7 { // the order of float additions, nothing more
			t.Errorf("%v: dot product %.9g, ggml says %.9g, off by %.2g of the magnitude", row.Type, got[0], row.Dot, e)
		}
	}
}
