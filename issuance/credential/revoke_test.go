package credential

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
)

func revoke(serial tokens.Serial, at database.Millis) Revocation {
	return Revocation{Serial: serial, Revoke: true, Reason: "fraud", Who: "window-7", At: at}
}

// change revokes or unrevokes.
func change(t *testing.T, s *Store, r Revocation) {
	t.Helper()
	_, _, err := s.SetRevoked(t.Context(), r)
	runtest.Must(t, err)
}

// Revocations and unrevocations are enqueued with their change, in order, and repetitions add
// nothing.
func TestRevocationIsEnqueuedOnce(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		c := approved(t, s, 1)
		steps := []struct {
			change  Revocation
			since   database.Millis
			changed bool
		}{
			{Revocation{Serial: c.Serial, At: nowMs + 1}, nowMs, false}, // not revoked since approval
			{revoke(c.Serial, nowMs+2), nowMs + 2, true},
			{revoke(c.Serial, nowMs+3), nowMs + 2, false},
			{Revocation{Serial: c.Serial, At: nowMs + 4}, nowMs + 4, true},
			{Revocation{Serial: c.Serial, At: nowMs + 5}, nowMs + 4, false},
			{revoke(c.Serial, nowMs+6), nowMs + 6, true},
		}
		for i, step := range steps {
			since, changed, err := s.SetRevoked(t.Context(), step.change)
			if err != nil || since != step.since || changed != step.changed {
				t.Fatalf("step %d: since %d, changed %v, %v", i, since, changed, err)
			}
		}
		p := issuerdb.TakeRecords(t, s.outbox, 0, 10)
		want := []revocation.Record{
			{Kind: revocation.KindRevoke, At: nowMs + 2, Serial: c.Serial},
			{Kind: revocation.KindUnrevoke, At: nowMs + 4, Serial: c.Serial},
			{Kind: revocation.KindRevoke, At: nowMs + 6, Serial: c.Serial},
		}
		if p.First != 1 || !p.Drained || fmt.Sprint(p.Records) != fmt.Sprint(want) {
			t.Fatalf("%+v, want %v", p, want)
		}
		var rows int
		if err := s.db.Writer().QueryRow(`SELECT COUNT(*) FROM revocations WHERE who <> 'x'`).Scan(&rows); err != nil || rows != 3 {
			t.Fatalf("%d rows in revocations: %v", rows, err)
		}
	})
}

func TestUnknownAndExpiredCredentialsCannotBeRevoked(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		c := approved(t, s, 1)
		unknown := c.Serial
		unknown.Index++
		if _, _, err := s.SetRevoked(t.Context(), revoke(unknown, nowMs)); !errors.Is(err, errNoCredential) {
			t.Fatalf("unknown: %v", err)
		}
		if _, _, err := s.SetRevoked(t.Context(), revoke(c.Serial, c.Expires)); !errors.Is(err, errExpired) {
			t.Fatalf("expired: %v", err)
		}
		if n, err := s.outbox.Waiting(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d records wait: %v", n, err)
		}
		if _, _, err := s.SetRevoked(t.Context(), revoke(c.Serial, c.Expires-1)); err != nil {
			t.Fatalf("in the last millisecond: %v", err)
		}
	})
}

// If the record cannot be written, the revocation is rolled back.
func TestRevocationNeedsItsRecord(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		c := approved(t, s, 1)
		_, err := s.db.Writer().Exec(`ALTER TABLE outbox RENAME TO hidden`)
		runtest.Must(t, err)
		if _, _, err := s.SetRevoked(t.Context(), revoke(c.Serial, nowMs)); err == nil {
			t.Fatal("revoked without a record")
		}
		_, err = s.db.Writer().Exec(`ALTER TABLE hidden RENAME TO outbox`)
		runtest.Must(t, err)
		if _, changed, err := s.SetRevoked(t.Context(), revoke(c.Serial, nowMs+1)); err != nil || !changed {
			t.Fatalf("half a revocation was stored: changed %v, %v", changed, err)
		}
	})
}

