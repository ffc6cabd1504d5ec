package engine

import (
	"fmt"

	"freehold/engine/arch"
	"freehold/engine/backend/cpu"
	"freehold/engine/chattemplate"
	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/engine/tokenizer"
)

// fileTypes are the names of general.file_type, the mixture a file was
// quantized with (GGUF specification).
var fileTypes = map[uint64]string{
	0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1",
	10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M",
	16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
	23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS",
	31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4", 40: "Q1_0", 41: "Q2_0",
}

// info collects what a file says about itself.
func info(f *gguf.File, a *arch.Model) Info {
	i := Info{
		Architecture:   a.Config.Architecture,
		Layers:         a.Config.Layers,
		Embedding:      a.Config.Embedding,
		Vocab:          a.Config.Vocab,
		TrainedContext: a.Config.TrainedContext,
		FileBytes:      f.Size(),
	}
	i.Name, _ = f.Meta.String("general.name")
	i.Parameters, i.Quant = Contents(f)
	return i
}

// Embeds says whether the file holds an embedding model or a reranker.
func Embeds(f *gguf.File) bool { return arch.Embeds(f) }

// Contents counts the parameters of a file and names its quantization: the
// file's own word for it, or the type that most of its bytes have.
func Contents(f *gguf.File) (parameters int64, quant string) {
	bytes := map[tensor.Type]int{}
	most := tensor.F32
	for i := range f.Tensors {
		t := &f.Tensors[i]
		parameters += t.Elements()
		if bytes[t.Type] += len(t.Data); bytes[t.Type] > bytes[most] {
			most = t.Type
		}
	}
	if id, ok := f.Meta.Uint("general.file_type"); ok {
		if name, ok := fileTypes[id]; ok {
			return parameters, name
		}
	}
	return parameters, most.String()
}

// template parses the file's chat template; a file without one gets a built-in.
func template(f *gguf.File, tok *tokenizer.Tokenizer, i *Info) (*chattemplate.Template, error) {
	source, ok := f.Meta.String("tokenizer.chat_template")
	if !ok {
		return BuiltinTemplate(i.Architecture, tok), nil
	}
	i.ChatTemplate, i.TemplateDigest = true, chattemplate.Digest(source)
	t, err := chattemplate.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("%s: the chat template: %w", f.Path, err)
	}
	return t, nil
}

// BuiltinTemplate is the chat template for a model whose file has none.
func BuiltinTemplate(architecture string, tok *tokenizer.Tokenizer) *chattemplate.Template {
	return chattemplate.Builtin(architecture, func(token string) bool {
		_, ok := tok.ID(token)
		return ok
	})
}

// ISA names the instruction set of the kernels that run models here.
func ISA() string { return cpu.ISA() }
