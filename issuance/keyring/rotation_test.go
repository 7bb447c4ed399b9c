package keyring

import (
	"testing"
	"time"
)

// The whole life of two keys, with two issuers whose clocks differ by seconds.
func TestOneKeyFollowsAnother(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		a, b := w.issuer(3*time.Second, key(1), key(2)), w.issuer(-4*time.Second, key(1), key(2))
		w.silent(a, "announcement of key 1 is not in the control stream yet; key 2 was never announced")
		w.passes(time.Hour)
		w.silent(b, "key 1")
		w.emptied()
		w.signs(1, a, b) // the first key of a database has nobody to wait for
		w.session(1)

		w.ok(w.Announce(t.Context(), key(2).Public(), w.by()))
		w.passes(time.Hour)
		w.signs(1, a, b) // the publisher was down: no gateway can know key 2
		w.states(Active, Announced)
		w.emptied()
		w.signs(1, a, b)
		w.states(Active, Waiting)
		w.passes(lead - time.Minute)
		w.signs(1, a, b)
		w.passes(time.Minute)
		w.signs(2, a, b)
		w.states(Overlap, Active)

		w.session(1) // an issuer that had looked a moment before
		_, err := w.Retire(t.Context(), 1, w.by())
		w.refused(err, ErrInUse, "key 1; deactivate it first")
		w.ok(w.Deactivate(t.Context(), 1, w.by()))
		w.signs(2, a, b)
		l := w.states(Inactive, Active)[0]
		if l.Running != 1 || time.Until(l.RetireFrom).Round(time.Minute) != 31*time.Minute {
			t.Fatalf("%+v", l)
		}
		w.passes(30 * time.Minute)
		_, err = w.Retire(t.Context(), 1, w.by())
		w.refused(err, ErrSessions, "key 1 can be retired from 20")
		w.passes(time.Minute)
		w.ok(w.Retire(t.Context(), 1, w.by()))
		w.states(Retired, Active)
		if keys, err := w.Announceable(t.Context()); err != nil || len(keys) != 1 || keys[0] != key(2).Public() {
			t.Fatalf("announceable: %v, %v", keys, err)
		}
		w.signs(2, a, b)

		// Orders that are repeated change nothing and say nothing twice.
		for what, order := range map[string]func() (bool, error){
			"retire":   func() (bool, error) { return w.Retire(t.Context(), 1, w.by()) },
			"announce": func() (bool, error) { return w.Announce(t.Context(), key(2).Public(), w.by()) },
		} {
			if changed, err := order(); changed || err != nil {
				t.Errorf("%s again: changed %v, %v", what, changed, err)
			}
		}
		if got := w.auditLog(); len(got) != 4 || got[0] != "night-shift operator announce_key 1" || got[1] != "night-shift operator announce_key 2" ||
			got[2] != "night-shift operator deactivate_key 1" || got[3] != "night-shift operator retire_key 1" {
			t.Fatalf("trail: %q", got)
		}
	})
}

// A session that started late keeps its key, though the key rests for long.
func TestRetirementWaitsForTheLastSession(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.issuer(0, key(1))
		w.emptied()
		w.must(w.recordPublished(t.Context()))
		w.ok(w.Announce(t.Context(), key(2).Public(), w.by()))
		w.emptied()
		w.must(w.recordPublished(t.Context()))
		w.passes(lead)
		w.ok(w.Deactivate(t.Context(), 1, w.by()))
		w.passes(time.Hour)
		w.session(1) // an issuer that did not look for an hour
		_, err := w.Retire(t.Context(), 1, w.by())
		w.refused(err, ErrSessions, "key 1")
		w.passes(SessionOver)
		w.ok(w.Retire(t.Context(), 1, w.by()))
	})
}

// An issuer that was not started again since a key was made goes on, until its own
// key rests.
func TestIssuerWithoutTheNewKey(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		old := w.issuer(time.Second, key(1))
		w.emptied()
		w.signs(1, old)
		w.ok(w.Announce(t.Context(), key(2).Public(), w.by()))
		w.emptied()
		fresh := w.issuer(0, key(1), key(2))
		w.passes(lead)
		w.signs(1, old)
		w.signs(2, fresh)
		w.ok(w.Deactivate(t.Context(), 1, w.by()))
		w.silent(old, "key 1 is inactive; key 2 is active, and this issuer does not have it")
		w.signs(2, fresh)
	})
}

// The power goes out behind each step of an announcement; whoever comes next
// finishes it, and the lead time counts from when the key was seen in the stream.
func TestAnnouncementCutOff(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		a := w.issuer(0, key(1), key(2))
		w.emptied()
		w.signs(1, a)

		refuse, take := `CREATE TRIGGER refuse BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no room'); END`, `DROP TRIGGER refuse`
		if w.Database().Name != "sqlite" {
			refuse, take = `ALTER TABLE outbox ADD CONSTRAINT refuse CHECK (false) NOT VALID`, `ALTER TABLE outbox DROP CONSTRAINT refuse`
		}
		w.exec(refuse) // the order is kept, its announcement is not
		if _, err := w.Announce(t.Context(), key(2).Public(), w.by()); err == nil {
			t.Fatal("an announcement that is not in the outbox was reported as made")
		}
		w.exec(take)
		w.emptied()
		w.passes(lead)
		w.signs(1, a)
		w.states(Active, Announced)
		w.announced() // by any issuer, within the hour

		w.emptied() // and nobody looks: every issuer is down
		w.passes(time.Hour)
		b := w.issuer(0, key(1), key(2))
		w.signs(1, a, b)
		w.states(Active, Waiting)
		w.passes(lead)
		w.signs(2, a, b)
		if n := len(w.auditLog()); n != 2 {
			t.Fatalf("%d orders in the trail", n)
		}
	})
}

// What a database knew before keys had a life of their own.
func TestKeysOfAnOlderDatabase(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		k := key(1).Public()
		for _, id := range []int{1, 2, 40000} { // in the stream; waits; a load test's
			w.exec(`INSERT INTO announced_keys (id, public, at_ms, outbox_id) VALUES ($1, $2, 1000, $3)`, id, k.Key[:], id)
		}
		w.exec(`INSERT INTO outbox (partition, kind, payload, created_ms) VALUES (0, 3, $1, 1000)`, []byte{1})
		w.exec(`UPDATE announced_keys SET outbox_id = (SELECT id FROM outbox) WHERE id = 2`)
		w.exec(`UPDATE announced_keys SET outbox_id = 1000000 WHERE id = 1`)
		w.exec(takeOver(t))
		l := w.states(Active, Announced)
		if l[0].ID != 1 || l[1].ID != 2 || !l[0].UseFrom.Equal(time.UnixMilli(1000)) {
			t.Fatalf("%+v", l)
		}
	})
}
