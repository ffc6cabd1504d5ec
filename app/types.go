package app

import "freehold/app/chat"

// Model is a model on this machine.
type Model struct {
	Ref           string `json:"ref"` // what all calls name it by
	Name          string `json:"name"`
	Architecture  string `json:"architecture"`
	Quant         string `json:"quant"`
	Path          string `json:"path"`
	Licence       string `json:"licence"`
	Source        string `json:"source"`
	Digest        string `json:"digest"` // sha256:… of its weights
	SizeBytes     int64  `json:"sizeBytes"`
	Parameters    int64  `json:"parameters"`
	ContextLength int    `json:"contextLength"` // tokens it was trained for
	Starter       bool   `json:"starter"`       // came with the set-up
	Loaded        bool   `json:"loaded"`
	AddedAt       int64  `json:"addedAt"` // ms since 1970
	Problem       string `json:"problem"` // why it cannot be used; "" if it can
}

// CatalogEntry is a model that can be downloaded.
type CatalogEntry struct {
	Ref           string `json:"ref"`
	Name          string `json:"name"`
	Summary       string `json:"summary"`
	Licence       string `json:"licence"`
	LicenceURL    string `json:"licenceUrl"`
	Quant         string `json:"quant"`
	SizeBytes     int64  `json:"sizeBytes"`
	Parameters    int64  `json:"parameters"`
	ContextLength int    `json:"contextLength"`
	Homepage      string `json:"homepage"`
	Installed     bool   `json:"installed"`
}

// Download is the state of a model's download.
type Download struct {
	Ref       string  `json:"ref"`
	Name      string  `json:"name"`
	State     string  `json:"state"` // queued, running, verifying, done, failed, cancelled
	Done      int64   `json:"done"`  // bytes
	Total     int64   `json:"total"` // bytes; 0 while unknown
	PerSecond float64 `json:"perSecond"`
	Error     string  `json:"error"`
}

// Settings are the user's choices.
type Settings struct {
	Theme          string        `json:"theme"` // system, light, dark
	DefaultModel   string        `json:"defaultModel"`
	Threads        int           `json:"threads"`       // 0: as many as there are physical cores
	ContextLength  int           `json:"contextLength"` // tokens; 0: the engine chooses
	NetworkAllowed bool          `json:"networkAllowed"`
	Snapshots      bool          `json:"snapshots"` // keep what models have read of long texts, for quick follow-ups
	Sampling       chat.Sampling `json:"sampling"`  // of new chats
	System         string        `json:"system"`    // system prompt of new chats
}

// Hardware is the machine as the engine sees it.
type Hardware struct {
	CPU             string `json:"cpu"`
	OS              string `json:"os"`
	Arch            string `json:"arch"`
	PhysicalCores   int    `json:"physicalCores"`
	LogicalCores    int    `json:"logicalCores"`
	ISA             string `json:"isa"` // widest instruction set that the kernels use
	MemoryTotal     int64  `json:"memoryTotal"`
	MemoryAvailable int64  `json:"memoryAvailable"`
	GPUs            []GPU  `json:"gpus"`
	DiskFree        int64  `json:"diskFree"` // where models are kept
	Backend         string `json:"backend"`  // what runs the models
}

// GPU is a graphics processor.
type GPU struct {
	Name        string `json:"name"`
	MemoryBytes int64  `json:"memoryBytes"` // 0: unknown
	Usable      bool   `json:"usable"`
	Note        string `json:"note"`
}

// State is everything the user interface needs to draw its first picture.
type State struct {
	Version        string         `json:"version"`
	Platform       string         `json:"platform"` // linux/amd64 …
	Face           string         `json:"face"`     // desktop or browser
	Home           string         `json:"home"`
	Settings       Settings       `json:"settings"`
	Models         []Model        `json:"models"`
	Chats          []chat.Summary `json:"chats"`
	LoadedModel    string         `json:"loadedModel"`
	StarterMissing bool           `json:"starterMissing"`
	Hint           string         `json:"hint"` // what the user should know or do first; "" for nothing
}

// LoadEvent says how much of a model has been read; Done == Total: ready.
type LoadEvent struct {
	Ref   string `json:"ref"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
}

// DropEvent names files dropped on the window.
type DropEvent struct {
	Paths []string `json:"paths"`
}
