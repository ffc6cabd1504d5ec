package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"freehold/engine/tokenizer"
)

// roles are names by which llama.cpp knows what a token is for, as far as that
// decides whether it ends a generation. Of those in one string it takes whichever
// it meets first, so a vocabulary gets one.
var roles = strings.Fields(`<|eot_id|> <|im_end|> <|end|> <|return|> <|call|> <|flush|> <|calls|> <end_of_turn> <|endoftext|> </s> <|eom_id|>
	<EOT> _<EOT> [EOT] [EOS] <|end_of_text|> <end_of_utterance> <eos> <turn|> <|tool_response> <｜end▁of▁sentence｜> [e~[
	<|channel|> <|message|> <|start|> <|constrain|> <|file_sep|> <|fim_pad|>,<fim-pad>,<fim_pad>,<PAD>,[PAD]
	<|fim_repo|>,<|repo_name|>,<fim-repo>,<REPO>,<reponame> <|fim_prefix|>,<fim-prefix>,<fim_prefix>,<｜fim▁begin｜>,<PRE>,▁<PRE>,<|code_prefix|>,<|prefix|>
	<|fim_suffix|>,<fim-suffix>,<SUF>,<|suffix|> <|fim_middle|>,<fim-middle>,<MID>,<|middle|> <s> <unk> <|im_start|> <|unused_1|> <eot> <|END|>`)

// goldenEnds writes ends.tsv: random vocabularies of such tokens, each with its
// type, the number of the end token, and what llama.cpp makes of each token: e
// if it ends a generation, c if it is a control token.
func goldenEnds(ctx context.Context, ref *reference, dir string) error {
	r := rand.New(rand.NewPCG(3, 3))
	work, err := os.MkdirTemp("", "ends")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	var out strings.Builder
	for n := range 60 {
		v := &vocab{model: "llama", more: map[string]any{}}
		for b := range 256 {
			v.put(b, fmt.Sprintf("<0x%02X>", b), tokenizer.TypeByte)
		}
		first := len(v.tokens)
		for _, role := range roles {
			if names := strings.Split(role, ","); r.IntN(2) == 0 {
				types := []int32{tokenizer.TypeControl, tokenizer.TypeControl, tokenizer.TypeNormal, tokenizer.TypeUserDefined, tokenizer.TypeUnused}
				v.put(len(v.tokens), names[r.IntN(len(names))], types[r.IntN(len(types))])
			}
		}
		end := first + r.IntN(len(v.tokens)-first)
		v.more["eos_token_id"] = uint32(end)
		path := filepath.Join(work, fmt.Sprintf("%d.gguf", n))
		if err := v.write(path, "ends", ""); err != nil {
			return err
		}
		res, err := ref.run(ctx, path, nil, nil)
		if err != nil {
			return err
		}
		if res.failed != nil {
			return res.failed
		}
		fmt.Fprintf(&out, "%d", end-first)
		for id := first; id < len(v.tokens); id++ {
			flags := ""
			if res.pieces[id].end {
				flags += "e"
			}
			if res.pieces[id].control {
				flags += "c"
			}
			fmt.Fprintf(&out, "\t%s %d %s", v.tokens[id], v.types[id], flags)
		}
		out.WriteByte('\n')
	}
	return os.WriteFile(filepath.Join(dir, "ends.tsv"), []byte(out.String()), 0o644)
}
