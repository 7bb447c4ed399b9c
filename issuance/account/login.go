package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
)

// LoggedIn is a new login. Token is returned once and is not stored.
type LoggedIn struct {
	Token     string
	Account   string
	Login     string          // login id, to which viewing sessions are bound
	ExpiresAt database.Millis // earlier if the login is not used
}

var errLoginFailed = problem.New(LoginFailed, "login name or password is wrong")

// LogIn checks a login name and a password. An unknown name and a wrong password cost the same work
// and get the same answer: one search, one hashing, one failure counted for the name and for the
// network.
//
// The lockout is checked again in the transaction that makes the login. Of concurrent guesses, only
// as many are answered as the rule allows; the others are refused by the lockout even if one is
// right.
func (s *Service) LogIn(ctx context.Context, login, password string, from throttle.Caller) (LoggedIn, error) {
	login, ok := normalLogin(login)
	if !ok {
		return LoggedIn{}, errLoginFailed // no account can have this name, which is public
	}
	password, ok = normalPassword(password)
	if !ok {
		return LoggedIn{}, errLoginFailed
	}
	if err := s.Lockout.Allow(throttle.Logins, from); err != nil {
		return LoggedIn{}, err
	}
	name := s.Lockout.Account(login)
	c, err := database.Read(ctx, s.Database, "find account", func(ctx context.Context, q database.Queries) (credential, error) {
		if err := s.Lockout.Check(ctx, q, name); err != nil {
			return credential{}, err
		}
		return s.findCredential(ctx, q, "login_index", s.loginIndex(login))
	})
	if err != nil {
		return LoggedIn{}, err
	}
	right, stale, err := s.hasher.matches(ctx, c.hash, password)
	if err != nil {
		return LoggedIn{}, err
	}
	if !right {
		return LoggedIn{}, s.countWrong(ctx, errLoginFailed, name, from)
	}
	var upgraded string
	if stale {
		// If the hasher is busy, the next login upgrades the hash.
		if upgraded, err = s.hasher.hash(ctx, password); err != nil && !errors.Is(err, errBusy) {
			return LoggedIn{}, err
		}
	}
	in, err := s.startLogin(ctx, c, upgraded, name)
	if err == nil {
		s.Lockout.Succeeded(throttle.Logins, from, name)
	}
	return in, err
}

