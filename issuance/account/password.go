package account

import (
	"context"
	"database/sql"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
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

// commonWords are what people choose who want no password: written down by us
// from what everybody knows, and short on purpose, since the failures that lock
// an account leave a guesser no more than a few of them. Lower-case letters only.
var commonWords = set(`
	password passwort passwd pass passw admin administrator root user guest test tester login welcome
	letmein changeme secret default master access hello iloveyou ilove loveyou love lover forever
	woaini woaiwo aini wode mima wodemima nihao xiexie baobei laopo laogong mama baba
	qwerty qwertyui qwertyuiop qwert asdf asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc wsx
	qwe asd zxc qaz abc abcd abcde abcdef abcdefg aaa aaaaaa a aa as qq qweasd qweasdzxc
	dragon monkey sunshine princess football baseball superman batman summer winter spring autumn
	china beijing shanghai zhongguo railway train huoche tielu gaotie chunyun computer internet samsung
	huawei xiaomi iphone apple google wechat weixin alipay taobao`)

// keyRuns are rows of keys and of the alphabet, forwards and backwards.
var keyRuns = []string{
	"qwertyuiopasdfghjklzxcvbnm", "mnbvcxzlkjhgfdsapoiuytrewq",
	"abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm", "qazwsxedcrfvtgbyhnujmikolp",
	"1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "a1b2c3d4e5f6g7h8", "1a2b3c4d5e6f7g8h",
	"!@#$%^&*()_+", "1!2@3#4$5%6^7&8*9(0)",
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

var errPasswordWrong = problem.New(PasswordWrong, "the present password is wrong")

// proof says that the holder knows the password, as it was a moment ago.
type proof struct {
	profile Profile
	no      int // of the password
	name    throttle.Key
}

// prove compares the password of a holder who is logged in: whoever picks up
// somebody's phone must not get further. It counts failures as LogIn does.
func (s *Service) prove(ctx context.Context, h Holder, password string, from throttle.Caller) (p proof, err error) {
	password, ok := normalPassword(password)
	if !ok {
		return proof{}, errPasswordWrong
	}
	if err := s.Lockout.Allow(throttle.Logins, from); err != nil {
		return proof{}, err
	}
	c, err := view(ctx, s, "find account", func(ctx context.Context, q database.Queries) (c credential, err error) {
		if p.profile, err = readProfile(ctx, q, s.Vault, h.account); err != nil {
			return c, err
		}
		p.name = s.Lockout.Account(p.profile.Login)
		if err = s.Lockout.Check(ctx, q, p.name); err != nil {
			return c, err
		}
		return s.credential(ctx, q, "id", h.account)
	})
	if err != nil {
		return proof{}, err
	}
	right, _, err := s.hasher.matches(ctx, c.hash, password)
	if err != nil {
		return proof{}, err
	}
	if !right {
		return proof{}, s.countWrong(ctx, errPasswordWrong, p.name, from)
	}
	s.Lockout.Succeeded(throttle.Logins, from, p.name)
	p.no = c.no
	return p, nil
}

// stands makes sure, in the transaction that acts on it, that the proof still
// holds.
func (s *Service) stands(ctx context.Context, tx *sql.Tx, h Holder, p proof) error {
	no, err := s.lockLogin(ctx, tx, h)
	if err != nil {
		return err
	}
	if no != p.no {
		return errPasswordWrong
	}
	if err := s.Lockout.Check(ctx, tx, p.name); err != nil {
		return err
	}
	return s.Lockout.Clear(ctx, tx, p.name)
}

// ChangePassword takes the present password and a new one. All other logins of
// the account end: whoever had the old password is out.
func (s *Service) ChangePassword(ctx context.Context, h Holder, present, next string, from throttle.Caller) error {
	p, err := s.prove(ctx, h, present, from)
	if err != nil {
		return err
	}
	hashed, err := s.hashNew(ctx, next, p.profile)
	if err != nil {
		return err
	}
	return s.Database.Change(ctx, "change password", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.stands(ctx, tx, h, p); err != nil {
			return err
		}
		if err := s.setPassword(ctx, tx, h.account, hashed); err != nil {
			return err
		}
		_, err = s.endLogins(ctx, tx, "account = $1 AND id <> $2", h.account, h.login)
		return err
	})
}

// hashNew checks and hashes a password that an account is to have.
func (s *Service) hashNew(ctx context.Context, next string, of Profile) (string, error) {
	next, err := newPassword(next, personalWords(of.Login, of.Identity, of.Contact)...)
	if err != nil {
		return "", err
	}
	return s.hasher.hash(ctx, next)
}

// setPassword writes a hash over the one of the password before.
func (s *Service) setPassword(ctx context.Context, tx *sql.Tx, account, hashed string) error {
	_, err := tx.ExecContext(ctx, `UPDATE accounts SET password = $1, password_no = password_no + 1, password_ms = $2 WHERE id = $3`,
		seal(s.Vault, columnPassword, account, hashed), s.now(), account)
	return err
}

// Close ends the account at its holder's wish: with the password, since there is
// no way back. All that this package holds about it is deleted at once, its logins
// and what is bound to them end, and the login name is free again. The registry
// may refuse, and keeps what it must (Hooks.Closing).
func (s *Service) Close(ctx context.Context, h Holder, password string, from throttle.Caller) error {
	p, err := s.prove(ctx, h, password, from)
	if err != nil {
		return err
	}
	return s.Database.Change(ctx, "close account", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.stands(ctx, tx, h, p); err != nil {
			return err
		}
		if _, err := s.endLogins(ctx, tx, "account = $1", h.account); err != nil {
			return err
		}
		if err := s.Hooks.Closing(ctx, tx, h.account); err != nil {
			return err
		}
		for _, rows := range []string{
			`DELETE FROM account_codes WHERE account = $1`,
			`DELETE FROM logins WHERE account = $1`,
			`DELETE FROM phone_codes WHERE account = $1`,
			`DELETE FROM consents WHERE account = $1`,
			`DELETE FROM accounts WHERE id = $1`,
		} {
			if _, err := tx.ExecContext(ctx, rows, h.account); err != nil {
				return err
			}
		}
		return nil
	})
}
