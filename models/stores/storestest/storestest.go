// Package storestest lays out stores of other tools in a folder, as these tools
// do, for tests.
package storestest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"freehold/models/stores"
)

// Home is a home folder with the stores of all three tools.
type Home struct {
	t   testing.TB
	dir string
}

// New makes an empty home.
func New(t testing.TB) *Home {
	t.Helper()
	return &Home{t, t.TempDir()}
}

// At is the home that another process made in dir.
func At(t testing.TB, dir string) *Home { return &Home{t, dir} }

// Roots returns the folders of the stores, where the tools have them.
func (h *Home) Roots() stores.Roots {
	return stores.Roots{
		HuggingFace: []string{h.Path(".cache", "huggingface", "hub")},
		Ollama:      []string{h.Path(".ollama", "models")},
		LMStudio:    []string{h.Path(".lmstudio", "models")},
	}
}

// Path is a path in the home.
func (h *Home) Path(parts ...string) string {
	return filepath.Join(append([]string{h.dir}, parts...)...)
}

// HuggingFace puts a file into the cache, as a link to a blob that is named by
// its SHA-256, and returns the path of the link.
func (h *Home) HuggingFace(repo, commit, name, file string) string {
	h.t.Helper()
	folder := h.Path(".cache", "huggingface", "hub", "models--"+dashed(repo))
	blob := filepath.Join(folder, "blobs", Digest(h.t, file))
	h.move(file, blob)
	link := filepath.Join(folder, "snapshots", commit, filepath.FromSlash(name))
	h.mkdir(filepath.Dir(link))
	to, err := filepath.Rel(filepath.Dir(link), blob)
	h.must(err)
	h.must(os.Symlink(to, link))
	h.Write(commit, ".cache", "huggingface", "hub", "models--"+dashed(repo), "refs", "main")
	return link
}

func dashed(repo string) string {
	owner, name := filepath.Split(filepath.FromSlash(repo))
	if owner == "" {
		return name
	}
	return filepath.Clean(owner) + "--" + name
}

// LMStudio puts a file into the folder and returns its path.
func (h *Home) LMStudio(repo, name, file string) string {
	h.t.Helper()
	path := h.Path(".lmstudio", "models", filepath.FromSlash(repo), name)
	h.move(file, path)
	return path
}

// Ollama puts a model into the store: its weights, and texts by the kind of
// their layer (template, system, params, license). It returns the path of the
// weights.
func (h *Home) Ollama(name, tag, file string, texts map[string]string) string {
	h.t.Helper()
	type layer struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int64  `json:"size"`
	}
	digest := Digest(h.t, file)
	info, err := os.Stat(file)
	h.must(err)
	path := h.Path(".ollama", "models", "blobs", "sha256-"+digest)
	h.move(file, path)
	layers := []layer{{"application/vnd.ollama.image.model", "sha256:" + digest, info.Size()}}
	for kind, text := range texts {
		sum := sha256.Sum256([]byte(text))
		d := hex.EncodeToString(sum[:])
		h.Write(text, ".ollama", "models", "blobs", "sha256-"+d)
		layers = append(layers, layer{"application/vnd.ollama.image." + kind, "sha256:" + d, int64(len(text))})
	}
	data, err := json.Marshal(map[string]any{"schemaVersion": 2, "layers": layers})
	h.must(err)
	h.Write(string(data), ".ollama", "models", "manifests", "registry.ollama.ai", "library", name, tag)
	return path
}

// Write writes a file of the home and returns its path.
func (h *Home) Write(content string, parts ...string) string {
	h.t.Helper()
	path := h.Path(parts...)
	h.mkdir(filepath.Dir(path))
	h.must(os.WriteFile(path, []byte(content), 0o600))
	return path
}

func (h *Home) move(from, to string) {
	h.t.Helper()
	h.mkdir(filepath.Dir(to))
	h.must(os.Rename(from, to))
}

func (h *Home) mkdir(dir string) {
	h.t.Helper()
	h.must(os.MkdirAll(dir, 0o700))
}

func (h *Home) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(fmt.Errorf("laying out stores: %w", err))
	}
}

// Digest is the SHA-256 (hex) of a file.
func Digest(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
