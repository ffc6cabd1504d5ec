package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// follow hashes the file in order, as its chunks come, and sends its digest to
// d.result. It reads them back from disk and compares them with the journal,
// so that damage is found chunk by chunk.
func (d *download) follow(ctx context.Context) {
	h := sha256.New()
	buf := make([]byte, d.length(0))
	for i := range d.chunks {
		data := buf[:d.length(i)]
		for {
			sum, ok := d.await(ctx, i)
			if !ok {
				return
			}
			if _, err := d.out.ReadAt(data, int64(i)*d.Chunk); err != nil && !errors.Is(err, io.EOF) {
				d.stop(fmt.Errorf("read %s: %w", d.part(), err))
				return
			}
			if crc32.Checksum(data, castagnoli) == sum {
				break
			}
			if err := d.damaged(i); err != nil {
				d.stop(err)
				return
			}
		}
		h.Write(data)
		d.mu.Lock()
		d.hashed += int64(len(data))
		d.mu.Unlock()
	}
	d.result <- hex.EncodeToString(h.Sum(nil))
}

// await waits until chunk i is there and returns its sum.
func (d *download) await(ctx context.Context, i int) (sum uint32, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.whole(i) {
		if ctx.Err() != nil {
			return 0, false
		}
		d.change.Wait()
	}
	return d.chunks[i].sum, ctx.Err() == nil
}

// damaged forgets chunk i, whose bytes are not those that came.
func (d *download) damaged(i int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &d.chunks[i]
	if c.fresh {
		if c.bad++; c.bad >= 3 {
			return fmt.Errorf("the disk of %s does not keep what is written to it (%s); check it, or move FREEHOLD_HOME to another", d.c.Dir, d.name([]int{i}))
		}
	}
	c.have, c.sum, c.fresh = 0, 0, false
	d.note = "the disk had lost " + d.name([]int{i}) + "; they are fetched again"
	d.record(i)
	d.changed()
	return nil
}

// name says which bytes some chunks, in order, are.
func (d *download) name(chunks []int) string {
	var spans []string
	for n := 0; n < len(chunks); {
		m := n
		for m+1 < len(chunks) && chunks[m+1] == chunks[m]+1 {
			m++
		}
		if len(spans) == 5 {
			return strings.Join(spans, ", ") + fmt.Sprintf(" and %d more", len(chunks)-n)
		}
		from, to := int64(chunks[n])*d.Chunk, min(int64(chunks[m]+1)*d.Chunk, d.Size)
		spans = append(spans, fmt.Sprintf("%d–%d", from, to-1))
		n = m + 1
	}
	return "bytes " + strings.Join(spans, ", ")
}

// differing lists the chunks that came otherwise when they were fetched again.
func (d *download) differing() (chunks []int) {
	for i := range d.chunks {
		if c := &d.chunks[i]; c.again && c.before != c.sum {
			chunks = append(chunks, i)
		}
	}
	return chunks
}

// mend prepares to fetch again what may be wrong in a complete file that has
// the wrong digest, although the disk has kept what came. It returns an error
// if there is no hope left; the file is then gone.
func (d *download) mend(digest string) error {
	var again []int
	current := d.current()
	for i := range d.chunks {
		if d.chunks[i].version != current {
			again = append(again, i)
		}
	}
	differing := d.differing()
	switch {
	case len(again) > 0 && d.round == 0:
		d.note = "the file on the server was changed meanwhile; " + d.name(again) + " are fetched again"
	case d.round == 0:
		again = again[:0]
		for i := range d.chunks {
			again = append(again, i)
		}
		d.round = 1
		d.note = "the file came wrong; it is fetched once more to find out where"
	case d.round == 1 && len(differing) > 0:
		again = differing
		d.round = 2
		d.note = d.name(differing) + " came otherwise the second time; they are fetched once more"
	default:
		err := fmt.Errorf("what the server sent is not the file it should be: sha256 %s instead of %s, the same in two downloads; the server has another file. It was deleted", digest, d.file.SHA256)
		if len(differing) > 0 {
			err = fmt.Errorf("what the server sent is not the file it should be (sha256 %s instead of %s), and %s differ from one download to the next: something on the way changes them. It was deleted", digest, d.file.SHA256, d.name(differing))
		}
		d.close()
		return errors.Join(err, remove(d.base))
	}
	lines := new(strings.Builder)
	for _, i := range again {
		d.again(i)
		lines.WriteString(againLine(i))
	}
	lines.WriteString(roundLine(d.round))
	if err := d.journal.add(lines.String()); err != nil {
		return d.writing(err)
	}
	return nil
}
