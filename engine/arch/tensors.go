package arch

import (
	"freehold/engine/gguf"
	"freehold/engine/program"
	"freehold/engine/tensor"
)

// holds says whether the file has a tensor of this full name.
func (l *loader) holds(name string) bool {
	_, ok := l.file.Tensor(name)
	return ok
}

// claim finds the tensor called name and checks its shape, the contiguous
// dimension first.
func (l *loader) claim(name string, shape ...int) (*gguf.Tensor, bool) {
	t, ok := l.file.Tensor(name)
	if !ok {
		l.fail("tensor %s is missing; the file is incomplete", name)
		return nil, false
	}
	for i := range max(len(shape), len(t.Shape)) {
		if dimension(t.Shape, i) != dimension(shape, i) {
			l.fail("tensor %s has shape %v, want %v", name, t.Shape, shape)
			return nil, false
		}
	}
	return t, true
}

// dimension is dimension i of a shape; those it leaves out are 1.
func dimension(shape []int, i int) int {
	if i < len(shape) {
		return shape[i]
	}
	return 1
}

// matrix claims the weight [rows][cols] called name.
func (l *loader) matrix(name string, rows, cols int) *program.Weight {
	t, ok := l.claim(name, cols, rows)
	if !ok {
		return &program.Weight{Name: name}
	}
	return &program.Weight{Name: name, Type: t.Type, Rows: rows, Cols: cols, Data: t.Data}
}

// rows is the part of w from row first on, count rows that lie where they are.
func (l *loader) rows(w *program.Weight, first, count int) *program.Weight {
	size, err := w.Type.RowBytes(w.Cols)
	if err != nil || (first+count)*size > len(w.Data) {
		l.fail("tensor %s does not have rows %d…%d", w.Name, first, first+count)
		return w
	}
	return &program.Weight{Name: w.Name, Type: w.Type, Rows: count, Cols: w.Cols, Data: w.Data[first*size : (first+count)*size]}
}

// vector claims the n values called name, converted to float32.
func (l *loader) vector(name string, n int) []float32 {
	if v := l.optionalVector(name, n); v != nil {
		return v
	}
	l.fail("tensor %s is missing; the file is incomplete", name)
	return nil
}

// optionalVector is vector, but nil if the file has no such tensor.
func (l *loader) optionalVector(name string, n int) []float32 {
	t, ok := l.file.Tensor(name)
	if !ok {
		return nil
	}
	if t.Elements() != int64(n) {
		l.fail("tensor %s has shape %v, want [%d]", name, t.Shape, n)
		return nil
	}
	v := make([]float32, n)
	if err := tensor.Dequantize(t.Type, t.Data, v); err != nil {
		l.fail("tensor %s: %w", name, err)
	}
	return v
}

// optionalRow is row m of the matrix called name, whose rows have n values; nil
// if the file has no such tensor.
func (l *loader) optionalRow(name string, m, n int) []float32 {
	t, ok := l.file.Tensor(name)
	if !ok {
		return nil
	}
	row := make([]float32, n)
	if rows := dimension(t.Shape, 1); m >= rows {
		l.fail("tensor %s has %d rows, want more than %d", name, rows, m)
	} else if err := l.matrix(name, rows, n).Row(m, row); l.err == nil && err != nil {
		l.fail("%w", err)
	}
	return row
}

// scale is the factor that some files keep beside a weight, 0 (that is, none) if
// there is no name.scale.
func (l *loader) scale(name string) float32 {
	if v := l.optionalVector(name+".scale", 1); v != nil {
		return v[0]
	}
	return 0
}

// projection claims the weight called name, [rows][cols], with its bias and its
// scale if there are such, as a projection into dst.
func (l *loader) projection(name string, rows, cols int, dst program.Buffer) program.Projection {
	return program.Projection{
		Weight: l.matrix(name+".weight", rows, cols),
		Bias:   l.optionalVector(name+".bias", rows),
		Scale:  l.scale(name),
		Dst:    dst,
	}
}

// scaled multiplies all that a projection gives.
func scaled(p program.Projection, factor float64) program.Projection {
	if factor == 1 {
		return p
	}
	if p.Scale == 0 {
		p.Scale = 1
	}
	p.Scale *= float32(factor)
	for i := range p.Bias {
		p.Bias[i] *= float32(factor)
	}
	return p
}
