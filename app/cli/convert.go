package cli

import (
	"fmt"

	"freehold/models/convert"

	"github.com/spf13/cobra"
)

func (c *command) convert() *cobra.Command {
	var to, kind, pre string
	cmd := &cobra.Command{
		Use:   "convert DIR",
		Short: "Make a GGUF file of a model in safetensors form",
		Long: `Make a GGUF file of the model in a folder as Hugging Face lays it out: weights
in .safetensors files, config.json and a tokenizer. Families: Llama, Mistral and
Mixtral, Qwen 2, 2.5 and 3, Gemma 1 to 3, EmbeddingGemma, BERT and RoBERTa with
their rerankers.

Types: f32 keeps every bit, bf16 and f16 take half of it, q8_0 a quarter. Models
are mostly published in bf16. The file can be taken in with ` + "`freehold import`.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := convert.ParseType(kind)
			if err != nil {
				return usageError{err}
			}
			bar := newProgress(c.Err, "convert", false)
			r, err := convert.Convert(cmd.Context(), args[0], convert.Options{To: to, Type: t, Pre: pre, Progress: bar.update})
			bar.end()
			if err != nil {
				return err
			}
			fmt.Fprintf(c.Err, "%s, %s, %d tensors, %s parameters, %s\n", r.Name, r.Architecture, r.Tensors, count(r.Parameters), size(r.Bytes))
			fmt.Fprintln(c.Out, r.Path)
			return nil
		},
	}
	cmd.Flags().StringVarP(&to, "output", "o", "", "the file to write (default: in DIR, named after it)")
	cmd.Flags().StringVar(&kind, "type", "f16", "what weights become: f32, f16, bf16 or q8_0")
	cmd.Flags().StringVar(&pre, "pre", "", "name of the pre-tokenizer, where it is not recognised")
	return cmd
}
