package identity

import (
	"errors"
	"strings"
	"time"
)

// NumberSize is the length of a resident ID number: region (6), birth date (8), sequence (3), check
// digit (1).
const NumberSize = 18

// firstGenerationSize is the length of a number on a first-generation card, which has no century
// and no check digit.
const firstGenerationSize = 15

// OldestBirthYear is the first accepted year of birth. Our choice: the rules name none, and no
// older person is alive.
const OldestBirthYear = 1900

// Errors of resident ID numbers. They name the faulty part, never its content.
var (
	// ErrFirstGeneration refuses the 15 digits of a first-generation card, which the railway no
	// longer accepts (rule B).
	ErrFirstGeneration = errors.New("first-generation cards with 15 digits are not supported; the number has 18 characters")

	ErrNumberForm   = errors.New("a resident ID number must have 17 digits and then a digit or X")
	ErrNumberRegion = errors.New("the first two digits must name a province that issues the card")
	ErrNumberBirth  = errors.New("digits 7 to 14 must be a date of birth")
	ErrNumberCheck  = errors.New("the last character does not match the others")
)

// Beijing is the time zone of every calendar date in the rules: Asia/Shanghai, whose offset has not
// changed since 1991.
var Beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

// provinces are the 31 prefixes of GB/T 2260 whose police issue the card. The prefixes 81 to 83 are
// used on residence permits, which are another document (rule A4).
const provinces = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65"

// CheckNumber reports why a resident ID number is invalid, or nil. now decides which birth dates
// are in the future. A check digit of ten is spelled with the upper-case X only, so that one number
// has one hash; [ReadNumber] accepts the lower-case x as well.
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

// checkDigit is ISO 7064 MOD 11-2 over the first 17 digits, as in GB 11643: fold from the left with
// doubling, then take the digit that makes the sum 1 modulo 11.
func checkDigit(number string) byte {
	sum := 0
	for i := range NumberSize - 1 {
		sum = (sum + int(number[i]-'0')) * 2 % 11
	}
	return "0123456789X"[(12-sum)%11]
}

// Errors of the numbers of other documents. They describe the form, never what was entered.
var (
	ErrPassportNumber = errors.New("a passport number must have 5 to 9 digits and upper-case letters, without spaces and fillers")
	ErrHKMacauNumber  = errors.New("the number must be an upper-case H or M and 8 digits, without the two-digit card sequence")
	ErrTaiwanNumber   = errors.New("the number must be 8 digits, without the suffix on older booklets")
)

// Lengths of passport numbers. The maximum is from ICAO Doc 9303 part 4: nine characters of A to Z,
// 0 to 9 and a filler that is not part of the number. The minimum is our choice: shorter numbers
// are typing errors. A digit is not required, since some states draw characters at random.
const (
	MinPassportNumber = 5
	MaxPassportNumber = 9
)

// permitDigits is the number of digits on a permit. The permit for Hong Kong and Macau has a letter
// for the region, H or M, and 8 digits that stay with the person for life; the card for Taiwan
// residents has 8 such digits. Our choice: the suffix printed on older documents (a two-digit card
// sequence, on the Taiwan booklet also a letter) is refused rather than dropped, so that a person
// has one spelling and the passenger sees which. Other forms that were once issued, such as papers
// for a single entry, are not supported.
const permitDigits = 8

// ReadNumber parses an entered number and returns its one spelling: the last character of a
// resident ID number may be a lower-case x. now decides which birth dates are in the future.
func ReadNumber(t DocumentType, entered string, now time.Time) (string, error) {
	number := NormalNumber(t, entered)
	if err := CheckNumberOf(t, number, now); err != nil {
		return "", err
	}
	return number, nil
}

// NormalNumber returns the one spelling of a number, which need not be valid.
func NormalNumber(t DocumentType, entered string) string {
	if t == ResidentID && len(entered) == NumberSize && entered[NumberSize-1] == 'x' {
		return entered[:NumberSize-1] + "X"
	}
	return entered
}

// CheckNumberOf reports why a number is invalid for a document of the type, or nil. now decides
// which birth dates are in the future. A number has one spelling: upper-case, without spaces and
// hyphens.
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
