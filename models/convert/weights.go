package convert

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/models/safetensors"
)

// chunkBytes is how much of a tensor is in memory at once as float32, or one
// row if that is more.
const chunkBytes = 8 << 20

// source is a tensor of the GGUF file on its way from one of the weights, or
// from several that are laid one behind the other: the experts of a layer.
type source struct {
	name  string
	parts []*safetensors.Tensor // each of shape, but for the rows cut off
	typ   tensor.Type
	rows  int // of one part, after cutting
	cols  int
	shape []int // as GGUF has it, the contiguous dimension first

	first  int           // rows of a part that are left out before the others
	row    func(int) int // which row of the part becomes row i; nil for the same
	add    float32       // to every value
	values []float32     // what the tensor holds, if it is not from parts
}

// matrix makes a source of one weight.
func matrix(name string, t *safetensors.Tensor) (*source, error) {
	s := &source{name: name, parts: []*safetensors.Tensor{t}, rows: 1, cols: 1}
	switch len(t.Shape) {
	case 1:
		s.cols = t.Shape[0]
		s.shape = []int{s.cols}
	case 2:
		s.rows, s.cols = t.Shape[0], t.Shape[1]
		s.shape = []int{s.cols, s.rows}
	default:
		return nil, fmt.Errorf("tensor %q has shape %v; weights of this kind have one dimension or two", t.Name, t.Shape)
	}
	if s.rows == 0 || s.cols == 0 {
		return nil, fmt.Errorf("tensor %q is empty", t.Name)
	}
	switch t.DType {
	case safetensors.F64, safetensors.F32, safetensors.F16, safetensors.BF16:
		return s, nil
	}
	return nil, fmt.Errorf("tensor %q is of type %s; weights that were quantized before cannot be converted: get the model in bfloat16 or float16", t.Name, t.DType)
}

// choose decides the type that a tensor is stored in. Vectors stay exact, as do
// the small matrices whose rounding costs more than their size.
func (s *source) choose(want tensor.Type) {
	exact := len(s.shape) == 1 || strings.HasSuffix(s.name, "_norm.weight") || !strings.HasSuffix(s.name, ".weight") ||
		strings.HasSuffix(s.name, ".ffn_gate_inp.weight") || s.name == "position_embd.weight" || s.name == "token_types.weight"
	switch {
	case exact:
		s.typ = tensor.F32
	case want == tensor.Q8_0 && s.cols%32 != 0:
		s.typ = tensor.F16
	default:
		s.typ = want
	}
}

// output is the tensor as the writer of GGUF takes it. done is told of every
// byte read.
func (s *source) output(ctx context.Context, done func(int64)) gguf.TensorSource {
	return gguf.TensorSource{Name: s.name, Type: s.typ, Shape: s.shape, From: &stream{ctx, s, done}}
}

// bytes is how many are read.
func (s *source) bytes() (n int64) {
	for _, p := range s.parts {
		n += int64(s.rows) * int64(s.cols) * int64(width(p.DType))
	}
	return n
}

// stream reads, changes, rounds and writes a tensor piece by piece.
type stream struct {
	ctx  context.Context
	s    *source
	done func(int64)
}

func (r *stream) WriteTo(w io.Writer) (written int64, err error) {
	s := r.s
	if s.values != nil {
		return r.put(w, s.values, nil)
	}
	step := max(1, chunkBytes/4/s.cols)
	var raw, out []byte
	var values []float32
	for _, part := range s.parts {
		for at := 0; at < s.rows; at += step {
			if err := r.ctx.Err(); err != nil {
				return written, err
			}
			n := min(step, s.rows-at)
			raw = slices.Grow(raw[:0], n*s.cols*width(part.DType))[:n*s.cols*width(part.DType)]
			if err := s.read(part, at, n, raw); err != nil {
				return written, err
			}
			values = slices.Grow(values[:0], n*s.cols)[:n*s.cols]
			if err := floats(part, raw, values, s.add); err != nil {
				return written, err
			}
			k, err := r.put(w, values, &out)
			written += k
			if err != nil {
				return written, fmt.Errorf("tensor %q: %w", part.Name, err)
			}
			r.done(int64(len(raw)))
		}
	}
	return written, nil
}

