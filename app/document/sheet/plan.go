package sheet

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"freehold/app/document"
)

// Plan turns a question into SQL by rules, if they understand every word of it
// that matters: a wrong number is worse than none. why says what they did not
// understand.
func Plan(question string, sheets []document.Sheet, values func(table, column string) []string) (sql string, ok bool, why string) {
	return planFor(question, sheets, make([]string, len(sheets)), values)
}

// planFor is Plan where it is known what the files of the sheets are called.
func planFor(question string, sheets []document.Sheet, files []string, values func(table, column string) []string) (sql string, ok bool, why string) {
	var best *match
	tie := false
	for i, s := range sheets {
		m := suit(question, s, files[i], values)
		switch {
		case best == nil || m.explains > best.explains:
			best, tie = m, false
		case m.explains == best.explains:
			tie = true
		}
	}
	if best == nil {
		return "", false, "there are no tables"
	}
	if tie {
		return "", false, "several tables suit the question"
	}
	sql, err := best.plan()
	if err != nil {
		return "", false, err.Error()
	}
	return sql, true, ""
}

// suit lays a question against a sheet of a file.
func suit(question string, s document.Sheet, file string, values func(table, column string) []string) *match {
	s.Name = tableNumber.ReplaceAllString(s.Name, "")
	return against(question, s, strings.NewReplacer(".", " ", "-", " ", "_", " ").Replace(file), values)
}

// Ask answers a question by rules; nil if they do not understand it.
func (d *DB) Ask(ctx context.Context, question string) (q *document.Query, why string, err error) {
	statement, ok, why := planFor(question, d.sheets, d.from, d.valuesIn(ctx))
	if !ok {
		return nil, why, ctx.Err()
	}
	result, err := d.Query(ctx, statement)
	if err != nil {
		return nil, "", err
	}
	if result.Error != "" {
		return nil, result.Error, nil
	}
	result.By = "rules"
	return &result, "", nil
}

// tableNumber is what a table is called that has no name.
var tableNumber = regexp.MustCompile(`^Table \d+$`)

// intents are words that say what is to be done with numbers.
var intents = wordSet(`total sum sums average mean median maximum minimum max min highest lowest largest smallest biggest greatest most least fewest best worst
	cheapest expensive oldest newest youngest latest earliest top bottom count many much number distinct different unique more less fewer than over above under
	below between percentage percent share difference per each by list show longest shortest heaviest lightest altogether combined overall exceed exceeds
	summe gesamt gesamte gesamten insgesamt durchschnitt durchschnittliche durchschnittlichen mittelwert höchste höchsten niedrigste niedrigsten größte größten kleinste kleinsten
	teuerste teuersten billigste günstigste meisten wenigsten älteste neueste anzahl viele wieviele verschiedene unterschiedliche mehr weniger als über unter zwischen prozent anteil pro je
	> < >= <= = ≥ ≤ first last exactly least together zusammen compare vergleiche versus vs`)

// questionWords carry no meaning of their own here.
var questionWords = wordSet(`a an the is are was were be been do does did has have had what which who whom whose where when how of in on at for to from with and or all
	any there their its it this that these those me give tell please show list find display return get name names value values row rows entry entries record records
	item items sheet table data file document recorded listed made please i we you us our my can could would will shall should sold by as into also both only
	than then not except excluding without have having been between during year month date since after before until through up was wie was welche welcher welches wer
	wo wann der die das den dem des ein eine einen einer eines ist sind war waren hat haben hatte im in am an auf bei von vom zu zum zur mit und oder für aus es gibt
	gab alle mir bitte nenne zeige liste jahr monat nach vor seit bis kein keine nicht ohne außer wurde wurden hoch sich liegt liegen beträgt betrug spent paid took
	take cost costs earn earns earned lie lies exist exists equal equals come comes came go goes went work works belong belongs placed say long
	value overall across single individual according contain contains contained total come altogether reach reached reaches occur occurs occurred happen happened live lives lived place buy buys bought sell sells sold ordered purchase purchased ship make delivered verkauft bestellt gekauft kaufte kauften ones one whole each every per`)

