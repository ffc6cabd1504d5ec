package desktop

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOpens(t *testing.T) {
	for _, c := range []struct {
		args string
		want bool
	}{
		{"", false},
		{"list", false},
		{"run model.gguf", false},
		{"model.gguf", true},
		{"/a/b c.pdf", true},
		{"./notes", true},
		{"freehold://models", true},
		{"a.gguf b.pdf", true},
		{"--version", false},
		{"-x.y", false},
	} {
		if got := Opens(strings.Fields(c.args)); got != c.want {
			t.Errorf("%q: %v", c.args, got)
		}
	}
}

func TestToOpen(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a b.gguf")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const id = "0195c0de-7b1a-7c3d-8e4f-0123456789ab"
	for _, c := range []struct {
		args  []string
		files []string
		page  string
	}{
		{[]string{"a b.gguf", "gone.gguf"}, []string{file}, ""},
		{[]string{file}, []string{file}, ""},
		{[]string{"file://" + strings.ReplaceAll(file, " ", "%20")}, []string{file}, ""},
		{[]string{"freehold://chat/" + id}, nil, "#/chat/" + id},
		{[]string{"freehold://models/"}, nil, "#/models"},
		{[]string{"freehold://chat/../settings"}, nil, ""},
		{[]string{"freehold://chat/" + id + "?x=1"}, nil, ""},
		{[]string{"freehold://chat/" + id + "#/x"}, nil, ""},
		{[]string{"freehold:javascript:alert(1)"}, nil, ""},
		{[]string{"freehold://evil.example/models"}, nil, ""},
		{[]string{"freehold://user@models"}, nil, ""},
		{[]string{"freehold://%zz"}, nil, ""},
	} {
		got := ToOpen(c.args, dir)
		if !slices.Equal(got.Files, c.files) || got.Page != c.page {
			t.Errorf("%q: %+v", c.args, got)
		}
	}
}

func FuzzToOpen(f *testing.F) {
	f.Add("freehold://chat/x")
	f.Add("file://%2e%2e/etc")
	f.Fuzz(func(t *testing.T, arg string) {
		got := ToOpen([]string{arg}, t.TempDir())
		if got.Page != "" && !strings.HasPrefix(got.Page, "#/") {
			t.Errorf("%q leads to %q", arg, got.Page)
		}
		for _, file := range got.Files {
			if !filepath.IsAbs(file) {
				t.Errorf("%q opens %q", arg, file)
			}
		}
	})
}
