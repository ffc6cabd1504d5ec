package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Query says what to search Hugging Face for.
type Query struct {
	Text   string
	Sort   string // downloads (also if ""), likes, trending, created or modified
	Author string // "" for all
	Limit  int    // models a page; 0 for 20, at most 50
	Cursor string // "" or what the page before returned as next
}

// Found is a repository with GGUF files.
type Found struct {
	Repo          string      `json:"repo"`
	Name          string      `json:"name"`
	Author        string      `json:"author"`
	Downloads     int64       `json:"downloads"`
	Likes         int64       `json:"likes"`
	Gated         bool        `json:"gated"`
	Licence       string      `json:"licence"`
	UpdatedAt     int64       `json:"updatedAt"` // ms since 1970
	Architecture  string      `json:"architecture"`
	Parameters    int64       `json:"parameters"`
	ContextLength int         `json:"contextLength"`
	Files         []FoundFile `json:"files"` // smallest first
}

// FoundFile is one model of a repository.
type FoundFile struct {
	Ref       string `json:"ref"` // what Lookup takes
	Quant     string `json:"quant"`
	SizeBytes int64  `json:"sizeBytes"` // of all parts; 0 if unknown
	Estimated bool   `json:"estimated"` // SizeBytes was computed from parameters and quant
	Parts     int    `json:"parts"`
}

var sorts = map[string]string{"": "downloads", "downloads": "downloads", "likes": "likes", "trending": "trendingScore", "created": "createdAt", "modified": "lastModified"}

const (
	mostVariants = 100             // of a repository in an answer
	sizesAtOnce  = 6               // requests for sizes
	sizesTime    = 3 * time.Second // for all sizes of a page; what is late is estimated
)

// Search looks for GGUF models on Hugging Face. next is the Cursor of the page
// after this one, "" after the last.
func (c *Client) Search(ctx context.Context, q Query) (found []Found, next string, err error) {
	sort, ok := sorts[q.Sort]
	if !ok {
		return nil, "", fmt.Errorf("models cannot be sorted by %s; by downloads, likes, trending, created or modified they can", quoted(q.Sort))
	}
	if len(q.Text) > 200 || len(q.Author) > 100 || len(q.Cursor) > 8<<10 {
		return nil, "", fmt.Errorf("the search text is too long; 200 letters are enough")
	}
	if q.Limit <= 0 {
		q.Limit = 20
	}
	v := url.Values{"filter": {"gguf"}, "sort": {sort}, "direction": {"-1"}, "limit": {strconv.Itoa(min(q.Limit, 50))},
		"expand[]": {"gguf", "downloads", "likes", "gated", "siblings", "lastModified", "tags", "cardData", "sha"}}
	if text := strings.TrimSpace(q.Text); text != "" {
		v.Set("search", text)
	}
	if q.Author != "" {
		v.Set("author", q.Author)
	}
	query := v.Encode()
	if q.Cursor != "" {
		query = q.Cursor
	}
	ask, err := c.askHub(http.MethodGet, "/api/models?"+query)
	if err != nil {
		return nil, "", err
	}
	ask.purpose = "search Hugging Face"
	var models []foundModel
	header, err := c.askJSON(ctx, ask, &models)
	if err != nil {
		return nil, "", err
	}
	found = []Found{}
	var commits []string
	var all [][]variant
	for _, m := range models[:min(len(models), 100)] {
		if !repository.MatchString(m.ID) || strings.Contains(m.ID, "..") {
			continue
		}
		owner, name, _ := strings.Cut(m.ID, "/")
		f := Found{Repo: m.ID, Name: name, Author: owner, Downloads: max(m.Downloads, 0), Likes: max(m.Likes, 0), Gated: isGated(m.Gated),
			Licence: m.licence(), Architecture: line(m.GGUF.Architecture, 50), Parameters: max(m.GGUF.Total, 0),
			ContextLength: int(min(max(m.GGUF.Context, 0), 1<<30))}
		if t, err := time.Parse(time.RFC3339, m.Modified); err == nil {
			f.UpdatedAt = t.UnixMilli()
		}
		var files []treeFile
		for _, s := range m.Siblings[:min(len(m.Siblings), maxFiles)] {
			files = append(files, treeFile{path: s.Name})
		}
		vs := slices.DeleteFunc(variants(files), func(v variant) bool { return v.lacks != "" })
		if len(vs) == 0 {
			continue
		}
		found, commits, all = append(found, f), append(commits, m.SHA), append(all, vs)
	}
	c.measure(ctx, found, commits, all)
	if ctx.Err() != nil {
		return nil, "", context.Cause(ctx)
	}
	for i := range found {
		found[i].list(all[i])
	}
	return found, nextPage(header), nil
}

