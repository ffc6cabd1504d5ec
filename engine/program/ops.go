package program

// Op is one step of a Program. In the comments, a row is one token's values in
// a buffer, and += adds to what the buffer holds.
type Op interface{ op() }

// Embed looks up each row's token: Dst = Table[token] × Scale. With Positions
// it looks up the row's position instead; with Accumulate it adds.
type Embed struct {
	Table      *Weight
	Dst        Buffer
	Scale      float32
	Positions  bool
	Accumulate bool
}

// RMSNorm is Dst = X / √(mean(X²) + Eps) × Gain (Zhang & Sennrich, 2019), over
// each Group of successive values, or over the whole row if Group is 0. Gain
// has one value per value of the group, or of the row, or is nil.
type RMSNorm struct {
	X, Dst Buffer
	Gain   []float32
	Group  int
	Eps    float32
}

// LayerNorm is Dst = (X − mean) / √(variance + Eps) × Gain + Bias (Ba et al.,
// 2016), over groups as in RMSNorm. Gain and Bias may be nil.
type LayerNorm struct {
	X, Dst     Buffer
	Gain, Bias []float32
	Group      int
	Eps        float32
}

// L2Norm is Dst = X / max(‖X‖, Eps) over each Group of successive values.
type L2Norm struct {
	X, Dst Buffer
	Group  int
	Eps    float32
}

// Projection is one output of a Linear op: Dst = X · Weightᵀ × Scale + Bias, or
// Dst += … if Accumulate is set. Bias may be nil; a Scale of 0 means 1.
type Projection struct {
	Weight     *Weight
	Bias       []float32
	Scale      float32
	Dst        Buffer
	Accumulate bool
}

// Linear multiplies X with one or more weights. Weights that share an input
// belong in one op, so that a backend prepares the input once.
type Linear struct {
	X   Buffer
	Out []Projection
}

// ExpertProjection is one output of an ExpertLinear op. The experts are alike
// in type and shape. Bias is nil or has a vector per expert, Scale is nil or has
// a factor per expert. Dst is [slots][rows of an expert].
type ExpertProjection struct {
	Experts []*Weight
	Bias    [][]float32
	Scale   []float32
	Dst     Buffer
}

// NoBuffer stands where an op goes without one of its buffers.
const NoBuffer Buffer = -1

// ExpertLinear multiplies, in each of Slots slots of a row, the slot's input
// with the slot's choice among the experts: Dst[slot] = X[slot] ·
// Experts[Choice[slot]]ᵀ × Scale + Bias. X is [slots][cols], or [cols] if all
// slots share their input. Choice is [slots], as Route fills it; with NoBuffer
// slot i takes expert i (as the heads of multi-head latent attention do).
type ExpertLinear struct {
	X, Choice Buffer
	Slots     int
	Out       []ExpertProjection
}

// Gating says how a router's logits become probabilities.
type Gating int

// Gatings, with their number in GGUF's expert_gating_func.
const (
	GateSoftmax       Gating = 1 // over all experts
	GateSigmoid       Gating = 2
	GateSoftmaxChosen Gating = 3 // the highest logits are chosen, the softmax is over them
)

// Route chooses experts for each row from its router's Logits, [experts]: the
// Used highest probabilities + Bias, in descending order. Choice, [Used], gets
// their numbers, Share, [Used], their probabilities without the bias: divided
// by their sum (at least 2⁻¹⁴) if Normalize is set, and times Scale (0 means 1).
// With Groups > 1 only the GroupsUsed groups of experts are open to choice whose
// two best experts together score highest (DeepSeek-V3, 2024, §2.1.2).
type Route struct {
	Logits, Choice, Share Buffer
	Used                  int
	Gating                Gating
	Bias                  []float32 // nil, or one per expert
	Groups, GroupsUsed    int
	Normalize             bool
	Scale                 float32
}

// Combine is Dst += Σ Share[slot] × X[slot] over the slots of a row, or Dst = Σ …
// if Set is set; X is [slots][width of Dst].
type Combine struct {
	X, Share, Dst Buffer
	Set           bool
}

// Rope turns the heads of X in place by each row's position; heads are HeadDim
// wide, of which the 2×len(Freqs) values from Offset on are rotated
// (Su et al., 2021).
type Rope struct {
	X              Buffer
	Heads, HeadDim int
	Offset         int
	Table          int
}

// Temper scales X by 1 + Scale × ln(1 + ⌊(position + Offset) / Length⌋), so that
// attention stays sharp over contexts longer than those of training.
type Temper struct {
	X             Buffer
	Scale, Length float32
	Offset        float32
}

// StoreKV writes each row's K, [KVHeads][HeadDim], and V, [KVHeads][ValueDim],
// into its sequence's cache at its position, rounded to what the cache holds
// (Limits.KV).
type StoreKV struct {
	K, V  Buffer
	Layer int
}

// Attention is grouped-query attention: each row's query heads attend to all
// cached positions 0…position of its sequence, including those stored by this
// batch. Q is [Heads][HeadDim], Dst is [Heads][ValueDim].
//
// Window > 0 limits it to the last Window positions. Bidirectional attention
// also sees the positions behind the row's own, up to the sequence's last row in
// the batch; its Window limits the distance to both sides to ⌊Window/2⌋.
type Attention struct {
	Q, Dst        Buffer
	Layer         int
	Heads         int
	Scale         float32 // multiplies Q·K
	Softcap       float32 // if not 0, scores become Softcap × tanh(score / Softcap)
	Sinks         []float32
	Window        int
	Bidirectional bool
}

