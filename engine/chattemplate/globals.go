package chattemplate

// globals are the functions a template finds without being passed them.
var globals map[string]value

func init() { // the table refers to functions that refer to the table
	globals = map[string]value{
		"raise_exception": &function{"raise_exception", func(r *run, a args) value {
			b := r.bind("raise_exception", a, "message!")
			f := r.faultf("%s", clip(r.str(b[0]), 2000))
			f.refused = true
			panic(f)
		}},
		"strftime_now": &function{"strftime_now", func(r *run, a args) value {
			format := r.wantText("strftime_now", r.bind("strftime_now", a, "format!")[0])
			r.produce(len(format))
			s := strftime(r.now, format)
			r.produce(len(s))
			return s
		}},
		"range": &function{"range", func(r *run, a args) value {
			b := r.bind("range", a, "start!", "stop", "step")
			start, stop, step := 0, r.wantInt("range", b[0]), 1
			if b[1] != nil {
				start, stop = stop, r.wantInt("range", b[1])
			}
			if b[2] != nil {
				step = r.wantInt("range", b[2])
			}
			return r.newSpan(start, stop, step)
		}},
		"namespace": &function{"namespace", func(r *run, a args) value {
			ns := &namespace{newDict()}
			r.fill(ns.attrs, "namespace", a)
			return ns
		}},
		"dict": &function{"dict", func(r *run, a args) value {
			d := newDict()
			r.fill(d, "dict", a)
			return d
		}},
		"cycler": &function{"cycler", func(r *run, a args) value {
			if len(a.pos) == 0 {
				panic(r.faultf("at least one item has to be provided"))
			}
			return &cycler{items: a.pos}
		}},
		"joiner": &function{"joiner", func(r *run, a args) value {
			b := r.bind("joiner", a, "sep")
			sep, used := value(", "), false
			if b[0] != nil {
				sep = b[0]
			}
			return &function{"joiner", func(r *run, a args) value {
				r.bind("joiner", a)
				if used {
					return sep
				}
				used = true
				return ""
			}}
		}},
	}
}

// cycler walks through its items again and again.
type cycler struct {
	items []value
	pos   int
}

func (c *cycler) member(name string) (value, bool) {
	switch name {
	case "current":
		return c.items[c.pos], true
	case "next":
		return &function{"next", func(r *run, a args) value {
			r.bind("next", a)
			v := c.items[c.pos]
			c.pos = (c.pos + 1) % len(c.items)
			return v
		}}, true
	case "reset":
		return &function{"reset", func(r *run, a args) value {
			r.bind("reset", a)
			c.pos = 0
			return none{}
		}}, true
	}
	return nil, false
}
