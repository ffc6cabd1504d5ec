package tokenizer

import (
	"fmt"

	"freehold/engine/gguf"
)

// FromGGUF makes the tokenizer of a model file. Keys that are missing mean what
// llama.cpp takes them to mean.
func FromGGUF(f *gguf.File) (*Tokenizer, error) {
	v, err := ReadVocab(f)
	if err != nil {
		return nil, err
	}
	t, err := New(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return t, nil
}

// ReadVocab reads the vocabulary of a model file.
func ReadVocab(f *gguf.File) (Vocab, error) {
	m := &f.Meta
	model, err := m.NeedString("tokenizer.ggml.model")
	if err != nil {
		return Vocab{}, err
	}
	pre, _ := m.String("tokenizer.ggml.pre")
	v := NewVocab(model, pre)
	v.Name, _ = m.String("general.name")
	v.Arch, _ = m.String("general.architecture")
	forceBOS := false
	switch model {
	case "llama":
		v.Special.BOS, v.Special.EOS, v.Special.UNK = 1, 2, 0
		v.AddBOS, v.AddSpacePrefix = true, true
	case "t5":
		v.Special.EOS, v.Special.UNK, v.Special.PAD = 1, 2, 0
		v.AddEOS = true
	case "bert":
		v.Special.BOS, v.Special.UNK, v.Special.SEP, v.Special.PAD, v.Special.MASK = 101, 100, 102, 0, 103
		v.AddBOS, v.AddSEP = true, true
	case "plamo2":
		v.Special.BOS, v.Special.EOS, v.Special.UNK, v.Special.PAD = 1, 2, 0, 3
	case "gpt2", "gemma4", "whitespace", "hybriddna":
		if model == "gemma4" {
			v.Pre = model
		} else {
			v.Special.BOS, v.Special.EOS = 11, 11
		}
		if p, known := pretokenizerFor(v.Pre); known {
			v.AddBOS, v.AddSEP = p.addBOS, p.addSEP
			v.Lowercase = !p.keepCase
			forceBOS = p.wholeBreaks
			if p.noBOS {
				v.Special.BOS = None
			}
		}
	}

	if v.Tokens, err = m.NeedStrings("tokenizer.ggml.tokens"); err != nil {
		return Vocab{}, err
	}
	has := func(key string) bool { _, ok := m.Value(key); return ok }
	if key := "tokenizer.ggml.scores"; has(key) {
		if whole, ok := m.Ints(key); ok {
			v.Scores = convert[float32](whole)
		} else if v.Scores, err = m.NeedFloats(key); err != nil {
			return Vocab{}, err
		}
	}
	if key := "tokenizer.ggml.token_type"; has(key) {
		types, err := m.NeedInts(key)
		if err != nil {
			return Vocab{}, err
		}
		v.Types = convert[int32](types)
	}
	if key := "tokenizer.ggml.merges"; has(key) {
		if v.Merges, err = m.NeedStrings(key); err != nil {
			return Vocab{}, err
		}
	}

	s := &v.Special
	for _, k := range []struct {
		key string
		id  *int32
	}{
		{"bos_token_id", &s.BOS}, {"eos_token_id", &s.EOS}, {"eot_token_id", &s.EOT}, {"eom_token_id", &s.EOM},
		{"unknown_token_id", &s.UNK}, {"seperator_token_id", &s.SEP}, {"padding_token_id", &s.PAD}, {"mask_token_id", &s.MASK},
		{"fim_pre_token_id", &s.FIMPrefix}, {"fim_suf_token_id", &s.FIMSuffix}, {"fim_mid_token_id", &s.FIMMiddle},
		{"fim_pad_token_id", &s.FIMPad}, {"fim_rep_token_id", &s.FIMRepo}, {"fim_sep_token_id", &s.FIMSep},
		// Names of older files.
		{"prefix_token_id", &s.FIMPrefix}, {"suffix_token_id", &s.FIMSuffix}, {"middle_token_id", &s.FIMMiddle},
	} {
		if int(*k.id) >= len(v.Tokens) {
			*k.id = None // a default that this vocabulary is too small for
		}
		if id, ok := m.Uint("tokenizer.ggml." + k.key); ok && id < uint64(len(v.Tokens)) {
			*k.id = int32(id)
		}
	}
	for _, k := range []struct {
		key  string
		flag *bool
	}{
		{"add_bos_token", &v.AddBOS}, {"add_eos_token", &v.AddEOS}, {"add_sep_token", &v.AddSEP},
		{"add_space_prefix", &v.AddSpacePrefix}, {"remove_extra_whitespaces", &v.RemoveExtraSpaces},
		{"normalizer.lowercase", &v.Lowercase},
	} {
		if on, ok := m.Bool("tokenizer.ggml." + k.key); ok {
			*k.flag = on
		}
	}
	v.StripAccents = v.Lowercase
	if on, ok := m.Bool("tokenizer.ggml.normalizer.strip_accents"); ok {
		v.StripAccents = on
	}
	if key := "tokenizer.ggml.suppress_tokens"; has(key) {
		ids, err := m.NeedInts(key)
		if err != nil {
			return Vocab{}, err
		}
		v.Suppress = convert[int32](ids)
	}
	if key := "tokenizer.ggml.precompiled_charsmap"; model == "t5" && has(key) {
		value, _ := m.Value(key)
		switch data := value.(type) {
		case []uint8:
			v.Charsmap = data
		case []int8:
			for _, b := range data {
				v.Charsmap = append(v.Charsmap, byte(b))
			}
		default:
			return Vocab{}, fmt.Errorf("%s: metadata key %q is no array of bytes; the file is damaged, get another copy", f.Path, key)
		}
	}
	v.AddBOS = v.AddBOS || forceBOS
	return v, nil
}

func convert[T float32 | int32](in []int64) []T {
	out := make([]T, len(in))
	for i, x := range in {
		out[i] = T(x)
	}
	return out
}
