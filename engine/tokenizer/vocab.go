package tokenizer

import (
	"fmt"
	"math"
	"strings"
)

// Token types as GGUF numbers them under tokenizer.ggml.token_type.
const (
	TypeNormal      = 1
	TypeUnknown     = 2
	TypeControl     = 3
	TypeUserDefined = 4
	TypeUnused      = 5
	TypeByte        = 6
)

// Vocab is a vocabulary as a model file states it. FromGGUF fills one from a
// file; NewVocab begins one by hand.
type Vocab struct {
	Model string // tokenizer.ggml.model: see New
	Pre   string // tokenizer.ggml.pre: the pre-tokenizer of a BPE vocabulary
	Name  string // general.name and general.architecture: some models are known to need
	Arch  string // space stripped around their special tokens, which no key says

	Tokens []string  // by id; the number of tokens is the size of the vocabulary
	Scores []float32 // by id, for "llama", "t5" and "plamo2"; empty: all equal
	Types  []int32   // by id; empty: all normal
	Merges []string  // "left right", best first, for BPE

	Special        SpecialTokens
	AddBOS         bool // Encode with AddSpecial begins with BOS
	AddEOS         bool // … and ends with EOS
	AddSEP         bool // SEP goes between the texts of a pair
	AddSpacePrefix bool // "llama", "t5": a space goes before the text

	RemoveExtraSpaces bool   // "t5": one space between words
	Charsmap          []byte // "t5": what texts are normalised by; see charsmap
	Lowercase         bool   // "bert", "whitespace": texts are put in lower case
	StripAccents      bool   // "bert": accents are taken off

	Suppress []int32 // tokens that are never to be generated
}

// SpecialTokens are the ids of tokens with a role; None where there is none.
// Those left out are looked for by the names they usually have.
type SpecialTokens struct {
	BOS, EOS, EOT, EOM, UNK, SEP, PAD, MASK int32

	// Fill in the middle: prefix, suffix, middle, padding, repository, file separator.
	FIMPrefix, FIMSuffix, FIMMiddle, FIMPad, FIMRepo, FIMSep int32
}

// None is the id of a special token that a vocabulary does not have.
const None int32 = -1

// NewVocab returns a vocabulary without tokens and without special ones.
func NewVocab(model, pre string) Vocab {
	return Vocab{Model: model, Pre: pre, Lowercase: true, StripAccents: true, Special: SpecialTokens{
		None, None, None, None, None, None, None, None, None, None, None, None, None, None}}
}

// attribute is what a token is, as far as encoding and decoding care. A token
// may be several things, such as normal in the file and control by its name.
type attribute uint8

const (
	attrNormal attribute = 1 << iota
	attrUnknown
	attrControl
	attrUserDefined
	attrByte
	attrStripLeft  // takes the white space before it
	attrStripRight // takes the white space after it
)

// vocabulary is a Vocab that has been checked and completed.
type vocabulary struct {
	pre      string
	texts    []string // by id, none empty
	ids      map[string]int32
	longest  int // bytes of the longest text
	attrs    []attribute
	special  SpecialTokens
	end      map[int32]bool // tokens that end a generation
	warnings []string
}

func (v *vocabulary) warn(format string, args ...any) {
	v.warnings = append(v.warnings, fmt.Sprintf(format, args...))
}

// lookup returns the token of a text, if there is one.
func (v *vocabulary) lookup(text string) []int32 {
	if id, ok := v.ids[text]; ok {
		return []int32{id}
	}
	return nil
}

// byteToken is the text of the token for a single byte.
func byteToken(b byte) string { return fmt.Sprintf("<0x%02X>", b) }

func checkVocab(in *Vocab) (*vocabulary, error) {
	n := len(in.Tokens)
	switch {
	case n == 0:
		return nil, fmt.Errorf("tokenizer: the vocabulary has no tokens; the file is damaged or holds no vocabulary, get another copy")
	case n > math.MaxInt32/2:
		return nil, fmt.Errorf("tokenizer: %d tokens are too many", n)
	case len(in.Scores) > 0 && len(in.Scores) < n:
		return nil, fmt.Errorf("tokenizer: %d scores for %d tokens; the file is damaged, get another copy", len(in.Scores), n)
	case len(in.Types) > 0 && len(in.Types) < n:
		return nil, fmt.Errorf("tokenizer: %d token types for %d tokens; the file is damaged, get another copy", len(in.Types), n)
	}
	v := &vocabulary{
		pre:     in.Pre,
		texts:   make([]string, n),
		ids:     make(map[string]int32, n),
		attrs:   make([]attribute, n),
		special: in.Special,
		end:     map[int32]bool{},
	}
	duplicates := 0
	for i, text := range in.Tokens {
		if text == "" {
			text = fmt.Sprintf("[EMPTY_%d]", i)
		}
		v.texts[i] = text
		v.longest = max(v.longest, len(text))
		if _, ok := v.ids[text]; ok {
			duplicates++
		} else {
			v.ids[text] = int32(i)
		}
		v.attrs[i] = attrNormal
		if len(in.Types) > 0 {
			switch in.Types[i] {
			case TypeNormal:
			case TypeUnknown:
				v.attrs[i] = attrUnknown
			case TypeControl:
				v.attrs[i] = attrControl
			case TypeUserDefined:
				v.attrs[i] = attrUserDefined
			case TypeByte:
				v.attrs[i] = attrByte
			default:
				v.attrs[i] = 0
			}
		}
	}
	if duplicates > 0 {
		v.warn("%d tokens have the text of an earlier one; encoding uses the first", duplicates)
	}
	for _, s := range v.special.all() {
		if *s.id < None || int(*s.id) >= n {
			v.warn("the %s token %d is not in the vocabulary of %d tokens and is ignored", s.name, *s.id, n)
			*s.id = None
		}
	}
	v.findSpecial()
	v.findEnds()
	v.stripAround(in)
	specialBytes := 0
	for id, a := range v.attrs {
		if a&(attrControl|attrUserDefined|attrUnknown) != 0 {
			specialBytes += len(v.texts[id])
		}
	}
	if specialBytes > maxSpecialBytes {
		return nil, fmt.Errorf("tokenizer: %d bytes of special tokens, more than any real model has (the limit is %d); the file is damaged or made to do harm, get another copy", specialBytes, maxSpecialBytes)
	}
	return v, nil
}

