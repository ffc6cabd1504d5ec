// Command quantgolden records what llama.cpp makes of quant blocks: the values
// they stand for and the products it computes with them. It calls the functions
// of llama.cpp's shared libraries by a small C program, which it compiles with cc:
//
//	go run ./bench/quantgolden -base LIBGGML-BASE -cpu LIBGGML-CPU -out engine/tensor/testdata/ggml.json
//
// For each type the file holds one row of random blocks in full, its product
// with a random vector, and a digest of the values of many blocks more, which
// engine/synthetic draws again from the same seed.
package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"freehold/engine/synthetic"
	"freehold/engine/tensor"
)

//go:embed ggml/ggml.c
var source []byte

type row struct {
	Type   tensor.Type
	W      []byte
	Values []byte // float32, little endian
	Dot    float32
	// Digest of the values of Blocks blocks, drawn with the type's id as seed.
	Blocks int
	Digest []byte `json:",omitempty"`
}

const (
	rowValues  = 512
	manyValues = 1 << 18
)

func main() {
	base := flag.String("base", "", "libggml-base of a build of llama.cpp")
	cpu := flag.String("cpu", "", "libggml-cpu of the same build")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	log.SetFlags(0)
	if *base == "" || *cpu == "" || *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	g, err := build(*base, *cpu)
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(filepath.Dir(g.program))
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, rowValues)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	file := struct {
		X    []byte
		Rows []row
	}{X: bytesOf(x)}
	for _, t := range tensor.Types() {
		if record, ok := g.record(t, x, r); ok {
			file.Rows = append(file.Rows, record)
		}
	}
	data, err := json.Marshal(file)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*out, append(data, '\n'), 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %d types, %d bytes\n", *out, len(file.Rows), len(data))
}

// record computes one type's row; ok is false for types that llama.cpp does not
// multiply.
func (g ggml) record(t tensor.Type, x []float32, r *rand.Rand) (record row, ok bool) {
	l, name := layout(t), ggmlName(t)
	size, err := t.RowBytes(rowValues)
	if err != nil {
		log.Fatal(err)
	}
	record = row{Type: t, W: make([]byte, size)}
	convert, round := "dequantize_row_"+name, []string{"quantize_row_q8_0", "quantize_row_q8_1", "quantize_row_q8_K"}
	switch t {
	case tensor.F16:
		convert, round = "ggml_fp16_to_fp32_row", []string{"ggml_fp32_to_fp16_row"}
	case tensor.BF16:
		convert, round = "ggml_bf16_to_fp32_row", []string{"ggml_fp32_to_bf16_row"}
	case tensor.F32:
		convert, round = "", []string{"-"}
	default:
		if !t.IsQuant() {
			return row{}, false
		}
	}
	if t.IsQuant() {
		if record.W, err = synthetic.Blocks(t, rowValues/l.Block, 0.05, r); err != nil {
			log.Fatal(err)
		}
	} else {
		w := make([]float32, rowValues)
		for i := range w {
			w[i] = float32(r.NormFloat64()) * 0.05
		}
		if err := tensor.Quantize(t, w, record.W); err != nil {
			log.Fatal(err)
		}
	}
	record.Values = g.values(convert, record.W, rowValues)
	record.Dot = g.dot(name, round, record.W, x)
	if t.IsQuant() {
		record.Blocks = manyValues / l.Block
		many, err := synthetic.Blocks(t, record.Blocks, 0, rand.New(rand.NewPCG(uint64(t), 0)))
		if err != nil {
			log.Fatal(err)
		}
		digest := sha256.Sum256(g.values(convert, many, manyValues))
		record.Digest = digest[:]
	}
	return record, true
}

// ggml is the C program with its libraries.
type ggml struct{ program, base, cpu string }

func build(base, cpu string) (ggml, error) {
	dir, err := os.MkdirTemp("", "quantgolden")
	if err != nil {
		return ggml{}, err
	}
	file, program := filepath.Join(dir, "ggml.c"), filepath.Join(dir, "ggml")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		return ggml{}, err
	}
	if out, err := exec.Command("cc", "-O1", "-o", program, file, "-ldl").CombinedOutput(); err != nil {
		return ggml{}, fmt.Errorf("cc: %w: %s", err, out)
	}
	return ggml{program, base, cpu}, nil
}

// run returns nil if the libraries lack a function.
func (g ggml) run(input []byte, args ...string) []byte {
	cmd := exec.Command(g.program, append([]string{g.base, g.cpu}, args...)...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), os.Stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 3 {
		return nil
	}
	if err != nil {
		log.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (g ggml) values(convert string, blocks []byte, n int) []byte {
	if convert == "" {
		return blocks
	}
	v := g.run(blocks, "values", convert, strconv.Itoa(n))
	if v == nil {
		log.Fatalf("the libraries have no %s", convert)
	}
	return v
}

// dot finds the product of the type by the activations that its name may end in.
func (g ggml) dot(name string, round []string, w []byte, x []float32) float32 {
	input := append(bytes.Clone(w), bytesOf(x)...)
	for _, r := range round {
		product := "ggml_vec_dot_" + name
		if kind, ok := strings.CutPrefix(r, "quantize_row"); ok {
			product += kind
		}
		if v := g.run(input, "dot", product, r, strconv.Itoa(len(x))); v != nil {
			return math.Float32frombits(binary.LittleEndian.Uint32(v))
		}
	}
	log.Fatalf("the libraries have no product of %s", name)
	return 0
}

func layout(t tensor.Type) tensor.Layout {
	l, _ := t.Layout()
	return l
}

// ggmlName is a type's name as function names have it: lower case but for the K.
func ggmlName(t tensor.Type) string {
	name := strings.ToLower(t.String())
	if s, ok := strings.CutSuffix(name, "_k"); ok {
		return s + "_K"
	}
	return name
}

func bytesOf(x []float32) []byte {
	p := make([]byte, 0, 4*len(x))
	for _, v := range x {
		p = binary.LittleEndian.AppendUint32(p, math.Float32bits(v))
	}
	return p
}
