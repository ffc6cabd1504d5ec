package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"freehold/engine/gguf"
	"freehold/engine/program"
	"freehold/engine/schedule"
	"freehold/engine/snapshot"
)

// snapshots says under which key this model's blocks are kept, and what they
// are worth.
func (m *Model) snapshots(exec program.Executable, opt Options) schedule.Snapshots {
	if opt.Snapshots == nil || exec.BlockBytes() == 0 {
		return schedule.Snapshots{}
	}
	adapter := "" // part of the key from the first day
	// What a byte of a block costs to compute, in multiplications: about 6,000
	// for a model of 135M parameters and 60,000 for one of 8B, whose blocks
	// then outlive the small one's by a day.
	perByte := float64(m.info.Parameters) * program.BlockTokens / float64(exec.BlockBytes())
	return schedule.Snapshots{
		Store: opt.Snapshots,
		Root:  snapshot.Root(opt.ModelID, fingerprint(m.file), adapter, exec.CacheLayout(), m.info.TemplateDigest),
		Worth: min(30*24*time.Hour, time.Duration(perByte*1.5*float64(time.Second))),
	}
}

// sampleBytes is how many bytes of a tensor's beginning, middle and end are part of
// a model's fingerprint.
const sampleBytes = 1024

// fingerprint tells one model file from another without reading all of it: by
// its metadata, its tensors' names, types and shapes, and samples of their
// values.
func fingerprint(f *gguf.File) string {
	h := sha256.New()
	fmt.Fprintln(h, f.Size())
	keys := f.Meta.Keys()
	slices.Sort(keys)
	for _, k := range keys {
		if !strings.HasPrefix(k, "tokenizer.") { // which is long and changes no values
			v, _ := f.Meta.Value(k)
			fmt.Fprintf(h, "%q %#v\n", k, v)
		}
	}
	for i := range f.Tensors {
		t := &f.Tensors[i]
		fmt.Fprintf(h, "%q %s %v\n", t.Name, t.Type, t.Shape)
		for _, at := range []int{0, len(t.Data) / 2, len(t.Data) - sampleBytes} {
			at = max(0, at)
			h.Write(t.Data[at:min(len(t.Data), at+sampleBytes)])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
