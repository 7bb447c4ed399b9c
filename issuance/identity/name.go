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

// MaxMarks bounds the combining marks on one letter. Our choice: no script of a
// travel document puts more on one, and piles of them cover the lines around them.
const MaxMarks = 4

// Why a name is refused.
var (
	ErrText        = errors.New("must have 1 to 60 characters, and none that no name has: controls, direction marks, symbols")
	ErrName        = errors.New("must have 1 to 60 characters, a letter among them, and none that no name has: controls, direction marks, symbols")
	ErrNameEntered = errors.New("must have 1 to 200 characters, a letter among them, and none that no name has: controls, direction marks, symbols")
)

// CleanName trims the white space around a name and checks its form. It does
// not fold letters or variants: the face check compares as it must. It
// refuses characters that no document prints in a name: controls and format
// characters, which can reorder a printed line, marks that enclose, symbols and the ASCII that markup
// is made of, piles of combining marks, and the replacement character, which is
// what broken text decodes to.
func CleanName(name string) (string, error) {
	name, ok := clean(name, MaxName)
	if !ok || !strings.ContainsFunc(one(name), isLetter) {
		return "", ErrName
	}
	return name, nil
}

// CleanText is CleanName for other short texts that a person reads, which need no
// letter: the number of a coach, of a seat.
func CleanText(text string) (string, error) {
	text, ok := clean(text, MaxName)
	if !ok {
		return "", ErrText
	}
	return text, nil
}

func clean(name string, most int) (string, bool) {
	// Length in bytes first: trimming and counting look at every one.
	if len(name) > most*utf8.UTFMax || !utf8.ValidString(name) {
		return "", false
	}
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > most {
		return "", false
	}
	for _, r := range name {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Me) || r == unicode.ReplacementChar {
			return "", false
		}
	}
	marks := MaxMarks // no mark begins a name
	for _, r := range letters(name) {
		if unicode.Is(unicode.M, r) {
			if marks++; marks > MaxMarks {
				return "", false
			}
			continue
		}
		if !inNames(r) {
			return "", false
		}
		marks = 0
	}
	return name, true
}

// punctuation is the ASCII that names have besides letters and digits.
const punctuation = "'-.,()/"

// inNames reports whether a character, in the one spelling, can be part of a name.
func inNames(r rune) bool {
	if r <= unicode.MaxASCII {
		return unicode.In(r, unicode.L, unicode.Nd) || strings.ContainsRune(punctuation, r)
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.P) || units(r) == 2
}

// Name is a name as the registry holds it.
type Name struct {
	// Text has at most MaxUnits (rule B8); it is its own Cut.
	Text string
	// OverLong says that something was cut off, Uncommon that there was a
	// character for which a clerk must look at the document (rule B1).
	OverLong, Uncommon bool
}

// ReadName reads a name on a document of the type, of any length up to MaxEntered,
// and cuts it. The marks tell of the whole name: the part that was cut off may have
// held the rare character. A name without any letter is ErrNameEntered too.
func ReadName(entered string, on DocumentType) (Name, error) {
	entered, ok := clean(entered, MaxEntered)
	if !ok {
		return Name{}, ErrNameEntered
	}
	n := Name{Text: Cut(entered), OverLong: OverLong(entered), Uncommon: Uncommon(entered, on)}
	if !strings.ContainsFunc(n.Text, isLetter) { // all letters were cut off
		return Name{}, ErrNameEntered
	}
	return n, nil
}

// StoredName is a name that was stored with its marks. Uncommon is decided anew, so
// that it is as the table of today says; the stored mark counts only for a name of
// which a part was cut off and is not known any more.
func StoredName(text string, overLong, uncommon bool, on DocumentType) Name {
	return Name{Text: text, OverLong: overLong, Uncommon: overLong && uncommon || Uncommon(text, on)}
}

// Edited is the name after an edit. A spelling of the present name (rule B8: Latin
// letters have no case) leaves it as it is, with its mark of a part that was cut off
// long ago; its other mark is that of the entered one, whose document may be of
// another type.
func (n Name) Edited(entered Name) Name {
	if !SameName(n.Text, entered.Text) || entered.OverLong && !n.OverLong {
		return entered
	}
	n.Uncommon = entered.Uncommon || n.OverLong && n.Uncommon
	return n
}

// isLetter takes what counts 2 for a letter as well: fonts of rare names hold it.
func isLetter(r rune) bool { return unicode.IsLetter(r) || units(r) == 2 }
