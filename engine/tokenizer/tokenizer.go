// Package tokenizer turns text into the token ids of a model and back, by the
// vocabulary in the model's GGUF file. It knows every kind of vocabulary that
// llama.cpp knows, and agrees with it id for id.
package tokenizer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Tokenizer encodes and decodes text by one vocabulary. It may be used by many
// goroutines at once.
type Tokenizer struct {
	vocab          *vocabulary
	model          encoder
	pre            pretokenizer
	addBOS, addEOS bool
	addSEP         bool
	last           int32 // the token that addEOS speaks of
	spacePrefix    bool
	pieces         []string // by id: what the token adds to a text
	suppress       []int32

	special *specialFinder // all special tokens
	user    *specialFinder // those that count even where special tokens do not

	sessions sync.Pool // of *session
}

// encoder is a way of encoding text that holds no special tokens.
type encoder interface {
	encode(s *session, text string)     // cuts text into words
	encodeWord(s *session, word string) // appends the tokens of a word to s.ids
}

// Options say how Encode reads a text.
type Options struct {
	AddSpecial   bool // add BOS and EOS where the vocabulary asks for them
	ParseSpecial bool // take the text of a control token for that token
}

// New checks a vocabulary and makes a tokenizer of it. The vocabulary's strings
// are kept, its slices are not. Its model is one of
//
//	gpt2, gemma4           byte-pair encoding by merges
//	whitespace, hybriddna  the same, without white space, and with DNA sequences
//	llama                  SentencePiece's byte-pair encoding by scores
//	t5                     SentencePiece's unigram model
//	bert                   WordPiece
//	rwkv, plamo2           what the models of these names use
func New(in Vocab) (*Tokenizer, error) {
	form, known := forms[in.Model]
	switch {
	case in.Model == "":
		return nil, fmt.Errorf("tokenizer: the file does not name a tokenizer model; it holds no vocabulary or is damaged")
	case in.Model == "none" || in.Model == "no_vocab":
		return nil, fmt.Errorf("tokenizer: the file says that it holds no vocabulary (tokenizer model %s), so there is no turning text into its tokens", in.Model)
	case !known:
		return nil, fmt.Errorf("tokenizer: not supported: tokenizer model %q (supported are %s)", in.Model, strings.Join(slices.Sorted(maps.Keys(forms)), ", "))
	}
	if in.Model == "gemma4" {
		in.Pre = "gemma4"
	}
	v, err := checkVocab(&in)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{vocab: v, spacePrefix: in.Model == "llama" && in.AddSpacePrefix}
	switch in.Model {
	case "llama":
		t.model = newSPM(v, in.Scores, in.AddSpacePrefix)
	case "t5":
		t.model, err = newUnigram(v, &in)
	case "bert":
		t.model, err = newWordPiece(v, &in)
	case "rwkv":
		t.model, err = newRWKV(v)
	case "plamo2":
		t.model, err = newPlamo(v, &in)
	default:
		var known bool
		if t.pre, known = pretokenizerFor(in.Pre); !known {
			t.pre, _ = pretokenizerFor("default")
			v.warn("pre-tokenizer %q is not known, the default one is used; answers may be worse", in.Pre)
		} else if in.Pre == "" {
			v.warn("the file does not name its pre-tokenizer, the default one is used; answers may be worse")
		}
		if t.pre.marks {
			form = markedForm
		} else if t.pre.raw {
			form = plainForm
		}
		var b *bpe
		if b, err = newBPE(v, t.pre, in.Merges); err != nil {
			return nil, err
		}
		switch t.model = b; in.Model {
		case "whitespace":
			t.model = whitespaceBPE{b, in.Lowercase}
		case "hybriddna":
			t.model = newDNA(v, b)
		}
	}
	if err != nil {
		return nil, err
	}
	t.setSpecial(&in)
	t.pieces = makePieces(v, form)
	t.special = newSpecialFinder(v, attrControl|attrUserDefined|attrUnknown, 0)
	t.user = newSpecialFinder(v, attrUserDefined, attrControl|attrUnknown)
	t.sessions.New = func() any { return newSession(t) }
	return t, nil
}

// forms are the models, and how each writes its tokens.
var forms = map[string]func(string) string{
	"gpt2": standInForm, "gemma4": markedForm, "whitespace": standInForm, "hybriddna": standInForm,
	"llama": markedForm, "t5": markedForm, "bert": markedForm, "rwkv": unescape, "plamo2": plainForm,
}

// setSpecial works out which tokens Encode puts around a text.
func (t *Tokenizer) setSpecial(in *Vocab) {
	v := t.vocab
	t.addBOS, t.addEOS, t.addSEP = in.AddBOS, in.AddEOS, in.AddSEP
	t.last = v.special.EOS
	switch in.Model {
	case "bert": // always has both, whatever the file says
		t.addBOS, t.addEOS = true, true
		t.last = v.special.SEP
	case "rwkv", "plamo2": // never have any
		t.addBOS, t.addEOS = false, false
	}
	if t.addBOS && v.special.BOS == None {
		v.warn("the vocabulary asks for a begin token but has none")
		t.addBOS = false
	}
	if t.addEOS && t.last == None {
		v.warn("the vocabulary asks for an end token but has none")
		t.addEOS = false
	}
	if t.addSEP && v.special.SEP == None {
		t.addSEP = false
	}
	for _, id := range in.Suppress {
		if t.valid(id) {
			t.suppress = append(t.suppress, id)
		}
	}
}

