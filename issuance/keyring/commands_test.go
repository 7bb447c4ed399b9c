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

// fillIssuerKeys is the statement of the migration that fills the table.
func fillIssuerKeys(t *testing.T) string {
	t.Helper()
	step, err := os.ReadFile("../database/migrations/0007_keys.sql")
	runtest.Must(t, err)
	_, insert, ok := strings.Cut(string(step), "INSERT INTO issuer_keys")
	if !ok {
		t.Fatal("the migration does not fill issuer_keys")
	}
	return "INSERT INTO issuer_keys" + insert
}

// startTwoKeys returns an issuer with which key 1 signs and key 2 waits for its lead time.
func (h *harness) startTwoKeys() *issuer {
	h.Helper()
	in := h.newIssuer(0, key(1), key(2))
	h.publishAll()
	h.requireSigns(1, in)
	h.requireChanged(h.Announce(h.Context(), key(2).Public(), h.by()))
	h.publishAll()
	h.requireSigns(1, in)
	return in
}

func (h *harness) useFrom(id tokens.KeyID, at time.Time) {
	h.Helper()
	_, changed, err := h.UseFrom(h.Context(), id, at, h.by())
	h.requireChanged(changed, err)
}

func (h *harness) distrust(id tokens.KeyID, at time.Time) {
	h.Helper()
	moved, _, err := h.Distrust(h.Context(), Distrust{Key: id, Cutoff: at.Unix(), Who: "night-shift", At: database.MillisAt(time.Now())})
	h.requireChanged(moved, err)
}

func TestDistrustMovesToTheNextKeyImmediately(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		in := h.startTwoKeys()
		h.advance(lead)
		h.requireSigns(2, in)
		id, _, err := in.Current(in.clock())
		h.must(err)
		h.distrust(id, time.Now())
		h.requireSigns(1, in)
		h.requireStates(Active, Distrusted)

		// A future cutoff is compared with the session's start, without another refresh.
		in1 := time.Now().Add(time.Hour)
		h.distrust(1, in1)
		h.requireSigns(1, in)
		if id, _, err := in.Current(in1.Add(-time.Second)); id != 1 || err != nil {
			t.Fatalf("a second before: key %d, %v", id, err)
		}
		_, _, err = in.Current(in1)
		h.requireError(err, ErrNoKey, "key 1 is distrusted; key 2 is distrusted")

		_, _, err = h.UseFrom(t.Context(), 2, time.Now(), h.by())
		h.requireError(err, ErrDistrusted, "key 2 at 20")
		keys, err := h.Announceable(t.Context())
		if err != nil || len(keys) != 2 {
			t.Fatalf("distrusted keys are no longer announced: %v, %v", keys, err)
		}
		h.advance(31 * time.Minute)
		h.requireChanged(h.Retire(t.Context(), 2, h.by()))
	})
}

// While another key is active, a key that gateways may not know yet cannot be activated.
// Without an active key there is no lead time.
func TestOperatorSetsWhenAKeyBecomesActive(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		in := h.startTwoKeys()
		_, _, err := h.UseFrom(t.Context(), 2, time.Now().Add(lead/2), h.by())
		h.requireError(err, ErrTooSoon, "key 2 can be used from 20")
		h.useFrom(2, time.Now().Add(time.Hour))
		h.advance(lead)
		h.requireSigns(1, in)
		h.advance(time.Hour - lead)
		h.requireSigns(2, in)

		h.useFrom(1, time.Now()) // the older key signs again
		h.requireSigns(1, in)
		if _, changed, err := h.UseFrom(t.Context(), 1, time.Now().Add(-time.Hour), h.by()); changed || err != nil {
			t.Fatalf("it signs already: changed %v, %v", changed, err)
		}
		h.requireChanged(h.Deactivate(t.Context(), 2, h.by()))
		h.useFrom(2, time.Now()) // a deactivated key is activated
		h.requireSigns(2, in)
		if got := h.auditLog(); !strings.Contains(got[len(got)-1], "use_key_from 2 from 20") {
			t.Fatalf("audit log: %q", got)
		}
	})
}

func TestKeyIsActivatedWithoutLeadIfNoneIsActive(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		in := h.startTwoKeys()
		h.distrust(1, time.Now())
		h.requireSilent(in, "key 1 is distrusted; key 2 signs from 20")
		h.useFrom(2, time.Now())
		h.requireSigns(2, in)
	})
}

