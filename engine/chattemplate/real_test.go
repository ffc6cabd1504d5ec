package chattemplate

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The chat templates of real models are their makers' text and not part of this
// repository; what the reference renderer made of them is, as digests. The test
// compares wherever the templates are: in the folder that FREEHOLD_TEMPLATES
// names, or in realTemplates. Those in ownTemplates and the built-in ones are
// ours and always there. To add templates, put them there and record anew:
//
//	FREEHOLD_PYTHON=VENV/bin/python go test ./engine/chattemplate -run TestRealTemplates -record -v
//
// with a Python that has transformers.
const (
	realTemplates = "../../../shared/testdata/templates"
	ownTemplates  = "testdata/templates"
	recordFile    = "testdata/renderings.tsv"
)

var record = flag.Bool("record", false, "compare with Python byte for byte and record what it renders")

// What a record holds for a conversation the reference does not render.
const (
	refusedMark = "refused:" // and a digest of the template's words
	failedMark  = "fails"
)

// recorded is what the reference made of one template: a mark for each
// conversation.
type recorded struct {
	name  string
	marks []string
}

// shortDigest is enough to tell renderings apart.
func shortDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}

func markOf(out string, err error) string {
	var e *Error
	switch {
	case err == nil:
		return shortDigest(out)
	case errors.As(err, &e) && e.Refused:
		return refusedMark + shortDigest(e.Message)
	}
	return failedMark
}

func markOfPython(a pythonAnswer) string {
	if a.Out != nil {
		return shortDigest(*a.Out)
	}
	if words, ok := strings.CutPrefix(a.Error, "TemplateError: "); ok {
		return refusedMark + shortDigest(clip(words, 2000))
	}
	return failedMark
}

// conversations are the variables templates are rendered with, as JSON.
func conversations(t *testing.T) (names, variables []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/conversations/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".json"))
		variables = append(variables, string(raw))
	}
	return names, variables
}

// readTemplates gives the source of each real template by its name.
func readTemplates(t testing.TB) map[string]string {
	t.Helper()
	folder := cmp.Or(os.Getenv("FREEHOLD_TEMPLATES"), realTemplates)
	sources := templatesIn(t, folder)
	if len(sources) == 0 {
		t.Skipf("no *.jinja files in %s: put real chat templates there, or name a folder in FREEHOLD_TEMPLATES", folder)
	}
	return sources
}

func templatesIn(t testing.TB, folder string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.jinja"))
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources[strings.TrimSuffix(filepath.Base(file), ".jinja")] = string(source)
	}
	return sources
}

func TestRealTemplates(t *testing.T) { compareRenderings(t, readTemplates(t)) }

func TestOwnTemplates(t *testing.T) {
	sources := templatesIn(t, ownTemplates)
	for name, source := range templatesIn(t, "builtin") {
		sources["builtin-"+name] = source
	}
	compareRenderings(t, sources)
}

// compareRenderings compares with what is recorded; with -record it records
// first.
func compareRenderings(t *testing.T, sources map[string]string) {
	t.Helper()
	names, variables := conversations(t)
	if *record {
		recordRenderings(t, sources, names, variables)
	}
	known, order := readRenderings(t)
	if !slices.Equal(order, names) {
		t.Fatalf("recorded are the conversations %v, here are %v: record anew", order, names)
	}
	var same, refused, failed, lenient, unknown int
	for name, source := range sources {
		want, ok := known[Digest(source)]
		if !ok {
			unknown++
			continue
		}
		for i := range names {
			got := markOf(renderJSON(source, variables[i]))
			switch {
			case got == want.marks[i] && got == failedMark:
				failed++
			case got == want.marks[i] && strings.HasPrefix(got, refusedMark):
				refused++
			case got == want.marks[i]:
				same++
			case want.marks[i] == failedMark:
				// what only its sandbox or a missing filter keeps the reference from
				lenient++
				t.Logf("%s with %s renders here only", name, names[i])
			default:
				t.Errorf("%s (recorded as %s) with %s: %s, the reference has %s", name, want.name, names[i], got, want.marks[i])
			}
		}
	}
	t.Logf("%d templates × %d conversations: %d rendered the same, %d refused in the same words, %d fail in both, %d render here only; %d templates are not recorded",
		len(sources)-unknown, len(names), same, refused, failed, lenient, unknown)
	if unknown == len(sources) {
		t.Error("none of the templates in the folder is recorded: record anew")
	}
}

