// Command quality measures how true this engine's arithmetic is: perplexity
// beside llama.cpp's on the same text, and the divergence of a model's
// next-token distributions from the same weights run with unrounded float32
// activations. It prints a Markdown fragment.
//
//	go run ./bench/quality [-llama-perplexity PATH] [-sources] MODEL.gguf
//
// With -sources it also lists how much divergence is left when one kind of
// matrix after the other is spared the rounding of its activations.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"freehold/engine"
	"freehold/engine/dialect"
	"freehold/engine/eval"
	"freehold/engine/gguf"
)

type config struct {
	model, text, peer string
	threads, chunk    int
	chunks            int
	sources           bool

	dir    string // of temporary files
	tokens []int32
}

func main() {
	var c config
	flag.StringVar(&c.text, "text", "engine/testdata/perplexity.txt", "text to measure on")
	flag.StringVar(&c.peer, "llama-perplexity", "", "path of llama-perplexity to compare with")
	flag.IntVar(&c.threads, "t", 0, "threads; 0 means one for each physical core")
	flag.IntVar(&c.chunk, "c", 512, "tokens in a chunk, the second half of which is measured")
	flag.IntVar(&c.chunks, "chunks", 0, "chunks to take divergences over; 0 means all")
	flag.BoolVar(&c.sources, "sources", false, "also tell which matrices the divergence comes from")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	c.model = flag.Arg(0)
	if err := c.run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func (c *config) run(ctx context.Context) (err error) {
	text, err := os.ReadFile(c.text)
	if err != nil {
		return err
	}
	f, err := dialect.Open(c.model)
	if err != nil {
		return err
	}
	defer f.Close()
	if c.dir, err = os.MkdirTemp("", "freehold-quality-"); err != nil {
		return err
	}
	defer os.RemoveAll(c.dir)

	reference, err := c.widened(ctx, f, "reference", matrix)
	if err != nil {
		return err
	}
	defer reference.Close()
	m, err := c.open(ctx, c.model, "f16")
	if err != nil {
		return err
	}
	defer m.Close()
	c.tokens = m.Tokenize(string(text), true)

	fmt.Printf("# Quality\n\n%s, %s, %s. %d tokens of `%s` in chunks of %d, the second half of each measured.\n",
		filepath.Base(c.model), m.Info().Quant, m.Info().Backend, len(c.tokens), filepath.Base(c.text), c.chunk)
	if err := c.perplexities(ctx, m); err != nil {
		return err
	}
	fmt.Print("\nDivergence from the same weights in F32 with unrounded activations:\n\n", head)
	for _, kv := range []string{"f16", "q8_0"} {
		m, err := c.open(ctx, c.model, kv)
		if err != nil {
			return err
		}
		for _, k := range []struct {
			name string
			pace engine.Pace
		}{{"prefill kernels", engine.Together}, {"decode kernels", engine.Singly}} {
			d, err := c.compare(ctx, reference, m, k.pace)
			if err != nil {
				return errors.Join(err, m.Close())
			}
			fmt.Print(row(k.name+", KV "+kv, d))
		}
		if err := m.Close(); err != nil {
			return err
		}
	}
	if c.peer != "" {
		if err := c.peerDivergence(ctx); err != nil {
			return err
		}
	}
	if c.sources {
		return c.attribute(ctx, f, reference)
	}
	return nil
}

func (c *config) open(ctx context.Context, path, kv string) (*engine.Model, error) {
	return engine.Open(ctx, path, engine.Options{Threads: c.threads, ContextLength: c.chunk, KVType: kv}, nil)
}

// widened opens a copy of the model with the chosen tensors in F32.
func (c *config) widened(ctx context.Context, f *gguf.File, name string, pick func(string) bool) (*engine.Model, error) {
	path := filepath.Join(c.dir, name+".gguf")
	if err := eval.Widen(path, f, pick); err != nil {
		return nil, err
	}
	return c.open(ctx, path, "f16")
}

// matrix tells the tensors that activations are multiplied with. Norms are
// vectors and in F32 already.
func matrix(name string) bool { return !strings.Contains(name, "_norm") }

func (c *config) compare(ctx context.Context, reference, m *engine.Model, pace engine.Pace) (eval.Divergence, error) {
	return eval.Compare(ctx, follow(reference, engine.Together), follow(m, pace), c.tokens, c.chunk, c.chunks)
}

func follow(m *engine.Model, pace engine.Pace) eval.Follower {
	return func(ctx context.Context, tokens []int32, each func(int, []float32)) error {
		return m.Logits(ctx, tokens, pace, each)
	}
}

const head = "| | positions | mean | ± | 90 % | 99 % | same best token | perplexity / reference's |\n|---|---:|---:|---:|---:|---:|---:|---:|\n"

func row(name string, d eval.Divergence) string {
	return fmt.Sprintf("| %s | %d | %.6f | %.6f | %.5f | %.5f | %.2f %% | %.3f / %.3f |\n",
		name, d.Tokens, d.Mean, d.StdError, d.P90, d.P99, 100*d.SameTop, d.Perplexity, d.ReferencePP)
}

var (
	finalPPL = regexp.MustCompile(`Final estimate: PPL = ([0-9.]+)`)
	meanKLD  = regexp.MustCompile(`Mean +KLD: +([0-9.]+) ± +([0-9.]+)`)
	sameTop  = regexp.MustCompile(`Same top p: +([0-9.]+)`)
)

func (c *config) perplexities(ctx context.Context, m *engine.Model) error {
	p, err := eval.Perplexity(ctx, m, c.tokens, c.chunk, -1)
	if err != nil {
		return err
	}
	fmt.Printf("\nPerplexity: %.4f", p)
	if c.peer != "" {
		b, err := c.llama(ctx, "-m", c.model)
		if err != nil {
			return err
		}
		found := finalPPL.FindSubmatch(b)
		if found == nil {
			return fmt.Errorf("llama-perplexity printed no final estimate:\n%s", b)
		}
		peer, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			return err
		}
		fmt.Printf(", llama.cpp %.4f (%+.3f %%)", peer, 100*(p/peer-1))
	}
	fmt.Println()
	return nil
}

