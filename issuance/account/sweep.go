package account

import (
	"context"
	"database/sql"
	"time"

	"github.com/railgate/railgate/issuance/database"
)

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
	if swept.Expired, err = inBatches(ctx, func(ctx context.Context) (int, error) { return s.expire(ctx, now) }); err != nil {
		return swept, err
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

// inBatches runs a step until it finds nothing more.
func inBatches(ctx context.Context, step func(ctx context.Context) (int, error)) (all int, err error) {
	for {
		n, err := step(ctx)
		if all += n; n == 0 || err != nil {
			return all, err
		}
	}
}

// expire ends what is over in a few accounts.
func (s *Service) expire(ctx context.Context, now time.Time) (n int, err error) {
	err = s.Database.Change(ctx, "end logins that are over", func(ctx context.Context, tx *sql.Tx) error {
		// In the order of their ids: nobody else locks more than one.
		var accounts []string
		err := database.Each(ctx, tx, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			accounts = append(accounts, id)
			return err
		}, `SELECT id FROM accounts WHERE id IN
			(SELECT account FROM logins WHERE ended_ms IS NULL AND expires_ms <= $1 ORDER BY expires_ms LIMIT $2)
			ORDER BY id`+s.Database.ForUpdate, now.UnixMilli(), sweepBatch)
		if err != nil || len(accounts) == 0 {
			return err
		}
		n, err = s.end(ctx, tx, "expires_ms <= $2 AND account IN ("+places(3, len(accounts))+")",
			append([]any{now.UnixMilli()}, anys(accounts)...)...)
		return err
	})
	return n, err
}
