package account

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
)

// LoggedIn is a new login. Token is shown once and kept nowhere.
type LoggedIn struct {
	Token     string
	Account   string
	Login     string // its id, to which viewing sessions are bound
	ExpiresAt int64  // Unix seconds; earlier if it is not used
}

var errLoginFailed = problem.New(LoginFailed, "login name or password is wrong")

// LogIn checks a login name and a password. Whether the name is unknown or the
// password wrong, the answer and the work for it are the same: one search, one
// hashing, one failure counted for the name and for the network.
//
// The lock is asked again in the transaction that makes the login. Of guesses at
// the same time, only as many as the rule allows are answered; the others hear of
// the lock even if one of them was right.
func (s *Service) LogIn(ctx context.Context, login, password string, from throttle.Caller) (LoggedIn, error) {
	login, ok := normalLogin(login)
	if !ok {
		return LoggedIn{}, errLoginFailed // no account can have it, as everybody knows
	}
	password, ok = normalPassword(password)
	if !ok {
		return LoggedIn{}, errLoginFailed
	}
	if err := s.Lockout.Allow(throttle.Logins, from); err != nil {
		return LoggedIn{}, err
	}
	name := s.Lockout.Account(login)
	var c credential
	err := s.Database.View(ctx, "find account", func(ctx context.Context, q database.Queries) (err error) {
		if err := s.Lockout.Check(ctx, q, name); err != nil {
			return err
		}
		c, err = s.credential(ctx, q, "login_index", s.index(indexLogin, login))
		return err
	})
	if err != nil {
		return LoggedIn{}, err
	}
	right, stale, err := s.hasher.matches(ctx, c.hash, password)
	if err != nil {
		return LoggedIn{}, err
	}
	if !right {
		return LoggedIn{}, s.count(ctx, errLoginFailed, name, from)
	}
	var upgraded string
	if stale {
		// If there is no time for it now, the next login will do it.
		if upgraded, err = s.hasher.hash(ctx, password); err != nil && !errors.Is(err, errBusy) {
			return LoggedIn{}, err
		}
	}
	in, err := s.begin(ctx, c, upgraded, name)
	if err == nil {
		s.Lockout.Succeeded(throttle.Logins, from, name)
	}
	return in, err
}

// begin makes the login of a password that was right.
func (s *Service) begin(ctx context.Context, c credential, upgraded string, name throttle.Key) (LoggedIn, error) {
	now := s.Now()
	token := ids.New(TokenPrefix, ids.SecretSize)
	in := LoggedIn{Token: token, Account: c.account, Login: ids.New(loginPrefix, ids.IDSize), ExpiresAt: now.Add(s.LoginLife).Unix()}
	err := s.Database.Change(ctx, "log in", func(ctx context.Context, tx *sql.Tx) error {
		no, err := s.lock(ctx, tx, c.account)
		if problem.Is(err, LoginRequired) || err == nil && no != c.no {
			return errLoginFailed // closed, or another password, since it was compared
		}
		if err != nil {
			return err
		}
		if err := s.Lockout.Check(ctx, tx, name); err != nil {
			return err
		}
		if err := s.Lockout.Clear(ctx, tx, name); err != nil {
			return err
		}
		if upgraded != "" {
			_, err := tx.ExecContext(ctx, `UPDATE accounts SET password = $1 WHERE id = $2`, s.seal(columnPassword, c.account, upgraded), c.account)
			if err != nil {
				return err
			}
		}
		if err := s.makeRoom(ctx, tx, c.account, now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO logins (id, token_hash, account, created_ms, used_ms, expires_ms) VALUES ($1, $2, $3, $4, $4, $5)`,
			in.Login, tokenHash(token), c.account, now.UnixMilli(), s.expiry(now, now).UnixMilli())
		return err
	})
	if err != nil {
		return LoggedIn{}, err
	}
	return in, nil
}

// expiry is when a login ends that is not used after used.
func (s *Service) expiry(created, used time.Time) time.Time {
	end, idle := created.Add(s.LoginLife), used.Add(s.LoginIdle)
	if idle.Before(end) {
		return idle
	}
	return end
}

// makeRoom ends the logins that are over, and of the others the oldest, so that
// one more keeps the bound.
func (s *Service) makeRoom(ctx context.Context, tx *sql.Tx, account string, now time.Time) error {
	var over, live []string
	err := database.Each(ctx, tx, func(rows *sql.Rows) error {
		var id string
		var expires int64
		if err := rows.Scan(&id, &expires); err != nil {
			return err
		}
		if expires <= now.UnixMilli() {
			over = append(over, id)
		} else {
			live = append(live, id)
		}
		return nil
	}, `SELECT id, expires_ms FROM logins WHERE account = $1 AND ended_ms IS NULL ORDER BY created_ms, id`, account)
	if err != nil {
		return err
	}
	if more := len(live) - s.MaxLogins + 1; more > 0 {
		over = append(over, live[:more]...)
	}
	if len(over) == 0 {
		return nil
	}
	_, err = s.end(ctx, tx, "id IN ("+places(2, len(over))+")", anys(over)...)
	return err
}
