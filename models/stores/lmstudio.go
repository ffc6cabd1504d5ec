package stores

import (
	"path/filepath"
	"strings"
)

// findLMStudio reads a folder of owner/name/file.gguf.
func findLMStudio(s *store) []Found {
	var found []Found
	seen := map[string]bool{}
	for _, owner := range s.folders(s.root) {
		if strings.HasPrefix(owner, ".") {
			continue
		}
		for _, repo := range s.folders(filepath.Join(s.root, owner)) {
			dir := filepath.Join(s.root, owner, repo)
			s.weights(dir, 2, func(parts []file) {
				if seen[parts[0].real] {
					return
				}
				seen[parts[0].real] = true
				f := s.of(LMStudio, parts)
				f.Repo = owner + "/" + repo
				name, err := filepath.Rel(s.root, f.Path)
				if err != nil {
					return
				}
				f.Source = "lmstudio:" + filepath.ToSlash(name)
				found = append(found, f)
			})
		}
	}
	return found
}
