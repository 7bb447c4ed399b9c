package identity

import (
	"errors"
	"time"
)

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
