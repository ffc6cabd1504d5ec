package tensor

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"
)

// testdata/ggml.json holds, for one row of 512 random weights of each type,
// the values and the dot product with x that ggml 0.25.1 (llama.cpp) computes
// on an x86-64 CPU.
type ggmlRow struct {
	Type   Type
	W      []byte
	Values []byte // float32, little endian
	Dot    float64
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
	if len(file.Rows) != len(convertible) {
		t.Fatalf("%d rows, want one for each of %d types", len(file.Rows), len(convertible))
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

func TestDequantizeAgreesWithGGML(t *testing.T) {
	_, rows := readGGML(t)
	for _, row := range rows {
		want := floats(row.Values)
		got := make([]float32, len(want))
		if err := Dequantize(row.Type, row.W, got); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if e := math.Abs(float64(got[i] - want[i])); e > 1e-6*math.Abs(float64(want[i]))+1e-7 {
				t.Fatalf("%v: value %d is %g, ggml says %g", row.Type, i, got[i], want[i])
			}
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
