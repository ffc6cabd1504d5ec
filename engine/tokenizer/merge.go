package tokenizer

// A joiner knows which neighbouring symbols of a word merge, and into what.
type joiner interface {
	// join returns the rank and the symbol of the merge of left and right, which
	// stand side by side in word; ok is false if they do not merge. A lower rank
	// merges first.
	join(word string, left, right *part) (rank, symbol int32, ok bool)
}

// part is a stretch of a word that has become one symbol.
type part struct {
	start, end int32 // bytes of the word
	symbol     int32 // the joiner's number for it, -1 if it has none
	prev, next int32 // neighbours, -1 at the ends; used by mergeLong only

	rank, joined int32 // the merge with the part after it; used by mergeShort only
}

// candidate is a merge that may still be possible.
type candidate struct {
	rank        int32
	left, right int32 // parts
	end         int32 // of the right part when the candidate was found
	symbol      int32 // what the two become
}

// merger joins the parts of a word: always the pair of lowest rank, the leftmost
// among equals, until no pair merges. It holds buffers that words share.
type merger struct {
	parts []part
	queue []candidate
}

// shortWord is the number of parts up to which scanning for the best pair is
// faster than keeping a queue.
const shortWord = 24

const noRank = int32(1<<31 - 1)

// merge joins m.parts, which the caller has filled with the first symbols of
// word, and returns what remains.
func (m *merger) merge(word string, j joiner) []part {
	if len(m.parts) <= shortWord {
		return m.mergeShort(word, j)
	}
	return m.mergeLong(word, j)
}

func (m *merger) mergeShort(word string, j joiner) []part {
	p := m.parts
	if len(p) == 0 {
		return p
	}
	rate := func(i int) {
		p[i].rank = noRank
		if i+1 < len(p) {
			if rank, symbol, ok := j.join(word, &p[i], &p[i+1]); ok {
				p[i].rank, p[i].joined = rank, symbol
			}
		}
	}
	for i := range p {
		rate(i)
	}
	for {
		best := 0
		for i := 1; i < len(p); i++ {
			if p[i].rank < p[best].rank {
				best = i
			}
		}
		if p[best].rank == noRank {
			return p
		}
		p[best].end, p[best].symbol = p[best+1].end, p[best].joined
		copy(p[best+1:], p[best+2:])
		p = p[:len(p)-1]
		rate(best)
		if best > 0 {
			rate(best - 1)
		}
	}
}

func (m *merger) mergeLong(word string, j joiner) []part {
	p := m.parts
	m.queue = m.queue[:0]
	for i := range p {
		p[i].prev, p[i].next = int32(i-1), int32(i+1)
	}
	p[len(p)-1].next = -1
	for i := range p {
		if c, ok := m.candidate(word, j, int32(i)); ok {
			m.queue = append(m.queue, c)
		}
	}
	for i := len(m.queue)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	for len(m.queue) > 0 {
		c := m.queue[0]
		last := len(m.queue) - 1
		m.queue[0] = m.queue[last]
		m.queue = m.queue[:last]
		m.sink(0)

		left, right := &p[c.left], &p[c.right]
		if left.next != c.right || right.end != c.end {
			continue // one of the two has merged since
		}
		left.end, left.symbol, left.next = right.end, c.symbol, right.next
		right.end, right.next = -1, -1
		if left.next >= 0 {
			p[left.next].prev = c.left
		}
		if left.prev >= 0 {
			m.push(m.candidate(word, j, left.prev))
		}
		m.push(m.candidate(word, j, c.left))
	}
	n := 0
	for i := int32(0); i >= 0; {
		next := p[i].next
		p[n] = p[i]
		n, i = n+1, next
	}
	return p[:n]
}

// candidate returns the merge of part i with the one after it.
func (m *merger) candidate(word string, j joiner, i int32) (c candidate, ok bool) {
	right := m.parts[i].next
	if right < 0 {
		return c, false
	}
	rank, symbol, ok := j.join(word, &m.parts[i], &m.parts[right])
	return candidate{rank: rank, left: i, right: right, end: m.parts[right].end, symbol: symbol}, ok
}

func (c *candidate) before(d *candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.left < d.left
}

// push adds a candidate to the queue, a binary heap.
func (m *merger) push(c candidate, ok bool) {
	if !ok {
		return
	}
	m.queue = append(m.queue, c)
	q := m.queue
	for i := len(q) - 1; i > 0; {
		up := (i - 1) / 2
		if !q[i].before(&q[up]) {
			break
		}
		q[i], q[up] = q[up], q[i]
		i = up
	}
}

func (m *merger) sink(i int) {
	q := m.queue
	for {
		child := 2*i + 1
		if child >= len(q) {
			return
		}
		if child+1 < len(q) && q[child+1].before(&q[child]) {
			child++
		}
		if !q[child].before(&q[i]) {
			return
		}
		q[i], q[child] = q[child], q[i]
		i = child
	}
}
