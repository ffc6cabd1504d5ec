package program

import "fmt"

// Validate checks that every op's buffers, weights and layers exist and fit
// together, so that backends may rely on it.
func (p *Program) Validate() error {
	for i, c := range p.Cache {
		if c.KVHeads <= 0 || c.HeadDim <= 0 || c.ValueDim <= 0 {
			return fmt.Errorf("cache layer %d has %d heads of %d and %d", i, c.KVHeads, c.HeadDim, c.ValueDim)
		}
	}
	for i, s := range p.States {
		if s.Size <= 0 {
			return fmt.Errorf("state %d is empty", i)
		}
	}
	for i, op := range p.Ops {
		if err := p.check(op); err != nil {
			return fmt.Errorf("op %d (%T): %w", i, op, err)
		}
	}
	for i, r := range p.Ropes {
		if len(r.Freqs) == 0 {
			return fmt.Errorf("rope table %d is empty", i)
		}
	}
	if !p.has(p.Logits) || !p.Buffers[p.Logits].Outputs || p.Buffers[p.Logits].Width != p.Vocab {
		return fmt.Errorf("the logits buffer is not an output buffer of width %d", p.Vocab)
	}
	return nil
}

func (p *Program) has(b Buffer) bool { return b >= 0 && int(b) < len(p.Buffers) }

// same checks that all buffers exist, have width w and the same kind of rows.
func (p *Program) same(w int, bufs ...Buffer) error {
	for _, b := range bufs {
		if !p.has(b) {
			return fmt.Errorf("buffer %d does not exist", b)
		}
		s := p.Buffers[b]
		if s.Width != w {
			return fmt.Errorf("buffer %s is %d wide, not %d", s.Name, s.Width, w)
		}
		if s.Outputs != p.Buffers[bufs[0]].Outputs {
			return fmt.Errorf("buffers %s and %s differ in their rows", s.Name, p.Buffers[bufs[0]].Name)
		}
	}
	return nil
}

// allRows is same, for ops that need each batch row's token or position.
func (p *Program) allRows(w int, bufs ...Buffer) error {
	if err := p.same(w, bufs...); err != nil {
		return err
	}
	if s := p.Buffers[bufs[0]]; s.Outputs {
		return fmt.Errorf("buffer %s has no row for every batch row", s.Name)
	}
	return nil
}

// width is the width of a buffer, 0 if it does not exist.
func (p *Program) width(b Buffer) int {
	if !p.has(b) {
		return 0
	}
	return p.Buffers[b].Width
}

func (p *Program) exist(bufs ...Buffer) error {
	for _, b := range bufs {
		if !p.has(b) {
			return fmt.Errorf("buffer %d does not exist", b)
		}
		if p.width(b) < 1 {
			return fmt.Errorf("buffer %s is empty", p.Buffers[b].Name)
		}
	}
	return nil
}

// alike checks that all buffers exist and have the same kind of rows.
func (p *Program) alike(bufs ...Buffer) error {
	for _, b := range bufs {
		if err := p.exist(b); err != nil {
			return err
		}
		if s := p.Buffers[b]; s.Outputs != p.Buffers[bufs[0]].Outputs {
			return fmt.Errorf("buffers %s and %s differ in their rows", s.Name, p.Buffers[bufs[0]].Name)
		}
	}
	return nil
}

// allRowsOf is allRows for one buffer of any width.
func (p *Program) allRowsOf(b Buffer) error {
	if err := p.exist(b); err != nil {
		return err
	}
	return p.allRows(p.width(b), b)
}

