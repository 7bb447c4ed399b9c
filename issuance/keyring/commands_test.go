package keyring

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// takeOver is the part of the schema's step that fills the table.
func takeOver(t *testing.T) string {
	t.Helper()
	step, err := os.ReadFile("../database/migrations/0007_keys.sql")
	runtest.Must(t, err)
	_, insert, ok := strings.Cut(string(step), "INSERT INTO issuer_keys")
	if !ok {
		t.Fatal("the step takes nothing over")
	}
	return "INSERT INTO issuer_keys" + insert
}

// two is a system in which key 1 signs and key 2 waits for its lead time.
func (w *system) two() *issuer {
	w.Helper()
	in := w.issuer(0, key(1), key(2))
	w.emptied()
	w.signs(1, in)
	w.ok(w.Announce(w.Context(), key(2).Public(), w.by()))
	w.emptied()
	w.signs(1, in)
	return in
}

func (w *system) useFrom(id tokens.KeyID, at time.Time) {
	w.Helper()
	_, changed, err := w.UseFrom(w.Context(), id, at, w.by())
	w.ok(changed, err)
}

func (w *system) cutoff(id tokens.KeyID, at time.Time) {
	w.Helper()
	moved, _, err := w.Distrust(w.Context(), Distrust{Key: id, Cutoff: at.Unix(), Who: "night-shift", At: database.MillisAt(time.Now())})
	w.ok(moved, err)
}

func TestCutOffMovesToTheNextKeyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		in := w.two()
		w.passes(lead)
		w.signs(2, in)
		id, _, err := in.Current(in.clock())
		w.must(err)
		w.cutoff(id, time.Now())
		w.signs(1, in)
		w.states(Active, Distrusted)

		// A cut-off ahead counts by the session's start, without another look.
		in1 := time.Now().Add(time.Hour)
		w.cutoff(1, in1)
		w.signs(1, in)
		if id, _, err := in.Current(in1.Add(-time.Second)); id != 1 || err != nil {
			t.Fatalf("a second before: key %d, %v", id, err)
		}
		_, _, err = in.Current(in1)
		w.refused(err, ErrNoKey, "key 1 is distrusted; key 2 is distrusted")

		_, _, err = w.UseFrom(t.Context(), 2, time.Now(), w.by())
		w.refused(err, ErrDistrusted, "key 2 at 20")
		keys, err := w.Announceable(t.Context())
		if err != nil || len(keys) != 2 {
			t.Fatalf("a cut-off that is no longer repeated is forgotten: %v, %v", keys, err)
		}
		w.passes(31 * time.Minute)
		w.ok(w.Retire(t.Context(), 2, w.by()))
	})
}

// While another key is in service, nobody can order a key into use that gateways
// may not know yet. Without one there is nothing to wait for.
func TestOperatorFixesTheMoment(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		in := w.two()
		_, _, err := w.UseFrom(t.Context(), 2, time.Now().Add(lead/2), w.by())
		w.refused(err, ErrTooSoon, "key 2 can be used from 20")
		w.useFrom(2, time.Now().Add(time.Hour))
		w.passes(lead)
		w.signs(1, in)
		w.passes(time.Hour - lead)
		w.signs(2, in)

		w.useFrom(1, time.Now()) // back
		w.signs(1, in)
		if _, changed, err := w.UseFrom(t.Context(), 1, time.Now().Add(-time.Hour), w.by()); changed || err != nil {
			t.Fatalf("it signs already: changed %v, %v", changed, err)
		}
		w.ok(w.Deactivate(t.Context(), 2, w.by()))
		w.useFrom(2, time.Now()) // out of rest
		w.signs(2, in)
		if got := w.auditLog(); !strings.Contains(got[len(got)-1], "use_key_from 2 from 20") {
			t.Fatalf("trail: %q", got)
		}
	})
}

func TestEmergencyNeedsNoLead(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		in := w.two()
		w.cutoff(1, time.Now())
		w.silent(in, "key 1 is distrusted; key 2 signs from 20")
		w.useFrom(2, time.Now())
		w.signs(2, in)
	})
}

