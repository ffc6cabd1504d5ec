package app

// Fit says how a model will run on this machine. Sizes are bytes.
type Fit struct {
	Verdict          string  `json:"verdict"` // well, slow, tight, no, unknown
	Weights          int64   `json:"weights"`
	KV               int64   `json:"kv"`
	Buffers          int64   `json:"buffers"`
	Total            int64   `json:"total"`
	Available        int64   `json:"available"`        // memory that it can have now
	Context          int     `json:"context"`          // tokens that all this is for
	LongestContext   int     `json:"longestContext"`   // tokens; 0: not even the shortest fits
	PerSecond        float64 `json:"perSecond"`        // tokens written; 0: unknown
	PrefillPerSecond float64 `json:"prefillPerSecond"` // tokens read; 0: unknown
	Why              string  `json:"why"`              // one sentence for people
}

// CatalogEntry is a model that can be downloaded.
type CatalogEntry struct {
	Ref              string        `json:"ref"`
	Name             string        `json:"name"`
	Maker            string        `json:"maker"`
	Family           string        `json:"family"`
	Kind             string        `json:"kind"` // chat, code, reasoning, embedding, reranking
	Summary          string        `json:"summary"`
	GoodFor          []string      `json:"goodFor"`
	Languages        []string      `json:"languages"`
	Released         string        `json:"released"`
	Licence          string        `json:"licence"` // SPDX, or the name of the terms
	LicenceName      string        `json:"licenceName"`
	LicenceURL       string        `json:"licenceUrl"`
	Restrictions     string        `json:"restrictions"` // of use, in words; "" for none
	Terms            bool          `json:"terms"`        // must be accepted before the download
	Accepted         bool          `json:"accepted"`
	Homepage         string        `json:"homepage"`
	Architecture     string        `json:"architecture"`
	Parameters       int64         `json:"parameters"`
	ActiveParameters int64         `json:"activeParameters"` // per token; as Parameters where there are no experts
	ContextLength    int           `json:"contextLength"`
	Recommended      bool          `json:"recommended"` // for this machine
	Files            []CatalogFile `json:"files"`       // smallest first
	Quant            string        `json:"quant"`       // of the default file
	SizeBytes        int64         `json:"sizeBytes"`   // of the default file
	Installed        bool          `json:"installed"`   // one of its files is here
}

// CatalogFile is one quantization of a catalogue entry.
type CatalogFile struct {
	Ref       string `json:"ref"` // what Pull takes
	Quant     string `json:"quant"`
	SizeBytes int64  `json:"sizeBytes"`
	Installed bool   `json:"installed"`
	Default   bool   `json:"default"` // what Pull takes for the entry's ref
	Fit       Fit    `json:"fit"`
}

// FoundModels are what a search found.
type FoundModels struct {
	Models []FoundModel `json:"models"`
	Next   string       `json:"next"` // cursor of the next page; "" after the last
}

// FoundModel is a repository with GGUF files.
type FoundModel struct {
	Repo          string      `json:"repo"`
	Name          string      `json:"name"`
	Author        string      `json:"author"`
	Downloads     int64       `json:"downloads"`
	Likes         int64       `json:"likes"`
	Gated         bool        `json:"gated"` // asks for a token of somebody who was let in
	Licence       string      `json:"licence"`
	UpdatedAt     int64       `json:"updatedAt"` // ms since 1970
	Architecture  string      `json:"architecture"`
	Parameters    int64       `json:"parameters"`
	ContextLength int         `json:"contextLength"`
	Files         []FoundFile `json:"files"`
}

// FoundFile is one quantization of a found model.
type FoundFile struct {
	Ref       string `json:"ref"` // what Pull, Preview and FitOf take
	Quant     string `json:"quant"`
	SizeBytes int64  `json:"sizeBytes"`
	Estimated bool   `json:"estimated"` // SizeBytes follows from the parameters and the quantization
	Parts     int    `json:"parts"`
	Installed bool   `json:"installed"`
	Fit       Fit    `json:"fit"` // unknown, unless it cannot fit whatever its shape; FitOf looks closer
}

