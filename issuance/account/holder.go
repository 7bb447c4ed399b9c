package account

import (
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
)

// Holder is someone who has shown a login token that is good. Only Authorize
// makes one. It is a view of that moment: what must not outlive the login asks
// LockLogin in its own transaction.
type Holder struct {
	account, login string
	consented      bool
}

// Account is the id of the holder's account.
func (h Holder) Account() string { return h.account }

// Login is the id of the login, to which viewing sessions are bound (rule A12).
func (h Holder) Login() string { return h.login }

// ConsentDue reports whether the holder has yet to agree to the privacy policy in
// force (rule B12).
func (h Holder) ConsentDue() bool { return !h.consented }

// errLoginRequired is one answer, whatever is wrong with a token.
var errLoginRequired = problem.New(LoginRequired, "")

// Authorize finds the login that a token belongs to. It counts as a use of it.
func (s *Service) Authorize(ctx context.Context, token string) (h Holder, err error) {
	if !ids.WellFormed(token, TokenPrefix, ids.SecretSize) {
		return Holder{}, errLoginRequired
	}
	now := s.Now()
	var created, used, expires int64
	var found bool
	err = s.Database.View(ctx, "find login", func(ctx context.Context, q database.Queries) error {
		err := q.QueryRowContext(ctx, `
			SELECT id, account, created_ms, used_ms, expires_ms,
			       (SELECT COUNT(*) > 0 FROM consents WHERE consents.account = logins.account AND version = $2)
			FROM logins WHERE token_hash = $1 AND ended_ms IS NULL`, tokenHash(token), s.Policy).
			Scan(&h.login, &h.account, &created, &used, &expires, &h.consented)
		found = err == nil
		if err == sql.ErrNoRows {
			return nil
		}
		return err
	})
	if err != nil {
		return Holder{}, err
	}
	if !found || now.UnixMilli() >= expires {
		return Holder{}, errLoginRequired
	}
	if now.UnixMilli() >= used+touchEvery.Milliseconds() {
		err = s.Database.Change(ctx, "use login", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `
				UPDATE logins SET used_ms = $1, expires_ms = $2 WHERE id = $3 AND ended_ms IS NULL AND used_ms < $1`,
				now.UnixMilli(), s.expiry(time.UnixMilli(created), now).UnixMilli(), h.login)
			return err
		})
	}
	if err != nil {
		return Holder{}, err
	}
	return h, nil
}

// LockLogin makes sure that the holder is still logged in, and stays so until tx ends:
// logging out waits. Whatever is to end with the login must be made in a
// transaction that asked this first, before it locks anything else; otherwise a
// logout at the same time would not find it. Refused with LoginRequired.
func (s *Service) LockLogin(ctx context.Context, tx *sql.Tx, h Holder) error {
	_, err := s.hold(ctx, tx, h)
	return err
}

func (s *Service) hold(ctx context.Context, tx *sql.Tx, h Holder) (passwordNo int, err error) {
	if passwordNo, err = s.lock(ctx, tx, h.account); err != nil {
		return 0, err
	}
	var live bool
	err = tx.QueryRowContext(ctx, `
		SELECT COUNT(*) > 0 FROM logins WHERE id = $1 AND account = $2 AND ended_ms IS NULL AND expires_ms > $3`,
		h.login, h.account, s.Now().UnixMilli()).Scan(&live)
	if err == nil && !live {
		err = errLoginRequired
	}
	return passwordNo, err
}
