package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
)

// enqueueIn puts a record into a transaction of the test.
func (o *box) enqueueIn(t *testing.T, tx *sql.Tx, r revocation.Record) (id int64, err error) {
	t.Helper()
	row, err := o.encodeRow(&r, publish.Partition(&r, o.partitions))
	runtest.Must(t, err)
	err = tx.QueryRow(`INSERT INTO outbox (partition, kind, payload, created_ms) VALUES ($1, $2, $3, $4) RETURNING id`, row...).Scan(&id)
	return id, err
}

// After a crash between publishing and MarkPublished the same numbers are taken again, also
// after a restart; published records are not.
func TestNumbersStayWithTheirRecords(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *box) {
		s := open()
		if p := issuerdb.TakeRecords(t, s, 0, 10); p.First != 1 || !p.Drained || len(p.Records) != 0 {
			t.Fatalf("empty: %+v", p)
		}
		for i := range int64(5) {
			r := record(0, nowMs+i)
			if i%2 != 0 {
				r.Kind = revocation.KindUnrevoke
			}
			enqueue(t, s, r)
		}
		first := issuerdb.TakeRecords(t, s, 0, 2)
		if first.First != 1 || len(first.Records) != 2 || first.Drained {
			t.Fatalf("%+v", first)
		}
		s.Close()
		s = open()
		if again := issuerdb.TakeRecords(t, s, 0, 2); fmt.Sprint(again) != fmt.Sprint(first) {
			t.Fatalf("again %+v, first %+v", again, first)
		}
		runtest.Must(t, s.MarkPublished(t.Context(), nowMs, 0, 2))
		rest := issuerdb.TakeRecords(t, s, 0, 10)
		if rest.First != 3 || len(rest.Records) != 3 || !rest.Drained || rest.Records[0].At != nowMs+2 {
			t.Fatalf("%+v", rest)
		}
		runtest.Must(t, s.MarkPublished(t.Context(), nowMs, 0, 5))
		s.Close()
		s = open()
		if p := issuerdb.TakeRecords(t, s, 0, 10); p.First != 6 || len(p.Records) != 0 || !p.Drained {
			t.Fatalf("after all: %+v", p)
		}
		epoch, err := s.Epoch(t.Context())
		if err != nil || epoch != nowMs {
			t.Fatalf("epoch %d: %v", epoch, err)
		}
	})
}

// On PostgreSQL a transaction that began first may commit last. Its record gets a later
// number; it is not skipped.
func TestLateCommitIsNotSkipped(t *testing.T) {
	each(t, func(t *testing.T, s *box) {
		if s.db.Name != "postgres" {
			t.Skip("SQLite has one writer")
		}
		tx, err := s.db.Writer().Begin()
		runtest.Must(t, err)
		defer tx.Rollback()
		low, err := s.enqueueIn(t, tx, record(0, 1))
		runtest.Must(t, err)
		other, err := s.db.Writer().Begin()
		runtest.Must(t, err)
		high, err := s.enqueueIn(t, other, record(4, 2)) // both in partition 0
		if err != nil || high <= low {
			t.Fatalf("rows %d and %d: %v", low, high, err)
		}
		runtest.Must(t, other.Commit())
		p := issuerdb.TakeRecords(t, s, 0, 10)
		if len(p.Records) != 1 || p.Records[0].At != 2 || p.First != 1 || !p.Drained {
			t.Fatalf("%+v", p)
		}
		runtest.Must(t, s.MarkPublished(t.Context(), nowMs, 0, 1))
		runtest.Must(t, tx.Commit())
		if p = issuerdb.TakeRecords(t, s, 0, 10); len(p.Records) != 1 || p.Records[0].At != 1 || p.First != 2 {
			t.Fatalf("the late one: %+v", p)
		}
	})
}

