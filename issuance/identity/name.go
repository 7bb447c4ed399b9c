package identity

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName bounds a name or the name of a city, in characters.
const MaxName = 60

// MaxEntered bounds an entered name before it is cut (rule B8), in characters. Our choice: longer
// than any name on a document, short enough for a person to read.
const MaxEntered = 200

// MaxMarks bounds the combining marks on one letter. Our choice: no script of a travel document
// uses more, and long runs of marks cover the neighbouring lines.
const MaxMarks = 4

// Errors of names.
var (
	ErrText        = errors.New("must have 1 to 60 characters, without controls, direction marks and symbols")
	ErrName        = errors.New("must have 1 to 60 characters, with a letter and without controls, direction marks and symbols")
	ErrNameEntered = errors.New("must have 1 to 200 characters, with a letter and without controls, direction marks and symbols")
)

// CleanName trims the white space around a name and checks its form. It does not fold letters or
// variants, since the face check compares in its own way. It refuses characters that no document
// prints in a name: controls; format characters, which can reorder a printed line; enclosing marks;
// symbols and the ASCII of markup; more than [MaxMarks] combining marks; and the replacement
// character, to which broken text decodes.
func CleanName(name string) (string, error) {
	name, ok := clean(name, MaxName)
	if !ok || !strings.ContainsFunc(normalize(name), isLetter) {
		return "", ErrName
	}
	return name, nil
}

// CleanText is [CleanName] for other short texts, which need no letter: the number of a coach or of
// a seat.
func CleanText(text string) (string, error) {
	text, ok := clean(text, MaxName)
	if !ok {
		return "", ErrText
	}
	return text, nil
}

func clean(name string, most int) (string, bool) {
	// The length in bytes is checked first, since trimming and counting read every byte.
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
	marks := MaxMarks // a name cannot begin with a mark
	for _, r := range withoutSpaces(name) {
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

// punctuation is the ASCII allowed in names besides letters and digits.
const punctuation = "'-.,()/"

// inNames reports whether a normalized character is allowed in a name.
func inNames(r rune) bool {
	if r <= unicode.MaxASCII {
		return unicode.In(r, unicode.L, unicode.Nd) || strings.ContainsRune(punctuation, r)
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.P) || units(r) == 2
}

// Name is a name in the form in which it is stored.
type Name struct {
	// Text has at most [MaxUnits] (rule B8) and is unchanged by [Cut].
	Text string
	// OverLong means that a part was cut off. Uncommon means that a character needs a clerk's look
	// at the document (rule B1).
	OverLong, Uncommon bool
}

// ReadName parses and cuts a name of up to [MaxEntered] characters on a document of the type. The
// marks describe the whole name, including the part that is cut off. A name without a letter is
// [ErrNameEntered] too.
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

// StoredName returns a name that was stored with its marks. Uncommon is evaluated again with the
// current table; the stored mark counts only if a part of the name was cut off and is unknown.
func StoredName(text string, overLong, uncommon bool, on DocumentType) Name {
	return Name{Text: text, OverLong: overLong, Uncommon: overLong && uncommon || Uncommon(text, on)}
}

// Edited returns the name after an edit. If the entered name is another spelling of n (rule B8:
// Latin letters compare without case), n and its OverLong mark are kept, but Uncommon is taken from
// the entered name, whose document may have another type.
func (n Name) Edited(entered Name) Name {
	if !SameName(n.Text, entered.Text) || entered.OverLong && !n.OverLong {
		return entered
	}
	n.Uncommon = entered.Uncommon || n.OverLong && n.Uncommon
	return n
}

// isLetter also accepts characters of 2 units, which include private ones of fonts for rare names.
func isLetter(r rune) bool { return unicode.IsLetter(r) || units(r) == 2 }
