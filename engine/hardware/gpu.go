package hardware

import (
	"context"
	"strings"
	"sync"
	"time"
)

// GPU is a graphics processor. Sizes are bytes.
type GPU struct {
	Name   string
	Vendor string // NVIDIA, AMD, Intel, Apple …
	Driver string // its name or version
	Memory int64  // its own; of one without, what it may take of the machine's; 0: unknown
	Free   int64  // of Memory; 0: unknown
	Shares bool   // its memory is the machine's
	API    string // cuda, metal, vulkan, dxgi: what told of it, the best first; "": only the system knows it
	PCI    string // such as 0000:01:00.0; "" if unknown
}

// gpuPatience is how long a call waits for drivers.
const gpuPatience = 250 * time.Millisecond

// gpuAge is how long what was told counts: free memory changes.
const gpuAge = 5 * time.Second

// source is one way to learn of graphics processors.
type source struct {
	name string
	ask  func() []GPU // may take as long as a driver takes
}

// watch asks sources side by side and never one of them twice at once: one that
// hangs costs a goroutine for good, and callers their patience each.
type watch struct {
	sources []source
	age     time.Duration
	mu      sync.Mutex
	states  []*state
}

// state is what one source told.
type state struct {
	done chan struct{} // closed once it has told
	at   time.Time
	gpus []GPU
}

func newWatch(age time.Duration, sources ...source) *watch {
	return &watch{sources: sources, age: age, states: make([]*state, len(sources))}
}

var machineGPUs = newWatch(gpuAge, systemSources()...)

// list returns the graphics processors that the sources know of, each once, after
// waiting no longer than patience for those that have not told yet.
func (w *watch) list(ctx context.Context, patience time.Duration) []GPU {
	late, stop := context.WithTimeout(ctx, patience)
	defer stop()
	var all []GPU
	for i, s := range w.begin() {
		select {
		case <-s.done:
		case <-late.Done():
			select {
			case <-s.done: // told just now
			default:
				s = w.before(i)
			}
		}
		if s != nil {
			for _, g := range s.gpus {
				all = include(all, g)
			}
		}
	}
	if all == nil {
		all = []GPU{}
	}
	return all
}

// begin asks all sources whose news is old and returns their states.
func (w *watch) begin() []*state {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := make([]*state, len(w.states))
	for i, s := range w.states {
		if s != nil && (s.at.IsZero() || time.Since(s.at) < w.age) {
			now[i] = s
			continue
		}
		fresh := &state{done: make(chan struct{})}
		if s != nil {
			fresh.gpus = s.gpus // until it has told anew
		}
		w.states[i], now[i] = fresh, fresh
		ask := w.sources[i].ask
		go func() {
			found := ask()
			w.mu.Lock()
			fresh.gpus, fresh.at = found, time.Now()
			w.mu.Unlock()
			close(fresh.done)
		}()
	}
	return now
}

// before returns what a source that takes long told the last time.
func (w *watch) before(i int) *state {
	w.mu.Lock()
	defer w.mu.Unlock()
	return &state{gpus: w.states[i].gpus}
}

// include adds a graphics processor to a list, or what is new of it to the entry
// that it has already: sources overlap, and the first is to be believed.
func include(all []GPU, g GPU) []GPU {
	for i := range all {
		if !all[i].same(g) {
			continue
		}
		known := &all[i]
		if known.API == "" {
			known.API = g.API
		}
		if known.PCI == "" {
			known.PCI = g.PCI
		}
		if known.Driver == "" {
			known.Driver = g.Driver
		}
		if known.Name == "" || known.unnamed() && !g.unnamed() {
			known.Name = g.Name
		}
		if known.Memory == 0 {
			known.Memory, known.Free, known.Shares = g.Memory, g.Free, g.Shares
		} else if known.Free == 0 && g.Memory >= known.Memory*9/10 {
			known.Free = min(g.Free, known.Memory)
		}
		return all
	}
	return append(all, g)
}

// same tells whether two sources speak of one processor.
func (g GPU) same(other GPU) bool {
	if g.PCI != "" && other.PCI != "" {
		return g.PCI == other.PCI
	}
	if g.Vendor != other.Vendor {
		return false
	}
	a, b := plain(g), plain(other)
	return g.unnamed() || other.unnamed() || strings.Contains(a, b) || strings.Contains(b, a)
}

// unnamed tells whether the system knows only a number of it.
func (g GPU) unnamed() bool { return g.Name == "" || strings.HasPrefix(g.Name, g.Vendor+" graphics") }

// plain is a name without what some sources leave out.
func plain(g GPU) string {
	name := strings.ToLower(g.Name)
	name, _, _ = strings.Cut(name, " (") // Mesa's drivers add what they are
	for _, word := range []string{strings.ToLower(g.Vendor), "(r)", "(tm)", "corporation"} {
		name = strings.ReplaceAll(name, word, "")
	}
	return strings.Join(strings.Fields(name), " ")
}

// vendors are those of PCI.
var vendors = map[uint32]string{
	0x10de: "NVIDIA", 0x1002: "AMD", 0x8086: "Intel", 0x106b: "Apple", 0x13b5: "ARM", 0x5143: "Qualcomm", 0x1010: "Imagination", 0x14e4: "Broadcom",
}

// address is a PCI address as all sources are to write it.
func address(domain, bus, device, function uint32) string {
	const digits = "0123456789abcdef"
	hex := func(n uint32, width int) string {
		b := make([]byte, width)
		for i := range b {
			b[width-1-i] = digits[n>>(4*i)&15]
		}
		return string(b)
	}
	return hex(domain, 4) + ":" + hex(bus, 2) + ":" + hex(device, 2) + "." + hex(function, 1)
}

// text is a C string in a buffer.
func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			b = b[:i]
			break
		}
	}
	return strings.ToValidUTF8(strings.TrimSpace(string(b)), "")
}
