package account

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
)

// Prefixes of ids and secrets.
const (
	accountPrefix = "acc_"
	loginPrefix   = "log_"
	codePrefix    = "pcd_" // of a phone code, and therefore of a recovery
	TokenPrefix   = "rgl_" // of a login token, as opposed to an access token
)

// tokenHash is the stored form of a login token.
func tokenHash(token string) []byte {
	h := ids.Hash(token)
	return h[:]
}

// Holder is the owner of a valid login token. Only [Service.Authorize] makes one. It describes that
// moment: a change that must not outlive the login calls [Service.LockLogin] in its own
// transaction.
type Holder struct {
	account, login string
	consented      bool
}

// Account is the id of the holder's account.
func (h Holder) Account() string { return h.account }

// Login is the id of the login, to which viewing sessions are bound (rule A12).
func (h Holder) Login() string { return h.login }

// ConsentDue reports whether the holder has not agreed to the current privacy policy (rule B12).
func (h Holder) ConsentDue() bool { return !h.consented }

// errLoginRequired is the one answer for every fault of a token.
var errLoginRequired = problem.New(LoginRequired, "")

// Authorize returns the holder of a login token and records the use of the login.
func (s *Service) Authorize(ctx context.Context, token string) (h Holder, err error) {
	if !ids.WellFormed(token, TokenPrefix, ids.SecretSize) {
		return Holder{}, errLoginRequired
	}
	now := s.now()
	var created, used, expires database.Millis // expires 0: no such login
	err = s.Database.View(ctx, "find login", func(ctx context.Context, q database.Queries) error {
		err := q.QueryRowContext(ctx, `
			SELECT id, account, created_ms, used_ms, expires_ms,
			       (SELECT COUNT(*) > 0 FROM consents WHERE consents.account = logins.account AND version = $2)
			FROM logins WHERE token_hash = $1 AND ended_ms IS NULL`, tokenHash(token), s.Policy).
			Scan(&h.login, &h.account, &created, &used, &expires, &h.consented)
		if err == sql.ErrNoRows {
			return nil
		}
		return err
	})
	if err == nil && now >= expires {
		err = errLoginRequired
	}
	if err == nil && now >= used.Add(touchInterval) {
		err = s.Database.Change(ctx, "use login", func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `
				UPDATE logins SET used_ms = $1, expires_ms = $2 WHERE id = $3 AND ended_ms IS NULL AND used_ms < $1`,
				now, s.expiry(created, now), h.login)
			return err
		})
	}
	if err != nil {
		return Holder{}, err
	}
	return h, nil
}

// LockLogin checks that the holder is logged in and keeps the login until tx ends: a concurrent
// logout waits. A transaction that makes something bound to the login must call LockLogin before it
// locks anything else; otherwise a concurrent logout would miss the new row. It fails with
// [LoginRequired].
func (s *Service) LockLogin(ctx context.Context, tx *sql.Tx, h Holder) error {
	_, err := s.lockLogin(ctx, tx, h)
	return err
}

func (s *Service) lockLogin(ctx context.Context, tx *sql.Tx, h Holder) (passwordNo int, err error) {
	if passwordNo, err = lockAccount(ctx, tx, s.Database, h.account); err != nil {
		return 0, err
	}
	var live bool
	err = tx.QueryRowContext(ctx, `
		SELECT COUNT(*) > 0 FROM logins WHERE id = $1 AND account = $2 AND ended_ms IS NULL AND expires_ms > $3`,
		h.login, h.account, s.now()).Scan(&live)
	if err == nil && !live {
		err = errLoginRequired
	}
	return passwordNo, err
}

// LogOut ends the holder's login and, in the same transaction, everything bound to it (rule A12). A
// login that has already ended is no error.
func (s *Service) LogOut(ctx context.Context, h Holder) error {
	return s.logOut(ctx, h, "account = $1 AND id = $2", h.account, h.login)
}

// LogOutEverywhere ends every login of the holder's account.
func (s *Service) LogOutEverywhere(ctx context.Context, h Holder) error {
	return s.logOut(ctx, h, "account = $1", h.account)
}

func (s *Service) logOut(ctx context.Context, h Holder, condition string, args ...any) error {
	return s.Database.Change(ctx, "log out", func(ctx context.Context, tx *sql.Tx) error {
		if _, err := lockAccount(ctx, tx, s.Database, h.account); err != nil {
			return err
		}
		_, err := s.endLogins(ctx, tx, condition, args...)
		return err
	})
}

// MaxEndedPerCall bounds the ids in one call of [Hooks.LoginsEnded], so that they fit the
// parameters of one statement.
const MaxEndedPerCall = 500

// endLogins ends the logins that condition (with the parameters args) selects, and calls the hook.
// The caller must have locked their accounts.
func (s *Service) endLogins(ctx context.Context, tx *sql.Tx, condition string, args ...any) (ended int, err error) {
	ids, err := database.All(ctx, tx, func(rows *sql.Rows, id *string) error { return rows.Scan(id) },
		fmt.Sprintf(`UPDATE logins SET ended_ms = $%d WHERE ended_ms IS NULL AND %s RETURNING id`, len(args)+1, condition), append(args, s.now())...)
	if err != nil {
		return 0, err
	}
	for some := range slices.Chunk(ids, MaxEndedPerCall) {
		if err := s.Hooks.LoginsEnded(ctx, tx, some); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
