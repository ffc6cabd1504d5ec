package conformance

import (
	_ "embed"
	"encoding/json"
)

// seedsJSON holds the seeds of variants for which seed 1 would not do: two logits
// nearly tied for the greatest, or two experts for the last place, so that
// rounding alone decides. Command bench/conformance finds them with -search.
//
//go:embed testdata/seeds.json
var seedsJSON []byte

// Seeds returns the chosen seeds by variant.
func Seeds() map[string]uint64 {
	seeds := map[string]uint64{}
	if err := json.Unmarshal(seedsJSON, &seeds); err != nil {
		panic("testdata/seeds.json: " + err.Error()) // it is part of the program
	}
	return seeds
}

func seedOf(name string) uint64 {
	if s, ok := Seeds()[name]; ok {
		return s
	}
	return 1
}
