// Command serve runs a Hugging Face-compatible server on loopback for tests of
// the window and of the terminal. It publishes each folder OWNER/NAME under
// -dir; a file repo.json in such a folder sets the fields of hubtest.Repo.
//
//	go run ./models/hub/hubtest/serve -dir build/cache/hub -address 127.0.0.1:8099
//	HF_ENDPOINT=http://127.0.0.1:8099 freehold
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"freehold/models/hub/hubtest"
)

func main() {
	dir := flag.String("dir", "", "folder with OWNER/NAME/files")
	address := flag.String("address", "127.0.0.1:0", "where to listen, on loopback")
	token := flag.String("token", "hf_test", "the token that opens gated repositories")
	rate := flag.Int64("rate", 0, "bytes a second of downloads; 0: as fast as possible")
	limit := flag.Int("limit", 0, "requests in five minutes; 0: any number")
	flag.Parse()
	if err := serve(*dir, *address, *token, *rate, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func serve(dir, address, token string, rate int64, limit int) error {
	repos, err := read(dir)
	if err != nil {
		return err
	}
	h, err := hubtest.NewHuggingFace(address, repos...)
	if err != nil {
		return err
	}
	defer h.Close()
	h.Token, h.Rate, h.Limit = token, rate, limit
	fmt.Printf("HF_ENDPOINT=%s\n", h.URL)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	<-ctx.Done()
	return nil
}

// read finds the repositories in dir.
func read(dir string) ([]hubtest.Repo, error) {
	folders, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		return nil, err
	}
	var repos []hubtest.Repo
	for _, folder := range folders {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			continue
		}
		r := hubtest.Repo{Modified: time.Now(), Files: map[string]hubtest.File{}}
		if data, err := os.ReadFile(filepath.Join(folder, "repo.json")); err == nil {
			if err := json.Unmarshal(data, &r); err != nil {
				return nil, fmt.Errorf("%s: %w", folder, err)
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		r.ID = filepath.Base(filepath.Dir(folder)) + "/" + filepath.Base(folder)
		err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || e.Name() == "repo.json" || strings.HasPrefix(e.Name(), ".") {
				return err
			}
			name, err := filepath.Rel(folder, path)
			r.Files[filepath.ToSlash(name)] = hubtest.File{Path: path}
			return err
		})
		if err != nil {
			return nil, err
		}
		repos = append(repos, r)
	}
	if len(repos) == 0 {
		return nil, fmt.Errorf("there is no folder OWNER/NAME under %q", dir)
	}
	return repos, nil
}
