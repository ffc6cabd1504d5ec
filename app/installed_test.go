package app

import (
	"testing"
)

func TestWhatIsInstalled(t *testing.T) {
	all := installed{
		{Ref: "smol-q4_0", Quant: "Q4_0", Source: "https://huggingface.co/Owner/Smol-GGUF", Digest: "sha256:aa"},
		{Ref: "adopted", Quant: "Q8_0", Source: "hf.co/owner/big/big-q8_0.gguf"},
		{Ref: "gone", Quant: "Q2_K", Source: "hf.co/owner/gone", Problem: "its file is gone"},
		{Ref: "file", Quant: "Q4_0", Source: "/home/ada/file.gguf"},
	}
	for _, c := range []struct {
		ref, digest string
		want        bool
	}{
		{"smol-q4_0", "", true}, {"other", "aa", true}, {"other", "bb", false}, {"other", "", false},
		{"hf.co/owner/smol-gguf:q4_0", "", true}, {"hf.co/owner/smol-gguf:q8_0", "", false}, {"hf.co/owner/smol-gguf", "", false},
		{"huggingface.co/owner/big:Q8_0", "", true}, {"hf.co/owner/gone:Q2_K", "", false}, {"gone", "", false}, {"hf.co/owner", "", false}, {"", "", false},
	} {
		if got := all.has(c.ref, c.digest); got != c.want {
			t.Errorf("%q %q: %v", c.ref, c.digest, got)
		}
	}
	w := Wanted{Plan: Plan{Files: []PlanFile{{Role: "weights", SHA256: "aa"}, {Role: "weights"}, {Role: "template"}}}}
	if d := w.weightsDigest(); d != "" {
		t.Errorf("a digest of weights that nobody told: %q", d)
	}
	if d := (Wanted{}).weightsDigest(); d != "" {
		t.Errorf("a digest of nothing: %q", d)
	}
}

func TestPaths(t *testing.T) {
	for ref, want := range map[string]bool{
		"file:///x.gguf": true, "/x": true, "./x": true, "../x": true, "~/x": true, ".": true, "..": true, "x.gguf": true, "dir/x.GGUF": true,
		"hf.co/a/b/x.gguf": false, "https://host/x.gguf": false, "llama3.2": false, "owner/repo": false, "pip:x": false, "": false,
	} {
		if got := Local(ref); got != want {
			t.Errorf("%q: %v", ref, got)
		}
	}
}
