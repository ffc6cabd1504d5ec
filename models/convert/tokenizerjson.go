package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tokenizerJSON is tokenizer.json, the form in which Hugging Face's tokenizers
// library describes a tokenizer.
type tokenizerJSON struct {
	Added         []added `json:"added_tokens"`
	Normalizer    *step   `json:"normalizer"`
	PreTokenizer  *step   `json:"pre_tokenizer"`
	PostProcessor *step   `json:"post_processor"`
	Decoder       *step   `json:"decoder"`
	Model         struct {
		Type         string          `json:"type"`
		Vocab        json.RawMessage `json:"vocab"`
		Merges       json.RawMessage `json:"merges"`
		UnknownToken string          `json:"unk_token"`
		UnknownID    *int            `json:"unk_id"`
		ByteFallback bool            `json:"byte_fallback"`
		IgnoreMerges bool            `json:"ignore_merges"`
		Prefix       string          `json:"continuing_subword_prefix"`
	} `json:"model"`
}

// step is a normalizer, pre-tokenizer, post-processor or decoder, perhaps a
// sequence of others. Each type uses some of the fields.
type step struct {
	Type          string `json:"type"`
	Pretokenizers []step `json:"pretokenizers"`
	Normalizers   []step `json:"normalizers"`
	Processors    []step `json:"processors"`
	Decoders      []step `json:"decoders"`

	Pattern struct {
		Regex  *string `json:"Regex"`
		String *string `json:"String"`
	} `json:"pattern"`
	Behavior         string      `json:"behavior"`
	Invert           bool        `json:"invert"`
	IndividualDigits bool        `json:"individual_digits"`
	UseRegex         *bool       `json:"use_regex"`
	AddPrefixSpace   *bool       `json:"add_prefix_space"`
	PrependScheme    string      `json:"prepend_scheme"`
	Lowercase        *bool       `json:"lowercase"`
	StripAccents     *bool       `json:"strip_accents"`
	Charsmap         []byte      `json:"precompiled_charsmap"` // base64 in the file
	Single           []piece     `json:"single"`
	Pair             []piece     `json:"pair"`
	CLS              [2]jsonText `json:"cls"`
	SEP              [2]jsonText `json:"sep"`
}

// piece is a part of a post-processor's template.
type piece struct {
	Special *struct {
		ID string `json:"id"`
	} `json:"SpecialToken"`
}

// jsonText is a text, or something else that is passed over.
type jsonText string

func (t *jsonText) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = jsonText(s)
	}
	return nil
}

// readTokenizerJSON reads the folder's tokenizer.json, nil if it has none.
func (d folder) readTokenizerJSON() (*tokenizerJSON, error) {
	t := new(tokenizerJSON)
	ok, err := d.decode("tokenizer.json", maxTokenizer, t)
	if !ok || err != nil {
		return nil, err
	}
	return t, nil
}

// flat lists a step's parts, sequences opened.
func (s *step) flat() []step { return s.flatten(nil, 0) }

func (s *step) flatten(all []step, depth int) []step {
	if s == nil || depth > 8 || len(all) > 256 {
		return all
	}
	inner := slices.Concat(s.Pretokenizers, s.Normalizers, s.Processors, s.Decoders)
	if s.Type != "Sequence" && len(inner) == 0 {
		return append(all, *s)
	}
	for i := range inner {
		all = inner[i].flatten(all, depth+1)
	}
	return all
}

// find returns the first part of a type, nil if there is none.
func (s *step) find(kind string) *step {
	parts := s.flat()
	if i := slices.IndexFunc(parts, func(p step) bool { return p.Type == kind }); i >= 0 {
		return &parts[i]
	}
	return nil
}

// vocabulary reads the tokens. pre is the user's word for how text is split.
func (t *tokenizerJSON) vocabulary(pre string) (v vocabulary, err error) {
	kind := t.Model.Type
	if kind == "" && len(t.Model.Merges) > 0 {
		kind = "BPE" // old files do not say
	}
	switch {
	case kind == "WordPiece":
		err = t.wordPieces(&v)
	case kind == "Unigram":
		err = t.unigram(&v)
	case kind == "BPE" && t.PreTokenizer.find("ByteLevel") == nil && t.Decoder.find("ByteLevel") == nil && t.Model.ByteFallback:
		err = t.sentencePieces(&v)
	case kind == "BPE":
		err = t.bytePairs(&v, pre)
	default:
		return v, fmt.Errorf("tokenizers of type %q cannot be converted", kind)
	}
	if err != nil {
		return v, err
	}
	for _, a := range t.Added {
		if err := v.putAdded(a); err != nil {
			return v, err
		}
	}
	return v, nil
}

