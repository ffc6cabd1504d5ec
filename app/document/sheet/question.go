package sheet

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"freehold/app/document"
)

// token is a word or number of a question.
type token struct {
	raw, low string
	stem     string
	used     bool // explained by something
}

func tokenize(text string) []token {
	var all []token
	r := []rune(text)
	for i := 0; i < len(r); {
		if !part(r[i]) {
			if strings.ContainsRune("<>=≥≤", r[i]) {
				op := string(r[i])
				for i++; i < len(r) && r[i] == '='; i++ {
					op += "="
				}
				all = append(all, token{raw: op, low: op, stem: op})
				continue
			}
			i++
			continue
		}
		from := i
		for i < len(r) && (part(r[i]) || i+1 < len(r) && part(r[i+1]) && within(r[i-1], r[i], r[i+1])) {
			i++
		}
		raw := string(r[from:i])
		low := strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(raw, "'s"), "’s"))
		all = append(all, token{raw: raw, low: low, stem: stem(low)})
	}
	return all
}

func part(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '%' }

// within tells marks that do not part words: those of numbers and dates, apostrophes, and hyphens.
func within(before, r, after rune) bool {
	if unicode.IsDigit(before) && unicode.IsDigit(after) {
		return strings.ContainsRune(".,-/:'", r)
	}
	return strings.ContainsRune("'’-", r) && part(before) && part(after)
}

// stem makes plural and singular alike.
func stem(w string) string {
	switch {
	case len(w) > 4 && strings.HasSuffix(w, "ies"):
		return w[:len(w)-3] + "y"
	case len(w) > 4 && (strings.HasSuffix(w, "sses") || strings.HasSuffix(w, "xes") || strings.HasSuffix(w, "ches") || strings.HasSuffix(w, "shes")):
		return w[:len(w)-2]
	case len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is"):
		return w[:len(w)-1]
	}
	return w
}

// span of tokens.
type span struct{ from, to int }

// find is where a phrase stands among the tokens, by stems, not used yet.
func find(tokens []token, phrase []token, exact bool) (span, bool) {
	if len(phrase) == 0 {
		return span{}, false
	}
next:
	for i := 0; i+len(phrase) <= len(tokens); i++ {
		for k, p := range phrase {
			t := tokens[i+k]
			if t.used || exact && t.low != p.low && !(k == len(phrase)-1 && len(p.low) > 3 && t.stem == p.low) || !exact && t.stem != p.stem {
				continue next
			}
		}
		return span{i, i + len(phrase)}, true
	}
	return span{}, false
}

func use(tokens []token, s span) {
	for i := s.from; i < s.to; i++ {
		tokens[i].used = true
	}
}

// mention is a column that a question names.
type mention struct {
	column document.Column
	span
}

// filter is a condition that the rows of an answer meet.
type filter struct {
	column document.Column
	sql    string
	at     int
}

// match is a question laid against one sheet.
type match struct {
	sheet    document.Sheet
	tokens   []token
	mentions []mention
	filters  []filter
	values   map[string][]string // by column: values that the question names
	distinct map[string]int      // by column: how many values it has
	names    []token             // words that the table and its file are called by
	unit     string              // of time that each row is about: day, month, year; or ""
	explains int                 // twice the tokens
}

