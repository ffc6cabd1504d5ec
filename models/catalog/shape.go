package catalog

// Shape holds the numbers of a model's configuration that its size and memory
// follow from, for models that are not here yet. Absent numbers are 0.
type Shape struct {
	Layers    int  `json:"layers"`
	Embedding int  `json:"embedding"` // width of the residual stream
	Vocab     int  `json:"vocab"`
	Tied      bool `json:"tied,omitempty"` // the output matrix is the token embedding

	FeedForward int  `json:"feedForward,omitempty"` // width of a dense feed-forward part
	Ungated     bool `json:"ungated,omitempty"`     // it has two matrices instead of three

	Heads   int `json:"heads"`
	KVHeads int `json:"kvHeads"`
	HeadDim int `json:"headDim"` // of keys and values

	// AttentionLayers have a KV cache, the others none; 0: all of them.
	AttentionLayers int `json:"attentionLayers,omitempty"`
	// SlidingWindow is how many tokens back the sliding layers see. Of
	// SlidingPeriod attention layers the last one sees everything; 0: none does.
	SlidingWindow int `json:"slidingWindow,omitempty"`
	SlidingPeriod int `json:"slidingPeriod,omitempty"`
	// Attention that sees everything may have other heads than sliding attention.
	FullKVHeads int `json:"fullKVHeads,omitempty"` // 0: KVHeads
	FullHeadDim int `json:"fullHeadDim,omitempty"` // 0: HeadDim
	// SharedKV counts the last layers, which read the keys and values of others.
	SharedKV int `json:"sharedKV,omitempty"`
	// SharedKVFeedForward is the width of their feed-forward part; 0: FeedForward.
	SharedKVFeedForward int `json:"sharedKVFeedForward,omitempty"`
	// GatedAttention has a gate as wide as its output.
	GatedAttention bool `json:"gatedAttention,omitempty"`

	Experts           int `json:"experts,omitempty"`
	ExpertsUsed       int `json:"expertsUsed,omitempty"` // for each token
	ExpertFeedForward int `json:"expertFeedForward,omitempty"`
	SharedFeedForward int `json:"sharedFeedForward,omitempty"` // of the experts that every token passes
	DenseLayers       int `json:"denseLayers,omitempty"`       // the first ones, which have no experts

	// State describes the layers that carry a state instead of a KV cache.
	State *State `json:"state,omitempty"`

	// PerLayer is the width of a further embedding that each layer adds.
	PerLayer int `json:"perLayer,omitempty"`
	// Positions counts learnt position embeddings.
	Positions int `json:"positions,omitempty"`
}

// State is the shape of recurrent layers, for one sequence.
type State struct {
	// Kind is shortconv, mamba2 or deltanet.
	Kind   string `json:"kind"`
	Layers int    `json:"layers"`
	Inner  int    `json:"inner"`            // width of what passes through the state
	Size   int    `json:"size,omitempty"`   // values of state for each of Inner's
	Heads  int    `json:"heads,omitempty"`  // into which Inner divides
	Groups int    `json:"groups,omitempty"` // of heads that share their input and output maps
	Conv   int    `json:"conv"`             // tokens that the convolution sees
}
