package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is a Go file of this module, whatever build tags it has.
type source struct {
	path    string // from the root, with slashes
	dir     string // its package's folder, "." for the root
	test    bool
	imports map[string]string // import path → local name
	file    *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && (slices.Contains([]string{"node_modules", "testdata", "dist"}, e.Name()) || strings.HasPrefix(e.Name(), ".") && p != ".") {
			return filepath.SkipDir
		}
		if e.IsDir() || !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(p), test: strings.HasSuffix(p, "_test.go"), imports: map[string]string{}, file: f}
		s.dir = path.Dir(s.path)
		for _, i := range f.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports[name] = path.Base(name)
			if i.Name != nil {
				s.imports[name] = i.Name.Name
			}
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d Go files found", len(all))
	}
	return all
}

// under tells whether p is one of the folders or lies below one.
func under(p string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return p == f || strings.HasPrefix(p, f+"/") })
}

// TestImportsPointOneWay holds the rooms of the house apart: a file in from may
// not import what lies under any of not.
func TestImportsPointOneWay(t *testing.T) {
	for _, rule := range []struct {
		from  string
		not   []string
		tests bool // the rule holds for tests too
	}{
		{"engine", []string{"freehold/app", "freehold/models"}, true},
		{"models", []string{"freehold/app"}, true},
		{"app", []string{"freehold/engine/arch", "freehold/engine/backend", "freehold/engine/program", "freehold/engine/schedule", "freehold/engine/kvcache"}, true},
		{"engine/gguf", []string{"freehold/engine/arch", "freehold/engine/backend", "freehold/engine/program", "freehold/engine/tokenizer"}, true},
		{"engine/dialect", []string{"freehold/engine/arch", "freehold/engine/backend", "freehold/engine/program", "freehold/engine/tokenizer"}, true},
		{"engine/arch", []string{"freehold/engine/backend", "freehold/engine/schedule"}, false},
		{"engine/backend", []string{"freehold/engine/arch", "freehold/engine/schedule", "freehold/engine/tokenizer", "freehold/engine/sample"}, false},
		{"engine/program", []string{"freehold/engine/arch", "freehold/engine/backend", "freehold/engine/schedule"}, true},
		{"engine/tensor", []string{"freehold/engine/program", "freehold/engine/arch", "freehold/engine/backend", "freehold/engine/gguf"}, false},
		{"models/catalog", []string{"freehold/models/hub", "freehold/models/library"}, true},
		{"models/library", []string{"freehold/models/hub", "freehold/models/transfer", "freehold/models/network"}, true},
		{"models/transfer", []string{"freehold/models/hub", "freehold/models/library", "freehold/models/catalog", "freehold/engine"}, true},
		{"models/network", []string{"freehold/models/transfer", "freehold/models/hub", "freehold/models/library", "freehold/models/catalog", "freehold/engine"}, true},
		{"app/chat", []string{"freehold/app/api", "freehold/app/cli", "freehold/app/desktop", "freehold/app/store"}, false},
		{"app/document", []string{"freehold/app/api", "freehold/app/chat", "freehold/app/cli", "freehold/app/desktop", "freehold/app/store", "freehold/models"}, true},
		{"app/store", []string{"freehold/app/api", "freehold/app/cli", "freehold/app/desktop"}, false},
	} {
		for _, s := range sources(t) {
			if !under(s.dir, rule.from) || s.test && !rule.tests {
				continue
			}
			for i := range s.imports {
				if under(i, rule.not...) {
					t.Errorf("%s imports %s: %s may not know it", s.path, i, rule.from)
				}
			}
		}
	}
}

// TestOneRoomForEach lets only some packages know certain things of the world.
func TestOneRoomForEach(t *testing.T) {
	for _, rule := range []struct {
		what    []string // imports, and what lies below them
		allowed []string
	}{
		{[]string{"database/sql", "github.com/mattn/go-sqlite3"}, []string{"app/store", "app/document/sheet"}},
		{[]string{"github.com/wailsapp/wails"}, []string{"app/desktop", "bench/window/empty"}},
		{[]string{"C"}, []string{"engine/backend", "engine/nearest"}},
		{[]string{"net", "crypto/tls", "golang.org/x/net"}, []string{"models/network", "models/transfer", "models/hub", "app/api", "app/cli", "bench"}},
	} {
		for _, s := range sources(t) {
			if s.test || under(s.dir, rule.allowed...) {
				continue
			}
			for i := range s.imports {
				if under(i, rule.what...) && i != "net/url" && !under(i, "golang.org/x/net/html") {
					t.Errorf("%s imports %s, which belongs to %s only", s.path, i, strings.Join(rule.allowed, ", "))
				}
			}
		}
	}
}

// TestOnlyTheGateDialsOut looks for what opens connections in the packages that
// may import net and net/http, in order to listen or to make requests that pass
// the gate of models/network.
func TestOnlyTheGateDialsOut(t *testing.T) {
	dials := map[string][]string{
		"net":      {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer", "LookupHost", "LookupIP", "LookupAddr", "Resolver", "DefaultResolver"},
		"net/http": {"Get", "Head", "Post", "PostForm", "Client", "DefaultClient", "Transport", "DefaultTransport"},
	}
	for _, s := range sources(t) {
		if s.test || under(s.dir, "models/network", "bench") {
			continue
		}
		for pkg, names := range dials {
			local, imported := s.imports[pkg]
			if !imported {
				continue
			}
			ast.Inspect(s.file, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == local && slices.Contains(names, sel.Sel.Name) {
					t.Errorf("%s uses %s.%s: only models/network may dial out", s.path, pkg, sel.Sel.Name)
				}
				return true
			})
		}
	}
}

func TestPackageNamesSaySomething(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base"}, s.file.Name.Name) {
			t.Errorf("%s: package %s says nothing about its contents", s.path, s.file.Name.Name)
		}
	}
}
