package cpu

/*
#include "linear.h"
*/
import "C"

import (
	"unsafe"

	"freehold/engine/tensor"
)

// The kernels' tables are made from the codebooks of the reference, so that
// they are written down once.
func init() {
	C.fh_make_bit_tables()
	for _, t := range []tensor.Type{tensor.IQ1_S, tensor.IQ2_XXS, tensor.IQ2_XS, tensor.IQ2_S, tensor.IQ3_XXS, tensor.IQ3_S} {
		points := tensor.Codebook(t)
		C.fh_set_codebook(C.int(t), (*C.uint64_t)(unsafe.SliceData(points)), C.int(len(points)))
	}
}
