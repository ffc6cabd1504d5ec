package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"freehold/models/catalog"
	"freehold/models/library"
	"freehold/models/network"
	"freehold/models/transfer"
)

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

// resolve asks the Hugging Face server which file s means now: its digest, its
// size and the commit, to which the download is pinned.
func (c *Client) resolve(ctx context.Context, s catalog.Source) (transfer.File, error) {
	if strings.Contains(s.File, "-of-0") && partOfSplit.MatchString(s.File) {
		return transfer.File{}, errors.New("the model is split into several files, which Freehold cannot download yet; get all parts by hand and import the first")
	}
	resp, err := c.ask(ctx, http.MethodHead, c.fileURL(s))
	if err != nil {
		return transfer.File{}, err
	}
	resp.Body.Close()
	digest := strings.Trim(strings.TrimPrefix(resp.Header.Get("X-Linked-Etag"), "W/"), `"`)
	if !hexDigest.MatchString(digest) {
		return transfer.File{}, errors.New("the server does not publish the file's SHA-256, so it could not be checked")
	}
	var size int64
	if _, err := fmt.Sscan(resp.Header.Get("X-Linked-Size"), &size); err != nil || size < 0 {
		size = 0
	}
	if commit := resp.Header.Get("X-Repo-Commit"); commitID.MatchString(commit) {
		s.Revision = commit
	}
	return transfer.File{URL: c.fileURL(s), SHA256: digest, Size: size, Token: c.Token}, nil
}

var (
	commitID    = regexp.MustCompile(`^[0-9a-f]{40}$`)
	partOfSplit = regexp.MustCompile(`-\d{5}-of-\d{5}\.gguf$`)
)

func (c *Client) fileURL(s catalog.Source) string {
	return c.Endpoint + "/" + s.Repo + "/resolve/" + url.PathEscape(revision(s)) + "/" + (&url.URL{Path: s.File}).EscapedPath()
}

func revision(s catalog.Source) string {
	if s.Revision == "" {
		return "main"
	}
	return s.Revision
}

// ask sends a small request to the Hugging Face server and follows redirects
// on that host only. The answer's status is 200 or a redirect elsewhere.
func (c *Client) ask(ctx context.Context, method, address string) (*http.Response, error) {
	for failures := 1; ; failures++ {
		resp, err := c.askOnce(ctx, method, address)
		if err == nil {
			return resp, nil
		}
		var s *network.StatusError
		if !errors.As(err, &s) || !s.Temporary() || failures >= c.attempts { // not reachable, or it will not get better
			return nil, err
		}
		if err := network.Sleep(ctx, network.Pause(c.backoff, failures, err)); err != nil {
			return nil, err
		}
	}
}

func (c *Client) askOnce(ctx context.Context, method, address string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, err
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	resp, err := c.Gate.Direct("ask Hugging Face about a model").Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, err
	}
	if code := resp.StatusCode; code == http.StatusOK || code >= 300 && code < 400 {
		return resp, nil
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusUnauthorized {
		// The server answers 401 for repositories that do not exist, too.
		switch resp.Header.Get("X-Error-Code") {
		case "RepoNotFound":
			return nil, errors.New("the server has no such repository, or it is private; if it is yours, set HF_TOKEN")
		case "EntryNotFound":
			return nil, errors.New("the repository has no such file")
		case "RevisionNotFound":
			return nil, errors.New("the repository has no such revision")
		}
	}
	status := network.StatusOf(resp)
	switch status.Code {
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, fmt.Errorf("%w; the model may be gated: accept its terms on its page, make an access token there and set HF_TOKEN", status)
	case http.StatusNotFound, http.StatusGone:
		return nil, fmt.Errorf("%w; the file is not there (any more)", status)
	}
	return nil, status
}

// Lookup returns the entry that ref means: a name in the catalogue, "starter",
// owner/repository or hf.co/owner/repository, each with :QUANT or /file.gguf
// behind it, or the address of a GGUF file, with #sha256=HEX if its digest is
// known. Only a repository without a file is asked for on the network.
func (c *Client) Lookup(ctx context.Context, ref string) (catalog.Entry, error) {
	ref = strings.TrimSpace(ref)
	if e, ok := catalog.Find(ref); ok {
		return e, nil
	}
	unknown := fmt.Errorf("%w %q: give a name from the catalogue, hf.co/OWNER/REPOSITORY[:QUANT], or the https address of a GGUF file", ErrUnknown, ref)
	var s catalog.Source
	if strings.Contains(ref, "://") {
		u, err := url.Parse(ref)
		if err != nil || u.Host == "" {
			return catalog.Entry{}, unknown
		}
		if u.Host != "huggingface.co" && u.Host != "hf.co" {
			return fromURL(u)
		}
		s = fromPage(u.Path)
	} else if rest, ok := strings.CutPrefix(ref, "hf.co/"); ok {
		s = fromPage("/" + rest)
	} else if rest, ok := strings.CutPrefix(ref, "huggingface.co/"); ok {
		s = fromPage("/" + rest)
	} else {
		s = fromPage("/" + ref)
	}
	if s.Repo == "" {
		return catalog.Entry{}, unknown
	}
	return c.choose(ctx, s)
}

