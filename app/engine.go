package app

import (
	"context"

	"freehold/app/chat"
)

// Engine opens model files.
type Engine interface {
	// Open loads a model. progress, which may be nil, gets bytes read.
	Open(ctx context.Context, path string, o LoadOptions, progress func(done, total int64)) (Weights, error)
	// OpenVocabulary reads only what is needed to count and split text.
	OpenVocabulary(ctx context.Context, path string, o LoadOptions) (Vocabulary, error)
}

// LoadOptions say how a model is loaded.
type LoadOptions struct {
	Threads       int    // 0: as many as there are physical cores
	ContextLength int    // tokens; 0: the engine chooses
	Digest        string // of the weights, if known; Core.Use sets it
	KVType        string // of the KV cache, a name that program.ParseKVType reads; "": f16
	NoLookup      bool   // choose every token in a step of its own
	Beside        bool   // a small model that shall not push another out of memory
}

// Vocabulary splits text into a model's tokens.
type Vocabulary interface {
	chat.Counter
	Info() ModelInfo
	Tokenize(text string, special bool) []int32 // special: with the marks that a prompt starts and ends with
}

// Weights is a loaded model.
type Weights interface {
	Vocabulary
	chat.Model
	// Embed makes a vector of length 1 of each text. One that is too long for
	// the model is an error, or cut if cut is set.
	Embed(ctx context.Context, texts []string, cut bool) ([][]float32, error)
	// Rank tells how well each document answers the query, higher is better. Only
	// rerankers can.
	Rank(ctx context.Context, query string, documents []string) ([]float32, error)
	Close() error
}

// ModelInfo describes a model file.
type ModelInfo struct {
	Architecture   string `json:"architecture"`
	Name           string `json:"name"`
	Quant          string `json:"quant"`
	Parameters     int64  `json:"parameters"`
	TrainedContext int    `json:"trainedContext"` // tokens
	ContextLength  int    `json:"contextLength"`  // tokens, as loaded
	Vocabulary     int    `json:"vocabulary"`     // tokens
	Layers         int    `json:"layers"`
	Embedding      int    `json:"embedding"` // values per token
	FileBytes      int64  `json:"fileBytes"`
	ChatTemplate   bool   `json:"chatTemplate"`
	KVBytes        int64  `json:"kvBytes"` // memory of the KV cache when it is full
	KVType         string `json:"kvType"`
	Embeds         bool   `json:"embeds"` // makes vectors or scores, and writes no text
}
