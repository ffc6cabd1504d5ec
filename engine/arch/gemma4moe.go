package arch

import "freehold/engine/program"

// addGemmaExperts is the second half of a layer of Gemma 4 26B-A4B: experts beside
// the dense network, each branch with norms of its own. The router sees the
// residual stream, normalized and scaled.
func (b *layer) addGemmaExperts(m mixture) {
	scaled := b.buffer("router's input", b.Embedding)
	gain := b.vector(b.prefix+"ffn_gate_inp.scale", b.Embedding)
	for i := range gain {
		gain[i] *= rsqrt(b.Embedding)
	}
	logits := b.buffer("ffn_gate_inp", m.experts)
	b.record(
		program.RMSNorm{X: b.x, Dst: scaled, Gain: gain, Eps: b.eps(rmsEps)},
		program.Linear{X: scaled, Out: []program.Projection{
			{Weight: b.matrix(b.prefix+"ffn_gate_inp.weight", m.experts, b.Embedding), Dst: logits},
		}},
	)
	y := b.mixed(m, b.rmsNorm("pre_ffw_norm_2", b.x), logits)
	b.rmsNormInPlace("post_ffw_norm_2", y)
	dense := b.project(b.gated(program.GELU, b.rmsNorm("ffn_norm", b.x)), output{"ffn_down", b.Embedding})[0]
	b.rmsNormInPlace("post_ffw_norm_1", dense)
	b.record(program.Add{X: dense, Dst: y, Scale: 1})
	b.rmsNormInPlace("post_ffw_norm", y)
	b.record(program.Add{X: y, Dst: b.x, Scale: 1})
}