// recordRenderings compares with Python byte for byte and writes recordFile,
// which keeps what it has of other templates.
func recordRenderings(t *testing.T, sources map[string]string, names, variables []string) {
	t.Helper()
	var order []string
	for name := range sources {
		order = append(order, name)
	}
	slices.Sort(order)
	var cases []pythonCase
	for _, name := range order {
		for _, v := range variables {
			cases = append(cases, pythonCase{sources[name], []byte(v)})
		}
	}
	answers := python(t, cases)
	version, err := exec.Command(interpreter(t), "testdata/reference.py", "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	if known, same := readRenderings(t); slices.Equal(same, names) {
		for digest, r := range known {
			if _, again := sources[r.name]; !again {
				lines = append(lines, strings.Join(append([]string{r.name, digest}, r.marks...), "\t"))
			}
		}
	}
	same := make([]int, len(names))
	for n, name := range order {
		line := name + "\t" + Digest(sources[name])
		for i := range names {
			want := answers[n*len(names)+i]
			line += "\t" + markOfPython(want)
			got, err := renderJSON(sources[name], variables[i])
			switch {
			case want.Out != nil && err == nil && got != *want.Out:
				t.Errorf("%s with %s: %s", name, names[i], firstDifference(got, *want.Out))
			case want.Out != nil && err != nil:
				t.Errorf("%s with %s: %v", name, names[i], err)
			case markOf(got, err) == markOfPython(want):
				same[i]++
			default:
				t.Logf("%s with %s: %.60q, %v; Python: %.200s", name, names[i], got, err, want.Error)
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	for i, name := range names {
		t.Logf("%-28s %3d of %d templates the same", name, same[i], len(order))
	}
	head := []string{
		fmt.Sprintf("# a template's name, the sha256 of it, digests of what %s renders for", strings.TrimSpace(string(version))),
		"\t\t" + strings.Join(names, "\t"),
	}
	if err := os.WriteFile(recordFile, []byte(strings.Join(append(head, lines...), "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// readRenderings gives what is recorded, by the digest of the template.
func readRenderings(t *testing.T) (known map[string]recorded, conversations []string) {
	t.Helper()
	f, err := os.Open(recordFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	known = map[string]recorded{}
	lines := bufio.NewScanner(f)
	for n := 0; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), "\t")
		switch {
		case n == 0: // says what the reference is
		case n == 1:
			conversations = fields[2:]
		case len(fields) != len(conversations)+2:
			t.Fatalf("%s, line %d: %d fields", recordFile, n+1, len(fields))
		default:
			known[fields[1]] = recorded{fields[0], fields[2:]}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return known, conversations
}

// FuzzRealTemplates renders any conversation with real templates: none may
// crash the interpreter.
func FuzzRealTemplates(f *testing.F) {
	var sources []*Template
	for _, source := range readTemplates(f) {
		if t, err := Parse(source); err == nil {
			sources = append(sources, t.WithLimits(Limits{Steps: 200_000}))
		}
	}
	files, _ := filepath.Glob("testdata/conversations/*.json")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw), uint(0))
	}
	f.Fuzz(func(t *testing.T, variables string, n uint) {
		v, err := decodeJSON([]byte(variables))
		if err != nil {
			return
		}
		vars, ok := v.(*dict)
		if !ok {
			return
		}
		_, err = sources[n%uint(len(sources))].render(context.Background(), vars, testNow)
		if errors.Is(err, errInternal) {
			t.Fatal(err)
		}
	})
}