// foundModel is a repository as the server's list has it.
type foundModel struct {
	repoInfo
	Downloads int64  `json:"downloads"`
	Likes     int64  `json:"likes"`
	Modified  string `json:"lastModified"`
	Siblings  []struct {
		Name string `json:"rfilename"`
	} `json:"siblings"`
}

// list fills in the files of a repository.
func (f *Found) list(all []variant) {
	for _, v := range all[:min(len(all), mostVariants)] {
		file := FoundFile{Ref: refOf(f.Repo, v, all), Quant: v.quant, SizeBytes: v.size(), Parts: len(v.files)}
		if file.SizeBytes == 0 {
			file.SizeBytes, file.Estimated = int64(float64(f.Parameters)*bitsOf(v.quant)/8), true
		}
		f.Files = append(f.Files, file)
	}
	slices.SortStableFunc(f.Files, func(a, b FoundFile) int { return int(min(max(a.SizeBytes-b.SizeBytes, -1), 1)) })
}

// bitsOf is about how many bits a weight takes in a quant's usual mix; 0 if
// unknown.
func bitsOf(quant string) float64 {
	quant = strings.TrimPrefix(quant, "UD-")
	for _, q := range []struct {
		start string
		bits  float64
	}{
		{"IQ1_S", 1.8}, {"IQ1_M", 2}, {"IQ2_XXS", 2.3}, {"IQ2_XS", 2.5}, {"IQ2_S", 2.6}, {"IQ2", 2.8}, {"IQ3_XXS", 3.2}, {"IQ3_XS", 3.4},
		{"IQ3", 3.7}, {"IQ4", 4.5}, {"TQ1", 1.8}, {"TQ2", 2.1}, {"Q1", 1.2}, {"Q2", 3.1}, {"Q3_K_S", 3.6}, {"Q3_K_L", 4.3}, {"Q3", 4},
		{"Q4_1", 5.1}, {"Q4_0", 4.6}, {"Q4_K_S", 4.7}, {"Q4", 4.9}, {"Q5_K_M", 5.7}, {"Q5", 5.6}, {"Q6", 6.6}, {"Q8", 8.5},
		{"MXFP4", 4.5}, {"NVFP4", 4.6}, {"BF16", 16}, {"F16", 16}, {"FP16", 16}, {"F32", 32}, {"FP32", 32},
	} {
		if strings.HasPrefix(quant, q.start) {
			return q.bits
		}
	}
	return 0
}

// sizes are the listings of commits that were asked for; they never change.
type sizes struct {
	mu sync.Mutex
	of map[string]map[string]int64
}

func (s *sizes) get(key string) (map[string]int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.of[key]
	return v, ok
}

func (s *sizes) set(key string, v map[string]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil || len(s.of) > 500 {
		s.of = map[string]map[string]int64{}
	}
	s.of[key] = v
}

// measure asks for the sizes of files, which the server's list does not have.
// What it cannot learn soon stays 0.
func (c *Client) measure(ctx context.Context, found []Found, commits []string, all [][]variant) {
	ctx, cancel := context.WithTimeout(ctx, sizesTime)
	defer cancel()
	turn := make(chan struct{}, sizesAtOnce)
	var wg sync.WaitGroup
	for i := range found {
		if !commitID.MatchString(commits[i]) {
			continue
		}
		wg.Go(func() {
			select {
			case turn <- struct{}{}:
				defer func() { <-turn }()
			case <-ctx.Done():
				return
			}
			key := found[i].Repo + "@" + commits[i]
			known, ok := c.sizes.get(key)
			if !ok {
				files, err := c.tree(ctx, found[i].Repo, commits[i])
				if err != nil {
					var s *refusal
					if errors.As(err, &s) && s.Code == http.StatusTooManyRequests {
						cancel() // the server has had enough
					}
					return
				}
				known = map[string]int64{}
				for _, f := range files {
					if strings.HasSuffix(strings.ToLower(f.path), ".gguf") {
						known[f.path] = f.size
					}
				}
				c.sizes.set(key, known)
			}
			for _, v := range all[i] {
				for k, f := range v.files {
					if known[f.path] <= 0 {
						for k := range v.files {
							v.files[k].size = 0
						}
						break
					}
					v.files[k].size = known[f.path]
				}
			}
		})
	}
	wg.Wait()
}