// A publisher works while many transactions revoke. Every record arrives once, the numbers
// have no gap, and a credential's revocation never overtakes its unrevocation.
func TestNoRecordIsSkippedUnderLoad(t *testing.T) {
	const credentials, changes = 12, 8
	each(t, func(t *testing.T, s *Store) {
		var serials []tokens.Serial
		for n := range credentials {
			serials = append(serials, approved(t, s, n+1).Serial)
		}
		var writers sync.WaitGroup
		for _, serial := range serials {
			writers.Go(func() {
				for i := range changes {
					change := revoke(serial, nowMs+database.Millis(i))
					change.Revoke = i%2 == 0
					if _, _, err := s.SetRevoked(t.Context(), change); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { writers.Wait(); close(done) }()

		var publishers sync.WaitGroup
		for partition := range partitions {
			publishers.Go(func() {
				next, last := uint64(1), make(map[tokens.Serial]int64)
				for finished := false; ; {
					p, err := s.outbox.TakeRecords(t.Context(), nowMs, partition, 0, 3)
					if err != nil {
						t.Error(err)
						return
					}
					if p.First != next {
						t.Errorf("partition %d: number %d, want %d", partition, p.First, next)
						return
					}
					for _, r := range p.Records {
						if at, seen := last[r.Serial]; seen && r.At != at+1 || !seen && r.At != nowMs {
							t.Errorf("%s: record of %d after %d", r.Serial, r.At, at)
						}
						last[r.Serial] = r.At
					}
					if n := uint64(len(p.Records)); n > 0 {
						next += n
						if err := s.outbox.MarkPublished(t.Context(), nowMs, partition, next-1); err != nil {
							t.Error(err)
							return
						}
						continue
					}
					if finished {
						break // no record waited after the last writer had committed
					}
					select {
					case <-done:
						finished = true
					default:
					}
				}
				if want := uint64(credentials/partitions*changes + 1); next != want {
					t.Errorf("partition %d: %d records, want %d", partition, next-1, want-1)
				}
			})
		}
		publishers.Wait()
	})
}

// Concurrent revocations of one credential, at two issuers, enqueue one record.
func TestConcurrentRevocationsMakeOneRecord(t *testing.T) {
	const callers = 8
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s, other := open(), open()
		c := approved(t, s, 1)
		lock, err := s.db.Writer().Begin() // on PostgreSQL all callers wait for it
		runtest.Must(t, err)
		defer lock.Rollback()
		if s.db.Name == "postgres" {
			_, err := readCredential(t.Context(), lock, c.Serial, ` FOR UPDATE`)
			runtest.Must(t, err)
		}
		var changes atomic.Int64
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				since, changed, err := []*Store{s, other}[i%2].SetRevoked(t.Context(), revoke(c.Serial, nowMs+1))
				if err != nil || since != nowMs+1 {
					t.Errorf("since %d: %v", since, err)
				}
				if changed {
					changes.Add(1)
				}
			})
		}
		if s.db.Name == "postgres" {
			databasetest.WaitForLocks(t, s.db.Writer(), callers)
		}
		lock.Rollback()
		all.Wait()
		if n, err := s.outbox.Waiting(t.Context()); err != nil || n != 1 || changes.Load() != 1 {
			t.Fatalf("%d records, %d changes: %v", n, changes.Load(), err)
		}
	})
}

// Revocations that share a transaction succeed or fail separately: one that is refused, or
// that the database rejects, changes nothing for the others.
func TestRevocationsOfOneTransactionFailOneByOne(t *testing.T) {
	const good = 6
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		for _, failed := range []bool{false, true} {
			s := open()
			before, err := s.outbox.Waiting(t.Context())
			runtest.Must(t, err)
			var serials []tokens.Serial
			for n := range good + 2 {
				if failed {
					n += 100
				}
				serials = append(serials, approved(t, s, n+1).Serial)
			}
			unknown := tokens.Serial{Day: serials[0].Day, Index: IndexEnd - 1}
			calls := []*revoking{
				{Revocation: revoke(unknown, nowMs+1)},
				{Revocation: revoke(serials[good], nowMs+48*60*60*1000)},
				{Revocation: revoke(serials[0], nowMs+1)}, // twice in one transaction
			}
			want := []error{errNoCredential, errExpired, nil}
			for _, serial := range serials[:good] {
				calls, want = append(calls, &revoking{Revocation: revoke(serial, nowMs+1)}), append(want, nil)
			}
			failingSerial := serials[good+1]
			if failed { // an entry that the audit log refuses, after others were written
				c := revoke(failingSerial, nowMs+1)
				c.Entry = audit.Entry{Who: "window-7"}
				calls, want = append(calls, &revoking{Revocation: c}), append(want, nil)
			}
			slices.Reverse(calls)
			slices.Reverse(want)
			var shared []*outbox.Write
			for _, c := range calls {
				shared = append(shared, s.write(c))
			}
			runtest.Must(t, s.outbox.Batch(t.Context(), shared))
			changed := 0
			for i, c := range calls {
				if c.Serial == failingSerial { // its transaction was rolled back
					continue
				}
				if !errors.Is(c.refused, want[i]) || (want[i] == nil) != (c.since == nowMs+1) {
					t.Errorf("failed %v, call %d: %v, want %v; since %d", failed, i, c.refused, want[i], c.since)
				}
				if c.changed {
					changed++
				}
			}
			if c, err := s.Credential(t.Context(), failingSerial); err != nil || c.Revoked != 0 {
				t.Errorf("failed %v: revoked without an audit log entry: %v", failed, err)
			}
			if after, err := s.outbox.Waiting(t.Context()); err != nil || after-before != good || changed != good {
				t.Errorf("failed %v: %d records and %d changes of %d: %v", failed, after-before, changed, good, err)
			}
		}
	})
}

// A revocation whose audit log entry is refused fails, whatever the number of calls in its
// transaction, and the others succeed.
func TestRolledBackRevocationIsNotAcknowledged(t *testing.T) {
	const calls = 12
	each(t, func(t *testing.T, s *Store) {
		var group sync.WaitGroup
		errs, serials := make([]error, calls), make([]tokens.Serial, calls)
		for i := range calls {
			serials[i] = approved(t, s, i+1).Serial
		}
		for i := range calls {
			group.Go(func() {
				r := revoke(serials[i], nowMs+1)
				if i%4 == 3 {
					r.Entry = audit.Entry{Who: "window-7"} // the audit log refuses it
				}
				_, _, errs[i] = s.SetRevoked(t.Context(), r)
			})
		}
		group.Wait()
		for i, serial := range serials {
			c, err := s.Credential(t.Context(), serial)
			if undone := i%4 == 3; err != nil || (errs[i] != nil) != undone || (c.Revoked == 0) != undone {
				t.Errorf("call %d: answered %v; revoked at %d: %v", i, errs[i], c.Revoked, err)
			}
		}
	})
}
