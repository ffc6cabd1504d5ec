// Command weights writes GGUF models of real shapes with random weights, for
// measuring speed, which does not depend on the values. llama.cpp loads them too.
//
//	go run ./bench/weights -shape llama-3.2-1b -quant Q4_K_M -out FILE.gguf
//
// Types are chosen as llama-quantize chooses them for the mixture; -pure gives
// all matrices the mixture's main type.
package main

import (
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"

	"freehold/engine/dialect"
	"freehold/engine/synthetic"
	"freehold/engine/tensor"
)

func main() {
	shapes := strings.Join(slices.Sorted(maps.Keys(synthetic.Shapes)), ", ")
	shape := flag.String("shape", "llama-3.2-1b", "one of "+shapes)
	quant := flag.String("quant", "Q4_K_M", "mixture, or type with -pure")
	pure := flag.Bool("pure", false, "the same type everywhere")
	out := flag.String("out", "", "file to write")
	seed := flag.Uint64("seed", 1, "of the random weights")
	flag.Parse()
	log.SetFlags(0)
	l, ok := synthetic.Shapes[*shape]
	if !ok {
		log.Fatalf("there is no shape %q; there are %s", *shape, shapes)
	}
	m, err := synthetic.MixtureByName(*quant)
	if err != nil {
		log.Fatal(err)
	}
	if *out == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	m.Pure = *pure
	l.Mixture, l.Name, l.Seed = &m, "synthetic "+*shape, *seed
	if err := l.WriteFile(*out); err != nil {
		log.Fatal(err)
	}
	if err := describe(*out); err != nil {
		log.Fatal(err)
	}
}

// describe prints how many matrices the file has of each type.
func describe(path string) error {
	f, err := dialect.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	count, bytes := map[tensor.Type]int{}, int64(0)
	for _, t := range f.Tensors {
		bytes += int64(len(t.Data))
		if len(t.Shape) >= 2 {
			count[t.Type]++
		}
	}
	fmt.Printf("%s: %d bytes, tensors %d bytes;", path, f.Size(), bytes)
	for _, t := range slices.Sorted(maps.Keys(count)) {
		fmt.Printf(" %d %s", count[t], t)
	}
	fmt.Println()
	return nil
}
