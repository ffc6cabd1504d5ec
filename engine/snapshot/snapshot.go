// Package snapshot keeps blocks of the KV cache in a folder, so that a text
// that was read once need not be computed again after a restart.
//
// A block is found by its key, which is a hash of everything its values depend
// on: the model, how the cache is laid out, and all tokens from the beginning
// of the text to the end of the block. Every block is a file of its own:
// written under another name and renamed, never changed, and checked whenever
// it is read. Whatever is damaged, cut short or strange is removed and counts as
// missing, so nothing needs to be synced to the disk, several processes may
// share the folder, and no state of it is an error. The files' times say which
// of them go first when they take more room than allowed.
package snapshot

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Key names a block.
type Key [sha256.Size]byte

// Root returns the key of the empty text for everything named in parts.
func Root(parts ...string) Key {
	h := sha256.New()
	fmt.Fprintf(h, "freehold snapshot %d\n", version)
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s\n", len(p), p)
	}
	return Key(h.Sum(nil))
}

// Next returns the key of the block of tokens behind the text that k names.
func (k Key) Next(tokens []int32) Key {
	b := make([]byte, 0, 512)
	b = append(b, k[:]...)
	for _, t := range tokens {
		b = binary.LittleEndian.AppendUint32(b, uint32(t))
	}
	return sha256.Sum256(b)
}

const (
	suffix     = ".kv"
	tempPrefix = ".tmp-"
	// tempAge is how old an unfinished file is of which nobody writes any more.
	tempAge = 10 * time.Minute
	// farAhead is how far in the future no file's turn is; a clock was wrong.
	farAhead = 100 * 24 * time.Hour
	// cluster is what a file's size is rounded up to on disk.
	cluster = 4096
)

// Store is a folder of blocks. Its methods may be called from any goroutine.
type Store struct {
	dir   string
	limit int64

	// Put holds use for reading, so that Clear can wait for it. on and epoch
	// change while use is held for writing; nobody waits to read them.
	use   sync.RWMutex
	on    atomic.Bool
	epoch atomic.Uint64

	count   sync.Mutex
	counted bool
	total   int64 // bytes in the folder, as far as this process knows
	fresh   int64 // bytes written since the folder was counted
	refused time.Time
}

// ErrNoRoom means that a block would be the first to go to make room for itself.
var ErrNoRoom = errors.New("there is no room for the snapshot")

// Open returns the store in dir, which is made if it is missing and is for the
// user's eyes only. Its files take at most limit bytes.
func Open(dir string, limit int64) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Store{dir: dir, limit: limit}
	s.on.Store(true)
	return s, nil
}

// Switch turns the store on, as it is after Open, or off: then it finds nothing
// and keeps nothing.
func (s *Store) Switch(on bool) {
	s.use.Lock()
	defer s.use.Unlock()
	if s.on.Swap(on) != on {
		s.epoch.Add(1)
	}
}

// Epoch numbers the times between Clears and Switches. What belongs to an
// earlier epoch may not be kept any more.
func (s *Store) Epoch() (epoch uint64, on bool) {
	return s.epoch.Load(), s.on.Load()
}

func (s *Store) path(k Key) string { return filepath.Join(s.dir, hex.EncodeToString(k[:])+suffix) }

// Has tells whether a block seems to be there.
func (s *Store) Has(k Key) bool {
	return s.on.Load() && isFile(s.path(k))
}

func isFile(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular()
}

// Touch gives a block another turn; it returns false if there is no such block.
// Blocks of earlier turns go first.
func (s *Store) Touch(k Key, turn time.Time) bool {
	return s.Has(k) && os.Chtimes(s.path(k), turn, turn) == nil
}

// Get reads a block into dst. It returns false, and dst is undefined, if the
// block is not there or not what it should be.
func (s *Store) Get(k Key, dst []byte) bool {
	if !s.Has(k) {
		return false
	}
	path := s.path(k)
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	err = read(f, k, dst)
	f.Close()
	if err != nil {
		_ = remove(path) // or the next one does
		return false
	}
	return true
}

