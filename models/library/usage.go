package library

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"

	"freehold/models/internal/disk"
)

// Usage is what the models take of the disk, in bytes. Weights that several
// models share count once in every sum.
type Usage struct {
	Models    []ModelUse // the largest first
	Used      int64      // by models, in the library's own folder
	Removed   int64      // by removed models only, until Collect
	Unused    int64      // by nothing that the library knows
	Temporary int64      // not complete: being written, or left by a crash
	External  int64      // by models outside the library
	Free      int64      // of the disk that Dir is on; -1 if that cannot be told
	Dir       string     // the folder of the weights
}

// ModelUse is what one model takes.
type ModelUse struct {
	Ref      string
	Bytes    int64
	Shared   bool // with another model: deleting one frees nothing
	External bool
	Tool     string
}

// Usage measures what the models take.
func (l *Library) Usage() (Usage, error) {
	dir, err := l.blobs()
	if err != nil {
		return Usage{}, err
	}
	u := Usage{Dir: dir}
	if u.Free, err = disk.Free(dir); err != nil {
		u.Free = -1
	}
	models, err := l.List()
	if err != nil {
		return u, err
	}
	users := map[string]int{}
	external := map[string]int64{}
	for _, m := range models {
		if m.Path != "" {
			users[weightsName(m)]++
		}
	}
	for _, m := range models {
		if m.Path == "" {
			continue
		}
		name := weightsName(m)
		u.Models = append(u.Models, ModelUse{m.Ref, m.SizeBytes, users[name] > 1, m.External, m.Tool})
		if m.External {
			external[name] = m.SizeBytes
		}
	}
	for _, n := range external {
		u.External += n
	}
	slices.SortStableFunc(u.Models, func(a, b ModelUse) int { return cmp.Compare(b.Bytes, a.Bytes) })

	removed := map[string]bool{}
	trash, err := l.read("trash")
	if err != nil {
		return u, err
	}
	for _, m := range trash {
		if m.Path != "" {
			removed[weightsName(m)] = true
		}
	}
	stored, err := l.stored()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return u, err
	}
	for _, b := range stored {
		switch {
		case b.temporary:
			u.Temporary += b.size
		case users[b.name] > 0:
			u.Used += b.size
		case removed[b.name]:
			u.Removed += b.size
		default:
			u.Unused += b.size
		}
	}
	return u, nil
}
