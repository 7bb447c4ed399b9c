package passenger_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/test/harness/passenger"
)

func TestExampleOfTheStandard(t *testing.T) {
	if number := passenger.IDNumber("11010519491231002"); number != "11010519491231002X" {
		t.Errorf("%s, want the example of GB 11643", number)
	}
}

// The test uses the weights that the standard prints; the code folds instead.
func TestCheckCharacterFollowsTheWeights(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 11643))
	seen := map[byte]bool{}
	for range 2000 {
		digits := fmt.Sprintf("%017d", random.Int64N(1e17))
		sum := 0
		for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
			sum += weight * int(digits[i]-'0')
		}
		check := "10X98765432"[sum%11]
		if number := passenger.IDNumber(digits); number != digits+string(check) {
			t.Fatalf("%s, want %s and %c", number, digits, check)
		}
		seen[check] = true
	}
	if len(seen) != 11 {
		t.Errorf("%d check characters occurred, want all 11", len(seen))
	}
}

func TestOtherThan17DigitsPanics(t *testing.T) {
	for _, digits := range []string{"", "1101051949123100", "110105194912310020", "1101051949123100X", "１１０１０５"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q is accepted", digits)
				}
			}()
			passenger.IDNumber(digits)
		}()
	}
}
