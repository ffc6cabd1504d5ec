package tokenizer

import "hash/maphash"

// wordCache keeps the tokens of words seen before: text repeats its words, and
// looking one up costs less than merging it. A word has one place, which it
// takes from the word that was there, so no text can make a lookup slow.
type wordCache struct {
	seed  maphash.Seed
	slots []cachedWord
	texts []byte // of the words in slots, and of some that have gone
	ids   []int32
}

type cachedWord struct {
	hash uint64
	text uint32 // offset in texts
	size uint16 // bytes; 0: the slot is free
	n    uint16 // tokens
	ids  [2]int32
}

const (
	cachedSize  = 64      // words of up to this many bytes are kept
	cachedWords = 1 << 14 // in so many slots
	cachedBytes = 1 << 20 // when their texts take more, all are forgotten
)

func newWordCache() *wordCache {
	return &wordCache{seed: maphash.MakeSeed(), slots: make([]cachedWord, cachedWords)}
}

// find appends the tokens of a word to ids, if it is known. The slot is where to
// put it otherwise.
func (c *wordCache) find(word string, ids []int32) (out []int32, slot *cachedWord, ok bool) {
	hash := maphash.String(c.seed, word)
	w := &c.slots[hash%cachedWords]
	if w.hash != hash || w.size == 0 || string(c.texts[w.text:w.text+uint32(w.size)]) != word {
		w.hash, w.size = hash, 0
		return ids, w, false
	}
	switch w.n {
	case 0:
	case 1:
		ids = append(ids, w.ids[0])
	case 2:
		ids = append(ids, w.ids[0], w.ids[1])
	default:
		ids = append(ids, c.ids[w.ids[0]:w.ids[1]]...)
	}
	return ids, w, true
}

// put keeps the tokens of a word in the slot that find gave for it.
func (c *wordCache) put(w *cachedWord, word string, ids []int32) {
	if len(c.texts)+len(word) > cachedBytes {
		hash := w.hash
		clear(c.slots)
		c.texts, c.ids = c.texts[:0], c.ids[:0]
		w.hash = hash
	}
	w.text, w.size, w.n = uint32(len(c.texts)), uint16(len(word)), uint16(min(len(ids), 3))
	c.texts = append(c.texts, word...)
	if len(ids) <= 2 {
		copy(w.ids[:], ids)
		return
	}
	w.ids[0] = int32(len(c.ids))
	c.ids = append(c.ids, ids...)
	w.ids[1] = int32(len(c.ids))
}