// startLogin makes the login after the password was found right.
func (s *Service) startLogin(ctx context.Context, c credential, upgraded string, name throttle.Key) (LoggedIn, error) {
	now := s.now()
	token := ids.New(TokenPrefix, ids.SecretSize)
	in := LoggedIn{Token: token, Account: c.account, Login: ids.New(loginPrefix, ids.IDSize), ExpiresAt: now.Add(s.LoginLife)}
	err := s.Database.Change(ctx, "log in", func(ctx context.Context, tx *sql.Tx) error {
		no, err := lockAccount(ctx, tx, s.Database, c.account)
		if problem.Is(err, LoginRequired) || err == nil && no != c.no {
			return errLoginFailed // account closed or password changed since the comparison
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
			_, err := tx.ExecContext(ctx, `UPDATE accounts SET password = $1 WHERE id = $2`, encrypt(s.Vault, columnPassword, c.account, upgraded), c.account)
			if err != nil {
				return err
			}
		}
		if err := s.endExcessLogins(ctx, tx, c.account, now); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO logins (id, token_hash, account, created_ms, used_ms, expires_ms) VALUES ($1, $2, $3, $4, $4, $5)`,
			in.Login, tokenHash(token), c.account, now, s.expiry(now, now))
		return err
	})
	if err != nil {
		return LoggedIn{}, err
	}
	return in, nil
}

// expiry is when a login ends unless it is used after used.
func (s *Service) expiry(created, used database.Millis) database.Millis {
	return min(created.Add(s.LoginLife), used.Add(s.LoginIdle))
}

// endExcessLogins ends the expired logins and the oldest others, leaving room for one more login.
func (s *Service) endExcessLogins(ctx context.Context, tx *sql.Tx, account string, now database.Millis) error {
	var over, live []any
	err := database.Each(ctx, tx, func(rows *sql.Rows) error {
		var id string
		var expires database.Millis
		err := rows.Scan(&id, &expires)
		if expires <= now {
			over = append(over, id)
		} else {
			live = append(live, id)
		}
		return err
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
	_, err = s.endLogins(ctx, tx, "id IN ("+database.Places(len(over))+")", over...)
	return err
}

// credential is an account's stored password.
type credential struct {
	account string // empty: no such account
	hash    string
	no      int // increases with a new password, not with a new hash of the same one
}

// findCredential selects the credential by a unique column. A missing account is no error.
func (s *Service) findCredential(ctx context.Context, q database.Queries, column string, value any) (c credential, err error) {
	var encrypted []byte
	err = q.QueryRowContext(ctx, `SELECT id, password, password_no FROM accounts WHERE `+column+` = $1`, value).Scan(&c.account, &encrypted, &c.no)
	if err == sql.ErrNoRows {
		return credential{}, nil
	}
	if err == nil {
		c.hash, err = decrypt(s.Vault, columnPassword, c.account, encrypted)
	}
	return c, err
}

// indexLogin is the purpose of the blind index. Changing it makes every account unfindable.
const indexLogin = "accounts.login"

func (s *Service) loginIndex(login string) []byte { return s.index(indexLogin, login) }

// index returns the blind index of a value.
func (s *Service) index(purpose, value string) []byte {
	i := s.Vault.Index(purpose, value)
	return i[:]
}

// countWrong counts a wrong password for the login name and the network. It returns answer, or the
// lockout's problem if the name is locked by now.
func (s *Service) countWrong(ctx context.Context, answer error, name throttle.Key, from throttle.Caller) error {
	if err := s.Lockout.Count(ctx, name); err != nil {
		return err
	}
	s.Lockout.Failed(throttle.Logins, from)
	return answer
}

// EndedLoginKept is how long the holder can still see an ended login, to tell whether it was
// theirs. Our choice: as long as applications (A13).
const EndedLoginKept = 31 * 24 * time.Hour

// sweepBatch bounds the rows that one transaction of [Service.Sweep] changes, except that all
// expired logins of an account end together.
const sweepBatch = 200

// Swept counts what a [Service.Sweep] changed.
type Swept struct {
	Expired      int // expired logins that were ended
	Deleted      int // ended logins that were deleted
	Codes        int // expired phone codes
	AccountCodes int // account codes
	Failures     int // failure counts without effect
}

// Sweep ends expired logins, with everything bound to them, and deletes old logins, expired codes
// and old failure counts. It works in small transactions until done or until ctx ends. Several
// issuers may sweep concurrently. [Service.Authorize] does not wait for it.
func (s *Service) Sweep(ctx context.Context, now time.Time) (swept Swept, err error) {
	for n := -1; n != 0; swept.Expired += n {
		if n, err = s.endExpired(ctx, database.MillisAt(now)); err != nil {
			return swept, err
		}
	}
	for _, f := range []struct {
		rows   *int
		table  string
		key    string
		column string
		until  time.Time
	}{
		{&swept.Deleted, "logins", "id", "ended_ms", now.Add(-EndedLoginKept)},
		{&swept.Codes, "phone_codes", "id", "expires_ms", now},
		{&swept.AccountCodes, "account_codes", "hash", "made_ms", now.Add(-AccountCodeKept)},
	} {
		if *f.rows, err = s.Database.DeleteOld(ctx, f.table, f.key, f.column, f.until, sweepBatch); err != nil {
			return swept, err
		}
	}
	swept.Failures, err = s.Lockout.Sweep(ctx, now)
	return swept, err
}

// endExpired ends the expired logins of a bounded number of accounts.
func (s *Service) endExpired(ctx context.Context, now database.Millis) (n int, err error) {
	err = s.Database.Change(ctx, "end expired logins", func(ctx context.Context, tx *sql.Tx) error {
		// Locked in the order of ids. No other transaction locks more than one account.
		accounts, err := database.All(ctx, tx, func(rows *sql.Rows, id *any) error { return rows.Scan(id) },
			`SELECT id FROM accounts WHERE id IN
			(SELECT account FROM logins WHERE ended_ms IS NULL AND expires_ms <= $1 ORDER BY expires_ms LIMIT $2)
			ORDER BY id`+s.Database.ForUpdate, now, sweepBatch)
		if n = 0; err != nil || len(accounts) == 0 {
			return err
		}
		n, err = s.endLogins(ctx, tx, fmt.Sprintf("account IN (%s) AND expires_ms <= $%d", database.Places(len(accounts)), len(accounts)+1), append(accounts, now)...)
		return err
	})
	return n, err
}
