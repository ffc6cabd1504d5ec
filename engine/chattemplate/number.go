package chattemplate

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// maxIntBits bounds integers; 4,000 digits are more than any prompt needs.
const maxIntBits = 14000

func isNumber(v value) bool {
	switch v.(type) {
	case bool, int64, *big.Int, float64:
		return true
	}
	return false
}

// asInt gives the integer in a bool or int.
func asInt(v value) (*big.Int, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewInt(1), true
		}
		return new(big.Int), true
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	}
	return nil, false
}

// small gives the integer in v if it is a bool or an int within int64.
func small(v value) (int64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int64:
		return v, true
	}
	return 0, false
}

// normal turns a big integer into the value that stands for it.
func normal(i *big.Int) value {
	if i.IsInt64() {
		return i.Int64()
	}
	return i
}

func toFloat(v value) float64 {
	switch v := v.(type) {
	case bool:
		if v {
			return 1
		}
		return 0
	case int64:
		return float64(v)
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		return f
	case float64:
		return v
	}
	return math.NaN()
}

// compareNumbers orders two numbers exactly; 2 means that one of them is NaN.
func compareNumbers(a, b value) int {
	if x, ok := small(a); ok {
		if y, ok := small(b); ok {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	x, xInt := asInt(a)
	y, yInt := asInt(b)
	if xInt && yInt {
		return x.Cmp(y)
	}
	f, g := toFloat(a), toFloat(b)
	if math.IsNaN(f) || math.IsNaN(g) {
		return 2
	}
	exact := func(i *big.Int, isInt bool, f float64) *big.Float {
		if isInt {
			return new(big.Float).SetInt(i)
		}
		return new(big.Float).SetFloat64(f)
	}
	return exact(x, xInt, f).Cmp(exact(y, yInt, g))
}

// arithmetic is Python's binary operator op on two values.
func (r *run) arithmetic(op string, a, b value) value {
	if isNumber(a) && isNumber(b) {
		_, aFloat := a.(float64)
		_, bFloat := b.(float64)
		if aFloat || bFloat || op == "/" {
			return r.floatOp(op, toFloat(a), toFloat(b))
		}
		return r.intOp(op, a, b)
	}
	switch op {
	case "+":
		if v, ok := r.concatenate(a, b); ok {
			return v
		}
	case "*":
		if v, ok := r.repeat(a, b); ok {
			return v
		}
		if v, ok := r.repeat(b, a); ok {
			return v
		}
	case "%":
		if _, ok := text(a); ok {
			return r.percentFormat(a, b)
		}
	}
	r.refuseUndefined(a, b)
	if op == "+" {
		switch a.(type) {
		case string, markup:
			panic(r.faultf("can only concatenate str (not \"%s\") to str", typeName(b)))
		case *list:
			panic(r.faultf("can only concatenate list (not \"%s\") to list", typeName(b)))
		case *tuple:
			panic(r.faultf("can only concatenate tuple (not \"%s\") to tuple", typeName(b)))
		}
	}
	panic(r.faultf("unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(a), typeName(b)))
}

func (r *run) concatenate(a, b value) (value, bool) {
	if s, ok := text(a); ok {
		t, ok := text(b)
		if !ok {
			return nil, false
		}
		_, aSafe := a.(markup)
		_, bSafe := b.(markup)
		switch {
		case aSafe && !bSafe:
			t = escape(t)
		case bSafe && !aSafe:
			s = escape(s)
		}
		r.produce(len(s) + len(t))
		if aSafe || bSafe {
			return markup(s + t), true
		}
		return s + t, true
	}
	switch a := a.(type) {
	case *list:
		if b, ok := b.(*list); ok {
			r.step(len(a.items) + len(b.items))
			return &list{append(append([]value(nil), a.items...), b.items...)}, true
		}
	case *tuple:
		if b, ok := b.(*tuple); ok {
			r.step(len(a.items) + len(b.items))
			return &tuple{append(append([]value(nil), a.items...), b.items...)}, true
		}
	}
	return nil, false
}

// repeat is sequence * count.
func (r *run) repeat(seq, count value) (value, bool) {
	switch seq.(type) {
	case string, markup, *list, *tuple:
	default:
		return nil, false
	}
	big, ok := asInt(count)
	if !ok {
		return nil, false
	}
	n := int64(0)
	if big.Sign() > 0 {
		n = math.MaxInt32
		if big.IsInt64() {
			n = min(n, big.Int64())
		}
	}
	items := func(items []value) []value {
		if len(items) == 0 {
			return nil
		}
		r.step64(int64(len(items)) * n)
		var out []value
		for range n {
			out = append(out, items...)
		}
		return out
	}
	switch seq := seq.(type) {
	case string:
		r.produce64(int64(len(seq)) * n)
		return strings.Repeat(seq, repeats(len(seq), n)), true
	case markup:
		r.produce64(int64(len(seq)) * n)
		return markup(strings.Repeat(string(seq), repeats(len(seq), n))), true
	case *list:
		return &list{items(seq.items)}, true
	case *tuple:
		return &tuple{items(seq.items)}, true
	}
	return nil, false
}

func repeats(length int, n int64) int {
	if length == 0 {
		return 0
	}
	return int(n)
}

func (r *run) intOp(op string, a, b value) value {
	x, xok := small(a)
	y, yok := small(b)
	if xok && yok {
		switch op {
		case "+":
			if s := x + y; (s > x) == (y > 0) {
				return s
			}
		case "-":
			if s := x - y; (s < x) == (y > 0) {
				return s
			}
		case "*":
			if x == 0 || y == 0 {
				return int64(0)
			}
			if s := x * y; s/y == x && (x != math.MinInt64 || y != -1) && (y != math.MinInt64 || x != -1) {
				return s
			}
		}
	}
	i, _ := asInt(a)
	j, _ := asInt(b)
	if op == "//" || op == "%" {
		if j.Sign() == 0 {
			panic(r.faultf("integer division or modulo by zero"))
		}
		// Python floors; DivMod is Euclidean, which differs for a negative divisor.
		q, m := new(big.Int).QuoRem(i, j, new(big.Int))
		if m.Sign() != 0 && (m.Sign() < 0) != (j.Sign() < 0) {
			m.Add(m, j)
			q.Sub(q, big.NewInt(1))
		}
		if op == "%" {
			return normal(m)
		}
		return normal(q)
	}
	res := new(big.Int)
	switch op {
	case "+":
		res.Add(i, j)
	case "-":
		res.Sub(i, j)
	case "*":
		r.boundBits(int64(i.BitLen()) + int64(j.BitLen()))
		res.Mul(i, j)
	case "**":
		if j.Sign() < 0 {
			return r.floatOp(op, toFloat(a), toFloat(b))
		}
		if i.BitLen() > 1 {
			if !j.IsInt64() || j.Int64() > maxIntBits {
				r.boundBits(math.MaxInt64)
			}
			r.boundBits(int64(i.BitLen()-1) * j.Int64())
		} else if j.Sign() > 0 { // 0, 1 and -1 need only the parity
			j = new(big.Int).SetUint64(uint64(2 - j.Bit(0)))
		}
		res.Exp(i, j, nil)
	}
	r.boundBits(int64(res.BitLen()))
	return normal(res)
}

func (r *run) boundBits(n int64) {
	r.step(int(min(n, maxIntBits) / 64))
	if n > maxIntBits {
		panic(r.limitf("an integer of more than %d bits", maxIntBits))
	}
}

func (r *run) floatOp(op string, x, y float64) value {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		if y == 0 {
			panic(r.faultf("division by zero"))
		}
		return x / y
	case "//", "%":
		if y == 0 {
			panic(r.faultf("float floor division or modulo by zero"))
		}
		m := math.Mod(x, y)
		q := (x - m) / y
		if m != 0 {
			if (y < 0) != (m < 0) {
				m += y
				q--
			}
		} else {
			m = math.Copysign(0, y)
		}
		if op == "%" {
			return m
		}
		if q == 0 {
			return math.Copysign(0, x/y)
		}
		floor := math.Floor(q)
		if q-floor > 0.5 {
			floor++
		}
		return floor
	}
	if x == 0 && y < 0 {
		panic(r.faultf("0.0 cannot be raised to a negative power"))
	}
	p := math.Pow(x, y)
	switch {
	case math.IsNaN(p) && !math.IsNaN(x) && !math.IsNaN(y):
		panic(r.faultf("a negative number cannot be raised to a fractional power here"))
	case math.IsInf(p, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0):
		panic(r.faultf("the power is too large for a float"))
	}
	return p
}

func (r *run) negate(v value) value {
	switch v := v.(type) {
	case float64:
		return -v
	case bool, int64, *big.Int:
		return r.intOp("-", int64(0), v)
	}
	r.refuseUndefined(v)
	panic(r.faultf("bad operand type for unary -: '%s'", typeName(v)))
}

// formatFloat is Python's repr of a float: the shortest digits that read back,
// plain from 1e-4 up to 1e16, with an exponent of two digits or more outside.
func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	exp, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	if f != 0 && (exp < -4 || exp >= 16) {
		return s
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.ContainsRune(s, '.') {
		s += ".0"
	}
	return s
}

// parseInt reads s as Python's int(s, base) does: spaces around, a sign, single
// underscores between digits, a prefix where the base allows it.
func parseInt(s string, base int) (*big.Int, bool) {
	s = strings.TrimFunc(s, isSpace)
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if len(s) > 1 && s[0] == '0' {
		prefix := map[byte]int{'b': 2, 'o': 8, 'x': 16}[s[1]|0x20]
		if prefix != 0 && (base == prefix || base == 0) {
			base = prefix
			s = strings.TrimPrefix(s[2:], "_")
		}
	}
	if base == 0 {
		base = 10
		if len(s) > 1 && s[0] == '0' && strings.Trim(s, "0_") != "" {
			return nil, false
		}
	}
	if s == "" || s[0] == '_' || s[len(s)-1] == '_' || strings.Contains(s, "__") || s[0] == '+' || s[0] == '-' {
		return nil, false
	}
	s = strings.ReplaceAll(s, "_", "")
	if base < 2 || base > 36 || len(s) > 4300 {
		return nil, false
	}
	i, ok := new(big.Int).SetString(s, base)
	if ok && neg {
		i.Neg(i)
	}
	return i, ok
}

// parseFloat reads s as Python's float(s) does.
func parseFloat(s string) (float64, bool) {
	s = strings.TrimFunc(s, isSpace)
	if s == "" || strings.ContainsAny(s, "xXpP") || s[0] == '_' || s[len(s)-1] == '_' || strings.Contains(s, "__") {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}
