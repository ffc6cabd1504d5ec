// Command conformance prints how far the engine is from llama.cpp on the tiny
// models of engine/conformance, or records what llama.cpp computes with them, as
// golden files for the engine's tests:
//
//	go run ./bench/conformance [-only NAMES] [-doc FILE]
//	go run ./bench/conformance -llama DIR [-only NAMES] [-search N]
//
// DIR is a checkout of llama.cpp with its shared libraries in build/bin. A small
// C program that uses llama.h is compiled with cc and run on every model on the
// CPU alone: in one batch, token by token, in chunks, with two threads, and with
// a float16 cache. Where these runs of llama.cpp do not agree among themselves,
// or two logits are nearly tied for the greatest, no other engine could be held
// to them: such models are refused, and -search finds a seed that does better.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"freehold/engine/conformance"
)

//go:embed llama/logits.c
var source []byte

// What a golden must satisfy to be recorded.
const (
	noiseLimit  = 2e-4 // between llama.cpp's own runs
	halfLimit   = 1e-1 // what a float16 cache may change: more means that an expert was chosen by chance
	marginLimit = 1e-2 // between a row's two greatest logits
)

func main() {
	log.SetFlags(0)
	llama := flag.String("llama", "", "record with this checkout of llama.cpp, built in build")
	only := flag.String("only", "", "only these variants, separated by commas")
	out := flag.String("out", "engine/conformance/testdata", "folder of the golden files")
	missing := flag.Bool("missing", false, "record only what has no golden of the present model")
	doc := flag.String("doc", "", "write the matrix as Markdown to this file too")
	search := flag.Int("search", 0, "try seeds 1 to this for variants that are refused, and keep the first that will do")
	flag.Parse()
	chosen := func(name string) bool { return *only == "" || slices.Contains(strings.Split(*only, ","), name) }
	var err error
	if *llama == "" {
		err = matrix(context.Background(), os.Stdout, chosen, *doc)
	} else {
		err = run(*llama, chosen, *out, *missing, *search)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(llama string, only func(string) bool, out string, missing bool, search int) error {
	dir, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r, err := compile(llama, dir)
	if err != nil {
		return err
	}
	seeds := conformance.Seeds()
	var failed []string
	for _, v := range conformance.Variants() {
		if !only(v.Name) {
			continue
		}
		if v.Same != "" {
			if err := r.same(v); err != nil {
				log.Printf("%-28s %v", v.Name, err)
				failed = append(failed, v.Name)
			}
			continue
		}
		if missing {
			if g, err := v.Golden(); err == nil {
				if sum, err := v.WriteFile(r.model); err == nil && sum == g.Model {
					continue
				}
			}
		}
		g, err := r.record(v, 0)
		for seed := uint64(1); err != nil && seed <= uint64(search); seed++ {
			if g, err = r.record(v, seed); err == nil {
				seeds[v.Name] = seed
				if err := saveSeeds(out, seeds); err != nil {
					return err
				}
			}
		}
		if err != nil {
			log.Printf("%-28s %v", v.Name, err)
			failed = append(failed, v.Name)
			continue
		}
		log.Printf("%-28s noise %.1e, float16 cache %.1e, margin %.3f, %s", v.Name, g.Noise, g.Half, g.Margin, describe(g, v))
		b, err := g.Encode()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, v.GoldenName()), b, 0o644); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("not recorded: %s", strings.Join(failed, ", "))
	}
	return nil
}

func saveSeeds(dir string, seeds map[string]uint64) error {
	b, err := json.MarshalIndent(seeds, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "seeds.json"), append(b, '\n'), 0o644)
}

// runner runs the compiled program.
type runner struct {
	program, libraries string
	model              string // where models are written
	version            string
}

func compile(llama, dir string) (*runner, error) {
	lib := filepath.Join(llama, "build", "bin")
	r := &runner{program: filepath.Join(dir, "logits"), libraries: lib, model: filepath.Join(dir, "model.gguf")}
	c := filepath.Join(dir, "logits.c")
	if err := os.WriteFile(c, source, 0o644); err != nil {
		return nil, err
	}
	cc := exec.Command("cc", "-O1", "-Wall", "-o", r.program, c,
		"-I", filepath.Join(llama, "include"), "-I", filepath.Join(llama, "ggml", "include"),
		"-L", lib, "-Wl,-rpath-link,"+lib, "-lllama", "-lggml", "-lggml-base")
	if b, err := cc.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling logits.c against %s: %w\n%s", llama, err, b)
	}
	r.version = version(llama)
	return r, nil
}

// version asks llama-server, or else the source tree.
func version(llama string) string {
	lib := filepath.Join(llama, "build", "bin")
	cmd := exec.Command(filepath.Join(lib, "llama-server"), "--version")
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+lib)
	if b, err := cmd.CombinedOutput(); err == nil {
		if m := regexp.MustCompile(`version: (.+)`).FindSubmatch(b); m != nil {
			return "llama.cpp " + strings.TrimSpace(string(m[1]))
		}
	}
	b, err := exec.Command("git", "-C", llama, "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "llama.cpp of unknown version"
	}
	return "llama.cpp " + strings.TrimSpace(string(b))
}

