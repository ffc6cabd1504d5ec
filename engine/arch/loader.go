package arch

import (
	"fmt"
	"math"

	"freehold/engine/gguf"
)

// Bounds on what a file may claim, so that a damaged or hostile one cannot make
// the engine allocate without limit.
const (
	maxLayers  = 512
	maxWidth   = 1 << 20
	maxHeads   = 1 << 12
	maxContext = 1 << 26
)

// loader reads a file's keys and claims its tensors by name. The first thing
// that is missing or odd is kept in err, so that a forward pass can be written
// without a check on every line.
type loader struct {
	file *gguf.File
	arch string
	err  error
}

func (l *loader) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf(format, args...)
	}
}

// required as a fallback says that a key must be there.
const required = -1

// key is the full name of one of the architecture's keys.
func (l *loader) key(key string) string { return l.arch + "." + key }

// has says whether the file has {arch}.key.
func (l *loader) has(key string) bool {
	_, ok := l.file.Meta.Value(l.key(key))
	return ok
}

// missing reports that {arch}.key is not there.
func (l *loader) missing(key string) {
	if _, ok := l.file.Meta.Value(l.key(key)); ok {
		l.fail("metadata key %s has a value of the wrong type", l.key(key))
	} else {
		l.fail("metadata key %s is missing; the file is incomplete", l.key(key))
	}
}

// within checks a number read from {arch}.key; if it is out of bounds it
// returns the least allowed.
func (l *loader) within(key string, v int64, least, limit int) int {
	if v < int64(least) || v > int64(limit) {
		l.fail("metadata key %s is %d, outside %d…%d", l.key(key), v, least, limit)
		return least
	}
	return int(v)
}

// integer reads {arch}.key, which must lie in [1, limit]; a missing key gives
// fallback. Some keys hold one value per layer; they must then all be equal.
func (l *loader) integer(key string, fallback, limit int) int {
	if v, ok := l.file.Meta.Int(l.key(key)); ok {
		return l.within(key, v, 1, limit)
	}
	list, ok := l.file.Meta.Ints(l.key(key))
	if !ok || len(list) == 0 {
		if fallback == required || l.has(key) {
			l.missing(key)
			return 1
		}
		return fallback
	}
	for _, v := range list {
		if v != list[0] {
			l.fail("metadata key %s differs between layers, which this architecture does not allow", l.key(key))
			return 1
		}
	}
	return l.within(key, list[0], 1, limit)
}

// count reads {arch}.key in [0, limit], 0 if it is missing.
func (l *loader) count(key string, limit int) int {
	if v, ok := l.file.Meta.Int(l.key(key)); ok {
		return l.within(key, v, 0, limit)
	}
	if l.has(key) {
		l.missing(key)
	}
	return 0
}

// perLayer reads {arch}.key, one value for all layers or an array with one for
// each, all in [0, limit]. A missing key gives fallback.
func (l *loader) perLayer(key string, layers int, fallback, limit int) []int {
	values := make([]int, layers)
	if v, ok := l.file.Meta.Int(l.key(key)); ok {
		n := l.within(key, v, 0, limit)
		for i := range values {
			values[i] = n
		}
		return values
	}
	list, ok := l.file.Meta.Ints(l.key(key))
	switch {
	case ok && len(list) == layers:
		for i, v := range list {
			values[i] = l.within(key, v, 0, limit)
		}
	case ok:
		l.fail("metadata key %s has %d values for %d layers", l.key(key), len(list), layers)
	case fallback == required || l.has(key):
		l.missing(key)
	default:
		for i := range values {
			values[i] = fallback
		}
	}
	return values
}

// chosen reads {arch}.key, an array that says for each layer whether it is
// chosen; one number n chooses all but the last of every n layers, or all but
// the first if first is set, and 0 chooses all. A missing key means period.
func (l *loader) chosen(key string, layers int, period int, first bool) []bool {
	values := make([]bool, layers)
	if list, ok := l.file.Meta.Bools(l.key(key)); ok {
		if len(list) < layers {
			l.fail("metadata key %s has %d values for %d layers", l.key(key), len(list), layers)
		}
		copy(values, list)
		return values
	}
	if list, ok := l.file.Meta.Ints(l.key(key)); ok {
		if len(list) < layers {
			l.fail("metadata key %s has %d values for %d layers", l.key(key), len(list), layers)
		}
		for i := range min(layers, len(list)) {
			values[i] = list[i] != 0
		}
		return values
	}
	if v, ok := l.file.Meta.Int(l.key(key)); ok {
		period = l.within(key, v, 0, maxLayers)
	} else if l.has(key) {
		l.missing(key)
	}
	for i := range values {
		switch {
		case period == 0:
			values[i] = true
		case first:
			values[i] = i%period != 0
		default:
			values[i] = i%period != period-1
		}
	}
	return values
}

// real reads {arch}.key as a finite number, fallback if it is missing.
func (l *loader) real(key string, fallback float64) float64 {
	v, ok := l.file.Meta.Float(l.key(key))
	if !ok {
		if l.has(key) {
			l.missing(key)
		}
		return fallback
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		l.fail("metadata key %s is not a finite number", l.key(key))
		return fallback
	}
	return v
}

// needReal is real for a key that must be there.
func (l *loader) needReal(key string) float64 {
	if !l.has(key) {
		l.missing(key)
	}
	return l.real(key, 1)
}

// positive is real for numbers that must be above zero.
func (l *loader) positive(key string, fallback float64) float64 {
	v := l.real(key, fallback)
	if v <= 0 {
		l.fail("metadata key %s is %g; it must be positive", l.key(key), v)
		return 1
	}
	return v
}

// text reads {arch}.key, "" if it is missing.
func (l *loader) text(key string) string {
	s, _ := l.file.Meta.String(l.key(key))
	return s
}

// truth reads {arch}.key, fallback if it is missing.
func (l *loader) truth(key string, fallback bool) bool {
	v, ok := l.file.Meta.Bool(l.key(key))
	if !ok {
		if l.has(key) {
			l.missing(key)
		}
		return fallback
	}
	return v
}