// against finds the columns and values of a sheet that a question names. A value
// may win over a column that is called alike where the column's name is followed
// by it.
func against(question string, s document.Sheet, file string, values func(table, column string) []string) *match {
	m := &match{sheet: s, names: tokenize(s.Name + " " + file), tokens: tokenize(question), values: map[string][]string{}, distinct: map[string]int{}}
	// Values first: they are what is rarest.
	type found struct {
		column document.Column
		value  string
		phrase []token
	}
	var all []found
	for _, c := range s.Columns {
		if c.Type != Text {
			continue
		}
		these := values(s.Table, c.Column)
		m.distinct[c.Column] = len(these)
		for _, v := range these {
			if p := tokenize(v); len(p) > 0 && len(p) <= 8 && (len(p) > 1 || len(p[0].low) > 1 || p[0].raw == strings.ToUpper(p[0].raw)) {
				all = append(all, found{c, v, p})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(len(b.phrase), len(a.phrase)) })
	columns := m.columnPhrases()
	taken := map[string]span{} // values that the same words stand for
	for _, f := range all {
		if len(f.phrase) == 1 && (intents[f.phrase[0].low] || questionWords[f.phrase[0].low]) && f.phrase[0].low != "open" {
			continue
		}
		if len(f.phrase) == 1 && columns[f.phrase[0].stem] {
			continue // "status" the column, not a status of that name
		}
		key := f.column.Column + "\x00" + strings.ToLower(strings.TrimSpace(f.value))
		at, ok := find(m.tokens, f.phrase, true)
		if !ok {
			if same, known := taken[key]; known {
				m.addValue(f.column, f.value, same)
			}
			continue
		}
		if len(f.phrase) == 1 && len(f.phrase[0].low) <= 2 && m.tokens[at.from].raw != f.value { // "IT" is not "it"
			continue
		}
		use(m.tokens, at)
		taken[key] = at
		m.addValue(f.column, f.value, at)
	}
	// Then columns, the longest names first.
	order := slices.Clone(s.Columns)
	slices.SortStableFunc(order, func(a, b document.Column) int {
		return cmp.Compare(len(tokenize(b.Name)), len(tokenize(a.Name)))
	})
	for _, c := range order {
		for {
			at, ok := find(m.tokens, nameTokens(c), false)
			if !ok {
				break
			}
			use(m.tokens, at)
			m.mentions = append(m.mentions, mention{c, at})
		}
	}
	// Then one word of a name that no other column has.
	for _, c := range order {
		name := nameTokens(c)
		if len(name) < 2 || m.mentioned(c) {
			continue
		}
		for _, w := range name {
			if generic[w.stem] || questionWords[w.low] || m.shared(w.stem, c) {
				continue
			}
			if at, ok := find(m.tokens, []token{w}, false); ok {
				use(m.tokens, at)
				m.mentions = append(m.mentions, mention{c, at})
				break
			}
		}
	}
	m.inflected()
	slices.SortFunc(m.mentions, func(a, b mention) int { return cmp.Compare(a.from, b.from) })
	for _, t := range m.tokens {
		if t.used {
			m.explains += 2
		}
	}
	m.unit = stepOf(s, values)
	own := len(tokenize(s.Name))
	for i, w := range m.names {
		if intents[w.low] || questionWords[w.low] || months[w.low] > 0 || strings.ContainsFunc(w.low, unicode.IsDigit) { // they may mean more
			continue
		}
		if at, ok := find(m.tokens, []token{w}, false); ok && len(w.low) > 2 {
			use(m.tokens, at)
			if m.explains++; i < own { // the file's other tables are called so too
				m.explains++
			}
		}
	}
	return m
}

// inflected finds columns by other forms of their names, if no two columns have
// the same.
func (m *match) inflected() {
	for i, t := range m.tokens {
		if t.used || intents[t.low] || questionWords[t.low] {
			continue
		}
		var found []document.Column
		for _, c := range m.sheet.Columns {
			if name := nameTokens(c); len(name) == 1 && len(t.low) >= 5 && root(name[0].low) == root(t.low) {
				found = append(found, c)
			}
		}
		if len(found) == 1 {
			m.tokens[i].used = true
			m.mentions = append(m.mentions, mention{found[0], span{i, i + 1}})
		}
	}
}

// generic words of names that do not tell columns apart.
var generic = map[string]bool{"name": true, "id": true, "number": true, "no": true, "of": true, "in": true, "the": true, "type": true, "code": true, "total": true, "date": false, "per": true, "by": true, "and": true, "for": true, "nr": true}

// nameTokens are the words of a column's name, without its unit.
func nameTokens(c document.Column) []token {
	name := tokenize(strings.TrimSpace(unitInName.ReplaceAllString(c.Name, "")))
	if n := len(name) - 1; n > 0 && numeric(c) && unitWords[name[n].low] { // body_mass_g
		name = name[:n]
	}
	return name
}

var unitWords = wordSet("g kg mg mm cm m km ft ml kw kwh mw mwh hz ms s h eur usd gbp chf pct percent %")

// root of a word, so that its plural, other cases and the past of a verb are
// alike: release, released; Kunde, Kunden.
func root(w string) string {
	w = umlauts.Replace(w)
	for _, e := range []string{"en", "ed", "es", "er", "e", "s", "n"} {
		if r := strings.TrimSuffix(w, e); r != w && len(r) >= 4 {
			return r
		}
	}
	return w
}

var umlauts = strings.NewReplacer("ä", "a", "ö", "o", "ü", "u", "ß", "ss")

func (m *match) columnPhrases() map[string]bool {
	p := map[string]bool{}
	for _, c := range m.sheet.Columns {
		if t := nameTokens(c); len(t) == 1 {
			p[t[0].stem] = true
		}
	}
	return p
}

func (m *match) shared(stem string, with document.Column) bool {
	for _, c := range m.sheet.Columns {
		if c.Column != with.Column && slices.ContainsFunc(nameTokens(c), func(t token) bool { return t.stem == stem }) {
			return true
		}
	}
	return false
}

func (m *match) mentioned(c document.Column) bool {
	return slices.ContainsFunc(m.mentions, func(x mention) bool { return x.column.Column == c.Column })
}

// addValue makes a value of a column a filter; several of one column are
// alternatives.
func (m *match) addValue(c document.Column, v string, at span) {
	m.values[c.Column] = append(m.values[c.Column], v)
	not := false
	for i := max(0, at.from-3); i < at.from; i++ {
		not = not || excepting[m.tokens[i].low] && !slices.ContainsFunc(m.filters, func(f filter) bool { return f.at > i && f.at < at.from })
	}
	for i := range m.filters {
		if f := &m.filters[i]; f.column.Column == c.Column && strings.HasSuffix(f.sql, ")") && strings.Contains(f.sql, " NOT IN (") == not {
			f.sql = strings.TrimSuffix(f.sql, ")") + ", " + literal(v) + ")"
			return
		}
	}
	op := " IN ("
	if not {
		op = " NOT IN ("
	}
	m.filters = append(m.filters, filter{c, quote(c.Column) + op + literal(v) + ")", at.from})
}

var excepting = map[string]bool{"not": true, "except": true, "excluding": true, "without": true, "nicht": true, "außer": true, "ohne": true, "isn't": true, "aren't": true}

// stepOf is the unit of time that each row of a sheet is about, "" if rows are
// about something else.
func stepOf(s document.Sheet, values func(table, column string) []string) string {
	for _, c := range s.Columns {
		if c.Type != Date {
			continue
		}
		these := values(s.Table, c.Column)
		if len(these) != s.Rows || s.Rows < 2 {
			continue
		}
		unit := "year"
		for _, v := range these {
			if len(v) != 10 {
				return ""
			}
			if !strings.HasSuffix(v, "-01") {
				return "day"
			}
			if !strings.HasSuffix(v, "-01-01") {
				unit = "month"
			}
		}
		return unit
	}
	return ""
}

func literal(v string) string { return "'" + strings.ReplaceAll(v, "'", "''") + "'" }

// plainNumber reads a number as people write it in questions.
func plainNumber(t string) (float64, bool) {
	factor := 1.0
	switch {
	case strings.HasSuffix(t, "k"):
		t, factor = t[:len(t)-1], 1e3
	case strings.HasSuffix(t, "%"):
		t = t[:len(t)-1]
	}
	if strings.Count(t, ",") > 0 && thousands(t, ',') {
		t = strings.ReplaceAll(t, ",", "")
	} else if strings.Count(t, ".") > 1 && thousands(t, '.') {
		t = strings.ReplaceAll(t, ".", "")
	} else if strings.Count(t, ",") == 1 && !strings.Contains(t, ".") {
		t = strings.Replace(t, ",", ".", 1)
	}
	f, err := strconv.ParseFloat(t, 64)
	if err != nil || strings.ContainsAny(t, "xXpPnNiI_eE") {
		return smallNumbers[t], smallNumbers[t] != 0
	}
	return f * factor, true
}

var smallNumbers = map[string]float64{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10}

func thousands(t string, mark rune) bool {
	parts := strings.FieldsFunc(t, func(r rune) bool { return r == mark })
	for _, p := range parts[1:] {
		if len(p) != 3 && !strings.Contains(p, ".") {
			return false
		}
	}
	return len(parts) > 1
}

func numeric(c document.Column) bool { return c.Type == Integer || c.Type == Real }

// names rather than measures things.
func identifies(c document.Column) bool {
	name := nameTokens(c)
	if len(name) == 1 {
		switch w := name[0].stem; {
		case w == "invoice", w == "ticket", w == "rechnung", strings.HasSuffix(w, "nr"), strings.HasSuffix(w, "nummer"):
			return true
		}
	}
	for _, t := range name {
		switch t.low {
		case "id", "nr", "no", "number", "code", "year", "jahr", "nummer", "zip", "plz", "phone", "month", "day", "week":
			return true
		}
	}
	return false
}
