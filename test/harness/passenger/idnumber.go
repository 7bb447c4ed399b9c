package passenger

import "fmt"

// leading is the number of digits before the check character.
const leading = 17

// IDNumber appends the check character to the 17 leading digits of an invented person's resident ID
// number: GB 11643-1999, which is ISO 7064 MOD 11-2. The caller chooses region, date of birth and
// order number. It panics if digits are not 17 digits, since the calling test or load generator is
// then wrong.
//
// Package issuance/identity decides which numbers the product accepts. It must never use this function: a
// common bug would hide itself.
func IDNumber(digits string) string {
	if len(digits) != leading {
		panic(fmt.Sprintf("passenger: ID number: %d characters, want %d digits", len(digits), leading))
	}
	sum := 0
	for i := range digits {
		if digits[i] < '0' || digits[i] > '9' {
			panic(fmt.Sprintf("passenger: ID number: character %d is not a digit", i+1))
		}
		sum = (sum + int(digits[i]-'0')) * 2 % 11
	}
	return digits + "0123456789X"[(12-sum)%11:][:1]
}
