package synthetic

import (
	"fmt"
	"slices"
	"strings"

	"freehold/engine/tensor"
)

// Mixture is one of the mixtures of types in which models are distributed. It
// chooses a type for every matrix, the way llama.cpp's llama-quantize does
// without an importance matrix.
type Mixture struct {
	Name string // such as "Q4_K_M"
	// Pure has one type everywhere, instead of a finer one where errors hurt most.
	Pure bool
	base tensor.Type
	id   uint32 // general.file_type
}

var mixtures = []Mixture{
	{Name: "F32", base: tensor.F32, id: 0},
	{Name: "F16", base: tensor.F16, id: 1},
	{Name: "BF16", base: tensor.BF16, id: 32},
	{Name: "Q4_0", base: tensor.Q4_0, id: 2},
	{Name: "Q4_1", base: tensor.Q4_1, id: 3},
	{Name: "Q5_0", base: tensor.Q5_0, id: 8},
	{Name: "Q5_1", base: tensor.Q5_1, id: 9},
	{Name: "Q8_0", base: tensor.Q8_0, id: 7},
	{Name: "Q2_K", base: tensor.Q2_K, id: 10},
	{Name: "Q3_K_S", base: tensor.Q3_K, id: 11},
	{Name: "Q3_K_M", base: tensor.Q3_K, id: 12},
	{Name: "Q3_K_L", base: tensor.Q3_K, id: 13},
	{Name: "Q4_K_S", base: tensor.Q4_K, id: 14},
	{Name: "Q4_K_M", base: tensor.Q4_K, id: 15},
	{Name: "Q5_K_S", base: tensor.Q5_K, id: 16},
	{Name: "Q5_K_M", base: tensor.Q5_K, id: 17},
	{Name: "Q6_K", base: tensor.Q6_K, id: 18},
	{Name: "IQ1_S", base: tensor.IQ1_S, id: 24},
	{Name: "IQ1_M", base: tensor.IQ1_M, id: 31},
	{Name: "IQ2_XXS", base: tensor.IQ2_XXS, id: 19},
	{Name: "IQ2_XS", base: tensor.IQ2_XS, id: 20},
	{Name: "IQ2_S", base: tensor.IQ2_S, id: 28},
	{Name: "IQ3_XXS", base: tensor.IQ3_XXS, id: 23},
	{Name: "IQ3_S", base: tensor.IQ3_S, id: 26},
	{Name: "IQ4_NL", base: tensor.IQ4_NL, id: 25},
	{Name: "IQ4_XS", base: tensor.IQ4_XS, id: 30},
	{Name: "TQ1_0", base: tensor.TQ1_0, id: 36},
	{Name: "TQ2_0", base: tensor.TQ2_0, id: 37},
	{Name: "MXFP4", base: tensor.MXFP4, id: 38},
	{Name: "NVFP4", base: tensor.NVFP4, id: 39},
	{Name: "Q1_0", base: tensor.Q1_0, id: 40},
	{Name: "Q2_0", base: tensor.Q2_0, id: 41},
}

// MixtureByName finds a mixture. A type's own name, such as Q3_K, finds the
// smallest mixture of that type.
func MixtureByName(name string) (Mixture, error) {
	names := make([]string, len(mixtures))
	for i, m := range mixtures {
		if strings.EqualFold(name, m.Name) || strings.EqualFold(name, m.base.String()) {
			return m, nil
		}
		names[i] = m.Name
	}
	return Mixture{}, fmt.Errorf("there is no mixture %q; there are %s", name, strings.Join(names, ", "))
}

// one is the mixture that has the type everywhere.
func one(t tensor.Type) Mixture {
	i := slices.IndexFunc(mixtures, func(m Mixture) bool { return m.base == t })
	if i < 0 {
		return Mixture{Pure: true, base: t}
	}
	return Mixture{Name: t.String(), Pure: true, base: t, id: mixtures[i].id}
}

