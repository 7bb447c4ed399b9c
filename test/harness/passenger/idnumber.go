package passenger

import "fmt"

// leading is how many digits stand before the check character.
const leading = 17

// IDNumber adds the check character to the 17 leading digits of an invented person's
// resident ID number: GB 11643-1999, which is ISO 7064 MOD 11-2. Region, date of birth and
// order number are the caller's. It panics if they are not 17 digits, since then the test
// or load that asks is wrong.
//
// The number that the product accepts is the rule of issuance/identity, which must never
// come from here: a mistake in both would hide itself.
func IDNumber(digits string) string {
	if len(digits) != leading {
		panic(fmt.Sprintf("passenger: ID number: %d characters, want %d digits", len(digits), leading))
	}
	sum := 0
	for i := range digits {
		if digits[i] < '0' || digits[i] > '9' {
			panic(fmt.Sprintf("passenger: ID number: character %d is no digit", i+1))
		}
		sum = (sum + int(digits[i]-'0')) * 2 % 11
	}
	return digits + "0123456789X"[(12-sum)%11:][:1]
}
