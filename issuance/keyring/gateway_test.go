package keyring

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/issuerdb"
)

// at is the operator at a time.
func (h *harness) at(ms database.Millis) audit.Entry {
	return audit.Entry{AtMs: int64(ms), Who: "night-shift", Role: staff.Operator}
}

func (h *harness) announceGateway(id revocation.GatewayID, n byte) {
	h.Helper()
	changed, err := h.AnnounceGateway(h.Context(), id, publicKey(n), h.at(nowMs))
	h.requireChanged(changed, err)
}

// An id keeps its key and a key its id, also after the withdrawal. Repetitions and refused
// commands publish and record nothing.
func TestGatewayIDsAndKeysAreNeverReused(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		h.announceGateway(7, 1)
		if changed, err := h.AnnounceGateway(t.Context(), 7, publicKey(1), h.at(nowMs+1)); err != nil || changed {
			t.Fatalf("repeated: changed %v, %v", changed, err)
		}
		h.announceGateway(8, 2)
		if _, _, err := h.WithdrawGateway(t.Context(), 8, nowMs.Seconds(), h.at(nowMs)); err != nil {
			t.Fatal(err)
		}
		weak := [32]byte{1} // the neutral element
		for name, c := range map[string]struct {
			id     revocation.GatewayID
			public [32]byte
			want   error
		}{
			"another key for an id":            {7, publicKey(3), ErrBound},
			"another id for a key":             {9, publicKey(1), ErrGatewayKey},
			"a withdrawn id with its key":      {8, publicKey(2), ErrGatewayWithdrawn},
			"a withdrawn id with another key":  {8, publicKey(3), ErrGatewayWithdrawn},
			"a withdrawn key under another id": {9, publicKey(2), ErrGatewayWithdrawn},
			"no id":                            {0, publicKey(3), ErrGatewayID},
			"a key that gateways refuse":       {9, weak, ErrWeak},
		} {
			if changed, err := h.AnnounceGateway(t.Context(), c.id, c.public, h.at(nowMs+2)); changed || !errors.Is(err, c.want) {
				t.Errorf("%s: changed %v, %v, want %v", name, changed, err, c.want)
			}
		}
		if got, want := fmt.Sprint(h.drain()), fmt.Sprint([]revocation.Record{
			{Kind: revocation.KindAnnounceGateway, At: int64(nowMs), Gateway: 7, Public: publicKey(1)},
			{Kind: revocation.KindAnnounceGateway, At: int64(nowMs), Gateway: 8, Public: publicKey(2)},
			{Kind: revocation.KindWithdrawGateway, At: int64(nowMs), Gateway: 8, Cutoff: nowMs.Seconds()},
		}); got != want {
			t.Errorf("published %s, want %s", got, want)
		}
		if got, want := h.auditLog(), []string{
			fmt.Sprintf("night-shift operator announce_gateway 7 key %x", publicKey(1)),
			fmt.Sprintf("night-shift operator announce_gateway 8 key %x", publicKey(2)),
			"night-shift operator withdraw_gateway 8 from " + nowMs.String(),
		}; !slices.Equal(got, want) {
			t.Errorf("audit log %q, want %q", got, want)
		}
	})
}

// A cutoff only ever moves to an earlier time.
func TestWithdrawalNeverMovesLater(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		h.announceGateway(7, 1)
		h.drain()
		at := nowMs.Seconds()
		for i, step := range []struct {
			cutoff, inEffect int64
			changed          bool
		}{{at + 60, at + 60, true}, {at + 60, at + 60, false}, {at + 61, at + 60, false}, {at - 60, at - 60, true}, {at, at - 60, false}} {
			inEffect, changed, err := h.WithdrawGateway(t.Context(), 7, step.cutoff, h.at(nowMs))
			if err != nil || inEffect != step.inEffect || changed != step.changed {
				t.Fatalf("step %d: in effect %d, changed %v, %v", i, inEffect, changed, err)
			}
			want := ""
			if step.changed {
				want = "withdraw_gateway"
			}
			if got := issuerdb.Kinds(h.drain()); got != want {
				t.Fatalf("step %d publishes %q, want %q", i, got, want)
			}
		}
		for _, cutoff := range []int64{0, -1, 1 << 32} {
			if _, _, err := h.WithdrawGateway(t.Context(), 7, cutoff, h.at(nowMs)); !errors.Is(err, ErrCutoffTime) {
				t.Errorf("cutoff %d: %v", cutoff, err)
			}
		}
		if _, _, err := h.WithdrawGateway(t.Context(), 9, at, h.at(nowMs)); !errors.Is(err, ErrNoGateway) {
			t.Errorf("unknown: %v", err)
		}
		all, err := h.Gateways(t.Context())
		want := []Gateway{{7, publicKey(1), nowMs.Time(), time.Unix(at-60, 0).UTC()}}
		if err != nil || !slices.Equal(all, want) {
			t.Fatalf("the list is %+v, %v", all, err)
		}
	})
}

