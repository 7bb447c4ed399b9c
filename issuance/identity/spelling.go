package identity

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// MaxUnits is what is kept of a name (rule B8). A Chinese character counts 2, a
// space and a combining mark nothing, everything else 1.
const MaxUnits = 30

// Names are compared and cut in one spelling (rule B8). What it makes equal:
//
//   - full-width forms (U+FF01 to U+FF5E) and the ASCII they stand for; the wide
//     space U+3000 and every other white space, any number of them, and one space;
//   - characters that Unicode holds canonically equal (form NFC): a letter with
//     its mark in one or in two, and the compatibility ideographs of older
//     character sets with the character they repeat;
//   - the lookalikes below;
//   - variation selectors, which choose a glyph, and nothing.
//
// What stays apart, on purpose: "." and "·", as the rule says; a traditional and
// a simplified character, a rare one and its pinyin, an accented and a plain
// letter: whether these are one name, a clerk decides before the document.
//
// Ours: keyboards and phones write the dot inside a name in many ways that look
// the same, and put round apostrophes and odd hyphens by themselves. No passenger
// can tell them apart, so each has one spelling. U+0387 becomes "·" by NFC. Other
// dots, like the ideographic full stop "。", are none of either.
var lookalikes = map[rune]rune{
	'\u2022': '·', // bullet
	'\u2027': '·', // hyphenation point
	'\u2219': '·', // bullet operator
	'\u22c5': '·', // dot operator
	'\u2e31': '·', // word separator middle dot
	'\u30fb': '·', // katakana middle dot
	'\uff65': '·', // half-width katakana middle dot
	'\u2024': '.', // one dot leader; U+FF0E is a full-width form
	'\ufe52': '.', // small full stop
	'\u2018': '\'',
	'\u2019': '\'',
	'\u2010': '-',
	'\u2011': '-',
}

// graphemeJoiner joins marks and cannot be seen.
const graphemeJoiner = '\u034f'

// one is the one spelling of a name, with single spaces inside.
func one(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case unicode.Is(unicode.Variation_Selector, r) || r == graphemeJoiner:
			continue
		case unicode.IsSpace(r):
			r = ' '
		case r >= '\uff01' && r <= '\uff5e':
			r -= '\uff01' - '!'
		case lookalikes[r] != 0:
			r = lookalikes[r]
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(strings.Join(strings.Fields(b.String()), " "))
}

// letters is the one spelling without its spaces.
func letters(name string) string {
	return norm.NFC.String(strings.ReplaceAll(one(name), " ", ""))
}

// units is what a character counts. Chinese characters are those of the script
// Han, also when this version of Unicode does not know them yet (planes 2 and 3
// are theirs), and the private ones, in which older systems keep rare names.
func units(r rune) int {
	switch {
	case r == ' ' || unicode.In(r, unicode.M):
		return 0
	case unicode.In(r, unicode.Han, unicode.Co) || r >= 0x20000 && r < 0x40000:
		return 2
	}
	return 1
}

// Units counts a name (rule B8).
func Units(name string) int {
	n := 0
	for _, r := range letters(name) {
		n += units(r)
	}
	return n
}

// first keeps the first MaxUnits. A Chinese character that only half fits ends
// the name: what follows it is not pulled forward. Marks stay with their letter.
func first(letters string) string {
	left := MaxUnits
	for i, r := range letters {
		if left -= units(r); left < 0 {
			return letters[:i]
		}
	}
	return letters
}

// Cut is a name in its one spelling, at most MaxUnits long. A name that fits
// keeps its spaces; of a longer one the first MaxUnits are kept without, as the
// passenger is told to enter it.
func Cut(name string) string {
	all := letters(name)
	if kept := first(all); len(kept) < len(all) {
		return kept
	}
	return one(name)
}

// OverLong reports whether Cut loses something.
func OverLong(name string) bool { return Units(name) > MaxUnits }

// Key is what two spellings of one name share: the first MaxUnits without spaces
// and, for Latin letters, without case. It is for comparing; show Cut.
func Key(name string) string {
	// Case is taken from the letter alone, so that a mark is no matter of it.
	return norm.NFC.String(strings.Map(sameCase, norm.NFD.String(first(letters(name)))))
}

// SameName reports whether two names are spellings of one (rule B8).
func SameName(a, b string) bool { return Key(a) == Key(b) }

// sameCase is the least of the letters that differ by case only. Not ToUpper:
// that takes the sharp s to itself and its capital elsewhere.
func sameCase(r rune) rune {
	if !unicode.Is(unicode.Latin, r) {
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// commonText has the Table of General Standard Chinese Characters (通用规范汉字表,
// 2013): 3,500, 3,000 and 1,605 characters in three lines. commongen makes it,
// LICENSE-UNICODE is its licence.
//
//go:embed common.txt
var commonText string

// common has the 8,105 characters in order.
var common = func() []rune {
	all := []rune(strings.ReplaceAll(commonText, "\n", ""))
	slices.Sort(all)
	return all
}()

func isCommon(r rune) bool {
	_, found := slices.BinarySearch(common, r)
	return found
}

// Uncommon reports whether a name on a document of the type holds a character that
// is rare or traditional (rule B1), or pinyin in the place of one.
//
// Our choice, for the rule names no list: common are the Chinese characters of the
// Table of General Standard Chinese Characters, Latin letters, ASCII and "·". The
// table is the state's list of characters for names; its third level has characters
// that only names use. So one question settles both: a traditional character that
// the table has is a standard one, and every other one is traditional or rare.
// Other scripts, private characters and marks that no letter takes up are uncommon
// too. A clerk then looks at a name that a machine could have read, never the other
// way round.
//
// A resident ID card has a Chinese name, so a Latin letter in it is pinyin for a
// character that could not be entered (rule B8).
func Uncommon(name string, on DocumentType) bool {
	for _, r := range one(name) {
		switch {
		case unicode.Is(unicode.Latin, r):
			if on == ResidentID {
				return true
			}
		case r > unicode.MaxASCII && r != '·' && !isCommon(r):
			return true
		}
	}
	return false
}
