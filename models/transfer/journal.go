package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"strings"
	"sync"

	"freehold/models/internal/disk"
)

// The journal lies beside the bytes of an unfinished download and says what
// they are. It is a text file of lines, each with a checksum of its own:
//
//	CRC32C {"format":2,…}                the head, first
//	CRC32C v {"etag":…,"modified":…}     what the server calls the file from here on
//	CRC32C c CHUNK HAVE SUM VERSION      CHUNK holds HAVE bytes with this CRC-32C
//	CRC32C x CHUNK                       CHUNK is to be fetched again and compared
//	CRC32C r ROUND                       so many times the whole came wrong
//
// Lines are only appended, as soon as what they claim was written to the other
// file. A claim is checked against the bytes on disk before it is believed, so
// it does no harm if a crash keeps the claim and loses the bytes: just those
// are fetched again. CRC-32C finds such damage; whether the file is the right
// one is for the SHA-256 of the whole to say.

const (
	format     = 2
	maxJournal = 64 << 20 // bytes that are read of one
	maxChunks  = 1 << 22
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head is what a download is.
type head struct {
	Format int    `json:"format"`
	Ref    string `json:"ref"`
	Name   string `json:"name"`
	Key    string `json:"key"`
	Size   int64  `json:"size"`
	Chunk  int64  `json:"chunk"` // bytes that have one checksum; the last may have fewer
}

// version is what a server calls a state of the file. The zero version says
// nothing.
type version struct {
	ETag     string `json:"etag"`
	Modified string `json:"modified"`
}

// differs tells whether the file was changed between v and w.
func (v version) differs(w version) bool {
	if v.ETag != "" && w.ETag != "" {
		return strings.TrimPrefix(v.ETag, "W/") != strings.TrimPrefix(w.ETag, "W/")
	}
	return v.Modified != "" && w.Modified != "" && v.Modified != w.Modified
}

// chunk is a stretch of the file.
type chunk struct {
	have    int64  // bytes from its beginning that are on disk
	sum     uint32 // their CRC-32C
	version int    // under which they came; index into versions
	again   bool   // it is fetched again,
	before  uint32 // and this was the sum the last time

	// In memory only:
	fresh bool // have came in this run
	owner int  // the connection that fetches it; 0: none
	bad   int  // times its bytes were found damaged
}

// state is what the journal says.
type state struct {
	head
	versions []version
	chunks   []chunk
	round    int // times that the whole was fetched and was wrong
}

func newState(h head) (state, error) {
	if h.Size <= 0 || h.Chunk <= 0 || (h.Size-1)/h.Chunk >= maxChunks {
		return state{}, fmt.Errorf("a file of %d bytes in chunks of %d cannot be downloaded", h.Size, h.Chunk)
	}
	h.Format = format
	return state{head: h, versions: []version{{}}, chunks: make([]chunk, (h.Size-1)/h.Chunk+1)}, nil
}

// length is the size of chunk i.
func (s *state) length(i int) int64 { return min(s.Chunk, s.Size-int64(i)*s.Chunk) }

// whole tells whether all bytes of chunk i are there.
func (s *state) whole(i int) bool { return s.chunks[i].have == s.length(i) }

// have counts the bytes that are there.
func (s *state) have() (n int64) {
	for i := range s.chunks {
		n += s.chunks[i].have
	}
	return n
}

func line(payload string) string {
	return fmt.Sprintf("%08x %s\n", crc32.Checksum([]byte(payload), castagnoli), payload)
}

func (h head) line() string {
	data, _ := json.Marshal(h) // strings and numbers: cannot fail
	return line(string(data))
}

func (v version) line() string {
	data, _ := json.Marshal(v)
	return line("v " + string(data))
}

func (c *chunk) line(i int) string {
	return line(fmt.Sprintf("c %d %d %08x %d", i, c.have, c.sum, c.version))
}

func againLine(i int) string { return line(fmt.Sprintf("x %d", i)) }
func roundLine(n int) string { return line(fmt.Sprintf("r %d", n)) }

// encode writes s as a journal without history.
func (s *state) encode() []byte {
	var b bytes.Buffer
	b.WriteString(s.head.line())
	for _, v := range s.versions[1:] {
		b.WriteString(v.line())
	}
	if s.round > 0 {
		b.WriteString(roundLine(s.round))
	}
	for i := range s.chunks {
		c := s.chunks[i]
		if c.again {
			old := chunk{have: s.length(i), sum: c.before}
			b.WriteString(old.line(i))
			b.WriteString(againLine(i))
		}
		if c.have > 0 {
			b.WriteString(c.line(i))
		}
	}
	return b.Bytes()
}

// decode reads a journal. It stops at the first line that is torn or damaged:
// what follows may be about anything.
func decode(data []byte) (state, error) {
	var s state
	for first := true; ; first = false {
		text, rest, found := bytes.Cut(data, []byte("\n"))
		sum, payload, ok := strings.Cut(string(text), " ")
		if n, err := strconv.ParseUint(sum, 16, 32); !found || !ok || len(sum) != 8 || err != nil || uint32(n) != crc32.Checksum([]byte(payload), castagnoli) {
			if first {
				return state{}, errors.New("the journal has no head")
			}
			return s, nil
		}
		data = rest
		if first {
			var h head
			if err := json.Unmarshal([]byte(payload), &h); err != nil || h.Format != format {
				return state{}, errors.New("the journal is of another kind")
			}
			var err error
			if s, err = newState(h); err != nil {
				return state{}, err
			}
		} else if !s.apply(payload) {
			return s, nil
		}
	}
}

// apply adds what one line says.
func (s *state) apply(payload string) bool {
	kind, rest, _ := strings.Cut(payload, " ")
	switch kind {
	case "v":
		var v version
		if len(s.versions) > maxVersions || json.Unmarshal([]byte(rest), &v) != nil {
			return false
		}
		s.versions = append(s.versions, v)
	case "c":
		var i, ver int
		var c chunk
		if n, err := fmt.Sscanf(rest, "%d %d %x %d", &i, &c.have, &c.sum, &ver); n != 4 || err != nil {
			return false
		}
		if i < 0 || i >= len(s.chunks) || c.have < 0 || c.have > s.length(i) || ver < 0 || ver >= len(s.versions) {
			return false
		}
		old := &s.chunks[i]
		old.have, old.sum, old.version = c.have, c.sum, ver
	case "x":
		i, err := strconv.Atoi(rest)
		if err != nil || i < 0 || i >= len(s.chunks) {
			return false
		}
		s.again(i)
	case "r":
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return false
		}
		s.round = n
	default:
		return false
	}
	return true
}

