package hub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"freehold/models/catalog"
	"freehold/models/library"
)

// What a manifest and its layers are called, in Docker's terms and in OCI's.
const (
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	ociManifest    = "application/vnd.oci.image.manifest.v1+json"
	ollamaLayer    = "application/vnd.ollama.image."
)

// layerDigest is how layers are named; anything else could lead elsewhere.
var layerDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// maxLayers is how many layers a model may have.
const maxLayers = 64

// layer is a blob as a manifest names it.
type layer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// manifest is what a registry says about a model.
type manifest struct {
	config layer
	layers []layer // only Ollama's, MediaType without the common beginning
}

// parseManifest reads and checks a manifest.
func parseManifest(data []byte) (manifest, error) {
	var raw struct {
		SchemaVersion int             `json:"schemaVersion"`
		MediaType     string          `json:"mediaType"`
		Config        layer           `json:"config"`
		Layers        []layer         `json:"layers"`
		Manifests     json.RawMessage `json:"manifests"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return manifest{}, fmt.Errorf("its manifest cannot be read: %w", err)
	}
	switch {
	case raw.Manifests != nil:
		return manifest{}, errors.New("it is a list of images for several machines, not a model")
	case raw.SchemaVersion != 2:
		return manifest{}, fmt.Errorf("its manifest has version %d instead of 2", raw.SchemaVersion)
	case raw.MediaType != "" && raw.MediaType != dockerManifest && raw.MediaType != ociManifest:
		return manifest{}, fmt.Errorf("its manifest is of the unknown kind %s", quoted(raw.MediaType))
	case len(raw.Layers) > maxLayers:
		return manifest{}, fmt.Errorf("its manifest names %d layers, which is not believable", len(raw.Layers))
	}
	m := manifest{config: raw.Config}
	for _, l := range append([]layer{raw.Config}, raw.Layers...) {
		if !layerDigest.MatchString(l.Digest) {
			return manifest{}, fmt.Errorf("its manifest names %s, which is not a SHA-256", quoted(l.Digest))
		}
		if l.Size < 0 || l.Size > 1<<45 {
			return manifest{}, fmt.Errorf("its manifest says that a layer has %d bytes, which is not believable", l.Size)
		}
	}
	weights := 0
	for _, l := range raw.Layers {
		kind, ours := strings.CutPrefix(l.MediaType, ollamaLayer)
		if !ours {
			return manifest{}, fmt.Errorf("it is not a model: its manifest names a layer of the kind %s", quoted(l.MediaType))
		}
		switch kind {
		case "model":
			weights++
		case "adapter":
			return manifest{}, errors.New("it is an adapter on top of another model, which Freehold cannot use from there; get the model it belongs to")
		case "tensor":
			return manifest{}, errors.New("its weights are not a GGUF file but of the kind for Apple's MLX; look for another tag of it")
		case "template", "prompt", "system", "params", "license", "messages":
			if l.Size > maxText {
				return manifest{}, fmt.Errorf("its %s has %d bytes; at most %d are believable", kind, l.Size, maxText)
			}
		}
		l.MediaType = kind
		m.layers = append(m.layers, l)
	}
	switch {
	case weights == 0:
		return manifest{}, errors.New("it has no weights (it may run in a cloud only)")
	case weights > 1:
		return manifest{}, errors.New("its weights are in several layers, which Freehold cannot use from there")
	}
	return m, nil
}

// base is the address of the registry of r and of its model there.
func (r reference) base() string {
	scheme := "https"
	if u, err := url.Parse("//" + r.host); err == nil && isLoopback(u.Hostname()) {
		scheme = "http"
	}
	return scheme + "://" + r.host + "/v2/" + r.namespace + "/" + r.name
}

// tagged is what Ollama's users call the model.
func (r reference) tagged(registry string) string {
	name := r.name + ":" + r.tag
	if r.host != registry || r.namespace != "library" {
		name = r.host + "/" + r.namespace + "/" + name
	}
	return name
}

// lookupOllama makes a plan of a model in a registry.
func (c *Client) lookupOllama(ctx context.Context, r reference) (Plan, error) {
	if err := c.Gate.Allowed(); err != nil {
		return Plan{}, err
	}
	p, err := c.planOllama(ctx, r)
	var s *refusal
	switch {
	case err == nil:
		return p, nil
	case errors.As(err, &s) && s.Code == http.StatusNotFound:
		return Plan{}, fmt.Errorf("%w %s: neither the catalogue nor %s has it; %s", ErrUnknown, quoted(r.tagged(c.Registry)), r.host, ways)
	case errors.As(err, &s) && (s.Code == http.StatusUnauthorized || s.Code == http.StatusForbidden):
		return Plan{}, fmt.Errorf("%s: the registry does not let strangers read it (%w); models that ask for a login cannot be had", r.tagged(c.Registry), err)
	case ctx.Err() != nil:
		return Plan{}, context.Cause(ctx)
	default:
		return Plan{}, fmt.Errorf("%s: %w", r.tagged(c.Registry), err)
	}
}

func (c *Client) planOllama(ctx context.Context, r reference) (Plan, error) {
	resp, err := c.askRegistry(ctx, question{method: http.MethodGet, address: r.base() + "/manifests/" + r.tag,
		accept: dockerManifest + ", " + ociManifest, purpose: "ask a registry about a model"})
	if err != nil {
		return Plan{}, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return Plan{}, fmt.Errorf("the registry sends elsewhere (%s) instead of answering", resp.Status)
	}
	data, err := all(resp, maxManifest)
	if err != nil {
		return Plan{}, err
	}
	m, err := parseManifest(data)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Ref: r.tagged(c.Registry), Name: line(r.name+" "+r.tag, 100), Model: library.RefFor(r.name + "-" + r.tag)}
	if r.tag == "latest" {
		p.Name, p.Model = r.name, library.RefFor(r.name)
	}
	if isOllama(r.host) {
		p.Homepage = "https://ollama.com/" + r.namespace + "/" + r.name
	}
	for _, l := range m.layers {
		f := PlanFile{Role: roles[l.MediaType], Name: l.MediaType, Size: l.Size, SHA256: strings.TrimPrefix(l.Digest, "sha256:"),
			Source: catalog.Source{Kind: Ollama, Repo: r.host + "/" + r.namespace + "/" + r.name, File: l.Digest, URL: r.base() + "/blobs/" + l.Digest}}
		switch f.Role {
		case "":
			continue // of no use here
		case Template, System, Params, Licence, Messages:
			if f.Text, err = c.text(ctx, f); err != nil {
				return Plan{}, err
			}
		}
		if f.Role == Params {
			var params map[string]any
			if err := json.Unmarshal([]byte(f.Text), &params); err != nil {
				return Plan{}, fmt.Errorf("its parameters cannot be read: %w", err)
			}
		}
		p.Files = append(p.Files, f)
	}
	slices.SortStableFunc(p.Files, func(a, b PlanFile) int {
		return cmp.Compare(slices.Index(roleOrder, a.Role), slices.Index(roleOrder, b.Role))
	})
	if err := c.readConfig(ctx, r, m.config, &p); err != nil {
		return Plan{}, err
	}
	if text := p.Text(Licence); text != "" {
		p.setLicence(licenceOf(text), "")
	}
	p.addUp()
	return p, nil
}

var (
	roles = map[string]string{"model": Weights, "projector": Projector, "template": Template, "prompt": Template, "system": System,
		"params": Params, "license": Licence, "messages": Messages}
	roleOrder = []string{Weights, Template, System, Params, Licence, Projector, Messages}
)

// readConfig reads what the manifest's own configuration says about the
// weights. A registry may hold something else there; that is no harm.
func (c *Client) readConfig(ctx context.Context, r reference, l layer, p *Plan) error {
	if l.Size > maxText {
		return nil
	}
	text, err := c.text(ctx, PlanFile{Name: "configuration", Size: l.Size, SHA256: strings.TrimPrefix(l.Digest, "sha256:"),
		Source: catalog.Source{Kind: Ollama, URL: r.base() + "/blobs/" + l.Digest}})
	var s *refusal
	if errors.As(err, &s) && s.Code == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	var config struct {
		Format string `json:"model_format"`
		Family string `json:"model_family"`
		Quant  string `json:"file_type"`
	}
	if json.Unmarshal([]byte(text), &config) != nil {
		return nil //nolint:nilerr // something else is there; the weights say what they are, too
	}
	if config.Format != "" && config.Format != "gguf" {
		return fmt.Errorf("its weights are of the kind %s, not GGUF; look for another tag of it", quoted(config.Format))
	}
	p.Architecture, p.Quant = line(config.Family, 50), line(config.Quant, 30)
	return nil
}

// text reads a small blob and checks it.
func (c *Client) text(ctx context.Context, f PlanFile) (string, error) {
	resp, err := c.askRegistry(ctx, question{method: http.MethodGet, address: f.Source.URL, purpose: "read what comes with a model", anywhere: true})
	if err != nil {
		return "", fmt.Errorf("its %s: %w", f.Name, err)
	}
	data, err := all(resp, maxText)
	if err != nil {
		return "", fmt.Errorf("its %s: %w", f.Name, err)
	}
	sum := sha256.Sum256(data)
	switch {
	case int64(len(data)) != f.Size || hex.EncodeToString(sum[:]) != f.SHA256:
		return "", fmt.Errorf("its %s is not what its manifest says (%d bytes, sha256 %s; expected %d bytes, sha256 %s); it was not used",
			f.Name, len(data), hex.EncodeToString(sum[:]), f.Size, f.SHA256)
	case !utf8.Valid(data):
		return "", fmt.Errorf("its %s is not text", f.Name)
	}
	return string(data), nil
}

// tokens are what registries gave to strangers, by the address of the model.
type tokens struct {
	mu sync.Mutex
	of map[string]string
}

func (t *tokens) get(base string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.of[base]
}

func (t *tokens) set(base, token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil || len(t.of) > 1000 {
		t.of = map[string]string{}
	}
	t.of[base] = token
}

// modelBase is the part of a registry's address that a token is for.
func modelBase(address string) string {
	base, _, _ := strings.Cut(address, "/blobs/")
	base, _, _ = strings.Cut(base, "/manifests/")
	return base
}

// askRegistry asks a registry, with a token for strangers if it wants one.
func (c *Client) askRegistry(ctx context.Context, q question) (*http.Response, error) {
	base := modelBase(q.address)
	q.token = c.tokens.get(base)
	resp, err := c.ask(ctx, q)
	var r *refusal
	if !errors.As(err, &r) || r.Code != http.StatusUnauthorized || r.Host != hostOf(q.address) {
		return resp, err
	}
	token, e := c.anonymous(ctx, q.address, r.header.Get("WWW-Authenticate"))
	if e != nil {
		return nil, fmt.Errorf("%w: %w", e, err)
	}
	c.tokens.set(base, token)
	q.token = token
	return c.ask(ctx, q)
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// anonymous gets a token as the challenge of the registry at address says. The
// place where tokens are made must be on the registry's own host: otherwise a
// registry could send requests of ours anywhere.
func (c *Client) anonymous(ctx context.Context, address, challenge string) (string, error) {
	realm, query, err := parseChallenge(challenge)
	if err != nil {
		return "", err
	}
	at, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	if realm.Host != at.Host || realm.Scheme != at.Scheme {
		return "", fmt.Errorf("the registry sends to %s for a token, which is another host; that is refused", quoted(realm.Scheme+"://"+realm.Host))
	}
	realm.RawQuery = query.Encode()
	resp, err := c.ask(ctx, question{method: http.MethodGet, address: realm.String(), purpose: "ask a registry for a token"})
	if err != nil {
		return "", err
	}
	data, err := all(resp, 64<<10)
	if err != nil {
		return "", err
	}
	var answer struct {
		Token  string `json:"token"`
		Access string `json:"access_token"`
	}
	err = json.Unmarshal(data, &answer)
	token := cmp.Or(answer.Token, answer.Access)
	if err != nil || token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("the registry gives no token to strangers")
	}
	return token, nil
}

var challengeField = regexp.MustCompile(`([a-z]+)="([^"]*)"`)

// parseChallenge reads the head WWW-Authenticate of a registry:
// Bearer realm="…",service="…",scope="…".
func parseChallenge(s string) (realm *url.URL, query url.Values, err error) {
	kind, rest, _ := strings.Cut(s, " ")
	if !strings.EqualFold(kind, "Bearer") || len(s) > 8<<10 {
		return nil, nil, errors.New("the registry asks for a login, which Freehold has not")
	}
	query = url.Values{}
	for _, m := range challengeField.FindAllStringSubmatch(rest, 10) {
		switch m[1] {
		case "realm":
			realm, err = url.Parse(m[2])
		case "service", "scope":
			query.Add(m[1], m[2])
		}
	}
	if err != nil || realm == nil || realm.Host == "" || realm.User != nil {
		return nil, nil, errors.New("the registry does not say where tokens are made")
	}
	for k, v := range realm.Query() {
		query[k] = v
	}
	return realm, query, nil
}
