package identity

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName bounds a name or the name of a city, characters.
const MaxName = 60

// ErrName says what a name must be.
var ErrName = errors.New("must have 1 to 60 characters and no control characters")

// CleanName trims the white space around a name and checks its form. It does
// not fold letters or variants: the real-person check compares as it must. It
// refuses what cannot have been typed as a name: control and format characters,
// which can reorder a printed line, and the replacement character, which is
// what broken text decodes to.
func CleanName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if !utf8.ValidString(name) || name == "" || utf8.RuneCountInString(name) > MaxName {
		return "", ErrName
	}
	for _, r := range name {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar {
			return "", ErrName
		}
	}
	return name, nil
}