// Plan is what a reference means, before anything is downloaded.
type Plan struct {
	Ref          string     `json:"ref"`
	Name         string     `json:"name"`
	Licence      string     `json:"licence"`
	LicenceURL   string     `json:"licenceUrl"`
	Homepage     string     `json:"homepage"`
	Architecture string     `json:"architecture"`
	Quant        string     `json:"quant"`
	Terms        string     `json:"terms"` // what the licence restricts, in words; "" if it needs no acceptance
	Accepted     bool       `json:"accepted"`
	Gated        bool       `json:"gated"`
	Installed    bool       `json:"installed"`
	SizeBytes    int64      `json:"sizeBytes"`
	Files        []PlanFile `json:"files"`
	Fit          Fit        `json:"fit"`
}

// PlanFile is one file of a Plan.
type PlanFile struct {
	Role      string `json:"role"` // weights, template, system, params, licence, projector
	Name      string `json:"name"`
	SizeBytes int64  `json:"sizeBytes"`
	SHA256    string `json:"sha256"`
}

// Download is the state of a model's download.
type Download struct {
	Ref       string  `json:"ref"`
	Name      string  `json:"name"`
	State     string  `json:"state"` // queued, running, waiting, verifying, paused, done, failed, cancelled
	Done      int64   `json:"done"`  // bytes
	Total     int64   `json:"total"` // bytes; 0 while unknown
	PerSecond float64 `json:"perSecond"`
	Note      string  `json:"note"`  // why it waits or was paused; "" for nothing to say
	Error     string  `json:"error"` // why it failed
	Model     string  `json:"model"` // what the model is called, once it is there
}

// DiskUse says what takes space on the disk. Sizes are bytes.
type DiskUse struct {
	Models     []ModelBytes `json:"models"`
	Unused     int64        `json:"unused"`     // weights of removed models
	Unfinished int64        `json:"unfinished"` // downloads
	Snapshots  int64        `json:"snapshots"`
	Free       int64        `json:"free"`
	Dir        string       `json:"dir"` // where weights lie
}

// ModelBytes is what one model takes.
type ModelBytes struct {
	Ref    string `json:"ref"`
	Bytes  int64  `json:"bytes"`
	Shared bool   `json:"shared"` // with another model, or with another tool
}

// OtherStore is another tool's store of models.
type OtherStore struct {
	Tool   string `json:"tool"` // huggingface, ollama, lmstudio
	Dir    string `json:"dir"`
	Models int    `json:"models"`
	Bytes  int64  `json:"bytes"`
}

// VerifyEvent says how far a model has been read. State is running, done,
// failed or cancelled.
type VerifyEvent struct {
	Ref   string `json:"ref"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	State string `json:"state"`
	Error string `json:"error"`
}

// MoveEvent says how far the models are on their way to another folder.
type MoveEvent struct {
	Dir   string `json:"dir"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	State string `json:"state"` // running, done, failed
	Error string `json:"error"`
}

// BundleEvent says how far a bundle has been written or read.
type BundleEvent struct {
	Dir   string `json:"dir"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	State string `json:"state"` // running, done, failed
	Error string `json:"error"`
}

// NetworkRequest is one request that Freehold made, or refused to make.
type NetworkRequest struct {
	ID           int64  `json:"id"`
	Time         int64  `json:"time"` // ms since 1970
	Method       string `json:"method"`
	Host         string `json:"host"`
	Path         string `json:"path"`
	Purpose      string `json:"purpose"`
	Status       int    `json:"status"`   // of HTTP; 0: no answer
	Sent         int64  `json:"sent"`     // bytes
	Received     int64  `json:"received"` // bytes
	Milliseconds int64  `json:"milliseconds"`
	Ended        bool   `json:"ended"`
	Refused      bool   `json:"refused"` // the switch was off, so nothing was sent
	Error        string `json:"error"`
}
