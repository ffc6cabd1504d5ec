package convert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// The most that a file may hold which is read as a whole.
const (
	maxConfig     = 16 << 20
	maxTokenizer  = 256 << 20
	maxVocabulary = 1 << 22 // tokens
)

// folder is a model's folder as Hugging Face lays it out.
type folder string

func (d folder) path(name string) string { return filepath.Join(string(d), name) }

// read returns a file of at most limit bytes, nil if it is not there.
func (d folder) read(name string, limit int64) ([]byte, error) {
	f, err := os.Open(d.path(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", d.path(name))
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than the %d bytes that such a file may have", d.path(name), limit)
	}
	return data, nil
}

// decode reads a JSON file into v; it reports whether the file is there.
func (d folder) decode(name string, limit int64, v any) (bool, error) {
	data, err := d.read(name, limit)
	if data == nil || err != nil {
		return false, err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return true, fmt.Errorf("%s: %w", d.path(name), err)
	}
	return true, nil
}

// config is a JSON object of settings. Missing or wrong values are kept in
// errs, so that a family's keys can be written down without a check on each.
type config struct {
	name string // of the file, for messages
	keys map[string]any
	errs *error
}

// readConfig reads config.json. What describes the text part of a model of
// several kinds lies over the rest.
func (d folder) readConfig() (config, error) {
	c := config{name: d.path("config.json"), keys: map[string]any{}, errs: new(error)}
	ok, err := d.decode("config.json", maxConfig, &c.keys)
	if err != nil {
		return c, err
	}
	if !ok {
		return c, fmt.Errorf("%s is missing; give the folder of a model as Hugging Face lays it out", c.name)
	}
	if text, ok := c.keys["text_config"].(map[string]any); ok {
		for k, v := range text {
			if k != "architectures" {
				c.keys[k] = v
			}
		}
	}
	return c, nil
}

func (c config) fail(format string, args ...any) {
	if *c.errs == nil {
		*c.errs = fmt.Errorf("%s: %w", c.name, fmt.Errorf(format, args...))
	}
}

// value returns the first of the keys that is there and not null.
func (c config) value(keys ...string) (any, string) {
	for _, k := range keys {
		if v := c.keys[k]; v != nil {
			return v, k
		}
	}
	return nil, ""
}

// number returns a number that must be above 0, fallback if it is missing; it
// must be there if fallback is 0.
func (c config) number(fallback float64, keys ...string) float64 {
	v, key := c.value(keys...)
	if v == nil {
		if fallback == 0 {
			c.fail("key %q is missing", keys[0])
			return 1
		}
		return fallback
	}
	n, ok := v.(float64)
	if !ok || !(n > 0) || n > math.MaxFloat32 {
		c.fail("key %q is %v, which should be a number above 0", key, v)
		return 1
	}
	return n
}

// integer is number for whole numbers of at most limit.
func (c config) integer(fallback, limit int, keys ...string) int {
	n := c.number(float64(fallback), keys...)
	if n != math.Trunc(n) || n > float64(limit) {
		_, key := c.value(keys...)
		c.fail("key %q is %v, which should be a whole number from 1 to %d", key, n, limit)
		return 1
	}
	return int(n)
}

func (c config) text(key string) string {
	s, _ := c.keys[key].(string)
	return s
}

// flag returns a boolean, fallback if it is missing.
func (c config) flag(key string, fallback bool) bool {
	if b, ok := c.keys[key].(bool); ok {
		return b
	}
	return fallback
}

// object returns the object at key, empty if it is missing.
func (c config) object(key string) config {
	m, _ := c.keys[key].(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	return config{name: c.name, keys: m, errs: c.errs}
}

// architectures are the names of the classes that the model is made for.
func (c config) architectures() []string {
	var names []string
	list, _ := c.keys["architectures"].([]any)
	for _, v := range list {
		if s, ok := v.(string); ok {
			names = append(names, s)
		}
	}
	return names
}