// record writes the variant's model, with its own seed if seed is 0, and runs
// it in all ways.
func (r *runner) record(v conformance.Variant, seed uint64) (*conformance.Golden, error) {
	var file bytes.Buffer
	write := func() error { return v.Write(&file) }
	if seed != 0 {
		write = func() error { return v.WriteSeed(&file, seed) }
	}
	if err := write(); err != nil {
		return nil, err
	}
	if err := os.WriteFile(r.model, file.Bytes(), 0o644); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(file.Bytes())
	g := &conformance.Golden{Model: hex.EncodeToString(sum[:]), Engine: r.version, Context: conformance.Context}

	all := conformance.Positions
	var err error
	if g.Values, err = r.run(v, 1, "f32", all); err != nil {
		return nil, err
	}
	g.Rows, g.Cols = 1, len(g.Values)
	if v.Kind == conformance.Logits || v.Pooling == "none" {
		g.Rows, g.Cols = all, len(g.Values)/all
	}
	if g.Margin = margin(g); v.Kind == conformance.Logits && g.Margin < marginLimit {
		return nil, fmt.Errorf("two greatest logits are %.4f apart", g.Margin)
	}
	other := []struct{ threads, chunk int }{{2, all}}
	if v.Kind == conformance.Logits {
		other = append(other, []struct{ threads, chunk int }{{1, 1}, {1, 24}, {2, 5}}...)
	}
	for _, o := range other {
		values, err := r.run(v, o.threads, "f32", o.chunk)
		if err != nil {
			return nil, err
		}
		g.Noise = max(g.Noise, conformance.MaxDifference(g.Values, values))
	}
	half, err := r.run(v, 1, "f16", all)
	if err != nil {
		return nil, err
	}
	g.Half = conformance.MaxDifference(g.Values, half)
	return g, judge(g)
}

// same checks that llama.cpp computes with a variant what it computes with the
// one that it is another spelling of, unless it does not load it.
func (r *runner) same(v conformance.Variant) error {
	g, err := v.Golden()
	if err != nil {
		return err
	}
	if _, err := v.WriteFile(r.model); err != nil {
		return err
	}
	values, err := r.run(v, 1, "f32", conformance.Positions)
	if err != nil {
		log.Printf("%-28s is not loaded by llama.cpp", v.Name)
		return nil //nolint:nilerr // it then stays unmeasured, which the log says
	}
	if d := conformance.MaxDifference(values, g.Values); d > noiseLimit {
		return fmt.Errorf("llama.cpp's logits differ by %.1e from those of %s", d, v.Same)
	}
	log.Printf("%-28s the same as %s", v.Name, v.Same)
	return nil
}

func judge(g *conformance.Golden) error {
	for _, x := range g.Values {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return errors.New("values are not finite")
		}
	}
	switch {
	case g.Noise > noiseLimit:
		return fmt.Errorf("llama.cpp's own runs differ by %.1e (float16 cache %.1e, margin %.3f)", g.Noise, g.Half, g.Margin)
	case g.Half > halfLimit:
		return fmt.Errorf("a float16 cache changes %.1e (noise %.1e, margin %.3f)", g.Half, g.Noise, g.Margin)
	}
	return nil
}

// margin is the least distance between a row's two greatest values.
func margin(g *conformance.Golden) float64 {
	least := math.Inf(1)
	if g.Cols < 2 {
		return 0
	}
	for i := range g.Rows {
		row := slices.Sorted(slices.Values(g.Row(i)))
		least = min(least, float64(row[len(row)-1])-float64(row[len(row)-2]))
	}
	return least
}

// describe tells how varied the values are.
func describe(g *conformance.Golden, v conformance.Variant) string {
	sum, square := 0.0, 0.0
	for _, x := range g.Values {
		sum, square = sum+float64(x), square+float64(x)*float64(x)
	}
	n := float64(len(g.Values))
	s := fmt.Sprintf("deviation %.2f", math.Sqrt(square/n-sum*sum/n/n))
	if v.Kind != conformance.Logits {
		return s
	}
	distinct, same := map[int]bool{}, 0
	for i, t := range conformance.Tokens() {
		best := conformance.Argmax(g.Row(i))
		distinct[best] = true
		if best == int(t) {
			same++
		}
	}
	return fmt.Sprintf("%s, %d different greatest, %d of them the token itself", s, len(distinct), same)
}

// run gives the program the tokens and reads its values.
func (r *runner) run(v conformance.Variant, threads int, cache string, chunk int) ([]float32, error) {
	mode := "logits"
	if v.Kind == conformance.Embedding {
		mode = v.Pooling
	}
	var in, out, problems bytes.Buffer
	if err := binary.Write(&in, binary.LittleEndian, conformance.Tokens()); err != nil {
		return nil, err
	}
	cmd := exec.Command(r.program, r.model, mode, strconv.Itoa(threads), cache, strconv.Itoa(chunk), strconv.Itoa(conformance.Context))
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+r.libraries)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, lastLines(problems.String()))
	}
	if out.Len() == 0 || out.Len()%4 != 0 {
		return nil, fmt.Errorf("llama.cpp gave %d bytes", out.Len())
	}
	values := make([]float32, out.Len()/4)
	return values, binary.Read(&out, binary.LittleEndian, values)
}

// lastLines shortens what llama.cpp says.
func lastLines(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-6):], "\n")
}
