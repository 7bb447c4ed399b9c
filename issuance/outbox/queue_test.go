package store

import (
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/runtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

func revoke(serial tokens.Serial, at int64) Change {
	return Change{Serial: serial, Revoke: true, Reason: "fraud", Who: "window-7", AtMs: at}
}

// epoch is the present one.
func epoch(t *testing.T, s *Store) uint64 {
	t.Helper()
	e, err := s.Epoch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// take is Take that must succeed.
func take(t *testing.T, s *Store, partition, max int) publish.Pending {
	t.Helper()
	p, err := s.Take(t.Context(), epoch(t, s), partition, 0, max)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A revocation and its lifting reach the outbox with their cause, in order, and
// a repetition of either adds nothing.
func TestRevocationAndItsRecord(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		c := approved(t, s, 1)
		steps := []struct {
			change  Change
			since   int64
			changed bool
		}{
			{Change{Serial: c.Serial, AtMs: nowMs + 1}, nowMs, false}, // not revoked since approval
			{revoke(c.Serial, nowMs+2), nowMs + 2, true},
			{revoke(c.Serial, nowMs+3), nowMs + 2, false},
			{Change{Serial: c.Serial, AtMs: nowMs + 4}, nowMs + 4, true},
			{Change{Serial: c.Serial, AtMs: nowMs + 5}, nowMs + 4, false},
			{revoke(c.Serial, nowMs+6), nowMs + 6, true},
		}
		for i, step := range steps {
			since, changed, err := s.Apply(t.Context(), step.change)
			if err != nil || since != step.since || changed != step.changed {
				t.Fatalf("step %d: since %d, changed %v, %v", i, since, changed, err)
			}
		}
		p := take(t, s, 0, 10)
		want := []revocation.Record{
			{Kind: revocation.KindRevoke, At: nowMs + 2, Serial: c.Serial},
			{Kind: revocation.KindUnrevoke, At: nowMs + 4, Serial: c.Serial},
			{Kind: revocation.KindRevoke, At: nowMs + 6, Serial: c.Serial},
		}
		if p.First != 1 || !p.Drained || fmt.Sprint(p.Records) != fmt.Sprint(want) {
			t.Fatalf("%+v, want %v", p, want)
		}
		var audit int
		if err := s.db.Writer().QueryRow(`SELECT COUNT(*) FROM revocations WHERE who <> 'x'`).Scan(&audit); err != nil || audit != 3 {
			t.Fatalf("%d lines for audit: %v", audit, err)
		}
	})
}

func TestWhatCannotBeRevoked(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		c := approved(t, s, 1)
		unknown := c.Serial
		unknown.Index++
		if _, _, err := s.Apply(t.Context(), revoke(unknown, nowMs)); !errors.Is(err, ErrNotFound) {
			t.Fatalf("unknown: %v", err)
		}
		if _, _, err := s.Apply(t.Context(), revoke(c.Serial, c.ExpiresMs)); !errors.Is(err, ErrExpired) {
			t.Fatalf("expired: %v", err)
		}
		if n, err := s.Waiting(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d records wait: %v", n, err)
		}
		if _, _, err := s.Apply(t.Context(), revoke(c.Serial, c.ExpiresMs-1)); err != nil {
			t.Fatalf("in the last millisecond: %v", err)
		}
	})
}

// If the record cannot be written, nothing of its cause stays.
func TestCauseAndRecordAreOne(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		c := approved(t, s, 1)
		if _, err := s.db.Writer().Exec(`ALTER TABLE outbox RENAME TO hidden`); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Apply(t.Context(), revoke(c.Serial, nowMs)); err == nil {
			t.Fatal("revoked without a record")
		}
		if _, err := s.db.Writer().Exec(`ALTER TABLE hidden RENAME TO outbox`); err != nil {
			t.Fatal(err)
		}
		if _, changed, err := s.Apply(t.Context(), revoke(c.Serial, nowMs+1)); err != nil || !changed {
			t.Fatalf("half a revocation stayed: changed %v, %v", changed, err)
		}
	})
}

