// Package measure is how the tables of the benchmarks come from their rounds to a
// figure, and how a figure is written. What is measured, and whether it is enough,
// is each table's own.
package measure

import (
	"slices"
	"strconv"
)

// Median of an even number of values is the mean of the middle two. There must be
// one value at least.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Text keeps three significant figures of small values and whole large ones.
func Text(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
