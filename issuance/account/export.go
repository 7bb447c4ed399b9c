package account

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/throttle"
)

// PersonalData is everything that this package holds about an account, opened (rule B12).
// Times are Unix seconds. Besides it there is the password's hash, from which no
// password can be read. Failures of a network are counted in memory only and belong
// to no account.
type PersonalData struct {
	Profile       Profile
	PasswordSetAt int64
	Consents      []ConsentGiven
	Logins        []Login
	FailedLogins  throttle.Held
	CodesSent     throttle.Held // to phones; Failures is how many count now
	Codes         []StoredAccountCode
}

// ConsentGiven is a privacy policy that the holder agreed to.
type ConsentGiven struct {
	Policy string
	At     int64
}

// Login is a login that is not swept yet.
type Login struct {
	ID        string
	BeganAt   int64
	UsedAt    int64 // to the minute
	ExpiresAt int64 // if it is not used again
	EndedAt   int64 // 0: not ended
	This      bool  // the one that asks
}

// PersonalData tells the holder what is held.
func (s *Service) PersonalData(ctx context.Context, h Holder) (held PersonalData, err error) {
	err = s.view(ctx, "read what is held", func(ctx context.Context, q database.Queries) (err error) {
		if held.Profile, err = s.profile(ctx, q, h.account); err != nil {
			return err
		}
		if err = q.QueryRowContext(ctx, `SELECT password_ms / 1000 FROM accounts WHERE id = $1`, h.account).Scan(&held.PasswordSetAt); err != nil {
			return err
		}
		if held.FailedLogins, err = s.Lockout.Held(ctx, q, s.Lockout.Account(held.Profile.Login)); err != nil {
			return err
		}
		if held.CodesSent, err = s.Lockout.CodesHeld(ctx, q, held.Profile.Login); err != nil {
			return err
		}
		if held.Codes, err = s.heldCodes(ctx, q, h.account); err != nil {
			return err
		}
		err = database.Each(ctx, q, func(rows *sql.Rows) error {
			var c ConsentGiven
			err := rows.Scan(&c.Policy, &c.At)
			held.Consents = append(held.Consents, c)
			return err
		}, `SELECT version, at_ms / 1000 FROM consents WHERE account = $1 ORDER BY at_ms, version`, h.account)
		if err != nil {
			return err
		}
		return database.Each(ctx, q, func(rows *sql.Rows) error {
			var l Login
			err := rows.Scan(&l.ID, &l.BeganAt, &l.UsedAt, &l.ExpiresAt, &l.EndedAt)
			l.This = l.ID == h.login
			held.Logins = append(held.Logins, l)
			return err
		}, `SELECT id, created_ms / 1000, used_ms / 1000, expires_ms / 1000, COALESCE(ended_ms, 0) / 1000 FROM logins
			WHERE account = $1 ORDER BY created_ms, id`, h.account)
	})
	if err != nil {
		return PersonalData{}, err
	}
	return held, nil
}