func wordSet(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// request is what a question wants, as far as it is understood.
type request struct {
	aggregate string // SUM, AVG, MAX, MIN, COUNT, MEDIAN, "" for none
	distinct  bool
	extreme   string // DESC: the rows with the highest; ASC
	limit     int
	at        int // token of the aggregate or extreme
	measure   *document.Column
	group     *document.Column
	percent   bool
}

func (m *match) plan() (string, error) {
	if err := m.dates(); err != nil {
		return "", err
	}
	m.booleans()
	m.numbers()
	if err := m.comparisons(); err != nil {
		return "", err
	}
	r := m.request()
	if err := m.leftOver(r); err != nil {
		return "", err
	}
	entity, err := m.unexplained()
	if err != nil {
		return "", err
	}
	statement, err := m.build(r, entity)
	if err != nil {
		return "", err
	}
	return statement, m.answered(r, statement)
}

// leftOver fails where a word that asks for the first of something, or for who did
// it, found no column: what the other words ask for is something else.
func (m *match) leftOver(r request) error {
	for _, t := range m.tokens {
		if !t.used && adjectives[t.low].order != "" && r.extreme == "" {
			return fmt.Errorf("which column %s is about", t.raw)
		}
	}
	for i, t := range m.tokens[:max(0, len(m.tokens)-1)] {
		next := m.tokens[i+1]
		if !t.used && comparing[t.low] != "" && !next.used && (next.low == "than" || next.low == "als") {
			return errors.New("what it is to be compared with")
		}
		if t.used || !following[t.low] {
			continue
		}
		for k := i + 1; k <= i+2; k++ {
			if slices.ContainsFunc(m.filters, func(f filter) bool { return f.column.Type == Text && f.at == k }) {
				return fmt.Errorf("what comes %s it", t.low)
			}
		}
	}
	if w := m.tokens[0].low; w == "who" || w == "wer" {
		for _, x := range m.mentions {
			if x.column.Type == Boolean && x.from == 1 {
				return fmt.Errorf("who it was that %s", m.tokens[1].raw)
			}
		}
	}
	return nil
}

// following are words for what stands before or behind something in an order.
var following = wordSet("after before following preceding nach vor")

// answered fails if a column that the question names plays no part in the
// statement: then it says something else than was asked. What identifies rows is
// often but the word for them.
func (m *match) answered(r request, statement string) error {
	free := m.free()
	measured := m.measure(r, free) != nil
	for _, x := range free {
		if measured && x.column.Type == Text && slices.ContainsFunc(m.filters, func(f filter) bool { return f.at+1 == x.from }) { // of closed projects
			continue
		}
		if identifies(x.column) || strings.HasPrefix(statement, "SELECT *") || strings.Contains(statement, quote(x.column.Column)) {
			continue
		}
		if r.aggregate != "" && r.group == nil && x.from > 0 && (m.tokens[x.from-1].low == "all" || m.tokens[x.from-1].low == "alle" || m.tokens[x.from-1].low == "aller") { // over all states
			continue
		}
		if r.aggregate == "COUNT" && x.from > r.at && x.from-r.at <= 2 { // how many orders
			continue
		}
		return fmt.Errorf("what %s has to do with it", x.column.Name)
	}
	return nil
}

// booleans makes filters of columns that hold yes and no.
func (m *match) booleans() {
	for _, c := range m.mentions {
		if c.column.Type != Boolean {
			continue
		}
		is := 1
		for i := max(0, c.from-2); i < c.from; i++ {
			if excepting[m.tokens[i].low] || m.tokens[i].low == "no" {
				is = 0
			}
		}
		m.filters = append(m.filters, filter{c.column, fmt.Sprintf("%s = %d", quote(c.column.Column), is), c.from})
	}
	for i, t := range m.tokens { // unpaid, inactive
		for _, c := range m.sheet.Columns {
			if c.Type != Boolean || t.used || m.mentioned(c) {
				continue
			}
			if name := nameTokens(c); len(name) == 1 && (t.low == "un"+name[0].low || t.low == "in"+name[0].low || t.low == "non"+name[0].low || t.low == "non-"+name[0].low) {
				m.tokens[i].used = true
				m.filters = append(m.filters, filter{c, quote(c.Column) + " = 0", i})
			}
		}
	}
}

// numbers makes filters of what identifies rows: order 1006.
func (m *match) numbers() {
	for _, x := range m.mentions {
		if !numeric(x.column) || !identifies(x.column) || x.to >= len(m.tokens) || m.tokens[x.to].used {
			continue
		}
		if n, ok := plainNumber(m.tokens[x.to].low); ok && smallNumbers[m.tokens[x.to].low] == 0 {
			m.tokens[x.to].used = true
			m.filters = append(m.filters, filter{x.column, quote(x.column.Column) + " = " + written(n), x.to})
		}
	}
}

var comparing = map[string]string{"more": ">", "greater": ">", "higher": ">", "larger": ">", "bigger": ">", "over": ">", "above": ">", "exceeding": ">", "exceed": ">", "exceeds": ">",
	"less": "<", "fewer": "<", "lower": "<", "smaller": "<", "under": "<", "below": "<", "older": ">", "longer": ">", "heavier": ">", "younger": "<", "shorter": "<", "cheaper": "<",
	">": ">", "<": "<", ">=": ">=", "<=": "<=", "≥": ">=", "≤": "<=", "=": "=", "mehr": ">", "größer": ">", "höher": ">", "über": ">", "weniger": "<", "kleiner": "<", "niedriger": "<", "unter": "<", "mindestens": ">=", "höchstens": "<=", "exactly": "=", "genau": "="}

// comparisons makes filters of "more than 100", "at least 5", "between 1 and 2".
func (m *match) comparisons() error {
	low := func(i int) string {
		if i < 0 || i >= len(m.tokens) {
			return ""
		}
		return m.tokens[i].low
	}
	for i := range m.tokens {
		if m.tokens[i].used {
			continue
		}
		op, next := comparing[low(i)], i+1
		switch {
		case op != "" && (low(next) == "than" || low(next) == "als"):
			next++
		case low(i) == "at" && low(i+1) == "least", low(i) == "no" && low(i+1) == "less" && low(i+2) == "than":
			op, next = ">=", i+2
			if low(i) == "no" {
				next++
			}
		case low(i) == "at" && low(i+1) == "most", low(i) == "up" && low(i+1) == "to":
			op, next = "<=", i+2
		case low(i) == "between" || low(i) == "zwischen":
			if i+3 >= len(m.tokens) || m.tokens[i+1].used || m.tokens[i+3].used { // a period
				continue
			}
			a, okA := plainNumber(low(i + 1))
			b, okB := plainNumber(low(i + 3))
			if !okA || !okB {
				continue
			}
			c, err := m.comparedColumn(i, i+4)
			if err != nil {
				return err
			}
			use(m.tokens, span{i, i + 4})
			m.filters = append(m.filters, filter{c, fmt.Sprintf("%s BETWEEN %s AND %s", quote(c.Column), written(a), written(b)), i})
			continue
		}
		if op == "" || next >= len(m.tokens) || m.tokens[next].used {
			continue
		}
		n, ok := plainNumber(low(next))
		if !ok {
			continue
		}
		c, err := m.comparedColumn(i, next+1)
		if err != nil {
			return err
		}
		if next+1 < len(m.tokens) {
			if f := multiples[low(next+1)]; f > 0 {
				n *= f
				m.tokens[next+1].used = true
			}
		}
		if c.Unit == "%" && n > 1 { // 12 % is 0.12
			n /= 100
		}
		use(m.tokens, span{i, next + 1})
		if next+1 < len(m.tokens) && (strings.EqualFold(low(next+1), c.Unit) || units[low(next+1)]) {
			m.tokens[next+1].used = true
		}
		m.filters = append(m.filters, filter{c, fmt.Sprintf("%s %s %s", quote(c.Column), op, written(n)), i})
	}
	return nil
}

// multiples are words behind a number that make it larger.
var multiples = map[string]float64{"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "tausend": 1e3, "millionen": 1e6, "milliarden": 1e9}

var units = wordSet("eur euro euros usd dollar dollars gbp pounds kg g km m cm hours hour days day years year percent % minutes pieces units")

// comparedColumn is the column that a comparison is about: the one named right
// behind it or before it, else the only one with numbers.
func (m *match) comparedColumn(from, to int) (document.Column, error) {
	var best *document.Column
	distance := 1 << 30
	for _, c := range m.mentions {
		if !numeric(c.column) || identifies(c.column) && c.to-c.from < len(nameTokens(c.column)) { // "claims", of claim IDs, are rows
			continue
		}
		d := 0
		if c.from >= to {
			d = c.from - to
			if d > 3 {
				continue
			}
		} else {
			d = 1 + from - c.to
		}
		if d < distance {
			best, distance = &c.column, d
		}
	}
	if best != nil {
		return *best, nil
	}
	return m.onlyMeasure()
}

func (m *match) onlyMeasure() (document.Column, error) {
	var all []document.Column
	for _, c := range m.sheet.Columns {
		if numeric(c) && !identifies(c) {
			all = append(all, c)
		}
	}
	if len(all) != 1 {
		return document.Column{}, errors.New("it is not clear which column the numbers are in")
	}
	return all[0], nil
}

// words that ask for an aggregate, and for the row that has an extreme.
var (
	aggregates = map[string]string{"total": "SUM", "sum": "SUM", "sums": "SUM", "altogether": "SUM", "combined": "SUM", "together": "SUM", "zusammen": "SUM", "summe": "SUM", "gesamt": "SUM", "gesamte": "SUM", "gesamten": "SUM", "insgesamt": "SUM",
		"average": "AVG", "mean": "AVG", "avg": "AVG", "durchschnitt": "AVG", "durchschnittliche": "AVG", "durchschnittlichen": "AVG", "mittelwert": "AVG", "median": "MEDIAN",
		"maximum": "MAX", "max": "MAX", "minimum": "MIN", "min": "MIN"}
	extremes = map[string]string{"highest": "DESC", "largest": "DESC", "biggest": "DESC", "greatest": "DESC", "most": "DESC", "best": "DESC", "top": "DESC", "maximum": "DESC", "max": "DESC", "höchste": "DESC", "höchsten": "DESC", "größte": "DESC", "größten": "DESC", "meisten": "DESC",
		"lowest": "ASC", "smallest": "ASC", "least": "ASC", "fewest": "ASC", "worst": "ASC", "bottom": "ASC", "minimum": "ASC", "min": "ASC", "niedrigste": "ASC", "niedrigsten": "ASC", "kleinste": "ASC", "kleinsten": "ASC", "wenigsten": "ASC"}
	// adjectives imply what they measure.
	adjectives = map[string]struct{ order, columns string }{
		"cheapest": {"ASC", "price cost preis kosten amount fee"}, "billigste": {"ASC", "price preis kosten"}, "günstigste": {"ASC", "price preis kosten"},
		"expensive": {"DESC", "price cost preis kosten amount fee"}, "teuerste": {"DESC", "price preis kosten"}, "teuersten": {"DESC", "price preis kosten"},
		"oldest": {"DESC", "age alter"}, "älteste": {"DESC", "age alter"}, "youngest": {"ASC", "age alter"},
		"longest": {"DESC", "length duration hours minutes länge dauer days"}, "shortest": {"ASC", "length duration hours minutes länge dauer days"},
		"heaviest": {"DESC", "weight mass gewicht"}, "lightest": {"ASC", "weight mass gewicht"},
		"newest": {"DESC", "date"}, "latest": {"DESC", "date"}, "neueste": {"DESC", "date"}, "earliest": {"ASC", "date"}, "first": {"ASC", "date"}, "last": {"DESC", "date"},
	}
)

func (m *match) request() request {
	r := request{at: -1}
	for i := range m.tokens {
		t := &m.tokens[i]
		if t.used {
			continue
		}
		next := ""
		if i+1 < len(m.tokens) {
			next = m.tokens[i+1].low
		}
		switch w := t.low; {
		case (w == "how" && (next == "many" || next == "often")) || w == "wieviele" || w == "wie" && next == "viele" || w == "anzahl" || w == "count" || w == "number" && next == "of":
			if r.aggregate == "" {
				r.aggregate, r.at = "COUNT", i+1
				if w == "anzahl" || w == "count" || w == "wieviele" {
					r.at = i
				}
			}
		case w == "wie" && next == "hoch" && r.aggregate == "": // how much, but of rates
			if i+2 < len(m.tokens) {
				if c := m.nextNumber(i + 2); c != nil && !rate(*c) {
					r.aggregate, r.at = "SUM", i+1
				}
			}
		case w == "how" && next == "much" || w == "wie" && next == "viel":
			if r.aggregate == "" {
				r.aggregate, r.at = "SUM", i+1
			}
		case w == "distinct" || w == "different" || w == "unique" || w == "verschiedene" || w == "unterschiedliche":
			r.distinct = true
		case w == "percentage" || w == "percent" || w == "share" || w == "prozent" || w == "anteil" || w == "proportion" || w == "fraction":
			r.percent = true
			r.at = i
		case adjectives[w].order != "" && r.extreme == "":
			c := m.implied(adjectives[w].columns)
			if c == nil && adjectives[w].columns == "date" {
				c = m.dated(i)
			}
			if c != nil {
				r.extreme, r.measure, r.at = adjectives[w].order, c, i
				if r.limit == 0 {
					r.limit = 1
				}
			} else if w == "oldest" || w == "älteste" || w == "youngest" {
				if c := m.implied("date birth born geburt"); c != nil {
					r.extreme, r.measure, r.at, r.limit = "ASC", c, i, 1
					if w == "youngest" {
						r.extreme = "DESC"
					}
				}
			}
		case extremes[w] != "" && r.extreme == "" && !(w == "most" && next == "expensive") && (w != "least" && w != "most" || i == 0 || m.tokens[i-1].low != "at"):
			r.extreme, r.at = extremes[w], i
			r.limit = max(r.limit, 1)
			if a := aggregates[w]; a != "" && r.aggregate == "" {
				r.aggregate = a
			}
			if n, ok := plainNumber(next); ok && n >= 1 && n <= 1000 && n == float64(int(n)) {
				r.limit = int(n)
				m.tokens[i+1].used = true
			}
			if i > 0 && !m.tokens[i-1].used {
				if n, ok := plainNumber(m.tokens[i-1].low); ok && n >= 1 && n <= 1000 && n == float64(int(n)) {
					r.limit = int(n)
					m.tokens[i-1].used = true
				}
			}
		case aggregates[w] != "":
			if r.aggregate == "" || r.aggregate == "COUNT" && aggregates[w] != "SUM" || r.aggregate == "SUM" && aggregates[w] == "AVG" {
				r.aggregate = aggregates[w]
				if r.at < 0 {
					r.at = i
				}
			}
		case w == "per" || w == "by" || w == "each" || w == "every" || w == "pro" || w == "je":
			for k := range m.mentions {
				if c := &m.mentions[k]; c.from > i && c.from <= i+2 && r.group == nil && !(w == "by" && r.extreme != "" && numeric(c.column)) {
					r.group = &c.column
				}
			}
		}
	}
	if r.extreme != "" && r.limit == 1 { // which 3 countries have the lowest
		for i := 1; i+1 < len(m.tokens); i++ {
			n, ok := plainNumber(m.tokens[i].low)
			if ok && n > 1 && n <= 100 && n == float64(int(n)) && !m.tokens[i].used && m.tokens[i+1].used && howMany[m.tokens[i-1].low] {
				r.limit = int(n)
				m.tokens[i].used = true
			}
		}
	}
	return r
}

var howMany = wordSet("which what the list name show welche die nenne")

// dated is the column of dates that is named nearest to a token.
func (m *match) dated(at int) *document.Column {
	var found *document.Column
	nearest := len(m.tokens)
	for i := range m.mentions {
		if x := &m.mentions[i]; x.column.Type == Date && max(x.from-at, at-x.from) < nearest {
			found, nearest = &x.column, max(x.from-at, at-x.from)
		}
	}
	return found
}

// nextNumber is the first column of numbers that is named from a token on.
func (m *match) nextNumber(from int) *document.Column {
	for i := range m.mentions {
		if c := &m.mentions[i]; c.from >= from && numeric(c.column) && !identifies(c.column) {
			return &c.column
		}
	}
	return nil
}

// implied is the only column whose name has one of the words.
func (m *match) implied(words string) *document.Column {
	for _, w := range strings.Fields(words) {
		var found *document.Column
		n := 0
		for i, c := range m.sheet.Columns {
			if (numeric(c) || c.Type == Date) && (slices.ContainsFunc(nameTokens(c), func(t token) bool { return t.low == w }) || w == "date" && c.Type == Date) {
				found = &m.sheet.Columns[i]
				n++
			}
		}
		if n == 1 {
			return found
		}
		if n > 1 {
			for _, c := range m.mentions {
				if slices.ContainsFunc(nameTokens(c.column), func(t token) bool { return t.low == w }) {
					return &c.column
				}
			}
		}
	}
	return nil
}

// unexplained returns the word for what the rows are, the only one that may
// remain: orders, of a table of orders. Anything else that remains was not
// understood.
func (m *match) unexplained() (entity string, err error) {
	var rest []string
	for _, t := range m.tokens {
		if t.used || intents[t.low] || questionWords[t.low] {
			continue
		}
		if _, number := plainNumber(t.low); number && smallNumbers[t.low] == 0 {
			return "", fmt.Errorf("what the number %s is about", t.raw)
		}
		rest = append(rest, t.raw)
	}
	if len(rest) > 1 {
		return "", fmt.Errorf("no column or value is called %s", strings.Join(rest, ", "))
	}
	if len(rest) == 1 {
		if !m.calls(strings.ToLower(rest[0])) {
			return "", fmt.Errorf("no column or value is called %s", rest[0])
		}
		return rest[0], nil
	}
	return "", nil
}

// calls tells whether a word can be what the rows of the table are: it is part
// of the name of a column, or what such tables hold.
func (m *match) calls(low string) bool {
	word := stem(low)
	if m.unit != "" && (word == m.unit || root(low) == germanUnits[m.unit]) {
		return true
	}
	person := false
	for _, c := range m.sheet.Columns {
		for _, t := range nameTokens(c) {
			if t.stem == word || identifies(c) && len(root(low)) >= 5 && strings.HasPrefix(umlauts.Replace(t.low), root(low)) { // Aufträge, Auftragsnummer
				return true
			}
			person = person || t.low == "name" || t.low == "salary" || t.low == "age" || t.low == "gehalt" || t.low == "alter"
		}
	}
	return rowNames[word] || person && personNames[word]
}

var germanUnits = map[string]string{"day": "tag", "month": "monat", "year": "jahr"}

var (
	rowNames    = wordSet("order sale transaction purchase invoice product article project task ticket payment expense booking visit measurement sample event issue shipment delivery trip bestellung verkauf rechnung produkt artikel projekt zahlung ausgabe buchung")
	personNames = wordSet("employee people person staff worker member student patient colleague mitarbeiter person angestellte schüler patient")
)
