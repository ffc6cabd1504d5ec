package synthetic

import "freehold/engine/tensor"

// Shapes are those of models that people use; their names are the keys.
var Shapes = map[string]Llama{
	"smollm2-135m": {
		Layers: 30, Embedding: 576, FeedForward: 1536, Heads: 9, KVHeads: 3,
		Vocab: 49152, Context: 8192, Tied: true, RopeBase: 100000,
	},
	"llama-3.2-1b": {
		Layers: 16, Embedding: 2048, FeedForward: 8192, Heads: 32, KVHeads: 8,
		Vocab: 128256, Context: 131072, Tied: true, RopeBase: 500000, RopeFactors: true,
	},
	"qwen2.5-3b": {
		Architecture: "qwen2",
		Layers:       36, Embedding: 2048, FeedForward: 11008, Heads: 16, KVHeads: 2,
		Vocab: 151936, Context: 32768, Tied: true, RopeBase: 1000000,
	},
	"llama-3.1-8b": {
		Layers: 32, Embedding: 4096, FeedForward: 14336, Heads: 32, KVHeads: 8,
		Vocab: 128256, Context: 131072, RopeBase: 500000, RopeFactors: true,
	},
	"qwen3-0.6b": {
		Architecture: "qwen3",
		Layers:       28, Embedding: 1024, FeedForward: 3072,
		Heads: 16, KVHeads: 8, HeadWidth: 128, HeadNorms: true,
		Vocab: 151936, Context: 40960, Tied: true, RopeBase: 1000000,
	},
	"qwen3-1.7b": {
		Architecture: "qwen3",
		Layers:       28, Embedding: 2048, FeedForward: 6144,
		Heads: 16, KVHeads: 8, HeadWidth: 128, HeadNorms: true,
		Vocab: 151936, Context: 40960, Tied: true, RopeBase: 1000000,
	},
	"gemma3-1b": {
		Architecture: "gemma3",
		Layers:       26, Embedding: 1152, FeedForward: 6912,
		Heads: 4, KVHeads: 1, HeadWidth: 256, HeadNorms: true, PostNorms: true, Window: 512,
		Vocab: 262144, Context: 32768, Tied: true, RopeBase: 1000000,
	},
	// Six layers of Qwen3 30B-A3B, with a smaller vocabulary in proportion.
	"qwen3-30b-a3b-6l": {
		Architecture: "qwen3moe",
		Layers:       6, Embedding: 2048, FeedForward: 768, Experts: 128, ExpertsUsed: 8,
		Heads: 32, KVHeads: 4, HeadWidth: 128, HeadNorms: true,
		Vocab: 49152, Context: 40960, RopeBase: 1000000,
	},
	// Four layers as wide as those of Llama 3.2 1B, to measure one type at a time.
	"l1b-4l": {
		Layers: 4, Embedding: 2048, FeedForward: 8192, Heads: 32, KVHeads: 8,
		Vocab: 49152, Context: 131072, Tied: true, RopeBase: 500000,
	},
}

// Tiny is a model that runs in milliseconds even in the reference interpreter.
func Tiny() Llama {
	return Llama{
		Layers: 2, Embedding: 64, FeedForward: 96, Heads: 4, KVHeads: 2,
		Vocab: 320, Context: 256, Type: tensor.F32, Seed: 1,
	}
}
