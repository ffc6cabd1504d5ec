// Package profile measures how fast this machine runs the engine's own kernels.
// A profile says what any model will do here before a byte of it is downloaded:
// see package fit. It is taken once and kept; Key tells when it is out of date.
package profile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"freehold/engine/backend/cpu"
	"freehold/engine/hardware"
	"freehold/engine/program"
	"freehold/engine/tensor"
)

// Profile is what a machine was measured to do with all threads together.
type Profile struct {
	Key        string `json:"key"`
	MeasuredAt int64  `json:"measuredAt"` // ms since 1970
	Threads    int    `json:"threads"`

	Read float64 `json:"readBytesPerSecond"` // of memory, everything larger than the caches
	Int8 float64 `json:"int8OpsPerSecond"`   // a product and a sum are two
	F32  float64 `json:"f32OpsPerSecond"`

	Types map[string]Rate      `json:"types"`         // by quant type
	KV    map[string]Attention `json:"kv"`            // by type of the cache
	Step  float64              `json:"opSeconds"`     // what an op takes however little it does
	Begin float64              `json:"matrixSeconds"` // what an op with a matrix takes beyond that, however small the matrix
}

// Rate is how fast matrices of one quant type are multiplied with.
type Rate struct {
	Decode  float64 `json:"decode"`  // weight bytes per second, one row, matrices out of memory
	Cached  float64 `json:"cached"`  // the same for matrices that fit into the caches
	Prefill float64 `json:"prefill"` // operations per second, a batch of rows
}

// Attention is how fast one row attends to a cache: its time is that of the
// bytes and that of the operations together.
type Attention struct {
	Bytes float64 `json:"bytesPerSecond"`
	Ops   float64 `json:"opsPerSecond"` // 4 for each value of a query and token attended to
}

// Seconds is what attending takes.
func (a Attention) Seconds(bytes, ops float64) float64 { return bytes/a.Bytes + ops/a.Ops }

// version changes when kernels have changed so much that old profiles mislead.
const version = 2

// Key names the hardware and the kernels that a profile holds for.
func Key(i hardware.Info) string {
	return strings.Join([]string{
		strconv.Itoa(version), i.CPU, i.OS, i.Arch, cpu.ISA(),
		strconv.Itoa(cpu.DefaultThreads()), strconv.FormatInt((i.MemoryTotal+(1<<29))>>30, 10) + "GiB",
	}, "|")
}

// ErrOutdated says that a kept profile is of another machine or other kernels.
var ErrOutdated = errors.New("the machine's profile is out of date")

// Load reads the profile at path. It fails with fs.ErrNotExist if there is none
// and with ErrOutdated if it does not hold for key or cannot be read.
func Load(path, key string) (Profile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Profile{}, err
	}
	var p Profile
	if err := json.Unmarshal(data, &p); err != nil {
		return Profile{}, fmt.Errorf("%w: %s: %w", ErrOutdated, path, err)
	}
	if p.Key != key || !p.sound() {
		return Profile{}, ErrOutdated
	}
	return p, nil
}

// sound tells whether a profile can have been measured.
func (p Profile) sound() bool {
	return p.Read > 0 && p.Int8 > 0 && p.F32 > 0 && p.Step > 0 && p.KV["f16"].Bytes > 0 && p.KV["f16"].Ops > 0 && p.Types[tensor.Q4_K.String()].Decode > 0
}

// Save keeps the profile at path.
func (p Profile) Save(path string) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".profile-")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(append(data, '\n'))
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// Kept returns the profile at path if it holds for this machine, and otherwise
// measures one and keeps it there. A profile that cannot be kept is returned
// all the same.
func Kept(ctx context.Context, path string) (Profile, error) {
	p, err := Load(path, Key(hardware.Probe(ctx)))
	if err == nil {
		return p, nil
	}
	if !errors.Is(err, ErrOutdated) && !errors.Is(err, fs.ErrNotExist) {
		return Profile{}, err
	}
	if p, err = Measure(ctx, 0); err != nil {
		return Profile{}, err
	}
	return p, p.Save(path)
}

// Measure takes a profile with so many threads, 0 for one on each physical
// core. It takes about three seconds, more on a busy machine, some 300 MB of
// memory, and all cores: measure when little else runs.
func Measure(ctx context.Context, threads int) (Profile, error) {
	if threads == 0 {
		threads = cpu.DefaultThreads()
	}
	info := hardware.Probe(ctx)
	p := Profile{Key: Key(info), Threads: threads, Types: map[string]Rate{}, KV: map[string]Attention{}}
	backend := cpu.New(cpu.Options{Threads: threads})
	if err := p.limits(ctx, backend, info.MemoryAvailable); err != nil {
		return Profile{}, fmt.Errorf("measure this machine: %w", err)
	}
	m := newMeter(backend)
	start, attended := time.Now(), map[program.KVType]attended{}
	for i := range rounds {
		types := common
		if i == 0 {
			types = slices.Concat(rare, common)
		} else if time.Since(start) > patience {
			break
		}
		if err := p.round(ctx, m, types, attended); err != nil {
			return Profile{}, err
		}
	}
	for kv, a := range attended {
		p.KV[kv.String()] = a.attention()
	}
	p.MeasuredAt = time.Now().UnixMilli()
	return p, nil
}

// rounds are taken of what matters most and the best counts, so that what else runs for
// a moment does not make the machine look slow.
const rounds = 3

// patience is after how long no further round begins.
const patience = 4 * time.Second

// round measures these types and attention once and keeps what is better than before.
func (p *Profile) round(ctx context.Context, m *meter, types []tensor.Type, attended map[program.KVType]attended) error {
	step, err := m.step(ctx)
	if err != nil {
		return fmt.Errorf("measure the engine's steps: %w", err)
	}
	if p.Step == 0 || step < p.Step {
		p.Step = step
	}
	for _, t := range types {
		rate, err := m.rate(ctx, t, p.Step)
		if err != nil {
			return fmt.Errorf("measure matrices of type %v: %w", t, err)
		}
		known := p.Types[t.String()]
		p.Types[t.String()] = Rate{Decode: max(rate.Decode, known.Decode), Cached: max(rate.Cached, known.Cached), Prefill: max(rate.Prefill, known.Prefill)}
	}
	begin, err := m.begin(ctx, p.Step, p.Types[tensor.Q8_0.String()].Decode)
	if err != nil {
		return fmt.Errorf("measure narrow matrices: %w", err)
	}
	if p.Begin == 0 || begin < p.Begin {
		p.Begin = begin
	}
	for _, kv := range []program.KVType{program.KVF16, program.KVQ8, program.KVQ4, program.KVF32} {
		a, err := m.attended(ctx, kv)
		if err != nil {
			return fmt.Errorf("measure attention to a %v cache: %w", kv, err)
		}
		attended[kv] = a.better(attended[kv])
	}
	return nil
}

// limits measures what the machine can do at all.
func (p *Profile) limits(ctx context.Context, b program.Backend, available int64) error {
	spare := available / 4
	if available == 0 {
		spare = cpu.MeterBytes
	}
	meter, err := cpu.NewMeter(b, spare)
	if err != nil {
		return err
	}
	defer meter.Close()
	l, err := meter.Measure(ctx, 200*time.Millisecond)
	if err != nil {
		return err
	}
	p.Read, p.Int8, p.F32 = best(l.Read), best(l.Int8), best(l.F32)
	return nil
}

// best is the highest of some measurements: what else ran only ever slowed them.
func best(x []float64) float64 {
	most := 0.0
	for _, v := range x {
		most = max(most, v)
	}
	return most
}
