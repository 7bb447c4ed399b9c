package account

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/throttle"
)

// PersonalData is everything that this package stores about an account, decrypted (rule B12). It
// omits the password hash, from which the password cannot be read. Failures of a network are
// counted in memory only and belong to no account.
type PersonalData struct {
	Profile       Profile
	PasswordSetAt database.Millis
	Consents      []ConsentGiven
	Logins        []Login
	FailedLogins  throttle.LockState
	CodesSent     throttle.LockState // to phones; Failures counts the current ones
	Codes         []StoredAccountCode
}

// ConsentGiven is the holder's consent to one version of the privacy policy.
type ConsentGiven struct {
	Policy string
	At     database.Millis
}

// Login is a login that [Service.Sweep] has not deleted.
type Login struct {
	ID        string
	BeganAt   database.Millis
	UsedAt    database.Millis // to the minute
	ExpiresAt database.Millis // unless it is used again
	EndedAt   database.Millis // 0: not ended
	This      bool            // the login of the request
}

// StoredAccountCode is an account code that [Service.Sweep] has not deleted.
type StoredAccountCode struct {
	Client     string
	MadeAt     database.Millis
	RedeemedAt database.Millis // 0: the client did not learn the account
}

// PersonalData exports the holder's personal data.
func (s *Service) PersonalData(ctx context.Context, h Holder) (PersonalData, error) {
	return viewAccount(ctx, s, "read personal data", func(ctx context.Context, q database.Queries) (data PersonalData, err error) {
		if data.Profile, err = readProfile(ctx, q, s.Vault, h.account); err != nil {
			return data, err
		}
		if err = q.QueryRowContext(ctx, `SELECT password_ms FROM accounts WHERE id = $1`, h.account).Scan(&data.PasswordSetAt); err != nil {
			return data, err
		}
		if data.FailedLogins, err = s.Lockout.LockState(ctx, q, s.Lockout.Account(data.Profile.Login)); err != nil {
			return data, err
		}
		if data.CodesSent, err = s.Lockout.LockState(ctx, q, s.Lockout.CodesOf(data.Profile.Login)); err != nil {
			return data, err
		}
		data.Codes, err = database.All(ctx, q, func(rows *sql.Rows, c *StoredAccountCode) error {
			return rows.Scan(&c.Client, &c.MadeAt, &c.RedeemedAt)
		}, `SELECT client, made_ms, COALESCE(redeemed_ms, 0) FROM account_codes WHERE account = $1 ORDER BY made_ms, hash`, h.account)
		if err != nil {
			return data, err
		}
		data.Consents, err = database.All(ctx, q, func(rows *sql.Rows, c *ConsentGiven) error { return rows.Scan(&c.Policy, &c.At) },
			`SELECT version, at_ms FROM consents WHERE account = $1 ORDER BY at_ms, version`, h.account)
		if err != nil {
			return data, err
		}
		data.Logins, err = database.All(ctx, q, func(rows *sql.Rows, l *Login) error {
			err := rows.Scan(&l.ID, &l.BeganAt, &l.UsedAt, &l.ExpiresAt, &l.EndedAt)
			l.This = l.ID == h.login
			return err
		}, `SELECT id, created_ms, used_ms, expires_ms, COALESCE(ended_ms, 0) FROM logins WHERE account = $1 ORDER BY created_ms, id`, h.account)
		return data, err
	})
}
