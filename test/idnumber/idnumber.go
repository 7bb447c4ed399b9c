// Package idnumber closes the resident ID numbers of test persons, who are nobody.
//
// It promises the check character only: region, birth date and order number are
// the caller's. What the product accepts is the rule of issuance/identity, which
// must never come from here: a mistake in both would hide itself.
package idnumber

import "fmt"

// leading is how many digits stand before the check character.
const leading = 17

// Complete adds the check character to the 17 leading digits of an invented test
// person's number: GB 11643-1999, which is ISO 7064 MOD 11-2. It panics if they
// are not 17 digits, since then the test or load that asks is wrong.
func Complete(digits string) string {
	if len(digits) != leading {
		panic(fmt.Sprintf("idnumber: %d characters, want %d digits", len(digits), leading))
	}
	sum := 0
	for i := range digits {
		if digits[i] < '0' || digits[i] > '9' {
			panic(fmt.Sprintf("idnumber: character %d is no digit", i+1))
		}
		sum = (sum + int(digits[i]-'0')) * 2 % 11
	}
	return digits + "0123456789X"[(12-sum)%11:][:1]
}
