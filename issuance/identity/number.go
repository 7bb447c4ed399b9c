package identity

import (
	"errors"
	"strings"
	"time"
)

// NumberSize is the length of a resident ID number: region (6), birth date (8),
// order (3), check digit (1).
const NumberSize = 18

// firstGenerationSize is the length of a first-generation card's number: no
// century, no check digit.
const firstGenerationSize = 15

// OldestBirthYear is the first year of birth that is accepted. Ours: the source
// is silent, and nobody older lives.
const OldestBirthYear = 1900

// Why a number is refused. The texts name the part, never its content.
var (
	// ErrFirstGeneration is for the 15 digits of a first-generation card, which
	// the railway no longer takes (rule B).
	ErrFirstGeneration = errors.New("first-generation cards with 15 digits are not supported; the number has 18 characters")

	ErrNumberForm   = errors.New("a resident ID number is 17 digits and a digit or an upper-case X")
	ErrNumberRegion = errors.New("the first two digits name no province that issues the card")
	ErrNumberBirth  = errors.New("digits 7 to 14 are no date of birth")
	ErrNumberCheck  = errors.New("the last character does not fit the others")
)

// Beijing is the zone of every calendar date in the rules: Asia/Shanghai, which
// has had no other offset since 1991.
var Beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// provinces are the 31 prefixes of GB/T 2260 whose police issue the card. The
// prefixes 81 to 83 stand on residence permits, another document (rule A4).
const provinces = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65"

// CheckNumber reports why a resident ID number cannot be one, or nil. now tells
// which birth dates lie in the future. The one spelling of the check digit ten
// is the upper-case X, so that one number has one hash; ReadNumber takes the
// lower-case x as well.
func CheckNumber(number string, now time.Time) error {
	if len(number) == firstGenerationSize && allDigits(number) {
		return ErrFirstGeneration
	}
	if len(number) != NumberSize || !allDigits(number[:NumberSize-1]) {
		return ErrNumberForm
	}
	if last := number[NumberSize-1]; !isDigit(last) && last != 'X' {
		return ErrNumberForm
	}
	if !knownProvince(number[:2]) {
		return ErrNumberRegion
	}
	birth, err := time.ParseInLocation("20060102", number[6:14], Beijing)
	if err != nil || birth.Year() < OldestBirthYear || birth.After(now) {
		return ErrNumberBirth
	}
	if checkDigit(number) != number[NumberSize-1] {
		return ErrNumberCheck
	}
	return nil
}

func knownProvince(prefix string) bool {
	for p := range strings.FieldsSeq(provinces) {
		if p == prefix {
			return true
		}
	}
	return false
}

// checkDigit is ISO 7064 MOD 11-2 over the first 17 digits, as GB 11643
// prescribes: fold from the left with doubling, then what completes 1 modulo 11.
func checkDigit(number string) byte {
	sum := 0
	for i := range NumberSize - 1 {
		sum = (sum + int(number[i]-'0')) * 2 % 11
	}
	return "0123456789X"[(12-sum)%11]
}

// Why the number of another document than the resident ID card is refused. The
// texts say the form, never what was entered.
var (
	ErrPassportNumber = errors.New("a passport number is 5 to 9 digits and upper-case letters, without spaces and fillers")
	ErrHKMacauNumber  = errors.New("the number is an upper-case H or M and 8 digits, without the two digits that count the cards")
	ErrTaiwanNumber   = errors.New("the number is 8 digits, without what follows them on older booklets")
)

// The lengths of passport numbers. That 9 is the most is certain: ICAO Doc 9303
// part 4 gives the number nine places, of A to Z, 0 to 9 and a filler that is no
// part of it. The least is ours: shorter ones are typing errors. No digit is
// demanded: some states draw letters and digits at random.
const (
	MinPassportNumber = 5
	MaxPassportNumber = 9
)

// The permits' numbers. Certain: the permit for Hong Kong and Macau shows a
// letter for the region, H or M, and 8 digits that stay with the person for
// life; the card for Taiwan residents shows 8 digits that do. Ours: what older
// documents print behind them (two digits that count the cards, on the booklet
// for Taiwan residents also a letter) is refused and not dropped, so that a
// person has one spelling and the passenger sees which; other forms that were
// once issued, such as papers for a single entry, are not supported.
const permitDigits = 8

// ReadNumber reads a number as a person enters it and returns its one spelling: the
// last character of a resident ID number may be a lower-case x. now tells which
// birth dates lie in the future.
func ReadNumber(t DocumentType, entered string, now time.Time) (string, error) {
	number := OneNumber(t, entered)
	if err := CheckNumberOf(t, number, now); err != nil {
		return "", err
	}
	return number, nil
}

// OneNumber is the one spelling of a number that need not be valid.
func OneNumber(t DocumentType, entered string) string {
	if t == ResidentID && len(entered) == NumberSize && entered[NumberSize-1] == 'x' {
		return entered[:NumberSize-1] + "X"
	}
	return entered
}

// CheckNumberOf reports why a number cannot be that of a document of the type,
// or nil. now tells which birth dates lie in the future. One document has one
// spelling: upper-case, no spaces, no hyphens.
func CheckNumberOf(t DocumentType, number string, now time.Time) error {
	switch t {
	case ResidentID:
		return CheckNumber(number, now)
	case Passport:
		if len(number) < MinPassportNumber || len(number) > MaxPassportNumber {
			return ErrPassportNumber
		}
		for i := range len(number) {
			if !isDigit(number[i]) && (number[i] < 'A' || number[i] > 'Z') {
				return ErrPassportNumber
			}
		}
		return nil
	case HKMacauPermit:
		if len(number) != 1+permitDigits || number[0] != 'H' && number[0] != 'M' || !allDigits(number[1:]) {
			return ErrHKMacauNumber
		}
		return nil
	case TaiwanPermit:
		if len(number) != permitDigits || !allDigits(number) {
			return ErrTaiwanNumber
		}
		return nil
	}
	return ErrDocumentUnknown
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}
