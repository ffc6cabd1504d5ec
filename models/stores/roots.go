package stores

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Roots are folders of stores. Those that do not exist are passed over.
type Roots struct {
	HuggingFace []string // each holds models--owner--name folders
	Ollama      []string // each holds manifests and blobs
	LMStudio    []string // each holds owner/name/file.gguf
}

// Default returns the folders that the tools use for this user, as their
// environment variables and settings say.
func Default() Roots {
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	return defaults(home, os.Getenv)
}

func defaults(home string, env func(string) string) Roots {
	var r Roots
	under := func(parts ...string) string {
		if home == "" {
			return ""
		}
		return filepath.Join(append([]string{home}, parts...)...)
	}
	add := func(to *[]string, path string, below ...string) {
		if path == "" {
			return
		}
		if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
			path = under(rest)
		}
		if path = filepath.Join(append([]string{path}, below...)...); filepath.IsAbs(path) {
			*to = append(*to, path)
		}
	}

	add(&r.HuggingFace, env("HF_HUB_CACHE"))
	add(&r.HuggingFace, env("HUGGINGFACE_HUB_CACHE"))
	add(&r.HuggingFace, env("HF_HOME"), "hub")
	add(&r.HuggingFace, env("XDG_CACHE_HOME"), "huggingface", "hub")
	add(&r.HuggingFace, under(".cache", "huggingface", "hub"))

	add(&r.Ollama, env("OLLAMA_MODELS"))
	add(&r.Ollama, under(".ollama", "models"))
	if runtime.GOOS != "windows" {
		add(&r.Ollama, "/usr/share/ollama/.ollama/models") // the service that its installer sets up
		add(&r.Ollama, "/var/lib/ollama/.ollama/models")
		add(&r.Ollama, "/var/lib/ollama/models")
	}

	// LM Studio notes where its home is if that was moved, and there where its
	// models are if these were.
	lmHomes := []string{under(".lmstudio"), under(".cache", "lm-studio")}
	if pointer := readSmall(under(".lmstudio-home-pointer"), 4096); pointer != nil {
		lmHomes = append([]string{strings.TrimSpace(string(pointer))}, lmHomes...)
	}
	for _, lm := range lmHomes {
		if lm == "" {
			continue
		}
		var settings struct {
			DownloadsFolder string `json:"downloadsFolder"`
		}
		if json.Unmarshal(readSmall(filepath.Join(lm, "settings.json"), 1<<20), &settings) == nil {
			add(&r.LMStudio, settings.DownloadsFolder)
		}
		add(&r.LMStudio, lm, "models")
	}
	return r
}

// readSmall returns the content of a file of at most limit bytes, nil if there
// is none.
func readSmall(path string, limit int64) []byte {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil || int64(len(data)) > limit {
		return nil
	}
	return data
}
