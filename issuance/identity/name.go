package identity

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName bounds a name or the name of a city, characters.
const MaxName = 60

// MaxEntered bounds a name that will be cut (rule B8), characters. Ours: longer
// than any name on a document, short enough to be read by one person.
const MaxEntered = 200

// Why a name is refused.
var (
	ErrName        = errors.New("must have 1 to 60 characters and no control characters")
	ErrNameEntered = errors.New("must have 1 to 200 characters, a letter among them, and no control characters")
)

// CleanName trims the white space around a name and checks its form. It does
// not fold letters or variants: the real-person check compares as it must. It
// refuses what cannot have been typed as a name: control and format characters,
// which can reorder a printed line, and the replacement character, which is
// what broken text decodes to.
func CleanName(name string) (string, error) {
	name, ok := clean(name, MaxName)
	if !ok {
		return "", ErrName
	}
	return name, nil
}

func clean(name string, most int) (string, bool) {
	name = strings.TrimSpace(name)
	if !utf8.ValidString(name) || name == "" || utf8.RuneCountInString(name) > most {
		return "", false
	}
	for _, r := range name {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar {
			return "", false
		}
	}
	return name, true
}

// Name is a name as the registry holds it.
type Name struct {
	// Text has at most MaxUnits (rule B8); it is its own Cut.
	Text string
	// OverLong says that something was cut off, Uncommon that there was a
	// character for which a clerk must look at the document (rule B1).
	OverLong, Uncommon bool
}

// ReadName reads a name of any length up to MaxEntered and cuts it. The marks
// tell of the whole name: what was cut off may have held the rare character. A
// name without any letter is ErrNameEntered too.
func ReadName(entered string) (Name, error) {
	// Length in bytes first: trimming and counting look at every one.
	if len(entered) > MaxEntered*utf8.UTFMax {
		return Name{}, ErrNameEntered
	}
	entered, ok := clean(entered, MaxEntered)
	if !ok || !strings.ContainsFunc(entered, isLetter) {
		return Name{}, ErrNameEntered
	}
	return Name{Text: Cut(entered), OverLong: OverLong(entered), Uncommon: Uncommon(entered)}, nil
}

// isLetter takes what counts 2 for a letter as well: fonts of rare names hold it.
func isLetter(r rune) bool { return unicode.IsLetter(r) || units(r) == 2 }
