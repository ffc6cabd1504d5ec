// Package hubtest has servers for tests, on loopback only: one that follows
// Hugging Face's documented API, and a runner for Debian's docker-registry.
package hubtest

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // git's names of files and commits
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Repo is a repository of a HuggingFace server.
type Repo struct {
	ID           string // owner/name
	Gated        string // "", auto or manual: files only with HuggingFace.Token
	Private      bool   // nothing without the token
	Licence      string
	LicenceName  string
	Downloads    int64
	Likes        int64
	Modified     time.Time
	Architecture string
	Parameters   int64
	Context      int
	Files        map[string]File // by path
	Branches     []string        // beside main
}

// File is one file of a Repo: its content, or the path of a file that has it.
type File struct {
	Data []byte
	Path string
}

func (f File) open() (io.ReadSeeker, int64, func(), error) {
	if f.Path == "" {
		return bytes.NewReader(f.Data), int64(len(f.Data)), func() {}, nil
	}
	in, err := os.Open(f.Path)
	if err != nil {
		return nil, 0, nil, err
	}
	info, err := in.Stat()
	if err != nil {
		in.Close()
		return nil, 0, nil, err
	}
	return in, info.Size(), func() { in.Close() }, nil
}

// HuggingFace is a server with the API of the Hugging Face Hub: search and
// listings with pages by Link, revisions pinned to commits, LFS files that are
// redirected to a second server with signed addresses, gated and private
// repositories, rate limits. Set fields before the first request.
type HuggingFace struct {
	URL   string // of the API: what HF_ENDPOINT takes
	CDN   string // of the second server
	Token string // that opens gated and private repositories

	PageSize int // files of a listing's page; 1000
	// Limit is how many requests Window allows; 0: any. After them come 429s.
	Limit  int
	Window time.Duration
	Rate   int64 // bytes a second of the second server, 0: as fast as it can
	// Before may answer a request itself, to either server.
	Before func(w http.ResponseWriter, r *http.Request) (answered bool)

	mu       sync.Mutex
	repos    []*repo
	requests []string
	since    time.Time
	count    int
	servers  []*http.Server
	stop     sync.WaitGroup
}

type repo struct {
	Repo
	commit string
	sums   map[string]fileSum
}

type fileSum struct {
	lfs    bool
	size   int64
	sha256 string // of the content
	oid    string // git's: of the content, or of the LFS pointer
}

// NewHuggingFace starts a server on address, "" for any free port of loopback.
func NewHuggingFace(address string, repos ...Repo) (*HuggingFace, error) {
	h := &HuggingFace{Token: "hf_test", PageSize: 1000, Window: 5 * time.Minute}
	for _, r := range repos {
		if err := h.Add(r); err != nil {
			return nil, err
		}
	}
	if address == "" {
		address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	for _, s := range []struct {
		at      string
		url     *string
		handler http.HandlerFunc
	}{{address, &h.URL, h.api}, {net.JoinHostPort(host, "0"), &h.CDN, h.cdn}} {
		l, err := net.Listen("tcp", s.at)
		if err != nil {
			h.Close()
			return nil, err
		}
		if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
			l.Close()
			h.Close()
			return nil, fmt.Errorf("%s is not of loopback; this server is for tests only", s.at)
		}
		*s.url = "http://" + l.Addr().String()
		server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second}
		h.servers = append(h.servers, server)
		h.stop.Go(func() { _ = server.Serve(l) })
	}
	return h, nil
}

// Close ends the server.
func (h *HuggingFace) Close() {
	for _, s := range h.servers {
		s.Close()
	}
	h.stop.Wait()
}

// Add publishes a repository.
func (h *HuggingFace) Add(r Repo) error {
	n := &repo{Repo: r, sums: map[string]fileSum{}}
	all := sha1.New()
	for _, name := range n.names() {
		s, err := sum(name, r.Files[name])
		if err != nil {
			return err
		}
		n.sums[name] = s
		fmt.Fprintf(all, "%s %s\n", name, s.oid)
	}
	n.commit = hex.EncodeToString(all.Sum(nil))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.repos = slices.DeleteFunc(h.repos, func(old *repo) bool { return old.ID == r.ID })
	h.repos = append(h.repos, n)
	return nil
}

// Commit returns the commit of a repository's main branch.
func (h *HuggingFace) Commit(id string) string {
	if r := h.find(id); r != nil {
		return r.commit
	}
	return ""
}

// Requests returns what was asked of both servers, as "METHOD path", with the
// range behind it if there was one.
func (h *HuggingFace) Requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.requests)
}

