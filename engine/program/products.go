package program

import "freehold/engine/tensor"

// Product is a matrix that a pass over a program multiplies rows with, or a
// layer's experts of which each row takes some.
type Product struct {
	Type     tensor.Type
	Elements int  // of one matrix
	Bytes    int  // of one matrix
	Experts  int  // how many there are to choose from; 1: no choice
	Used     int  // by each row
	Outputs  bool // only rows with logits pass it
}

// Products lists the program's matrices as often as they are multiplied with.
// Looking up rows in a table is not among them: it costs next to nothing.
func (p *Program) Products() []Product {
	var all []Product
	add := func(w *Weight, x Buffer, experts, used int) {
		all = append(all, Product{Type: w.Type, Elements: w.Rows * w.Cols, Bytes: len(w.Data),
			Experts: experts, Used: used, Outputs: p.Buffers[x].Outputs})
	}
	for _, op := range p.Ops {
		switch o := op.(type) {
		case Linear:
			for _, out := range o.Out {
				add(out.Weight, o.X, 1, 1)
			}
		case ExpertLinear:
			for _, out := range o.Out {
				add(out.Experts[0], o.X, len(out.Experts), o.Slots)
			}
		}
	}
	return all
}
