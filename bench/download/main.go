// Command download compares models/transfer with curl: a server process of its
// own offers a random file on the loopback interface, and both fetch it in
// turn. It prints the median times, their ratio, and how much memory the
// download took at its peak.
//
//	go run ./bench/download -size 2000000000 -rounds 5 -dir /tmp
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"freehold/models/network"
	"freehold/models/transfer"
)

func main() {
	size := flag.Int64("size", 2_000_000_000, "bytes of the file")
	rounds := flag.Int("rounds", 5, "downloads with each")
	dir := flag.String("dir", os.TempDir(), "where a folder for the files is made")
	prepared := flag.String("file", "", "file to serve; made anew if it is not there, and kept")
	connections := flag.Int("connections", 0, "parts at a time; 0: as the application does")
	serve := flag.String("serve", "", "(for the server process) file to offer")
	fetch := flag.String("fetch", "", "(for the downloading process) address")
	sum := flag.String("sha256", "", "(for the downloading process)")
	flag.Parse()
	var err error
	switch {
	case *serve != "":
		err = offer(*serve)
	case *fetch != "":
		err = download(*fetch, *sum, *dir, *connections)
	default:
		err = compare(*dir, *prepared, *size, *rounds, *connections)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "download:", err)
		os.Exit(1)
	}
}

// offer serves file until its standard input ends, and prints the address.
func offer(file string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"random"`)
		http.ServeFile(w, r, file)
	})}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Printf("http://%s/model.gguf\n", l.Addr())
	return s.Serve(l)
}

// figures are what the downloading process measured.
type figures struct {
	Seconds float64
	Extra   int64 // bytes of memory at the peak, above those at the beginning
}

// download fetches address once and prints the figures.
func download(address, sum, dir string, connections int) error {
	before := memory("VmRSS")
	began := time.Now()
	d := transfer.New(transfer.Options{Dir: dir, Gate: network.New(network.Options{}), Connections: connections})
	path, _, err := d.Fetch(context.Background(), transfer.File{Ref: "bench", Name: "bench", URL: address, SHA256: sum}, nil)
	if err != nil {
		return err
	}
	f := figures{time.Since(began).Seconds(), memory("VmHWM") - before}
	if err := os.Remove(path); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}

// memory reads a line of /proc/self/status, in bytes; 0 where there is none.
func memory(name string) int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(l, name+":"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}

func compare(dir, file string, size int64, rounds, connections int) error {
	if rounds < 1 {
		return errors.New("at least one round")
	}
	dir, err := os.MkdirTemp(dir, "freehold-download-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if file == "" {
		file = filepath.Join(dir, "model.gguf")
	}
	sum, err := prepare(file, size)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server := exec.Command(self, "-serve", file)
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		return err
	}
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer func() {
		stdin.Close()
		_ = server.Wait()
	}()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the server did not start: %w", err)
	}
	address = strings.TrimSpace(address)

	var curls, ours []float64
	var extra int64
	for range rounds {
		settle()
		target := filepath.Join(dir, "curl")
		began := time.Now()
		if err := exec.Command("curl", "-sS", "-f", "-o", target, address).Run(); err != nil {
			return fmt.Errorf("curl: %w", err)
		}
		curl := time.Since(began).Seconds()
		if err := os.Remove(target); err != nil {
			return err
		}
		settle()
		cmd := exec.Command(self, "-fetch", address, "-sha256", sum, "-dir", filepath.Join(dir, "freehold"), "-connections", strconv.Itoa(connections))
		var got bytes.Buffer
		cmd.Stdout, cmd.Stderr = &got, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("freehold: %w", err)
		}
		var f figures
		if err := json.Unmarshal(got.Bytes(), &f); err != nil {
			return err
		}
		fmt.Printf("curl %.3f s, freehold %.3f s, %.0f MB of memory\n", curl, f.Seconds, float64(f.Extra)/1e6)
		curls, ours, extra = append(curls, curl), append(ours, f.Seconds), max(extra, f.Extra)
	}
	c, o := median(curls), median(ours)
	mb := float64(size) / 1e6
	fmt.Printf("medians: curl %.0f MB/s, freehold %.0f MB/s with the digest checked: %.0f %% of curl; peak of extra memory %.0f MB\n",
		mb/c, mb/o, 100*c/o, float64(extra)/1e6)
	return nil
}

// settle lets the disk finish what it was told to write, so that no download
// pays for the one before it.
func settle() { _ = exec.Command("sync").Run() }

func median(s []float64) float64 {
	s = slices.Sorted(slices.Values(s))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// prepare writes size random bytes to file unless they are there, and returns
// their SHA-256.
func prepare(file string, size int64) (string, error) {
	h := sha256.New()
	if in, err := os.Open(file); err == nil {
		defer in.Close()
		if n, err := io.Copy(h, in); err == nil && n == size {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		h.Reset()
	}
	out, err := os.Create(file)
	if err != nil {
		return "", err
	}
	defer out.Close()
	if _, err := io.CopyN(io.MultiWriter(out, h), rand.NewChaCha8([32]byte{1}), size); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), out.Close()
}
