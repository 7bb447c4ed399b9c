package store

import (
	"context"
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
	Key         tokens.KeyID // that the pass is signed under; 0: not known
	StartMs     int64
	Pass        []byte
	Seed        []byte // sealed
}

// OpenSession uses up the session's check and keeps the session: both or
// neither. It returns ErrCheckUnusable for a check that is not the
// application's, was used, or expired at or before nowMs, and ErrKeyCutOff for a
// key under which no session may start at that time.
func (s *Store) OpenSession(ctx context.Context, o Session, nowMs int64) error {
	return s.db.Change(ctx, "open session", func(ctx context.Context, tx *sql.Tx) error {
		// Asked here and not of a cached copy, so that nothing starts under a key
		// after its cut-off was committed.
		cutOff, err := keyCutOff(ctx, tx, o.Key)
		if err != nil {
			return err
		}
		if o.StartMs/1000 >= cutOff {
			return ErrKeyCutOff
		}
		used, err := tx.ExecContext(ctx, `
			UPDATE checks SET used_ms = $1
			WHERE id = $2 AND application = $3 AND used_ms IS NULL AND expires_ms > $1`,
			nowMs, o.Check, o.Application)
		if err != nil {
			return err
		}
		if n, err := used.RowsAffected(); err != nil || n != 1 {
			if err == nil {
				err = ErrCheckUnusable
			}
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO sessions (id, application, check_id, key_id, start_ms, pass, seed) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			o.ID, o.Application, o.Check, int64(o.Key), o.StartMs, o.Pass, o.Seed)
		return err
	})
}

// Session finds a session of an application. A session of another application
// is ErrNotFound like one that never was.
func (s *Store) Session(ctx context.Context, application, id string) (o Session, err error) {
	err = s.db.View(ctx, "find session", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `
			SELECT id, application, check_id, key_id, start_ms, pass, seed FROM sessions WHERE id = $1 AND application = $2`, id, application).
			Scan(&o.ID, &o.Application, &o.Check, &o.Key, &o.StartMs, &o.Pass, &o.Seed)
	})
	return o, err
}
