package cpu

/*
#cgo CFLAGS: -O3 -std=gnu11 -Wall
#cgo linux LDFLAGS: -lm
#include "isa.h"
#include "linear.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"freehold/engine/tensor"
)

// aligned returns n bytes that begin on a 64-byte boundary.
func aligned(n int) []byte {
	b := make([]byte, n+64)
	skip := int(-uintptr(unsafe.Pointer(&b[0])) & 63)
	return b[skip : skip+n : skip+n]
}

// linear is one product y[n][m] = x[n][k]·W[m][k]ᵀ, run on the calling thread.
// Programs run by the plan never come this way: it serves tests, benchmarks
// and one-off products.
type linear struct {
	typ     tensor.Type
	w       []byte
	m, k    int
	format  C.int
	act     []byte
	scratch []byte
	n       int
}

func newLinear(t tensor.Type, w []byte, m, k, n int, fine bool) (*linear, error) {
	if m <= 0 || n <= 0 || C.fh_linear_supports(C.int(t), C.int(k)) == 0 {
		return nil, fmt.Errorf("no linear kernel for %d×%d weights of type %v and %d columns", m, k, t, n)
	}
	if want := m * int(C.fh_row_bytes(C.int(t), C.int(k))); len(w) < want {
		return nil, fmt.Errorf("%d×%d weights of type %v take %d bytes, got %d", m, k, t, want, len(w))
	}
	l := &linear{typ: t, w: w, m: m, k: k, n: n}
	l.format = C.fh_linear_format(C.int(t), C.int(k), C.int(n))
	if fine {
		l.format = C.fh_act_fine(l.format)
	}
	l.act = aligned(int(C.fh_act_bytes(l.format, C.int(k), C.int(n))))
	l.scratch = aligned(int(C.fh_linear_scratch(C.int(t), C.int(k), C.int(n))) + 64)
	return l, nil
}

// quantize is phase 1: columns [c0, c1) of x, column c beginning at x[c*ldx].
func (l *linear) quantize(x []float32, ldx, c0, c1 int) {
	C.fh_act_quantize(l.format, (*C.float)(&x[0]), C.size_t(ldx), C.int(l.k), C.int(l.n),
		C.int(c0), C.int(c1), unsafe.Pointer(&l.act[0]))
}

// grains returns the unit of columns in phase 1 and of rows in phase 2.
func (l *linear) grains() (columns, rows int) {
	return int(C.fh_act_grain(l.format)), int(C.fh_linear_grain(C.int(l.typ), C.int(l.k), C.int(l.n)))
}

// multiply is phase 2: weight rows [r0, r1) into y[c*ldy+r].
func (l *linear) multiply(r0, r1 int, y []float32, ldy int, bias []float32, accumulate bool) {
	var b *C.float
	if bias != nil {
		b = (*C.float)(&bias[0])
	}
	add := C.int(0)
	if accumulate {
		add = 1
	}
	C.fh_linear(C.int(l.typ), unsafe.Pointer(&l.w[0]), C.int(l.m), C.int(l.k), C.int(r0), C.int(r1),
		l.format, unsafe.Pointer(&l.act[0]), C.int(l.n), (*C.float)(&y[0]), C.size_t(ldy), b, add,
		unsafe.Pointer(&l.scratch[0]))
}

// dequantizeRow writes the k values of one weight row.
func dequantizeRow(t tensor.Type, row []byte, k int, out []float32) {
	C.fh_dequantize(C.int(t), unsafe.Pointer(&row[0]), C.int(k), (*C.float)(&out[0]))
}
