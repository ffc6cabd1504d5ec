package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"freehold/engine/gguf"
	"freehold/engine/tokenizer"
)

// convert turns a vocabulary into a GGUF file that holds nothing else.
func convert(from, pre, out string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var v vocab
	switch base := filepath.Base(from); {
	case strings.HasPrefix(base, "tekken"):
		err = v.tekken(data)
	case strings.HasPrefix(base, "rwkv"):
		err = v.rwkv(data)
	case strings.HasSuffix(base, ".json"):
		err = v.json(data, pre)
	case strings.HasSuffix(base, ".tiktoken"):
		err = v.tiktoken(data)
	case strings.Contains(base, ".model"):
		err = v.sentencePiece(data)
	default:
		err = fmt.Errorf("its name says of no known form what it is")
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return v.write(out, filepath.Base(from), pre)
}

// write writes the GGUF file.
func (v *vocab) write(out, name, pre string) error {
	m := &gguf.Metadata{}
	m.Set("general.architecture", "llama")
	m.Set("general.name", name)
	m.Set("tokenizer.ggml.model", v.model)
	if pre != "" {
		m.Set("tokenizer.ggml.pre", pre)
	}
	m.Set("tokenizer.ggml.tokens", v.tokens)
	m.Set("tokenizer.ggml.token_type", v.types)
	if len(v.scores) > 0 {
		m.Set("tokenizer.ggml.scores", v.scores)
	}
	if len(v.merges) > 0 {
		m.Set("tokenizer.ggml.merges", v.merges)
	}
	for _, key := range slices.Sorted(maps.Keys(v.more)) {
		m.Set("tokenizer.ggml."+key, v.more[key])
	}
	return gguf.WriteFile(out, m, nil)
}

// vocab is a vocabulary as GGUF has it.
type vocab struct {
	model  string
	tokens []string
	types  []int32
	scores []float32
	merges []string
	more   map[string]any // further keys below tokenizer.ggml
}

// put sets a token; gaps before it become unused tokens.
func (v *vocab) put(id int, text string, typ int32) {
	for len(v.tokens) <= id {
		v.tokens = append(v.tokens, fmt.Sprintf("[PAD%d]", len(v.tokens)))
		v.types = append(v.types, tokenizer.TypeUnused)
	}
	v.tokens[id], v.types[id] = text, typ
}

// standIns writes bytes as byte-level vocabularies do.
func standIns(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		switch {
		case '!' <= c && c <= '~', 0xA1 <= c && c <= 0xAC, 0xAE <= c:
			out.WriteRune(rune(c))
		case c <= ' ':
			out.WriteRune(0x100 + rune(c))
		case c == 0xAD:
			out.WriteRune(0x143)
		default: // 0x7F to 0xA0
			out.WriteRune(0x121 + rune(c) - 0x7F)
		}
	}
	return out.String()
}

