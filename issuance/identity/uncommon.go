package identity

import (
	"unicode"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Uncommon reports whether a name holds a character that is rare or traditional
// (rule B1).
//
// Ours, for the rule names no list: common are the 6763 Chinese characters of
// GB/T 2312, which every Chinese keyboard has and which all but leaves out the
// traditional forms, Latin letters, ASCII and "·". Everything else is uncommon: characters of
// the later standards and of the CJK extensions, private ones, other scripts,
// marks that no letter takes up. That errs on the side of the window: a clerk
// looks at a name that a machine could have read, never the other way round.
func Uncommon(name string) bool {
	for _, r := range one(name) {
		if r > unicode.MaxASCII && r != '·' && !unicode.Is(unicode.Latin, r) && !inGB2312(r) {
			return true
		}
	}
	return false
}

// inGB2312 reports whether GB/T 2312 has the Chinese character: GBK keeps its
// two levels, rows 16 to 87, at the bytes B0A1 to F7FE.
func inGB2312(r rune) bool {
	if !unicode.Is(unicode.Han, r) {
		return false
	}
	code, err := simplifiedchinese.GBK.NewEncoder().String(string(r))
	return err == nil && len(code) == 2 && code[0] >= 0xb0 && code[0] <= 0xf7 && code[1] >= 0xa1
}
