package account

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/throttle"
)

// PersonalData is everything that this package holds about an account, opened (rule B12).
// Besides it there is the password's hash, from which no password can be read. Failures
// of a network are counted in memory only and belong to no account.
type PersonalData struct {
	Profile       Profile
	PasswordSetAt database.Millis
	Consents      []ConsentGiven
	Logins        []Login
	FailedLogins  throttle.LockState
	CodesSent     throttle.LockState // to phones; Failures is how many count now
	Codes         []StoredAccountCode
}

// ConsentGiven is a privacy policy that the holder agreed to.
type ConsentGiven struct {
	Policy string
	At     database.Millis
}

// Login is a login that is not swept yet.
type Login struct {
	ID        string
	BeganAt   database.Millis
	UsedAt    database.Millis // to the minute
	ExpiresAt database.Millis // if it is not used again
	EndedAt   database.Millis // 0: not ended
	This      bool            // the one that asks
}

// StoredAccountCode is a code that is not swept yet.
type StoredAccountCode struct {
	Client     string
	MadeAt     database.Millis
	RedeemedAt database.Millis // 0: the client was not told the account
}

// PersonalData tells the holder what is held.
func (s *Service) PersonalData(ctx context.Context, h Holder) (PersonalData, error) {
	return view(ctx, s, "read what is held", func(ctx context.Context, q database.Queries) (held PersonalData, err error) {
		if held.Profile, err = readProfile(ctx, q, s.Vault, h.account); err != nil {
			return held, err
		}
		if err = q.QueryRowContext(ctx, `SELECT password_ms FROM accounts WHERE id = $1`, h.account).Scan(&held.PasswordSetAt); err != nil {
			return held, err
		}
		if held.FailedLogins, err = s.Lockout.LockState(ctx, q, s.Lockout.Account(held.Profile.Login)); err != nil {
			return held, err
		}
		if held.CodesSent, err = s.Lockout.LockState(ctx, q, s.Lockout.CodesOf(held.Profile.Login)); err != nil {
			return held, err
		}
		held.Codes, err = database.All(ctx, q, func(rows *sql.Rows, c *StoredAccountCode) error {
			return rows.Scan(&c.Client, &c.MadeAt, &c.RedeemedAt)
		}, `SELECT client, made_ms, COALESCE(redeemed_ms, 0) FROM account_codes WHERE account = $1 ORDER BY made_ms, hash`, h.account)
		if err != nil {
			return held, err
		}
		held.Consents, err = database.All(ctx, q, func(rows *sql.Rows, c *ConsentGiven) error { return rows.Scan(&c.Policy, &c.At) },
			`SELECT version, at_ms FROM consents WHERE account = $1 ORDER BY at_ms, version`, h.account)
		if err != nil {
			return held, err
		}
		held.Logins, err = database.All(ctx, q, func(rows *sql.Rows, l *Login) error {
			err := rows.Scan(&l.ID, &l.BeganAt, &l.UsedAt, &l.ExpiresAt, &l.EndedAt)
			l.This = l.ID == h.login
			return err
		}, `SELECT id, created_ms, used_ms, expires_ms, COALESCE(ended_ms, 0) FROM logins WHERE account = $1 ORDER BY created_ms, id`, h.account)
		return held, err
	})
}
