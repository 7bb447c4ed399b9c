package outbox

import (
	"context"
	"database/sql"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation/publish"
)

// Lead takes or renews the publisher's lease for publish.LeaseTime, and reports
// whether this Outbox has it. Only the database's clock counts, so that the clocks
// of issuers need not agree. A lease that ends later than any can was given
// before that clock was set back: it is over, or nobody could publish until then.
func (o *Outbox) Lead(ctx context.Context) (leading bool, err error) {
	err = o.db.Change(ctx, "take the publisher's lease", func(ctx context.Context, tx *sql.Tx) error {
		n, err := database.Changed(ctx, tx, `
			INSERT INTO publisher_lease (id, holder, until_ms) VALUES (1, $1, `+o.db.NowMs+` + $2)
			ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
			WHERE publisher_lease.holder = excluded.holder
			   OR publisher_lease.until_ms <= excluded.until_ms - $2
			   OR publisher_lease.until_ms > excluded.until_ms`,
			o.holder, publish.LeaseTime.Milliseconds())
		leading = n == 1
		return err
	})
	return leading && err == nil, err
}

// Resign ends this Outbox's lease; another's it leaves alone.
func (o *Outbox) Resign(ctx context.Context) error {
	return o.db.Change(ctx, "resign the publisher's lease", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE publisher_lease SET until_ms = 0 WHERE holder = $1`, o.holder)
		return err
	})
}

// othersLease is the question whether another Outbox has the lease now: 1, else
// 0. param is the place of o.holder among the question's parameters.
func (o *Outbox) othersLease(param string) string {
	return `SELECT COUNT(*) FROM publisher_lease WHERE holder <> ` + param + ` AND until_ms > ` + o.db.NowMs
}

// Publishing reports whether an issuer has the lease, or had it seconds ago.
func (o *Outbox) Publishing(ctx context.Context, tx *sql.Tx) (publishing bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM publisher_lease WHERE until_ms > `+o.db.NowMs+` AND until_ms <= `+o.db.NowMs+` + $1`,
		publish.LeaseTime.Milliseconds()).Scan(&publishing)
	return publishing, err
}
