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

// LoggedIn is a new login. Token is shown once and kept nowhere.
type LoggedIn struct {
	Token     string
	Account   string
	Login     string          // its id, to which viewing sessions are bound
	ExpiresAt database.Millis // earlier if it is not used
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
	c, err := database.Read(ctx, s.Database, "find account", func(ctx context.Context, q database.Queries) (credential, error) {
		if err := s.Lockout.Check(ctx, q, name); err != nil {
			return credential{}, err
		}
		return s.credential(ctx, q, "login_index", s.loginIndex(login))
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
	now := s.now()
	token := ids.New(TokenPrefix, ids.SecretSize)
	in := LoggedIn{Token: token, Account: c.account, Login: ids.New(loginPrefix, ids.IDSize), ExpiresAt: now.Add(s.LoginLife)}
	err := s.Database.Change(ctx, "log in", func(ctx context.Context, tx *sql.Tx) error {
		no, err := lock(ctx, tx, s.Database, c.account)
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
			_, err := tx.ExecContext(ctx, `UPDATE accounts SET password = $1 WHERE id = $2`, seal(s.Vault, columnPassword, c.account, upgraded), c.account)
			if err != nil {
				return err
			}
		}
		if err := s.makeRoom(ctx, tx, c.account, now); err != nil {
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

// expiry is when a login ends that is not used after used.
func (s *Service) expiry(created, used database.Millis) database.Millis {
	return min(created.Add(s.LoginLife), used.Add(s.LoginIdle))
}

// makeRoom ends the logins that are over, and of the others the oldest, so that
// one more keeps the bound.
func (s *Service) makeRoom(ctx context.Context, tx *sql.Tx, account string, now database.Millis) error {
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

// credential is what a password is compared with.
type credential struct {
	account string // empty: there is none
	hash    string
	no      int // a changed password has another number, a new hash of the same has not
}

// credential finds it by a column that is unique; none is no error.
func (s *Service) credential(ctx context.Context, q database.Queries, column string, value any) (c credential, err error) {
	var sealed []byte
	err = q.QueryRowContext(ctx, `SELECT id, password, password_no FROM accounts WHERE `+column+` = $1`, value).Scan(&c.account, &sealed, &c.no)
	if err == sql.ErrNoRows {
		return credential{}, nil
	}
	if err == nil {
		c.hash, err = unseal(s.Vault, columnPassword, c.account, sealed)
	}
	return c, err
}

// indexLogin is the purpose of the blind index. A changed one finds nobody any more.
const indexLogin = "accounts.login"

func (s *Service) loginIndex(login string) []byte { return s.index(indexLogin, login) }

// index is the blind index of a value.
func (s *Service) index(purpose, value string) []byte {
	i := s.Vault.Index(purpose, value)
	return i[:]
}

// countWrong counts a wrong password for the login name and the network, and returns
// the answer for it, or that the name has been locked meanwhile.
func (s *Service) countWrong(ctx context.Context, answer error, name throttle.Key, from throttle.Caller) error {
	if err := s.Lockout.Count(ctx, name); err != nil {
		return err
	}
	s.Lockout.Failed(throttle.Logins, from)
	return answer
}

// EndedLoginKept is how long an ended login can still be seen by its holder, who
// may want to know whether it was theirs. Ours: as long as applications (A13).
const EndedLoginKept = 31 * 24 * time.Hour

// sweepBatch is how many rows one transaction of Sweep touches at most, but for
// the logins of one account.
const sweepBatch = 200

// Swept is what a Sweep did.
type Swept struct {
	Expired      int // logins that were over and are ended now
	Deleted      int // ended logins
	Codes        int // to phones that are over
	AccountCodes int // one-time codes for ticketing systems
	Failures     int // that mean nothing any more
}

// Sweep ends the logins that are over, so that what is bound to them ends too,
// and deletes old ones, codes that are over and old failures: in small transactions, until all is done
// or ctx ends. Several issuers may sweep at once. Authorize does not wait for it.
func (s *Service) Sweep(ctx context.Context, now time.Time) (swept Swept, err error) {
	for n := -1; n != 0; swept.Expired += n {
		if n, err = s.expire(ctx, database.MillisAt(now)); err != nil {
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

// expire ends what is over in a few accounts.
func (s *Service) expire(ctx context.Context, now database.Millis) (n int, err error) {
	err = s.Database.Change(ctx, "end logins that are over", func(ctx context.Context, tx *sql.Tx) error {
		// In the order of their ids: nobody else locks more than one.
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
