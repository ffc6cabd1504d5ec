package sheet

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"freehold/app/document"
)

// build writes the statement for what a question wants.
func (m *match) build(r request, entity string) (string, error) {
	free := m.free()
	table := quote(m.sheet.Table)
	where := conditions(m.filters)
	switch {
	case r.percent:
		return m.percentage(r, free)
	case m.hasWord("compare") || m.hasWord("vergleiche") || m.hasWord("versus") || m.hasWord("vs"):
		return m.comparison(r, free)
	case m.hasWord("difference") || m.hasWord("unterschied") || m.hasWord("differenz"):
		return m.difference(r, free)
	case r.extreme != "":
		return m.extreme(r, free, entity)
	case r.group != nil:
		what := "COUNT(*)"
		measure := m.measure(r, without(free, r.group))
		switch {
		case r.aggregate == "COUNT" && measure == nil, r.aggregate == "" && measure == nil:
		case measure == nil:
			only, err := m.onlyMeasure()
			if err != nil {
				return "", err
			}
			measure = &only
			fallthrough
		default:
			a := r.aggregate
			if a == "" || a == "COUNT" {
				a = "SUM"
			}
			if a == "MEDIAN" {
				return "", errors.New("a median of each group")
			}
			what = a + "(" + quote(measure.Column) + ")"
		}
		return fmt.Sprintf("SELECT %s, %s AS %s FROM %s%s GROUP BY 1 ORDER BY 1", quote(r.group.Column), what, label(what, measure), table, where), nil
	case r.aggregate == "COUNT" || r.distinct:
		return m.count(r, free), nil
	case r.aggregate != "":
		measure := m.measure(r, free)
		if measure == nil {
			only, err := m.onlyMeasure()
			if err != nil {
				return "", err
			}
			if entity != "" && r.aggregate != "SUM" {
				return "", fmt.Errorf("which column %s of %s is about", strings.ToLower(r.aggregate), entity)
			}
			measure = &only
		}
		if measure.Type == Date && r.aggregate != "MIN" && r.aggregate != "MAX" {
			return "", errors.New("dates cannot be added up")
		}
		column := quote(measure.Column)
		if r.aggregate == "MEDIAN" {
			of := fmt.Sprintf("FROM %s%s", table, conditions(append(m.filters, filter{sql: column + " IS NOT NULL"})))
			return fmt.Sprintf("SELECT AVG(%[1]s) AS median_%[3]s FROM (SELECT %[1]s %[2]s ORDER BY %[1]s LIMIT 2 - (SELECT COUNT(*) %[2]s) %% 2 OFFSET (SELECT (COUNT(*) - 1) / 2 %[2]s))", column, of, measure.Column), nil
		}
		what := r.aggregate + "(" + column + ")"
		return fmt.Sprintf("SELECT %s AS %s FROM %s%s", what, label(what, measure), table, where), nil
	}
	return m.rows(free)
}

