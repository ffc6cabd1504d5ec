package api

import (
	"mime"
	"net/http"
	"os"
	"time"

	"freehold/app"
)

// download answers GET /download/{token}: a file that a page has asked for, for
// the browser to save.
func download(core *app.Core) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, ok := core.TakeHanded(r.PathValue("token"))
		if !ok {
			http.Error(w, "this file has been fetched already; export it again", http.StatusNotFound)
			return
		}
		if !f.Keep {
			defer os.Remove(f.Path)
		}
		in, err := os.Open(f.Path)
		if err != nil {
			http.Error(w, "this file is gone; export it again", http.StatusNotFound)
			return
		}
		defer in.Close()
		w.Header().Set("Content-Type", f.Type)
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
		w.Header().Set("Cache-Control", "no-store")
		http.ServeContent(w, r, "", time.Time{}, in)
	}
}
