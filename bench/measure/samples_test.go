package measure_test

import (
	"slices"
	"testing"

	"github.com/railgate/railgate/bench/measure"
)

func TestMedianKeepsTheOrderOfTheRounds(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{7}, 7}, {[]float64{9, 1}, 5}, {[]float64{100, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{9, 5, 1}, 5}, {[]float64{9, 5, 3, 1}, 4},
	} {
		rounds := slices.Clone(c.values)
		if got := measure.Median(rounds); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
		if !slices.Equal(rounds, c.values) { // two sides are compared round by round
			t.Errorf("the order of the rounds %v was changed: %v", c.values, rounds)
		}
	}
}

func TestTextHasThreeSignificantDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.012345: "0.0123", 1.5: "1.5", 99.94: "99.9", 100: "100", 123456.7: "123457"} {
		if got := measure.Text(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
}
