package chattemplate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Limits bound what one Render may use. A zero field means its default.
type Limits struct {
	Steps       int // evaluated nodes, elements and pieces of text; default 20,000,000 (about a second)
	OutputBytes int // the output, and any one string made on the way; default 16 MiB
	Depth       int // nested evaluations, macro calls included; default 2,000
	RangeSize   int // numbers in one range(); default 100,000
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&l.Steps, 20_000_000)
	set(&l.OutputBytes, 16<<20)
	set(&l.Depth, 2000)
	set(&l.RangeSize, 100_000)
	return l
}

// ErrLimit is wrapped by the error of a template that went over a limit.
var ErrLimit = errors.New("over the limit for chat templates")

// run is one rendering.
type run struct {
	ctx    context.Context
	limits Limits
	now    time.Time
	root   *scope // the outermost variables, above them what the caller passed
	out    *strings.Builder
	steps  int
	check  int // steps at which to look at ctx next
	depth  int
	at     int // offset in the source of what is being evaluated
}

// fault ends a rendering; it travels as a panic up to Render.
type fault struct {
	at      int
	message string
	refused bool  // by raise_exception
	cause   error // ErrLimit or the context's error
}

func (r *run) faultf(format string, a ...any) *fault {
	return &fault{at: r.at, message: fmt.Sprintf(format, a...)}
}

func (r *run) limitf(format string, a ...any) *fault {
	f := r.faultf("it goes over a limit: "+format, a...)
	f.cause = ErrLimit
	return f
}

// Cost of text in steps: bytes looked at and bytes made.
const (
	scanPerStep    = 64
	producePerStep = 16
	checkEvery     = 2000
)

func (r *run) step(n int) { r.step64(int64(n)) }

func (r *run) step64(n int64) {
	if n < 0 || n > int64(r.limits.Steps-r.steps) {
		panic(r.limitf("more than %d steps", r.limits.Steps))
	}
	r.steps += int(n)
	if r.steps >= r.check {
		r.check = r.steps + checkEvery
		if err := r.ctx.Err(); err != nil {
			f := r.faultf("%v", err)
			f.cause = err
			panic(f)
		}
	}
}

// scan accounts for reading n bytes of text.
func (r *run) scan(n int) { r.step(n / scanPerStep) }

// produce accounts for a new string of n bytes, before it is made.
func (r *run) produce(n int) { r.produce64(int64(n)) }

func (r *run) produce64(n int64) {
	if n < 0 || n > int64(r.limits.OutputBytes) {
		panic(r.limitf("text of more than %d bytes", r.limits.OutputBytes))
	}
	r.step64(1 + n/producePerStep)
}

// bound faults if text that is being built has grown over the limit.
func (r *run) bound(n int) {
	if n > r.limits.OutputBytes {
		panic(r.limitf("text of more than %d bytes", r.limits.OutputBytes))
	}
}

func (r *run) enter() {
	r.depth++
	if r.depth > r.limits.Depth {
		panic(r.limitf("nested more than %d levels deep", r.limits.Depth))
	}
}

func (r *run) leave() { r.depth-- }

// write appends to the output, or to the text being captured.
func (r *run) write(s string) {
	r.produce(len(s))
	r.bound(r.out.Len() + len(s))
	r.out.WriteString(s)
}

// capture gives the text that f writes, and how f ended.
func (r *run) capture(f func() signal) (string, signal) {
	outer := r.out
	r.out = new(strings.Builder)
	sig := f()
	s := r.out.String()
	r.out = outer
	return s, sig
}

// scope holds the variables of a block; those of outer blocks can be read.
type scope struct {
	vars   map[string]value
	parent *scope
	depth  int
}

// inner opens a scope inside s in which the names hidden are undefined. A macro that escapes its scope in a namespace
// can stack them without nesting calls, so their depth has its own check.
func (r *run) inner(s *scope, hidden []string) *scope {
	if s.depth >= r.limits.Depth {
		panic(r.limitf("variables nested more than %d levels deep", r.limits.Depth))
	}
	in := &scope{parent: s, depth: s.depth + 1}
	r.step(len(hidden))
	for _, name := range hidden {
		in.set(name, notDefined(name))
	}
	return in
}

func (s *scope) set(name string, v value) {
	if s.vars == nil {
		s.vars = map[string]value{}
	}
	s.vars[name] = v
}

func (s *scope) get(name string) (value, bool) {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

func (r *run) eval(x expr, s *scope) value {
	r.step(1)
	r.enter()
	v := x.eval(r, s)
	r.leave()
	return v
}

func (r *run) exec(body []stmt, s *scope) signal {
	r.enter()
	for _, st := range body {
		r.step(1)
		if sig := st.exec(r, s); sig != proceed {
			r.leave()
			return sig
		}
	}
	r.leave()
	return proceed
}

// args are the evaluated arguments of a call.
type args struct {
	pos []value
	kw  []kwarg
}

type kwarg struct {
	name string
	v    value
}

func (a args) keyword(name string) (value, bool) {
	for _, k := range a.kw {
		if k.name == name {
			return k.v, true
		}
	}
	return nil, false
}

// bind puts the arguments in the order of the named parameters; what is not
// given is nil. A name with a "!" must be given.
func (r *run) bind(fn string, a args, names ...string) []value {
	out := make([]value, len(names))
	if len(a.pos) > len(names) {
		panic(r.faultf("%s takes at most %d arguments, got %d", fn, len(names), len(a.pos)))
	}
	copy(out, a.pos)
next:
	for _, k := range a.kw {
		for i, n := range names {
			if strings.TrimSuffix(n, "!") == k.name {
				if out[i] != nil {
					panic(r.faultf("%s got argument '%s' twice", fn, k.name))
				}
				out[i] = k.v
				continue next
			}
		}
		panic(r.faultf("%s takes no argument '%s'", fn, clip(k.name, 40)))
	}
	for i, n := range names {
		if out[i] == nil && strings.HasSuffix(n, "!") {
			panic(r.faultf("%s needs argument '%s'", fn, strings.TrimSuffix(n, "!")))
		}
	}
	return out
}

// wantText is the string in an argument that must be one.
func (r *run) wantText(fn string, v value) string {
	s, ok := text(v)
	if !ok {
		r.refuseUndefined(v)
		panic(r.faultf("%s needs a string, not '%s'", fn, typeName(v)))
	}
	return s
}

// wantInt is the integer in an argument that must be one. One beyond ±2^62 is
// cut to that, which no length comes near.
func (r *run) wantInt(fn string, v value) int {
	i, ok := asInt(v)
	if !ok {
		r.refuseUndefined(v)
		panic(r.faultf("%s needs an integer, not '%s'", fn, typeName(v)))
	}
	const big = math.MaxInt64 / 2
	if !i.IsInt64() {
		return i.Sign() * big
	}
	return int(max(-big, min(big, i.Int64())))
}
