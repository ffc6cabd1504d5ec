//go:build linux || darwin

// Command quantgolden records what llama.cpp makes of quant blocks: the values
// they stand for and the products it computes with them. It calls the functions
// of llama.cpp's shared libraries:
//
//	go run ./bench/quantgolden -base LIBGGML-BASE -cpu LIBGGML-CPU -out engine/tensor/testdata/ggml.json
//
// For each type the file holds one row of random blocks in full, its product
// with a random vector, and a digest of the values of many blocks more, which
// engine/synthetic draws again from the same seed.
package main

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

typedef void to_float_fn(const void *blocks, float *values, int64_t n);
typedef void from_float_fn(const float *values, void *blocks, int64_t n);
typedef void dot_fn(int n, float *s, size_t bs, const void *x, size_t bx, const void *y, size_t by, int columns);

static void to_float(void *f, const void *blocks, float *values, int64_t n) { ((to_float_fn *)f)(blocks, values, n); }
static void from_float(void *f, const float *values, void *blocks, int64_t n) { ((from_float_fn *)f)(values, blocks, n); }
static float dot(void *f, int n, const void *x, const void *y)
{
	float s = 0;
	((dot_fn *)f)(n, &s, 0, x, 0, y, 0, 1);
	return s;
}
static void init(void *f) { ((void (*)(void))f)(); }
*/
import "C"

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"unsafe"

	"freehold/engine/synthetic"
	"freehold/engine/tensor"
)

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
	libraries := []library{open(*base), open(*cpu)}
	if f := find(libraries, "ggml_cpu_init"); f != nil {
		C.init(f)
	}
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
		if record, ok := recordType(libraries, t, x, r); ok {
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

// recordType computes one type's row; ok is false for types that llama.cpp does
// not multiply.
func recordType(libraries []library, t tensor.Type, x []float32, r *rand.Rand) (record row, ok bool) {
	name, l := ggmlName(t), layout(t)
	size, err := t.RowBytes(rowValues)
	if err != nil {
		log.Fatal(err)
	}
	record = row{Type: t, W: make([]byte, size)}
	if t.IsQuant() {
		if record.W, err = synthetic.Blocks(t, rowValues/l.Block, 0.05, r); err != nil {
			log.Fatal(err)
		}
	} else {
		w := make([]float32, rowValues)
		for i := range w {
			w[i] = float32(r.NormFloat64()) * 0.05
		}
		if !t.Writable() {
			return row{}, false
		}
		if err := tensor.Quantize(t, w, record.W); err != nil {
			log.Fatal(err)
		}
	}

	product, activation := find(libraries, "ggml_vec_dot_"+name), x
	y := unsafe.Pointer(unsafe.SliceData(activation))
	from := map[tensor.Type]string{tensor.F16: "ggml_fp32_to_fp16_row", tensor.BF16: "ggml_fp32_to_bf16_row"}[t]
	if t.IsQuant() {
		for _, kind := range []string{"q8_0", "q8_1", "q8_K"} {
			if f := find(libraries, "ggml_vec_dot_"+name+"_"+kind); f != nil {
				product, from = f, "quantize_row_"+kind
			}
		}
	}
	if product == nil {
		log.Fatalf("%v: the library has no product", t)
	}
	if from != "" {
		y = C.malloc(8 * rowValues)
		defer C.free(y)
		C.from_float(need(libraries, from), (*C.float)(&activation[0]), y, rowValues)
	}
	record.Dot = float32(C.dot(product, rowValues, unsafe.Pointer(&record.W[0]), y))

	convert := map[tensor.Type]string{tensor.F16: "ggml_fp16_to_fp32_row", tensor.BF16: "ggml_bf16_to_fp32_row"}[t]
	if t.IsQuant() {
		convert = "dequantize_row_" + name
	}
	values := func(blocks []byte, n int) []byte {
		v := make([]float32, n)
		if convert == "" { // F32
			return blocks
		}
		C.to_float(need(libraries, convert), unsafe.Pointer(&blocks[0]), (*C.float)(&v[0]), C.int64_t(n))
		return bytesOf(v)
	}
	record.Values = values(record.W, rowValues)
	if t.IsQuant() {
		record.Blocks = manyValues / l.Block
		many, err := synthetic.Blocks(t, record.Blocks, 0, rand.New(rand.NewPCG(uint64(t), 0)))
		if err != nil {
			log.Fatal(err)
		}
		digest := sha256.Sum256(values(many, manyValues))
		record.Digest = digest[:]
	}
	return record, true
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

type library unsafe.Pointer

func open(path string) library {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	l := C.dlopen(name, C.RTLD_NOW|C.RTLD_GLOBAL)
	if l == nil {
		log.Fatal(C.GoString(C.dlerror()))
	}
	return library(l)
}

func find(libraries []library, symbol string) unsafe.Pointer {
	name := C.CString(symbol)
	defer C.free(unsafe.Pointer(name))
	for _, l := range libraries {
		if f := C.dlsym(unsafe.Pointer(l), name); f != nil {
			return f
		}
	}
	return nil
}

func need(libraries []library, symbol string) unsafe.Pointer {
	f := find(libraries, symbol)
	if f == nil {
		log.Fatalf("the libraries have no function %s", symbol)
	}
	return f
}