func (n *repo) names() []string {
	names := make([]string, 0, len(n.Files))
	for name := range n.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func sum(name string, f File) (fileSum, error) {
	in, size, done, err := f.open()
	if err != nil {
		return fileSum{}, err
	}
	defer done()
	h, g := sha256.New(), sha1.New()
	fmt.Fprintf(g, "blob %d\x00", size)
	if _, err := io.Copy(io.MultiWriter(h, g), in); err != nil {
		return fileSum{}, err
	}
	s := fileSum{size: size, sha256: hex.EncodeToString(h.Sum(nil)), oid: hex.EncodeToString(g.Sum(nil))}
	if s.lfs = strings.HasSuffix(strings.ToLower(name), ".gguf") || size > 10<<20; s.lfs {
		pointer := s.pointer()
		g := sha1.New()
		fmt.Fprintf(g, "blob %d\x00%s", len(pointer), pointer)
		s.oid = hex.EncodeToString(g.Sum(nil))
	}
	return s, nil
}

func (s fileSum) pointer() string {
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", s.sha256, s.size)
}

func (h *HuggingFace) find(id string) *repo {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.repos {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// note keeps a request.
func (h *HuggingFace) note(r *http.Request) {
	line := r.Method + " " + r.URL.Path
	if rng := r.Header.Get("Range"); rng != "" {
		line += " " + rng
	}
	h.mu.Lock()
	h.requests = append(h.requests, line)
	h.mu.Unlock()
}

func fail(w http.ResponseWriter, status int, code, message string) {
	if code != "" {
		w.Header().Set("X-Error-Code", code)
	}
	w.Header().Set("X-Error-Message", message)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": message})
}

// limited counts a request and answers it if there were too many.
func (h *HuggingFace) limited(w http.ResponseWriter) bool {
	if h.Limit == 0 {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if now.Sub(h.since) > h.Window {
		h.since, h.count = now, 0
	}
	h.count++
	reset := int(h.Window.Seconds()-now.Sub(h.since).Seconds()) + 1
	w.Header().Set("RateLimit", fmt.Sprintf(`"api";r=%d;t=%d`, max(h.Limit-h.count, 0), reset))
	w.Header().Set("RateLimit-Policy", fmt.Sprintf(`"fixed window";"api";q=%d;w=%d`, h.Limit, int(h.Window.Seconds())))
	if h.count <= h.Limit {
		return false
	}
	fail(w, http.StatusTooManyRequests, "", "We had to rate limit you")
	return true
}

func (h *HuggingFace) api(w http.ResponseWriter, r *http.Request) {
	h.note(r)
	if h.Before != nil && h.Before(w, r) || h.limited(w) {
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/api/models" && r.Method == http.MethodGet:
		h.search(w, r)
	case len(parts) >= 4 && parts[0] == "api" && parts[1] == "models":
		if n := h.open(w, r, parts[2]+"/"+parts[3]); n != nil {
			h.ask(w, r, n, parts[4:])
		}
	case len(parts) >= 5 && (parts[2] == "resolve" || parts[2] == "raw"):
		if n := h.open(w, r, parts[0]+"/"+parts[1]); n != nil {
			h.resolve(w, r, n, parts[3], strings.Join(parts[4:], "/"))
		}
	default:
		fail(w, http.StatusNotFound, "", "Sorry, we can't find the page you are looking for.")
	}
}

func (h *HuggingFace) authorized(r *http.Request) bool {
	return h.Token != "" && r.Header.Get("Authorization") == "Bearer "+h.Token
}

// open finds a repository that the request may see.
func (h *HuggingFace) open(w http.ResponseWriter, r *http.Request, id string) *repo {
	n := h.find(id)
	switch {
	case n != nil && (!n.Private || h.authorized(r)):
		return n
	case r.Header.Get("Authorization") == "":
		fail(w, http.StatusUnauthorized, "RepoNotFound", "Invalid username or password.")
	default:
		fail(w, http.StatusNotFound, "RepoNotFound", "Repository not found")
	}
	return nil
}

// at tells whether rev is a revision of n.
func (n *repo) at(rev string) bool {
	return rev == "main" || rev == n.commit || slices.Contains(n.Branches, rev)
}

func (h *HuggingFace) ask(w http.ResponseWriter, r *http.Request, n *repo, rest []string) {
	rev := "main"
	if len(rest) >= 2 {
		rev = rest[1]
	}
	if !n.at(rev) {
		fail(w, http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+rev)
		return
	}
	switch {
	case len(rest) == 0, len(rest) == 2 && rest[0] == "revision":
		answer(w, n.info(r.URL.Query()["expand[]"], r.URL.Query().Get("blobs") == "true"))
	case len(rest) >= 2 && rest[0] == "tree":
		h.tree(w, r, n, rev, strings.Join(rest[2:], "/"))
	case len(rest) == 2 && rest[0] == "paths-info" && r.Method == http.MethodPost:
		if err := r.ParseForm(); err != nil {
			fail(w, http.StatusBadRequest, "", err.Error())
			return
		}
		entries := []map[string]any{}
		for _, p := range r.Form["paths"] {
			if s, ok := n.sums[p]; ok {
				entries = append(entries, s.entry(p))
			}
		}
		answer(w, entries)
	default:
		fail(w, http.StatusNotFound, "", "Sorry, we can't find the page you are looking for.")
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}

// info is the repository as JSON: all of it, or only the fields to expand.
func (n *repo) info(expand []string, blobs bool) map[string]any {
	gated := any(false)
	if n.Gated != "" {
		gated = n.Gated
	}
	siblings := []map[string]any{}
	for _, name := range n.names() {
		s := map[string]any{"rfilename": name}
		if sum := n.sums[name]; blobs {
			s["size"], s["blobId"] = sum.size, sum.oid
			if sum.lfs {
				s["lfs"] = map[string]any{"sha256": sum.sha256, "size": sum.size, "pointerSize": len(sum.pointer())}
			}
		}
		siblings = append(siblings, s)
	}
	owner, _, _ := strings.Cut(n.ID, "/")
	tags := []string{"gguf", "region:us"}
	card := map[string]any{}
	if n.Licence != "" {
		tags = append(tags, "license:"+n.Licence)
		card["license"] = n.Licence
	}
	if n.LicenceName != "" {
		card["license_name"] = n.LicenceName
	}
	all := map[string]any{"sha": n.commit, "gated": gated, "private": n.Private, "downloads": n.Downloads, "likes": n.Likes, "tags": tags,
		"lastModified": n.Modified.UTC().Format("2006-01-02T15:04:05.000Z"), "siblings": siblings, "cardData": card, "author": owner,
		"gguf": map[string]any{"total": n.Parameters, "architecture": n.Architecture, "context_length": n.Context}}
	info := map[string]any{"_id": n.commit[:24], "id": n.ID, "modelId": n.ID}
	for key, v := range all {
		if len(expand) == 0 || slices.Contains(expand, key) {
			info[key] = v
		}
	}
	return info
}

func (s fileSum) entry(name string) map[string]any {
	e := map[string]any{"type": "file", "path": name, "size": s.size, "oid": s.oid}
	if s.lfs {
		e["lfs"] = map[string]any{"oid": s.sha256, "size": s.size, "pointerSize": len(s.pointer())}
	}
	return e
}

func (h *HuggingFace) tree(w http.ResponseWriter, r *http.Request, n *repo, rev, dir string) {
	q := r.URL.Query()
	entries := []map[string]any{}
	folders := map[string]bool{}
	for _, name := range n.names() {
		rest := name
		if dir != "" {
			var ok bool
			if rest, ok = strings.CutPrefix(name, dir+"/"); !ok {
				continue
			}
		}
		for at := path.Dir(rest); at != "."; at = path.Dir(at) {
			if full := path.Join(dir, at); !folders[full] && (q.Get("recursive") == "true" || !strings.Contains(at, "/")) {
				folders[full] = true
				entries = append(entries, map[string]any{"type": "directory", "path": full, "size": 0, "oid": n.commit})
			}
		}
		if q.Get("recursive") == "true" || !strings.Contains(rest, "/") {
			entries = append(entries, n.sums[name].entry(name))
		}
	}
	if dir != "" && len(entries) == 0 {
		fail(w, http.StatusNotFound, "EntryNotFound", dir+" does not exist on "+rev)
		return
	}
	from, to := h.page(w, r, len(entries), h.PageSize)
	answer(w, entries[from:to])
}

// page cuts a page out of n entries and says in Link where the next is.
func (h *HuggingFace) page(w http.ResponseWriter, r *http.Request, n, size int) (from, to int) {
	q := r.URL.Query()
	from, _ = strconv.Atoi(q.Get("cursor"))
	from = min(max(from, 0), n)
	to = min(from+size, n)
	if to < n {
		q.Set("cursor", strconv.Itoa(to))
		next := h.URL + r.URL.Path + "?" + q.Encode()
		w.Header().Set("Link", "<"+next+`>; rel="next"`)
	}
	return from, to
}

func (h *HuggingFace) search(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	h.mu.Lock()
	all := slices.Clone(h.repos)
	h.mu.Unlock()
	all = slices.DeleteFunc(all, func(n *repo) bool {
		owner, _, _ := strings.Cut(n.ID, "/")
		return n.Private && !h.authorized(r) || !strings.Contains(strings.ToLower(n.ID), strings.ToLower(q.Get("search"))) ||
			q.Get("author") != "" && q.Get("author") != owner ||
			q.Get("filter") == "gguf" && !slices.ContainsFunc(n.names(), func(s string) bool { return strings.HasSuffix(s, ".gguf") })
	})
	slices.SortStableFunc(all, func(a, b *repo) int {
		switch q.Get("sort") {
		case "likes":
			return int(b.Likes - a.Likes)
		case "lastModified", "createdAt":
			return b.Modified.Compare(a.Modified)
		default:
			return int(b.Downloads - a.Downloads)
		}
	})
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit <= 0 {
		limit = 1000
	}
	from, to := h.page(w, r, len(all), limit)
	list := []map[string]any{}
	for _, n := range all[from:to] {
		list = append(list, n.info(q["expand[]"], false))
	}
	answer(w, list)
}

func (h *HuggingFace) resolve(w http.ResponseWriter, r *http.Request, n *repo, rev, name string) {
	if !n.at(rev) {
		fail(w, http.StatusNotFound, "RevisionNotFound", "Invalid rev id: "+rev)
		return
	}
	if n.Gated != "" && !h.authorized(r) {
		status := http.StatusForbidden
		if r.Header.Get("Authorization") == "" {
			status = http.StatusUnauthorized
		}
		fail(w, status, "GatedRepo", "Access to model "+n.ID+" is restricted and you are not in the authorized list.")
		return
	}
	s, ok := n.sums[name]
	w.Header().Set("X-Repo-Commit", n.commit)
	if !ok {
		fail(w, http.StatusNotFound, "EntryNotFound", "Entry not found")
		return
	}
	if !s.lfs {
		w.Header().Set("ETag", `"`+s.oid+`"`)
		h.send(w, r, n.Files[name])
		return
	}
	w.Header().Set("X-Linked-Etag", `"`+s.sha256+`"`)
	w.Header().Set("X-Linked-Size", strconv.FormatInt(s.size, 10))
	w.Header().Set("ETag", `"`+s.oid+`"`)
	w.Header().Set("Accept-Ranges", "bytes")
	q := url.Values{"Expires": {strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)}, "Signature": {sign(n.ID, name)}}
	w.Header().Set("Location", h.CDN+"/"+(&url.URL{Path: n.ID + "/" + name}).EscapedPath()+"?"+q.Encode())
	w.WriteHeader(http.StatusFound)
}

func sign(id, name string) string {
	sum := sha256.Sum256([]byte("signed " + id + " " + name))
	return hex.EncodeToString(sum[:8])
}

// cdn is the second server: it knows signed addresses only, and no tokens.
func (h *HuggingFace) cdn(w http.ResponseWriter, r *http.Request) {
	h.note(r)
	if h.Before != nil && h.Before(w, r) {
		return
	}
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 3)
	if len(parts) < 3 {
		http.Error(w, "no such object", http.StatusNotFound)
		return
	}
	id, name := parts[0]+"/"+parts[1], parts[2]
	n := h.find(id)
	expires, err := strconv.ParseInt(r.URL.Query().Get("Expires"), 10, 64)
	switch {
	case r.Header.Get("Authorization") != "":
		http.Error(w, "only one way of authentication is allowed", http.StatusBadRequest)
	case err != nil || r.URL.Query().Get("Signature") != sign(id, name) || time.Now().Unix() > expires:
		http.Error(w, "the signature does not fit", http.StatusForbidden)
	case n == nil || !n.sums[name].lfs:
		http.Error(w, "no such object", http.StatusNotFound)
	default:
		w.Header().Set("ETag", `"`+n.sums[name].sha256+`"`)
		h.send(w, r, n.Files[name])
	}
}

func (h *HuggingFace) send(w http.ResponseWriter, r *http.Request, f File) {
	in, _, done, err := f.open()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer done()
	if h.Rate > 0 {
		in = &slow{in, h.Rate, r}
	}
	w.Header().Set("Content-Type", "binary/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, in)
}

// slow reads at a rate.
type slow struct {
	io.ReadSeeker
	rate int64
	r    *http.Request
}

func (s *slow) Read(p []byte) (int, error) {
	n, err := s.ReadSeeker.Read(p[:min(int64(len(p)), max(s.rate/20, 1))])
	select {
	case <-time.After(time.Duration(float64(n) / float64(s.rate) * float64(time.Second))):
	case <-s.r.Context().Done():
		return n, errors.New("the client is gone")
	}
	return n, err
}
