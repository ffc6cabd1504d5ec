package convert

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// sentencePieces reads tokenizer.model, SentencePiece's own form: a protocol
// buffer (sentencepiece_model.proto) with the pieces in field 1, how it was
// trained in field 2 and how it normalises text in field 3.
func sentencePieces(data []byte) (vocabulary, error) {
	v := vocabulary{model: "llama", pre: "default", scores: []float32{}}
	const trainedBPE = 2
	trained := uint64(1)
	prefix := true
	err := fields(data, func(field int, number uint64, value []byte) error {
		switch field {
		case 1:
			return v.putPiece(value)
		case 2:
			return fields(value, func(field int, number uint64, _ []byte) error {
				if field == 3 {
					trained = number
				}
				return nil
			})
		case 3:
			return fields(value, func(field int, number uint64, _ []byte) error {
				if field == 3 {
					prefix = number != 0
				}
				return nil
			})
		}
		return nil
	})
	switch {
	case err != nil:
		return v, fmt.Errorf("the file is no SentencePiece model: %w", err)
	case len(v.texts) == 0:
		return v, errors.New("the file is no SentencePiece model: it holds no pieces")
	case trained != trainedBPE:
		return v, fmt.Errorf("SentencePiece models of type %d cannot be converted for models that write text; those of byte pairs can", trained)
	}
	v.addSpacePrefix = &prefix
	return v, nil
}

// putPiece reads a piece: text, score and type, 1 if it is not given. The types
// are those of GGUF.
func (v *vocabulary) putPiece(data []byte) error {
	text, score, kind := "", float32(0), uint64(tokenNormal)
	err := fields(data, func(field int, number uint64, value []byte) error {
		switch field {
		case 1:
			text = string(value)
		case 2:
			score = math.Float32frombits(uint32(number))
		case 3:
			kind = number
		}
		return nil
	})
	if err != nil {
		return err
	}
	if kind < tokenNormal || kind > tokenByte || !utf8.ValidString(text) || score != score {
		return fmt.Errorf("piece %d is damaged", len(v.texts))
	}
	shown := text
	if kind == tokenUser {
		shown = strings.ReplaceAll(text, "▁", " ")
	}
	id := len(v.texts)
	if err := v.put(id, shown, int32(kind)); err != nil {
		return err
	}
	v.scores[id], v.ids[text] = score, id
	return nil
}

// fields reads a message of a protocol buffer, field by field: number is the
// value of numeric ones, value that of texts and messages.
func fields(data []byte, each func(field int, number uint64, value []byte) error) error {
	for len(data) > 0 {
		tag, n := binary.Uvarint(data)
		if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29 {
			return errors.New("a field has no number")
		}
		data = data[n:]
		var number uint64
		var value []byte
		switch tag & 7 {
		case 0:
			if number, n = binary.Uvarint(data); n <= 0 {
				return errors.New("a number is damaged")
			}
		case 1:
			if n = 8; len(data) < n {
				return errors.New("the file ends early")
			}
			number = binary.LittleEndian.Uint64(data)
		case 5:
			if n = 4; len(data) < n {
				return errors.New("the file ends early")
			}
			number = uint64(binary.LittleEndian.Uint32(data))
		case 2:
			size, k := binary.Uvarint(data)
			if k <= 0 || size > uint64(len(data)-k) {
				return errors.New("the file ends early")
			}
			n = k + int(size)
			value = data[k:n]
		default:
			return fmt.Errorf("fields of kind %d are unknown", tag&7)
		}
		data = data[n:]
		if err := each(int(tag>>3), number, value); err != nil {
			return err
		}
	}
	return nil
}
