package credential

import (
	"slices"
	"testing"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
)

// Only the revocations of a stolen credential are undone: not credentials that another one
// revoked as well, before or after; not credentials that were unrevoked, superseded or have
// expired; and not its revocations outside the period.
func TestUnrevokePeriodUndoesThatPeriodOnly(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		const minute = 60_000
		at := func(m int64) database.Millis { return database.Millis(nowMs + m*minute) }
		change := func(c *Credential, who string, revoke bool, minutes int64) {
			t.Helper()
			e := audit.Entry{AtMs: int64(at(minutes)), Who: who, Role: staff.Police, Action: staff.Revoke, Object: audit.Serial(c.Serial)}
			if !revoke {
				e.Action = staff.Unrevoke
			}
			_, _, err := s.SetRevoked(t.Context(), Revocation{Serial: c.Serial, Revoke: revoke, Reason: "fraud", Who: who, At: at(minutes), Entry: e})
			runtest.Must(t, err)
		}
		const thief, police = "window-7", "police-1"
		var wanted []tokens.Serial
		for n := range 150 { // more than a batch
			c := approved(t, s, 1000+n)
			change(c, thief, true, 10)
			wanted = append(wanted, c.Serial)
		}
		again := approved(t, s, 1) // by the thief twice, which is recorded once
		change(again, thief, true, 10)
		change(again, thief, true, 11)
		unrevokedBefore := approved(t, s, 2) // another's revocation was undone before the thief's
		change(unrevokedBefore, police, true, 1)
		change(unrevokedBefore, police, false, 2)
		change(unrevokedBefore, thief, true, 10)
		wanted = append(wanted, again.Serial, unrevokedBefore.Serial)

		both := approved(t, s, 3)
		change(both, thief, true, 10)
		change(both, police, true, 12)
		before := approved(t, s, 4)
		change(before, police, true, 5)
		change(before, thief, true, 10)
		early := approved(t, s, 5)
		change(early, thief, true, 1)
		unrevoked := approved(t, s, 6)
		change(unrevoked, thief, true, 10)
		change(unrevoked, police, false, 11)
		late := approved(t, s, 7) // at the end of the period, which is not included
		change(late, thief, true, 20)
		stays := []*Credential{both, before, early, late}

		period := Period{Who: thief, From: at(10), To: at(20), At: at(30),
			Entry: audit.Entry{AtMs: int64(at(30)), Who: "night-shift", Role: staff.Operator, Action: staff.Unrevoke, Detail: "all that window-7 revoked"}}
		revoked, serials, err := s.RevokedIn(t.Context(), period)
		if err != nil || revoked != 150+5 || len(serials) != len(wanted) {
			t.Fatalf("%d revocations, %d to unrevoke, want %d and %d: %v", revoked, len(serials), 150+5, len(wanted), err)
		}
		for _, serial := range wanted {
			if !slices.Contains(serials, serial) {
				t.Errorf("%v is not in the list", serial)
			}
		}
		change(&Credential{Serial: wanted[0]}, police, true, 25) // between counting and unrevoking
		total, batches := 0, 0
		if err := s.UnrevokePeriod(t.Context(), period, serials, func(n int) { total = n; batches++ }); err != nil || total != len(wanted)-1 || batches != 2 {
			t.Fatalf("%d unrevoked in %d batches, want %d in 2: %v", total, batches, len(wanted)-1, err)
		}
		for _, serial := range wanted[1:] {
			if c, err := s.Credential(t.Context(), serial); err != nil || c.Revoked != 0 {
				t.Errorf("%v is still revoked: %v", serial, err)
			}
		}
		for _, c := range append(stays, &Credential{Serial: wanted[0]}) {
			if c, err := s.Credential(t.Context(), c.Serial); err != nil || c.Revoked == 0 {
				t.Errorf("%v was unrevoked: %v", c.Serial, err)
			}
		}
		var entries int
		err = s.db.Writer().QueryRow(`SELECT COUNT(*) FROM audit WHERE who = 'night-shift'`).Scan(&entries)
		if err != nil || entries != total {
			t.Errorf("%d entries in the audit log for %d credentials: %v", entries, total, err)
		}
		if _, serials, err := s.RevokedIn(t.Context(), period); err != nil || len(serials) != 0 {
			t.Errorf("%d remain to unrevoke: %v", len(serials), err)
		}
	})
}

// A superseded credential stays revoked, and so does an expired one.
func TestUnrevokeOmitsSupersededAndExpired(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		c := approved(t, s, 1)
		change(t, s, revoke(c.Serial, nowMs+1))
		a := Application{ID: "app_second", Access: [32]byte{200}, Document: identity.ResidentID, Person: grant(1).Person,
			Name: []byte("name"), Number: []byte("number"), City: []byte("city"), Created: nowMs + 2}
		runtest.Must(t, s.CreateApplication(t.Context(), a))
		g := grant(1)
		g.At = nowMs + 2
		if d := decide(t, s, check(2, a.ID), g); !d.Approved {
			t.Fatalf("%+v", d)
		}
		over := approved(t, s, 3)
		change(t, s, revoke(over.Serial, nowMs+1))
		period := Period{Who: "window-7", From: nowMs, To: nowMs + 10, At: nowMs + 10, Entry: audit.Entry{AtMs: nowMs + 10, Who: "night-shift", Role: staff.Operator, Action: staff.Unrevoke}}
		unrevoke := func() (total int) {
			_, serials, err := s.RevokedIn(t.Context(), period)
			if err == nil {
				err = s.UnrevokePeriod(t.Context(), period, serials, func(n int) { total = n })
			}
			runtest.Must(t, err)
			return total
		}
		period.At = over.Expires
		if n := unrevoke(); n != 0 {
			t.Errorf("%d unrevoked that are superseded or expired", n)
		}
		period.At = nowMs + 10
		if n := unrevoke(); n != 1 {
			t.Errorf("%d unrevoked, want the one that has not expired", n)
		}
		if c, err := s.Credential(t.Context(), c.Serial); err != nil || c.Revoked == 0 {
			t.Errorf("the older credential of a person is active beside the newer: %v", err)
		}
	})
}