// putVocab reads the tokens of a vocabulary that maps texts to numbers.
func (t *tokenizerJSON) putVocab(v *vocabulary, text func(string) string) error {
	var ids map[string]int
	if err := json.Unmarshal(t.Model.Vocab, &ids); err != nil {
		return fmt.Errorf("the vocabulary: %w", err)
	}
	special := map[int]bool{}
	for _, a := range t.Added {
		special[a.ID] = a.Special
	}
	taken := map[int]string{}
	for _, s := range slices.Sorted(maps.Keys(ids)) {
		id := ids[s]
		if other, dup := taken[id]; dup {
			return fmt.Errorf("tokens %q and %q both have the number %d", other, s, id)
		}
		taken[id] = s
		shown := s
		if !special[id] {
			shown = text(s)
		}
		if err := v.put(id, shown, tokenNormal); err != nil {
			return err
		}
		v.ids[s] = id
	}
	return nil
}

func unchanged(s string) string { return s }

// bytePairs reads a byte-level vocabulary.
func (t *tokenizerJSON) bytePairs(v *vocabulary, pre string) error {
	v.model, v.pre = "gpt2", pre
	if v.pre == "" {
		var err error
		if v.pre, err = t.pretokenizer(); err != nil {
			return err
		}
	}
	if err := t.putVocab(v, unchanged); err != nil {
		return err
	}
	merges, err := t.merges()
	if err != nil {
		return err
	}
	v.merges = make([]string, len(merges))
	for i, m := range merges {
		// A space within a part is written as the stand-in that byte-level
		// vocabularies have for it.
		v.merges[i] = strings.ReplaceAll(m[0], " ", "Ġ") + " " + strings.ReplaceAll(m[1], " ", "Ġ")
	}
	if space := t.PreTokenizer.find("ByteLevel"); space != nil && space.AddPrefixSpace != nil && *space.AddPrefixSpace {
		v.addSpacePrefix = space.AddPrefixSpace
	}
	return nil
}

// merges reads the pairs of tokens that are joined, in order of preference; they
// are written in two ways.
func (t *tokenizerJSON) merges() ([][2]string, error) {
	var pairs [][2]string
	var lines []string
	if json.Unmarshal(t.Model.Merges, &lines) != nil {
		var lists [][]string
		if err := json.Unmarshal(t.Model.Merges, &lists); err != nil {
			return nil, fmt.Errorf("the merges: %w", err)
		}
		for i, l := range lists {
			if len(l) != 2 {
				return nil, fmt.Errorf("merge %d has %d parts", i, len(l))
			}
			pairs = append(pairs, [2]string{l[0], l[1]})
		}
		return pairs, nil
	}
	for i, line := range lines {
		if strings.HasPrefix(line, "#version") {
			continue
		}
		a, b, ok := strings.Cut(line, " ")
		if !ok || a == "" || b == "" {
			return nil, fmt.Errorf("merge %d is %q, which are no two tokens", i, line)
		}
		pairs = append(pairs, [2]string{a, b})
	}
	return pairs, nil
}

