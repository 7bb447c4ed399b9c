package account

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
)

// Registration is what somebody enters to have an account. It is personal data.
type Registration struct {
	Login    string
	Password string
	Identity EnteredIdentity
	Contact  Contact
	// Policy is the version of the privacy policy that was read and agreed to.
	Policy string
}

// Register makes an account and returns its id; logging in is the next step. A
// login name that is taken, and whatever the registry refuses, counts as a failure
// of the caller's network: both tell something about others.
func (s *Service) Register(ctx context.Context, r Registration, from throttle.Caller) (account string, err error) {
	login, ok := normalLogin(r.Login)
	if !ok {
		return "", errLoginForm
	}
	who, err := r.Identity.read(s.Now())
	if err != nil {
		return "", err
	}
	contact, err := r.Contact.read()
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
	loginIndex := s.index(indexLogin, login)
	var taken bool // asked before the work of hashing, and decided by the insert
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

	account = ids.New(accountPrefix, ids.IDSize)
	now := s.Now().UnixMilli()
	err = s.Database.Change(ctx, "register", func(ctx context.Context, tx *sql.Tx) error {
		n, err := database.Changed(ctx, tx, `
			INSERT INTO accounts (id, login_index, login, password, password_no, password_ms,
				document_type, name, name_marks, number, nationality, phone, email, version, created_ms, substituted)
			VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, $12, 1, $5, $13)
			ON CONFLICT (login_index) DO NOTHING`,
			account, loginIndex, s.seal(columnLogin, account, login), s.seal(columnPassword, account, hashed), now,
			who.Document, s.seal(columnName, account, who.Name.Text), marks(who.Name), s.seal(columnNumber, account, who.Number),
			s.seal(columnNationality, account, string(who.Nationality)),
			s.seal(columnPhone, account, contact.Phone),
			s.seal(columnEmail, account, contact.Email),
			s.seal(columnSubstituted, account, yesNo(who.Substituted)))
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
	if refused := new(problem.Error); errors.As(err, &refused) {
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

// personalWords are what a password must not be made of.
func personalWords(login string, who Identity, c Contact) []string {
	local, _, _ := strings.Cut(c.Email, "@")
	return []string{login, who.Number, c.Phone, c.Email, local}
}

// count counts a wrong password for the login name and the network, and returns the
// answer for it, or that the name has been locked meanwhile.
func (s *Service) count(ctx context.Context, answer error, name throttle.Key, from throttle.Caller) error {
	if err := s.Lockout.Count(ctx, name); err != nil {
		return err
	}
	s.Lockout.Failed(throttle.Logins, from)
	return answer
}
