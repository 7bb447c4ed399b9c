package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/railgate/railgate/issuance/problem"
)

// MinPassword and MaxPassword bound a password, bytes of UTF-8: the least after
// normalisation, the most as it was entered. Eight is what NIST SP 800-63B asks
// for at least.
const (
	MinPassword = 8
	MaxPassword = 128
)

// normalPassword is the form in which a password is hashed: NFKC (NIST SP
// 800-63B, 5.1.1.2). Chinese keyboards type wide letters and digits, and phones
// and computers compose accents differently; a passenger sees no difference and
// must not meet one. Characters that this version of Unicode does not know are
// refused, since a later one may normalise them otherwise; so is what cannot be
// seen, but spaces are as good as letters.
func normalPassword(entered string) (string, bool) {
	if len(entered) > MaxPassword || !utf8.ValidString(entered) {
		return "", false
	}
	for _, r := range entered {
		if !unicode.IsGraphic(r) {
			return "", false
		}
	}
	return norm.NFKC.String(entered), true
}

// newPassword reads a password that somebody chooses. personal are words that it
// must not be made of: its guesser knows them.
func newPassword(entered string, personal ...string) (string, error) {
	password, ok := normalPassword(entered)
	if !ok || len(password) < MinPassword {
		return "", problem.New(PasswordInvalid, "password must have 8 to 128 bytes and no characters that cannot be seen")
	}
	if common(password, personal) {
		return "", problem.New(PasswordCommon, "password must not be one of the commonest, a simple sequence, or the login name, document number, phone or e-mail address")
	}
	return password, nil
}

// common reports whether a guesser tries the password first.
func common(password string, personal []string) bool {
	folded := strings.ToLower(password)
	if repeats(folded) || madeOf(folded, personal) {
		return true
	}
	if allIn(folded, "0123456789") {
		// Eight digits are often a date, and all of them can be tried.
		return len(folded) < minDigits || runs(folded)
	}
	for _, run := range keyRuns {
		if strings.Contains(run, folded) {
			return true
		}
	}
	core := strings.TrimFunc(folded, func(r rune) bool { return r < 'a' || r > 'z' })
	before, after, _ := strings.Cut(folded, core)
	return commonWords[core] && (len(before)+len(after) <= maxAround || runs(before+after) || repeats(before+after))
}

// minDigits is how many digits a password of digits must have, and maxAround how
// much may stand around a word before the password is taken for more than it: a
// year and a sign or two. Ours.
const (
	minDigits = 10
	maxAround = 6
)

// runs reports whether every byte is one more, or every byte one less, than the
// one before it; nine is followed by zero.
func runs(p string) bool {
	up, down := true, true
	for i := 1; i < len(p); i++ {
		up = up && (p[i] == p[i-1]+1 || p[i-1] == '9' && p[i] == '0')
		down = down && (p[i] == p[i-1]-1 || p[i-1] == '0' && p[i] == '9')
	}
	return up || down
}

// repeats reports whether p is one part of up to six bytes at least twice.
func repeats(p string) bool {
	for size := 1; size <= 6 && size <= len(p)/2; size++ {
		if strings.HasPrefix(p[size:], p[:len(p)-size]) {
			return true
		}
	}
	return false
}

// madeOf reports whether a personal word is all of the password but a few
// characters.
func madeOf(folded string, personal []string) bool {
	for _, word := range personal {
		word = strings.ToLower(word)
		if len(word) >= 4 && len(folded)-len(word) <= maxAround && strings.Contains(folded, word) ||
			len(folded) >= MinPassword && strings.Contains(word, folded) {
			return true
		}
	}
	return false
}