// A crash between publishing and Published leads to the same numbers again,
// also after a restart; published ones never come back.
func TestNumbersStayWithTheirRecords(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		if p := take(t, s, 0, 10); p.First != 1 || !p.Drained || len(p.Records) != 0 {
			t.Fatalf("empty: %+v", p)
		}
		c := approved(t, s, 1)
		for i := range int64(5) {
			change := revoke(c.Serial, nowMs+i)
			change.Revoke = i%2 == 0
			if _, _, err := s.Apply(t.Context(), change); err != nil {
				t.Fatal(err)
			}
		}
		first := take(t, s, 0, 2)
		if first.First != 1 || len(first.Records) != 2 || first.Drained {
			t.Fatalf("%+v", first)
		}
		s.Close()
		s = open()
		if again := take(t, s, 0, 2); fmt.Sprint(again) != fmt.Sprint(first) {
			t.Fatalf("again %+v, first %+v", again, first)
		}
		if err := s.Published(t.Context(), nowMs, 0, 2); err != nil {
			t.Fatal(err)
		}
		rest := take(t, s, 0, 10)
		if rest.First != 3 || len(rest.Records) != 3 || !rest.Drained || rest.Records[0].At != nowMs+2 {
			t.Fatalf("%+v", rest)
		}
		if err := s.Published(t.Context(), nowMs, 0, 5); err != nil {
			t.Fatal(err)
		}
		s.Close()
		s = open()
		if p := take(t, s, 0, 10); p.First != 6 || len(p.Records) != 0 || !p.Drained {
			t.Fatalf("after all: %+v", p)
		}
		epoch, err := s.Epoch(t.Context())
		if err != nil || epoch != nowMs {
			t.Fatalf("epoch %d: %v", epoch, err)
		}
	})
}

// A publisher works while revocations pour in from many transactions. Every
// record arrives once, the numbers have no gap, and a credential's revocation
// never overtakes its lifting.
func TestNothingIsSkippedUnderLoad(t *testing.T) {
	const credentials, changes = 12, 8
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		var serials []tokens.Serial
		for n := range credentials {
			serials = append(serials, approved(t, s, n+1).Serial)
		}
		var writers sync.WaitGroup
		for _, serial := range serials {
			writers.Go(func() {
				for i := range changes {
					change := revoke(serial, nowMs+int64(i))
					change.Revoke = i%2 == 0
					if _, _, err := s.Apply(t.Context(), change); err != nil {
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
					p, err := s.Take(t.Context(), nowMs, partition, 0, 3)
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
						if err := s.Published(t.Context(), nowMs, partition, next-1); err != nil {
							t.Error(err)
							return
						}
						continue
					}
					if finished {
						break // nothing was left after the last writer had committed
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

// On PostgreSQL a transaction that began first may commit last. Its record gets
// a later number; it is not skipped.
func TestLateCommitIsNotSkipped(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		if s.Dialect() != "postgres" {
			t.Skip("SQLite has one writer")
		}
		slow, fast := approved(t, s, 1), approved(t, s, 5) // indexes 0 and 1
		slow.Serial.Index, fast.Serial.Index = 0, 4        // both in partition 0; the outbox does not ask for credentials
		tx, err := s.db.Writer().Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		low, err := s.enqueue(t.Context(), tx, &revocation.Record{Kind: revocation.KindRevoke, At: 1, Serial: slow.Serial})
		if err != nil {
			t.Fatal(err)
		}
		other, err := s.db.Writer().Begin()
		if err != nil {
			t.Fatal(err)
		}
		high, err := s.enqueue(t.Context(), other, &revocation.Record{Kind: revocation.KindRevoke, At: 2, Serial: fast.Serial})
		if err != nil || high <= low {
			t.Fatalf("rows %d and %d: %v", low, high, err)
		}
		if err := other.Commit(); err != nil {
			t.Fatal(err)
		}
		p := take(t, s, 0, 10)
		if len(p.Records) != 1 || p.Records[0].At != 2 || p.First != 1 || !p.Drained {
			t.Fatalf("%+v", p)
		}
		if err := s.Published(t.Context(), nowMs, 0, 1); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if p = take(t, s, 0, 10); len(p.Records) != 1 || p.Records[0].At != 1 || p.First != 2 {
			t.Fatalf("the late one: %+v", p)
		}
	})
}

// Two issuers may number one partition at the same time: the second waits, and
// a number once given stays.
func TestNumberingTakesTurns(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		if s.Dialect() != "postgres" {
			t.Skip("SQLite has one writer")
		}
		record := func(q *sql.Tx, at int64) {
			t.Helper()
			if _, err := s.enqueue(t.Context(), q, &revocation.Record{Kind: revocation.KindRevoke, At: at}); err != nil {
				t.Fatal(err)
			}
		}
		begin := func() *sql.Tx {
			t.Helper()
			tx, err := s.db.Writer().Begin()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { tx.Rollback() })
			return tx
		}
		late := begin()
		record(late, 1) // has the lower id
		early := begin()
		record(early, 2)
		if err := early.Commit(); err != nil {
			t.Fatal(err)
		}
		other := begin() // another issuer numbers what it sees: record 2 becomes number 1
		seq, _, err := s.locked(t.Context(), other, nowMs, 0)
		if err != nil {
			t.Fatal(err)
		}
		if next, err := number(t.Context(), other, seq, 0, 10); err != nil || next != 2 {
			t.Fatalf("next %d: %v", next, err)
		}
		if err := late.Commit(); err != nil {
			t.Fatal(err)
		}
		taken := make(chan publish.Pending, 1)
		go func() {
			p, err := s.Take(t.Context(), nowMs, 0, 0, 10)
			if err != nil {
				t.Error(err)
			}
			taken <- p
		}()
		waitForLocks(t, s, 1)
		if err := other.Commit(); err != nil {
			t.Fatal(err)
		}
		p := <-taken
		if p.First != 1 || len(p.Records) != 2 || p.Records[0].At != 2 || p.Records[1].At != 1 {
			t.Fatalf("%+v", p)
		}
	})
}

// Many who revoke one credential at the same time, at two issuers, make one record.
func TestParallelRevocationsAreOne(t *testing.T) {
	const callers = 8
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s, other := open(), open()
		c := approved(t, s, 1)
		held, err := s.db.Writer().Begin() // on PostgreSQL it keeps all callers at the same place
		if err != nil {
			t.Fatal(err)
		}
		defer held.Rollback()
		if s.Dialect() == "postgres" {
			if _, err := credential(t.Context(), held, `idx = $1 FOR UPDATE`, int64(c.Serial.Index)); err != nil {
				t.Fatal(err)
			}
		}
		var changes atomic.Int64
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				since, changed, err := []*Store{s, other}[i%2].Apply(t.Context(), revoke(c.Serial, nowMs+1))
				if err != nil || since != nowMs+1 {
					t.Errorf("since %d: %v", since, err)
				}
				if changed {
					changes.Add(1)
				}
			})
		}
		if s.Dialect() == "postgres" {
			waitForLocks(t, s, callers)
		}
		held.Rollback()
		all.Wait()
		if n, err := s.Waiting(t.Context()); err != nil || n != 1 || changes.Load() != 1 {
			t.Fatalf("%d records, %d changes: %v", n, changes.Load(), err)
		}
	})
}