// A gateway that starts in a new epoch, or after the topic forgot the announcements, finds
// every gateway and every withdrawal.
func TestGatewaysArePublishedAgain(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		const gateways = repeatAtOnce + 3 // more than one transaction repeats
		for n := range gateways {
			public := publicKey(byte(n))
			public[0] ^= byte(n >> 8) // need not be a key: rows are inserted directly
			h.execSQL(`INSERT INTO gateways (id, public, announced_ms, sent_ms) VALUES ($1, $2, $3, $3)`, n+1, append(public[:30:30], byte(n>>8), byte(n)), int64(nowMs))
		}
		_, _, err := h.WithdrawGateway(t.Context(), 2, nowMs.Seconds(), h.at(nowMs))
		h.must(err)
		h.drain()
		requireAll := func(records []revocation.Record, at database.Millis) {
			t.Helper()
			announced := make(map[revocation.GatewayID]bool)
			withdrawn := 0
			for _, r := range records {
				switch {
				case r.At != int64(at):
					t.Fatalf("a record is dated %d, want %d", r.At, at)
				case r.Kind == revocation.KindAnnounceGateway:
					announced[r.Gateway] = true
				case r.Kind == revocation.KindWithdrawGateway && r.Gateway == 2 && r.Cutoff == nowMs.Seconds() && announced[2]:
					withdrawn++
				default:
					t.Fatalf("%+v", r)
				}
			}
			if len(announced) != gateways || withdrawn != 1 || len(records) != gateways+1 {
				t.Fatalf("%d of %d gateways announced, %d withdrawn, %d records", len(announced), gateways, withdrawn, len(records))
			}
		}
		_, err = h.Republish(t.Context(), 0, int64(nowMs+1))
		h.must(err)
		requireAll(h.drain(), nowMs+1)

		early := nowMs.Add(AnnounceAgain) - 1
		if n, err := h.RepeatGateways(t.Context(), early); err != nil || n != 0 || len(h.drain()) != 0 {
			t.Fatalf("repeated %d before they were due: %v", n, err)
		}
		var repeated [2]int
		var both sync.WaitGroup
		for i := range repeated { // two issuers
			both.Go(func() {
				n, err := h.RepeatGateways(t.Context(), early+1)
				if repeated[i] = n; err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if repeated[0]+repeated[1] != gateways {
			t.Errorf("two issuers repeated %v", repeated)
		}
		requireAll(h.drain(), early+1)
	})
}

// Gateways keep a limited number of keys, and would ignore one more.
func TestGatewaysAreBounded(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		var rows [][]any
		for n := range revocation.MaxGateways - 1 {
			rows = append(rows, []any{n + 1, fmt.Appendf(nil, "%032d", n), int64(nowMs), int64(nowMs)})
		}
		h.must(database.InsertMany(t.Context(), h.db.Writer(), `INSERT INTO gateways (id, public, announced_ms, sent_ms)`, rows))
		h.announceGateway(revocation.MaxGateways, 1)
		if _, err := h.AnnounceGateway(t.Context(), revocation.MaxGateways+1, publicKey(2), h.at(nowMs)); !errors.Is(err, ErrGatewaysFull) {
			t.Errorf("one more: %v", err)
		}
		if _, err := h.AnnounceGateway(t.Context(), revocation.MaxGateways, publicKey(1), h.at(nowMs)); err != nil {
			t.Errorf("the last one again: %v", err)
		}
		if _, changed, err := h.WithdrawGateway(t.Context(), 17, nowMs.Seconds(), h.at(nowMs)); err != nil || !changed {
			t.Errorf("a withdrawal: changed %v, %v", changed, err)
		}
	})
}

// Two operators who announce one id or one key concurrently: one is refused.
func TestConcurrentAnnouncementsOfGateways(t *testing.T) {
	each(t, func(t *testing.T, h *harness) {
		var errs [8]error
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				_, errs[i] = h.AnnounceGateway(t.Context(), revocation.GatewayID(1+i%2), publicKey(byte(1+i/2)), h.at(nowMs))
			})
		}
		all.Wait()
		accepted := 0
		for _, err := range errs {
			if err == nil {
				accepted++
			} else if !errors.Is(err, ErrBound) && !errors.Is(err, ErrGatewayKey) {
				t.Error(err)
			}
		}
		list, err := h.Gateways(t.Context())
		if err != nil || accepted != 2 || len(list) != 2 || list[0].Public == list[1].Public {
			t.Fatalf("%d accepted, list %+v, %v", accepted, list, err)
		}
	})
}
