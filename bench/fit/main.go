// Command fit compares what package fit predicts of models on this machine with
// what they then take: memory and writing speed at several contexts.
//
//	go run ./bench/fit [-contexts 2048,8192,32768] [-kv f16] MODEL.gguf…
//
// Memory is the resident set of a process that opened the model as the app does
// and answered a prompt, without what Go's runtime had before, plus what a full
// cache adds, which a second process tells whose cache is filled block by block.
// Weights that are mapped count as far as they are resident. Speed is the median
// over writing some tokens with that much in the cache.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"freehold/engine/dialect"
	"freehold/engine/fit"
	"freehold/engine/profile"
)

func main() {
	log.SetFlags(0)
	contexts := flag.String("contexts", "2048,8192,32768", "tokens")
	kv := flag.String("kv", "f16", "type of the cache")
	asJSON := flag.Bool("json", false, "print JSON lines")
	child := flag.String("child", "", "what a child process is to do (internal)")
	flag.Parse()
	ctx := context.Background()
	var err error
	if *child != "" {
		err = runChild(ctx, *child, flag.Args())
	} else {
		err = compare(ctx, *contexts, *kv, *asJSON, flag.Args())
	}
	if err != nil {
		log.Fatal(err)
	}
}

// line is one model at one context.
type line struct {
	Model           string  `json:"model"`
	Context         int     `json:"context"`
	KV              string  `json:"kv"`
	PredictedMemory int64   `json:"predictedMemory"`
	MeasuredMemory  int64   `json:"measuredMemory"`
	PredictedSpeed  float64 `json:"predictedSpeed"`
	MeasuredSpeed   float64 `json:"measuredSpeed"`
}

func compare(ctx context.Context, list, kv string, asJSON bool, models []string) error {
	if len(models) == 0 {
		return errors.New("give GGUF files")
	}
	p, err := profile.Measure(ctx, 0)
	if err != nil {
		return err
	}
	if !asJSON {
		fmt.Printf("reads %.1f GB/s, %.0f GOP/s int8, %d threads\n\n", p.Read/1e9, p.Int8/1e9, p.Threads)
		fmt.Println("| model | context | KV | memory predicted | measured | off | tokens/s predicted | measured | off |")
		fmt.Println("|---|--:|---|--:|--:|--:|--:|--:|--:|")
	}
	for _, path := range models {
		n, err := needs(path)
		if err != nil {
			return err
		}
		for _, word := range strings.Split(list, ",") {
			tokens, err := strconv.Atoi(strings.TrimSpace(word))
			if err != nil || tokens < 1024 {
				return fmt.Errorf("%q is no context of 1024 tokens or more", word)
			}
			l, err := one(ctx, p, n, path, tokens, kv)
			if err != nil {
				return fmt.Errorf("%s at %d: %w", path, tokens, err)
			}
			if asJSON {
				text, err := json.Marshal(l)
				if err != nil {
					return err
				}
				fmt.Printf("%s\n", text)
				continue
			}
			fmt.Printf("| %s | %d | %s | %d MB | %d MB | %+.0f %% | %.1f | %.1f | %+.0f %% |\n", l.Model, l.Context, l.KV,
				l.PredictedMemory/1e6, l.MeasuredMemory/1e6, off(float64(l.PredictedMemory), float64(l.MeasuredMemory)),
				l.PredictedSpeed, l.MeasuredSpeed, off(l.PredictedSpeed, l.MeasuredSpeed))
		}
	}
	return nil
}

// off is by how many percent a prediction is above what was measured.
func off(predicted, measured float64) float64 { return 100 * (predicted/math.Max(measured, 1e-9) - 1) }

func needs(path string) (fit.Needs, error) {
	f, err := dialect.Open(path)
	if err != nil {
		return fit.Needs{}, err
	}
	defer f.Close()
	return fit.Of(f)
}

func one(ctx context.Context, p profile.Profile, n fit.Needs, path string, tokens int, kv string) (line, error) {
	memory, err := n.Memory(tokens, kv)
	if err != nil {
		return line{}, err
	}
	speed, err := n.Speed(p, tokens, kv)
	if err != nil {
		return line{}, err
	}
	opened, err := spawn(ctx, "open", path, tokens, kv)
	if err != nil {
		return line{}, err
	}
	filled, err := spawn(ctx, "fill", path, tokens, kv)
	if err != nil {
		return line{}, err
	}
	return line{Model: strings.TrimSuffix(filepath.Base(path), ".gguf"), Context: tokens, KV: kv,
		PredictedMemory: memory.Total, MeasuredMemory: opened.Memory + filled.Memory,
		PredictedSpeed: speed.Decode, MeasuredSpeed: filled.Speed}, nil
}

// outcome is what a child process measured.
type outcome struct {
	Memory int64   // bytes
	Speed  float64 // tokens per second
}

func spawn(ctx context.Context, what, path string, tokens int, kv string) (outcome, error) {
	own, err := os.Executable()
	if err != nil {
		return outcome{}, err
	}
	cmd := exec.CommandContext(ctx, own, "-child", what, path, strconv.Itoa(tokens), kv)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return outcome{}, err
	}
	var o outcome
	return o, json.Unmarshal(out.Bytes(), &o)
}
