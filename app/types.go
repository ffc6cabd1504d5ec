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
	Embeds        bool   `json:"embeds"`        // makes vectors or scores and writes no text: no model for a chat
	Tool          string `json:"tool"`          // in whose store its file lies: "" for Freehold's own, huggingface, ollama, lmstudio
	External      bool   `json:"external"`      // its file is not Freehold's: removing the model only forgets it
	Loaded        bool   `json:"loaded"`
	AddedAt       int64  `json:"addedAt"` // ms since 1970
	Problem       string `json:"problem"` // why it cannot be used; "" if it can
	Fit           *Fit   `json:"fit"`     // null until it is known
}

// Settings are the user's choices.
type Settings struct {
	Theme          string        `json:"theme"`    // system, light, dark
	Language       string        `json:"language"` // of the interface, as a tag: de; "": as the system
	DefaultModel   string        `json:"defaultModel"`
	Threads        int           `json:"threads"`       // 0: as many as there are physical cores
	ContextLength  int           `json:"contextLength"` // tokens; 0: the engine chooses
	NetworkAllowed bool          `json:"networkAllowed"`
	Snapshots      bool          `json:"snapshots"` // keep what models have read of long texts, for quick follow-ups
	Sampling       chat.Sampling `json:"sampling"`  // of new chats
	System         string        `json:"system"`    // system prompt of new chats

	Zoom              int    `json:"zoom"`              // size of the interface in percent, 50 to 300; 0: 100
	Notifications     bool   `json:"notifications"`     // of the desktop, when long work ends out of sight
	AutoTitles        bool   `json:"autoTitles"`        // models name chats after the first answer
	AdoptOthers       bool   `json:"adoptOthers"`       // show the models of other tools' stores, where they are
	ParallelDownloads int    `json:"parallelDownloads"` // 1 to 8
	BandwidthLimit    int64  `json:"bandwidthLimit"`    // bytes per second of all downloads together; 0: none
	Proxy             string `json:"proxy"`             // address of a proxy; "": as the environment says
	CAFile            string `json:"caFile"`            // PEM file of further certificate authorities
	HFEndpoint        string `json:"hfEndpoint"`        // a mirror of Hugging Face; "": the real one
	HFToken           string `json:"hfToken"`           // reads back as "set", which also leaves it as it is; "" removes it
}

// Hardware is the machine as the engine sees it. What could not be found out is
// zero or empty.
type Hardware struct {
	CPU              string   `json:"cpu"`
	OS               string   `json:"os"`
	Arch             string   `json:"arch"`
	PhysicalCores    int      `json:"physicalCores"`
	PerformanceCores int      `json:"performanceCores"` // of the physical ones; 0: all are alike
	LogicalCores     int      `json:"logicalCores"`
	ISA              string   `json:"isa"`      // widest instruction set that the kernels use
	Features         []string `json:"features"` // instruction sets that matter to the kernels
	Caches           []Cache  `json:"caches"`
	MemoryTotal      int64    `json:"memoryTotal"`
	MemoryAvailable  int64    `json:"memoryAvailable"`
	MemoryLimit      string   `json:"memoryLimit"` // what keeps memory below the machine's, in words; "" for nothing
	GPUs             []GPU    `json:"gpus"`
	DiskFree         int64    `json:"diskFree"` // where models are kept
	Backend          string   `json:"backend"`  // what runs the models
	Profile          *Profile `json:"profile"`  // null until measured
}

// Cache is one level of the processor's cache.
type Cache struct {
	Level  int   `json:"level"`
	Bytes  int64 `json:"bytes"`  // of one
	Shared int   `json:"shared"` // logical cores that share one
}

// GPU is a graphics processor.
type GPU struct {
	Name        string `json:"name"`
	Vendor      string `json:"vendor"`
	Driver      string `json:"driver"`
	MemoryBytes int64  `json:"memoryBytes"` // 0: unknown
	FreeBytes   int64  `json:"freeBytes"`   // 0: unknown
	API         string `json:"api"`         // through which it was found: cuda, metal, vulkan …
	Usable      bool   `json:"usable"`
	Note        string `json:"note"`
}

// Profile is what was measured of this machine.
type Profile struct {
	ReadBytesPerSecond float64 `json:"readBytesPerSecond"` // memory, by all threads
	Int8OpsPerSecond   float64 `json:"int8OpsPerSecond"`   // by the kernels of prefill
	Threads            int     `json:"threads"`
	MeasuredAt         int64   `json:"measuredAt"` // ms since 1970
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

// GoEvent is the data of the event go: the window was asked to show a page.
type GoEvent struct {
	Page string `json:"page"` // an address within the interface, such as #/models
}

// DropEvent names files dropped on the window.
type DropEvent struct {
	Paths []string `json:"paths"`
}
