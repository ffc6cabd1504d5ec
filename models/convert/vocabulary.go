package convert

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Types of tokens, as tokenizer.ggml.token_type has them.
const (
	tokenNormal = iota + 1
	tokenUnknown
	tokenControl
	tokenUser // always read as one token, but plain text
	tokenUnused
	tokenByte
)

// vocabulary is a model's tokenizer.
type vocabulary struct {
	model  string // tokenizer.ggml.model
	pre    string
	texts  []string
	types  []int32
	scores []float32 // nil for vocabularies that have none
	merges []string
	ids    map[string]int

	addSpacePrefix, removeExtraSpaces *bool
	charsmap                          []byte // how Unigram vocabularies normalise text
	lowercase, stripAccents           *bool  // how WordPiece vocabularies do
}

// grow makes room for n tokens; those that nothing is said of are unused.
func (v *vocabulary) grow(n int) error {
	if n > maxVocabulary {
		return fmt.Errorf("%d tokens are above the limit of %d", n, maxVocabulary)
	}
	for i := len(v.texts); i < n; i++ {
		v.texts = append(v.texts, fmt.Sprintf("[PAD%d]", i))
		v.types = append(v.types, tokenUnused)
		if v.scores != nil {
			v.scores = append(v.scores, -10000)
		}
	}
	return nil
}

// put says what token id is.
func (v *vocabulary) put(id int, text string, kind int32) error {
	if id < 0 || id >= maxVocabulary {
		return fmt.Errorf("token %q has the number %d, outside 0…%d", text, id, maxVocabulary-1)
	}
	if err := v.grow(id + 1); err != nil {
		return err
	}
	if v.ids == nil {
		v.ids = map[string]int{}
	}
	v.texts[id], v.types[id] = text, kind
	v.ids[text] = id
	return nil
}

// added is a token outside of the vocabulary proper.
type added struct {
	ID      int    `json:"id"`
	Content string `json:"content"`
	Special bool   `json:"special"`
}

// putAdded adds a token that is never split: a control token, or a text that is
// always one token.
func (v *vocabulary) putAdded(a added) error {
	kind, text := int32(tokenUser), a.Content
	if a.Special || looksControl(text) {
		kind = tokenControl
	} else {
		text = strings.ReplaceAll(text, "▁", " ")
	}
	if a.ID >= 0 && a.ID < len(v.types) && v.types[a.ID] == tokenUnknown {
		kind = tokenUnknown
	}
	if err := v.put(a.ID, text, kind); err != nil {
		return err
	}
	v.ids[a.Content] = a.ID
	if v.scores != nil {
		v.scores[a.ID] = -1000
	}
	return nil
}

// looksControl recognises control tokens that were not marked as such.
func looksControl(s string) bool {
	switch s {
	case "<pad>", "<mask>", "<2mass>", "[@BOS@]":
		return true
	}
	for _, around := range []naming{{"<|", "|>"}, {"<｜", "｜>"}, {"<unused", ">"}} {
		if len(s) > len(around.from) && strings.HasPrefix(s, around.from) && strings.HasSuffix(s, around.to) {
			return true
		}
	}
	return false
}

// tokenizerConfig is tokenizer_config.json.
type tokenizerConfig struct {
	keys  map[string]json.RawMessage
	Added map[string]added
}

func (d folder) readTokenizerConfig() (tokenizerConfig, error) {
	t := tokenizerConfig{keys: map[string]json.RawMessage{}}
	if _, err := d.decode("tokenizer_config.json", maxTokenizer, &t.keys); err != nil {
		return t, err
	}
	if raw := t.keys["added_tokens_decoder"]; raw != nil {
		if err := json.Unmarshal(raw, &t.Added); err != nil {
			return t, fmt.Errorf("%s: key \"added_tokens_decoder\": %w", d.path("tokenizer_config.json"), err)
		}
	}
	// Older models keep the special tokens apart.
	apart := map[string]json.RawMessage{}
	if _, err := d.decode("special_tokens_map.json", maxConfig, &apart); err != nil {
		return t, err
	}
	for key, raw := range apart {
		if _, there := t.keys[key]; !there {
			t.keys[key] = raw
		}
	}
	return t, nil
}

