package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"freehold/app"
)

// uploadHeader must come with what a page uploads; a request with a header of
// its own is never sent to another site without asking that site first.
const uploadHeader = "X-Freehold-Upload"

const (
	mostUploads  = 200             // files in one request
	uploadTaking = 5 * time.Minute // for a request to arrive
)

// upload answers POST /upload: files that were dropped on a browser, as
// multipart form fields "file". It answers with the paths at which they are
// kept, for AddDocuments.
func upload(core *app.Core) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTaking)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		parts, err := r.MultipartReader()
		if err != nil {
			http.Error(w, "the body must be a multipart form: "+err.Error(), http.StatusBadRequest)
			return
		}
		paths := []string{}
		for {
			part, err := parts.NextPart()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				http.Error(w, "the upload broke off: "+err.Error(), http.StatusBadRequest)
				return
			}
			if part.FormName() != "file" {
				continue
			}
			if len(paths) >= mostUploads {
				http.Error(w, fmt.Sprintf("more than %d files at once", mostUploads), http.StatusRequestEntityTooLarge)
				return
			}
			path, err := core.Documents.Upload(part.FileName(), part)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInsufficientStorage)
				return
			}
			paths = append(paths, path)
		}
		writeJSON(w, http.StatusOK, paths)
	}
}
