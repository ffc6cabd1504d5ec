package tokenizer

// rwkv is the tokenization of RWKV's "world" models: the longest token that
// begins the text, again and again. Tokens are bytes, written with escapes.
type rwkv struct {
	tokens  *trie
	unknown int32
}

func newRWKV(v *vocabulary) (*rwkv, error) {
	keys := make([]key, len(v.texts))
	for id, text := range v.texts {
		keys[id] = key{unescape(text), int32(id)}
	}
	tokens, err := newTrie(keys)
	if err != nil {
		return nil, err
	}
	return &rwkv{tokens: tokens, unknown: v.special.UNK}, nil
}

func (m *rwkv) encode(s *session, text string) { m.encodeWord(s, text) }

func (m *rwkv) encodeWord(s *session, word string) {
	for len(word) > 0 {
		token, size := m.tokens.longest(word)
		if token == None {
			token, size = m.unknown, 1
		}
		if token != None {
			s.ids = append(s.ids, token)
		}
		word = word[size:]
	}
}

// unescape reads \t, \n, \r and \x followed by two hexadecimal digits; any other
// character after a backslash stands for itself.
func unescape(text string) string {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '\\' || i+1 == len(text) {
			if c != '\\' {
				out = append(out, c)
			}
			continue
		}
		i++
		switch c = text[i]; c {
		case 't':
			out = append(out, '\t')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 'x':
			if i+2 < len(text) {
				out = append(out, hexDigit(text[i+1])<<4+hexDigit(text[i+2]))
			}
			i += 2
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// hexDigit takes what is no digit for something all the same, as the reference
// does.
func hexDigit(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}
