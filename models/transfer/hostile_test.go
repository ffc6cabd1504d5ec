package transfer

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestAnswersWithoutTheFile(t *testing.T) {
	for code, c := range map[int]struct {
		want     string
		requests int
	}{
		http.StatusNotFound:            {"not there", 1},
		http.StatusUnauthorized:        {"HF_TOKEN", 1},
		http.StatusForbidden:           {"HF_TOKEN", 1},
		http.StatusTeapot:              {"418", 1},
		http.StatusTooManyRequests:     {"429", 4},
		http.StatusInternalServerError: {"500", 4},
		http.StatusServiceUnavailable:  {"gave up after 4 tries", 4},
	} {
		s, cl := serve(t, nil), client(t)
		s.before = func(n int, w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(code); return true }
		_, _, err := cl.Fetch(t.Context(), entry(s.URL, hexSum(nil)), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || len(s.ranges()) != c.requests {
			t.Errorf("%d: %d requests, error %v", code, len(s.ranges()), err)
		}
	}
}

func TestHostileAnswers(t *testing.T) {
	data := content(15)
	for name, c := range map[string]struct {
		answer func(n int, w http.ResponseWriter, r *http.Request)
		want   string
	}{
		"no size": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			w.Write(data)
		}, "how large"},
		"absurd size": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4611686018427387904")
			w.Write(data)
		}, "disk space"},
		"partial content that nobody asked for": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 5-99/100")
			w.WriteHeader(http.StatusPartialContent)
		}, "another part"},
		"nonsense range": {func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes -1-/x")
			w.WriteHeader(http.StatusPartialContent)
		}, "206"},
		"circle": {func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/", http.StatusFound)
		}, "circles"},
	} {
		t.Run(name, func(t *testing.T) {
			s, cl := serve(t, nil), client(t)
			s.before = func(n int, w http.ResponseWriter, r *http.Request) bool { c.answer(n, w, r); return true }
			_, _, err := cl.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestMoreThanAnnounced(t *testing.T) {
	data := content(50)
	s, c := serve(t, nil), client(t)
	s.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(data)-1, len(data)))
		w.WriteHeader(http.StatusPartialContent) // without a length, so chunked
		w.Write(data)
		w.Write([]byte("and more"))
		return true
	}
	if _, _, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil); err == nil || !strings.Contains(err.Error(), "more than it announced") {
		t.Error(err)
	}
}

func TestManyPartsInOneAnswer(t *testing.T) {
	s, c := serve(t, nil), client(t)
	s.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "multipart/byteranges; boundary=x")
		w.WriteHeader(http.StatusPartialContent)
		return true
	}
	if _, _, err := c.Fetch(t.Context(), entry(s.URL, hexSum(nil)), nil); err == nil || !strings.Contains(err.Error(), "multipart") {
		t.Error(err)
	}
}

func TestPackedFile(t *testing.T) {
	s, c := serve(t, nil), client(t)
	s.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "bomb")
		return true
	}
	if _, _, err := c.Fetch(t.Context(), entry(s.URL, hexSum(nil)), nil); err == nil || !strings.Contains(err.Error(), "packed") {
		t.Error(err)
	}
}

func TestOtherSizeThanAnnounced(t *testing.T) {
	data := content(51)
	s, c := serve(t, data), client(t)
	f := entry(s.URL, hexSum(data))
	f.Size = 5
	if _, _, err := c.Fetch(t.Context(), f, nil); err == nil || !strings.Contains(err.Error(), "bytes instead of 5") {
		t.Error(err)
	}
	if l := leftovers(t, c); len(l) != 0 {
		t.Errorf("left %v", l)
	}
}

// TestGatedBehindRedirect has a second host that never accepts the signature.
func TestGatedBehindRedirect(t *testing.T) {
	far := serve(t, nil)
	far.before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	near := serve(t, nil)
	near.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, far.URL, http.StatusFound)
		return true
	}
	c := client(t)
	if _, _, err := c.Fetch(t.Context(), entry(near.URL, hexSum(nil)), nil); err == nil || !strings.Contains(err.Error(), "gated") || len(near.ranges()) != 3 {
		t.Errorf("%d requests, %v", len(near.ranges()), err)
	}
}
