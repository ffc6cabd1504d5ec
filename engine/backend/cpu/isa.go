// Package cpu runs programs on the processor: kernels in C, compiled for each
// instruction set and chosen when the program runs.
package cpu

// #include "isa.h"
import "C"

import "fmt"

// ISA names the set of kernels in use: "avx512", "avx512vl", "avxvnni",
// "avx2", "neon" or "portable".
func ISA() string { return C.GoString(C.fh_isa_name(C.fh_isa())) }

// ISAs names the kernel sets this processor can run, best first.
func ISAs() []string {
	var names []string
	for i := C.int(C.FH_ISA_COUNT) - 1; i >= 0; i-- {
		if C.fh_isa_has(i) != 0 {
			names = append(names, C.GoString(C.fh_isa_name(i)))
		}
	}
	return names
}

// ForceISA makes a kernel set the one in use, or the best again if name is
// empty. For tests and diagnosis: nothing may be computing meanwhile, and
// whatever was prepared for another set must be prepared anew.
func ForceISA(name string) error {
	if name == "" {
		C.fh_isa_force(-1)
		return nil
	}
	for i := C.int(0); i < C.FH_ISA_COUNT; i++ {
		if C.GoString(C.fh_isa_name(i)) == name && C.fh_isa_force(i) != 0 {
			return nil
		}
	}
	return fmt.Errorf("this processor has no %q kernels; it can run %v", name, ISAs())
}
