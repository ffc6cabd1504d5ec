package stores

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Most entries of one folder and of a whole store that are looked at.
const (
	maxFolder = 20_000
	maxStore  = 200_000
)

// store is a folder that is searched.
type store struct {
	ctx  context.Context
	name string // as it was given
	root string // without links
	left int    // entries that may still be looked at
	told *problems
}

// openStore returns nil if there is no store at path.
func openStore(ctx context.Context, path string, told *problems) (*store, error) {
	root, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	info, err := os.Stat(root)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.IsDir() {
		return nil, nil
	}
	return &store{ctx: ctx, name: path, root: root, left: maxStore, told: told}, nil
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the models in %s may not be read by this user: %w", path, err)
	}
	return fmt.Errorf("the models in %s cannot be read: %w", path, err)
}

// list returns what lies in dir, sorted by name. A missing folder is empty.
func (s *store) list(dir string) []fs.DirEntry {
	if s.ctx.Err() != nil || s.left <= 0 {
		return nil
	}
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		s.told.add(unreadable(dir, err))
		return nil
	}
	defer f.Close()
	limit := min(maxFolder, s.left)
	entries, err := f.ReadDir(limit)
	if err != nil && !errors.Is(err, io.EOF) {
		s.told.add(unreadable(dir, err))
	}
	s.left -= len(entries)
	if len(entries) == limit {
		if _, err := f.ReadDir(1); err == nil {
			s.told.add(fmt.Errorf("%s holds too many files; only the first %d were looked at", dir, limit))
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries
}

// folders returns the names of the folders in dir, links not among them: one
// might lead back up.
func (s *store) folders(dir string) []string {
	var names []string
	for _, e := range s.list(dir) {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// file is one file of a store.
type file struct {
	path     string // as it lies in the store
	real     string // behind all links
	size     int64
	modified int64 // ms since 1970
}

// look follows path, which must not lead out of the store.
func (s *store) look(path string) (file, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return file{}, fmt.Errorf("%s: %w", path, err)
	}
	if !s.holds(real) {
		return file{}, fmt.Errorf("%s is a link that leads out of its store; import the model by its path if you trust it", path)
	}
	info, err := os.Stat(real)
	if err != nil {
		return file{}, err
	}
	if !info.Mode().IsRegular() {
		return file{}, fmt.Errorf("%s is not a file", path)
	}
	return file{path: path, real: real, size: info.Size(), modified: info.ModTime().UnixMilli()}, nil
}

func (s *store) holds(real string) bool {
	rel, err := filepath.Rel(s.root, real)
	return err == nil && filepath.IsLocal(rel)
}

// weights calls each with every model file in dir and depth levels of folders
// below it. A split model is one call with all its parts.
func (s *store) weights(dir string, depth int, each func(parts []file)) {
	entries := s.list(dir)
	here := map[string]bool{}
	for _, e := range entries {
		here[e.Name()] = true
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.IsDir() {
			if depth > 0 {
				s.weights(path, depth-1, each)
			}
			continue
		}
		if !modelName(e.Name()) {
			continue
		}
		names, err := partNames(e.Name(), here)
		if err != nil {
			s.told.add(fmt.Errorf("%s: %w", path, err))
			continue
		}
		var parts []file
		for _, name := range names {
			f, err := s.look(filepath.Join(dir, name))
			if err != nil {
				s.told.add(err)
				parts = nil
				break
			}
			parts = append(parts, f)
		}
		if len(parts) > 0 {
			each(parts)
		}
	}
}

// modelName tells whether a file's name may be that of a language model.
func modelName(name string) bool {
	low := strings.ToLower(name)
	return strings.HasSuffix(low, ".gguf") && !strings.HasPrefix(low, ".") &&
		!strings.Contains(low, "mmproj") && // the vision half of a model
		!strings.Contains(low, "imatrix") // statistics for quantizing
}

var partPattern = regexp.MustCompile(`^(.+)-(\d{5})-of-(\d{5})\.gguf$`)

// partNames returns the names of all files of the model in the file called name:
// none if it is a later part of one. here says which files there are.
func partNames(name string, here map[string]bool) ([]string, error) {
	match := partPattern.FindStringSubmatch(name)
	if match == nil {
		return []string{name}, nil
	}
	no, _ := strconv.Atoi(match[2])
	count, _ := strconv.Atoi(match[3])
	if no != 1 {
		return nil, nil
	}
	if count < 1 || count > 1000 {
		return nil, fmt.Errorf("a model of %d parts is not believable", count)
	}
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%05d-of-%05d.gguf", match[1], i+1, count)
		if !here[names[i]] {
			return nil, fmt.Errorf("part %d of %d is not there; let the tool that brought the model finish its download", i+1, count)
		}
	}
	return names, nil
}

// stem is a file's name without its ending and part number.
func stem(name string) string {
	if match := partPattern.FindStringSubmatch(name); match != nil {
		return match[1]
	}
	return name[:len(name)-len(filepath.Ext(name))]
}

// of makes a Found of the files of a model.
func (s *store) of(tool string, parts []file) Found {
	f := Found{Tool: tool, Store: s.name, Path: parts[0].path, Name: stem(filepath.Base(parts[0].path))}
	f.Ref = f.Name
	for _, p := range parts {
		f.SizeBytes += p.size
		f.ModifiedAt = max(f.ModifiedAt, p.modified)
		if len(parts) > 1 {
			f.Parts = append(f.Parts, p.path)
		}
	}
	return f
}
