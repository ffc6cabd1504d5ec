package chattemplate

import (
	"bytes"
	"context"
	"encoding/json"
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

// interpreter finds a Python with jinja2: FREEHOLD_PYTHON, or one installed. It
// skips the test where there is none.
func interpreter(t *testing.T) string {
	t.Helper()
	for _, p := range []string{os.Getenv("FREEHOLD_PYTHON"), "/usr/bin/python3", "python3"} {
		if p != "" && exec.Command(p, "-c", "import jinja2").Run() == nil {
			return p
		}
	}
	t.Skip("no python3 with jinja2 here to compare with")
	return ""
}

// python renders the cases with Python's jinja2; it skips the test where that
// is not installed.
func python(t *testing.T, cases []pythonCase) []pythonAnswer {
	t.Helper()
	program := interpreter(t)
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, filepath.Join("testdata", "reference.py"))
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

func firstDifference(got, want string) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	from := max(0, i-40)
	cut := func(s string) string { return strings.ToValidUTF8(s[from:min(len(s), i+60)], "?") }
	return fmt.Sprintf("differs at byte %d:\n got %q\nwant %q", i, cut(got), cut(want))
}
