package fit

import "strings"

// Model is what is known of a model whose file is not here: numbers of its
// configuration, and how large the file is.
type Model struct {
	Parameters int64  // values in its tensors
	Active     int64  // of these, those that a token passes; 0: all
	FileBytes  int64  // of the file
	Quant      string // such as Q4_K_M
	Context    int    // tokens it was trained for

	Layers, Embedding int
	FeedForward       int // width of what one token passes in a layer, experts together
	Vocab             int
	Tied              bool // the output matrix is the token embedding
	Heads             int
	KVHeads, HeadDim  int // of keys and values
	AttentionLayers   int // that have a KV cache; 0: all layers
	// Window is how many tokens back the layers see, but the last of each Period;
	// Window 0: all see everything; Period 0: none does.
	Window, Period int
	StateBytes     int64 // of a sequence's recurrent states
	Embeds         bool
}

// Estimate makes the needs of m as Of would of its file. Memory agrees within a
// few percent; speed supposes that all matrices are of the quantization's
// leading type.
func Estimate(m Model) Needs {
	if m.Active == 0 || m.Active > m.Parameters {
		m.Active = m.Parameters
	}
	n := Needs{Context: m.Context, Weights: m.FileBytes, Vocabulary: int64(m.Vocab) * vocabularyBytes, State: m.StateBytes, Embeds: m.Embeds}

	bytesOf := float64(m.FileBytes) / float64(max(m.Parameters, 1))
	table := float64(m.Vocab) * float64(m.Embedding) // of values, of the embedding and of the output
	passed := float64(m.Active)
	if !m.Tied && !m.Embeds {
		passed -= table // a row of the embedding is looked up, the output is multiplied with
	}
	body := max(passed-table, 0)
	if m.Embeds {
		passed = body
	}
	n.Work = []Work{{Type: leading(m.Quant), Decode: bytesOf * passed, Prefill: 2 * body}}

	attention := m.AttentionLayers
	if attention == 0 {
		attention = m.Layers
	}
	kv := KV{Layers: attention, Queries: m.Heads, Heads: m.KVHeads, HeadDim: m.HeadDim, ValueDim: m.HeadDim, Window: m.Window}
	if m.Window > 0 && m.Period > 0 {
		full := kv
		full.Layers, full.Window = attention/m.Period, 0
		kv.Layers -= full.Layers
		n.Cache = append(n.Cache, full)
	}
	n.Cache = append(n.Cache, kv)

	const opsOfLayer, matricesOfLayer, widths = 16, 4, 4 // ops of a layer, and rows as wide as the embedding that are kept
	n.Steps, n.Matrices = opsOfLayer*m.Layers, matricesOfLayer*m.Layers+1
	row := widths*m.Embedding + 3*m.FeedForward + (m.Heads+2*m.KVHeads)*m.HeadDim + m.Heads*m.HeadDim
	const scratch = 12 << 20 // quantized activations, partial sums of attention
	n.Buffers = scratch + 4*int64(row)*int64(n.rows(DefaultContext(n))) + 4*int64(m.Vocab)
	return n
}

// leading is the type that most matrices of a mixture have.
func leading(quant string) string {
	q := strings.TrimPrefix(strings.ToUpper(quant), "UD-")
	for _, size := range []string{"_XXL", "_XL", "_XS", "_S", "_M", "_L"} {
		if base, ok := strings.CutSuffix(q, size); ok && strings.HasSuffix(base, "_K") {
			return base
		}
	}
	if q == "IQ3_M" {
		return "IQ3_S"
	}
	if q == "IQ2_M" {
		return "IQ2_S"
	}
	return q
}
