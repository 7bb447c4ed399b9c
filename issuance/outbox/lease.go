package store

import (
	"context"
	"crypto/rand"
	"database/sql"

	"github.com/railgate/railgate/revocation/publish"
)

// newHolder names an open Store among those that share the database.
func newHolder() string { return rand.Text() }

// Lead takes or renews the publisher's lease for publish.LeaseTime, and reports
// whether this Store has it. Only the database's clock counts, so that the clocks
// of issuers need not agree. A lease that ends later than any can was given
// before that clock was set back: it is over, or nobody could publish until then.
func (s *Store) Lead(ctx context.Context) (leading bool, err error) {
	err = s.db.Change(ctx, "take the publisher's lease", func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `
			INSERT INTO publisher_lease (id, holder, until_ms) VALUES (1, $1, `+s.db.NowMs+` + $2)
			ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
			WHERE publisher_lease.holder = excluded.holder
			   OR publisher_lease.until_ms <= excluded.until_ms - $2
			   OR publisher_lease.until_ms > excluded.until_ms`,
			s.holder, publish.LeaseTime.Milliseconds())
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		leading = n == 1
		return err
	})
	return leading && err == nil, err
}

// Resign ends this Store's lease; another's it leaves alone.
func (s *Store) Resign(ctx context.Context) error {
	return s.db.Change(ctx, "resign the publisher's lease", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE publisher_lease SET until_ms = 0 WHERE holder = $1`, s.holder)
		return err
	})
}

// othersLease is the question whether another Store has the lease now: 1, else
// 0. param is the place of s.holder among the question's parameters.
func (s *Store) othersLease(param string) string {
	return `SELECT COUNT(*) FROM publisher_lease WHERE holder <> ` + param + ` AND until_ms > ` + s.db.NowMs
}
