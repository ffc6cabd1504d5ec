// Package api offers the application over HTTP on this machine: the user
// interface for browsers, and the Ollama and OpenAI protocols for programs.
package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"freehold/app"
)

// Config says what to serve.
type Config struct {
	Assets fs.FS // the built user interface
	App    *app.App
	Core   *app.Core
	Events *Events // the emitter that Core was opened with
	Token  string  // whoever has it may do everything; "" for a new one
	Log    *slog.Logger
}

// Server is a server that has its address but does not answer yet.
type Server struct {
	listener net.Listener
	server   *http.Server
	events   *Events
	token    string
}

// Listen takes the address; port 0 picks a free one.
func Listen(addr string, c Config) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; choose another address with --addr", addr, err)
	}
	token := c.Token
	if token == "" {
		token = rand.Text()
	}
	s := &Server{listener: l, events: c.Events, token: token}
	s.server = &http.Server{
		Handler:           newGuard(token, l.Addr(), Routes(c)),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	s.server.RegisterOnShutdown(s.events.close)
	return s, nil
}

// Routes is what the server answers, without the guard before it.
func Routes(c Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rpc/{method}", rpc(c.App, c.Log))
	mux.HandleFunc("POST /upload", upload(c.Core))
	mux.HandleFunc("GET /download/{token}", download(c.Core))
	mux.Handle("GET /events", c.Events)
	p := newPrograms(c.Core)
	p.ollamaRoutes(mux)
	p.openaiRoutes(mux)
	p.embedRoutes(mux)
	mux.Handle("GET /", assets(c.Assets))
	return mux
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Token is what the API's clients need.
func (s *Server) Token() string { return s.token }

// Link opens the user interface.
func (s *Server) Link() string {
	host, port, _ := net.SplitHostPort(s.Addr().String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return fmt.Sprintf("http://%s/?token=%s", net.JoinHostPort(host, port), s.token)
}

// Serve answers until ctx ends, then lets running requests finish for a moment.
func (s *Server) Serve(ctx context.Context) error {
	base, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.server.BaseContext = func(net.Listener) context.Context { return base }
	failed := make(chan error, 1)
	go func() { failed <- s.server.Serve(s.listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	patience, done := context.WithTimeout(context.Background(), 3*time.Second)
	defer done()
	cancelSoon := time.AfterFunc(time.Second, cancel) // answers over the API end here
	defer cancelSoon.Stop()
	err := s.server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close()
	}
	return err
}

// assets serves the built user interface. Files with a hash in their name may
// be kept by the browser, the page itself may not.
func assets(files fs.FS) http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		info, err := fs.Stat(files, name)
		if strings.HasPrefix(name, "assets/") && err == nil && !info.IsDir() {
			w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
			server.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case name == "" || name == "index.html":
			page, err := fs.ReadFile(files, "index.html")
			if err != nil {
				http.Error(w, "this build has no user interface; `make build` adds it", http.StatusNotFound)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(page)
		case err != nil || info.IsDir():
			http.NotFound(w, r)
		default:
			server.ServeHTTP(w, r)
		}
	})
}
