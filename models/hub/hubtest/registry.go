package hubtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// ErrNoRegistry says that docker-registry is not on this machine.
var ErrNoRegistry = errors.New("docker-registry is not here (Debian's package of that name; build/setup.sh test brings it into build/cache)")

// Doer sends requests, as a client of net/http does.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Registry is a running docker-registry.
type Registry struct {
	Host string // host:port on loopback
	// Client pushes to it.
	Client Doer
	cmd    *exec.Cmd
	output bytes.Buffer
}

// FindRegistry returns the path of the docker-registry program: that of
// FREEHOLD_DOCKER_REGISTRY, of the PATH, or what the set-up brought under root,
// the repository's folder.
func FindRegistry(root string) (string, error) {
	for _, path := range []string{os.Getenv("FREEHOLD_DOCKER_REGISTRY"), filepath.Join(root, "build", "cache", "docker-registry", "usr", "bin", "docker-registry")} {
		if info, err := os.Stat(path); path != "" && err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	if path, err := exec.LookPath("docker-registry"); err == nil {
		return path, nil
	}
	return "", ErrNoRegistry
}

// StartRegistry runs the program with its data in dir and waits until it
// answers. It ends with ctx at the latest.
func StartRegistry(ctx context.Context, program, dir string, client Doer) (*Registry, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Registry{Host: l.Addr().String(), Client: client}
	l.Close()
	config := filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n", filepath.Join(dir, "data"), r.Host)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	r.cmd = exec.CommandContext(ctx, program, "serve", config)
	r.cmd.Stdout, r.cmd.Stderr = &r.output, &r.output
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.Host+"/v2/", nil)
		if err != nil {
			r.Close()
			return nil, err
		}
		resp, err := client.Do(request)
		if err == nil {
			resp.Body.Close()
			return r, nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			r.Close()
			return nil, fmt.Errorf("docker-registry does not answer: %w: %s", err, r.output.String())
		}
	}
}

// Close ends it.
func (r *Registry) Close() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

// Layer is a blob of a model, its MediaType without Ollama's beginning.
type Layer struct {
	MediaType string
	Data      []byte
}

// Push loads a model as Ollama does: its blobs by upload, then a manifest.
func (r *Registry) Push(ctx context.Context, name, tag string, config []byte, layers ...Layer) error {
	type descriptor struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int    `json:"size"`
	}
	digest, err := r.PushBlob(ctx, name, config)
	if err != nil {
		return err
	}
	const manifestType = "application/vnd.docker.distribution.manifest.v2+json"
	m := map[string]any{"schemaVersion": 2, "mediaType": manifestType,
		"config": descriptor{"application/vnd.docker.container.image.v1+json", digest, len(config)}}
	var list []descriptor
	for _, l := range layers {
		digest, err := r.PushBlob(ctx, name, l.Data)
		if err != nil {
			return err
		}
		list = append(list, descriptor{"application/vnd.ollama.image." + l.MediaType, digest, len(l.Data)})
	}
	m["layers"] = list
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return r.PutManifest(ctx, name, tag, manifestType, data)
}

// PutManifest loads a manifest as it is.
func (r *Registry) PutManifest(ctx context.Context, name, tag, mediaType string, data []byte) error {
	_, err := r.do(ctx, http.MethodPut, "http://"+r.Host+"/v2/"+name+"/manifests/"+tag, mediaType, data, http.StatusCreated)
	return err
}

// PushBlob loads a blob and returns its digest.
func (r *Registry) PushBlob(ctx context.Context, name string, data []byte) (string, error) {
	sum := sha256.Sum256(data)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	header, err := r.do(ctx, http.MethodPost, "http://"+r.Host+"/v2/"+name+"/blobs/uploads/", "", nil, http.StatusAccepted)
	if err != nil {
		return "", err
	}
	to, err := url.Parse(header.Get("Location"))
	if err != nil {
		return "", err
	}
	to = (&url.URL{Scheme: "http", Host: r.Host}).ResolveReference(to)
	q := to.Query()
	q.Set("digest", digest)
	to.RawQuery = q.Encode()
	_, err = r.do(ctx, http.MethodPut, to.String(), "application/octet-stream", data, http.StatusCreated)
	return digest, err
}

func (r *Registry) do(ctx context.Context, method, address, contentType string, body []byte, want int) (http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	resp, err := r.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	if resp.StatusCode != want {
		return nil, fmt.Errorf("%s %s: %s: %s", method, address, resp.Status, text)
	}
	return resp.Header, nil
}
