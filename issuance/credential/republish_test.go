package store

import (
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// A restatement is all that a gateway which knows nothing must be told: keys,
// and the present state of what was ever revoked, under numbers from 1 in a
// greater epoch. What waited is in front, and what has expired is left out.
func TestRestateSaysAllThatIsInForce(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		public := publicKey(1)
		if _, err := s.AnnounceKey(t.Context(), 7, public, nowMs); err != nil {
			t.Fatal(err)
		}
		revoked, lifted, untouched := approved(t, s, 1), approved(t, s, 2), approved(t, s, 3)
		for _, c := range []Change{revoke(revoked.Serial, nowMs+1), revoke(lifted.Serial, nowMs+2), {Serial: lifted.Serial, AtMs: nowMs + 3}} {
			if _, _, err := s.Apply(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		for p := range s.Partitions() { // all of it is published and gone from the outbox
			got := take(t, s, p, 10)
			if err := s.Published(t.Context(), nowMs, p, got.First+uint64(len(got.Records))-1); err != nil {
				t.Fatal(err)
			}
		}
		waiting := approved(t, s, 4)
		if _, _, err := s.Apply(t.Context(), revoke(waiting.Serial, nowMs+4)); err != nil {
			t.Fatal(err)
		}
		before, err := s.Epoch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		epoch, err := s.Restate(t.Context(), before+7, nowMs+5)
		if err != nil || epoch != before+8 {
			t.Fatalf("epoch %d after %d, want %d: %v", epoch, before, before+8, err)
		}

		again := open()
		state, keys := map[tokens.Serial]revocation.Kind{}, 0
		for p := range again.Partitions() {
			low, next, err := again.Place(t.Context(), p)
			if err != nil || low != 1 || next != 1 {
				t.Fatalf("partition %d stands at %d to %d: %v", p, low, next, err)
			}
			got := take(t, again, p, 100)
			if got.First != 1 || !got.Drained {
				t.Fatalf("partition %d begins at %d", p, got.First)
			}
			for _, r := range got.Records {
				if r.Kind == revocation.KindAnnounceKey && r.Public == public {
					keys++
				} else if _, twice := state[r.Serial]; twice {
					t.Errorf("%s is said twice", r.Serial)
				} else {
					state[r.Serial] = r.Kind
				}
			}
			if low, next, err = again.Place(t.Context(), p); err != nil || low != 1 || next != uint64(len(got.Records))+1 {
				t.Fatalf("partition %d stands at %d to %d after %d records: %v", p, low, next, len(got.Records), err)
			}
		}
		want := map[tokens.Serial]revocation.Kind{revoked.Serial: revocation.KindRevoke, lifted.Serial: revocation.KindUnrevoke, waiting.Serial: revocation.KindRevoke}
		if keys != 1 || len(state) != len(want) {
			t.Fatalf("%d announcements and %d serials, want 1 and %d", keys, len(state), len(want))
		}
		for serial, kind := range want {
			if state[serial] != kind {
				t.Errorf("%s: %s, want %s", serial, state[serial], kind)
			}
		}
		if _, there := state[untouched.Serial]; there {
			t.Error("a credential that was never revoked is restated")
		}
		waits, err := s.Waiting(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Restate(t.Context(), 0, nowMs+tokens.CredentialLife*1000+afterlife); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Waiting(t.Context()); err != nil || n != waits-len(want)+1 {
			t.Fatalf("%d records wait when all credentials have expired, want the key twice: %v", n, err)
		}
	})
}

// A retired key is not told of again, unless gateways that remember it may have
// missed its cut-off.
func TestRestateLeavesOutRetiredKeys(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		for id := range tokens.KeyID(3) {
			public := publicKey(byte(id))
			if _, err := s.AnnounceKey(t.Context(), id+1, public, nowMs); err != nil {
				t.Fatal(err)
			}
			if id == 0 {
				continue
			}
			_, err := s.db.Writer().ExecContext(t.Context(), `INSERT INTO issuer_keys (id, public, ordered_ms, retired_ms) VALUES ($1, $2, 1, 2)`, int64(id+1), public[:])
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := s.CutOffKey(t.Context(), KeyCutOff{Key: 3, CutOff: 1000, Who: "operator", AtMs: nowMs}); err != nil {
			t.Fatal(err)
		}
		drain(t, s, 0)
		if _, err := s.Restate(t.Context(), 0, nowMs+1); err != nil {
			t.Fatal(err)
		}
		if got := drain(t, s, 0); kinds(got) != "announce_key announce_key retire_key" || got[0].Key != 1 || got[1].Key != 3 || got[2].Key != 3 {
			t.Fatalf("%+v", got)
		}
	})
}

// On PostgreSQL a revocation may be under way, its record in the outbox, when
// everything is said again. The state from before it must not be said behind it.
func TestRestateWaitsForAChangeUnderWay(t *testing.T) {
	everyDatabase(t, func(t *testing.T, open func() *Store) {
		s := open()
		if s.Dialect() != "postgres" {
			t.Skip("SQLite has one writer")
		}
		c := approved(t, s, 1)
		for _, change := range []Change{revoke(c.Serial, nowMs+1), {Serial: c.Serial, AtMs: nowMs + 2}} {
			if _, _, err := s.Apply(t.Context(), change); err != nil {
				t.Fatal(err)
			}
		}
		drain(t, s, 0)
		under, err := s.db.Writer().Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer under.Rollback()
		if err := s.apply(t.Context(), under, revoke(c.Serial, nowMs+3)); err != nil {
			t.Fatal(err)
		}
		restated := make(chan error, 1)
		go func() {
			_, err := s.Restate(t.Context(), 0, nowMs+4)
			restated <- err
		}()
		waitForLocks(t, s, 1)
		if err := under.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-restated; err != nil {
			t.Fatal(err)
		}
		if got := drain(t, s, 0); len(got) != 2 || got[1].Kind != revocation.KindRevoke {
			t.Fatalf("the last word on a revoked credential is %q", kinds(got))
		}
	})
}
