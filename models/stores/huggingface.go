package stores

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	repoFolder   = regexp.MustCompile(`^models--([A-Za-z0-9_][A-Za-z0-9._-]{0,95}(?:--[A-Za-z0-9_][A-Za-z0-9._-]{0,95})?)$`)
	commitFolder = regexp.MustCompile(`^[0-9a-f]{7,64}$`)
	hexDigest    = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// findHuggingFace reads a hub cache: models--owner--name/snapshots/<commit>/<file>,
// a link to blobs/<etag>, where the ETag of a large file is its SHA-256. Where
// links are not to be had, on Windows, the files themselves lie in snapshots.
func findHuggingFace(s *store) []Found {
	var found []Found
	for _, folder := range s.folders(s.root) {
		match := repoFolder.FindStringSubmatch(folder)
		if match == nil {
			continue
		}
		repo := strings.Replace(match[1], "--", "/", 1)
		dir := filepath.Join(s.root, folder)
		seen := map[string]bool{} // several commits share what did not change
		for _, commit := range s.commits(dir) {
			snapshot := filepath.Join(dir, "snapshots", commit)
			s.weights(snapshot, 4, func(parts []file) {
				if seen[parts[0].real] {
					return
				}
				seen[parts[0].real] = true
				f := s.of(HuggingFace, parts)
				f.Repo, f.Commit = repo, commit
				name, err := filepath.Rel(snapshot, f.Path)
				if err != nil {
					return
				}
				f.Source = "hf.co/" + repo + "/" + filepath.ToSlash(name)
				f.Digest = blobDigest(dir, parts)
				found = append(found, f)
			})
		}
	}
	return found
}

// commits returns the snapshots in a repository's folder, those first that a
// branch points to.
func (s *store) commits(dir string) []string {
	var named, others []string
	refs := map[string]bool{}
	for _, e := range s.list(filepath.Join(dir, "refs")) {
		if f, err := s.look(filepath.Join(dir, "refs", e.Name())); err == nil {
			refs[strings.TrimSpace(string(readSmall(f.real, 200)))] = true
		}
	}
	for _, commit := range s.folders(filepath.Join(dir, "snapshots")) {
		switch {
		case !commitFolder.MatchString(commit):
		case refs[commit]:
			named = append(named, commit)
		default:
			others = append(others, commit)
		}
	}
	return slices.Concat(named, others)
}

// blobDigest returns what the names of the parts' blobs say about their content.
func blobDigest(dir string, parts []file) string {
	all := sha256.New()
	for _, p := range parts {
		name := filepath.Base(p.real)
		if !hexDigest.MatchString(name) || filepath.Dir(p.real) != filepath.Join(dir, "blobs") {
			return ""
		}
		if len(parts) == 1 {
			return "sha256:" + name
		}
		sum, err := hex.DecodeString(name)
		if err != nil {
			return ""
		}
		all.Write(sum)
	}
	return "sha256:" + hex.EncodeToString(all.Sum(nil))
}