func conditions(filters []filter) string {
	var all []string
	for _, f := range filters {
		all = append(all, f.sql)
	}
	if len(all) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

// label names a result's column.
func label(what string, measure *document.Column) string {
	if measure == nil {
		return quote("count")
	}
	return quote(map[string]string{"SUM": "total", "AVG": "average", "MAX": "highest", "MIN": "lowest"}[what[:3]] + " " + measure.Name)
}

func (m *match) hasWord(w string) bool {
	for _, t := range m.tokens {
		if t.low == w && !t.used {
			return true
		}
	}
	return false
}

// free are the mentions that do not just say which column a filter is about.
func (m *match) free() []mention {
	var all []mention
	for _, x := range m.mentions {
		bound := x.column.Type == Boolean
		for _, f := range m.filters {
			if f.column.Column != x.column.Column {
				continue
			}
			if numeric(x.column) || x.column.Type == Date { // "with an amount over 500" is no wish to see amounts
				bound = bound || f.at-x.to < 3 && f.at >= x.from || x.from > f.at && x.from-f.at < 5
			} else {
				bound = bound || f.at-x.to <= 2 && f.at >= x.to || x.from > f.at && x.from-f.at <= 4
			}
		}
		if !bound {
			all = append(all, x)
		}
	}
	return all
}

func without(all []mention, c *document.Column) []mention {
	var rest []mention
	for _, x := range all {
		if x.column.Column != c.Column {
			rest = append(rest, x)
		}
	}
	return rest
}

// measure is the column that numbers are taken of: the first with numbers behind
// the word that asks for them, else any.
func (m *match) measure(r request, free []mention) *document.Column {
	if r.measure != nil {
		return r.measure
	}
	for _, behind := range []bool{true, false} {
		for i := range free {
			if c := &free[i]; numeric(c.column) && !identifies(c.column) && (!behind || c.from > r.at) {
				return &c.column
			}
		}
	}
	if r.aggregate == "MIN" || r.aggregate == "MAX" || r.extreme != "" { // of dates, if there are no numbers
		for _, behind := range []bool{true, false} {
			for i := range free {
				if c := &free[i]; c.column.Type == Date && (!behind || c.from > r.at) {
					return &c.column
				}
			}
		}
	}
	if len(free) == 0 || r.aggregate != "" { // the column of a filter is all that there is
		for i := range m.mentions {
			if c := &m.mentions[i]; numeric(c.column) && !identifies(c.column) && r.aggregate != "" && r.aggregate != "COUNT" {
				return &c.column
			}
		}
	}
	return nil
}

func (m *match) count(r request, free []mention) string {
	what, name := "COUNT(*)", "count"
	if c := m.sold(r); c != nil {
		free, what, name = nil, "SUM("+quote(c.Column)+")", "total "+c.Name
	}
	for i := range free {
		c := &free[i]
		near := c.from > r.at && c.from-r.at <= 2 || r.distinct && r.at < 0
		if !near && !(r.distinct && c.from > r.at) {
			continue
		}
		switch {
		case !r.distinct && m.named(c.span): // each row is one
		case r.distinct, c.column.Type == Text, identifies(c.column):
			what, name = "COUNT(DISTINCT "+quote(c.column.Column)+")", "number of "+c.column.Name
		case numeric(c.column):
			what, name = "SUM("+quote(c.column.Column)+")", "total "+c.column.Name
		}
		break
	}
	return fmt.Sprintf("SELECT %s AS %s FROM %s%s", what, quote(name), quote(m.sheet.Table), conditions(m.filters))
}

// named tells whether words of a question are what the table itself is called.
func (m *match) named(at span) bool {
	for _, w := range m.names {
		if at.to-at.from == 1 && w.stem == m.tokens[at.from].stem {
			return true
		}
	}
	return false
}

// sold is the column of quantities, for questions such as how many widgets were
// sold: that is not how many rows there are.
func (m *match) sold(r request) *document.Column {
	trade := false
	for _, w := range []string{"sold", "bought", "ordered", "shipped", "delivered", "purchased", "buy", "sell", "order", "verkauft", "bestellt", "gekauft"} {
		trade = trade || m.hasWord(w)
	}
	follows := false
	for _, f := range m.filters {
		follows = follows || f.column.Type == Text && f.at > r.at && f.at-r.at <= 2
	}
	if !trade || !follows {
		return nil
	}
	for i := range m.sheet.Columns {
		c := &m.sheet.Columns[i]
		for _, t := range nameTokens(*c) {
			if numeric(*c) && quantities[t.stem] {
				return c
			}
		}
	}
	return nil
}

var quantities = wordSet("quantity qty unit piece menge stück anzahl")

func (m *match) percentage(r request, free []mention) (string, error) {
	if len(m.filters) == 0 {
		return "", errors.New("a share of what")
	}
	last := 0
	for i, f := range m.filters {
		if f.at > m.filters[last].at {
			last = i
		}
	}
	part := m.filters[last].sql
	base := append(append([]filter(nil), m.filters[:last]...), m.filters[last+1:]...)
	measure := m.measure(r, free)
	if measure == nil {
		return fmt.Sprintf("SELECT ROUND(100.0 * SUM(CASE WHEN %s THEN 1 ELSE 0 END) / COUNT(*), 2) AS percent FROM %s%s", part, quote(m.sheet.Table), conditions(base)), nil
	}
	return fmt.Sprintf("SELECT ROUND(100.0 * SUM(CASE WHEN %s THEN %s ELSE 0 END) / SUM(%s), 2) AS percent FROM %s%s", part, quote(measure.Column), quote(measure.Column),
		quote(m.sheet.Table), conditions(base)), nil
}

// difference compares two values of a column.
func (m *match) difference(r request, free []mention) (string, error) {
	measure := m.measure(r, free)
	if measure == nil {
		only, err := m.onlyMeasure()
		if err != nil {
			return "", err
		}
		measure = &only
	}
	a := r.aggregate
	if a == "" || a == "COUNT" {
		a = "SUM"
	}
	for column, values := range m.values {
		if len(values) != 2 {
			continue
		}
		var rest []filter
		for _, f := range m.filters {
			if f.column.Column != column {
				rest = append(rest, f)
			}
		}
		of := func(v string) string {
			return fmt.Sprintf("%s(CASE WHEN %s = %s THEN %s END)", a, quote(column), literal(v), quote(measure.Column))
		}
		return fmt.Sprintf("SELECT %s AS %s, %s AS %s, %s - %s AS difference FROM %s%s", of(values[0]), quote(values[0]), of(values[1]), quote(values[1]),
			of(values[0]), of(values[1]), quote(m.sheet.Table), conditions(rest)), nil
	}
	return "", errors.New("between which two")
}

// comparison sets what values of a column have beside each other.
func (m *match) comparison(r request, free []mention) (string, error) {
	measure := m.measure(r, free)
	if measure == nil {
		return "", errors.New("which numbers are to be compared")
	}
	a := r.aggregate
	switch {
	case a == "MEDIAN" || a == "COUNT":
		return "", errors.New("this comparison")
	case a == "" && rate(*measure):
		a = "AVG"
	case a == "":
		a = "SUM"
	}
	for _, c := range m.sheet.Columns {
		if len(m.values[c.Column]) > 1 {
			what := a + "(" + quote(measure.Column) + ")"
			return fmt.Sprintf("SELECT %s, %s AS %s FROM %s%s GROUP BY 1 ORDER BY 1", quote(c.Column), what, label(what, measure), quote(m.sheet.Table), conditions(m.filters)), nil
		}
	}
	return "", errors.New("what is to be compared")
}

// rates are not added up: the highest price is a price.
var rates = wordSet("price rate age percent score temperature salary weight mass height length rating grade margin share ratio expectancy capita density depth temp humidity pressure preis alter gewicht gehalt note quote speed distance duration")

func rate(c document.Column) bool {
	if c.Unit == "%" || c.Type == Date {
		return true
	}
	for _, t := range nameTokens(c) {
		if rates[t.low] || strings.HasSuffix(t.low, "preis") || strings.HasSuffix(t.low, "gewicht") || strings.HasSuffix(t.low, "gehalt") {
			return true
		}
	}
	return false
}

func (m *match) extreme(r request, free []mention, entity string) (string, error) {
	table := quote(m.sheet.Table)
	measure := m.measure(r, free)
	var name *document.Column
	for i := range free {
		c := &free[i]
		if measure != nil && c.column.Column == measure.Column || numeric(c.column) && !identifies(c.column) {
			continue
		}
		if name == nil || c.column.Column != name.Column && name.Type == Date {
			name = &c.column
		}
	}
	starts := m.tokens[0].low
	if name == nil && (starts == "who" || starts == "wer") {
		for i := range m.sheet.Columns {
			if c := &m.sheet.Columns[i]; c.Type == Text && c.Column == "name" {
				name = c
			}
		}
	}
	if measure == nil && name != nil && identifies(*name) { // the largest claim is one of an amount
		only, err := m.onlyMeasure()
		if err != nil {
			return "", err
		}
		measure = &only
	}
	if measure == nil {
		if name == nil {
			return "", errors.New("the highest what")
		}
		// Which region has the most orders.
		return fmt.Sprintf("SELECT %s, COUNT(*) AS count FROM %s%s GROUP BY 1 ORDER BY 2 %s, 1 LIMIT %d", quote(name.Column), table, conditions(append(m.filters, filter{sql: quote(name.Column) + " IS NOT NULL"})), r.extreme, r.limit), nil
	}
	column := quote(measure.Column)
	if name == nil {
		if r.limit == 1 && (starts == "what" || starts == "was" || starts == "how" || starts == "find" || starts == "wie" || r.aggregate == "MAX" || r.aggregate == "MIN") && entity == "" {
			a := "MAX"
			if r.extreme == "ASC" {
				a = "MIN"
			}
			what := a + "(" + column + ")"
			return fmt.Sprintf("SELECT %s AS %s FROM %s%s", what, label(what, measure), table, conditions(m.filters)), nil
		}
		return m.top("*", column, r), nil
	}
	aggregate := r.aggregate
	if aggregate == "COUNT" || aggregate == "MAX" || aggregate == "MIN" {
		aggregate = ""
	}
	repeated := m.distinct[name.Column] > 0 && m.distinct[name.Column] < m.sheet.Rows
	if aggregate == "" && (!repeated || rate(*measure)) || name.Type != Text && aggregate == "" {
		return m.top(quote(name.Column)+", "+column, column, r), nil
	}
	if aggregate == "" {
		aggregate = "SUM"
	}
	what := aggregate + "(" + column + ")"
	return fmt.Sprintf("SELECT %s, %s AS %s FROM %s%s GROUP BY 1 ORDER BY 2 %s, 1 LIMIT %d", quote(name.Column), what, label(what, measure), table,
		conditions(append(m.filters, filter{sql: quote(name.Column) + " IS NOT NULL"})), r.extreme, r.limit), nil
}

// top are the rows with the highest or lowest values; of one, all that share it.
func (m *match) top(columns, by string, r request) string {
	table := quote(m.sheet.Table)
	known := append(append([]filter(nil), m.filters...), filter{sql: by + " IS NOT NULL"})
	if r.limit > 1 {
		return fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %s %s, %s LIMIT %d", columns, table, conditions(known), by, r.extreme, RowColumn, r.limit)
	}
	a := "MAX"
	if r.extreme == "ASC" {
		a = "MIN"
	}
	same := append(append([]filter(nil), m.filters...), filter{sql: fmt.Sprintf("%s = (SELECT %s(%s) FROM %s%s)", by, a, by, table, conditions(m.filters))})
	return fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %s", columns, table, conditions(same), RowColumn)
}

// rows are those that meet the filters, or all values of a column.
func (m *match) rows(free []mention) (string, error) {
	table := quote(m.sheet.Table)
	if len(free) == 0 {
		if len(m.filters) == 0 {
			return "", errors.New("what is to be looked for")
		}
		return "SELECT * FROM " + table + conditions(m.filters) + " ORDER BY " + RowColumn, nil
	}
	var columns []string
	numbers := 0
	for _, c := range free {
		if numeric(c.column) {
			numbers++
		}
		if q := quote(c.column.Column); !contains(columns, q) {
			columns = append(columns, q)
		}
	}
	if len(m.filters) == 0 && numbers > 0 && numbers == len(free) {
		return "", errors.New("what is to be done with the numbers")
	}
	distinct := "DISTINCT "
	if numbers == len(free) && !rate(free[0].column) { // equal numbers of several rows are several
		distinct = ""
		for _, c := range m.sheet.Columns { // of which of them each number is
			if q := quote(c.Column); len(m.values[c.Column]) > 1 && !contains(columns, q) {
				columns = append([]string{q}, columns...)
			}
		}
		if when := m.when(); when != nil && !contains(columns, quote(when.Column)) {
			columns = append([]string{quote(when.Column)}, columns...)
		}
	}
	return "SELECT " + distinct + strings.Join(columns, ", ") + " FROM " + table + conditions(m.filters) + " ORDER BY 1", nil
}

// when is the column of years, if there is one and the question leaves the year
// open.
func (m *match) when() *document.Column {
	var found *document.Column
	for i := range m.sheet.Columns {
		c := &m.sheet.Columns[i]
		year := false
		for _, t := range nameTokens(*c) {
			year = year || t.low == "year" || t.low == "jahr"
		}
		if !year || c.Type != Integer {
			continue
		}
		if found != nil || slices.ContainsFunc(m.filters, func(f filter) bool { return f.column.Column == c.Column || identifies(f.column) && numeric(f.column) }) {
			return nil
		}
		found = c
	}
	return found
}

func contains(all []string, one string) bool {
	for _, x := range all {
		if x == one {
			return true
		}
	}
	return false
}