// token returns the text of a special token, "" if it is not named.
func (t tokenizerConfig) token(kind string) string {
	raw := t.keys[kind+"_token"]
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var a added
	if json.Unmarshal(raw, &a) == nil {
		return a.Content
	}
	return ""
}

// flag returns a boolean, nil if it is not there.
func (t tokenizerConfig) flag(key string) *bool {
	var b *bool
	if json.Unmarshal(t.keys[key], &b) != nil {
		return nil
	}
	return b
}

// readVocabulary reads the tokenizer and sets its keys, for a model that has
// embeddings for so many tokens.
func (v *conversion) readVocabulary(rows int, pre string) error {
	settings, err := v.dir.readTokenizerConfig()
	if err != nil {
		return err
	}
	t, err := v.dir.readTokenizerJSON()
	if err != nil {
		return err
	}
	if v.tokens, err = v.dir.vocabulary(v.family, t, settings, pre); err != nil {
		return err
	}
	voc := &v.tokens
	for id, a := range settings.Added {
		if !isDigits(id) {
			return fmt.Errorf("%s: %q among the added tokens is no number", v.dir.path("tokenizer_config.json"), id)
		}
		a.ID = atoi(id)
		if _, there := voc.ids[a.Content]; there && a.ID < len(voc.texts) && voc.types[a.ID] != tokenUnused && voc.model != "llama" {
			continue // tokenizer.json says the same
		}
		if a.ID < rows {
			if err := voc.putAdded(a); err != nil {
				return err
			}
		}
	}
	if len(voc.texts) == 0 {
		return fmt.Errorf("%s: the tokenizer has no tokens", v.dir)
	}
	if err := voc.grow(rows); err != nil {
		return err
	}
	if len(voc.texts) > rows {
		// Tokens that the model was never given an embedding for.
		voc.texts, voc.types = voc.texts[:rows], voc.types[:rows]
		if voc.scores != nil {
			voc.scores = voc.scores[:rows]
		}
	}
	v.set("vocab_size", uint32(len(voc.texts)))
	v.specialTokens(t, settings)
	v.tokenizerKeys()
	return v.chatTemplate(settings)
}

// vocabulary reads whichever file describes the tokenizer best.
func (d folder) vocabulary(f *family, t *tokenizerJSON, settings tokenizerConfig, pre string) (vocabulary, error) {
	if f.arch != "bert" {
		data, err := d.read("tokenizer.model", maxTokenizer)
		if err != nil {
			return vocabulary{}, err
		}
		if data != nil {
			voc, err := sentencePieces(data)
			if err == nil {
				return voc, nil
			}
			if t == nil {
				return vocabulary{}, fmt.Errorf("%s: %w", d.path("tokenizer.model"), err)
			}
			// Llama 3 was published with a file of this name that is another format.
		}
	}
	if t != nil {
		voc, err := t.vocabulary(pre)
		if err != nil {
			err = fmt.Errorf("%s: %w", d.path("tokenizer.json"), err)
		}
		return voc, err
	}
	if f.arch == "bert" {
		data, err := d.read("vocab.txt", maxTokenizer)
		if err != nil {
			return vocabulary{}, err
		}
		if data != nil {
			return wordList(data, settings)
		}
	}
	return vocabulary{}, fmt.Errorf("%s holds no tokenizer.json, tokenizer.model or vocab.txt; the tokenizer is missing: download it with the model", d)
}

// tokenizerKeys sets the keys of the vocabulary.
func (v *conversion) tokenizerKeys() {
	voc := &v.tokens
	set := func(key string, value any) { v.meta.Set("tokenizer.ggml."+key, value) }
	set("model", voc.model)
	set("pre", voc.pre)
	set("tokens", voc.texts)
	if voc.scores != nil {
		set("scores", voc.scores)
	}
	set("token_type", voc.types)
	if voc.merges != nil {
		set("merges", voc.merges)
	}
	for _, f := range []struct {
		key  string
		flag *bool
	}{
		{"add_space_prefix", voc.addSpacePrefix}, {"remove_extra_whitespaces", voc.removeExtraSpaces},
		{"normalizer.lowercase", voc.lowercase}, {"normalizer.strip_accents", voc.stripAccents},
	} {
		if f.flag != nil {
			set(f.key, *f.flag)
		}
	}
	if len(voc.charsmap) > 0 {
		set("precompiled_charsmap", voc.charsmap)
	}
}

