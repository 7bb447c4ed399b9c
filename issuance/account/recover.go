package account

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
)

// SendPhoneCode sends a code to a phone that the holder claims (手机核验, rule G40) and returns until
// when the code is valid. [Service.VerifyPhone] accepts it.
func (s *Service) SendPhoneCode(ctx context.Context, h Holder, phone, language string, from throttle.Caller) (expires database.Millis, err error) {
	to, err := s.newReceiver(phone, language)
	if err != nil {
		return 0, err
	}
	p, err := s.Profile(ctx, h)
	if err != nil {
		return 0, err
	}
	release, err := s.reserveSend()
	if err != nil {
		return 0, err
	}
	defer release()
	c, err := s.makeCode(ctx, h.account, p.Login, to, provider.VerifyPhone, from)
	if err != nil {
		return 0, err
	}
	return c.expires, s.send(ctx, c.message)
}

// VerifyPhone stores a phone in the profile as verified, by the code that was sent to it. One code
// verifies once. Our choice: it requires the password as well. The phone can recover the account,
// and a person with a logged-in phone in their hands must not get that far.
func (s *Service) VerifyPhone(ctx context.Context, h Holder, phone, code, password string, from throttle.Caller) (p Profile, err error) {
	to, err := s.newReceiver(phone, "")
	if err != nil {
		return Profile{}, err
	}
	if !isCode(code) {
		return Profile{}, errCodeWrong
	}
	if err := s.Lockout.Allow(throttle.PhoneCodes, from); err != nil {
		return Profile{}, err
	}
	proven, err := s.prove(ctx, h, password, from)
	if err != nil {
		return Profile{}, err
	}
	var wrong error
	err = s.Database.Change(ctx, "verify phone", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.requireProof(ctx, tx, h, proven); err != nil {
			return err
		}
		if _, wrong, err = s.tryCode(ctx, tx, provider.VerifyPhone, to.phone, code,
			`account = $1 AND purpose = $2`, h.account, purposes[provider.VerifyPhone]); err != nil || wrong != nil {
			return err
		}
		if p, err = readProfile(ctx, tx, s.Vault, h.account); err != nil {
			return err
		}
		p.Contact.Phone, p.PhoneVerifiedAt = to.phone, s.now()
		p.Version++
		if err := p.update(ctx, tx, s.Vault); err != nil {
			return err
		}
		return deleteCodes(ctx, tx, h.account) // including one to the previous phone
	})
	if err != nil {
		return Profile{}, err
	}
	s.countEntry(provider.VerifyPhone, wrong, from, proven.name)
	return p, wrong
}

// Recovery is a reset of a forgotten password in progress. Every caller gets one: no answer shows
// whether an account exists or whether a code was sent.
type Recovery struct {
	ID      string
	Expires database.Millis
}

var errRecovery = problem.New(RecoveryFailed, "recovery is unknown or expired, or the code is wrong, already used, or was entered wrongly too often")

// StartRecovery sends a code to the phone if it is the verified phone of the account with the login
// name. If it is not, the answer, the counts and the work before the answer are the same: the
// message is sent after the answer.
func (s *Service) StartRecovery(ctx context.Context, login, phone, language string, from throttle.Caller) (Recovery, error) {
	to, err := s.newReceiver(phone, language)
	if err != nil {
		return Recovery{}, err
	}
	login, ok := normalLogin(login)
	if !ok {
		return Recovery{}, errLoginForm
	}
	if err := s.Lockout.Allow(throttle.PhoneCodes, from); err != nil {
		return Recovery{}, err
	}
	release, err := s.reserveSend()
	if err != nil {
		return Recovery{}, err
	}
	account, err := s.recoverable(ctx, login, to.phone)
	if err != nil {
		release()
		return Recovery{}, err
	}
	c, err := s.makeCode(ctx, account, login, to, provider.ResetPassword, from)
	if err != nil {
		release()
		return Recovery{}, err
	}
	go func() {
		defer release()
		if c.account != "" {
			s.send(context.WithoutCancel(ctx), c.message) // send counts and logs a failure
		}
	}()
	return Recovery{c.id, c.expires}, nil
}

