// Command tokens compares our tokenizer with llama.cpp's on texts of many
// languages, id for id, and measures both:
//
//	go run ./bench/tokens -llama LLAMA.CPP [-pre all] [-bytes 10000000] [-text DIR,DIR] FILE.gguf...
//
// LLAMA.CPP is a source tree in which the libraries have been built (build/bin).
// Each file needs no more than a vocabulary. With -pre the vocabulary is also
// read under other names of pre-tokenizers, which tests their expressions; any
// vocabulary of bytes will do for that.
//
// Vocabularies in other forms (tokenizer.json, SentencePiece models, tekken and
// tiktoken files, RWKV's list) are turned into such files by
//
//	go run ./bench/tokens -from tokenizer.json [-pre qwen2] FILE.gguf
//
// The golden data of the tokenizer's tests are made by
//
//	go run ./bench/tokens -llama LLAMA.CPP -golden engine/tokenizer/testdata/small
//
// Times are of the processor, one thread each.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"freehold/engine/gguf"
	"freehold/engine/tokenizer"
)

func main() {
	log.SetFlags(0)
	tree := flag.String("llama", "", "llama.cpp tree, built")
	pre := flag.String("pre", "", "names of pre-tokenizers, parted by commas; all: every one that is known")
	size := flag.Int("bytes", 10_000_000, "size of the text")
	seed := flag.Uint64("seed", 1, "seed of the text")
	dirs := flag.String("text", "/usr/share,/usr/local/go/src", "directories with real text, parted by commas")
	from := flag.String("from", "", "vocabulary to turn into a GGUF file, instead of comparing")
	set := flag.String("set", "", "settings to read the vocabulary under, as key=true,key=false; keys without tokenizer.ggml.")
	small := flag.String("golden", "", "directory whose golden data to make, instead of comparing; with -make also its texts and vocabularies")
	makeAll := flag.Bool("make", false, "see -golden")
	show := flag.Int("show", 3, "differences to show for each vocabulary")
	flag.Parse()
	if (flag.NArg() == 0) != (*small != "") || (*tree == "") == (*from == "") {
		flag.Usage()
		os.Exit(2)
	}
	ctx := context.Background()
	if *small != "" {
		if err := makeGolden(ctx, *tree, *small, *makeAll); err != nil {
			log.Fatal(err)
		}
		return
	}
	if *from != "" {
		if err := convert(*from, *pre, flag.Arg(0)); err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := compareAll(ctx, *tree, flag.Args(), names(*pre), *set, *size, *seed, strings.Split(*dirs, ","), *show); err != nil {
		log.Fatal(err)
	}
}

func makeGolden(ctx context.Context, tree, dir string, all bool) error {
	if all {
		if err := makeLines(filepath.Join(dir, "lines.txt")); err != nil {
			return err
		}
		if err := makeSmall(dir); err != nil {
			return err
		}
	}
	work, err := os.MkdirTemp("", "tokens")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	ref, err := buildReference(ctx, tree, work)
	if err != nil {
		return err
	}
	if err := goldenEnds(ctx, ref, dir); err != nil {
		return err
	}
	return golden(ctx, ref, dir)
}

// names reads the flag -pre; the empty name is the file's own.
func names(list string) []string {
	switch list {
	case "":
		return []string{""}
	case "all":
		return tokenizer.Pretokenizers()
	}
	return strings.Split(list, ",")
}

func compareAll(ctx context.Context, tree string, paths, pres []string, set string, size int, seed uint64, dirs []string, show int) error {
	dir, err := os.MkdirTemp("", "tokens")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ref, err := buildReference(ctx, tree, dir)
	if err != nil {
		return err
	}
	fmt.Println("| vocabulary | model | pre | tokens | bytes | texts | differ | pieces differ | ours MB/s | llama.cpp MB/s |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|")
	bad := 0
	for _, path := range paths {
		texts, err := textsFor(path, seed, size, dirs)
		if err != nil {
			return err
		}
		for _, pre := range pres {
			n, err := compare(ctx, ref, path, pre, set, texts, show)
			if err != nil {
				log.Printf("%s %s: %v", filepath.Base(path), pre, err)
				bad++
			}
			bad += n
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d differences", bad)
	}
	return nil
}

// textsFor makes the texts for a vocabulary, among them its special tokens.
func textsFor(path string, seed uint64, size int, dirs []string) ([]text, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	v, err := tokenizer.ReadVocab(f)
	if err != nil {
		return nil, err
	}
	var special []string
	for i, typ := range v.Types {
		if typ == tokenizer.TypeControl || typ == tokenizer.TypeUserDefined || typ == tokenizer.TypeUnknown {
			special = append(special, strings.Clone(v.Tokens[i]))
		}
	}
	return corpus(seed, size, dirs, special), nil
}

// compare prints a line of the table and returns the number of differences.
func compare(ctx context.Context, ref *reference, path, pre, set string, texts []text, show int) (int, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if pre != "" {
		set = strings.Trim("pre="+pre+","+set, ",")
	}
	overrides := overridesOf(set)
	override(&f.Meta, overrides)
	t, err := tokenizer.FromGGUF(f)
	if err != nil {
		return 0, err
	}
	model, _ := f.Meta.String("tokenizer.ggml.model")
	pre, _ = f.Meta.String("tokenizer.ggml.pre")
	if model != "gpt2" {
		pre = set
	}

	want, err := ref.run(ctx, path, overrides, texts)
	if err != nil {
		return 0, err
	}
	encode := func(i int) []int32 {
		return t.Encode(texts[i].text, tokenizer.Options{AddSpecial: texts[i].flags&1 != 0, ParseSpecial: texts[i].flags&2 != 0})
	}
	total := 0
	start := processorTime()
	for i := range want.tokens {
		total += len(texts[i].text)
		encode(i)
	}
	spent := processorTime() - start

	got := make([][]int32, len(want.tokens))
	for i := range got {
		got[i] = encode(i)
	}
	differ := 0
	for i := range got {
		if slices.Equal(got[i], want.tokens[i]) {
			continue
		}
		if differ++; differ <= show {
			fmt.Println(difference(t, texts[i], got[i], want.tokens[i]))
		}
	}
	pieces := 0
	if model == "whitespace" {
		want.pieces = nil // llama.cpp takes them for stand-ins, which they are not
	}
	for id, p := range want.pieces {
		id := int32(id)
		// llama.cpp writes [UNK_BYTE_…] for characters that stand for no byte; to
		// us they stand for themselves.
		if (string(t.Piece(id)) == p.text || strings.HasPrefix(p.text, "[UNK_BYTE_")) && t.IsEOG(id) == p.end && t.IsControl(id) == p.control {
			continue
		}
		if pieces++; pieces <= show {
			fmt.Printf("token %d %q: piece %q, ends %v, control %v; want %q, %v, %v\n",
				id, t.Token(id), t.Piece(id), t.IsEOG(id), t.IsControl(id), p.text, p.end, p.control)
		}
	}
	fmt.Printf("| %s | %s | %s | %d | %d | %d | %d | %d | %.1f | %.2f |\n", filepath.Base(path), model, pre, t.Size(), total, len(got),
		differ, pieces, speed(total, spent), speed(total, want.time))
	if want.failed != nil {
		at := ""
		if n := len(want.tokens); n < len(texts) {
			at = fmt.Sprintf(" at %.200q", texts[n].text)
		}
		return differ + pieces, fmt.Errorf("llama.cpp ended%s: %w", at, want.failed)
	}
	return differ + pieces, nil
}

func speed(bytes int, t time.Duration) float64 { return float64(bytes) / 1e6 / max(t.Seconds(), 1e-9) }

// processorTime is what this process has used so far, garbage collection included.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// difference shows the first place where tokens differ.
func difference(t *tokenizer.Tokenizer, in text, got, want []int32) string {
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	around := func(ids []int32) string {
		var b strings.Builder
		for i := max(0, at-3); i < min(len(ids), at+6); i++ {
			fmt.Fprintf(&b, " %d:%q", ids[i], t.Token(ids[i]))
		}
		return b.String()
	}
	return fmt.Sprintf("differs at token %d of %.300q (flags %d)\n  got%s\n want%s", at, in.text, in.flags, around(got), around(want))
}
