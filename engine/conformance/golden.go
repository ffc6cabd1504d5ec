package conformance

import (
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
)

//go:embed all:testdata
var testdata embed.FS

// Golden is what llama.cpp computed with a variant's file.
type Golden struct {
	// Model is the SHA-256 of the file in hex: weights of another seed or
	// shape have no golden.
	Model   string `json:"model"`
	Engine  string `json:"engine"` // llama.cpp's version
	Context int    `json:"context"`
	Rows    int    `json:"rows"`
	Cols    int    `json:"cols"`
	// Noise is the greatest difference between llama.cpp's own runs, all with
	// float32 caches: in one batch, token by token, in chunks, with two threads.
	Noise float64 `json:"noise"`
	// Half is the greatest difference that a float16 cache makes to llama.cpp.
	Half float64 `json:"half"`
	// Margin is the least distance between a row's two greatest values.
	Margin float64 `json:"margin"`

	Values []float32 `json:"-"` // [Rows][Cols]
}

// Row is row i of the values.
func (g *Golden) Row(i int) []float32 { return g.Values[i*g.Cols : (i+1)*g.Cols] }

// A golden file is a line of JSON, then the values in little-endian float32.

// Encode gives the file's content.
func (g *Golden) Encode() ([]byte, error) {
	if len(g.Values) != g.Rows*g.Cols {
		return nil, fmt.Errorf("%d values are not %d rows of %d", len(g.Values), g.Rows, g.Cols)
	}
	b, err := json.Marshal(g)
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	for _, v := range g.Values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b, nil
}

// DecodeGolden reads what Encode made.
func DecodeGolden(b []byte) (*Golden, error) {
	for i, c := range b {
		if c != '\n' {
			continue
		}
		g := &Golden{}
		if err := json.Unmarshal(b[:i], g); err != nil {
			return nil, err
		}
		b = b[i+1:]
		if g.Rows < 1 || g.Cols < 1 || g.Rows > 1<<16 || g.Cols > 1<<16 || len(b) != 4*g.Rows*g.Cols {
			return nil, fmt.Errorf("%d bytes are not %d rows of %d values", len(b), g.Rows, g.Cols)
		}
		g.Values = make([]float32, g.Rows*g.Cols)
		for i := range g.Values {
			g.Values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		return g, nil
	}
	return nil, errors.New("no header")
}

// GoldenName is the variant's file in testdata.
func (v Variant) GoldenName() string {
	if v.Same != "" {
		return v.Same + ".golden"
	}
	return v.Name + ".golden"
}

// ErrNoGolden is returned for variants that llama.cpp has not been run with.
var ErrNoGolden = errors.New("not recorded yet; run bench/conformance")

// Golden reads the variant's record.
func (v Variant) Golden() (*Golden, error) {
	b, err := testdata.ReadFile(path.Join("testdata", v.GoldenName()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", v.GoldenName(), ErrNoGolden)
	}
	if err != nil {
		return nil, err
	}
	g, err := DecodeGolden(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.GoldenName(), err)
	}
	return g, nil
}

// MaxDifference is the greatest absolute difference; NaN counts as infinite.
func MaxDifference(a, b []float32) float64 {
	worst := 0.0
	if len(a) != len(b) {
		return math.Inf(1)
	}
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		worst = max(worst, d)
	}
	return worst
}

// Argmax is the index of the greatest value.
func Argmax(row []float32) int {
	best := 0
	for i, v := range row {
		if v > row[best] {
			best = i
		}
	}
	return best
}