// choose returns the type of the matrix called tensorName of the given layer
// (-1 outside the layers), whose rows have cols values.
func (m Mixture) choose(l *Llama, tensorName string, layer, cols int) tensor.Type {
	t := m.base
	if t.IsQuant() && !m.Pure {
		t = m.mixed(l, tensorName, layer, cols)
	}
	if _, err := t.RowBytes(cols); err == nil {
		return t
	}
	if small, ok := smallBlock[t]; ok {
		if _, err := small.RowBytes(cols); err == nil {
			return small
		}
	}
	return tensor.F16
}

// smallBlock is what stands in for types of super-blocks where rows do not
// divide into them.
var smallBlock = map[tensor.Type]tensor.Type{
	tensor.Q2_K: tensor.Q4_0, tensor.Q3_K: tensor.Q4_0, tensor.Q4_K: tensor.Q5_0,
	tensor.Q5_K: tensor.Q5_1, tensor.Q6_K: tensor.Q8_0, tensor.TQ1_0: tensor.Q4_0, tensor.TQ2_0: tensor.Q4_0,
	tensor.IQ1_S: tensor.IQ4_NL, tensor.IQ1_M: tensor.IQ4_NL, tensor.IQ2_XXS: tensor.IQ4_NL, tensor.IQ2_XS: tensor.IQ4_NL,
	tensor.IQ2_S: tensor.IQ4_NL, tensor.IQ3_XXS: tensor.IQ4_NL, tensor.IQ3_S: tensor.IQ4_NL, tensor.IQ4_XS: tensor.IQ4_NL,
}

func (m Mixture) mixed(l *Llama, tensorName string, layer, cols int) tensor.Type {
	type rule struct {
		mixture, tensor string
		applies         bool
		use             tensor.Type
	}
	n := l.Layers
	more := layer < n/8 || layer >= 7*n/8 || (layer-n/8)%3 == 2
	grouped := l.Heads/l.KVHeads >= 4
	switch {
	case tensorName == "output" || tensorName == "token_embd" && l.Tied:
		if _, err := m.base.RowBytes(cols); err != nil || m.base == tensor.Q8_0 {
			return tensor.Q8_0
		}
		return tensor.Q6_K
	}
	for _, r := range []rule{
		{"Q2_K", "attn_v", grouped, tensor.Q4_K},
		{"Q2_K", "attn_v", true, tensor.Q3_K},
		{"Q2_K", "ffn_down", true, tensor.Q3_K},
		{"Q2_K", "attn_output", true, tensor.Q3_K},
		{"Q3_K_M", "attn_v", layer < 2, tensor.Q5_K},
		{"Q3_K_M", "attn_v", true, tensor.Q4_K},
		{"Q3_K_M", "ffn_down", layer < n/16, tensor.Q5_K},
		{"Q3_K_M", "ffn_down", true, tensor.Q4_K},
		{"Q3_K_M", "attn_output", true, tensor.Q4_K},
		{"Q3_K_L", "attn_v", true, tensor.Q5_K},
		{"Q3_K_L", "ffn_down", true, tensor.Q5_K},
		{"Q3_K_L", "attn_output", true, tensor.Q5_K},
		{"Q4_K_S", "attn_v", layer < 4, tensor.Q5_K},
		{"Q4_K_S", "ffn_down", layer < n/8, tensor.Q5_K},
		{"Q4_K_M", "attn_v", more, tensor.Q6_K},
		{"Q4_K_M", "ffn_down", more, tensor.Q6_K},
		{"Q5_K_M", "attn_v", more, tensor.Q6_K},
		{"Q5_K_M", "ffn_down", more, tensor.Q6_K},
		{"IQ4_NL", "attn_v", grouped, tensor.Q5_K},
		{"IQ4_NL", "ffn_down", layer < n/8, tensor.Q5_K},
		{"IQ4_XS", "attn_v", grouped, tensor.Q5_K},
		{"IQ4_XS", "ffn_down", layer < n/8, tensor.Q5_K},
	} {
		if r.mixture == m.Name && r.tensor == tensorName && r.applies {
			return r.use
		}
	}
	return m.base
}
