// Package arch knows model architectures: how each reads its configuration,
// which tensors it needs, and its forward pass, recorded as a program that
// reads straight down the page. One file a family; it never sees a backend.
//
// The families share small pieces: loader.go reads keys and tensors, rope.go
// makes rotary tables, recorder.go and layer.go record what most layers have.
package arch

import (
	"fmt"
	"slices"
	"strings"

	"freehold/engine/gguf"
	"freehold/engine/program"
)

// Model is an architecture bound to a file's weights.
type Model struct {
	Config  Config
	Program *program.Program
}

// Config is what the rest of the engine needs to know of a model.
type Config struct {
	Architecture   string
	Layers         int
	Embedding      int // width of the residual stream
	TrainedContext int // positions the model was trained for
	Vocab          int

	// Embeds says that the model makes vectors, or scores, and writes no text;
	// the program's logits are those, a row for each of the batch's outputs.
	Embeds        bool
	Pooling       Pooling
	Bidirectional bool // every token sees all others: they must be in one batch
}

// OutputRows says which rows of a text of n tokens are a batch's outputs, if its first
// one is row 0.
func (c Config) OutputRows(n int) []int32 {
	switch {
	case c.Pooling == PoolNone:
		rows := make([]int32, n)
		for i := range rows {
			rows[i] = int32(i)
		}
		return rows
	case c.Pooling == PoolFirst || c.Pooling == PoolRank && c.Bidirectional:
		return []int32{0}
	}
	return []int32{int32(n - 1)}
}

// encoders are the architectures that cannot write text.
var encoders = map[string]bool{"bert": true, "gemma-embedding": true, "modern-bert": true, "nomic-bert": true, "nomic-bert-moe": true}

// families maps general.architecture to the function that records its forward pass.
var families = map[string]func(*recorder){
	"afmoe":           afMoE,
	"arcee":           arcee,
	"arctic":          arctic,
	"baichuan":        baichuan,
	"bailingmoe":      bailingMoE,
	"bailingmoe2":     bailingMoE2,
	"bert":            bert,
	"cohere2":         cohere2,
	"command-r":       commandR,
	"dbrx":            dbrx,
	"deepseek":        deepseek,
	"deepseek2":       deepseek2,
	"dots1":           dots1,
	"ernie4_5":        llama,
	"ernie4_5-moe":    ernieMoE,
	"exaone":          exaone,
	"exaone4":         exaone4,
	"falcon":          falcon,
	"falcon-h1":       falconH1,
	"mamba2":          mamba2,
	"gemma":           gemma,
	"gemma-embedding": gemma3,
	"gemma2":          gemma2,
	"gemma3":          gemma3,
	"gemma4":          gemma4,
	"glm4":            glm4,
	"glm4moe":         glm4MoE,
	"gpt-oss":         gptOSS,
	"gpt2":            gpt2,
	"gptneox":         gptNeoX,
	"granite":         granite,
	"granitehybrid":   graniteHybrid,
	"granitemoe":      graniteMoE,
	"hunyuan-dense":   hunyuanDense,
	"hunyuan-moe":     hunyuanMoE,
	"internlm2":       llama,
	"lfm2":            lfm2,
	"lfm2moe":         lfm2MoE,
	"llama":           llama,
	"llama4":          llama4,
	"minicpm":         minicpm,
	"minimax-m2":      minimaxM2,
	"mistral3":        mistral3,
	"mistral4":        deepseek2,
	"modern-bert":     modernBert,
	"nemotron":        nemotron,
	"nemotron_h":      nemotronH,
	"nemotron_h_moe":  nemotronHMoE,
	"nomic-bert":      nomicBert,
	"nomic-bert-moe":  nomicBertMoE,
	"olmo":            olmo,
	"olmo2":           olmo2,
	"olmoe":           olmoe,
	"orion":           orion,
	"phi2":            falcon,
	"phi3":            phi3,
	"phimoe":          phiMoE,
	"qwen3next":       qwen35MoE,
	"qwen2":           qwen2,
	"qwen2moe":        qwen2MoE,
	"qwen3":           qwen3,
	"qwen35":          qwen35,
	"qwen35moe":       qwen35MoE,
	"qwen3moe":        qwen3MoE,
	"qwen3vlmoe":      qwen3MoE, // of text alone
	"seed_oss":        seedOSS,
	"smallthinker":    smallThinker,
	"smollm3":         smollm3,
	"stablelm":        stablelm,
	"starcoder2":      starcoder2,
	"xverse":          llama,
}

// Supported lists the architectures that Load accepts, sorted.
func Supported() []string {
	var names []string
	for n := range families {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Load binds the file's tensors to its architecture's forward pass, for
// sequences of up to context tokens: some models turn positions otherwise in
// longer contexts. 0 means the context that the model was trained for. Errors
// name the key or tensor that is missing or has the wrong shape.
func Load(f *gguf.File, context int) (*Model, error) {
	name, ok := f.Meta.String("general.architecture")
	if !ok {
		return nil, fmt.Errorf("%s: metadata key general.architecture is missing; this is not a language model's file", f.Path)
	}
	record, ok := families[name]
	if !ok {
		return nil, fmt.Errorf("%s: architecture %q is not supported; supported: %s", f.Path, name, strings.Join(Supported(), ", "))
	}
	r := newRecorder(&loader{file: f, arch: name}, context)
	if r.err == nil {
		record(r)
	}
	err := r.err
	if err == nil {
		err = r.program.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return &Model{Config: r.Config, Program: r.program}, nil
}

// TrainedContext is the number of positions that the file's model was trained
// for, 0 if it does not tell.
func TrainedContext(f *gguf.File) int {
	name, _ := f.Meta.String("general.architecture")
	n, _ := f.Meta.Uint(name + ".context_length")
	return int(min(n, maxContext))
}
