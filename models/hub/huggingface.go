package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"freehold/models/catalog"
	"freehold/models/library"
)

// errHubOffline says that the user told all programs to leave Hugging Face alone.
var errHubOffline = errors.New("HF_HUB_OFFLINE is set in the environment, so Hugging Face is not asked; unset it, or use a model that is on this machine")

// hubToken is the user's token, "" where it would go out unencrypted.
func (c *Client) hubToken() string {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "https" && !isLoopback(u.Hostname()) {
		return ""
	}
	return c.Token
}

// askHub prepares a question to the Hugging Face server.
func (c *Client) askHub(method, path string) (question, error) {
	if err := c.Gate.Allowed(); err != nil {
		return question{}, err
	}
	switch strings.ToUpper(os.Getenv("HF_HUB_OFFLINE")) {
	case "1", "ON", "YES", "TRUE":
		return question{}, errHubOffline
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return question{}, fmt.Errorf("the Hugging Face server %s is no address; write it like https://huggingface.co in Settings or HF_ENDPOINT", quoted(c.Endpoint))
	}
	return question{method: method, address: c.Endpoint + path, token: c.hubToken(), purpose: "ask Hugging Face about a model"}, nil
}

// explain says what a refusal of a repository means and what to do.
func (c *Client) explain(repo string, err error) error {
	var r *refusal
	if !errors.As(err, &r) {
		return err
	}
	code := r.header.Get("X-Error-Code")
	told := c.Token != ""
	switch {
	case code == "GatedRepo" || r.Code == http.StatusForbidden:
		page := "https://huggingface.co/" + repo
		if !told {
			return fmt.Errorf("%w: the repository is gated; accept its terms on %s, make an access token at https://huggingface.co/settings/tokens and enter it in Settings (or HF_TOKEN)", ErrGated, page)
		}
		return fmt.Errorf("%w: the repository is gated, and your access token does not open it; accept its terms on %s and see that the token may read gated repositories", ErrGated, page)
	case code == "EntryNotFound":
		return errors.New("the repository has no such file")
	case code == "RevisionNotFound":
		return errors.New("the repository has no such revision")
	case code == "RepoNotFound", r.Code == http.StatusUnauthorized, r.Code == http.StatusNotFound:
		// The server answers 401 for repositories that do not exist, too.
		if told {
			return fmt.Errorf("%w: the server has no such repository, or your access token does not open it; check the name", ErrUnknown)
		}
		return fmt.Errorf("%w: the server has no such repository, or it is private; check the name, or, if it is yours, enter an access token in Settings (or HF_TOKEN)", ErrUnknown)
	}
	return err
}

// fileURL is where a file of a repository is downloaded from.
func (c *Client) fileURL(s catalog.Source) string {
	return c.Endpoint + filePath(s)
}

func filePath(s catalog.Source) string {
	return "/" + s.Repo + "/resolve/" + url.PathEscape(revision(s)) + "/" + (&url.URL{Path: s.File}).EscapedPath()
}

func revision(s catalog.Source) string {
	if s.Revision == "" {
		return "main"
	}
	return s.Revision
}

// resolve asks the Hugging Face server which file s means now: its digest, its
// size and the commit, to which s is pinned.
func (c *Client) resolve(ctx context.Context, s catalog.Source) (PlanFile, error) {
	q, err := c.askHub(http.MethodHead, filePath(s))
	if err != nil {
		return PlanFile{}, err
	}
	resp, err := c.ask(ctx, q)
	if err != nil {
		return PlanFile{}, c.explain(s.Repo, err)
	}
	resp.Body.Close()
	digest := strings.Trim(strings.TrimPrefix(resp.Header.Get("X-Linked-Etag"), "W/"), `"`)
	if !hexDigest.MatchString(digest) {
		return PlanFile{}, fmt.Errorf("the server does not publish the SHA-256 of %s, so it could not be checked", s.File)
	}
	size, err := strconv.ParseInt(resp.Header.Get("X-Linked-Size"), 10, 64)
	if err != nil || size < 0 {
		size = 0
	}
	if commit := resp.Header.Get("X-Repo-Commit"); commitID.MatchString(commit) {
		s.Revision = commit
	}
	return PlanFile{Role: Weights, Name: path.Base(s.File), Size: size, SHA256: digest, Source: s}, nil
}

