package store

import (
	"context"
	"crypto/sha256"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
)

// Session is an opened session. Pass and Seed are kept for hosted sessions
// only; of the others nothing is left that could show a code.
type Session struct {
	ID          string
	Application string
	Check       string
	Key         tokens.KeyID      // that the pass is signed under; 0: not known
	Login       string            // that it was opened in; empty: by an access token
	Access      [sha256.Size]byte // of that token, for OpenSession only: it is not kept
	StartMs     int64
	ClosedMs    int64 // 0: not closed
	Pass        []byte
	Seed        []byte // sealed
}

// OpenSession uses up the session's check and keeps the session: both or
// neither. It returns ErrLeft if the access token was left or replaced,
// ErrCheckUnusable for a check that is not the
// application's, was used, or expired at or before nowMs, ErrKeyCutOff for a
// key under which no session may start at that time, and ErrStartTaken if another
// session of the application starts in the same second: to gateways they were one. first, unless nil, comes
// before everything else in the transaction and may refuse.
func (s *Store) OpenSession(ctx context.Context, o Session, nowMs int64, first func(context.Context, *sql.Tx) error) error {
	c := &change{session: &o, nowMs: nowMs}
	if first == nil {
		if err := s.writes.Do(ctx, c); err != nil {
			return err
		}
		return c.refused
	}
	// It takes another lock, and so goes alone: two groups that take several each
	// could wait for each other.
	return s.db.Change(ctx, "open session", func(ctx context.Context, tx *sql.Tx) error {
		if err := first(ctx, tx); err != nil {
			return err
		}
		if err := s.openTogether(ctx, tx, []*change{c}); err != nil {
			return err
		}
		return c.refused
	})
}

const insertSessions = `INSERT INTO sessions (id, application, check_id, key_id, login, start_ms, pass, seed)`

func (o *Session) row() []any {
	return []any{o.ID, o.Application, o.Check, int64(o.Key), sql.NullString{String: o.Login, Valid: o.Login != ""}, o.StartMs, o.Pass, o.Seed}
}

// GoodCheck reports whether an application has a passed check that was not used
// and has not expired.
func (s *Store) GoodCheck(ctx context.Context, application string, nowMs int64) (good bool, err error) {
	err = s.db.View(ctx, "find check", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `
			SELECT COUNT(*) > 0 FROM checks WHERE application = $1 AND used_ms IS NULL AND expires_ms > $2`, application, nowMs).Scan(&good)
	})
	return good, err
}

// Leave ends the page of someone who is not logged in: the access token opens
// nothing any more, and gates refuse the sessions that it opened (rule A12). A
// token that was replaced since is left alone. dead is an access hash that no
// token has.
func (s *Store) Leave(ctx context.Context, application string, access, dead [sha256.Size]byte, nowMs int64) error {
	return s.db.Change(ctx, "leave", func(ctx context.Context, tx *sql.Tx) error {
		n, err := database.Changed(ctx, tx, `UPDATE applications SET access_hash = $1 WHERE id = $2 AND access_hash = $3`, dead[:], application, access[:])
		if err != nil || n == 0 {
			return err
		}
		return s.closeSessions(ctx, tx, nowMs, `application = $2 AND login IS NULL`, application)
	})
}

// Reenter gives an application another access token and closes what the one
// before it had opened, and keeps the check by which the person came back and the
// privacy policy that they agreed to for it.
func (s *Store) Reenter(ctx context.Context, check Check, access [sha256.Size]byte, policy string) error {
	return s.db.Change(ctx, "re-enter", func(ctx context.Context, tx *sql.Tx) error {
		if err := check.guard(ctx, tx); err != nil {
			return err
		}
		n, err := database.Changed(ctx, tx, `UPDATE applications SET access_hash = $1, policy = $2, consent_ms = $3 WHERE id = $4`,
			access[:], policy, check.PassedMs, check.Application)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := s.closeSessions(ctx, tx, check.PassedMs, `application = $2 AND login IS NULL`, check.Application); err != nil {
			return err
		}
		return insertCheck(ctx, tx, check)
	})
}

// CloseSessionsOf ends what one login shows of an application. first comes before
// everything else in the transaction, as in OpenSession, so that the two take turns.
func (s *Store) CloseSessionsOf(ctx context.Context, application, login string, nowMs int64, first func(context.Context, *sql.Tx) error) error {
	return s.db.Change(ctx, "close sessions", func(ctx context.Context, tx *sql.Tx) error {
		if err := first(ctx, tx); err != nil {
			return err
		}
		return s.closeSessions(ctx, tx, nowMs, `application = $2 AND login = $3`, application, login)
	})
}

// Detach parts an account's applications from it, in the transaction that closes
// the account: nobody sees them any more, and they are erased in their time.
func (s *Store) Detach(ctx context.Context, tx *sql.Tx, account string, nowMs int64) error {
	if err := s.closeSessions(ctx, tx, nowMs, `application IN (SELECT id FROM applications WHERE account = $2)`, account); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE applications SET account = NULL WHERE account = $1`, account)
	return err
}

// CloseLogins ends the sessions that logins opened, in the transaction that ends
// the logins (rule A12).
func (s *Store) CloseLogins(ctx context.Context, tx *sql.Tx, logins []string, nowMs int64) error {
	for _, login := range logins {
		if err := s.closeSessions(ctx, tx, nowMs, `login = $2`, login); err != nil {
			return err
		}
	}
	return nil
}