// peerDivergence lets llama.cpp measure itself in the same way: its own run of
// the widened model is its reference.
func (c *config) peerDivergence(ctx context.Context) error {
	logits := filepath.Join(c.dir, "logits")
	if _, err := c.llama(ctx, "-m", filepath.Join(c.dir, "reference.gguf"), "--kl-divergence-base", logits); err != nil {
		return err
	}
	b, err := c.llama(ctx, "-m", c.model, "--kl-divergence-base", logits, "--kl-divergence")
	if err != nil {
		return err
	}
	mean, same := meanKLD.FindSubmatch(b), sameTop.FindSubmatch(b)
	if mean == nil || same == nil {
		return fmt.Errorf("llama-perplexity printed no divergence:\n%s", b)
	}
	fmt.Printf("| llama.cpp, from its own | | %s | %s | | | %s %% | |\n", mean[1], mean[2], same[1])
	return nil
}

func (c *config) llama(ctx context.Context, args ...string) ([]byte, error) {
	args = append(args, "-f", c.text, "-c", strconv.Itoa(c.chunk))
	if c.threads > 0 {
		args = append(args, "-t", strconv.Itoa(c.threads))
	}
	b, err := exec.CommandContext(ctx, c.peer, args...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("llama-perplexity: %w\n%s", err, b)
	}
	return b, nil
}

// attribute spares one kind of matrix after the other.
func (c *config) attribute(ctx context.Context, f *gguf.File, reference *engine.Model) error {
	kinds := map[string]bool{}
	for i := range f.Tensors {
		if name := f.Tensors[i].Name; matrix(name) && f.Tensors[i].Type.String() != "F32" {
			kinds[kind(name)] = true
		}
	}
	fmt.Print("\nWhat is left when one kind of matrix is in F32 (prefill kernels):\n\n", head)
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		m, err := c.widened(ctx, f, "part", func(name string) bool { return kind(name) == k })
		if err != nil {
			return err
		}
		d, err := c.compare(ctx, reference, m, engine.Together)
		if err := cmp.Or(err, m.Close()); err != nil {
			return err
		}
		fmt.Print(row(k, d))
	}
	return nil
}

// kind is a tensor's name without its layer.
func kind(name string) string {
	if rest, ok := strings.CutPrefix(name, "blk."); ok {
		_, rest, _ = strings.Cut(rest, ".")
		return rest
	}
	return name
}