// recoverable returns the account with a login name and a verified phone; empty: none.
func (s *Service) recoverable(ctx context.Context, login, phone string) (account string, err error) {
	return database.Read(ctx, s.Database, "find account", func(ctx context.Context, q database.Queries) (string, error) {
		var id string
		err := q.QueryRowContext(ctx, `SELECT id FROM accounts WHERE login_index = $1`, s.loginIndex(login)).Scan(&id)
		if err == sql.ErrNoRows {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		p, err := readProfile(ctx, q, s.Vault, id)
		if errors.Is(err, database.ErrNotFound) || err == nil && !(p.PhoneVerified() && p.Contact.Phone == phone) {
			return "", nil
		}
		return id, err
	})
}

// FinishRecovery sets a new password by the code of a recovery. All logins of the account end, with
// everything bound to them: a new code for the gate needs a login and a face check again (rule
// T23). Counted wrong passwords are cleared. A code resets the password once.
func (s *Service) FinishRecovery(ctx context.Context, recovery, code, next, request string, from throttle.Caller) (ended int, err error) {
	if !ids.WellFormed(recovery, codePrefix, ids.IDSize) || !isCode(code) {
		return 0, errRecovery
	}
	if _, err := newPassword(next); err != nil {
		return 0, err
	}
	if err := s.Lockout.Allow(throttle.PhoneCodes, from); err != nil {
		return 0, err
	}
	var row codeRow
	var wrong error
	err = s.Database.Change(ctx, "try a code", func(ctx context.Context, tx *sql.Tx) (err error) {
		row, wrong, err = s.tryCode(ctx, tx, provider.ResetPassword, "", code, `id = $1 AND purpose = $2`, recovery, purposes[provider.ResetPassword])
		return err
	})
	if err == nil && wrong != nil {
		s.countEntry(provider.ResetPassword, wrong, from, throttle.Key{})
		err = errRecovery
	}
	if err != nil {
		return 0, err
	}
	return s.resetPassword(ctx, row, next, request, from)
}

// resetPassword sets an account's password without the old one and deletes the code that allows it.
func (s *Service) resetPassword(ctx context.Context, row codeRow, next, request string, from throttle.Caller) (ended int, err error) {
	p, err := database.Read(ctx, s.Database, "read profile", func(ctx context.Context, q database.Queries) (Profile, error) {
		return readProfile(ctx, q, s.Vault, row.account)
	})
	if errors.Is(err, database.ErrNotFound) {
		err = errRecovery // the account was closed meanwhile
	}
	if err != nil {
		return 0, err
	}
	hashed, err := s.hashNew(ctx, next, p)
	if err != nil {
		return 0, err
	}
	name := s.Lockout.Account(p.Login)
	ended, err = database.Update(ctx, s.Database, "reset password", func(ctx context.Context, tx *sql.Tx) (ended int, err error) {
		if _, err := lockAccount(ctx, tx, s.Database, row.account); err != nil {
			if problem.Is(err, LoginRequired) {
				err = errRecovery
			}
			return 0, err
		}
		if err := s.Lockout.Clear(ctx, tx, name); err != nil {
			return 0, err
		}
		// The phone may have changed since the code was made.
		p, err := readProfile(ctx, tx, s.Vault, row.account)
		if err != nil {
			return 0, err
		}
		if !p.PhoneVerified() || !bytes.Equal(s.index(indexCodePhone, p.Contact.Phone), row.phone) {
			return 0, errRecovery
		}
		// A concurrent request with the same code finds it deleted.
		n, err := database.Changed(ctx, tx, `DELETE FROM phone_codes WHERE id = $1 AND account = $2 AND tries < $3 AND expires_ms > $4`,
			row.id, row.account, CodeTries, s.now())
		if err == nil && n == 0 {
			err = errRecovery
		}
		if err != nil {
			return 0, err
		}
		if err := s.setPassword(ctx, tx, row.account, hashed); err != nil {
			return 0, err
		}
		if ended, err = s.endLogins(ctx, tx, "account = $1", row.account); err != nil {
			return 0, err
		}
		return ended, s.Hooks.Recovered(ctx, tx, row.account, request)
	})
	if err == nil {
		s.countEntry(provider.ResetPassword, nil, from, name)
	}
	return ended, err
}