// Partitions that are taken together do not suffer for one that is damaged.
func TestOnePartitionsDamageStopsItAlone(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		for p := range partitions {
			for n := range 2 {
				_, err := s.db.Writer().Exec(`INSERT INTO outbox (partition, seq, kind, payload, created_ms) VALUES ($1, $2, $3, $4, $5)`,
					p, 1+n+n*p/(partitions-1), int64(revocation.KindRevoke), make([]byte, serialSize), nowMs) // in the last one a number is missing
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		var calls []*streamed
		for p := range partitions {
			calls = append(calls, &streamed{take: &taking{epoch: epoch(t, s), partition: p, max: 10}})
		}
		if err := s.streamTogether(t.Context(), calls); err != nil {
			t.Fatal(err)
		}
		for p := range calls {
			c := calls[p].take
			if damaged := p == partitions-1; (c.refused != nil) != damaged || !damaged && len(c.pending.Records) != 2 {
				t.Errorf("partition %d: %v, %+v", p, c.refused, c.pending)
			}
		}
	})
}

// waitForLocks returns when so many transactions wait for another.
func waitForLocks(t *testing.T, s *Store, want int) {
	t.Helper()
	runtest.Eventually(t, 5*time.Second, "transactions to wait for another", func() bool {
		waiting, err := databasetest.Waiting(t.Context(), s.db.Writer())
		if err != nil {
			t.Fatal(err)
		}
		return waiting >= want
	})
}

// A topic forgets after its retention, so an announcement is repeated long before;
// the issuer stays ready meanwhile.
func TestKeyIsAnnouncedAgainBeforeTheTopicForgets(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		public := publicKey(1)
		day := AnnounceAgain.Milliseconds()
		for _, c := range []struct {
			at   int64
			want bool
		}{{nowMs, true}, {nowMs + day - 1, false}, {nowMs + day, true}, {nowMs + day + 1, false}, {nowMs + 2*day, true}} {
			announced, err := s.AnnounceKey(t.Context(), 7, public, c.at)
			if err != nil || announced != c.want {
				t.Fatalf("%d ms after the first: announced %v, %v", c.at-nowMs, announced, err)
			}
			if c.at == nowMs {
				if err := s.Published(t.Context(), nowMs, 0, take(t, s, 0, 10).First); err != nil {
					t.Fatal(err)
				}
			}
		}
		if p := take(t, s, 0, 10); len(p.Records) != 2 {
			t.Fatalf("%d announcements wait, want 2", len(p.Records))
		}
		if published, err := s.KeyPublished(t.Context(), 7); err != nil || !published {
			t.Fatalf("a repetition made the key unpublished: %v, %v", published, err)
		}
	})
}

