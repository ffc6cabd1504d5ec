// Command getstarter fetches the starter model into build/starter, so that
// tests and the first start have it. Run it in the repository's root.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"freehold/models/catalog"
	"freehold/models/hub"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := fetch(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "starter model:", err)
		os.Exit(1)
	}
}

func fetch(ctx context.Context) error {
	e, f := catalog.Starter()
	path := filepath.Join("build", "starter", f.Ref+".gguf")
	if digest(path) == f.SHA256 {
		return nil
	}
	fmt.Printf("starter model: fetching %s (%s, %d MB, %s)\n", e.Name, f.Quant, f.SizeBytes/1e6, e.Licence)
	c := hub.New(hub.Options{Dir: filepath.Join("build", "cache", "downloads")})
	plan, err := c.Lookup(ctx, f.Ref)
	if err != nil {
		return err
	}
	got, _, err := c.Fetch(ctx, plan, nil)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Rename(got[0], path); err != nil {
		return err
	}
	fmt.Println("starter model: checked and ready in", path)
	return nil
}

// digest returns the SHA-256 of the file at path, "" if there is none.
func digest(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}
