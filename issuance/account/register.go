package account

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/throttle"
)

// Registration is the form for a new account. It is personal data.
type Registration struct {
	Login    string
	Password string
	Identity identity.Entry
	Contact  Contact
	// Policy is the version of the privacy policy that the person agreed to.
	Policy string
}

// Register makes an account and returns its id. It does not log in. A taken login name and every
// problem of the registry count as a failure of the caller's network: both reveal something about
// other people.
func (s *Service) Register(ctx context.Context, r Registration, from throttle.Caller) (account string, err error) {
	login, ok := normalLogin(r.Login)
	if !ok {
		return "", errLoginForm
	}
	who, contact, err := readEntry(r.Identity, r.Contact, s.Now())
	if err != nil {
		return "", err
	}
	password, err := newPassword(r.Password, personalWords(login, who, contact)...)
	if err != nil {
		return "", err
	}
	if r.Policy != s.Policy {
		return "", ErrConsent
	}

	if err := s.Lockout.Allow(throttle.Registrations, from); err != nil {
		return "", err
	}
	loginIndex := s.loginIndex(login)
	var taken bool // avoids the cost of hashing; the insert decides
	err = s.Database.View(ctx, "find login name", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM accounts WHERE login_index = $1`, loginIndex).Scan(&taken)
	})
	if err != nil {
		return "", err
	}
	if taken {
		s.Lockout.Failed(throttle.Registrations, from)
		return "", errTaken
	}
	hashed, err := s.hasher.hash(ctx, password)
	if err != nil {
		return "", err
	}

	p := Profile{Account: ids.New(accountPrefix, ids.IDSize), Login: login, Identity: who, Contact: contact}
	account, now := p.Account, s.now()
	err = s.Database.Change(ctx, "register", func(ctx context.Context, tx *sql.Tx) error {
		n, err := database.Changed(ctx, tx, `
			INSERT INTO accounts (`+editable+`, id, login_index, login, password, password_no, password_ms, version, created_ms)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, 1, $13)
			ON CONFLICT (login_index) DO NOTHING`,
			append(p.editableValues(s.Vault), account, loginIndex, encrypt(s.Vault, columnLogin, account, login), encrypt(s.Vault, columnPassword, account, hashed), now)...)
		if err != nil {
			return err
		}
		if n == 0 {
			return errTaken
		}
		if err := s.consent(ctx, tx, account, now); err != nil {
			return err
		}
		return s.Hooks.Registered(ctx, tx, account, who)
	})
	if rejected := new(problem.Error); errors.As(err, &rejected) {
		s.Lockout.Failed(throttle.Registrations, from)
	}
	if err != nil {
		return "", err
	}
	s.Lockout.Succeeded(throttle.Registrations, from, s.Lockout.Account(login))
	return account, nil
}

var errLoginForm = problem.New(LoginInvalid, "login name must have 6 to 30 letters, digits and underscores and begin with a letter")

var errTaken = problem.New(LoginTaken, "login name is taken")

// personalWords are words that a password must not consist of.
func personalWords(login string, who identity.Person, c Contact) []string {
	local, _, _ := strings.Cut(c.Email, "@")
	return []string{login, who.Number, c.Phone, c.Email, local}
}

// ErrConsent is the problem of a request without consent to the current privacy policy.
var ErrConsent = problem.New(ConsentRequired, "policy must be the version of the current privacy policy: GET /v1/privacy-policy returns its text and version")

// Consent records that the holder agrees to the current privacy policy. It is idempotent. Consent
// is withdrawn by closing the account (rule B12).
func (s *Service) Consent(ctx context.Context, h Holder, policy string) error {
	if policy != s.Policy {
		return ErrConsent
	}
	return s.Database.Change(ctx, "consent", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.LockLogin(ctx, tx, h); err != nil {
			return err
		}
		return s.consent(ctx, tx, h.account, s.now())
	})
}

func (s *Service) consent(ctx context.Context, tx *sql.Tx, account string, now database.Millis) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO consents (account, version, at_ms) VALUES ($1, $2, $3) ON CONFLICT (account, version) DO NOTHING`,
		account, s.Policy, now)
	return err
}