// Two issuers may number one partition at the same time: the second waits, and a number
// stays with its record.
func TestNumberingIsSerialized(t *testing.T) {
	each(t, func(t *testing.T, s *box) {
		if s.db.Name != "postgres" {
			t.Skip("SQLite has one writer")
		}
		insert := func(q *sql.Tx, at int64) {
			t.Helper()
			_, err := s.enqueueIn(t, q, record(0, at))
			runtest.Must(t, err)
		}
		begin := func() *sql.Tx {
			t.Helper()
			tx, err := s.db.Writer().Begin()
			runtest.Must(t, err)
			t.Cleanup(func() { tx.Rollback() })
			return tx
		}
		late := begin()
		insert(late, 1) // has the lower id
		early := begin()
		insert(early, 2)
		runtest.Must(t, early.Commit())
		other := begin() // another issuer numbers the visible rows: record 2 becomes number 1
		seq, _, err := s.lockPartition(t.Context(), other, nowMs, 0)
		runtest.Must(t, err)
		if next, err := numberRows(t.Context(), other, seq, 0, 10); err != nil || next != 2 {
			t.Fatalf("next %d: %v", next, err)
		}
		runtest.Must(t, late.Commit())
		taken := make(chan publish.Pending, 1)
		go func() {
			p, err := s.TakeRecords(t.Context(), nowMs, 0, 0, 10)
			if err != nil {
				t.Error(err)
			}
			taken <- p
		}()
		databasetest.WaitForLocks(t, s.db.Writer(), 1)
		runtest.Must(t, other.Commit())
		p := <-taken
		if p.First != 1 || len(p.Records) != 2 || p.Records[0].At != 2 || p.Records[1].At != 1 {
			t.Fatalf("%+v", p)
		}
	})
}

// In a transaction of several takes, a damaged partition fails alone.
func TestDamagedPartitionFailsAlone(t *testing.T) {
	each(t, func(t *testing.T, s *box) {
		for p := range partitions {
			for n := range 2 {
				// In the last partition a number is missing.
				_, err := s.db.Writer().Exec(`INSERT INTO outbox (partition, seq, kind, payload, created_ms) VALUES ($1, $2, $3, $4, $5)`,
					p, 1+n+n*p/(partitions-1), int64(revocation.KindRevoke), make([]byte, 6), nowMs)
				runtest.Must(t, err)
			}
		}
		var calls []*takeCall
		var writes []*Write
		for p := range partitions {
			calls = append(calls, &takeCall{epoch: issuerdb.Epoch(t, s), partition: p, max: 10})
			writes = append(writes, s.takeWrite(calls[p]))
		}
		runtest.Must(t, s.Batch(t.Context(), writes))
		for p, c := range calls {
			if damaged := p == partitions-1; (writes[p].err != nil) != damaged || !damaged && len(c.pending.Records) != 2 {
				t.Errorf("partition %d: %v, %+v", p, writes[p].err, c.pending)
			}
		}
	})
}

var errFailing = errors.New("the change cannot be written")

// Writes that share a transaction succeed or fail one by one, and takes in it see the
// records that the writes enqueue.
func TestWritesOfOneTransactionFailOneByOne(t *testing.T) {
	const good = 6
	everyDatabase(t, func(t *testing.T, open func() *box) {
		for _, failed := range []bool{false, true} {
			o := open()
			before, err := o.Waiting(t.Context())
			runtest.Must(t, err)
			taken := &takeCall{epoch: issuerdb.Epoch(t, o), partition: publish.Partition(&revocation.Record{Kind: revocation.KindRevoke, Serial: serial(0)}, partitions), max: 10}
			over := &takeCall{epoch: issuerdb.Epoch(t, o) + 1, max: 10}
			shared := []*Write{o.takeWrite(taken), o.takeWrite(over)} // first in the list, and run last
			for n := range good {
				shared = append(shared, o.changeWrite(record(n, nowMs+1)))
			}
			failing := o.changeWrite(record(good, nowMs+1))
			if run := failing.Run; failed { // after others were written
				failing.Run = func(ctx context.Context, tx *sql.Tx) error { return errors.Join(run(ctx, tx), errFailing) }
				shared = append(shared, failing)
			}
			slices.Reverse(shared[2:])
			runtest.Must(t, o.Batch(t.Context(), shared))
			if !errors.Is(over.refused, publish.ErrEpoch) || taken.refused != nil || len(taken.pending.Records) == 0 && !failed || !taken.pending.Drained {
				t.Errorf("failed %v: took %+v; in another epoch %v", failed, taken, over.refused)
			}
			for _, w := range shared {
				if w == failing != errors.Is(w.err, errFailing) || w != failing && w.err != nil {
					t.Errorf("failed %v: %v", failed, w.err)
				}
			}
			if after, err := o.Waiting(t.Context()); err != nil || after-before != good {
				t.Errorf("failed %v: %d records of %d: %v", failed, after-before, good, err)
			}
		}
	})
}

