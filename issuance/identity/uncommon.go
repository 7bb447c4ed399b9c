package identity

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
)

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
