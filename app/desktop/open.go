package desktop

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Opening is what the window is asked to show: by a double click on a file, a
// link, or the command line of a second start.
type Opening struct {
	Files []string // whole paths
	Page  string   // an address within the interface, such as #/chat/…; "" for none
}

// Empty tells that there is nothing to show.
func (o Opening) Empty() bool { return len(o.Files) == 0 && o.Page == "" }

// Opens tells whether arguments are meant for the window: files and links are,
// verbs of the terminal are not.
func Opens(args []string) bool {
	for _, a := range args {
		if !strings.HasPrefix(a, scheme) && !strings.ContainsAny(a, `/\`) && !strings.Contains(a, ".") {
			return false
		}
		if strings.HasPrefix(a, "-") {
			return false
		}
	}
	return len(args) > 0
}

const (
	scheme    = "freehold:"
	mostFiles = 1000 // of one opening
)

// Whoever may write a link may be anybody: it can name a page and nothing else.
var (
	chatID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	pages  = map[string]bool{"models": true, "documents": true, "machine": true, "network": true, "settings": true, "search": true}
)

// ToOpen reads arguments. Files that are not there are left out; dir is what
// relative paths start from.
func ToOpen(args []string, dir string) Opening {
	var o Opening
	for _, a := range args {
		if strings.HasPrefix(a, scheme) {
			if page := pageOf(a); page != "" {
				o.Page = page
			}
			continue
		}
		if rest, ok := strings.CutPrefix(a, "file://"); ok {
			plain, err := url.PathUnescape(rest)
			if err != nil {
				continue
			}
			a = plain
		}
		if !filepath.IsAbs(a) {
			a = filepath.Join(dir, a)
		}
		if _, err := os.Stat(a); err == nil && len(o.Files) < mostFiles {
			o.Files = append(o.Files, filepath.Clean(a))
		}
	}
	return o
}

// pageOf is the page that a link names: freehold://chat/ID, freehold://models
// and the like; "" for anything else.
func pageOf(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Opaque != "" {
		return ""
	}
	path := strings.Trim(u.Path, "/")
	switch {
	case u.Host == "chat" && path == "":
		return "#/"
	case u.Host == "chat" && chatID.MatchString(path):
		return "#/chat/" + path
	case pages[u.Host] && path == "":
		return "#/" + u.Host
	}
	return ""
}
