package registry

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/issuerdb"
)

// online returns an account holder whose phone is verified.
func (w *system) online(e identity.Entry) account.Holder {
	w.T.Helper()
	h := w.registers(e)
	w.Exec(`UPDATE accounts SET phone_verified_ms = 1 WHERE id = $1`, h.Account())
	return h
}

func (w *system) verifiesOnline(h account.Holder) error {
	_, _, err := w.VerifyOnline(w.T.Context(), h, "evidence", "r1", issuerdb.Home)
	return err
}

// Rule G39: pending and failed become verified, and the audit log says that the issuer did
// it, without a word of the person.
func TestG39_TheCheckOnlineVerifies(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		for n, failed := range []bool{false, true} {
			h := w.online(resident(n))
			own := Ref{Account: h.Account()}
			if failed {
				w.checks(own, false)
			}
			var asked identity.Person
			w.identify = func(p identity.Person, evidence string) error { asked = p; return nil }
			s, provider, err := w.VerifyOnline(t.Context(), h, "evidence", "r1", issuerdb.Home)
			if err != nil || s != rules.Verified || provider != "test provider" || w.own(h).Status != rules.Verified {
				t.Fatalf("%v, %v by %q: %v", s, w.own(h).Status, provider, err)
			}
			if asked.Number != resident(n).DocumentNumber {
				t.Error("another person was checked")
			}
			w.Refused(w.verifiesOnline(h), rules.TransitionRefused, "once more")
			w.adds(h, resident(100+n)) // what a verified account may
			var role, who, detail string
			err = w.DB.Writer().QueryRow(`SELECT role, who, detail FROM audit WHERE action = $1 AND object = $2`, string(staff.VerifyOnline), h.Account()).Scan(&role, &who, &detail)
			if err != nil || role != string(staff.Program) || who != issuerName || strings.Contains(detail, asked.Number) || strings.Contains(detail, asked.Name.Text) {
				t.Errorf("the audit log: %q %q %q: %v", role, who, detail, err)
			}
		}
	})
}

// Whom the check online cannot verify is told so before a face is looked at.
func TestG39_WhoIsNotVerifiedOnline(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.identify = func(identity.Person, string) error { t.Error("a face was looked at"); return nil }
		unverified := w.registers(resident(1))
		w.Refused(w.verifiesOnline(unverified), account.PhoneUnverified, "a phone that no code has verified")
		w.Refused(w.verifiesOnline(w.online(rare(resident(2)))), rules.StationWindowOnly, "a traditional name")
		w.Refused(w.verifiesOnline(w.online(visitor(3))), rules.StationWindowOnly, "a passport")

		taken := w.online(resident(4))
		window := w.by(staff.Window)
		w.Must(w.FreeIdentity(t.Context(), DuplicateVisit{Principal: window, Document: shown(resident(4)), Visit: goodVisit}))
		w.Refused(w.verifiesOnline(taken), rules.IdentityRegistered, "an identity that a window took")

		// An unconfirmed identity keeps its status.
		h := w.online(resident(5))
		no := problem.New("real_person_check_failed", "")
		w.identify = func(identity.Person, string) error { return no }
		if err := w.verifiesOnline(h); !errors.Is(err, no) || w.own(h).Status != rules.Pending || w.own(h).Version != 1 {
			t.Fatalf("%v, %v", w.own(h).Status, err)
		}
		w.identify, w.guard = nil, problem.New(throttle.TooManyFailures, "")
		w.Refused(w.verifiesOnline(h), throttle.TooManyFailures, "a face that was locked meanwhile")
		if s := w.own(h).Status; s != rules.Pending {
			t.Errorf("it is %v", s)
		}
	})
}

// Only the identity that was checked is verified: an edit, a counter's verdict or a change
// of the phone between the check and its effect determines the status instead.
func TestG39_WhatChangedMeanwhileIsNotVerified(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		for n, c := range map[int]struct {
			meanwhile func(h account.Holder) error
			code      problem.Code
			then      rules.Status
		}{
			1: {func(h account.Holder) error { return w.edits(h, resident(50)) }, EntryChanged, rules.Pending},
			2: {func(h account.Holder) error { w.checks(Ref{Account: h.Account()}, false); return nil }, EntryChanged, rules.Failed},
			3: {func(h account.Holder) error {
				p, err := w.accounts.Profile(t.Context(), h)
				if err != nil {
					return err
				}
				e := account.Edit{Version: p.Version, Identity: resident(3), Contact: account.Contact{Phone: "13900000001"}}
				_, err = w.accounts.Edit(t.Context(), h, e)
				return err
			}, account.PhoneUnverified, rules.Pending},
			4: {func(h account.Holder) error { return w.closes(h) }, account.LoginRequired, 0},
		} {
			h := w.online(resident(n))
			w.identify = func(identity.Person, string) error { return c.meanwhile(h) }
			w.Refused(w.verifiesOnline(h), c.code, "meanwhile")
			if c.then != 0 && w.own(h).Status != c.then {
				t.Errorf("%d: it is %v", n, w.own(h).Status)
			}
		}
	})
}

// Twenty checks of one account at once: one verifies.
func TestG39_ManyChecksAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.online(resident(1))
		var did atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := w.verifiesOnline(h)
				switch {
				case err == nil:
					did.Add(1)
				case problem.Is(err, EntryChanged), problem.Is(err, rules.TransitionRefused):
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if did.Load() != 1 || w.own(h).Version != 2 {
			t.Errorf("%d did, version %d", did.Load(), w.own(h).Version)
		}
	})
}
