// Package outbox is the queue of records for gateways, in the issuer's database. A change
// enqueues its record in its own transaction; a publisher takes records out, numbered.
// Package database documents what survives a crash.
//
// A database has up to two streams, each with its own epoch, partitions, topic and lease: the
// control stream ([Open]) and that of bookings ([Outbox.OpenBookings]).
//
// It promises: a change and its record are one transaction; records leave in an order that
// agrees with commits, and none is skipped; a number stays with its record until the
// epoch ends, and a past epoch marks no record as published; at most one publisher has the
// lease, by the database clock.
//
// It knows no keys and no credentials: when a new epoch republishes everything that is
// active, it reads the records from the owners of the tables ([Config.Sources]).
package outbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/tokens"
)

// MaxPartitions bounds the partitions of a stream.
const MaxPartitions = 64

// Config names the database and the shape of its stream.
type Config struct {
	// Database is what database.Open takes.
	Database string
	// Partitions of the control stream, 1 to MaxPartitions. A database keeps its first
	// number: Open refuses another.
	Partitions int
	// Topic is the control topic. A database keeps the first one it is opened with: Open
	// refuses another. Callers that do not publish leave it empty: it is then neither
	// stored nor compared.
	Topic string
	// Move opens a database whatever its topic and partitions are, for MoveStream only.
	Move bool
	// Sources are called in turn by Republish.
	Sources []Source
	// Now dates a new database and so sets the stream's first epoch. nil: time.Now.
	Now func() time.Time
}

// BookingsConfig has the shape of the stream of bookings. The fields without a comment are as
// in [Config].
type BookingsConfig struct {
	Partitions int
	Topic      string
	Move       bool
	Now        func() time.Time
	// Active is the source of active records.
	Active PartSource
	// Place returns the partitions of a record, at least one and none twice. The record is in
	// each of them.
	Place func(r *revocation.Record, partitions int) ([]int, error)
}

// streamID names a stream in the tables. The numbers are stored and never reused.
type streamID int

const (
	control  streamID = 1
	bookings streamID = 2
)

// streamNames are the names in the audit log.
var streamNames = map[streamID]string{control: "control", bookings: "bookings"}

// settingNames are the sections of the settings that name topic and partitions.
var settingNames = map[streamID]string{control: "kafka", bookings: "bookings"}

// Outbox is an open database and one of its queues. It is safe for concurrent use.
type Outbox struct {
	db         *database.DB
	id         streamID
	base       int // the number of the stream's partition 0 in the tables
	place      func(r *revocation.Record, partitions int) ([]int, error)
	partitions int
	topic      string
	sources    []Source
	active     PartSource
	holder     string // this Outbox's name in the publisher lease
	wake       func(partition int)
	writes     *database.Group[Write]
	writing    chan struct{} // one slot for each running Write on PostgreSQL
}

var _ publish.Outbox = (*Outbox)(nil)