func (p *Program) check(op Op) error {
	switch o := op.(type) {
	case Embed:
		if err := o.Table.check(); err != nil {
			return err
		}
		return p.allRows(o.Table.Cols, o.Dst)
	case RMSNorm:
		return p.norm(o.X, o.Dst, o.Group, o.Gain)
	case LayerNorm:
		return p.norm(o.X, o.Dst, o.Group, o.Gain, o.Bias)
	case L2Norm:
		return p.norm(o.X, o.Dst, o.Group)
	case Linear:
		return p.linear(o)
	case ExpertLinear:
		return p.expertLinear(o)
	case Route:
		return p.route(o)
	case Combine:
		if err := p.alike(o.X, o.Share, o.Dst); err != nil {
			return err
		}
		return p.same(p.width(o.Share)*p.width(o.Dst), o.X)
	case Rope:
		if o.Table < 0 || o.Table >= len(p.Ropes) || o.Offset < 0 || o.Heads < 1 ||
			o.Offset+2*len(p.Ropes[o.Table].Freqs) > o.HeadDim {
			return fmt.Errorf("rope table %d does not fit heads of %d", o.Table, o.HeadDim)
		}
		return p.allRows(o.Heads*o.HeadDim, o.X)
	case Temper:
		if o.Length <= 0 {
			return fmt.Errorf("a length of %g", o.Length)
		}
		return p.allRowsOf(o.X)
	case StoreKV:
		l, err := p.layer(o.Layer)
		if err != nil {
			return err
		}
		if err := p.allRows(l.KVHeads*l.ValueDim, o.V); err != nil {
			return err
		}
		return p.allRows(l.KVHeads*l.HeadDim, o.K)
	case Attention:
		return p.attention(o)
	case Activate:
		if o.F < 0 || o.F >= functions {
			return fmt.Errorf("unknown function %d", o.F)
		}
		return p.same(p.width(o.Dst), o.X, o.Dst)
	case Gated:
		if o.F < 0 || o.F >= functions {
			return fmt.Errorf("unknown function %d", o.F)
		}
		return p.same(p.width(o.Dst), o.Gate, o.Up, o.Dst)
	case Add:
		return p.same(p.width(o.Dst), o.X, o.Dst)
	case AddBias:
		return p.same(len(o.Bias), o.X)
	case Multiply:
		if err := p.alike(o.X, o.By, o.Dst); err != nil {
			return err
		}
		if p.width(o.X)%p.width(o.By) != 0 {
			return fmt.Errorf("%d values do not divide among %d factors", p.width(o.X), p.width(o.By))
		}
		return p.same(p.width(o.X), o.Dst)
	case Scale:
		return p.exist(o.X)
	case Clamp:
		return p.exist(o.X)
	case Softcap:
		if o.Cap <= 0 {
			return fmt.Errorf("a cap of %g", o.Cap)
		}
		return p.exist(o.X)
	case Softmax:
		return p.exist(o.X)
	case Copy:
		return p.copy(o)
	case SelectOutputs:
		return p.selection(o.X, o.Dst)
	case MeanPool:
		return p.selection(o.X, o.Dst)
	case Conv:
		return p.conv(o)
	case DeltaNet:
		return p.deltaNet(o)
	case Mamba:
		return p.mamba(o)
	default:
		return fmt.Errorf("unknown op")
	}
}

func (p *Program) norm(x, dst Buffer, group int, params ...[]float32) error {
	if err := p.exist(x); err != nil {
		return err
	}
	w := p.width(x)
	if group < 0 || group > 0 && w%group != 0 {
		return fmt.Errorf("%d values do not divide into groups of %d", w, group)
	}
	for _, v := range params {
		if v != nil && len(v) != w && len(v) != group {
			return fmt.Errorf("%d parameters for %d values in groups of %d", len(v), w, group)
		}
	}
	return p.same(w, x, dst)
}

func (p *Program) linear(o Linear) error {
	if len(o.Out) == 0 || !p.has(o.X) {
		return fmt.Errorf("no input or no output")
	}
	for _, out := range o.Out {
		if err := out.Weight.check(); err != nil {
			return err
		}
		if w := p.width(o.X); w != out.Weight.Cols {
			return fmt.Errorf("%s takes %d inputs, buffer %s is %d wide", out.Weight.Name, out.Weight.Cols, p.Buffers[o.X].Name, w)
		}
		if out.Bias != nil && len(out.Bias) != out.Weight.Rows {
			return fmt.Errorf("%s has %d outputs and %d biases", out.Weight.Name, out.Weight.Rows, len(out.Bias))
		}
		if err := p.same(out.Weight.Rows, out.Dst); err != nil {
			return err
		}
		if err := p.output(out.Weight, o.X, out.Dst); err != nil {
			return err
		}
	}
	return nil
}

