package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(childEnv); address != "" {
		os.Exit(child(address))
	}
	grace = 50 * time.Millisecond
	goleak.VerifyTestMain(m)
}

// childEnv makes this test binary a process that downloads the address in it.
const childEnv = "FREEHOLD_TRANSFER_CHILD"

// child downloads into the folder FREEHOLD_TRANSFER_DIR.
func child(address string) int {
	c := New(Options{Dir: os.Getenv("FREEHOLD_TRANSFER_DIR"), Backoff: time.Millisecond})
	c.chunk = smallChunk
	path, _, err := c.Fetch(context.Background(), File{Ref: "m", Name: "M", URL: address, SHA256: os.Getenv("FREEHOLD_TRANSFER_SHA256")}, nil)
	if err != nil {
		fmt.Println(err)
		return 3
	}
	fmt.Println(path)
	return 0
}

// smallChunk makes many chunks of a small file.
const smallChunk = 256 << 10

// random returns a file for tests with several connections.
func random(seed uint64, size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 7})
	_, _ = r.Read(b) // never fails
	return b
}

// content is a file that a test server offers.
func content(seed byte) []byte {
	b := make([]byte, 3<<20+17)
	for i := range b {
		b[i] = byte(i*7+i>>9) ^ seed
	}
	return b
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// server answers range requests for what its fields say and may misbehave.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	data     []byte
	etag     string
	requests []string     // their Range headers
	sent     atomic.Int64 // bytes of bodies
	// pace, if set, is told of every write before it happens.
	pace atomic.Pointer[func(sent int64)]
	// spoil, if set, may change bytes on their way; at is their offset.
	spoil func(at int64, b []byte)
	// before may answer a request itself; it gets the number of the request.
	before func(n int, w http.ResponseWriter, r *http.Request) (answered bool)
}

func serve(t *testing.T, data []byte) *server {
	s := &server{data: data, etag: `"one"`}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Header.Get("Range"))
		n, data, etag := len(s.requests), s.data, s.etag
		s.mu.Unlock()
		if s.before != nil && s.before(n, w, r) {
			return
		}
		w.Header().Set("ETag", etag)
		var at int64
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &at)
		http.ServeContent(&bodyWriter{w, s, at}, r, "", time.Time{}, bytes.NewReader(data))
	}))
	// Little of what counts as sent shall lie in the system's buffers.
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(128 << 10)
		return ctx
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// paced sets pace, which may be nil.
func (s *server) paced(f func(sent int64)) {
	if f == nil {
		s.pace.Store(nil)
		return
	}
	s.pace.Store(&f)
}

// bodyWriter counts and spoils what a server sends.
type bodyWriter struct {
	http.ResponseWriter
	s  *server
	at int64
}

func (w *bodyWriter) Write(b []byte) (int, error) {
	if w.s.spoil != nil {
		b = bytes.Clone(b)
		w.s.spoil(w.at, b)
	}
	if pace := w.s.pace.Load(); pace != nil {
		(*pace)(w.s.sent.Load())
	}
	n, err := w.ResponseWriter.Write(b)
	w.at += int64(n)
	w.s.sent.Add(int64(n))
	return n, err
}

func (s *server) ranges() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

// cut sends the first n bytes of a full answer and drops the connection.
func cut(w http.ResponseWriter, data []byte, etag string, n int) {
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	w.Write(data[:n])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func client(t *testing.T) *Downloader {
	c := New(Options{Dir: t.TempDir(), Backoff: time.Millisecond, Stall: 5 * time.Second, Attempts: 4})
	t.Cleanup(c.Gate.CloseIdleConnections)
	return c
}

// small is client with small chunks.
func small(t *testing.T) *Downloader {
	c := client(t)
	c.chunk = smallChunk
	return c
}

func entry(url, sha256 string) File {
	return File{Ref: "m", Name: "M", SHA256: sha256, URL: url}
}

// leftovers lists what is in the client's folder besides locks.
func leftovers(t *testing.T, c *Downloader) []string {
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".lock" {
			names = append(names, filepath.Ext(e.Name()))
		}
	}
	return names
}

// fetched fails the test unless the file is data.
func fetched(t *testing.T, path, digest string, err error, data []byte) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, data) || digest != hexSum(data) {
		t.Errorf("fetched file differs (%v), digest %s", err, digest)
	}
}