var repository = regexp.MustCompile(`^/([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?::([\w.]+))?(?:/(.*))?$`)

// fromPage reads the path of a Hugging Face page or file. A quant that was
// given instead of a file stands in File as ":QUANT".
func fromPage(p string) catalog.Source {
	m := repository.FindStringSubmatch(p)
	if m == nil {
		return catalog.Source{}
	}
	s := catalog.Source{Kind: catalog.HuggingFace, Repo: m[1]}
	if m[2] != "" {
		s.File = ":" + m[2]
		return s
	}
	if rest := strings.Split(m[3], "/"); len(rest) >= 2 && slices.Contains([]string{"resolve", "blob", "raw", "tree"}, rest[0]) {
		s.Revision, s.File = rest[1], strings.Join(rest[2:], "/")
	} else {
		s.File = m[3]
	}
	return s
}

func fromURL(u *url.URL) (catalog.Entry, error) {
	digest, _ := strings.CutPrefix(u.Fragment, "sha256=")
	if digest != "" && !hexDigest.MatchString(digest) {
		return catalog.Entry{}, fmt.Errorf("%q is not a SHA-256: it must be 64 lower case hex digits", digest)
	}
	u.Fragment = ""
	loopback := u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost"
	if u.Scheme != "https" && (u.Scheme != "http" || digest == "" && !loopback) {
		return catalog.Entry{}, fmt.Errorf("%s is not encrypted, so anybody on the way could change the file; use an https address, or add #sha256= and the file's digest", u.Redacted())
	}
	name := strings.TrimSuffix(path.Base(u.Path), ".gguf")
	return catalog.Entry{Ref: library.RefFor(path.Base(u.Path)), Name: name, Homepage: u.Redacted(), SHA256: digest,
		Sources: []catalog.Source{{Kind: catalog.URL, URL: u.String()}}}, nil
}

// choose makes an entry of a source, asking the server which files there are
// if the source does not name one.
func (c *Client) choose(ctx context.Context, s catalog.Source) (catalog.Entry, error) {
	entry := func(size int64) catalog.Entry {
		base := path.Base(s.File)
		return catalog.Entry{Ref: library.RefFor(base), Name: strings.TrimSuffix(base, ".gguf"), SizeBytes: size,
			Homepage: "https://huggingface.co/" + s.Repo, Sources: []catalog.Source{s}}
	}
	if strings.HasSuffix(s.File, ".gguf") {
		return entry(0), nil
	}
	resp, err := c.ask(ctx, http.MethodGet, c.Endpoint+"/api/models/"+s.Repo+"/revision/"+url.PathEscape(revision(s))+"?blobs=true")
	if err != nil {
		return catalog.Entry{}, fmt.Errorf("hf.co/%s: %w", s.Repo, err)
	}
	defer resp.Body.Close()
	var repo struct {
		Siblings []struct {
			Name string `json:"rfilename"`
			Size int64  `json:"size"`
		} `json:"siblings"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 16<<20)).Decode(&repo); err != nil {
		return catalog.Entry{}, fmt.Errorf("hf.co/%s: the server's answer cannot be read: %w", s.Repo, err)
	}
	sizes := map[string]int64{}
	var names []string
	for _, f := range repo.Siblings {
		lower := strings.ToLower(f.Name)
		if strings.HasSuffix(lower, ".gguf") && !strings.HasPrefix(path.Base(lower), "mmproj") && !partOfSplit.MatchString(lower) {
			names = append(names, f.Name)
			sizes[f.Name] = f.Size
		}
	}
	if len(names) == 0 {
		return catalog.Entry{}, fmt.Errorf("hf.co/%s has no GGUF file that can be downloaded; look for a repository whose name ends in -GGUF", s.Repo)
	}
	quant := strings.TrimPrefix(s.File, ":")
	s.File = pick(names, quant)
	if s.File == "" {
		slices.Sort(names)
		return catalog.Entry{}, fmt.Errorf("hf.co/%s has no file for %q; it has %s", s.Repo, quant, strings.Join(names, ", "))
	}
	return entry(sizes[s.File]), nil
}

// pick returns the file with this quant in its name; if none is asked for, the
// best compromise that there is.
func pick(names []string, quant string) string {
	wanted := []string{quant}
	if quant == "" {
		wanted = []string{"Q4_K_M", "Q4_K_S", "Q4_1", "Q4_0", "Q5_K_M", "Q8_0", "Q6_K"}
	}
	for _, q := range wanted {
		ending := regexp.MustCompile(`(?i)(^|[-._])` + regexp.QuoteMeta(q) + `\.gguf$`)
		for _, n := range names {
			if ending.MatchString(n) {
				return n
			}
		}
	}
	if quant == "" && len(names) == 1 {
		return names[0]
	}
	return ""
}