// Function is a function of one value.
type Function int

// Functions.
const (
	SiLU      Function = iota // x · σ(x)
	GELU                      // x · ½ (1 + tanh(√(2/π) (x + 0.044715 x³)))
	GELUErf                   // x · Φ(x)
	GELUQuick                 // x · σ(1.702 x)
	ReLU                      // max(x, 0)
	ReLU2                     // max(x, 0)²
	Sigmoid                   // σ(x)
	Tanh
	Softplus // ln(1 + eˣ)
	functions
)

// Activate is Dst = F(X), value by value.
type Activate struct {
	F      Function
	X, Dst Buffer
}

// Gated is Dst = F(Gate) × (Up + Shift), value by value (Shazeer, 2020). With
// Limit > 0, Gate is first bounded from above by it and Up on both sides.
type Gated struct {
	F             Function
	Gate, Up, Dst Buffer
	Limit, Shift  float32
}

// Add is Dst += X × Scale.
type Add struct {
	X, Dst Buffer
	Scale  float32
}

// AddBias is X += Bias, the same in every row.
type AddBias struct {
	X    Buffer
	Bias []float32
}

// Multiply is Dst = X × By, where each value of By serves as many successive
// values of X as X has more of them: a By of width 1 scales whole rows.
type Multiply struct {
	X, By, Dst Buffer
}

// Scale is X ×= Factor.
type Scale struct {
	X      Buffer
	Factor float32
}

// Clamp bounds X to ±Limit.
type Clamp struct {
	X     Buffer
	Limit float32
}

// Softcap is X = Cap × tanh(X / Cap).
type Softcap struct {
	X   Buffer
	Cap float32
}

// Softmax is X = e^X / Σ e^X over each row.
type Softmax struct {
	X Buffer
}

// Copy moves Count pieces of Width values within each row: piece i goes from
// X[From + i×FromStride:] to Dst[To + i×ToStride:].
type Copy struct {
	X, Dst           Buffer
	From, FromStride int
	To, ToStride     int
	Width, Count     int
}

// SelectOutputs copies the rows whose logits are wanted from X (all rows) to
// Dst (an Outputs buffer).
type SelectOutputs struct {
	X, Dst Buffer
}

// MeanPool fills each row of Dst, an Outputs buffer, with the mean over all of
// the batch's rows in that output's sequence of X.
type MeanPool struct {
	X, Dst Buffer
}

// Conv is a causal convolution along each sequence, every channel by itself:
// Dst[c] = Σ Weight[c][k] × X of Kernel−1−k rows before [c] + Bias[c]. Weight is
// [width][Kernel]. The state keeps the last Kernel−1 rows of X.
type Conv struct {
	X, Dst       Buffer
	Weight, Bias []float32 // Bias may be nil
	Kernel       int
	State        int
}

// DeltaNet is the gated delta rule (Yang et al., 2024). Each of Heads value
// heads keeps a matrix S [KeyDim][ValueDim], and row by row
//
//	S ×= e^(Delta·A);  S += Beta · K ⊗ (V − Sᵀ·K);  Dst = Sᵀ·Q / √KeyDim
//
// Q and K are [KeyHeads][KeyDim], V and Dst are [Heads][ValueDim], Delta and
// Beta are [Heads], and A has a value a head. Value head h has the key head h mod KeyHeads if Tiled,
// h / (Heads/KeyHeads) otherwise.
type DeltaNet struct {
	Q, K, V, Delta, Beta, Dst Buffer
	A                         []float32
	KeyHeads, KeyDim          int
	Heads, ValueDim           int
	Tiled                     bool
	State                     int
}

// Mamba is the selective state space of Mamba-2 (Dao & Gu, 2024). Each of Heads
// heads keeps a matrix S [HeadDim][StateDim], and row by row
//
//	S = S × e^(Delta·A) + Delta · X ⊗ B;  Dst = S·C + D × X
//
// X and Dst are [Heads][HeadDim], B and C are [Groups][StateDim], shared by the
// Heads/Groups heads of a group; Delta is [Heads]; A and D have a value a head.
type Mamba struct {
	X, B, C, Delta, Dst Buffer
	A, D                []float32
	Heads, HeadDim      int
	Groups, StateDim    int
	State               int
}

func (Embed) op()         {}
func (RMSNorm) op()       {}
func (LayerNorm) op()     {}
func (L2Norm) op()        {}
func (Linear) op()        {}
func (ExpertLinear) op()  {}
func (Route) op()         {}
func (Combine) op()       {}
func (Rope) op()          {}
func (Temper) op()        {}
func (StoreKV) op()       {}
func (Attention) op()     {}
func (Activate) op()      {}
func (Gated) op()         {}
func (Add) op()           {}
func (AddBias) op()       {}
func (Multiply) op()      {}
func (Scale) op()         {}
func (Clamp) op()         {}
func (Softcap) op()       {}
func (Softmax) op()       {}
func (Copy) op()          {}
func (SelectOutputs) op() {}
func (MeanPool) op()      {}
func (Conv) op()          {}
func (DeltaNet) op()      {}
func (Mamba) op()         {}