// The publisher is woken once for each partition, after the commit and not before.
func TestEnqueueWakesThePublisher(t *testing.T) {
	each(t, func(t *testing.T, o *box) {
		var woken []int
		o.SetWake(func(partition int) { woken = append(woken, partition) })
		undone := errors.New("undone")
		for _, end := range []error{undone, nil} {
			err := o.db.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error {
				err := o.Enqueue(ctx, tx, record(1, nowMs), record(1+partitions, nowMs), record(2, nowMs))
				if len(woken) != 0 {
					t.Error("woken before the commit")
				}
				return errors.Join(err, end)
			})
			if !errors.Is(err, end) {
				t.Fatal(err)
			}
		}
		slices.Sort(woken)
		if !slices.Equal(woken, []int{1, 2}) {
			t.Errorf("woke %v", woken)
		}
	})
}

// A republication includes a closed session that waits and that is too old for the sources.
func TestRepublishKeepsWaitingClosings(t *testing.T) {
	each(t, func(t *testing.T, o *box) {
		old := revocation.Record{Kind: revocation.KindRevokeSession, At: nowMs, Serial: serial(3), Start: nowMs/1000 - 40000}
		fresh := revocation.Record{Kind: revocation.KindRevokeSession, At: nowMs, Serial: serial(7), Start: nowMs / 1000}
		enqueue(t, o, fresh)
		runtest.Must(t, o.db.Change(t.Context(), "test", func(ctx context.Context, tx *sql.Tx) error { return o.Enqueue(ctx, tx, old) }))
		for range 2 {
			_, err := o.Republish(t.Context(), 0, nowMs)
			runtest.Must(t, err)
			if got := issuerdb.TakeRecords(t, o, 3, 10); !slices.Equal(got.Records, []revocation.Record{fresh, old}) {
				t.Fatalf("%+v", got)
			}
		}
	})
}

func TestEveryKindSurvivesTheOutbox(t *testing.T) {
	o := &Outbox{partitions: partitions}
	for _, r := range []revocation.Record{
		{Kind: revocation.KindRevoke, Serial: tokens.Serial{Day: 20494, Index: 1<<31 - 1}},
		{Kind: revocation.KindUnrevoke, Serial: tokens.Serial{Day: 65535, Index: 0}},
		{Kind: revocation.KindAnnounceKey, Key: 40001, Public: [tokens.PublicKeySize]byte{31: 255}},
		{Kind: revocation.KindRetireKey, Key: 1, Cutoff: 1<<32 - 1},
		{Kind: revocation.KindExempt, Key: 65535, Serial: tokens.Serial{Day: 20494, Index: 1<<32 - 1}},
		{Kind: revocation.KindRevokeSubject, Subject: tokens.Subject{1, 7: 255}, Cutoff: 1<<32 - 1},
		{Kind: revocation.KindRevokeSession, Serial: tokens.Serial{Day: 20494, Index: 17}, Start: 1<<32 - 1},
	} {
		row, err := o.encodeRow(&r, publish.Partition(&r, o.partitions))
		runtest.Must(t, err)
		p := row[2].([]byte)
		got := revocation.Record{Kind: r.Kind}
		if err := decodePayload(&got, p); err != nil || got != r {
			t.Errorf("%+v came back as %+v: %v", r, got, err)
		}
		if decodePayload(&got, p[:len(p)-1]) == nil {
			t.Errorf("%s: a payload cut short was read", r.Kind)
		}
	}
	if _, err := o.encodeRow(&revocation.Record{Kind: 99}, 0); err == nil {
		t.Error("an unknown kind was kept")
	}
}