// Encode returns the tokens of a text.
//
// Where a byte-level vocabulary meets bytes that are not UTF-8 it encodes U+FFFD
// in their place.
func (t *Tokenizer) Encode(text string, opt Options) []int32 {
	s := t.sessions.Get().(*session)
	defer t.sessions.Put(s)
	s.ids = make([]int32, 0, len(text)/4+8)
	s.afterSpecial = true
	if opt.AddSpecial && t.addBOS {
		s.ids = append(s.ids, t.vocab.special.BOS)
	}
	finder := t.user
	if opt.ParseSpecial {
		finder = t.special
	}
	pos := 0
	for _, f := range finder.find(t.vocab, text) {
		s.text(text[pos:f.start])
		s.ids = append(s.ids, f.token)
		s.afterSpecial = true
		pos = f.end
	}
	s.text(text[pos:])
	if opt.AddSpecial && t.addEOS {
		s.ids = append(s.ids, t.last)
	}
	ids := s.ids
	s.ids = nil
	return ids
}

// Size is the number of tokens.
func (t *Tokenizer) Size() int { return len(t.vocab.texts) }

// Special returns the ids of tokens with a role, found by their names where the
// file did not give them.
func (t *Tokenizer) Special() SpecialTokens { return t.vocab.special }

// AddsBOS reports whether Encode with AddSpecial begins with BOS.
func (t *Tokenizer) AddsBOS() bool { return t.addBOS }

// AddsEOS reports whether Encode with AddSpecial ends with EOS, or with SEP in a
// WordPiece vocabulary.
func (t *Tokenizer) AddsEOS() bool { return t.addEOS }

// AddsSEP reports whether SEP stands between the texts of a pair.
func (t *Tokenizer) AddsSEP() bool { return t.addSEP }

// Suppressed returns the tokens that the file says must never be generated.
func (t *Tokenizer) Suppressed() []int32 { return slices.Clone(t.suppress) }

// Warnings are faults of the vocabulary that do not keep it from use, such as a
// pre-tokenizer that is not known; a user should see them.
func (t *Tokenizer) Warnings() []string { return slices.Clone(t.vocab.warnings) }

func (t *Tokenizer) valid(id int32) bool { return id >= 0 && int(id) < len(t.vocab.texts) }

// Token returns the text of a token as the vocabulary writes it, with stand-ins
// for bytes; "" for an id that is not in the vocabulary.
func (t *Tokenizer) Token(id int32) string {
	if !t.valid(id) {
		return ""
	}
	return t.vocab.texts[id]
}

// ID returns the token whose text in the vocabulary is text.
func (t *Tokenizer) ID(text string) (id int32, ok bool) {
	id, ok = t.vocab.ids[text]
	return id, ok
}

// Piece returns the bytes that a token adds to a text, which may be part of a
// character; for a special token its text. It is nil for an id that is not in
// the vocabulary.
func (t *Tokenizer) Piece(id int32) []byte {
	if !t.valid(id) {
		return nil
	}
	return []byte(t.pieces[id])
}

// IsControl reports whether a token steers the model and is no part of the text.
func (t *Tokenizer) IsControl(id int32) bool {
	return t.valid(id) && t.vocab.attrs[id]&attrControl != 0
}

// IsEOG reports whether a token ends a generation: the end of the text, of a
// turn, of a message.
func (t *Tokenizer) IsEOG(id int32) bool { return t.vocab.end[id] }

// EOG returns the tokens that end a generation, in ascending order.
func (t *Tokenizer) EOG() []int32 {
	ids := make([]int32, 0, len(t.vocab.end))
	for id := range t.vocab.end {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// session is the working memory of one Encode at a time.
type session struct {
	t            *Tokenizer
	ids          []int32
	afterSpecial bool // at the start of the text or right after a special token
	split        func(text string)
	merger       merger
	cuts         []cut
	cache        *wordCache
}

const longestWord = 1 << 30 // bytes; longer ones are cut

func newSession(t *Tokenizer) *session {
	s := &session{t: t, cache: newWordCache()}
	s.split = s.word
	for _, p := range slices.Backward(t.pre.passes) {
		next := s.split
		s.split = func(text string) { p(text, next) }
	}
	return s
}

// text encodes a stretch of text between special tokens.
func (s *session) text(text string) {
	if text != "" {
		s.t.model.encode(s, text)
		s.afterSpecial = false
	}
}

// word encodes a word.
func (s *session) word(word string) {
	for len(word) > longestWord {
		cut := longestWord
		for cut > longestWord-4 && word[cut]&0xC0 == 0x80 {
			cut--
		}
		s.t.model.encodeWord(s, word[:cut])
		word = word[cut:]
	}
	if len(word) > cachedSize {
		s.t.model.encodeWord(s, word)
		if cap(s.merger.parts) > 1<<20 {
			s.merger = merger{} // one huge word should not be paid for ever after
		}
		return
	}
	ids, slot, ok := s.cache.find(word, s.ids)
	if ok {
		s.ids = ids
		return
	}
	before := len(s.ids)
	s.t.model.encodeWord(s, word)
	s.cache.put(slot, word, s.ids[before:])
}