// publicKey is that of an issuer's key.
func publicKey(n byte) [tokens.PublicKeySize]byte {
	return signing.NewKey([signing.SeedSize]byte{n}).Public()
}

// Gateways would refuse the key, and every code under it: no record is queued.
func TestAWeakKeyIsNotAnnounced(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		good := publicKey(1)
		for name, public := range map[string][tokens.PublicKeySize]byte{
			"identity": {1}, "order 4": {}, "not canonical": {0: 0xee, 31: 0x7f}, "no point": {2},
			"mixed order": mixedOrder(good),
		} {
			if announced, err := s.AnnounceKey(t.Context(), 7, public, nowMs); announced || !errors.Is(err, ErrKeyWeak) {
				t.Errorf("%s: announced %v, %v", name, announced, err)
			}
		}
		if p := take(t, s, 0, 10); len(p.Records) != 0 {
			t.Fatalf("%d records wait", len(p.Records))
		}
		if announced, err := s.AnnounceKey(t.Context(), 7, good, nowMs); !announced || err != nil {
			t.Fatalf("the id is spent on a weak key: %v, %v", announced, err)
		}
	})
}

// mixedOrder adds the point of order 2, (0, -1), to a key: y turns into p - y and x
// changes its sign.
func mixedOrder(public [tokens.PublicKeySize]byte) [tokens.PublicKeySize]byte {
	sign := public[31] & 0x80
	public[31] &^= 0x80
	slices.Reverse(public[:])
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	p.Sub(p, new(big.Int).SetBytes(public[:])).FillBytes(public[:])
	slices.Reverse(public[:])
	public[31] |= sign ^ 0x80
	return public
}

func TestKeyIsAnnouncedOnce(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		public := publicKey(1)
		if _, err := s.KeyPublished(t.Context(), 7); !errors.Is(err, ErrNotFound) {
			t.Fatalf("an unknown key: %v", err)
		}
		for i := range 3 {
			announced, err := s.AnnounceKey(t.Context(), 7, public, nowMs)
			if err != nil || announced != (i == 0) {
				t.Fatalf("time %d: announced %v, %v", i, announced, err)
			}
		}
		if _, err := s.AnnounceKey(t.Context(), 7, publicKey(9), nowMs); !errors.Is(err, ErrKeyBound) {
			t.Fatalf("another key under the id: %v", err)
		}
		p := take(t, s, 0, 10)
		want := []revocation.Record{{Kind: revocation.KindAnnounceKey, At: nowMs, Key: 7, Public: public}}
		if fmt.Sprint(p.Records) != fmt.Sprint(want) {
			t.Fatalf("%+v", p)
		}
		if published, err := s.KeyPublished(t.Context(), 7); err != nil || published {
			t.Fatalf("published before it was: %v, %v", published, err)
		}
		if err := s.Published(t.Context(), nowMs, 0, 1); err != nil {
			t.Fatal(err)
		}
		if published, err := s.KeyPublished(t.Context(), 7); err != nil || !published {
			t.Fatalf("published: %v, %v", published, err)
		}
	})
}

func TestEveryKindSurvivesTheOutbox(t *testing.T) {
	for _, r := range []revocation.Record{
		{Kind: revocation.KindRevoke, Serial: tokens.Serial{Day: 20494, Index: IndexEnd - 1}},
		{Kind: revocation.KindUnrevoke, Serial: tokens.Serial{Day: 65535, Index: 0}},
		{Kind: revocation.KindAnnounceKey, Key: 40001, Public: [tokens.PublicKeySize]byte{31: 255}},
		{Kind: revocation.KindRetireKey, Key: 1, CutOff: 1<<32 - 1},
		{Kind: revocation.KindRescue, Key: 65535, Serial: tokens.Serial{Day: 20494, Index: 1<<32 - 1}},
		{Kind: revocation.KindRevokeSubject, Subject: tokens.Subject{1, 7: 255}, CutOff: 1<<32 - 1},
	} {
		p, err := encodePayload(&r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodePayload(r.Kind, p)
		if err != nil || got != r {
			t.Errorf("%+v came back as %+v: %v", r, got, err)
		}
		if _, err := decodePayload(r.Kind, p[:len(p)-1]); err == nil {
			t.Errorf("%s: a payload cut short was read", r.Kind)
		}
	}
	if _, err := encodePayload(&revocation.Record{Kind: 99}); err == nil {
		t.Error("an unknown kind was kept")
	}
}
