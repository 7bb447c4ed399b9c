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

// Bounds of a phone code. Our choice: the rules name none.
const (
	// CodeLife is how long a code is valid.
	CodeLife = 5 * time.Minute
	// CodeTries is the number of wrong entries that invalidates a code.
	CodeTries = 5
	// codeDigits is the length of a code: a million codes, against at most 25 guesses a day for an
	// account ([throttle.DefaultCodeRules]).
	codeDigits = 6
	// maxSending bounds the codes that are being sent concurrently.
	maxSending = 64
)

// DefaultCodePrefixes are the country codes to which codes are sent in addition to mainland
// numbers: the regions whose permits can open an account. Messages to some other countries cost
// many times as much, and fraudsters earn from that traffic.
var DefaultCodePrefixes = []string{"+852", "+853", "+886"}

const mainland = "+86"

// purposes numbers [provider.Purpose] in the database. A number is never reused.
var purposes = map[provider.Purpose]int{provider.VerifyPhone: 1, provider.ResetPassword: 2}

// Purposes of blind indexes. Changing one invalidates every outstanding code.
const (
	indexCode      = "phone_codes.code"
	indexCodePhone = "phone_codes.phone"
)

var (
	errCodesOff    = problem.New(CodeUnavailable, "phone codes are not configured on this issuer")
	errCodeFailed  = problem.New(CodeUnavailable, "the code could not be sent")
	errCodesBusy   = problem.New(CodeUnavailable, "too many codes are being sent; this one was not sent, try again")
	errCodeWrong   = problem.New(CodeWrong, "code is wrong, already used, older than five minutes, or was entered wrongly too often")
	errPhoneForm   = problem.New(PhoneInvalid, "phone must be 11 digits of a mainland mobile number, or a plus sign, country code and number, digits only")
	errPhoneServed = problem.New(PhoneNotServed, "no codes are sent to numbers with this country code")
	errLanguage    = problem.New(LanguageInvalid, "language must be zh or en")
)

// receiver is the destination of a code.
type receiver struct {
	phone    string // normalized
	language provider.Language
}

// newReceiver parses a phone and a language. An empty language is Chinese.
func (s *Service) newReceiver(phone, language string) (receiver, error) {
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

// e164 is a phone in the form that providers expect.
func e164(phone string) string {
	if strings.HasPrefix(phone, "+") {
		return phone
	}
	return mainland + phone
}

// sentCode is a new code. Without an account it is not sent.
type sentCode struct {
	id, account string
	expires     database.Millis
	message     provider.Message
}

// makeCode counts a code against the limits and stores its hash, replacing the account's previous
// code for the purpose. Without an account the row matches no code, for the same work and the same
// answers.
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
			hash = make([]byte, len(hash)) // matches no code
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

// codeKeys are the limits that a code counts against. Recoveries send a bounded number of messages
// a day to one phone, whatever number of accounts have it. A code beyond that bound loses its
// account: it is not sent, and the answer is the same.
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

// codeHash is the stored form of a code: a keyed hash, bound to its row.
func (s *Service) codeHash(id string, purpose provider.Purpose, code string) []byte {
	return s.index(indexCode, id+" "+string(purpose)+" "+code)
}

// reserveSend reserves one of the concurrent sends; release frees it.
func (s *Service) reserveSend() (release func(), err error) {
	select {
	case s.sending <- struct{}{}:
		return func() { <-s.sending }, nil
	default:
		return nil, errCodesBusy
	}
}

// send passes a code to the provider, bounded by [provider.DefaultTimeout].
func (s *Service) send(ctx context.Context, m provider.Message) (err error) {
	ctx, cancel := context.WithTimeout(ctx, provider.DefaultTimeout)
	defer cancel()
	outcome := codeFailed
	defer func() {
		if recover() != nil { // the panic value may contain the number
			err = errCodeFailed
		}
		s.metrics.codes.WithLabelValues(string(m.Purpose), outcome).Inc()
	}()
	if err := s.Codes.Send(ctx, m); err != nil {
		s.Log.Warn("phone code not sent: the provider failed", zap.Error(err))
		return errCodeFailed
	}
	outcome = codeSent
	return nil
}

// codeRow is an outstanding code.
type codeRow struct {
	id, account string
	phone       []byte // keyed hash of the receiving number
}

// tryCode locks the row that condition (with the parameters args) selects and compares an entered
// code with it. wrong is the answer for a wrong entry; the caller must commit the transaction,
// since the entry is counted in it. At most CodeTries concurrent entries are compared.
func (s *Service) tryCode(ctx context.Context, tx *sql.Tx, purpose provider.Purpose, phone, code, condition string, args ...any) (row codeRow, wrong, err error) {
	var account sql.NullString
	var phoneHash, codeHash []byte
	var tries int
	var expires database.Millis
	err = tx.QueryRowContext(ctx, `SELECT id, account, phone_hash, code_hash, tries, expires_ms FROM phone_codes WHERE `+condition+s.Database.ForUpdate, args...).
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

// countEntry counts an entry of a code for its network.
func (s *Service) countEntry(purpose provider.Purpose, wrong error, from throttle.Caller, k throttle.Key) {
	outcome := "right"
	if wrong != nil {
		outcome = "wrong"
		s.Lockout.Failed(throttle.PhoneCodes, from)
	} else {
		s.Lockout.Succeeded(throttle.PhoneCodes, from, k)
	}
	s.metrics.entries.WithLabelValues(string(purpose), outcome).Inc()
}

// isCode reports whether text has the form of a code.
func isCode(text string) bool {
	return len(text) == codeDigits && allIn(text, "0123456789")
}

// deleteCodes deletes the outstanding codes of an account whose phone changed.
func deleteCodes(ctx context.Context, tx *sql.Tx, account string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM phone_codes WHERE account = $1`, account)
	return err
}
