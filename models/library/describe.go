package library

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"freehold/engine/arch"
	"freehold/engine/gguf"
)

// describe reads what a GGUF file says about itself. All of it was written by
// strangers: texts are cut and cleaned before they are shown or used as names.
func describe(f *gguf.File) Model {
	m := Model{SizeBytes: f.Size()}
	for i := range f.Tensors {
		m.Parameters += f.Tensors[i].Elements()
	}
	text := func(key string) string {
		s, _ := f.Meta.String(key)
		return clean(s)
	}
	m.Architecture = text("general.architecture")
	m.Name = text("general.name")
	m.Licence = text("general.license")
	if n, ok := f.Meta.Uint(m.Architecture + ".context_length"); ok && n < 1<<31 {
		m.ContextLength = int(n)
	}
	m.Quant = quant(f)
	m.Embeds = arch.Embeds(f)
	return m
}

// clean makes s fit for one line on screen.
func clean(s string) string { return cleanTo(s, 100) }

func cleanTo(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r) && r != unicode.ReplacementChar:
			return r
		}
		return -1
	}, s)
	runes := []rune(strings.TrimSpace(s))
	return string(runes[:min(len(runes), most)])
}

// fileTypes are the values of general.file_type: the mix of quant formats that
// the file was made with.
var fileTypes = map[uint64]string{
	0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1",
	10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M",
	16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
	23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS",
	31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4", 40: "Q1_0", 41: "Q2_0",
}

// quant names the quantization of a file: the mix that it declares, otherwise
// the type that most of its bytes have.
func quant(f *gguf.File) string {
	if n, ok := f.Meta.Uint("general.file_type"); ok {
		if name, ok := fileTypes[n]; ok {
			return name
		}
	}
	bytes := map[string]int{}
	most := ""
	for i := range f.Tensors {
		t := &f.Tensors[i]
		name := t.Type.String()
		bytes[name] += len(t.Data)
		if most == "" || bytes[name] > bytes[most] {
			most = name
		}
	}
	return most
}

var (
	notInRefs  = regexp.MustCompile(`[^a-z0-9._]+`)
	partSuffix = regexp.MustCompile(`-\d{5}-of-\d{5}$`)
	partName   = regexp.MustCompile(`-\d{5}-of-\d{5}\.gguf$`)
	// Names that say nothing about the model: of blobs, and what converters default to.
	namelessFile = regexp.MustCompile(`^(sha256-.*|[0-9a-f]{32,}|ggml-model.*|model|unsloth\..*)$`)
)

// splitName tells whether path is called as a part of a split model must be.
func splitName(path string) bool { return partName.MatchString(path) }

// refFor proposes a ref for the model in the file at path.
func refFor(path string, m Model) string {
	stem := strings.TrimSuffix(strings.ToLower(filepath.Base(path)), ".gguf")
	stem = partSuffix.ReplaceAllString(stem, "")
	if namelessFile.MatchString(stem) && m.Name != "" {
		stem = m.Name + "-" + m.Quant
	} else if q := strings.ToLower(m.Quant); q != "" {
		stem = strings.Replace(stem, "."+q, "-"+q, 1) // one spelling for name.Q4_0 and name-Q4_0
	}
	return slug(stem)
}

// slug turns s into a valid ref.
func slug(s string) string {
	s = notInRefs.ReplaceAllString(strings.ToLower(s), "-")
	s = s[:min(len(s), 90)]
	if s = strings.Trim(s, "-._"); s == "" {
		return "model"
	}
	return s
}

// freeRef returns ref, or ref with the first number that makes it free.
func freeRef(ref string, taken func(string) bool) string {
	candidate := ref
	for n := 2; taken(candidate); n++ {
		candidate = fmt.Sprintf("%s-%d", ref, n)
	}
	return candidate
}

// RefFor proposes a ref for a model file of this name, before it is here.
func RefFor(name string) string { return refFor(name, Model{}) }
