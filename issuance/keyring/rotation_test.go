package keyring

import (
	"testing"
	"time"
)

// The whole life of two keys, with two issuers whose clocks differ by seconds.
func TestOneKeyReplacesAnother(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		a, b := h.newIssuer(3*time.Second, key(1), key(2)), h.newIssuer(-4*time.Second, key(1), key(2))
		h.requireSilent(a, "announcement of key 1 is not in the control stream yet; key 2 was never announced")
		h.advance(time.Hour)
		h.requireSilent(b, "key 1")
		h.publishAll()
		h.requireSigns(1, a, b) // the first key of a database has no lead time
		h.addSession(1)

		h.requireChanged(h.Announce(t.Context(), key(2).Public(), h.by()))
		h.advance(time.Hour)
		h.requireSigns(1, a, b) // the publisher was down: no gateway can know key 2
		h.requireStates(Active, Announced)
		h.publishAll()
		h.requireSigns(1, a, b)
		h.requireStates(Active, Waiting)
		h.advance(lead - time.Minute)
		h.requireSigns(1, a, b)
		h.advance(time.Minute)
		h.requireSigns(2, a, b)
		h.requireStates(Overlap, Active)

		h.addSession(1) // by an issuer that refreshed a moment before
		_, err := h.Retire(t.Context(), 1, h.by())
		h.requireError(err, ErrInUse, "key 1; deactivate it first")
		h.requireChanged(h.Deactivate(t.Context(), 1, h.by()))
		h.requireSigns(2, a, b)
		l := h.requireStates(Inactive, Active)[0]
		if l.Running != 1 || time.Until(l.RetireFrom).Round(time.Minute) != 31*time.Minute {
			t.Fatalf("%+v", l)
		}
		h.advance(30 * time.Minute)
		_, err = h.Retire(t.Context(), 1, h.by())
		h.requireError(err, ErrSessions, "key 1 can be retired from 20")
		h.advance(time.Minute)
		h.requireChanged(h.Retire(t.Context(), 1, h.by()))
		h.requireStates(Retired, Active)
		if keys, err := h.Announceable(t.Context()); err != nil || len(keys) != 1 || keys[0] != key(2).Public() {
			t.Fatalf("announceable: %v, %v", keys, err)
		}
		h.requireSigns(2, a, b)

		// Repeated commands change nothing and are not recorded again.
		for what, command := range map[string]func() (bool, error){
			"retire":   func() (bool, error) { return h.Retire(t.Context(), 1, h.by()) },
			"announce": func() (bool, error) { return h.Announce(t.Context(), key(2).Public(), h.by()) },
		} {
			if changed, err := command(); changed || err != nil {
				t.Errorf("%s again: changed %v, %v", what, changed, err)
			}
		}
		if got := h.auditLog(); len(got) != 4 || got[0] != "night-shift operator announce_key 1" || got[1] != "night-shift operator announce_key 2" ||
			got[2] != "night-shift operator deactivate_key 1" || got[3] != "night-shift operator retire_key 1" {
			t.Fatalf("audit log: %q", got)
		}
	})
}

// A session that started late keeps its key, although the key is long inactive.
func TestRetirementWaitsForTheLastSession(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		h.newIssuer(0, key(1))
		h.publishAll()
		h.must(h.recordPublished(t.Context()))
		h.requireChanged(h.Announce(t.Context(), key(2).Public(), h.by()))
		h.publishAll()
		h.must(h.recordPublished(t.Context()))
		h.advance(lead)
		h.requireChanged(h.Deactivate(t.Context(), 1, h.by()))
		h.advance(time.Hour)
		h.addSession(1) // by an issuer that did not refresh for an hour
		_, err := h.Retire(t.Context(), 1, h.by())
		h.requireError(err, ErrSessions, "key 1")
		h.advance(SessionOver)
		h.requireChanged(h.Retire(t.Context(), 1, h.by()))
	})
}

// An issuer without the newest key keeps signing until its own key is deactivated.
func TestIssuerWithoutTheNewKeyKeepsSigning(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		old := h.newIssuer(time.Second, key(1))
		h.publishAll()
		h.requireSigns(1, old)
		h.requireChanged(h.Announce(t.Context(), key(2).Public(), h.by()))
		h.publishAll()
		fresh := h.newIssuer(0, key(1), key(2))
		h.advance(lead)
		h.requireSigns(1, old)
		h.requireSigns(2, fresh)
		h.requireChanged(h.Deactivate(t.Context(), 1, h.by()))
		h.requireSilent(old, "key 1 is inactive; key 2 is active, and this issuer does not have it")
		h.requireSigns(2, fresh)
	})
}

// After a crash behind each step of an announcement, the next caller completes it. The
// lead time starts when the key is observed in the stream.
func TestInterruptedAnnouncementIsCompleted(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		a := h.newIssuer(0, key(1), key(2))
		h.publishAll()
		h.requireSigns(1, a)

		refuse, take := `CREATE TRIGGER refuse BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no room'); END`, `DROP TRIGGER refuse`
		if h.Database().Name != "sqlite" {
			refuse, take = `ALTER TABLE outbox ADD CONSTRAINT refuse CHECK (false) NOT VALID`, `ALTER TABLE outbox DROP CONSTRAINT refuse`
		}
		h.execSQL(refuse) // the key is recorded, its announcement is not
		if _, err := h.Announce(t.Context(), key(2).Public(), h.by()); err == nil {
			t.Fatal("an announcement that is not in the outbox was reported as made")
		}
		h.execSQL(take)
		h.publishAll()
		h.advance(lead)
		h.requireSigns(1, a)
		h.requireStates(Active, Announced)
		h.announceDue() // by any issuer, within the hour

		h.publishAll() // and every issuer is down
		h.advance(time.Hour)
		b := h.newIssuer(0, key(1), key(2))
		h.requireSigns(1, a, b)
		h.requireStates(Active, Waiting)
		h.advance(lead)
		h.requireSigns(2, a, b)
		if n := len(h.auditLog()); n != 2 {
			t.Fatalf("%d commands in the audit log", n)
		}
	})
}

// Keys of a database from before keys had states.
func TestKeysOfAnOlderDatabaseAreKept(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		k := key(1).Public()
		for _, id := range []int{1, 2, 40000} { // in the stream; waiting; of a load test
			h.execSQL(`INSERT INTO announced_keys (id, public, at_ms, outbox_id) VALUES ($1, $2, 1000, $3)`, id, k.Key[:], id)
		}
		h.execSQL(`INSERT INTO outbox (partition, kind, payload, created_ms) VALUES (0, 3, $1, 1000)`, []byte{1})
		h.execSQL(`UPDATE announced_keys SET outbox_id = (SELECT id FROM outbox) WHERE id = 2`)
		h.execSQL(`UPDATE announced_keys SET outbox_id = 1000000 WHERE id = 1`)
		h.execSQL(fillIssuerKeys(t))
		l := h.requireStates(Active, Announced)
		if l[0].ID != 1 || l[1].ID != 2 || !l[0].UseFrom.Equal(time.UnixMilli(1000)) {
			t.Fatalf("%+v", l)
		}
	})
}
