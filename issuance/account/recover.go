package account

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/throttle"
)

// Recovery is the way back to an account whose password is forgotten. Every caller gets
// one: no answer shows whether there is such an account, or whether a code was sent.
type Recovery struct {
	ID      string
	Expires time.Time
}

var errRecovery = problem.New(RecoveryFailed, "recovery is unknown or over, or the code is wrong, was used, or was entered wrongly too often")

// StartRecovery sends a code to the phone if it is the verified phone of the account with
// the login name. The answer, the counts, and the work before the answer are the same if it
// is not: the message is sent after the answer.
func (s *Service) StartRecovery(ctx context.Context, login, phone, language string, from throttle.Caller) (Recovery, error) {
	to, err := s.receiver(phone, language)
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
	leave, err := s.place()
	if err != nil {
		return Recovery{}, err
	}
	account, err := s.recoverable(ctx, login, to.phone)
	if err != nil {
		leave()
		return Recovery{}, err
	}
	c, err := s.makeCode(ctx, account, login, to, provider.ResetPassword, from)
	if err != nil {
		leave()
		return Recovery{}, err
	}
	go func() {
		defer leave()
		if c.account != "" {
			s.send(context.WithoutCancel(ctx), c.message) // its failure is counted and logged there
		}
	}()
	return Recovery{c.id, c.expires}, nil
}

// recoverable is the account with a login name and a verified phone; empty: there is none.
func (s *Service) recoverable(ctx context.Context, login, phone string) (account string, err error) {
	err = s.Database.View(ctx, "find account", func(ctx context.Context, q database.Queries) error {
		var id string
		err := q.QueryRowContext(ctx, `SELECT id FROM accounts WHERE login_index = $1`, s.index(indexLogin, login)).Scan(&id)
		if err == sql.ErrNoRows {
			return nil
		}
		if err != nil {
			return err
		}
		p, err := s.profile(ctx, q, id)
		if errors.Is(err, database.ErrNotFound) {
			return nil
		}
		if err == nil && p.PhoneVerified() && p.Contact.Phone == phone {
			account = id
		}
		return err
	})
	return account, err
}

// FinishRecovery sets a new password by the code of a recovery. All logins of the account
// end, and with them what they show: a code on a phone needs a login and a face check
// again (rule T23). Wrong passwords of before are forgotten. One code does it once.
func (s *Service) FinishRecovery(ctx context.Context, recovery, code, next, request string, from throttle.Caller) (ended int, err error) {
	if !ids.WellFormed(recovery, codePrefix, ids.IDSize) || !codeForm(code) {
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
		s.entered(provider.ResetPassword, wrong, from, throttle.Key{})
		err = errRecovery
	}
	if err != nil {
		return 0, err
	}
	return s.resetPassword(ctx, row.account, next, request, from, func(ctx context.Context, tx *sql.Tx) error {
		// The phone may have changed since the code was made.
		p, err := s.profile(ctx, tx, row.account)
		if err != nil {
			return err
		}
		if !p.PhoneVerified() || !bytes.Equal(s.index(indexCodePhone, p.Contact.Phone), row.phone) {
			return errRecovery
		}
		// The code is used up here: a concurrent request with the same code finds it gone.
		n, err := database.Changed(ctx, tx, `DELETE FROM phone_codes WHERE id = $1 AND account = $2 AND tries < $3 AND expires_ms > $4`,
			row.id, row.account, CodeTries, s.Now().UnixMilli())
		if err == nil && n == 0 {
			err = errRecovery
		}
		return err
	}, func(name throttle.Key) { s.entered(provider.ResetPassword, nil, from, name) })
}

// resetPassword sets the password of an account without the one before it. allow comes in
// the transaction, after the account's lock, and may refuse; done after its commit.
func (s *Service) resetPassword(ctx context.Context, account, next, request string, from throttle.Caller,
	allow func(context.Context, *sql.Tx) error, done func(name throttle.Key),
) (ended int, err error) {
	var p Profile
	err = s.Database.View(ctx, "read profile", func(ctx context.Context, q database.Queries) (err error) {
		p, err = s.profile(ctx, q, account)
		return err
	})
	if errors.Is(err, database.ErrNotFound) {
		err = errRecovery // closed meanwhile
	}
	if err != nil {
		return 0, err
	}
	next, err = newPassword(next, personalWords(p.Login, p.Identity, p.Contact)...)
	if err != nil {
		return 0, err
	}
	hashed, err := s.hasher.hash(ctx, next)
	if err != nil {
		return 0, err
	}
	name := s.Lockout.Account(p.Login)
	err = s.Database.Change(ctx, "reset password", func(ctx context.Context, tx *sql.Tx) error {
		if _, err := s.lock(ctx, tx, account); err != nil {
			if problem.Is(err, LoginRequired) {
				err = errRecovery
			}
			return err
		}
		if err := s.Lockout.Clear(ctx, tx, name); err != nil {
			return err
		}
		if err := allow(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE accounts SET password = $1, password_no = password_no + 1, password_ms = $2 WHERE id = $3`,
			s.seal(columnPassword, account, hashed), s.Now().UnixMilli(), account)
		if err != nil {
			return err
		}
		if ended, err = s.end(ctx, tx, "account = $2", account); err != nil {
			return err
		}
		return s.Hooks.Recovered(ctx, tx, account, request)
	})
	if err != nil {
		return 0, err
	}
	done(name)
	return ended, nil
}
