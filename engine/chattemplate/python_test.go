package chattemplate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testNow is the time the reference script gives out too.
var testNow = time.Date(2026, 11, 22, 7, 5, 9, 0, time.UTC)

// renderJSON renders a template on variables given as a JSON object.
func renderJSON(source, variables string) (string, error) {
	t, err := Parse(source)
	if err != nil {
		return "", err
	}
	if variables == "" {
		variables = "{}"
	}
	v, err := decodeJSON([]byte(variables))
	if err != nil {
		return "", err
	}
	return t.render(context.Background(), v.(*dict), testNow)
}

type pythonCase struct {
	Template string          `json:"template"`
	Context  json.RawMessage `json:"context"`
}

type pythonAnswer struct {
	Out   *string `json:"out"`
	Error string  `json:"error"`
}

// python renders the cases with Python's jinja2; it skips the test where that
// is not installed.
func python(t *testing.T, cases []pythonCase) []pythonAnswer {
	t.Helper()
	interpreter := ""
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(p, "-c", "import jinja2").Run() == nil {
			interpreter = p
			break
		}
	}
	if interpreter == "" {
		t.Skip("no python3 with jinja2 here to compare with")
	}
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(interpreter, filepath.Join("testdata", "reference.py"))
	cmd.Stdin = bytes.NewReader(in)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []pythonAnswer
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(cases) {
		t.Fatalf("%d answers to %d cases", len(answers), len(cases))
	}
	return answers
}

// TestConformance compares with Python on real templates: every *.jinja file in
// the folders FREEHOLD_CHAT_TEMPLATES lists (separated as in PATH), with every
// *.json file in FREEHOLD_CHAT_CONTEXTS as variables.
func TestConformance(t *testing.T) {
	folders, contexts := os.Getenv("FREEHOLD_CHAT_TEMPLATES"), os.Getenv("FREEHOLD_CHAT_CONTEXTS")
	if folders == "" || contexts == "" {
		t.Skip("FREEHOLD_CHAT_TEMPLATES and FREEHOLD_CHAT_CONTEXTS name no folders")
	}
	var names []string
	var cases []pythonCase
	variables, _ := filepath.Glob(filepath.Join(contexts, "*.json"))
	for _, folder := range filepath.SplitList(folders) {
		files, _ := filepath.Glob(filepath.Join(folder, "*.jinja"))
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range variables {
				vars, err := os.ReadFile(v)
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, filepath.Base(file)+" with "+filepath.Base(v))
				cases = append(cases, pythonCase{string(source), vars})
			}
		}
	}
	right, total, lenient := 0, 0, 0
	for i, want := range python(t, cases) {
		got, err := renderJSON(cases[i].Template, string(cases[i].Context))
		switch {
		case want.Out == nil && err == nil:
			lenient++
			t.Logf("%s: renders here; Python: %.200s", names[i], want.Error)
		case want.Out == nil:
			var e *Error
			refusal, refused := strings.CutPrefix(want.Error, "TemplateError: ")
			if refused && (!errors.As(err, &e) || !e.Refused || e.Message != clip(refusal, 2000)) {
				t.Errorf("%s: %v; Python: %.200s", names[i], err, want.Error)
			}
		case err != nil:
			total++
			t.Errorf("%s: %v", names[i], err)
		case got != *want.Out:
			total++
			t.Errorf("%s: %s", names[i], firstDifference(got, *want.Out))
		default:
			total++
			right++
		}
	}
	t.Logf("%d of %d cases that render in Python are the same byte for byte; %d more render only here", right, total, lenient)
}

func firstDifference(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	from := max(0, i-40)
	cut := func(s string) string { return strings.ToValidUTF8(s[from:min(len(s), i+60)], "?") }
	return fmt.Sprintf("differs at byte %d:\n got %q\nwant %q", i, cut(got), cut(want))
}
