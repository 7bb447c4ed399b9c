package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/tokens"
)

// SerialJump is how far the indexes of a day jump over those that may have been
// given since the copy. Ours: 16.8 million credentials, more than any day has; a day
// has room for 128 such jumps, and gateways keep nothing for indexes that are not
// revoked.
const SerialJump = 1 << 24

// ErrRunning says that an issuer runs on the database already, and may hold indexes
// that it took before the jump.
var ErrRunning = errors.New("recovery: an issuer runs on this database: stop every one, do this again, then start them")

// Restater says everything in force again to all gateways, in a new epoch of the
// stream. *store.Store is one.
type Restater interface {
	OrderRestatement(ctx context.Context, who string, now int64) (epoch uint64, err error)
}

// Day is a railway day and the index that its next credential gets.
type Day struct {
	Day  uint16
	Next int64
}

// Report is what AfterRestore did. What nobody can do for the operator: cut-offs of
// keys and subjects that were ordered since the copy must be ordered again, as must
// announcements, rests and retirements of keys; credentials approved since are not
// in the database, and can be revoked only by cutting off their subject; revocations
// since are kept by the gateways, and not known here; and anchors of the audit trail
// that were logged since are not in it.
type Report struct {
	Days  []Day
	Epoch uint64 // that begins
}

// AfterRestore makes a database that came back from a copy fit to be used: to be
// called once, before any issuer starts on it. Repeated, it jumps once more, which
// harms nothing; so it is to be repeated if it fails. by says who ordered it, in
// which role, when, and in which request; the trail takes the entry.
func AfterRestore(ctx context.Context, db *database.DB, stream Restater, trail *audit.Trail, by audit.Entry) (r Report, err error) {
	err = db.Change(ctx, "after a restore", func(ctx context.Context, tx *sql.Tx) error {
		var running int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM publisher_lease WHERE until_ms > `+db.NowMs+` AND until_ms <= `+db.NowMs+` + $1`,
			publish.LeaseTime.Milliseconds()).Scan(&running)
		if err != nil {
			return err
		}
		if running != 0 {
			return ErrRunning
		}
		if r.Days, err = jump(ctx, tx, by.AtMs); err != nil {
			return err
		}
		by.Action, by.Object = staff.Restore, audit.Object{Kind: audit.Database, ID: "restored"}
		by.Detail = fmt.Sprintf("serials of days %d to %d jump by %d", r.Days[0].Day, r.Days[len(r.Days)-1].Day, SerialJump)
		return trail.Append(ctx, tx, by)
	})
	if err != nil {
		return Report{}, err
	}
	if r.Epoch, err = stream.OrderRestatement(ctx, by.Who, by.AtMs); err != nil {
		return r, fmt.Errorf("serials are safe, but nothing is said again yet: repeat it: %w", err)
	}
	return r, nil
}

// jump raises the indexes of every day that an approval can have: those that live,
// and the next, for a clock that was ahead around midnight. A day that the copy does
// not know yet is the one of which most was given since.
func jump(ctx context.Context, tx *sql.Tx, atMs int64) (days []Day, err error) {
	today := tokens.DayOf(time.UnixMilli(atMs).Unix())
	for day := today - 1; day <= today+1; day++ {
		d := Day{Day: uint16(day)}
		err := tx.QueryRowContext(ctx, `
			INSERT INTO serials (day, next_index) VALUES ($1, $2)
			ON CONFLICT (day) DO UPDATE SET next_index = serials.next_index + $2
			RETURNING next_index`, day, SerialJump).Scan(&d.Next)
		if err != nil {
			return nil, err
		}
		days = append(days, d)
	}
	return days, nil
}