// A time that was set before the announcement reached the stream moves to the end of the
// lead time: gateways may not know the key earlier.
func TestTimeSetTooEarlyWaitsForTheLead(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		in := h.newIssuer(0, key(1), key(2))
		h.publishAll()
		h.requireSigns(1, in)
		h.requireChanged(h.Announce(t.Context(), key(2).Public(), h.by()))
		h.useFrom(2, time.Now().Add(time.Minute))
		h.advance(time.Hour)
		h.publishAll()
		h.requireSigns(1, in)
		h.advance(lead - time.Minute)
		h.requireSigns(1, in)
		h.advance(time.Minute)
		h.requireSigns(2, in)
	})
}

func TestLastActiveKeyStaysActive(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		in := h.startTwoKeys()
		_, err := h.Deactivate(t.Context(), 1, h.by())
		h.requireError(err, ErrOnlyKey, "key 1")
		_, _, err = h.UseFrom(t.Context(), 1, time.Now().Add(time.Hour), h.by())
		h.requireError(err, ErrOnlyKey, "key 1")
		h.advance(lead)

		// Both are deactivated at the same moment.
		var commands sync.WaitGroup
		results := make([]error, 2)
		for i := range results {
			commands.Go(func() { _, results[i] = h.Deactivate(t.Context(), tokens.KeyID(i+1), h.by()) })
		}
		commands.Wait()
		if errors.Is(results[0], ErrOnlyKey) == errors.Is(results[1], ErrOnlyKey) || results[0] != nil && results[1] != nil {
			t.Fatalf("%v and %v", results[0], results[1])
		}
		h.must(in.Refresh(t.Context()))
		_, _, err = in.Current(in.clock())
		runtest.Must(t, err)
	})
}

func TestImpossibleKeyCommandsAreRefused(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		h.startTwoKeys()
		_, err := h.Announce(t.Context(), Public{2, key(3).Public().Key}, h.by())
		h.requireError(err, ErrBound, "key 2")
		h.execSQL(`INSERT INTO announced_keys (id, public, at_ms, outbox_id) VALUES (5, $1, 1, 0)`, make([]byte, 32))
		_, err = h.Announce(t.Context(), key(5).Public(), h.by())
		h.requireError(err, ErrBound, "key 5")
		for _, command := range []func(tokens.KeyID) error{
			func(id tokens.KeyID) error { _, err := h.Deactivate(t.Context(), id, h.by()); return err },
			func(id tokens.KeyID) error { _, err := h.Retire(t.Context(), id, h.by()); return err },
			func(id tokens.KeyID) error { _, _, err := h.UseFrom(t.Context(), id, time.Now(), h.by()); return err },
		} {
			h.requireError(command(9), ErrUnknown, "key 9")
		}
		h.requireChanged(h.Deactivate(t.Context(), 2, h.by()))
		h.advance(SessionOver)
		h.requireChanged(h.Retire(t.Context(), 2, h.by()))
		_, err = h.Announce(t.Context(), key(2).Public(), h.by())
		h.requireError(err, ErrRetired, "key 2 since 20")
		_, _, err = h.UseFrom(t.Context(), 2, time.Now(), h.by())
		h.requireError(err, ErrRetired, "key 2")
	})
}

// A command fails if its audit log entry cannot be written.
func TestKeyCommandNeedsItsAuditEntry(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		h.startTwoKeys()
		h.advance(lead)
		noOperator := audit.Entry{AtMs: 1}
		for what, command := range map[string]func() error{
			"announce":   func() error { _, err := h.Announce(t.Context(), key(3).Public(), noOperator); return err },
			"use":        func() error { _, _, err := h.UseFrom(t.Context(), 1, time.Now(), noOperator); return err },
			"deactivate": func() error { _, err := h.Deactivate(t.Context(), 1, noOperator); return err },
		} {
			if err := command(); !errors.Is(err, audit.ErrEntry) {
				t.Errorf("%s: %v", what, err)
			}
		}
		h.requireStates(Overlap, Active)
		h.requireChanged(h.Deactivate(t.Context(), 1, h.by()))
		h.advance(SessionOver)
		if _, err := h.Retire(t.Context(), 1, noOperator); !errors.Is(err, audit.ErrEntry) {
			t.Errorf("retire: %v", err)
		}
		h.requireStates(Inactive, Active)
	})
}
