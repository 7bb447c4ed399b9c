package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
)

// republishTimeout bounds a republication. It writes a row for every key, every closed
// session that could still be shown, and every unexpired credential that was ever
// revoked: a million at worst.
const republishTimeout = 4 * time.Minute

// ErrPublishing says that an issuer has the publisher's lease.
var ErrPublishing = errors.New("outbox: an issuer publishes from this database, or did so seconds ago: stop every issuer and repeat")

// Source reads, from its owner's tables, the records that a gateway without any data needs
// at now, in the order in which it needs them: each credential and each session at most
// once. It locks the rows that may be changing, so that a previous state is not enqueued
// after the record of a change.
type Source func(ctx context.Context, db *database.DB, tx *sql.Tx, now database.Millis) ([]revocation.Record, error)

// Query selects records of one kind from an owner's tables.
type Query struct {
	kind  revocation.Kind
	scan  func(*sql.Rows, *revocation.Record) error
	query string
	args  []any
}

// NewQuery makes a Query. scan fills the record from a row.
func NewQuery(kind revocation.Kind, scan func(*sql.Rows, *revocation.Record) error, query string, args ...any) Query {
	return Query{kind, scan, query, args}
}

// ReadRecords runs the queries in turn.
func ReadRecords(ctx context.Context, tx *sql.Tx, questions ...Query) (records []revocation.Record, err error) {
	for _, q := range questions {
		err := database.Each(ctx, tx, func(rows *sql.Rows) error {
			r := revocation.Record{Kind: q.kind}
			err := q.scan(rows, &r)
			records = append(records, r)
			return err
		}, q.query, q.args...)
		if err != nil {
			return nil, err
		}
	}
	return records, nil
}

// Republish starts a new epoch, above the given and the present one, and puts into the
// outbox all records active at now (Unix ms). Other waiting records keep their order and
// are published first; numbering restarts at 1.
func (o *Outbox) Republish(ctx context.Context, above uint64, now int64) (epoch uint64, err error) {
	err = o.db.ChangeWithin(ctx, republishTimeout, "republish", func(ctx context.Context, tx *sql.Tx) error {
		epoch, err = o.republish(ctx, tx, above, database.Millis(now))
		return err
	})
	return epoch, err
}

// Command is the operator and the time of a command, for the audit log.
type Command struct {
	AuditLog *audit.Log
	Who      string // see staff.CheckName
	At       database.Millis
}

// RepublishByCommand is Republish for an operator, after database and stream were restored
// together: this package cannot detect that. The new epoch is above now, and so above every
// epoch that began since the backup.
func (o *Outbox) RepublishByCommand(ctx context.Context, by Command) (epoch uint64, err error) {
	err = o.db.ChangeWithin(ctx, republishTimeout, "republish", func(ctx context.Context, tx *sql.Tx) error {
		epoch, err = o.republishByCommand(ctx, tx, by, "")
		return err
	})
	return epoch, err
}

// MoveStream stores the topic and partitions of the settings, by an operator's command, and
// republishes everything in a new epoch: the new topic must have every record that is
// active. It fails with ErrPublishing while an issuer runs. Waiting records keep their
// order. Those of credentials, closed sessions and forgiven serials, whose partition
// may change, are replaced by their present state.
func (o *Outbox) MoveStream(ctx context.Context, by Command) (epoch uint64, err error) {
	err = o.db.ChangeWithin(ctx, republishTimeout, "move the stream", func(ctx context.Context, tx *sql.Tx) error {
		publishing, err := o.Publishing(ctx, tx)
		if err != nil {
			return err
		}
		if publishing {
			return ErrPublishing
		}
		moved, err := database.Changed(ctx, tx, `UPDATE stream SET topic = $1, partitions = $2 WHERE id = 1`, o.topic, o.partitions)
		if err != nil {
			return err
		}
		if moved == 0 {
			return errors.New("the database has no stream yet: the first issuer that starts makes it")
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM stream_partitions`); err != nil {
			return err
		}
		if err := o.makePartitions(ctx, tx); err != nil {
			return err
		}
		epoch, err = o.republishByCommand(ctx, tx, by, "to another topic or number of partitions, ")
		return err
	})
	return epoch, err
}

// republishByCommand republishes and appends the command and its detail to the audit log.
func (o *Outbox) republishByCommand(ctx context.Context, tx *sql.Tx, by Command, what string) (epoch uint64, err error) {
	if epoch, err = o.republish(ctx, tx, uint64(by.At), by.At); err != nil {
		return 0, err
	}
	return epoch, by.AuditLog.Append(ctx, tx, audit.Entry{AtMs: int64(by.At), Who: by.Who, Role: staff.Operator, Action: staff.Republish,
		Object: audit.Object{Kind: audit.Stream, ID: "control"}, Detail: fmt.Sprintf("%sepoch %d", what, epoch)})
}

func (o *Outbox) republish(ctx context.Context, tx *sql.Tx, above uint64, now database.Millis) (epoch uint64, err error) {
	// TakeRecords locks the partitions' rows too.
	for _, q := range []string{`UPDATE stream_partitions SET next_seq = 1`, `UPDATE outbox SET seq = NULL`} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return 0, err
		}
	}
	// Waiting records of credentials are replaced by their present state, and so are
	// closed sessions and forgiven serials, whose partition may have changed. Were they
	// kept in front, an unrevocation and the revocation after it, which gateways may have
	// already, would be published again, and for a moment the unrevocation would count.
	closings, err := waitingClosings(ctx, tx)
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE kind IN ($1, $2, $3, $4)`,
		int64(revocation.KindRevoke), int64(revocation.KindUnrevoke), int64(revocation.KindRevokeSession), int64(revocation.KindForgive)); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT epoch FROM stream WHERE id = 1`).Scan(&epoch); err != nil {
		return 0, err
	}
	epoch = max(epoch, above) + 1
	if _, err := tx.ExecContext(ctx, `UPDATE stream SET epoch = $1 WHERE id = 1`, int64(epoch)); err != nil {
		return 0, err
	}
	var records []revocation.Record
	for _, source := range o.sources {
		more, err := source(ctx, o.db, tx, now)
		if err != nil {
			return 0, err
		}
		records = append(records, more...)
	}
	// A closed session that is too old for the sources may not be in the stream yet. It
	// is published too: a handheld may report a scan of the session later.
	said := make(map[revocation.Record]bool)
	for _, r := range records {
		if r.Kind == revocation.KindRevokeSession {
			said[r] = true
		}
	}
	for _, r := range closings {
		if !said[r] {
			records = append(records, r)
		}
	}
	return epoch, o.Enqueue(ctx, tx, records...)
}

// waitingClosings reads the waiting records of closed sessions, in their order.
func waitingClosings(ctx context.Context, tx *sql.Tx) ([]revocation.Record, error) {
	return ReadRecords(ctx, tx, NewQuery(revocation.KindRevokeSession, func(rows *sql.Rows, r *revocation.Record) error {
		var payload []byte
		if err := rows.Scan(&payload, &r.At); err != nil {
			return err
		}
		return decodePayload(r, payload)
	}, `SELECT payload, created_ms FROM outbox WHERE kind = $1 ORDER BY id`, int64(revocation.KindRevokeSession)))
}
