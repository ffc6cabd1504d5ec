package snapshot

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A record is a header and the block's values. The header, little-endian:
//
//	 0  magic    "FHKV"
//	 4  version  uint32
//	 8  key      32 bytes
//	40  length   uint64, bytes of the values
//	48  check    uint32, CRC-32C of the values
//	52  check    uint32, CRC-32C of the 52 bytes before
const (
	magic      = "FHKV"
	version    = 1
	headerSize = 56
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli) // which processors compute
	errDamaged = errors.New("not the snapshot it should be")
)

func header(k Key, length uint64, check uint32) []byte {
	h := make([]byte, 0, headerSize)
	h = append(h, magic...)
	h = binary.LittleEndian.AppendUint32(h, version)
	h = append(h, k[:]...)
	h = binary.LittleEndian.AppendUint64(h, length)
	h = binary.LittleEndian.AppendUint32(h, check)
	return binary.LittleEndian.AppendUint32(h, crc32.Checksum(h, castagnoli))
}

func write(w io.Writer, k Key, data []byte) error {
	if _, err := w.Write(header(k, uint64(len(data)), crc32.Checksum(data, castagnoli))); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// read reads the values of block k, exactly as many as dst holds.
func read(r io.Reader, k Key, dst []byte) error {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return err
	}
	check := binary.LittleEndian.Uint32(h[48:])
	if !bytes.Equal(h[:], header(k, uint64(len(dst)), check)) {
		return errDamaged
	}
	// Piece by piece, so that the sum is taken of what is in the cache.
	sum := uint32(0)
	for rest := dst; len(rest) > 0; {
		piece := rest[:min(len(rest), 128<<10)]
		if _, err := io.ReadFull(r, piece); err != nil {
			return err
		}
		sum = crc32.Update(sum, castagnoli, piece)
		rest = rest[len(piece):]
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) || sum != check {
		return errDamaged
	}
	return nil
}
