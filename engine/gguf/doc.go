// Package gguf reads and writes GGUF files: the metadata and tensors of a
// model. The format is described in docs/gguf.md of the ggml project.
//
// A file is treated as hostile. Every length, count, shape and offset is
// checked with overflow-safe arithmetic before it is used or memory is
// allocated for it; what does not fit gives an [Error] that names the file,
// the place in it and what to do. Opening a file of n bytes allocates at most
// about 4n + 16 MiB, in practice about twice its header.
//
// Accepted are versions 2 and 3, little-endian. The limits, tighter than the
// format's own where real files leave room:
//
//	header (metadata and tensor list)  256 MiB
//	metadata keys                      65,536, each 1..65,535 bytes of UTF-8
//	tensors                            65,536 per file, names 1..64 bytes of UTF-8
//	one string value                   16 MiB
//	one array                          16,777,216 elements, nested at most 4 deep
//	nested arrays                      65,536 per file
//	dimensions                         1..4, none of them 0
//	alignment                          a power of two from 8 to 1 MiB
//	parts of a split model             1024
//
// Booleans must be 0 or 1, keys and tensor names unique, tensors inside the
// file and apart from each other. String values need not be UTF-8: some
// vocabularies hold raw bytes.
//
// # Mapped files
//
// Tensor data is mapped, not read: [Tensor.Data] is the file itself and must
// not be written to (the pages are read-only: a write faults). It is valid
// until [File.Close]. The size of the file is checked against its tensors when
// it is opened. If another program truncates the file afterwards, touching the
// lost pages ends the process with SIGBUS on Unix systems: no check can close
// that gap. Keep weights in a folder that only the application writes to,
// replace files by renaming, as [WriteFile] does, never by rewriting them in
// place, and call [File.Check] before long work. Windows refuses to truncate a
// mapped file. Platforms without mapping read the file into memory.
package gguf

const (
	minVersion = 2
	maxVersion = 3

	defaultAlignment = 32
	minAlignment     = 8
	maxAlignment     = 1 << 20

	maxHeaderBytes  = 256 << 20
	maxKeys         = 1 << 16
	maxKeyBytes     = 1<<16 - 1
	maxTensors      = 1 << 16
	maxNameBytes    = 64
	maxDims         = 4
	maxStringBytes  = 16 << 20
	maxArrayLen     = 1 << 24
	maxArrayDepth   = 4
	maxNestedArrays = 1 << 16
	maxParts        = 1024
)
