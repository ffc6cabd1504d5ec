package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"freehold/engine"
	"freehold/engine/dialect"
	"freehold/engine/fit"
	"freehold/engine/hardware"
	"freehold/engine/profile"
	"freehold/models/catalog"
	"freehold/models/library"
)

// needsKept keeps what models need of a machine, since it takes reading their
// files' headers to know, some of them over the network.
type needsKept struct {
	path string

	mu    sync.Mutex
	read  bool
	known map[string]fit.Needs // by a digest, or by file, size and time
}

const mostNeeds = 2000

var kvTypes = []string{"f16", "q8_0", "q4_0", "f32"}

func (k *needsKept) get(key string) (fit.Needs, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.read {
		k.read = true
		if data, err := os.ReadFile(k.path); err != nil || json.Unmarshal(data, &k.known) != nil || k.known == nil {
			k.known = map[string]fit.Needs{}
		}
	}
	n, ok := k.known[key]
	return n, ok
}

func (k *needsKept) put(key string, n fit.Needs) {
	k.get(key)
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= mostNeeds {
		k.known = map[string]fit.Needs{}
	}
	k.known[key] = n
}

// save writes what is known. It is a cache: if that fails, it is found out anew.
func (k *needsKept) save() {
	k.mu.Lock()
	defer k.mu.Unlock()
	data, err := json.Marshal(k.known)
	if err != nil || os.MkdirAll(filepath.Dir(k.path), 0o700) != nil {
		return
	}
	temp, err := os.CreateTemp(filepath.Dir(k.path), ".needs-")
	if err != nil {
		return
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(data)
	if errors.Join(err, temp.Close()) == nil {
		_ = os.Rename(temp.Name(), k.path)
	}
}

// fileKey names a file as it is now.
func fileKey(m library.Model) string {
	info, err := os.Stat(m.Path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d", m.Path, m.SizeBytes, info.ModTime().UnixMilli())
}

// needsOf reads what an installed model needs from its file, unless it is known.
func (c *Core) needsOf(m library.Model) (fit.Needs, error) {
	if m.Problem != "" {
		return fit.Needs{}, errors.New(m.Problem)
	}
	key := fileKey(m)
	if n, ok := c.needs.get(key); ok {
		return n, nil
	}
	f, err := dialect.Open(m.Path)
	if err != nil {
		return fit.Needs{}, err
	}
	defer f.Close()
	n, err := fit.Of(f)
	if err != nil {
		return fit.Needs{}, err
	}
	c.needs.put(key, n)
	return n, nil
}

// learnNeeds finds out what the installed models need that nobody has asked
// for yet, and announces them once more.
func (c *Core) learnNeeds(ctx context.Context) {
	all, err := c.library.List()
	if err != nil {
		return
	}
	_, known := c.profile.known()
	c.profile.get(ctx)
	news := !known && len(all) > 0
	for _, m := range all {
		if ctx.Err() != nil {
			return
		}
		if m.Problem != "" {
			continue
		}
		if _, known := c.needs.get(fileKey(m)); known {
			continue
		}
		if _, err := c.needsOf(m); err == nil {
			news = true
		}
	}
	if news {
		c.needs.save()
		c.tellModels()
	}
}

// FitOf says how the model that ref means will run here with a context of so
// many tokens (0: as the settings say) and a KV cache of type kv ("": f16). Of a
// model that is not here the head of its file is read over the network.
func (c *Core) FitOf(ctx context.Context, ref string, tokens int, kv string) (Fit, error) {
	if tokens < 0 || tokens > maxContext {
		return Fit{}, fmt.Errorf("a context of %d tokens is not possible", tokens)
	}
	if kv == "" {
		kv = "f16"
	}
	if !slices.Contains(kvTypes, kv) {
		return Fit{}, fmt.Errorf("the KV cache can be %s, not %q", strings.Join(kvTypes, ", "), kv)
	}
	n, err := c.needsFor(ctx, ref)
	if err != nil {
		return Fit{}, err
	}
	return c.judge(ctx, n, tokens, kv)
}

// needsFor finds out what the model that ref means needs.
func (c *Core) needsFor(ctx context.Context, ref string) (fit.Needs, error) {
	here, err := c.installed()
	if err != nil {
		return fit.Needs{}, err
	}
	if m, ok := here.find(ref, ""); ok {
		return c.needsOf(m)
	}
	e, file, listed := catalog.Find(ref)
	if listed && (here.hasFile(e, file) || !c.networkAllowed()) {
		if m, ok := here.find(file.Ref, file.SHA256); ok {
			return c.needsOf(m)
		}
		return estimate(e, file), nil
	}
	w, err := c.lookup(ctx, ref)
	if err != nil {
		return fit.Needs{}, err
	}
	if m, ok := here.find(w.Plan.Ref, w.weightsDigest()); ok {
		return c.needsOf(m)
	}
	key := w.weightsDigest()
	if n, ok := c.needs.get(key); ok && key != "" {
		return n, nil
	}
	f, err := c.puller.Header(ctx, w)
	if err != nil && listed && ctx.Err() == nil {
		return estimate(e, file), nil // the line is dead, or the server lets nobody in yet
	}
	if err != nil {
		return fit.Needs{}, err
	}
	defer f.Close()
	n, err := fit.Of(f)
	if err == nil && key != "" {
		c.needs.put(key, n)
		c.needs.save()
	}
	return n, err
}

// usualContext is the context that a model is loaded with, in tokens.
func (c *Core) usualContext(n fit.Needs) int {
	if s := c.LoadOptions().ContextLength; s > 0 {
		return s
	}
	if n.Context > 0 {
		return min(n.Context, engine.DefaultContext)
	}
	return engine.DefaultContext
}

// judge says how a model with these needs will run here now.
func (c *Core) judge(ctx context.Context, n fit.Needs, tokens int, kv string) (Fit, error) {
	if tokens == 0 {
		tokens = c.usualContext(n)
	}
	return judge(n, c.machine(ctx), c.profile.get(ctx), tokens, kv)
}

// judge is Core.judge on a machine whose profile is p, or nil.
func judge(n fit.Needs, machine fit.Machine, p *profile.Profile, tokens int, kv string) (Fit, error) {
	rates := unmeasured
	if p != nil {
		rates = *p
	}
	v, err := fit.Judge(n, machine, rates, tokens, kv)
	if err != nil {
		return Fit{}, err
	}
	f := Fit{
		Verdict: string(v.Kind), Weights: v.Memory.Weights, KV: v.Memory.KV, Buffers: v.Memory.Buffers, Total: v.Memory.Total,
		Available: machine.Available, Context: v.Context, LongestContext: v.LongestContext, Why: v.Why,
	}
	if p != nil {
		f.PerSecond, f.PrefillPerSecond = finite(v.Speed.Decode), finite(v.Speed.Prefill)
	} else if v.Kind == fit.Well {
		f.Why = fmt.Sprintf("Needs %s of the %s that are free; its speed is predicted once this machine was measured.", bytesText(f.Total), bytesText(f.Available))
	}
	return f, nil
}

// finite is v, or 0 for what JSON has no word for.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// unmeasured is a machine that nothing is too slow for: until it was measured,
// only memory is judged.
var unmeasured = func() profile.Profile {
	const fast = 1e18
	p := profile.Profile{Read: fast, Int8: fast, F32: fast, KV: map[string]profile.Attention{},
		Types: map[string]profile.Rate{"Q4_K": {Decode: fast, Cached: fast, Prefill: fast}}}
	for _, kv := range kvTypes {
		p.KV[kv] = profile.Attention{Bytes: fast, Ops: fast}
	}
	return p
}()

// machineAge is how long it is believed what memory is available: many models
// are judged at once.
const machineAge = time.Second

// machine is the memory that models can have now.
func (c *Core) machine(ctx context.Context) fit.Machine {
	c.memory.mu.Lock()
	defer c.memory.mu.Unlock()
	if time.Since(c.memory.at) > machineAge {
		total, available := hardware.Memory(ctx)
		c.memory.machine, c.memory.at = fit.Machine{Memory: total, Available: available}, time.Now()
	}
	return c.memory.machine
}

// memorySeen is what memory there was a moment ago.
type memorySeen struct {
	mu      sync.Mutex
	at      time.Time
	machine fit.Machine
}

// fitted is what is known of an installed model's fit, without looking at files
// or the machine; nil if that is nothing.
func (c *Core) fitted(ctx context.Context, m library.Model) *Fit {
	if m.Problem != "" {
		return nil
	}
	n, ok := c.needs.get(fileKey(m))
	p, seen := c.profile.known()
	if !ok || !seen {
		return nil
	}
	tokens := c.LoadOptions().ContextLength
	if tokens == 0 {
		tokens = contextDefault(m)
	}
	if tokens == 0 {
		tokens = c.usualContext(n)
	}
	f, err := judge(n, c.machine(ctx), p, tokens, "f16")
	if err != nil {
		return nil
	}
	return &f
}

// unknownFit is the verdict on a file of which only the size is known.
func (c *Core) unknownFit(ctx context.Context, bytes int64) Fit {
	m := c.machine(ctx)
	f := Fit{Verdict: "unknown", Weights: bytes, Available: m.Available, Why: "How it will run is known when the head of its file has been read."}
	if bytes > m.Memory {
		f.Verdict, f.Total = "no", bytes
		f.Why = fmt.Sprintf("Its weights alone take %s, and this machine has %s in all; choose a smaller model or quantization.", bytesText(bytes), bytesText(m.Memory))
	}
	return f
}