// MinLogin and MaxLogin bound a login name in characters. Our choice.
const (
	MinLogin = 6
	MaxLogin = 30
)

// normalLogin normalizes a login name: a letter, then letters, digits and underscores, without
// case. It cannot look like a phone or a document number.
func normalLogin(entered string) (string, bool) {
	if len(entered) < MinLogin || len(entered) > MaxLogin || !printable(entered, MaxLogin) {
		return "", false
	}
	login := strings.ToLower(entered)
	for i := range len(login) {
		c := login[i]
		if !(c >= 'a' && c <= 'z') && (i == 0 || !(c >= '0' && c <= '9') && c != '_') {
			return "", false
		}
	}
	return login, true
}

// LockKey is the key by which wrong passwords for a login name are counted; ok is false if login is
// not a valid login name.
func LockKey(f *throttle.Lockout, login string) (k throttle.Key, ok bool) {
	login, ok = normalLogin(login)
	return f.Account(login), ok
}

// CodeKey is the key by which phone codes for a login name are counted.
func CodeKey(f *throttle.Lockout, login string) throttle.Key {
	login, _ = normalLogin(login)
	return f.CodesOf(login)
}

// readEntry checks and normalizes an identity and a contact, field by field.
func readEntry(e identity.Entry, c Contact, now time.Time) (who identity.Person, contact Contact, err error) {
	if who, err = identity.ReadPerson(e, now); err != nil {
		return who, contact, IdentityProblem(err, "document type ")
	}
	contact, err = c.normal()
	return who, contact, err
}

// IdentityProblem translates an error of package identity into a problem. document precedes the
// text about the type of document.
func IdentityProblem(err error, document string) error {
	return rules.EntryProblem(err, "", rules.FieldProblems{{DocumentInvalid, document}, {NameInvalid, "name "}, {NumberInvalid, ""}, {NationalityInvalid, ""}})
}

// Contact is how a holder can be reached; at least one field is set. Ownership of neither is
// checked here. It is personal data.
type Contact struct {
	Phone string // empty: none
	Email string // empty: none
}

// maxEmail and maxLocal bound an e-mail address and its local part (RFC 5321).
const (
	maxEmail = 254
	maxLocal = 64
)

// normal checks and normalizes a contact.
func (c Contact) normal() (Contact, error) {
	if c == (Contact{}) {
		return c, problem.New(ContactMissing, "a phone number or an e-mail address is required")
	}
	phone, ok := normalPhone(c.Phone)
	if !ok {
		return c, errPhoneForm
	}
	email, ok := normalEmail(c.Email)
	if !ok {
		return c, problem.New(EmailInvalid, "email must be an address of at most 254 ASCII characters")
	}
	return Contact{phone, email}, nil
}

// normalPhone accepts a mainland mobile number, which it returns without its country code, and any
// other number in the form of E.164: a plus sign and at most 15 digits.
func normalPhone(entered string) (string, bool) {
	if entered == "" {
		return "", true
	}
	phone := entered
	if rest, ok := strings.CutPrefix(phone, mainland); ok {
		phone = rest
	} else if digits, ok := strings.CutPrefix(phone, "+"); ok {
		return phone, len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' && allIn(digits, "0123456789")
	}
	return phone, len(phone) == 11 && phone[0] == '1' && phone[1] >= '3' && allIn(phone, "0123456789")
}

// normalEmail accepts the usual addresses (a dot-atom of RFC 5322 at a domain with a dot) and
// returns them in lower case: no common mail system distinguishes case, and passengers do not
// remember which they typed.
func normalEmail(entered string) (string, bool) {
	if entered == "" {
		return "", true
	}
	if !printable(entered, maxEmail) { // before ToLower, which maps some other letters to ASCII
		return "", false
	}
	email := strings.ToLower(entered)
	local, domain, ok := strings.Cut(email, "@")
	if !ok || len(local) > maxLocal || !strings.Contains(domain, ".") {
		return "", false
	}
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || !allIn(atom, letters+"!#$%&'*+-/=?^_`{|}~") {
			return "", false
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || !allIn(label, letters+"-") || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
	}
	return email, true
}

func allIn(s, chars string) bool { return strings.Trim(s, chars) == "" }
