package passenger

import (
	"strings"
	"testing"
	"time"
)

// weighed returns the check character by the weights of GB 11643's table, unlike [IDNumber], which
// folds.
func weighed(digits string) byte {
	sum := 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += weight * int(digits[i]-'0')
	}
	return "10X98765432"[sum%11]
}

func TestResidentsHaveDifferentValidNumbersOfNoLivingPerson(t *testing.T) {
	const some = 200_000
	seen := make(map[string]bool, some)
	for n := range some {
		number := Resident(Benchmark, n).DocumentNumber
		if len(number) != 18 || !strings.HasPrefix(number, string(Benchmark)) || number[17] != weighed(number[:17]) {
			t.Fatalf("the number of person %d is invalid", n)
		}
		if born, err := time.Parse("20060102", number[6:14]); err != nil || born.Year() < 1900 || born.Year() > 1909 {
			t.Fatalf("person %d: %v, %v", n, born, err)
		}
		if seen[number] {
			t.Fatalf("person %d has the number of an earlier person", n)
		}
		seen[number] = true
	}
	if again := Resident(Benchmark, some-1); !seen[again.DocumentNumber] {
		t.Error("the same n gives another person")
	}
}

// Without a common factor, n from 0 to People-1 gives every resident once.
func TestStrideReachesEveryResident(t *testing.T) {
	a, b := People, stride
	for b > 0 {
		a, b = b, a%b
	}
	if a != 1 {
		t.Errorf("stride and people have the factor %d in common", a)
	}
	if last := Resident(Benchmark, People-1).DocumentNumber; last[6:10] < "1900" || last[6:10] > "1909" {
		t.Error("the last resident was not born in 1900 to 1909")
	}
}
