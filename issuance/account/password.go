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

// MinPassword and MaxPassword bound a password in bytes of UTF-8: the minimum after
// normalization, the maximum as entered. Eight is the minimum of NIST SP 800-63B.
const (
	MinPassword = 8
	MaxPassword = 128
)

// normalPassword is the form in which a password is hashed: NFKC (NIST SP 800-63B, 5.1.1.2).
// Chinese keyboards type wide letters and digits, and phones and computers compose accents
// differently; these differences are invisible and must not matter. Characters that are not
// assigned in this version of Unicode are refused, since a later version may normalize them
// otherwise. Invisible characters are refused as well; spaces are allowed.
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

// newPassword checks a new password. It must not consist mainly of one of the words in personal,
// which a guesser knows.
func newPassword(entered string, personal ...string) (string, error) {
	password, ok := normalPassword(entered)
	if !ok || len(password) < MinPassword {
		return "", problem.New(PasswordInvalid, "password must have 8 to 128 bytes and no invisible characters")
	}
	if common(password, personal) {
		return "", problem.New(PasswordCommon, "password must not be a common one, a simple sequence, or the login name, document number, phone or e-mail address")
	}
	return password, nil
}

// common reports whether a guesser would try the password early.
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

// minDigits is the minimum length of a password of digits only. maxAround is how many characters
// around a common word do not make it better: a year and a sign or two. Our choice.
const (
	minDigits = 10
	maxAround = 6
)

// runs reports whether every byte is one more, or every byte one less, than its predecessor; 9 is
// followed by 0.
func runs(p string) bool {
	up, down := true, true
	for i := 1; i < len(p); i++ {
		up = up && (p[i] == p[i-1]+1 || p[i-1] == '9' && p[i] == '0')
		down = down && (p[i] == p[i-1]-1 || p[i-1] == '0' && p[i] == '9')
	}
	return up || down
}

// repeats reports whether p is a part of up to six bytes, repeated at least twice.
func repeats(p string) bool {
	for size := 1; size <= 6 && size <= len(p)/2; size++ {
		if strings.HasPrefix(p[size:], p[:len(p)-size]) {
			return true
		}
	}
	return false
}

// madeOf reports whether the password is a personal word with a few more characters, or a part of
// one.
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

// commonWords are popular passwords, collected by us. The list is short on purpose: the lockout
// leaves a guesser only a few attempts. Lower-case letters only.
var commonWords = set(`
	password passwort passwd pass passw admin administrator root user guest test tester login welcome
	letmein changeme secret default master access hello iloveyou ilove loveyou love lover forever
	woaini woaiwo aini wode mima wodemima nihao xiexie baobei laopo laogong mama baba
	qwerty qwertyui qwertyuiop qwert asdf asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc wsx
	qwe asd zxc qaz abc abcd abcde abcdef abcdefg aaa aaaaaa a aa as qq qweasd qweasdzxc
	dragon monkey sunshine princess football baseball superman batman summer winter spring autumn
	china beijing shanghai zhongguo railway train huoche tielu gaotie chunyun computer internet samsung
	huawei xiaomi iphone apple google wechat weixin alipay taobao`)

// keyRuns are rows of keys and the alphabet, forwards and backwards.
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

var errPasswordWrong = problem.New(PasswordWrong, "the current password is wrong")

// passwordProof records that the holder knew the password at the time of the comparison.
type passwordProof struct {
	profile Profile
	no      int // the password's number
	name    throttle.Key
}

// prove compares the password of a logged-in holder, which protects a logged-in phone in other
// hands. It counts failures as [Service.LogIn] does.
func (s *Service) prove(ctx context.Context, h Holder, password string, from throttle.Caller) (p passwordProof, err error) {
	password, ok := normalPassword(password)
	if !ok {
		return passwordProof{}, errPasswordWrong
	}
	if err := s.Lockout.Allow(throttle.Logins, from); err != nil {
		return passwordProof{}, err
	}
	c, err := viewAccount(ctx, s, "find account", func(ctx context.Context, q database.Queries) (c credential, err error) {
		if p.profile, err = readProfile(ctx, q, s.Vault, h.account); err != nil {
			return c, err
		}
		p.name = s.Lockout.Account(p.profile.Login)
		if err = s.Lockout.Check(ctx, q, p.name); err != nil {
			return c, err
		}
		return s.findCredential(ctx, q, "id", h.account)
	})
	if err != nil {
		return passwordProof{}, err
	}
	right, _, err := s.hasher.matches(ctx, c.hash, password)
	if err != nil {
		return passwordProof{}, err
	}
	if !right {
		return passwordProof{}, s.countWrong(ctx, errPasswordWrong, p.name, from)
	}
	s.Lockout.Succeeded(throttle.Logins, from, p.name)
	p.no = c.no
	return p, nil
}

// requireProof checks, in the transaction that relies on it, that the proof is still valid.
func (s *Service) requireProof(ctx context.Context, tx *sql.Tx, h Holder, p passwordProof) error {
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

// ChangePassword replaces the password present with next. All other logins of the account end.
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
		if err := s.requireProof(ctx, tx, h, p); err != nil {
			return err
		}
		if err := s.setPassword(ctx, tx, h.account, hashed); err != nil {
			return err
		}
		_, err = s.endLogins(ctx, tx, "account = $1 AND id <> $2", h.account, h.login)
		return err
	})
}

// hashNew checks and hashes an account's new password.
func (s *Service) hashNew(ctx context.Context, next string, of Profile) (string, error) {
	next, err := newPassword(next, personalWords(of.Login, of.Identity, of.Contact)...)
	if err != nil {
		return "", err
	}
	return s.hasher.hash(ctx, next)
}

// setPassword stores the hash of a new password.
func (s *Service) setPassword(ctx context.Context, tx *sql.Tx, account, hashed string) error {
	_, err := tx.ExecContext(ctx, `UPDATE accounts SET password = $1, password_no = password_no + 1, password_ms = $2 WHERE id = $3`,
		encrypt(s.Vault, columnPassword, account, hashed), s.now(), account)
	return err
}

// Close deletes the account on its holder's request. It requires the password, since it cannot be
// undone. All data of this package about the account is deleted immediately, its logins and
// everything bound to them end, and the login name becomes free. The registry may refuse, and
// retains the records it must keep ([Hooks.Closing]).
func (s *Service) Close(ctx context.Context, h Holder, password string, from throttle.Caller) error {
	p, err := s.prove(ctx, h, password, from)
	if err != nil {
		return err
	}
	return s.Database.Change(ctx, "close account", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.requireProof(ctx, tx, h, p); err != nil {
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
