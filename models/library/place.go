package library

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"freehold/models/internal/disk"
)

// pointer is blobs.json: where the weights are, if they were moved.
type pointer struct {
	Version int    `json:"version"`
	Dir     string `json:"dir"`
}

func (l *Library) pointerPath() string { return filepath.Join(l.home, "blobs.json") }

// ownBlobs is the folder of weights that were never moved.
func (l *Library) ownBlobs() string { return filepath.Join(l.home, "blobs") }

// blobs returns the folder of the weights. Another process may move them, so
// nothing remembers it.
func (l *Library) blobs() (string, error) {
	var p pointer
	err := readJSON(l.pointerPath(), &p)
	if errors.Is(err, fs.ErrNotExist) {
		return l.ownBlobs(), nil
	}
	if err == nil && (p.Version != 1 || !filepath.IsAbs(p.Dir)) {
		err = errors.New("it names no folder that this Freehold understands")
	}
	if err != nil {
		return "", fmt.Errorf("%s should say where the models are: %w; put it right, or delete it if they are in %s", l.pointerPath(), err, l.ownBlobs())
	}
	return filepath.Clean(p.Dir), nil
}

// Dir returns the folder that holds the weights.
func (l *Library) Dir() (string, error) { return l.blobs() }

// readJSON reads a small file of the library's own. The error is fs.ErrNotExist
// if there is none.
func readJSON(path string, to any) error {
	const limit = 16 << 20
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return errors.New("it is not a small file")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}

func writeJSON(path string, from any) error {
	data, err := json.MarshalIndent(from, "", "  ")
	if err != nil {
		return err
	}
	return disk.WriteFile(path, append(data, '\n'))
}

func (l *Library) moveLock() string { return filepath.Join(l.home, "locks", ".move") }

// stay keeps the weights from being moved until end is called; it waits while
// they are.
func (l *Library) stay(ctx context.Context) (end func(), err error) {
	for {
		end, err := disk.TryShare(l.moveLock())
		if !errors.Is(err, disk.ErrLocked) {
			return end, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// blobSize returns the bytes of a blob, which is a file or a folder of parts.
func blobSize(path string) (int64, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	if !info.IsDir() {
		return info.Size(), nil
	}
	entries, err := os.ReadDir(path)
	var size int64
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			size += info.Size()
		}
	}
	return size, err
}