// repoInfo is what the server says about a repository.
type repoInfo struct {
	ID    string          `json:"id"`
	SHA   string          `json:"sha"`
	Gated json.RawMessage `json:"gated"` // false, "auto" or "manual"
	Card  cardData        `json:"cardData"`
	Tags  []string        `json:"tags"`
	GGUF  ggufInfo        `json:"gguf"`
}

// ggufInfo is what the server read from one of the repository's GGUF files.
type ggufInfo struct {
	Architecture string `json:"architecture"`
	Total        int64  `json:"total"` // values in its tensors
	Context      int64  `json:"context_length"`
}

// cardData is the head of the repository's README. Its authors write what they
// like, so each field is taken only if it has the right form.
type cardData struct {
	Licence, LicenceName, LicenceLink string
}

func (c *cardData) UnmarshalJSON(data []byte) error {
	var card map[string]json.RawMessage
	_ = json.Unmarshal(data, &card) // what is no object has no fields
	text := func(key string) string {
		var s string
		if json.Unmarshal(card[key], &s) != nil {
			var list []string
			if json.Unmarshal(card[key], &list) == nil && len(list) > 0 {
				s = list[0]
			}
		}
		return line(s, 200)
	}
	*c = cardData{text("license"), text("license_name"), text("license_link")}
	return nil
}

// isGated reads the field gated.
func isGated(raw json.RawMessage) bool {
	s := strings.Trim(string(raw), `"`)
	return s == "auto" || s == "manual" || s == "true"
}

// repository asks what a repository is now and which commit its revision is.
func (c *Client) repository(ctx context.Context, repo, rev string) (repoInfo, error) {
	if rev == "" {
		rev = "main"
	}
	q, err := c.askHub(http.MethodGet, "/api/models/"+repo+"/revision/"+url.PathEscape(rev)+
		"?expand[]=sha&expand[]=gated&expand[]=cardData&expand[]=tags&expand[]=gguf")
	if err != nil {
		return repoInfo{}, err
	}
	var info repoInfo
	if _, err := c.askJSON(ctx, q, &info); err != nil {
		return repoInfo{}, c.explain(repo, err)
	}
	if !commitID.MatchString(info.SHA) {
		return repoInfo{}, fmt.Errorf("the server does not say which commit %s is", rev)
	}
	return info, nil
}

// tree lists the files of a repository at a commit.
func (c *Client) tree(ctx context.Context, repo, commit string) ([]treeFile, error) {
	base := "/api/models/" + repo + "/tree/" + commit
	var files []treeFile
	seen := map[string]bool{}
	for query, page := "recursive=true", 0; query != ""; page++ {
		if page == maxPages || seen[query] {
			return nil, fmt.Errorf("the listing of the repository does not end")
		}
		seen[query] = true
		q, err := c.askHub(http.MethodGet, base+"?"+query)
		if err != nil {
			return nil, err
		}
		var entries treeEntries
		header, err := c.askJSON(ctx, q, &entries)
		if err != nil {
			return nil, c.explain(repo, err)
		}
		if files = append(files, entries...); len(files) > maxFiles {
			return nil, fmt.Errorf("the repository lists more than %d files, which is not believable", maxFiles)
		}
		query = nextPage(header)
	}
	return files, nil
}

// treeEntries are the files of one page of a listing.
type treeEntries []treeFile

func (t *treeEntries) UnmarshalJSON(data []byte) error {
	var entries []struct {
		Type string `json:"type"`
		Path string `json:"path"`
		Size int64  `json:"size"`
		LFS  *struct {
			OID  string `json:"oid"`
			Size int64  `json:"size"`
		} `json:"lfs"`
	}
	if err := json.Unmarshal(data, &entries); err != nil {
		return err
	}
	for _, e := range entries {
		if e.Type != "file" || !safeName(e.Path) {
			continue
		}
		f := treeFile{path: e.Path, size: e.Size}
		if e.LFS != nil {
			f.size = e.LFS.Size
			if digest := strings.TrimPrefix(e.LFS.OID, "sha256:"); hexDigest.MatchString(digest) {
				f.sha256 = digest
			}
		}
		*t = append(*t, f)
	}
	return nil
}