// specialTokens sets which tokens begin, end and separate texts.
func (v *conversion) specialTokens(t *tokenizerJSON, settings tokenizerConfig) {
	ids := map[string]int{}
	for _, kind := range []string{"bos", "eos", "unk", "sep", "pad", "cls", "mask"} {
		if id, ok := v.tokens.ids[settings.token(kind)]; ok && settings.token(kind) != "" {
			ids[kind] = id
		} else if id, ok := v.config.keys[kind+"_token_id"].(float64); ok && id >= 0 && id < float64(len(v.tokens.texts)) {
			ids[kind] = int(id)
		}
	}
	if id, ok := ids["unk"]; ok && v.tokens.scores != nil {
		v.tokens.types[id] = tokenUnknown // not one of those that mark places in a text
	}
	first, last := t.frame()
	if id, ok := v.tokens.ids[first]; ok && first != "" {
		ids["bos"] = id
	}
	if id, ok := v.tokens.ids[last]; ok && last != "" {
		// Text ends with this one; an answer still ends with the one named before.
		if was, named := ids["eos"]; named && was != id {
			v.meta.Set("tokenizer.ggml.eot_token_id", uint32(was))
		}
		ids["eos"] = id
	}
	// Encoders call the first and last tokens by other names.
	if v.family.arch == "bert" {
		for _, k := range []naming{{"cls", "bos"}, {"sep", "eos"}} {
			id, known := ids[k.from]
			if _, named := ids[k.to]; !named && known {
				ids[k.to] = id
			}
		}
	}
	for _, k := range []struct{ kind, key string }{
		{"bos", "bos"}, {"eos", "eos"}, {"unk", "unknown"}, {"sep", "seperator"}, {"pad", "padding"}, {"mask", "mask"},
	} {
		if id, ok := ids[k.kind]; ok && id < len(v.tokens.texts) {
			v.meta.Set("tokenizer.ggml."+k.key+"_token_id", uint32(id))
		}
	}
	addBOS, addEOS := first != "", last != ""
	if t == nil || !t.framed() {
		// Without a template the class decides: Llama's and Gemma's put a token
		// before each text unless told not to.
		addBOS = v.tokens.model == "llama" || v.family.arch == "bert"
		addEOS = v.family.arch == "bert"
		if f := settings.flag("add_bos_token"); f != nil {
			addBOS = *f
		}
		if f := settings.flag("add_eos_token"); f != nil {
			addEOS = *f
		}
	}
	v.meta.Set("tokenizer.ggml.add_bos_token", addBOS)
	v.meta.Set("tokenizer.ggml.add_eos_token", addEOS)
	if v.family.arch == "bert" {
		v.meta.Set("tokenizer.ggml.add_sep_token", t.apart())
	}
}

// chatTemplate sets the template of conversations, and others by their names.
func (v *conversion) chatTemplate(settings tokenizerConfig) error {
	templates := map[string]string{}
	if raw := settings.keys["chat_template"]; raw != nil {
		var one string
		var many []struct{ Name, Template string }
		if json.Unmarshal(raw, &one) == nil {
			templates["default"] = one
		} else if err := json.Unmarshal(raw, &many); err != nil {
			return fmt.Errorf("%s: key \"chat_template\": %w", v.dir.path("tokenizer_config.json"), err)
		}
		for _, t := range many {
			templates[t.Name] = t.Template
		}
	}
	data, err := v.dir.read("chat_template.jinja", maxConfig)
	if err != nil {
		return err
	}
	if data != nil {
		templates["default"] = string(data)
	} else if templates["default"] == "" {
		var alone struct {
			Template string `json:"chat_template"`
		}
		if _, err := v.dir.decode("chat_template.json", maxConfig, &alone); err != nil {
			return err
		}
		templates["default"] = alone.Template
	}
	if s := templates["default"]; s != "" {
		v.meta.Set("tokenizer.chat_template", s)
	}
	delete(templates, "default")
	var names []string
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" || len(name) > 64 {
			continue
		}
		names = append(names, name)
		v.meta.Set("tokenizer.chat_template."+name, templates[name])
	}
	if len(names) > 0 {
		v.meta.Set("tokenizer.chat_templates", names)
	}
	return nil
}
