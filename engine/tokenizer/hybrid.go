package tokenizer

import "strings"

// whitespaceBPE merges within stretches between white space, which it leaves
// out.
type whitespaceBPE struct {
	*bpe
	lowercase bool
}

func (m whitespaceBPE) encode(s *session, text string) {
	text = repair(text)
	for i := 0; i < len(text); {
		start := runEnd(text, i, space)
		end := runEnd(text, start, visible)
		if word := text[start:end]; m.lowercase {
			var b strings.Builder
			for j := 0; j < len(word); {
				r, n := decodeRune(word, j)
				appendRune(&b, lowered().of(r))
				j += n
			}
			m.bpe.encode(s, b.String())
		} else {
			m.bpe.encode(s, word)
		}
		i = end
	}
}

// dnaBPE is BPE, but between <dna> and </dna> each six letters are a token. Such
// tokens have a mark at their end in the vocabulary, so that they differ from
// tokens of text.
type dnaBPE struct {
	*bpe
	begin, end, unknown int32
}

const (
	dnaBegin   = "<dna>"
	dnaEnd     = "</dna>"
	dnaUnknown = "<oov>"
	dnaMark    = "\uE000"
	dnaSize    = 6
)

// newDNA returns b itself if the vocabulary has no tokens for sequences.
func newDNA(v *vocabulary, b *bpe) encoder {
	m := dnaBPE{b, v.find(dnaBegin), v.find(dnaEnd), v.find(dnaUnknown)}
	if m.unknown != None {
		for id := m.unknown + 1; int(id) < len(v.texts); id++ {
			v.texts[id] = strings.TrimSuffix(v.texts[id], dnaMark)
		}
	}
	if m.begin == None || m.end == None || m.unknown == None {
		return b
	}
	return m
}

func (m dnaBPE) encode(s *session, text string) {
	for {
		before, rest, found := strings.Cut(text, dnaBegin)
		m.bpe.encode(s, before)
		if !found {
			return
		}
		s.ids = append(s.ids, m.begin)
		sequence, rest, closed := strings.Cut(rest, dnaEnd)
		m.encodeSequence(s, sequence)
		if !closed {
			return
		}
		s.ids = append(s.ids, m.end)
		text = rest
	}
}

// encodeSequence appends the tokens of a sequence; A fills up the last.
func (m dnaBPE) encodeSequence(s *session, sequence string) {
	var letters [dnaSize + len(dnaMark)]byte
	copy(letters[dnaSize:], dnaMark)
	for len(sequence) > 0 {
		for i := range dnaSize {
			letters[i] = 'A'
			if i < len(sequence) {
				letters[i] = sequence[i]
				if 'a' <= letters[i] && letters[i] <= 'z' {
					letters[i] -= 'a' - 'A'
				}
			}
		}
		id, ok := m.ids[string(letters[:])]
		if !ok {
			id = m.unknown
		}
		s.ids = append(s.ids, id)
		sequence = sequence[min(dnaSize, len(sequence)):]
	}
}