// A moment that was fixed before the announcement got through is not one at which
// gateways may not know the key.
func TestMomentFixedTooEarlyWaitsForTheStream(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		in := w.issuer(0, key(1), key(2))
		w.emptied()
		w.signs(1, in)
		w.ok(w.Announce(t.Context(), key(2).Public(), w.by()))
		w.useFrom(2, time.Now().Add(time.Minute))
		w.passes(time.Hour)
		w.emptied()
		w.signs(1, in)
		w.passes(lead - time.Minute)
		w.signs(1, in)
		w.passes(time.Minute)
		w.signs(2, in)
	})
}

func TestLastKeyStaysInService(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		in := w.two()
		_, err := w.Deactivate(t.Context(), 1, w.by())
		w.refused(err, ErrOnlyKey, "key 1")
		_, _, err = w.UseFrom(t.Context(), 1, time.Now().Add(time.Hour), w.by())
		w.refused(err, ErrOnlyKey, "key 1")
		w.passes(lead)

		// Both are told to rest at the same moment.
		var orders sync.WaitGroup
		results := make([]error, 2)
		for i := range results {
			orders.Go(func() { _, results[i] = w.Deactivate(t.Context(), tokens.KeyID(i+1), w.by()) })
		}
		orders.Wait()
		if errors.Is(results[0], ErrOnlyKey) == errors.Is(results[1], ErrOnlyKey) || results[0] != nil && results[1] != nil {
			t.Fatalf("%v and %v", results[0], results[1])
		}
		w.must(in.Refresh(t.Context()))
		_, _, err = in.Current(in.clock())
		runtest.Must(t, err)
	})
}

func TestOrdersThatCannotBe(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.two()
		_, err := w.Announce(t.Context(), Public{2, key(3).Public().Key}, w.by())
		w.refused(err, ErrBound, "key 2")
		w.exec(`INSERT INTO announced_keys (id, public, at_ms, outbox_id) VALUES (5, $1, 1, 0)`, make([]byte, 32))
		_, err = w.Announce(t.Context(), key(5).Public(), w.by())
		w.refused(err, ErrBound, "key 5")
		for _, order := range []func(tokens.KeyID) error{
			func(id tokens.KeyID) error { _, err := w.Deactivate(t.Context(), id, w.by()); return err },
			func(id tokens.KeyID) error { _, err := w.Retire(t.Context(), id, w.by()); return err },
			func(id tokens.KeyID) error { _, _, err := w.UseFrom(t.Context(), id, time.Now(), w.by()); return err },
		} {
			w.refused(order(9), ErrUnknown, "key 9")
		}
		w.ok(w.Deactivate(t.Context(), 2, w.by()))
		w.passes(SessionOver)
		w.ok(w.Retire(t.Context(), 2, w.by()))
		_, err = w.Announce(t.Context(), key(2).Public(), w.by())
		w.refused(err, ErrRetired, "key 2 since 20")
		_, _, err = w.UseFrom(t.Context(), 2, time.Now(), w.by())
		w.refused(err, ErrRetired, "key 2")
	})
}

// An order without its line in the trail is no order.
func TestOrderAndItsLineAreOne(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.two()
		w.passes(lead)
		nobody := audit.Entry{AtMs: 1}
		for what, order := range map[string]func() error{
			"announce": func() error { _, err := w.Announce(t.Context(), key(3).Public(), nobody); return err },
			"use":      func() error { _, _, err := w.UseFrom(t.Context(), 1, time.Now(), nobody); return err },
			"rest":     func() error { _, err := w.Deactivate(t.Context(), 1, nobody); return err },
		} {
			if err := order(); !errors.Is(err, audit.ErrEntry) {
				t.Errorf("%s: %v", what, err)
			}
		}
		w.states(Overlap, Active)
		w.ok(w.Deactivate(t.Context(), 1, w.by()))
		w.passes(SessionOver)
		if _, err := w.Retire(t.Context(), 1, nobody); !errors.Is(err, audit.ErrEntry) {
			t.Errorf("retire: %v", err)
		}
		w.states(Inactive, Active)
	})
}