// Put keeps a block, unless the epoch is over. An error is ErrNoRoom or the
// disk's.
func (s *Store) Put(epoch uint64, k Key, data []byte, turn time.Time) error {
	s.use.RLock()
	defer s.use.RUnlock()
	size := occupied(headerSize + int64(len(data)))
	if !s.on.Load() || s.epoch.Load() != epoch {
		return nil
	}
	if err := s.makeRoom(size, turn); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, tempPrefix) // mode 0600
	if errors.Is(err, fs.ErrNotExist) {        // a user may clear caches by hand
		if err = os.MkdirAll(s.dir, 0o700); err == nil {
			f, err = os.CreateTemp(s.dir, tempPrefix)
		}
	}
	if err != nil {
		return err
	}
	err = write(f, k, data)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chtimes(f.Name(), turn, turn)
	}
	if err == nil {
		err = os.Rename(f.Name(), s.path(k))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	if errors.Is(err, fs.ErrNotExist) || err != nil && isFile(s.path(k)) {
		return nil // another process has cleared the folder, or reads the same block
	}
	return err
}

// makeRoom lets size bytes be added, whose turn to go is given. It counts the
// folder anew when it seems full, and now and then, since other processes may
// write to it.
func (s *Store) makeRoom(size int64, turn time.Time) error {
	s.count.Lock()
	defer s.count.Unlock()
	if !turn.After(s.refused) {
		return ErrNoRoom
	}
	if !s.counted || s.total+size > s.limit || s.fresh > s.limit/8 {
		if err := s.sweep(s.limit-size, turn); err != nil {
			return err
		}
	}
	s.total += size
	s.fresh += size
	return nil
}

// entry is a file of the store.
type entry struct {
	path string
	size int64
	turn time.Time
}

// sweep counts the folder's files and, if they take more than limit, removes
// those whose turn comes before the given one, and a few more than need be.
func (s *Store) sweep(limit int64, turn time.Time) error {
	now := time.Now()
	files, err := s.files(func(e entry) bool { return now.Sub(e.turn) > tempAge })
	if err != nil {
		return err
	}
	total := int64(0)
	for i := range files {
		total += files[i].size
		if files[i].turn.Sub(now) > farAhead {
			files[i].turn = time.Time{}
		}
	}
	if total > limit {
		slices.SortFunc(files, func(a, b entry) int { return a.turn.Compare(b.turn) })
		for _, e := range files {
			if total <= limit-s.limit/16 || !e.turn.Before(turn) {
				break
			}
			if remove(e.path) == nil {
				total -= e.size
			}
		}
	}
	s.total, s.fresh, s.counted = total, 0, true
	if total > limit {
		s.refused = turn
		return ErrNoRoom
	}
	return nil
}

// files lists the store's files and removes those of its unfinished ones that
// are stale. What else is in the folder is not ours.
func (s *Store) files(stale func(entry) bool) ([]entry, error) {
	all, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var files []entry
	for _, d := range all {
		temp := strings.HasPrefix(d.Name(), tempPrefix)
		if !temp && !isBlock(d.Name()) {
			continue
		}
		info, err := d.Info()
		if err != nil || info.IsDir() {
			continue // gone in the meantime
		}
		e := entry{filepath.Join(s.dir, d.Name()), occupied(info.Size()), info.ModTime()}
		switch {
		case !temp:
			files = append(files, e)
		case stale(e):
			_ = remove(e.path) // or the next sweep does
		}
	}
	return files, nil
}

func isBlock(name string) bool {
	name, ok := strings.CutSuffix(name, suffix)
	if !ok || len(name) != hex.EncodedLen(len(Key{})) {
		return false
	}
	_, err := hex.DecodeString(name)
	return err == nil
}

func occupied(size int64) int64 { return (size + cluster - 1) / cluster * cluster }

// remove removes a file; one that somebody else has removed is no error.
func remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Size is how many bytes the blocks take on disk.
func (s *Store) Size() (int64, error) {
	files, err := s.files(func(entry) bool { return false })
	n := int64(0)
	for _, e := range files {
		n += e.size
	}
	return n, err
}

// Clear removes all blocks and sees to it that nothing is kept of what was
// computed before.
func (s *Store) Clear() error {
	s.use.Lock()
	defer s.use.Unlock()
	s.epoch.Add(1)
	s.count.Lock()
	s.counted, s.refused = false, time.Time{}
	s.count.Unlock()
	files, err := s.files(func(entry) bool { return true })
	errs := []error{err}
	for _, e := range files {
		errs = append(errs, remove(e.path))
	}
	return errors.Join(errs...)
}