// json reads a tokenizer.json.
func (v *vocab) json(data []byte, pre string) error {
	var in struct {
		Normalizer json.RawMessage
		Added      []struct {
			ID      int
			Content string
			Special bool
		} `json:"added_tokens"`
		Model struct {
			Type   string
			Vocab  json.RawMessage
			Merges []json.RawMessage
			UNK    string `json:"unk_token"`
			UNKID  int    `json:"unk_id"`
		}
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	ids := map[string]int{}
	switch in.Model.Type {
	case "BPE", "WordPiece", "":
		if err := json.Unmarshal(in.Model.Vocab, &ids); err != nil {
			return err
		}
	}
	v.model = "gpt2"
	switch pre {
	case "gemma4", "sarvam-moe", "granite-embed-multi-311m":
		v.model = map[bool]string{true: "gemma4", false: "gpt2"}[pre == "gemma4"]
	}
	switch in.Model.Type {
	case "BPE":
		for text, id := range ids {
			typ := int32(tokenizer.TypeNormal)
			if len(text) == 6 && strings.HasPrefix(text, "<0x") && v.model == "gemma4" {
				typ = tokenizer.TypeByte
			}
			v.put(id, text, typ)
		}
		for _, raw := range in.Model.Merges {
			var pair [2]string
			var joined string
			if err := json.Unmarshal(raw, &joined); err != nil {
				if err := json.Unmarshal(raw, &pair); err != nil {
					return err
				}
				joined = pair[0] + " " + pair[1]
				if strings.Contains(pair[0]+pair[1], " ") {
					return fmt.Errorf("a merge with a space, %q", pair)
				}
			}
			v.merges = append(v.merges, joined)
		}
	case "WordPiece":
		v.model = "bert"
		for text, id := range ids {
			switch {
			case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") && len(text) > 2:
				v.put(id, text, tokenizer.TypeControl)
			case strings.HasPrefix(text, "##"):
				v.put(id, text[2:], tokenizer.TypeNormal)
			default:
				v.put(id, "▁"+text, tokenizer.TypeNormal)
			}
		}
	case "Unigram":
		v.model = "t5"
		var list [][2]any
		if err := json.Unmarshal(in.Model.Vocab, &list); err != nil {
			return err
		}
		for id, x := range list {
			text, _ := x[0].(string)
			score, _ := x[1].(float64)
			v.put(id, text, tokenizer.TypeNormal)
			v.scores = append(v.scores, float32(score))
		}
		v.put(in.Model.UNKID, v.tokens[in.Model.UNKID], tokenizer.TypeUnknown)
		v.more = map[string]any{"unknown_token_id": uint32(in.Model.UNKID)}
		if _, rest, ok := bytes.Cut(in.Normalizer, []byte(`"precompiled_charsmap":"`)); ok {
			text, _, _ := bytes.Cut(rest, []byte(`"`))
			table, err := base64.StdEncoding.DecodeString(string(text))
			if err != nil {
				return err
			}
			v.more["precompiled_charsmap"] = table
		}
	default:
		return fmt.Errorf("model type %q is not known", in.Model.Type)
	}
	for _, a := range in.Added {
		typ := int32(tokenizer.TypeUserDefined)
		if a.Special {
			typ = tokenizer.TypeControl
		}
		v.put(a.ID, a.Content, typ)
	}
	for _, role := range [][2]string{{"<bos>", "bos"}, {"<eos>", "eos"}} { // Gemma's, which must have one
		if id := slices.Index(v.tokens, role[0]); id >= 0 && v.model == "gemma4" {
			if v.more == nil {
				v.more = map[string]any{}
			}
			v.more[role[1]+"_token_id"] = uint32(id)
		}
	}
	for len(v.scores) > 0 && len(v.scores) < len(v.tokens) {
		v.scores = append(v.scores, 0)
	}
	return nil
}

// tekken reads Mistral's form: special tokens first, then tokens by rank.
func (v *vocab) tekken(data []byte) error {
	var in struct {
		Config struct {
			Size    int `json:"default_vocab_size"`
			Special int `json:"default_num_special_tokens"`
		}
		Vocab []struct {
			Rank  int
			Bytes []byte `json:"token_bytes"`
		}
		SpecialTokens []struct {
			Rank  int
			Token string `json:"token_str"`
		} `json:"special_tokens"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	v.model = "gpt2"
	for i := range in.Config.Special {
		v.put(i, fmt.Sprintf("<SPECIAL_%d>", i), tokenizer.TypeControl)
	}
	for _, s := range in.SpecialTokens {
		v.put(s.Rank, s.Token, tokenizer.TypeControl)
	}
	ranks := map[string]int{}
	for _, t := range in.Vocab {
		if t.Rank+in.Config.Special < in.Config.Size {
			ranks[string(t.Bytes)] = t.Rank
		}
	}
	v.ranked(ranks, in.Config.Special)
	return nil
}

// tiktoken reads OpenAI's form: tokens in base64 and their ranks.
func (v *vocab) tiktoken(data []byte) error {
	v.model = "gpt2"
	ranks := map[string]int{}
	for line := range strings.Lines(string(data)) {
		text, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		token, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return err
		}
		rank, err := strconv.Atoi(number)
		if err != nil {
			return err
		}
		ranks[string(token)] = rank
	}
	v.ranked(ranks, 0)
	return nil
}

// ranked puts tokens that are known by their ranks, and works out the merges: a
// token is what the tokens of lower rank leave of it in the end.
func (v *vocab) ranked(ranks map[string]int, first int) {
	tokens := slices.SortedFunc(maps.Keys(ranks), func(a, b string) int { return cmp.Compare(ranks[a], ranks[b]) })
	for _, token := range tokens {
		v.put(first+ranks[token], standIns([]byte(token)), tokenizer.TypeNormal)
		var parts []string
		for i := range len(token) {
			parts = append(parts, token[i:i+1])
		}
		for len(parts) > 2 {
			best, at := ranks[token], -1
			for i := range len(parts) - 1 {
				if rank, ok := ranks[parts[i]+parts[i+1]]; ok && rank < best {
					best, at = rank, i
				}
			}
			if at < 0 {
				break
			}
			parts = slices.Replace(parts, at, at+2, parts[at]+parts[at+1])
		}
		if len(parts) == 2 {
			v.merges = append(v.merges, standIns([]byte(parts[0]))+" "+standIns([]byte(parts[1])))
		}
	}
}

// rwkv reads RWKV's list of Python literals: number, literal, size.
func (v *vocab) rwkv(data []byte) error {
	v.model = "rwkv"
	v.put(0, "<s>", tokenizer.TypeControl)
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		id, rest, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(id)
		if err != nil {
			return err
		}
		literal := rest[:strings.LastIndexByte(rest, ' ')]
		isBytes := strings.HasPrefix(literal, "b")
		literal = strings.TrimPrefix(literal, "b")
		// As Python writes the bytes of it.
		var raw []byte
		for body := literal[1 : len(literal)-1]; len(body) > 0; {
			if body[0] != '\\' {
				raw = append(raw, body[0])
				body = body[1:]
				continue
			}
			size := map[byte]int{'x': 4, 'u': 6, 'U': 10}[body[1]]
			if size == 0 {
				c, ok := map[byte]byte{'n': '\n', 't': '\t', 'r': '\r'}[body[1]]
				if !ok {
					c = body[1]
				}
				raw, body = append(raw, c), body[2:]
				continue
			}
			code, err := strconv.ParseUint(body[2:size], 16, 32)
			if err != nil {
				return err
			}
			if isBytes {
				raw = append(raw, byte(code))
			} else {
				raw = append(raw, string(rune(code))...)
			}
			body = body[size:]
		}
		var text strings.Builder
		for _, c := range raw {
			switch {
			case c == '\n':
				text.WriteString(`\n`)
			case c == '\t':
				text.WriteString(`\t`)
			case c == '\r':
				text.WriteString(`\r`)
			case c == '\\':
				text.WriteString(`\\`)
			case c < ' ' || c > '~':
				fmt.Fprintf(&text, `\x%02x`, c)
			default:
				text.WriteByte(c)
			}
		}
		v.put(n, text.String(), tokenizer.TypeNormal)
	}
	return nil
}

// sentencePiece reads a SentencePiece model, a message of protocol buffers.
func (v *vocab) sentencePiece(data []byte) error {
	v.model = "llama"
	v.more = map[string]any{"unknown_token_id": uint32(0), "bos_token_id": uint32(1), "eos_token_id": uint32(2),
		"add_space_prefix": true, "remove_extra_whitespaces": true}
	return fields(data, func(field int, _ uint64, body []byte) error {
		switch field {
		case 1: // a piece: text, score, type
			text, score, typ := "", float32(0), int32(tokenizer.TypeNormal)
			err := fields(body, func(field int, n uint64, body []byte) error {
				switch field {
				case 1:
					text = string(body)
				case 2:
					score = math.Float32frombits(uint32(n))
				case 3:
					typ = int32(n)
				}
				return nil
			})
			v.put(len(v.tokens), text, typ)
			v.scores = append(v.scores, score)
			return err
		case 2: // the trainer's settings
			return fields(body, func(field int, n uint64, _ []byte) error {
				if field == 3 && n == 1 {
					v.model = "t5"
				}
				for number, name := range map[int]string{40: "unknown", 41: "bos", 42: "eos"} {
					if field == number {
						v.more[name+"_token_id"] = uint32(n)
						if int64(n) < 0 {
							delete(v.more, name+"_token_id")
						}
					}
				}
				return nil
			})
		case 3: // the normaliser's
			return fields(body, func(field int, n uint64, body []byte) error {
				switch field {
				case 2:
					if len(body) > 0 {
						v.more["precompiled_charsmap"] = body
					}
				case 3:
					v.more["add_space_prefix"] = n != 0
				case 4:
					v.more["remove_extra_whitespaces"] = n != 0
				}
				return nil
			})
		}
		return nil
	})
}

// fields reads the fields of a protocol buffers message.
func fields(data []byte, each func(field int, n uint64, body []byte) error) error {
	for len(data) > 0 {
		tag, size := binary.Uvarint(data)
		if size <= 0 {
			return fmt.Errorf("no message of protocol buffers")
		}
		data = data[size:]
		var n uint64
		var body []byte
		switch tag & 7 {
		case 0:
			if n, size = binary.Uvarint(data); size <= 0 {
				return fmt.Errorf("a number has no end")
			}
			data = data[size:]
		case 1, 5:
			width := map[uint64]int{1: 8, 5: 4}[tag&7]
			if len(data) < width {
				return fmt.Errorf("a number has no end")
			}
			for i := range width {
				n |= uint64(data[i]) << (8 * i)
			}
			data = data[width:]
		case 2:
			length, size := binary.Uvarint(data)
			if size <= 0 || length > uint64(len(data)-size) {
				return fmt.Errorf("a field has no end")
			}
			body = data[size : size+int(length)]
			data = data[size+int(length):]
		default:
			return fmt.Errorf("a field of wire type %d", tag&7)
		}
		if err := each(int(tag>>3), n, body); err != nil {
			return err
		}
	}
	return nil
}
