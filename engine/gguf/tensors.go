package gguf

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"freehold/engine/tensor"
)

// readTensors reads the tensor list and attaches the data.
func (p *parser) readTensors(count int, alignment uint64) ([]Tensor, error) {
	p.section = "tensor"
	tensors := make([]Tensor, count)
	offsets := make([]uint64, count)
	sizes := make([]uint64, count)
	dims := make([]int, 0, count*2) // of all tensors; grows past 2 each only if needed
	seen := make(map[string]int, count)
	for i := range tensors {
		t := &tensors[i]
		p.number, p.name = i+1, ""
		var err error
		if t.Name, err = p.str("name", maxNameBytes); err != nil {
			return nil, err
		}
		p.name = t.Name
		if t.Name == "" {
			return nil, p.errorf(adviceInvalid, "the name is empty")
		}
		if !utf8.ValidString(t.Name) {
			return nil, p.errorf(adviceInvalid, "the name is not valid UTF-8")
		}
		if first, dup := seen[t.Name]; dup {
			return nil, p.errorf(adviceInvalid, "the name was used before, by tensor %d", first+1)
		}
		seen[t.Name] = i
		n, err := p.u32("number of dimensions")
		if err != nil {
			return nil, err
		}
		if n < 1 || n > maxDims {
			return nil, p.errorf(adviceInvalid, "%d dimensions, but tensors have 1 to %d", n, maxDims)
		}
		for j := range int(n) {
			d, err := p.u64("dimension")
			if err != nil {
				return nil, err
			}
			if d == 0 || d > math.MaxInt {
				return nil, p.errorf(adviceInvalid, "dimension %d is %d but must be from 1 to %d", j+1, d, math.MaxInt)
			}
			dims = append(dims, int(d))
		}
		t.Shape = slices.Clip(dims[len(dims)-int(n):])
		id, err := p.u32("type")
		if err != nil {
			return nil, err
		}
		t.Type = tensor.Type(id)
		if _, ok := t.Type.Layout(); !ok {
			return nil, p.errorf(adviceUnsupported, "%s", unsupported(t.Type))
		}
		var problem string
		if sizes[i], problem = tensorBytes(t.Type, t.Shape); problem != "" {
			return nil, p.errorf(adviceInvalid, "%s", problem)
		}
		if offsets[i], err = p.u64("offset"); err != nil {
			return nil, err
		}
		if offsets[i]%alignment != 0 {
			return nil, p.errorf(adviceInvalid, "offset %d is not a multiple of the alignment %d", offsets[i], alignment)
		}
	}
	if count == 0 {
		return tensors, nil
	}

	// Data begins at the next multiple of the alignment; p.pos is at most
	// maxHeaderBytes, so this cannot overflow.
	start := (uint64(p.pos) + alignment - 1) / alignment * alignment
	var room uint64
	if start < p.size {
		room = p.size - start
	}
	for i := range tensors {
		if offsets[i] > room || sizes[i] > room-offsets[i] {
			p.number, p.name = i+1, tensors[i].Name
			return nil, p.errorf(adviceDamaged, "data of %d bytes at offset %d goes past the end of the file, which has %d bytes of tensor data",
				sizes[i], offsets[i], room)
		}
	}
	if err := p.attach(tensors, start, offsets, sizes); err != nil {
		return nil, err
	}
	order := make([]int, count)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(offsets[a], offsets[b]) })
	for k := 1; k < count; k++ {
		before, i := order[k-1], order[k]
		if offsets[i] < offsets[before]+sizes[before] {
			p.number, p.name = i+1, tensors[i].Name
			return nil, p.errorf(adviceInvalid, "data at offset %d overlaps that of tensor %d (%s), which takes %d bytes from offset %d",
				offsets[i], before+1, quoted(tensors[before].Name), sizes[before], offsets[before])
		}
	}
	return tensors, nil
}

// attach gives the tensors their data, which was checked to lie in the file.
func (p *parser) attach(tensors []Tensor, start uint64, offsets, sizes []uint64) error {
	data := func(i int) []byte { return p.data[start+offsets[i]:][:sizes[i]:sizes[i]] }
	if uint64(len(p.data)) < p.size { // only the header is here
		zeros, err := p.zeros(slices.Max(sizes))
		if err != nil {
			return err
		}
		data = func(i int) []byte { return zeros[:sizes[i]:sizes[i]] }
	}
	for i := range tensors {
		tensors[i].Data = data(i)
	}
	return nil
}

// Types of the format that the engine has no layout for.
var (
	removedTypes = map[tensor.Type]string{
		4: "Q4_2, or MXFP4 in the first gpt-oss files of Ollama,", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 36: "IQ4_NL_4_4", 37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8",
	}
	activationTypes = map[tensor.Type]string{9: "Q8_1", 15: "Q8_K"}
)

// unsupported says why a type cannot be read.
func unsupported(t tensor.Type) string {
	if name, ok := removedTypes[t]; ok {
		return fmt.Sprintf("type %s (id %d) was removed from the format", name, uint32(t))
	}
	if name, ok := activationTypes[t]; ok {
		return fmt.Sprintf("type %s (id %d) is one of activations, not of tensors in files", name, uint32(t))
	}
	return fmt.Sprintf("type id %d is unknown", uint32(t))
}