// again marks chunk i as one to fetch again and compare.
func (s *state) again(i int) {
	c := &s.chunks[i]
	c.again, c.before = true, c.sum
	c.have, c.sum, c.fresh = 0, 0, false
}

// journal is the file.
type journal struct {
	path string
	mu   sync.Mutex
	out  *os.File
	n    int64 // bytes in it
}

// readJournal reads the journal at path.
func readJournal(path string) (state, error) {
	info, err := os.Stat(path)
	if err != nil {
		return state{}, err
	}
	if info.Size() > maxJournal {
		return state{}, errors.New("the journal is too large")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return state{}, err
	}
	return decode(data)
}

// startJournal writes the journal at path anew and opens it for more.
func startJournal(path string, s *state) (*journal, error) {
	j := &journal{path: path}
	return j, j.rewrite(s)
}

// rewrite replaces the file by one without history.
func (j *journal) rewrite(s *state) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	data := s.encode()
	if err := disk.WriteFile(j.path, data); err != nil {
		return err
	}
	out, err := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if j.out != nil {
		j.out.Close()
	}
	j.out, j.n = out, int64(len(data))
	return nil
}

// add appends lines.
func (j *journal) add(lines string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, err := j.out.WriteString(lines)
	j.n += int64(n)
	return err
}

func (j *journal) size() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.n
}

func (j *journal) sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.Sync()
}

func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.out != nil {
		j.out.Close()
		j.out = nil
	}
}
