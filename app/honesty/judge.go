package honesty

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"freehold/app/document"
)

func contains(text, quote string) bool { return strings.Contains(Flat(text), Flat(quote)) }

// Exact tells whether the result of a query is the answer of a question: as many
// rows, and in each all that is asked for. Rows may say more where something is
// looked up or compared (all of a row that has the answer), but a number that
// was asked for stands alone, or behind what its group is called.
func Exact(got document.Query, q Question) bool {
	if got.Error != "" || got.Total != len(q.Rows) || len(got.Rows) != len(q.Rows) {
		return false
	}
	left := slices.Clone(got.Rows)
	for _, want := range q.Rows {
		i := slices.IndexFunc(left, func(row []string) bool {
			if (q.Kind == Sum || q.Kind == Count) && len(row) != len(want) {
				return false
			}
			return has(row, want)
		})
		if i < 0 {
			return false
		}
		left = slices.Delete(left, i, i+1)
	}
	return true
}

// has tells whether a row has cells, in their order.
func has(row, cells []string) bool {
	for _, c := range cells {
		i := slices.IndexFunc(row, func(x string) bool { return same(x, c) })
		if i < 0 {
			return false
		}
		row = row[i+1:]
	}
	return true
}

func same(a, b string) bool {
	if a == b {
		return true
	}
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return err == nil && err2 == nil && math.Abs(x-y) <= 1e-5*max(1, math.Abs(y))
}

// Empty tells whether a query found nothing: no row, or one without a value.
func Empty(q document.Query) bool {
	return q.Total == 0 || q.Total == 1 && len(q.Rows) == 1 && len(q.Rows[0]) == 1 && q.Rows[0][0] == ""
}

// Rate is how many of how many.
type Rate struct{ N, Of int }

// Add counts one more.
func (r *Rate) Add(good bool) {
	r.Of++
	if good {
		r.N++
	}
}

// Percent of all, 100 of none.
func (r Rate) Percent() float64 {
	if r.Of == 0 {
		return 100
	}
	return 100 * float64(r.N) / float64(r.Of)
}

func (r Rate) String() string {
	return strconv.Itoa(r.N) + " of " + strconv.Itoa(r.Of) + " (" + strconv.FormatFloat(r.Percent(), 'f', 1, 64) + " %)"
}
