package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
)

// Bounds of a code that is sent to a phone. Our choice; the source names none.
const (
	// CodeLife is how long a code is good.
	CodeLife = 5 * time.Minute
	// CodeTries is how many wrong entries a code survives, less one.
	CodeTries = 5
	// codeDigits is its length: a million codes, and at most 25 guesses a day for an account
	// (throttle.DefaultCodeRules).
	codeDigits = 6
	// maxSending bounds the codes that are handed to the provider at once.
	maxSending = 64
)

// DefaultCodePrefixes are the country codes to which codes are sent besides mainland
// numbers: those of the permits that open an account. A message to some other countries
// costs many times as much, and strangers earn from it.
var DefaultCodePrefixes = []string{"+852", "+853", "+886"}

const mainland = "+86"

// purposes are the numbers of provider.Purpose in the database: never reuse one.
var purposes = map[provider.Purpose]int{provider.VerifyPhone: 1, provider.ResetPassword: 2}

// Purposes of blind indexes. A changed one makes every code on its way wrong.
const (
	indexCode      = "phone_codes.code"
	indexCodePhone = "phone_codes.phone"
)

var (
	errCodesOff    = problem.New(CodeUnavailable, "this issuer sends no codes")
	errCodeFailed  = problem.New(CodeUnavailable, "the code could not be sent")
	errCodesBusy   = problem.New(CodeUnavailable, "too many codes are being sent at once; none was sent now")
	errCodeWrong   = problem.New(CodeWrong, "code is wrong, was used, was entered wrongly too often, or is older than five minutes")
	errPhoneForm   = problem.New(PhoneInvalid, "phone must be 11 digits of a mainland mobile number, or a plus sign, country code and number, digits only")
	errPhoneServed = problem.New(PhoneNotServed, "no codes are sent to numbers of this country")
	errLanguage    = problem.New(LanguageInvalid, "language must be zh or en")
)

// receiver is where a code goes.
type receiver struct {
	phone    string // in its one form
	language provider.Language
}

// receiver reads a phone and a language; an empty language is Chinese.
func (s *Service) receiver(phone, language string) (receiver, error) {
	if s.Codes == nil {
		return receiver{}, errCodesOff
	}
	normal, ok := normalPhone(phone)
	if !ok || normal == "" {
		return receiver{}, errPhoneForm
	}
	if strings.HasPrefix(normal, "+") && !slices.ContainsFunc(s.CodePrefixes, func(p string) bool { return strings.HasPrefix(normal, p) }) {
		return receiver{}, errPhoneServed
	}
	switch l := provider.Language(language); l {
	case "":
		return receiver{normal, provider.Chinese}, nil
	case provider.Chinese, provider.English:
		return receiver{normal, l}, nil
	}
	return receiver{}, errLanguage
}

// e164 is a phone as providers take it.
func e164(phone string) string {
	if strings.HasPrefix(phone, "+") {
		return phone
	}
	return mainland + phone
}

// sentCode is a code that was made. Without an account it goes nowhere.
type sentCode struct {
	id, account string
	expires     database.Millis
	message     provider.Message
}

