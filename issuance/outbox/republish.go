package outbox

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
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

// ErrNoStream says that the stream was never opened in this database.
var ErrNoStream = errors.New("the database has no stream yet: the first issuer that starts makes it")

// Source reads, from its owner's tables, the records that a gateway without any data needs
// at now, in the order in which it needs them: each credential and each session at most
// once. It locks the rows that may be changing, so that a previous state is not enqueued
// after the record of a change.
type Source func(ctx context.Context, db *database.DB, tx *sql.Tx, now database.Millis) ([]revocation.Record, error)

// PartSource is a [Source] of too many records for one list: it passes them to emit in parts.
type PartSource func(ctx context.Context, db *database.DB, tx *sql.Tx, now database.Millis, emit func(...revocation.Record) error) error

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
		moved, err := database.Changed(ctx, tx, `UPDATE stream SET topic = $2, partitions = $3 WHERE id = $1`, o.id, o.topic, o.partitions)
		if err != nil {
			return err
		}
		if moved == 0 {
			return ErrNoStream
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM stream_partitions WHERE partition BETWEEN $1 AND $2`, o.ownPartitions()...); err != nil {
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
		Object: audit.Object{Kind: audit.Stream, ID: streamNames[o.id]}, Detail: fmt.Sprintf("%sepoch %d", what, epoch)})
}

func (o *Outbox) republish(ctx context.Context, tx *sql.Tx, above uint64, now database.Millis) (epoch uint64, err error) {
	// TakeRecords locks the partitions' rows too.
	for _, q := range []string{
		`UPDATE stream_partitions SET next_seq = 1 WHERE partition BETWEEN $1 AND $2`,
		`UPDATE outbox SET seq = NULL WHERE partition BETWEEN $1 AND $2`,
	} {
		if _, err := tx.ExecContext(ctx, q, o.ownPartitions()...); err != nil {
			return 0, err
		}
	}
	records, closings, err := o.removeWaiting(ctx, tx)
	if err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT epoch FROM stream WHERE id = $1`, o.id).Scan(&epoch); err != nil {
		return 0, err
	}
	epoch = max(epoch, above) + 1
	if _, err := tx.ExecContext(ctx, `UPDATE stream SET epoch = $2 WHERE id = $1`, o.id, int64(epoch)); err != nil {
		return 0, err
	}
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
	emit := func(records ...revocation.Record) error { return o.Enqueue(ctx, tx, records...) }
	if err := emit(records...); err != nil || o.active == nil {
		return epoch, err
	}
	return epoch, o.active(ctx, o.db, tx, now, emit)
}

// removeWaiting removes the waiting records that a republication replaces or must place again. It
// returns the records to enqueue before the active ones, and the waiting closed sessions, to
// enqueue after them if they are not among them.
func (o *Outbox) removeWaiting(ctx context.Context, tx *sql.Tx) (front, closings []revocation.Record, err error) {
	if o.id == bookings {
		// Their partitions may have changed. Our choice: they are all published, in their order
		// and before the present state, so that no cancellation is lost that gateways do not have.
		// A booking and its cancellation can thus be published again, close to each other.
		front, err = removeRecords(ctx, tx, revocation.KindBooking)
		return front, nil, err
	}
	// Waiting records of credentials are replaced by their present state, and so are
	// closed sessions and forgiven serials, whose partition may have changed. Were they
	// kept in front, an unrevocation and the revocation after it, which gateways may have
	// already, would be published again, and for a moment the unrevocation would count.
	if closings, err = removeRecords(ctx, tx, revocation.KindRevokeSession); err != nil {
		return nil, nil, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM outbox WHERE kind IN ($1, $2, $3)`,
		int64(revocation.KindRevoke), int64(revocation.KindUnrevoke), int64(revocation.KindForgive))
	return nil, closings, err
}

// removeRecords removes the waiting records of a kind and returns them in their order, each once: a
// booking waits in several partitions. One statement does both: on PostgreSQL a record that is
// committed between two statements would be removed and not returned.
func removeRecords(ctx context.Context, tx *sql.Tx, kind revocation.Kind) (all []revocation.Record, err error) {
	type row struct {
		id int64
		revocation.Record
	}
	rows, err := database.All(ctx, tx, func(rows *sql.Rows, r *row) error {
		var payload []byte
		r.Kind = kind
		if err := rows.Scan(&r.id, &payload, &r.At); err != nil {
			return err
		}
		return decodePayload(&r.Record, payload)
	}, `DELETE FROM outbox WHERE kind = $1 RETURNING id, payload, created_ms`, int64(kind))
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.id, b.id) })
	seen := make(map[revocation.Record]bool, len(rows))
	for _, r := range rows {
		if !seen[r.Record] {
			seen[r.Record] = true
			all = append(all, r.Record)
		}
	}
	return all, err
}