// lookupRepository makes a plan of a repository's model.
func (c *Client) lookupRepository(ctx context.Context, r reference) (Plan, error) {
	info, err := c.repository(ctx, r.repo, r.revision)
	if err != nil {
		return Plan{}, fmt.Errorf("hf.co/%s: %w", r.repo, err)
	}
	p, err := c.planRepository(ctx, r, info)
	if err != nil {
		return Plan{}, fmt.Errorf("hf.co/%s: %w", r.repo, err)
	}
	return p, nil
}

func (c *Client) planRepository(ctx context.Context, r reference, info repoInfo) (Plan, error) {
	files, err := c.tree(ctx, r.repo, info.SHA)
	if err != nil {
		return Plan{}, err
	}
	all := variants(files)
	v, err := choose(all, r)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Ref: refOf(r.repo, v, all), Name: strings.TrimSuffix(path.Base(v.name()), ".gguf"), Homepage: "https://huggingface.co/" + r.repo,
		Architecture: line(info.GGUF.Architecture, 50), Quant: v.quant, Gated: isGated(info.Gated)}
	if r.revision != "" && r.revision != "main" {
		p.Ref = "https://huggingface.co/" + r.repo + "/resolve/" + r.revision + "/" + (&url.URL{Path: v.files[0].path}).EscapedPath()
	}
	p.Model = library.RefFor(path.Base(v.name()))
	p.setLicence(info.licence(), info.Card.LicenceLink)
	for _, f := range v.files {
		s := catalog.Source{Kind: catalog.HuggingFace, Repo: r.repo, File: f.path, Revision: info.SHA}
		file := PlanFile{Role: Weights, Name: path.Base(f.path), Size: f.size, SHA256: f.sha256, Source: s}
		if f.sha256 == "" {
			if file, err = c.resolve(ctx, s); err != nil {
				return Plan{}, err
			}
		}
		p.Files = append(p.Files, file)
	}
	p.addUp()
	return p, nil
}

// choose finds what r names among a repository's models.
func choose(all []variant, r reference) (variant, error) {
	if len(all) == 0 {
		return variant{}, errors.New("it has no GGUF file; look for a repository whose name ends in -GGUF")
	}
	if r.file != "" && !strings.EqualFold(path.Ext(r.file), ".gguf") { // a folder
		inside := slices.DeleteFunc(slices.Clone(all), func(v variant) bool { return !strings.HasPrefix(v.name(), r.file+"/") })
		if len(inside) == 0 {
			return variant{}, fmt.Errorf("it has no GGUF file in %s; it has %s", quoted(r.file), shownQuants(all))
		}
		all, r.file = inside, ""
	}
	if r.file != "" {
		for _, v := range all {
			for _, f := range v.files {
				if f.path == r.file && v.lacks != "" {
					return variant{}, fmt.Errorf("%s cannot be used: %s is not in the repository", quoted(v.name()), v.lacks)
				}
				if f.path == r.file {
					return v, nil
				}
			}
		}
		return variant{}, fmt.Errorf("it has no model in a file %s; it has %s", quoted(r.file), shownQuants(all))
	}
	if v, ok := pick(all, r.quant); ok {
		return v, nil
	}
	for _, v := range all {
		if strings.EqualFold(v.quant, r.quant) || r.quant == "" {
			return variant{}, fmt.Errorf("%s cannot be used: %s is not in the repository; it has %s", quoted(v.name()), v.lacks, shownQuants(all))
		}
	}
	return variant{}, fmt.Errorf("it has no file for %s; it has %s", quoted(r.quant), shownQuants(all))
}

// licence is what the card or the tags say.
func (i repoInfo) licence() string {
	l := i.Card.Licence
	if l == "" {
		for _, t := range i.Tags {
			if rest, ok := strings.CutPrefix(t, "license:"); ok {
				l = line(rest, 100)
			}
		}
	}
	if (l == "other" || l == "") && i.Card.LicenceName != "" {
		l = i.Card.LicenceName
	}
	return l
}
