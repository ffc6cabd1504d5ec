package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/models/internal/disk"
	"freehold/models/library"
)

func open(t *testing.T) *library.Library {
	t.Helper()
	l, err := library.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// add imports a model of about size bytes.
func add(t *testing.T, l *library.Library, ref string, b byte, size int) library.Model {
	t.Helper()
	path := filepath.Join(t.TempDir(), ref+".gguf")
	var meta gguf.Metadata
	meta.Set("general.architecture", "llama")
	rows := size / 34
	err := gguf.WriteFile(path, &meta, []gguf.TensorSource{{Name: "token_embd.weight", Type: tensor.Q8_0, Shape: []int{32, rows}, Data: bytes.Repeat([]byte{b}, 34*rows)}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := l.Import(t.Context(), path, library.Options{Ref: ref, Name: strings.ToUpper(ref), Licence: "Apache-2.0", Source: "hf.co/o/" + ref, System: "Be " + ref,
		Params: map[string]any{"top_k": 5.0}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// addSplit imports a model of three files.
func addSplit(t *testing.T, l *library.Library) library.Model {
	t.Helper()
	dir := t.TempDir()
	for i := range 3 {
		var meta gguf.Metadata
		meta.Set("splix.no", uint16(i)) // the writer refuses the real names
		meta.Set("splix.count", uint16(3))
		if i == 0 {
			meta.Set("general.architecture", "llama")
		}
		path := filepath.Join(dir, fmt.Sprintf("Big-%05d-of-00003.gguf", i+1))
		err := gguf.WriteFile(path, &meta, []gguf.TensorSource{{Name: fmt.Sprintf("blk.%d.w", i), Type: tensor.Q8_0, Shape: []int{32, 40}, Data: bytes.Repeat([]byte{byte(i + 1)}, 34*40)}})
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.ReplaceAll(data, []byte("splix."), []byte("split.")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := l.Import(t.Context(), filepath.Join(dir, "Big-00001-of-00003.gguf"), library.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestThereAndBack(t *testing.T) {
	from, to, stick := open(t), open(t), filepath.Join(t.TempDir(), "stick")
	models := []library.Model{add(t, from, "small", 1, 2000), add(t, from, "large", 2, 25_000), addSplit(t, from)}
	var done, total int64
	if err := write(t.Context(), stick, models, 10_000, func(d, n int64) { done, total = d, n }); err != nil {
		t.Fatal(err)
	}
	if done != total || total != models[0].SizeBytes+models[1].SizeBytes+models[2].SizeBytes {
		t.Errorf("progress ended at %d of %d", done, total)
	}
	want := "big-00001-of-00003.gguf big-00002-of-00003.gguf big-00003-of-00003.gguf bundle.json large.gguf.001 large.gguf.002 large.gguf.003 small.gguf"
	if got := strings.Join(files(t, stick), " "); got != want || !Is(stick) {
		t.Errorf("stick holds %s", got)
	}
	x, err := readIndex(stick)
	if err != nil || x.Models[0].LicenceURL == "" || x.Models[0].Licence != "Apache-2.0" || x.Models[2].Source != "" {
		t.Errorf("index %+v, %v", x, err)
	}
	got, err := Read(t.Context(), to, stick, func(d, n int64) { done, total = d, n })
	if err != nil || len(got) != 3 || done != total {
		t.Fatalf("read %d, %v, progress %d of %d", len(got), err, done, total)
	}
	for i, m := range got {
		w := models[i]
		if m.Ref != w.Ref || m.Name != w.Name || m.Digest != w.Digest || m.Licence != w.Licence || m.System != w.System || !reflect.DeepEqual(m.Params, w.Params) || m.External || m.Problem != "" {
			t.Errorf("read %+v\nwrote %+v", m, w)
		}
		if err := to.Verify(t.Context(), m.Ref, nil); err != nil {
			t.Error(err)
		}
	}
	if again, err := Read(t.Context(), to, stick, nil); err != nil || len(again) != 3 {
		t.Errorf("again %d, %v", len(again), err)
	}
	if list, _ := to.List(); len(list) != 3 {
		t.Errorf("%d models", len(list))
	}
	u, err := to.Usage()
	if err != nil || u.Temporary+u.Unused != 0 {
		t.Errorf("usage %+v, %v", u, err)
	}

	// One more joins; one of the same name replaces the old.
	other := open(t)
	changed := add(t, other, "small", 9, 3000)
	if err := write(t.Context(), stick, []library.Model{changed, add(t, other, "more", 8, 1000)}, 10_000, nil); err != nil {
		t.Fatal(err)
	}
	if x, _ := readIndex(stick); len(x.Models) != 4 {
		t.Errorf("%d models in the bundle", len(x.Models))
	}
	got, err = Read(t.Context(), to, stick, nil)
	if err != nil || len(got) != 4 {
		t.Fatalf("read %d, %v", len(got), err)
	}
	if m, err := to.Find("small-2"); err != nil || m.Digest != changed.Digest {
		t.Errorf("model %+v, %v", m, err)
	}
}

func TestWriteTakesUpWhatIsThere(t *testing.T) {
	l, stick := open(t), t.TempDir()
	m := add(t, l, "large", 2, 5_000_000)
	ctx, cancel := context.WithCancel(t.Context())
	err := write(ctx, stick, []library.Model{m}, 2_000_000, func(done, _ int64) {
		if done > 3_000_000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || Is(stick) {
		t.Fatalf("cancelled: %v", err)
	}
	if _, err := Read(t.Context(), l, stick, nil); err == nil || !strings.Contains(err.Error(), "not finished") {
		t.Errorf("read half a bundle: %v", err)
	}
	first, err := os.Stat(filepath.Join(stick, "large.gguf.001"))
	if err != nil {
		t.Fatal(err)
	}
	// A byte of what is there turns.
	f, err := os.OpenFile(filepath.Join(stick, "large.gguf.001"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte("?"), first.Size()-1)
	f.Close()
	if err := write(t.Context(), stick, []library.Model{m}, 2_000_000, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(t.Context(), open(t), stick, nil); err != nil || len(got) != 1 {
		t.Errorf("read %v, %v", got, err)
	}
	for _, name := range files(t, stick) {
		if disk.Temp(name) {
			t.Errorf("left %s", name)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	l := open(t)
	m := add(t, l, "a", 1, 2000)
	data, err := os.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(m.Path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	stick := t.TempDir()
	if err := Write(t.Context(), stick, []library.Model{m}, nil); err == nil || !strings.Contains(err.Error(), "damaged") || Is(stick) {
		t.Errorf("damaged weights: %v", err)
	}
	if err := os.Remove(m.Path); err != nil {
		t.Fatal(err)
	}
	gone, _ := l.Find("a")
	if err := Write(t.Context(), stick, []library.Model{gone}, nil); err == nil {
		t.Error("wrote a model without weights")
	}
	if err := os.WriteFile(filepath.Join(stick, "bundle.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), stick, []library.Model{add(t, l, "b", 1, 2000)}, nil); err == nil || !strings.Contains(err.Error(), "bundle") {
		t.Errorf("damaged bundle: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	l := open(t)
	models := []library.Model{add(t, l, "good", 1, 2000), add(t, l, "large", 2, 25_000), addSplit(t, l)}
	secret := filepath.Join(t.TempDir(), "secret.gguf")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	edit := func(change func(x *index)) func(*testing.T, string) {
		return func(t *testing.T, stick string) {
			x, err := readIndex(stick)
			if err != nil {
				t.Fatal(err)
			}
			change(&x)
			data, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(stick, indexName), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := func(change func(stick string) error) func(*testing.T, string) {
		return func(t *testing.T, stick string) {
			if err := change(stick); err != nil {
				t.Fatal(err)
			}
		}
	}
	zeros := strings.Repeat("0", 64)
	for name, c := range map[string]struct {
		do    func(*testing.T, string)
		want  string
		added int
	}{
		"traversal":       {edit(func(x *index) { x.Models[0].Files[0].Parts[0].Name = "../secret.gguf" }), "cannot name", 0},
		"absolute":        {edit(func(x *index) { x.Models[0].Files[0].Parts[0].Name = secret }), "cannot name", 0},
		"device":          {edit(func(x *index) { x.Models[0].Files[0].Parts[0].Name = "con.gguf" }), "cannot name", 0},
		"file traversal":  {edit(func(x *index) { x.Models[0].Files[0].Name = "..\\x.gguf" }), "cannot name", 0},
		"bad ref":         {edit(func(x *index) { x.Models[0].Ref = "../models/x" }), "cannot name", 0},
		"same ref":        {edit(func(x *index) { x.Models[0].Ref = x.Models[1].Ref }), "names two", 0},
		"same part":       {edit(func(x *index) { x.Models[0].Files[0].Parts[0].Name = "large.gguf.001" }), "twice", 0},
		"negative":        {edit(func(x *index) { x.Models[0].Files[0].Parts[0].SizeBytes = -1 }), "not believable", 0},
		"huge":            {edit(func(x *index) { x.Models[0].Files[0].Parts[0].SizeBytes = 1 << 62 }), "not believable", 0},
		"sum":             {edit(func(x *index) { x.Models[0].Files[0].SizeBytes++ }), "together", 0},
		"two digests":     {edit(func(x *index) { x.Models[0].SHA256 = zeros }), "two different", 0},
		"no digest":       {edit(func(x *index) { x.Models[0].SHA256 = "" }), "SHA-256", 0},
		"no files":        {edit(func(x *index) { x.Models[0].Files = nil }), "0 files", 0},
		"newer":           {edit(func(x *index) { x.Version = 2 }), "version 2", 0},
		"split names":     {edit(func(x *index) { x.Models[2].Files[1].Name = "other.gguf" }), "must be", 0},
		"wrong split":     {edit(func(x *index) { x.Models[2].SHA256 = zeros }), "not the model", 2},
		"lie about part":  {edit(func(x *index) { x.Models[1].Files[0].Parts[1].SHA256 = zeros }), "large.gguf.002 is damaged", 2},
		"lie about all":   {edit(func(x *index) { x.Models[1].SHA256, x.Models[1].Files[0].SHA256 = zeros, zeros }), "not what the bundle says", 2},
		"parts exchanged": {edit(func(x *index) { p := x.Models[1].Files[0].Parts; p[0], p[1] = p[1], p[0] }), "not what the bundle says", 2},
		"missing parts": {at(func(s string) error {
			return errors.Join(os.Remove(filepath.Join(s, "large.gguf.002")), os.Truncate(filepath.Join(s, "good.gguf"), 5))
		}), "lacks good.gguf (has 5 bytes", 0},
		"part is a link": {at(func(s string) error {
			return errors.Join(os.Remove(filepath.Join(s, "good.gguf")), os.Symlink(secret, filepath.Join(s, "good.gguf")))
		}), "is not a file", 0},
		"index is a link": {at(func(s string) error {
			return errors.Join(os.Rename(filepath.Join(s, indexName), filepath.Join(s, "x")), os.Symlink("x", filepath.Join(s, indexName)))
		}), "is not a file", 0},
		"no index": {at(func(s string) error { return os.Remove(filepath.Join(s, indexName)) }), "not finished", 0},
		"large index": {at(func(s string) error {
			return os.WriteFile(filepath.Join(s, indexName), make([]byte, maxIndex+1), 0o600)
		}), "too large", 0},
		"no model": {func(t *testing.T, s string) {
			text := []byte("this is no model")
			if err := os.WriteFile(filepath.Join(s, "good.gguf"), text, 0o600); err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(text)
			digest := hex.EncodeToString(sum[:])
			edit(func(x *index) {
				m := &x.Models[0]
				m.SizeBytes, m.Files[0].SizeBytes, m.Files[0].Parts[0].SizeBytes = 16, 16, 16
				m.SHA256, m.Files[0].SHA256, m.Files[0].Parts[0].SHA256 = digest, digest, digest
			})(t, s)
		}, "not a GGUF file", 2},
	} {
		t.Run(name, func(t *testing.T) {
			stick, to := t.TempDir(), open(t)
			if err := write(t.Context(), stick, models, 10_000, nil); err != nil {
				t.Fatal(err)
			}
			c.do(t, stick)
			got, err := Read(t.Context(), to, stick, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || len(got) != c.added {
				t.Errorf("added %d, error %v; want %d and %q", len(got), err, c.added, c.want)
			}
			if list, _ := to.List(); len(list) != c.added {
				t.Errorf("%d models in the library", len(list))
			}
			if u, err := to.Usage(); err != nil || u.Temporary+u.Unused != 0 {
				t.Errorf("usage %+v, %v", u, err)
			}
		})
	}
}

// TestWriteKilled kills a process that writes a bundle, and goes on. With
// FREEHOLD_TEST_ROUNDS=20 it does so more often.
func TestWriteKilled(t *testing.T) {
	rounds := 2
	if n, err := strconv.Atoi(os.Getenv("FREEHOLD_TEST_ROUNDS")); err == nil {
		rounds = n
	}
	l := open(t)
	models := []library.Model{add(t, l, "a", 1, 9_000_000), add(t, l, "b", 2, 3_000_000), addSplit(t, l)}
	for round := range rounds {
		stick := t.TempDir()
		killed := 0
		for try := 0; ; try++ {
			killAt := int64(-1)
			if try < 3 {
				killAt = rand.Int64N(14_000_000)
			}
			child := exec.Command(os.Args[0], "-test.run=^TestChildWrites$")
			child.Env = append(os.Environ(), "FREEHOLD_TEST_CHILD="+l.Home(), "FREEHOLD_TEST_TO="+stick, fmt.Sprint("FREEHOLD_TEST_KILL_AT=", killAt))
			var out bytes.Buffer
			child.Stdout, child.Stderr = &out, &out
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			if try == 3 {
				time.Sleep(time.Duration(rand.Int64N(int64(100 * time.Millisecond))))
				child.Process.Kill()
			}
			err := child.Wait()
			if err == nil {
				break
			}
			if killed++; child.ProcessState.ExitCode() > 0 || try > 4 {
				t.Fatalf("round %d: %v\n%s", round, err, out.Bytes())
			}
			// What is there is a bundle, though perhaps of fewer models, or none yet.
			to := open(t)
			if got, err := Read(t.Context(), to, stick, nil); err != nil && !strings.Contains(err.Error(), "not finished") {
				t.Errorf("round %d, killed at %d: read %d, %v", round, killAt, len(got), err)
			}
		}
		to := open(t)
		got, err := Read(t.Context(), to, stick, nil)
		if err != nil || len(got) != len(models) {
			t.Fatalf("round %d: read %d, %v", round, len(got), err)
		}
		for _, name := range files(t, stick) {
			if name != indexName && !safeName(name) {
				t.Errorf("round %d: left %s", round, name)
			}
		}
		t.Logf("round %d: killed %d times", round, killed)
	}
}

func TestChildWrites(t *testing.T) {
	home := os.Getenv("FREEHOLD_TEST_CHILD")
	if home == "" {
		t.Skip("runs as a child of TestWriteKilled")
	}
	killAt, err := strconv.ParseInt(os.Getenv("FREEHOLD_TEST_KILL_AT"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	l, err := library.Open(home)
	if err != nil {
		t.Fatal(err)
	}
	models, err := l.List()
	if err != nil {
		t.Fatal(err)
	}
	err = write(t.Context(), os.Getenv("FREEHOLD_TEST_TO"), models, 2_000_000, func(done, _ int64) {
		if killAt >= 0 && done >= killAt {
			p, _ := os.FindProcess(os.Getpid())
			p.Kill()
			select {}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func FuzzParseIndex(f *testing.F) {
	d := strings.Repeat("0", 64)
	f.Add([]byte(`{"version":1,"models":[{"ref":"a","sizeBytes":5,"sha256":"` + d + `","files":[{"name":"a.gguf","sizeBytes":5,"sha256":"` + d + `","parts":[{"name":"a.gguf.001","sizeBytes":5,"sha256":"` + d + `"}]}]}]}`))
	f.Add([]byte(`{"version":1,"models":[{"ref":"../a","files":[{"name":"a.gguf","parts":[{"name":"../../x"}]}]}]}`))
	f.Add([]byte(`{"version":1,"models":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := parseIndex(data)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, m := range x.Models {
			var size int64
			for _, file := range m.Files {
				if !filepath.IsLocal(file.Name) || filepath.Base(file.Name) != file.Name {
					t.Errorf("file %q", file.Name)
				}
			}
			for _, p := range parts([]model{m}) {
				if !filepath.IsLocal(p.Name) || filepath.Base(p.Name) != p.Name || seen[p.Name] || p.SizeBytes <= 0 {
					t.Errorf("part %+v", p)
				}
				seen[p.Name] = true
				size += p.SizeBytes
			}
			if size != m.SizeBytes || size < 0 {
				t.Errorf("size %d of %d", size, m.SizeBytes)
			}
		}
	})
}
