package eval

import (
	"fmt"
	"io"
	"math"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
)

// Widen writes a copy of a model to path in which the tensors that pick
// chooses hold the same values in F32. Backends compute with F32 weights and
// unrounded activations, so such a copy is what a quantized model's arithmetic
// can be held against.
func Widen(path string, f *gguf.File, pick func(name string) bool) error {
	sources := make([]gguf.TensorSource, len(f.Tensors))
	for i := range f.Tensors {
		t := &f.Tensors[i]
		sources[i] = gguf.TensorSource{Name: t.Name, Type: t.Type, Shape: t.Shape, Data: t.Data}
		if pick(t.Name) {
			sources[i].Type, sources[i].Data, sources[i].From = tensor.F32, nil, widened{t}
		}
	}
	if err := gguf.WriteFile(path, &f.Meta, sources); err != nil {
		return fmt.Errorf("%s in F32: %w", f.Path, err)
	}
	return nil
}

// widened writes a tensor's values as little-endian floats, row by row.
type widened struct{ t *gguf.Tensor }

func (w widened) WriteTo(out io.Writer) (int64, error) {
	row := make([]float32, w.t.Shape[0])
	bytes, err := w.t.Type.RowBytes(len(row))
	if err != nil {
		return 0, err
	}
	b, written := make([]byte, 0, 4*len(row)), int64(0)
	for data := w.t.Data; len(data) > 0; data = data[bytes:] {
		if err := tensor.Dequantize(w.t.Type, data[:bytes], row); err != nil {
			return written, err
		}
		b = b[:0]
		for _, v := range row {
			u := math.Float32bits(v)
			b = append(b, byte(u), byte(u>>8), byte(u>>16), byte(u>>24))
		}
		n, err := out.Write(b)
		if written += int64(n); err != nil {
			return written, err
		}
	}
	return written, nil
}