// sentencePieces reads a SentencePiece vocabulary that was turned into byte
// pairs. SentencePiece joins the pair whose result scores highest; the merges
// are in that order, so the first one that makes a token tells its score.
func (t *tokenizerJSON) sentencePieces(v *vocabulary) error {
	v.model, v.pre, v.scores = "llama", "default", []float32{}
	if err := t.putVocab(v, unchanged); err != nil {
		return err
	}
	for i, s := range v.texts {
		v.scores[i] = 0
		if isByteToken(s) {
			v.types[i] = tokenByte
		} else if s == t.Model.UnknownToken {
			v.types[i] = tokenUnknown
		}
	}
	merges, err := t.merges()
	if err != nil {
		return err
	}
	scored := make([]bool, len(v.texts))
	for rank, m := range merges {
		id, ok := v.ids[m[0]+m[1]]
		if ok && !scored[id] {
			scored[id] = true
			v.scores[id] = -float32(rank + 1)
		}
	}
	// What no merge makes stands alone, after everything else.
	for i := range v.scores {
		if !scored[i] && v.types[i] == tokenNormal {
			v.scores[i] = -float32(len(merges) + 1)
		}
	}
	prefix := false
	if m := t.PreTokenizer.find("Metaspace"); m != nil {
		prefix = m.PrependScheme == "always" || m.PrependScheme == "first" || m.PrependScheme == "" && m.AddPrefixSpace != nil && *m.AddPrefixSpace
	} else if t.Normalizer.find("Prepend") != nil {
		prefix = true
	}
	v.addSpacePrefix = &prefix
	return nil
}

func isByteToken(s string) bool {
	return len(s) == 6 && strings.HasPrefix(s, "<0x") && s[5] == '>' && strings.Trim(s[3:5], "0123456789ABCDEF") == ""
}

// unigram reads a vocabulary whose tokens have log probabilities.
func (t *tokenizerJSON) unigram(v *vocabulary) error {
	v.model, v.pre, v.scores = "t5", "default", []float32{}
	var vocab [][2]json.RawMessage
	if err := json.Unmarshal(t.Model.Vocab, &vocab); err != nil {
		return fmt.Errorf("the vocabulary: %w", err)
	}
	unknown := -1
	if t.Model.UnknownID != nil {
		unknown = *t.Model.UnknownID
	}
	for i, entry := range vocab {
		var text string
		var score float32
		if err := errors.Join(json.Unmarshal(entry[0], &text), json.Unmarshal(entry[1], &score)); err != nil {
			return fmt.Errorf("token %d of the vocabulary: %w", i, err)
		}
		kind := int32(tokenNormal)
		if i == unknown {
			kind = tokenUnknown
		}
		if err := v.put(i, text, kind); err != nil {
			return err
		}
		v.scores[i] = score
	}
	if c := t.Normalizer.find("Precompiled"); c != nil {
		v.charsmap = c.Charsmap
	}
	prefix, single := false, t.PreTokenizer.find("WhitespaceSplit") != nil
	if m := t.PreTokenizer.find("Metaspace"); m != nil {
		prefix = m.PrependScheme == "always" || m.PrependScheme == "first" || m.PrependScheme == "" && (m.AddPrefixSpace == nil || *m.AddPrefixSpace)
	}
	if r := t.Normalizer.find("Replace"); r != nil && r.Pattern.Regex != nil && strings.Contains(*r.Pattern.Regex, "{2,}") {
		single = true
	}
	v.addSpacePrefix, v.removeExtraSpaces = &prefix, &single
	return nil
}

// frame returns the tokens that are put before and after each text, "" for none.
func (t *tokenizerJSON) frame() (first, last string) {
	if t == nil {
		return "", ""
	}
	for _, p := range t.PostProcessor.flat() {
		switch p.Type {
		case "TemplateProcessing":
			if n := len(p.Single); n > 1 {
				if s := p.Single[0].Special; s != nil {
					first = s.ID
				}
				if s := p.Single[n-1].Special; s != nil {
					last = s.ID
				}
			}
		case "BertProcessing", "RobertaProcessing":
			first, last = string(p.CLS[0]), string(p.SEP[0])
		}
	}
	return first, last
}

// apart tells whether two tokens stand between a text and the one beside it,
// where the end of a single text is one.
func (t *tokenizerJSON) apart() bool {
	if t == nil {
		return false
	}
	if t.PostProcessor.find("RobertaProcessing") != nil {
		return true
	}
	p := t.PostProcessor.find("TemplateProcessing")
	if p == nil {
		return false
	}
	texts, between := 0, 0
	for _, part := range p.Pair {
		if part.Special == nil {
			texts++
		} else if texts == 1 {
			between++
		}
	}
	return texts == 2 && between > 1
}

// framed tells whether the file says what is put around a text.
func (t *tokenizerJSON) framed() bool {
	return t.PostProcessor.find("TemplateProcessing") != nil || t.PostProcessor.find("BertProcessing") != nil ||
		t.PostProcessor.find("RobertaProcessing") != nil
}