// output checks that w's product of x may be written to dst.
func (p *Program) output(w *Weight, x, dst Buffer) error {
	if dst == x {
		return fmt.Errorf("%s would overwrite its own input", w.Name)
	}
	if p.Buffers[dst].Outputs != p.Buffers[x].Outputs {
		return fmt.Errorf("input and output of %s differ in their rows", w.Name)
	}
	return nil
}

func (p *Program) expertLinear(o ExpertLinear) error {
	if len(o.Out) == 0 || o.Slots < 1 || !p.has(o.X) {
		return fmt.Errorf("no input, no slots or no output")
	}
	if o.Choice != NoBuffer {
		if err := p.alike(o.X, o.Choice); err != nil {
			return err
		}
		if err := p.same(o.Slots, o.Choice); err != nil {
			return err
		}
	}
	for _, out := range o.Out {
		n := len(out.Experts)
		if n == 0 || n != len(o.Out[0].Experts) || o.Choice == NoBuffer && n != o.Slots {
			return fmt.Errorf("%d experts for %d slots", n, o.Slots)
		}
		if out.Bias != nil && len(out.Bias) != n || out.Scale != nil && len(out.Scale) != n {
			return fmt.Errorf("%d experts have %d biases and %d scales", n, len(out.Bias), len(out.Scale))
		}
		first := out.Experts[0]
		for i, w := range out.Experts {
			if err := w.check(); err != nil {
				return err
			}
			if w.Type != first.Type || w.Rows != first.Rows || w.Cols != first.Cols {
				return fmt.Errorf("%s and %s differ", w.Name, first.Name)
			}
			if out.Bias != nil && len(out.Bias[i]) != w.Rows {
				return fmt.Errorf("%s has %d outputs and %d biases", w.Name, w.Rows, len(out.Bias[i]))
			}
		}
		if w := p.width(o.X); w != first.Cols && w != o.Slots*first.Cols {
			return fmt.Errorf("%s takes %d inputs in %d slots, buffer %s is %d wide", first.Name, first.Cols, o.Slots, p.Buffers[o.X].Name, w)
		}
		if err := p.same(o.Slots*first.Rows, out.Dst); err != nil {
			return err
		}
		if err := p.output(first, o.X, out.Dst); err != nil {
			return err
		}
	}
	return nil
}

func (p *Program) route(o Route) error {
	if err := p.alike(o.Logits, o.Choice, o.Share); err != nil {
		return err
	}
	experts := p.width(o.Logits)
	if o.Used < 1 || o.Used > experts {
		return fmt.Errorf("%d of %d experts", o.Used, experts)
	}
	if o.Bias != nil && len(o.Bias) != experts {
		return fmt.Errorf("%d experts have %d biases", experts, len(o.Bias))
	}
	if o.Gating < GateSoftmax || o.Gating > GateSoftmaxChosen {
		return fmt.Errorf("unknown gating %d", o.Gating)
	}
	if o.Groups > 1 && (experts%o.Groups != 0 || experts/o.Groups < 2 || o.GroupsUsed < 1 || o.GroupsUsed > o.Groups ||
		o.Used > o.GroupsUsed*(experts/o.Groups)) {
		return fmt.Errorf("%d of %d experts in %d of %d groups", o.Used, experts, o.GroupsUsed, o.Groups)
	}
	return p.same(o.Used, o.Choice, o.Share)
}

func (p *Program) attention(o Attention) error {
	l, err := p.layer(o.Layer)
	if err != nil {
		return err
	}
	if o.Heads < 1 || o.Heads%l.KVHeads != 0 {
		return fmt.Errorf("%d query heads do not share %d key-value heads evenly", o.Heads, l.KVHeads)
	}
	if o.Window < 0 || o.Softcap < 0 {
		return fmt.Errorf("a window of %d or a softcap of %g", o.Window, o.Softcap)
	}
	if o.Sinks != nil && len(o.Sinks) != o.Heads {
		return fmt.Errorf("%d heads have %d sinks", o.Heads, len(o.Sinks))
	}
	if err := p.allRows(o.Heads*l.ValueDim, o.Dst); err != nil {
		return err
	}
	return p.allRows(o.Heads*l.HeadDim, o.Q)
}

