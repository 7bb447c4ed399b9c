package identity

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// MaxUnits is the stored length of a name (rule B8). A Chinese character counts 2, a space or a
// combining mark 0, any other character 1.
const MaxUnits = 30

// Names are normalized before they are compared and cut (rule B8). The normalization unifies:
//
//   - full-width forms (U+FF01 to U+FF5E) with their ASCII; runs of white space, including the wide
//     space U+3000, with one space;
//   - canonically equal characters of Unicode (form NFC): composed and decomposed letters with
//     marks, and the compatibility ideographs of older character sets with their originals;
//   - the lookalikes below;
//   - variation selectors, which choose a glyph and are dropped.
//
// It keeps distinct, on purpose: "." and "·", as the rule says; a traditional and a simplified
// character, a rare one and its pinyin, an accented and a plain letter. A clerk with the document
// decides whether these are one name.
//
// Our choice: keyboards write the dot inside a name in many ways that look the same, and insert
// curly apostrophes and unusual hyphens. Passengers cannot tell them apart, so each has one
// spelling. NFC maps U+0387 to "·". Other dots, such as the ideographic full stop "。", are not
// mapped.
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

// graphemeJoiner joins marks and is invisible.
const graphemeJoiner = '\u034f'

// normalize returns the one spelling of a name, with single spaces inside.
func normalize(name string) string {
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

// withoutSpaces is normalize without spaces.
func withoutSpaces(name string) string {
	return norm.NFC.String(strings.ReplaceAll(normalize(name), " ", ""))
}

// units is the length of a character. Chinese characters are those of the script Han, including
// planes 2 and 3 where this version of Unicode does not know them yet, and private characters, in
// which older systems store rare names.
func units(r rune) int {
	switch {
	case r == ' ' || unicode.In(r, unicode.M):
		return 0
	case unicode.In(r, unicode.Han, unicode.Co) || r >= 0x20000 && r < 0x40000:
		return 2
	}
	return 1
}

// Units is the length of a name (rule B8).
func Units(name string) int {
	n := 0
	for _, r := range withoutSpaces(name) {
		n += units(r)
	}
	return n
}

// truncate keeps the first [MaxUnits]. A Chinese character that fits only by half ends the name: no
// later character moves forward. Marks stay with their letter.
func truncate(letters string) string {
	left := MaxUnits
	for i, r := range letters {
		if left -= units(r); left < 0 {
			return letters[:i]
		}
	}
	return letters
}

// Cut normalizes a name and bounds it to [MaxUnits]. A name that fits keeps its spaces; a longer
// one is cut without spaces, as passengers are told to enter it.
func Cut(name string) string {
	all := withoutSpaces(name)
	if kept := truncate(all); len(kept) < len(all) {
		return kept
	}
	return normalize(name)
}

// OverLong reports whether [Cut] removes a part of the name.
func OverLong(name string) bool { return Units(name) > MaxUnits }

// Key is equal for the spellings of one name: the first [MaxUnits] without spaces and, for Latin
// letters, without case. It is for comparing; display uses [Cut].
func Key(name string) string {
	// Decomposed first, so that case folding applies to the letter without its marks.
	return norm.NFC.String(strings.Map(foldCase, norm.NFD.String(truncate(withoutSpaces(name)))))
}

// SameName reports whether two names are spellings of one (rule B8).
func SameName(a, b string) bool { return Key(a) == Key(b) }

// foldCase returns the smallest of the letters that differ only in case. ToUpper would keep ß
// distinct from its capital.
func foldCase(r rune) rune {
	if !unicode.Is(unicode.Latin, r) {
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return least
}

// commonText is the Table of General Standard Chinese Characters (通用规范汉字表, 2013): 3,500, 3,000
// and 1,605 characters on three lines. commongen generates it; LICENSE-UNICODE is its licence.
//
//go:embed common.txt
var commonText string

// common contains the 8,105 characters in order.
var common = func() []rune {
	all := []rune(strings.ReplaceAll(commonText, "\n", ""))
	slices.Sort(all)
	return all
}()

func isCommon(r rune) bool {
	_, found := slices.BinarySearch(common, r)
	return found
}

// Uncommon reports whether a name on a document of the type has a rare or traditional character
// (rule B1), or pinyin in place of one.
//
// Our choice, since the rule names no list: common are the Chinese characters of the Table of
// General Standard Chinese Characters, Latin letters, ASCII and "·". The table is the official list
// of characters for names; its third level contains characters used only in names. One lookup
// therefore decides both: a traditional character in the table is a standard one, and any other
// character is traditional or rare. Other scripts, private characters and marks that do not combine
// with a letter are uncommon as well. The error is always on one side: a clerk may look at a name
// that a machine could have read.
//
// A resident ID card has a Chinese name, so a Latin letter in it is pinyin for a character that
// could not be entered (rule B8).
func Uncommon(name string, on DocumentType) bool {
	for _, r := range normalize(name) {
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
