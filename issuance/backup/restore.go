package backup

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/staff"
)

// ErrRunning says that an issuer runs on the database already, and may hold indexes
// that it took before the jump.
var ErrRunning = errors.New("backup: an issuer runs on this database: stop every one, do this again, then start them")

// Report is what AfterRestore did. What nobody can do for the operator: cut-offs of
// keys and subjects that were ordered since the copy must be ordered again, as must
// announcements, rests and retirements of keys; credentials approved since are not
// in the database, and can be revoked only by cutting off their subject; revocations
// since are kept by the gateways, and not known here; and anchors of the audit trail
// that were logged since are not in it.
type Report struct {
	Days  []credential.Day
	Epoch uint64 // that begins
}

// AfterRestore makes a database that came back from a copy fit to be used: to be
// called once, before any issuer starts on it. Repeated, it jumps once more, which
// harms nothing; so it is to be repeated if it fails. by says who ordered it, in
// which role, when, and in which request; the trail takes the entry.
func AfterRestore(ctx context.Context, box *outbox.Outbox, trail *audit.Trail, by audit.Entry) (r Report, err error) {
	err = box.Database().Change(ctx, "after a restore", func(ctx context.Context, tx *sql.Tx) error {
		running, err := box.Publishing(ctx, tx)
		if err != nil {
			return err
		}
		if running {
			return ErrRunning
		}
		if r.Days, err = credential.JumpSerials(ctx, tx, database.Millis(by.AtMs)); err != nil {
			return err
		}
		by.Action, by.Object = staff.Restore, audit.Object{Kind: audit.Database, ID: "restored"}
		by.Detail = fmt.Sprintf("serials of days %d to %d jump by %d", r.Days[0].Day, r.Days[len(r.Days)-1].Day, credential.SerialJump)
		return trail.Append(ctx, tx, by)
	})
	if err != nil {
		return Report{}, err
	}
	if r.Epoch, err = box.RepublishByOrder(ctx, outbox.Order{Trail: trail, Who: by.Who, At: database.Millis(by.AtMs)}); err != nil {
		return r, fmt.Errorf("serials are safe, but nothing is said again yet: repeat it: %w", err)
	}
	return r, nil
}
