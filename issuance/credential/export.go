package store

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
)

// eraseBatch is how many applications one transaction erases: few enough that
// nobody waits for it.
const eraseBatch = 200

// Erase deletes the applications that were made before beforeMs, with all that
// hangs on them, and quotas of months before month; at most a batch. It returns
// how many applications went; fewer than were left means that it is done. What
// staff did to a credential stays in the audit trail, which names serials only.
func (s *Store) Erase(ctx context.Context, beforeMs int64, month int) (erased int, err error) {
	err = s.db.Change(ctx, "erase applications", func(ctx context.Context, tx *sql.Tx) error {
		const old = `(SELECT id FROM applications WHERE created_ms < $1 ORDER BY created_ms, id LIMIT $2)`
		const credentials = `(SELECT 1 FROM credentials c WHERE c.application IN ` + old
		for _, q := range []string{
			`DELETE FROM sessions WHERE application IN ` + old,
			`DELETE FROM checks WHERE application IN ` + old,
			`DELETE FROM revocations WHERE EXISTS ` + credentials + ` AND c.day = revocations.day AND c.idx = revocations.idx)`,
			`DELETE FROM persons WHERE EXISTS ` + credentials + ` AND c.day = persons.day AND c.idx = persons.idx)`,
			`DELETE FROM credentials WHERE application IN ` + old,
		} {
			if _, err := tx.ExecContext(ctx, q, beforeMs, eraseBatch); err != nil {
				return err
			}
		}
		n, err := database.Changed(ctx, tx, `DELETE FROM applications WHERE id IN `+old, beforeMs, eraseBatch)
		if err != nil {
			return err
		}
		erased = int(n)
		_, err = tx.ExecContext(ctx, `DELETE FROM quotas WHERE month < $1`, month)
		return err
	})
	return erased, err
}

// EraseUnchecked deletes applications that were made before beforeMs and whose person
// no check has seen; at most a batch. Nothing hangs on those. It returns how many went.
func (s *Store) EraseUnchecked(ctx context.Context, beforeMs int64) (erased int, err error) {
	err = s.db.Change(ctx, "erase unchecked applications", func(ctx context.Context, tx *sql.Tx) error {
		// The state is written out, so that its index serves.
		n, err := database.Changed(ctx, tx, `DELETE FROM applications WHERE state = 1 AND id IN
			(SELECT id FROM applications WHERE state = 1 AND created_ms < $1 ORDER BY created_ms, id LIMIT $2)`, beforeMs, eraseBatch)
		erased = int(n)
		return err
	})
	return erased, err
}

// SessionsOf counts the sessions of an application, for who asks what is held.
func (s *Store) SessionsOf(ctx context.Context, application string) (n int, err error) {
	err = s.db.View(ctx, "count sessions", func(ctx context.Context, q database.Queries) error {
		return q.QueryRowContext(ctx, `SELECT COUNT(*) FROM sessions WHERE application = $1`, application).Scan(&n)
	})
	return n, err
}
