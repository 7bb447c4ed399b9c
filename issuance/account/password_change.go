package account

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
)

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
	var c credential
	err = s.view(ctx, "find account", func(ctx context.Context, q database.Queries) (err error) {
		if p.profile, err = s.profile(ctx, q, h.account); err != nil {
			return err
		}
		p.name = s.Lockout.Account(p.profile.Login)
		if err = s.Lockout.Check(ctx, q, p.name); err != nil {
			return err
		}
		c, err = s.credential(ctx, q, "id", h.account)
		return err
	})
	if err != nil {
		return proof{}, err
	}
	right, _, err := s.hasher.matches(ctx, c.hash, password)
	if err != nil {
		return proof{}, err
	}
	if !right {
		return proof{}, s.count(ctx, errPasswordWrong, p.name, from)
	}
	s.Lockout.Succeeded(throttle.Logins, from, p.name)
	p.no = c.no
	return p, nil
}

// stands makes sure, in the transaction that acts on it, that the proof still
// holds.
func (s *Service) stands(ctx context.Context, tx *sql.Tx, h Holder, p proof) error {
	no, err := s.hold(ctx, tx, h)
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
	next, err = newPassword(next, personalWords(p.profile.Login, p.profile.Identity, p.profile.Contact)...)
	if err != nil {
		return err
	}
	hashed, err := s.hasher.hash(ctx, next)
	if err != nil {
		return err
	}
	return s.Database.Change(ctx, "change password", func(ctx context.Context, tx *sql.Tx) error {
		if err := s.stands(ctx, tx, h, p); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE accounts SET password = $1, password_no = password_no + 1, password_ms = $2 WHERE id = $3`,
			s.seal(columnPassword, h.account, hashed), s.Now().UnixMilli(), h.account)
		if err != nil {
			return err
		}
		_, err = s.end(ctx, tx, "account = $2 AND id <> $3", h.account, h.login)
		return err
	})
}
