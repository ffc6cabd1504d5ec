package cpu

// #include "limits.h"
// #include "os.h"
import "C"

import (
	"context"
	"errors"
	"runtime"
	"time"
	"unsafe"

	"freehold/engine/program"
)

// A meter reads this much: what was read first is then in no cache any more.
const (
	MeterBytes      = 512 << 20
	leastMeterBytes = 64 << 20
)

// Meter measures what the machine can do with a backend's threads.
type Meter struct {
	backend *backend
	pool    *C.fh_pool
	memory  unsafe.Pointer
	bytes   C.size_t
}

// Limits are measurements of what the machine can do, in the order they were
// made; they vary with what else the machine does.
type Limits struct {
	Read []float64 // bytes per second out of memory, everything larger than the caches
	Int8 []float64 // operations per second of the byte dot product; a product and a sum are two
	F32  []float64 // operations per second of float32
}

// Append adds later measurements.
func (l *Limits) Append(more Limits) {
	l.Read = append(l.Read, more.Read...)
	l.Int8 = append(l.Int8, more.Int8...)
	l.F32 = append(l.F32, more.F32...)
}

// NewMeter makes a meter that uses the threads of b, a backend of this package.
// It takes MeterBytes of memory, or less if the machine has not so many bytes
// to spare.
func NewMeter(b program.Backend, spare int64) (*Meter, error) {
	own, ok := b.(*backend)
	if !ok {
		return nil, errors.New("only the CPU's limits can be measured")
	}
	pool, err := own.retain()
	if err != nil {
		return nil, err
	}
	m := &Meter{backend: own, pool: pool}
	for m.bytes = MeterBytes; m.bytes >= leastMeterBytes; m.bytes /= 2 {
		if int64(m.bytes) > spare {
			continue
		}
		if m.memory = C.fh_limits_map(pool, m.bytes); m.memory != nil {
			return m, nil
		}
	}
	own.release()
	return nil, errNoMemory
}

// Measure takes about the given time for reading, and a tenth of it for each
// kind of arithmetic.
func (m *Meter) Measure(ctx context.Context, d time.Duration) (Limits, error) {
	var l Limits
	repeat := func(d time.Duration, f func()) error {
		for start := time.Now(); ; {
			if err := m.backend.begin(ctx); err != nil {
				return err
			}
			f()
			m.backend.end()
			if time.Since(start) > d {
				return nil
			}
		}
	}
	C.fh_pool_wake(m.pool)
	err := repeat(d, func() {
		l.Read = append(l.Read, float64(m.bytes)/float64(C.fh_limits_read(m.pool, m.memory, m.bytes)))
	})
	if err == nil {
		err = repeat(d/10, func() { l.Int8 = append(l.Int8, float64(C.fh_limits_dot(m.pool))) })
	}
	if err == nil {
		err = repeat(d/10, func() { l.F32 = append(l.F32, float64(C.fh_limits_fma(m.pool))) })
	}
	runtime.KeepAlive(m)
	return l, err
}

// Close frees the meter. Closing twice does nothing.
func (m *Meter) Close() {
	if m.memory != nil {
		C.fh_unmap(m.memory, m.bytes)
		m.memory = nil
		m.backend.release()
	}
}
