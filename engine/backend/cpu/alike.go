package cpu

/*
#include "linear.h"
*/
import "C"

import "freehold/engine/program"

// AlikeRows is the most rows of a batch that all products compute by the
// kernels of a single row: from some width on they go through panels, which
// round differently.
func (e *executable) AlikeRows() int {
	for n := 2; n <= e.limits.Rows; n++ {
		for _, op := range e.program.Ops {
			l, ok := op.(program.Linear)
			if !ok {
				continue
			}
			for _, p := range l.Out {
				t, k := C.int(p.Weight.Type), C.int(p.Weight.Cols)
				if C.fh_linear_format(t, k, C.int(n)) != C.fh_linear_format(t, k, 1) {
					return n - 1
				}
			}
		}
	}
	return e.limits.Rows
}
