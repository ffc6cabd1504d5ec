package hardware

import (
	"runtime"

	"golang.org/x/sys/cpu"
)

// instructionSets names the widest set of vector instructions that this
// processor and its operating system offer, and all that the kernels can use.
func instructionSets() (widest string, all []string) {
	type set struct {
		name string
		has  bool
	}
	var sets []set
	switch runtime.GOARCH {
	case "amd64":
		x := cpu.X86
		sets = []set{
			{"avx512-vnni", x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512VNNI},
			{"avx512", x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL},
			{"avx-vnni", x.HasAVXVNNI},
			{"avx2", x.HasAVX2 && x.HasFMA},
			{"avx", x.HasAVX},
			{"sse4.1", x.HasSSE41},
			{"sse2", true},
		}
	case "arm64":
		a := cpu.ARM64
		// Apple's processors have had dot products since the M1, which x/sys/cpu
		// cannot see on macOS.
		sets = []set{
			{"i8mm", a.HasI8MM},
			{"dotprod", a.HasASIMDDP || runtime.GOOS == "darwin"},
			{"neon", true},
		}
	}
	for _, s := range sets {
		if s.has {
			all = append(all, s.name)
		}
	}
	if len(all) == 0 {
		return "generic", []string{}
	}
	return all[0], all
}
