// Package program is the language in which a model's forward pass is written
// down. An architecture records a Program once: a straight list of ops over
// named activation buffers. A backend compiles it for its device and then runs
// it on batch after batch. The package also holds the reference interpreter,
// in plain Go, that says what every op means.
//
// A batch is a set of rows, one row a token. Rows may belong to different
// sequences: each row carries its token, its position, and the sequence whose
// KV cache it reads and writes. All activations are float32, row-major.
package program

import "freehold/engine/tensor"

// Weight is a matrix [Rows][Cols] in GGUF layout: Rows outputs of Cols inputs
// each. Data is usually a view into the mapped model file and is never written.
type Weight struct {
	Name       string
	Type       tensor.Type
	Rows, Cols int
	Data       []byte
}

// Buffer names an activation buffer of a Program by its index.
type Buffer int

// BufferSpec is the shape of an activation buffer: Width values in each row,
// and a row for every batch row or only for the rows whose logits are wanted.
type BufferSpec struct {
	Name    string
	Width   int
	Outputs bool // one row per Batch.Outputs entry instead of one per batch row
}

// RopeTable is a rotary position embedding: pair i of a head is turned by
// position × Freqs[i] radians and scaled by Magnitude. Frequency scaling
// (linear, llama3 factors, YaRN) is folded into Freqs when the table is made.
type RopeTable struct {
	Freqs     []float32 // one per rotated pair
	Magnitude float32   // 1 unless the scaling method also scales cos and sin
	Adjacent  bool      // pairs are (2i, 2i+1); otherwise (i, i+len(Freqs))
}

// CacheLayer is what one layer keeps per token: KVHeads keys of HeadDim each
// and as many values of ValueDim each.
type CacheLayer struct {
	KVHeads, HeadDim, ValueDim int
}

// StateLayer is what one recurrent layer keeps per sequence, however long that
// is: Size float32 values, all zero before a sequence's first token.
type StateLayer struct {
	Size int
}

// BlockTokens is the number of tokens in one block of the paged KV cache.
const BlockTokens = 32

// Program is a recorded forward pass. Ops run in order; the last one fills
// Logits, [outputs][Vocab].
type Program struct {
	Buffers []BufferSpec
	Ropes   []RopeTable
	Cache   []CacheLayer
	States  []StateLayer
	Ops     []Op
	Logits  Buffer
	Vocab   int
}

// Buffer adds an activation buffer with a row for every batch row.
func (p *Program) Buffer(name string, width int) Buffer {
	p.Buffers = append(p.Buffers, BufferSpec{Name: name, Width: width})
	return Buffer(len(p.Buffers) - 1)
}

// OutputBuffer adds an activation buffer with a row only for each wanted output.
func (p *Program) OutputBuffer(name string, width int) Buffer {
	p.Buffers = append(p.Buffers, BufferSpec{Name: name, Width: width, Outputs: true})
	return Buffer(len(p.Buffers) - 1)
}

// Record appends ops.
func (p *Program) Record(ops ...Op) { p.Ops = append(p.Ops, ops...) }

// State adds a recurrent layer's state of size values and returns its index.
func (p *Program) State(size int) int {
	p.States = append(p.States, StateLayer{Size: size})
	return len(p.States) - 1
}