func (p *Program) copy(o Copy) error {
	if err := p.alike(o.X, o.Dst); err != nil {
		return err
	}
	inside := func(b Buffer, at, stride int) bool {
		return at >= 0 && stride >= 0 && at+(o.Count-1)*stride+o.Width <= p.width(b)
	}
	if o.X == o.Dst || o.Count < 1 || o.Width < 1 || !inside(o.X, o.From, o.FromStride) || !inside(o.Dst, o.To, o.ToStride) {
		return fmt.Errorf("%d pieces of %d do not fit %s and %s", o.Count, o.Width, p.Buffers[o.X].Name, p.Buffers[o.Dst].Name)
	}
	return nil
}

func (p *Program) selection(x, dst Buffer) error {
	if !p.has(x) || !p.has(dst) {
		return fmt.Errorf("a buffer does not exist")
	}
	from, to := p.Buffers[x], p.Buffers[dst]
	if from.Outputs || !to.Outputs || from.Width != to.Width {
		return fmt.Errorf("%s → %s is not a selection of outputs", from.Name, to.Name)
	}
	return nil
}

func (p *Program) conv(o Conv) error {
	if err := p.allRowsOf(o.X); err != nil {
		return err
	}
	w := p.width(o.X)
	if o.Kernel < 2 || len(o.Weight) != w*o.Kernel || o.Bias != nil && len(o.Bias) != w || o.X == o.Dst {
		return fmt.Errorf("%d weights and %d biases for %d channels and a kernel of %d", len(o.Weight), len(o.Bias), w, o.Kernel)
	}
	if err := p.state(o.State, w*(o.Kernel-1)); err != nil {
		return err
	}
	return p.allRows(w, o.X, o.Dst)
}

func (p *Program) deltaNet(o DeltaNet) error {
	if o.KeyHeads < 1 || o.Heads < 1 || o.Heads%o.KeyHeads != 0 || o.KeyDim < 1 || o.ValueDim < 1 || len(o.A) != o.Heads {
		return fmt.Errorf("%d heads of %d with %d keys of %d and %d parameters", o.Heads, o.ValueDim, o.KeyHeads, o.KeyDim, len(o.A))
	}
	if err := p.allRows(o.KeyHeads*o.KeyDim, o.Q, o.K); err != nil {
		return err
	}
	if err := p.allRows(o.Heads*o.ValueDim, o.V, o.Dst); err != nil {
		return err
	}
	if err := p.state(o.State, o.Heads*o.KeyDim*o.ValueDim); err != nil {
		return err
	}
	return p.allRows(o.Heads, o.Delta, o.Beta)
}

func (p *Program) mamba(o Mamba) error {
	if o.Heads < 1 || o.HeadDim < 1 || o.Groups < 1 || o.Heads%o.Groups != 0 || o.StateDim < 1 ||
		len(o.A) != o.Heads || len(o.D) != o.Heads {
		return fmt.Errorf("%d heads of %d in %d groups with %d and %d parameters", o.Heads, o.HeadDim, o.Groups, len(o.A), len(o.D))
	}
	if err := p.allRows(o.Heads*o.HeadDim, o.X, o.Dst); err != nil {
		return err
	}
	if err := p.allRows(o.Groups*o.StateDim, o.B, o.C); err != nil {
		return err
	}
	if err := p.state(o.State, o.Heads*o.HeadDim*o.StateDim); err != nil {
		return err
	}
	return p.allRows(o.Heads, o.Delta)
}

func (p *Program) state(i, size int) error {
	if i < 0 || i >= len(p.States) || p.States[i].Size != size {
		return fmt.Errorf("state %d does not exist or does not hold %d values", i, size)
	}
	return nil
}

func (p *Program) layer(i int) (CacheLayer, error) {
	if i < 0 || i >= len(p.Cache) {
		return CacheLayer{}, fmt.Errorf("cache layer %d does not exist", i)
	}
	return p.Cache[i], nil
}

func (w *Weight) check() error {
	if w == nil {
		return fmt.Errorf("weight is missing")
	}
	n, err := w.Type.RowBytes(w.Cols)
	if err != nil {
		return fmt.Errorf("%s: %w", w.Name, err)
	}
	if w.Rows <= 0 || w.Cols <= 0 || len(w.Data) != n*w.Rows {
		return fmt.Errorf("%s: %d×%d %s needs %d bytes, has %d", w.Name, w.Rows, w.Cols, w.Type, n*w.Rows, len(w.Data))
	}
	return nil
}