// makeCode counts a code and keeps its hash, in place of the account's last one for the
// purpose. Without an account the row is one that no code opens: the work and the answers
// are the same.
func (s *Service) makeCode(ctx context.Context, account, login string, to receiver, purpose provider.Purpose, from throttle.Caller) (c sentCode, err error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return sentCode{}, err
	}
	code := fmt.Sprintf("%0*d", codeDigits, n)
	c = sentCode{
		id: ids.New(codePrefix, ids.IDSize), account: account, expires: s.now().Add(CodeLife),
		message: provider.Message{Number: e164(to.phone), Code: code, Purpose: purpose, Language: to.language},
	}
	err = s.Database.Change(ctx, "make a code", func(ctx context.Context, tx *sql.Tx) error {
		c.account = account
		keys, err := s.codeKeys(ctx, tx, &c, login, to.phone, purpose, from)
		if err != nil {
			return err
		}
		hash := s.codeHash(c.id, purpose, code)
		if c.account == "" {
			hash = make([]byte, len(hash)) // of no code
			rand.Read(hash)
		}
		if err := s.Lockout.Add(ctx, tx, keys...); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO phone_codes (id, account, purpose, phone_hash, code_hash, tries, expires_ms) VALUES ($1, $2, $3, $4, $5, 0, $6)
			ON CONFLICT (account, purpose) DO UPDATE
			SET id = excluded.id, phone_hash = excluded.phone_hash, code_hash = excluded.code_hash, tries = 0, expires_ms = excluded.expires_ms`,
			c.id, sql.NullString{String: c.account, Valid: c.account != ""}, purposes[purpose], s.index(indexCodePhone, to.phone), hash, c.expires)
		return err
	})
	if problem.Is(err, throttle.TooManyCodes) {
		s.metrics.codes.WithLabelValues(string(purpose), codeThrottled).Inc()
	}
	return c, err
}

// codeKeys are what a code counts by. A number gets so many messages by recoveries in a day,
// however many accounts have it: one beyond that loses its account, so that it is not sent
// and is answered like all others.
func (s *Service) codeKeys(ctx context.Context, tx *sql.Tx, c *sentCode, login, phone string, purpose provider.Purpose, from throttle.Caller) ([]throttle.Key, error) {
	if purpose != provider.ResetPassword {
		return s.Lockout.Codes(login, phone, from), nil
	}
	keys := s.Lockout.RecoveryCodes(login, phone, from)
	if c.account == "" {
		return keys, nil
	}
	number := s.Lockout.RecoveryNumber(phone)
	err := s.Lockout.Check(ctx, tx, number)
	if problem.Is(err, throttle.TooManyCodes) {
		c.account = ""
		return keys, nil
	}
	return append(keys, number), err
}

// codeHash is how a code is kept: keyed, and bound to its row.
func (s *Service) codeHash(id string, purpose provider.Purpose, code string) []byte {
	return s.index(indexCode, id+" "+string(purpose)+" "+code)
}

// place takes a place among the codes that are sent at once; leave gives it back.
func (s *Service) place() (leave func(), err error) {
	select {
	case s.sending <- struct{}{}:
		return func() { <-s.sending }, nil
	default:
		return nil, errCodesBusy
	}
}

// send hands a code to the provider, within a bound.
func (s *Service) send(ctx context.Context, m provider.Message) (err error) {
	ctx, cancel := context.WithTimeout(ctx, provider.DefaultTimeout)
	defer cancel()
	outcome := codeFailed
	defer func() {
		if recover() != nil { // what it panicked with may show the number
			err = errCodeFailed
		}
		s.metrics.codes.WithLabelValues(string(m.Purpose), outcome).Inc()
	}()
	if err := s.Codes.Send(ctx, m); err != nil {
		s.Log.Warn("sending a phone code", zap.Error(err))
		return errCodeFailed
	}
	outcome = codeSent
	return nil
}

// codeRow is a code on its way.
type codeRow struct {
	id, account string
	phone       []byte // hash of the number that it was sent to
}

// tryCode compares an entered code with the row of a condition, whose parameters begin at
// $1, and locks the row. A wrong entry counts, so its transaction must commit: wrong is
// its answer. Of entries at the same time at most CodeTries are compared.
func (s *Service) tryCode(ctx context.Context, tx *sql.Tx, purpose provider.Purpose, phone, code, which string, args ...any) (row codeRow, wrong, err error) {
	var account sql.NullString
	var phoneHash, codeHash []byte
	var tries int
	var expires database.Millis
	err = tx.QueryRowContext(ctx, `SELECT id, account, phone_hash, code_hash, tries, expires_ms FROM phone_codes WHERE `+which+s.Database.ForUpdate, args...).
		Scan(&row.id, &account, &phoneHash, &codeHash, &tries, &expires)
	if err == sql.ErrNoRows {
		return codeRow{}, errCodeWrong, nil
	}
	if err != nil {
		return codeRow{}, nil, err
	}
	if tries >= CodeTries || s.now() >= expires {
		return codeRow{}, errCodeWrong, nil
	}
	right := subtle.ConstantTimeCompare(codeHash, s.codeHash(row.id, purpose, code))
	if phone != "" {
		right &= subtle.ConstantTimeCompare(phoneHash, s.index(indexCodePhone, phone))
	}
	if right != 1 {
		_, err = tx.ExecContext(ctx, `UPDATE phone_codes SET tries = tries + 1 WHERE id = $1`, row.id)
		return codeRow{}, errCodeWrong, err
	}
	row.account, row.phone = account.String, phoneHash
	return row, nil, nil
}

// entered counts the entry of a code by its network.
func (s *Service) entered(purpose provider.Purpose, wrong error, from throttle.Caller, k throttle.Key) {
	outcome := "right"
	if wrong != nil {
		outcome = "wrong"
		s.Lockout.Failed(throttle.PhoneCodes, from)
	} else {
		s.Lockout.Succeeded(throttle.PhoneCodes, from, k)
	}
	s.metrics.entries.WithLabelValues(string(purpose), outcome).Inc()
}

// codeForm reports whether text can be a code.
func codeForm(text string) bool {
	return len(text) == codeDigits && allIn(text, "0123456789")
}

// dropCodes deletes what is on its way for an account: its phone changed.
func dropCodes(ctx context.Context, tx *sql.Tx, account string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM phone_codes WHERE account = $1`, account)
	return err
}
