package hub

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// treeFile is a file of a repository.
type treeFile struct {
	path   string
	size   int64
	sha256 string // hex; "" if the listing does not say
}

// variant is one model of a repository: a GGUF file, or all parts of a split
// one in order.
type variant struct {
	quant string // "" if the name does not say
	files []treeFile
	lacks string // a part that is not there; "" if all are
}

func (v variant) size() (n int64) {
	for _, f := range v.files {
		n += f.size
	}
	return n
}

// name is its first file's path without the part's number.
func (v variant) name() string {
	return partOfSplit.ReplaceAllString(v.files[0].path, ".gguf")
}

var (
	partOfSplit = regexp.MustCompile(`(?i)-(\d{5})-of-(\d{5})\.gguf$`)
	// What a quant is called at the end of a file's name, or anywhere in it.
	quantName = `(?:UD-)?(?:I?Q[1-9](?:_[0-9A-Z]+)*|TQ[12]_0|BF16|F16|FP16|F32|FP32|MXFP4(?:_MOE)?|NVFP4)`
	quantEnd  = regexp.MustCompile(`(?i)(?:^|[^0-9A-Za-z])(` + quantName + `)$`)
	quantIn   = regexp.MustCompile(`(?i)(?:^|[^0-9A-Za-z])(` + quantName + `)(?:[^0-9A-Za-z_]|$)`)
)

// maxParts is how many parts a split model may have.
const maxParts = 500

// variants groups a repository's files into models, in the order of their
// names. Files that are none are left out: projectors, importance matrices,
// adapters, and those whose names are no paths.
func variants(files []treeFile) []variant {
	type set struct {
		parts map[int]treeFile
		count int
	}
	sets := map[string]*set{}
	var all []variant
	for _, f := range files {
		lower := strings.ToLower(f.path)
		base := path.Base(lower)
		if !strings.HasSuffix(lower, ".gguf") || !safeName(f.path) || strings.Contains(base, "mmproj") ||
			strings.Contains(base, "imatrix") || strings.Contains(base, "lora") || f.size < 0 || f.size > 1<<45 {
			continue
		}
		m := partOfSplit.FindStringSubmatch(f.path)
		if m == nil {
			all = append(all, variant{quant: quantOf(f.path), files: []treeFile{f}})
			continue
		}
		number, _ := strconv.Atoi(m[1])
		count, _ := strconv.Atoi(m[2])
		if number < 1 || number > count || count > maxParts {
			continue
		}
		key := partOfSplit.ReplaceAllString(f.path, "") + "/" + m[2]
		if sets[key] == nil {
			sets[key] = &set{map[int]treeFile{}, count}
		}
		sets[key].parts[number] = f
	}
	for _, s := range sets {
		v := variant{}
		for number := 1; number <= s.count; number++ {
			f, ok := s.parts[number]
			if !ok {
				if v.lacks == "" {
					v.lacks = fmt.Sprintf("part %d of %d", number, s.count)
				}
				continue
			}
			v.files = append(v.files, f)
		}
		v.quant = quantOf(v.name())
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b variant) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.name()), strings.ToLower(b.name())), cmp.Compare(a.name(), b.name()), cmp.Compare(len(a.files), len(b.files)))
	})
	return all
}

// quantOf reads the quantization from a file's path: from its name, otherwise
// from its folder's.
func quantOf(p string) string {
	stem := strings.TrimSuffix(partOfSplit.ReplaceAllString(p, ""), path.Ext(p))
	if partOfSplit.MatchString(p) {
		stem = partOfSplit.ReplaceAllString(p, "")
	}
	dir, base := path.Split(stem)
	for _, s := range []string{base, path.Base(dir)} {
		if m := quantEnd.FindStringSubmatch(s); m != nil {
			return strings.ToUpper(m[1])
		}
		if all := quantIn.FindAllStringSubmatch(s, -1); all != nil {
			return strings.ToUpper(all[len(all)-1][1])
		}
	}
	return ""
}

// preferred are quants in the order in which one is chosen if none is named:
// the best compromise first.
var preferred = []string{"Q4_K_M", "Q4_K_L", "UD-Q4_K_XL", "Q4_K_S", "Q4_K", "IQ4_XS", "IQ4_NL", "Q4_1", "Q4_0", "MXFP4", "MXFP4_MOE",
	"Q5_K_M", "Q5_K_S", "Q5_K", "Q5_1", "Q5_0", "Q6_K", "Q3_K_L", "Q3_K_M", "Q8_0", "IQ3_M", "IQ3_S", "Q3_K_S", "Q2_K", "BF16", "F16", "FP16", "F32"}

// pick returns the complete variant with this quant; if none is asked for, the
// best compromise that there is.
func pick(all []variant, quant string) (variant, bool) {
	wanted := []string{quant}
	if quant == "" {
		wanted = preferred
	}
	for _, q := range wanted {
		var best *variant
		for i, v := range all {
			if v.lacks == "" && strings.EqualFold(v.quant, q) && (best == nil || plainer(v, *best)) {
				best = &all[i]
			}
		}
		if best != nil {
			return *best, true
		}
	}
	if quant != "" {
		return variant{}, false
	}
	for _, v := range all { // names that say nothing
		if v.lacks == "" {
			return v, true
		}
	}
	return variant{}, false
}

// plainer tells whether a is the more likely of two with the same quant: less
// deep, then shorter, then in one piece.
func plainer(a, b variant) bool {
	return cmp.Or(cmp.Compare(strings.Count(a.name(), "/"), strings.Count(b.name(), "/")), cmp.Compare(len(a.name()), len(b.name())),
		cmp.Compare(len(a.files), len(b.files))) < 0
}

// refOf is the shortest reference that means v and no other of all.
func refOf(repo string, v variant, all []variant) string {
	if p, ok := pick(all, v.quant); ok && v.quant != "" && p.files[0].path == v.files[0].path {
		return "hf.co/" + repo + ":" + v.quant
	}
	return "hf.co/" + repo + "/" + v.files[0].path
}

// shownQuants lists what a repository has, for a message.
func shownQuants(all []variant) string {
	var names []string
	for _, v := range all {
		name := v.quant
		if name == "" {
			name = v.name()
		}
		if v.lacks == "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > 30 {
		names = append(names[:30], fmt.Sprintf("and %d more", len(names)-30))
	}
	return strings.Join(names, ", ")
}