// Open opens the database and finds or creates the stream.
func Open(ctx context.Context, c Config) (*Outbox, error) {
	if err := checkPartitions(c.Partitions); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	db, err := database.Open(ctx, c.Database, c.Now())
	if err != nil {
		return nil, err
	}
	o := &Outbox{
		db: db, id: control, place: placeControl, partitions: c.Partitions, topic: c.Topic, sources: c.Sources, holder: rand.Text(),
		wake: func(int) {}, writing: make(chan struct{}, maxConcurrentWrites),
	}
	o.writes = database.NewGroup(o.Batch)
	if !c.Move {
		err = o.openStream(ctx, c.Now())
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return o, nil
}

func checkPartitions(n int) error {
	if n < 1 || n > MaxPartitions {
		return fmt.Errorf("outbox: partitions must be 1 to %d", MaxPartitions)
	}
	return nil
}

func placeControl(r *revocation.Record, partitions int) ([]int, error) {
	return []int{publish.Partition(r, partitions)}, nil
}

// OpenBookings finds or creates the stream of bookings in the same database. Close o only after
// the last use of the result, which has no connections of its own.
func (o *Outbox) OpenBookings(ctx context.Context, c BookingsConfig) (*Outbox, error) {
	if err := checkPartitions(c.Partitions); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	b := &Outbox{
		db: o.db, id: bookings, base: MaxPartitions, place: c.Place, partitions: c.Partitions, topic: c.Topic, active: c.Active,
		holder: rand.Text(), wake: func(int) {}, writes: o.writes, writing: o.writing,
	}
	if c.Move {
		return b, nil
	}
	return b, b.openStream(ctx, c.Now())
}

// SetWake sets the function that tells the publisher of committed records in a partition;
// without it the publisher finds them at its next heartbeat. wake must not block. Call
// SetWake before the outbox is shared.
func (o *Outbox) SetWake(wake func(partition int)) { o.wake = wake }

// Close ends the connections; acknowledged writes stay.
func (o *Outbox) Close() error { return o.db.Close() }

// Database is the database of the outbox, which other packages use too.
func (o *Outbox) Database() *database.DB { return o.db }

// Partitions is the stream's number of partitions.
func (o *Outbox) Partitions() int { return o.partitions }

// openStream finds the stream's epoch. In a new database it creates it as Unix
// milliseconds, so that a database that replaces a lost one has a greater epoch. It stores
// the topic if the database has none, and refuses another stream than the database's.
func (o *Outbox) openStream(ctx context.Context, now time.Time) error {
	return o.db.Change(ctx, "open stream", func(ctx context.Context, tx *sql.Tx) error {
		made, err := database.Changed(ctx, tx, `INSERT INTO stream (id, epoch, partitions, topic) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
			o.id, database.MillisAt(now), o.partitions, o.topic)
		if err != nil {
			return err
		}
		if made == 1 {
			if err := o.makePartitions(ctx, tx); err != nil {
				return err
			}
		}
		if o.topic != "" { // a database from before topics were stored
			if _, err := tx.ExecContext(ctx, `UPDATE stream SET topic = $2 WHERE id = $1 AND topic = ''`, o.id, o.topic); err != nil {
				return err
			}
		}
		_, err = o.stream(ctx, tx)
		return err
	})
}

func (o *Outbox) makePartitions(ctx context.Context, tx *sql.Tx) error {
	for p := range o.partitions {
		if _, err := tx.ExecContext(ctx, `INSERT INTO stream_partitions (partition, next_seq) VALUES ($1, 1)`, o.base+p); err != nil {
			return err
		}
	}
	return nil
}

// stream reads the epoch. It fails with publish.ErrOtherStream if the settings name
// another stream than the database's.
func (o *Outbox) stream(ctx context.Context, q database.Queries) (epoch uint64, err error) {
	var topic string
	var partitions int
	if err := q.QueryRowContext(ctx, `SELECT epoch, topic, partitions FROM stream WHERE id = $1`, o.id).Scan(&epoch, &topic, &partitions); err != nil {
		return 0, err
	}
	if topic == "" || o.topic == "" {
		topic = o.topic
	}
	if topic != o.topic || partitions != o.partitions {
		return 0, fmt.Errorf("%[1]w: topic %[2]q with %[3]d partitions; the settings name %[4]q with %[5]d: correct %[6]s.topic and %[6]s.partitions, or move the stream with -move-stream",
			publish.ErrOtherStream, topic, partitions, o.topic, o.partitions, settingNames[o.id])
	}
	return epoch, nil
}

// Epoch is at first the time at which the database was created, Unix ms; Republish and
// MoveStream raise it.
func (o *Outbox) Epoch(ctx context.Context) (uint64, error) {
	return database.Read(ctx, o.db, "read the epoch", o.stream)
}

// Lead acquires or renews the publisher lease for publish.LeaseTime, and reports whether
// this Outbox has it. It uses the database clock only: issuers' clocks need not agree. A
// lease that ends later than the longest possible one was given before the database clock
// was set back. It counts as ended: otherwise publishing would pause until that time.
func (o *Outbox) Lead(ctx context.Context) (leading bool, err error) {
	err = o.db.Change(ctx, "take the publisher's lease", func(ctx context.Context, tx *sql.Tx) error {
		n, err := database.Changed(ctx, tx, `
			INSERT INTO publisher_lease (id, holder, until_ms) VALUES ($3, $1, `+o.db.NowMs+` + $2)
			ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
			WHERE publisher_lease.holder = excluded.holder
			   OR publisher_lease.until_ms <= excluded.until_ms - $2
			   OR publisher_lease.until_ms > excluded.until_ms`,
			o.holder, publish.LeaseTime.Milliseconds(), o.id)
		leading = n == 1
		return err
	})
	return leading && err == nil, err
}

// Resign ends this Outbox's lease and leaves another's as it is.
func (o *Outbox) Resign(ctx context.Context) error {
	return o.db.Change(ctx, "resign the publisher's lease", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE publisher_lease SET until_ms = 0 WHERE id = $1 AND holder = $2`, o.id, o.holder)
		return err
	})
}

// othersLease is the query whether another Outbox has the lease now: 1, else 0. param is
// the parameter that is bound to o.holder.
func (o *Outbox) othersLease(param string) string {
	return `SELECT COUNT(*) FROM publisher_lease WHERE id = ` + strconv.Itoa(int(o.id)) + ` AND holder <> ` + param + ` AND until_ms > ` + o.db.NowMs
}

// Publishing reports whether the lease of an issuer on any stream is valid: the issuer runs, or
// ended without [Outbox.Resign] less than publish.LeaseTime ago.
func (o *Outbox) Publishing(ctx context.Context, tx *sql.Tx) (publishing bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) > 0 FROM publisher_lease WHERE until_ms > `+o.db.NowMs+` AND until_ms <= `+o.db.NowMs+` + $1`,
		publish.LeaseTime.Milliseconds()).Scan(&publishing)
	return publishing, err
}

// Write is a short transaction in which a caller enqueues a record or a publisher takes
// records. Either costs less than its commit.
type Write struct {
	// Serial is that of the credential whose row Run locks first.
	Serial tokens.Serial
	// Run may be called twice and then starts over. A refusal before anything was written
	// is not an error here: an error undoes all writes of the transaction.
	Run func(ctx context.Context, tx *sql.Tx) error

	last int   // 1 + the partition, for a publisher's write
	err  error // why this write failed, while others did not
}

// maxConcurrentWrites is how many of PostgreSQL's connections writes use concurrently:
// half of them, since the publisher waits for connections in the same queue.
const maxConcurrentWrites = 8

// Do runs a write.
func (o *Outbox) Do(ctx context.Context, w *Write) error {
	if o.db.Name != "sqlite" {
		select {
		case o.writing <- struct{}{}:
			defer func() { <-o.writing }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return o.runWrite(ctx, w)
}

// runWrite is Do for publishers too. On SQLite, which has one writer, waiting calls share a
// transaction; records enqueued in it are also numbered in it. PostgreSQL runs
// transactions concurrently and groups their disk writes itself: on one connection calls
// would only wait for each other's round trips.
func (o *Outbox) runWrite(ctx context.Context, w *Write) (err error) {
	if o.db.Name == "sqlite" {
		err = o.writes.Do(ctx, w)
	} else {
		err = o.Batch(ctx, []*Write{w})
	}
	if err != nil {
		return err // w.err may still be written
	}
	return w.err
}

// Batch runs many writes in one transaction, publishers' last. If the database refuses the
// transaction, each write is retried in its own one, so that no write fails because of
// another. A transaction that may have been committed is not retried.
func (o *Outbox) Batch(ctx context.Context, writes []*Write) error {
	committed, err := o.runTogether(ctx, writes)
	if err == nil || committed || len(writes) == 1 {
		return err
	}
	for _, w := range writes {
		_, w.err = o.runTogether(ctx, []*Write{w})
	}
	return nil
}

// runTogether is one transaction. committed: it may be on disk although err is not nil.
func (o *Outbox) runTogether(ctx context.Context, writes []*Write) (committed bool, err error) {
	// Rows are locked in one order, so that two issuers do not deadlock.
	writes = slices.SortedStableFunc(slices.Values(writes), func(a, b *Write) int {
		return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.Serial.Day, b.Serial.Day), cmp.Compare(a.Serial.Index, b.Serial.Index))
	})
	err = o.db.Change(ctx, "revoke and take", func(ctx context.Context, tx *sql.Tx) error {
		ctx = o.db.Brief(ctx)
		for _, w := range writes {
			if err := w.Run(ctx, tx); err != nil {
				return err
			}
		}
		committed = true
		return nil
	})
	return committed, err
}