// read reads n rows of a part from row at on.
func (s *source) read(part *safetensors.Tensor, at, n int, raw []byte) error {
	row := int64(s.cols * width(part.DType))
	if s.row == nil {
		return full(part, raw, int64(s.first+at)*row)
	}
	for i := range n {
		if err := full(part, raw[int64(i)*row:int64(i+1)*row], int64(s.first+s.row(at+i))*row); err != nil {
			return err
		}
	}
	return nil
}

func full(t *safetensors.Tensor, p []byte, off int64) error {
	n, err := t.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s: tensor %q: %w", t.Path, t.Name, io.ErrUnexpectedEOF)
	}
	return err
}

// put rounds values to the tensor's type and writes them.
func (r *stream) put(w io.Writer, values []float32, buffer *[]byte) (int64, error) {
	if buffer == nil {
		buffer = new([]byte)
	}
	size, err := r.s.typ.RowBytes(len(values))
	if err != nil {
		return 0, err
	}
	out := slices.Grow((*buffer)[:0], size)[:size]
	*buffer = out
	if r.s.typ == tensor.F16 || r.s.typ == tensor.Q8_0 {
		limit := float32(maxHalf)
		if r.s.typ == tensor.Q8_0 {
			limit *= 127 // of the scale of a block
		}
		for _, v := range values {
			if v > limit || v < -limit {
				return 0, fmt.Errorf("the value %g is too large for %s; choose bf16 or f32", v, r.s.typ)
			}
		}
	}
	if err := tensor.Quantize(r.s.typ, values, out); err != nil {
		return 0, err
	}
	n, err := w.Write(out)
	return int64(n), err
}

const maxHalf = 65504 // the largest number of a float16

// width is how many bytes a value takes.
func width(t safetensors.DType) int {
	switch t {
	case safetensors.F64:
		return 8
	case safetensors.F32:
		return 4
	}
	return 2
}

// floats widens values and adds to them.
func floats(t *safetensors.Tensor, raw []byte, out []float32, add float32) error {
	for i := range out {
		switch t.DType {
		case safetensors.F64:
			out[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
		case safetensors.F32:
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		case safetensors.F16:
			out[i] = tensor.HalfToFloat(binary.LittleEndian.Uint16(raw[2*i:]))
		default:
			out[i] = tensor.BrainToFloat(binary.LittleEndian.Uint16(raw[2*i:]))
		}
		if math.Float32bits(out[i])&0x7f800000 == 0x7f800000 {
			return fmt.Errorf("%s: tensor %q holds a value that is no number; the file is damaged", t.Path, t.Name)
		}
		if add != 0 { // adding 0 would turn −0 into 0
			out[i] += add
		}
	}
	return nil
}

// pairRotations changes the order of query and key rows within a head: Hugging
// Face turns row i with row i + half, GGUF's llama turns neighbours.
func pairRotations(v *conversion, s *source) {
	heads := 0
	switch {
	case strings.Contains(s.name, ".attn_q."):
		heads = v.shape.heads
	case strings.Contains(s.name, ".attn_k."):
		heads = v.shape.kvHeads
	default:
		return
	}
	if len(s.shape) == 1 { // a bias: its values are rows of one
		s.rows, s.cols = s.cols, 1
	}
	if s.rows != heads*v.shape.head || v.shape.head%2 != 0 {
		v.note(fmt.Errorf("tensor %q has %d rows, which are not %d heads of %d", s.parts[0].Name, s.rows, heads, v.shape.head))
		return
	}
	head, half := v.shape.head, v.shape.head/2
	s.row = func(i int) int { return i/head*head + i%2*half + i%head/2 }
}

// shiftNorms adds the one that Gemma's norms leave out of their gains.
func shiftNorms(_ *conversion, s *source) {
	if strings.HasSuffix(s.name, "norm.weight") {
		s.add = 1
	}
}

// cutPositions leaves the rows out that RoBERTa keeps for no position.
func cutPositions(v *conversion, s *source) {
	if s.name == "position_embd.weight" && v.positionOffset() < s.rows {
		s.first = v.positionOffset()
		s.rows -= s.first
		s.shape = []int{s.cols, s.rows}
	}
}
