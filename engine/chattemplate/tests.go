package chattemplate

import "unicode"

// A test decides x is NAME. Most give a bool; only equality ones could in
// Python give something else.
type testFunc func(r *run, v value, a args) value

func is(name string, f func(v value) bool) testFunc {
	return func(r *run, v value, a args) value {
		r.bind(name, a)
		return f(v)
	}
}

func relation(name, op string) testFunc {
	return func(r *run, v value, a args) value {
		return r.holds(op, v, r.bind(name, a, "other!")[0])
	}
}

// divides tests the remainder of a division by a number.
func (r *run) divides(v, by value, remainder int64) bool {
	return r.equal(r.arithmetic("%", v, by), remainder)
}

var tests map[string]testFunc

func init() { // the table refers to functions that refer to the table
	tests = map[string]testFunc{
		"defined":   is("defined", func(v value) bool { return !isUndefined(v) }),
		"undefined": is("undefined", isUndefined),
		"none":      is("none", func(v value) bool { return v == value(none{}) }),
		"boolean":   is("boolean", func(v value) bool { _, ok := v.(bool); return ok }),
		"true":      is("true", func(v value) bool { return v == value(true) }),
		"false":     is("false", func(v value) bool { return v == value(false) }),
		"integer": is("integer", func(v value) bool {
			_, isBool := v.(bool)
			_, isInt := asInt(v)
			return isInt && !isBool
		}),
		"float":   is("float", func(v value) bool { _, ok := v.(float64); return ok }),
		"number":  is("number", isNumber),
		"string":  is("string", func(v value) bool { _, ok := text(v); return ok }),
		"mapping": is("mapping", func(v value) bool { _, ok := v.(*dict); return ok }),
		"sequence": is("sequence", func(v value) bool {
			switch v.(type) {
			case string, markup, *list, *tuple, *dict, *span, *undefined:
				return true
			}
			return false
		}),
		"iterable": func(r *run, v value, a args) value {
			r.bind("iterable", a)
			if _, ok := v.(*loop); ok {
				return true
			}
			_, ok := r.tryIterate(v)
			return ok
		},
		"callable": is("callable", func(v value) bool {
			switch v.(type) {
			case *function, *macro, *loop, *undefined:
				return true
			}
			return false
		}),
		"escaped": is("escaped", func(v value) bool { _, ok := v.(markup); return ok }),
		"lower": func(r *run, v value, a args) value {
			r.bind("lower", a)
			return isCased(r.str(v), unicode.IsLower, unicode.IsUpper)
		},
		"upper": func(r *run, v value, a args) value {
			r.bind("upper", a)
			return isCased(r.str(v), unicode.IsUpper, unicode.IsLower)
		},
		"odd": func(r *run, v value, a args) value {
			r.bind("odd", a)
			return r.divides(v, int64(2), 1)
		},
		"even": func(r *run, v value, a args) value {
			r.bind("even", a)
			return r.divides(v, int64(2), 0)
		},
		"divisibleby": func(r *run, v value, a args) value {
			return r.divides(v, r.bind("divisibleby", a, "num!")[0], 0)
		},
		"sameas": func(r *run, v value, a args) value {
			return identical(v, r.bind("sameas", a, "other!")[0])
		},
		"in": func(r *run, v value, a args) value {
			return r.contains(r.bind("in", a, "seq!")[0], v)
		},
		"filter": func(r *run, v value, a args) value {
			r.bind("filter", a)
			name, _ := text(v)
			_, ok := filters[name]
			return ok
		},
		"test": func(r *run, v value, a args) value {
			r.bind("test", a)
			name, _ := text(v)
			_, ok := tests[name]
			return ok
		},
	}
	for op, names := range map[string][]string{
		"==": {"==", "eq", "equalto"},
		"!=": {"!=", "ne"},
		">":  {">", "gt", "greaterthan"},
		">=": {">=", "ge"},
		"<":  {"<", "lt", "lessthan"},
		"<=": {"<=", "le"},
	} {
		for _, name := range names {
			tests[name] = relation(name, op)
		}
	}
}