type namedID struct {
	name string
	id   *int32
}

func (s *SpecialTokens) all() []namedID {
	return []namedID{
		{"bos", &s.BOS}, {"eos", &s.EOS}, {"eot", &s.EOT}, {"eom", &s.EOM}, {"unknown", &s.UNK},
		{"separator", &s.SEP}, {"padding", &s.PAD}, {"mask", &s.MASK},
		{"fim_pre", &s.FIMPrefix}, {"fim_suf", &s.FIMSuffix}, {"fim_mid", &s.FIMMiddle},
		{"fim_pad", &s.FIMPad}, {"fim_rep", &s.FIMRepo}, {"fim_sep", &s.FIMSep},
	}
}

// Names by which tokens with a role are known where a file does not give their
// ids, and where its token types may be wrong too: what bears such a name is a
// control token. Names and order of the steps follow llama.cpp's loader; where
// several names of a role are present, which llama.cpp leaves to chance, the
// first listed counts.
var (
	eotNames       = []string{"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<EOT>", "_<EOT>", "[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>"}
	eomNames       = []string{"<|eom_id|>"}
	fimPrefixNames = []string{"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>"}
	fimSuffixNames = []string{"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>"}
	fimMiddleNames = []string{"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>", "<|middle|>"}
	fimPadNames    = []string{"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"}
	fimRepoNames   = []string{"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"}
	fimSepNames    = []string{"<|file_sep|>"}

	endNames = []string{"<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>",
		"<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
		"<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~["}

	// Marks of the harmony format, which are always part of the text.
	harmonyNames = []string{"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"}
)

func (v *vocabulary) findSpecial() {
	s := &v.special
	for _, role := range []struct {
		id    *int32
		names []string
	}{
		{&s.EOT, eotNames}, {&s.EOM, eomNames},
		{&s.FIMPrefix, fimPrefixNames}, {&s.FIMSuffix, fimSuffixNames}, {&s.FIMMiddle, fimMiddleNames},
		{&s.FIMPad, fimPadNames}, {&s.FIMRepo, fimRepoNames}, {&s.FIMSep, fimSepNames},
	} {
		for _, name := range role.names {
			if id, ok := v.ids[name]; ok && *role.id == None {
				*role.id = id
				v.attrs[id] |= attrControl
			}
		}
	}
}

// findEnds collects the tokens that end a generation.
func (v *vocabulary) findEnds() {
	for _, id := range []int32{v.special.FIMPad, v.special.FIMRepo, v.special.FIMSep} {
		if id != None {
			v.end[id] = true
		}
	}
	for _, name := range endNames {
		if id, ok := v.ids[name]; ok {
			v.end[id] = true
			v.attrs[id] |= attrControl
		}
	}
	for _, name := range harmonyNames {
		if id, ok := v.ids[name]; ok {
			v.attrs[id] = attrUserDefined
		}
	}
	for _, id := range []int32{v.special.EOS, v.special.EOT, v.special.EOM} {
		if id != None {
			v.end[id] = true
		}
	}

	ends := func(name string) bool { return v.end[v.find(name)] }
	call := ends("<|call|>") || ends("<|calls|>")
	if id := v.find("<|end|>"); v.end[id] && call && (ends("<|return|>") || ends("<|flush|>")) {
		// In these formats <|end|> parts messages of one generation.
		delete(v.end, id)
		v.attrs[id] = attrUserDefined
	}
	if id := v.find("</s>"); v.end[id] && ends("<|tool_response>") {
		delete(v.end, id)
		v.attrs[id] = attrNormal
	}
}

// find is the id of a text, None if there is no such token.
func (v *vocabulary) find(text string) int32 {
	if id, ok := v.ids[text]; ok {
		return id
	}
	return None
}

// stripAround marks tokens that take white space beside them with them. GGUF has
// no key for this; the models are known by name.
func (v *vocabulary) stripAround(in *Vocab) {
	name := strings.ToLower(in.Name)
	containsAny := func(s string, parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(s, p) {
				return true
			}
		}
		return false
	}
	set := func(token string, a attribute, on bool) {
		if id, ok := v.ids[token]; ok && on {
			v.attrs[id] |= a
		} else if ok {
			v.attrs[id] &^= a
		}
	}
	switch {
	case containsAny(in.Pre, "jina-v2-de", "jina-v2-es", "jina-v2-code"),
		containsAny(in.Arch, "nomic-bert-moe", "jina-bert-v3"):
		set("<mask>", attrStripLeft, true)
	case containsAny(name, "phi-3", "phi3"):
		for id, a := range v.attrs {
			if a&(attrControl|attrUserDefined|attrUnknown) != 0 {
				v.attrs[id] |= attrStripRight
			}
		}
		set("</s>", attrStripRight, true)
		for _, token := range []string{"<unk>", "<s>", "<|endoftext|>"} {
			set(token, attrStripRight, false)
		}
	case containsAny(name, "modern-bert"):
		set("[MASK]", attrStripLeft, true)
	}
}
