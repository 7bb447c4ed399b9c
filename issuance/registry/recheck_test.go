package registry

import (
	"testing"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
)

// saves hands the profile in again as it is.
func (w *system) saves(h account.Holder) error {
	p, err := w.accounts.Profile(w.T.Context(), h)
	if err != nil {
		return err
	}
	who := identity.Entry{Name: p.Identity.Name.Text, DocumentType: p.Identity.Document.String(), DocumentNumber: p.Identity.Number, Nationality: string(p.Identity.Nationality)}
	_, err = w.accounts.Edit(w.T.Context(), h, account.Edit{Version: p.Version, Identity: who, Contact: p.Contact})
	return err
}

// The data of a failed entry were right all along: its holder saves it again
// unchanged, and it waits for a check as before.
func TestB_FailedIsSavedAgainUnchanged(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		for who, waits := range map[identity.Entry]rules.Status{resident(1): rules.Pending, visitor(1): rules.ToBeSubmitted} {
			h := w.registers(who)
			own := Ref{Account: h.Account()}
			if err := w.saves(h); err != nil || w.own(h).Version != 1 {
				t.Fatalf("saved again before a check: %v", err)
			}
			w.checks(own, false)
			if err := w.saves(h); err != nil || w.own(h).Status != waits || w.own(h).Version != 3 {
				t.Fatalf("saved again after it failed: %v, %v", w.own(h).Status, err)
			}
			if s := w.checks(own, true); s == rules.Failed || w.saves(h) != nil || w.own(h).Status != s {
				t.Fatalf("checked again: %v", s)
			}
		}
		h := w.verified(resident(2))
		for who, waits := range map[identity.Entry]rules.Status{resident(3): rules.Pending, visitor(3): rules.ToBeSubmitted} {
			l := w.adds(h, who)
			w.checks(Ref{h.Account(), l.ID}, false)
			l, err := w.Edit(t.Context(), h, l.ID, 2, entered(who))
			if err != nil || l.Status != waits || l.Version != 3 {
				t.Fatalf("saved again after it failed: %v, %v", l.Status, err)
			}
		}
	})
}

// A counter may also compare a failed entry once more: an agency a resident ID
// card, a window every document.
func TestB_FailedIsCheckedAgainAtTheCounter(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		for _, c := range []struct {
			who  identity.Entry
			role staff.Role
			want rules.Status
		}{{resident(2), staff.Agency, rules.Verified}, {resident(3), staff.Window, rules.Verified}, {visitor(2), staff.Window, rules.PreVerified}} {
			r := Ref{h.Account(), w.adds(h, c.who).ID}
			w.checks(r, false)
			found, err := w.FindEntries(t.Context(), w.by(c.role), shown(c.who))
			if err != nil || len(found) != 1 || found[0] != (Found{Ref: r, Status: rules.Failed}) {
				t.Fatalf("found %+v: %v", found, err)
			}
			seen, err := w.ViewEntry(t.Context(), w.by(c.role), r)
			if err != nil || seen.Status != rules.Failed {
				t.Fatalf("looked at %v: %v", seen.Status, err)
			}
			check := Check{Principal: w.by(c.role), Entry: r, Version: seen.Version, Visit: goodVisit, Matches: true}
			if s, err := w.Verify(t.Context(), check); s != c.want || err != nil {
				t.Fatalf("%s: %v, %v", c.role, s, err)
			}
		}
		r := Ref{h.Account(), w.adds(h, visitor(4)).ID}
		w.checks(r, false)
		w.Refuses(rules.StationWindowOnly, "an agency looks at a failed passport")(w.ViewEntry(t.Context(), w.by(staff.Agency), r))
		rares := rare(resident(5))
		own := Ref{Account: w.registers(rares).Account()}
		w.checks(own, false)
		w.Refuses(rules.StationWindowOnly, "an agency looks at a failed rare name")(w.ViewEntry(t.Context(), w.by(staff.Agency), own))
	})
}

// The way back from failed is none round rule B11: the account from which a window
// took an identity gets it back neither by a form nor by an ordinary check.
func TestB11_WhatAWindowTookIsNotVerifiedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		squatter := w.registers(resident(1))
		own := Ref{Account: squatter.Account()}
		free := DuplicateVisit{Principal: w.by(staff.Window), Document: shown(resident(1)), Visit: goodVisit}
		w.Must(w.FreeIdentity(t.Context(), free))
		owner := w.registers(resident(1))
		w.Refused(w.saves(squatter), rules.IdentityRegistered, "saved again unchanged")
		p, err := w.accounts.Profile(t.Context(), squatter)
		w.Must(err)
		e := account.Edit{Version: p.Version, Identity: resident(1), Contact: account.Contact{Phone: phone}}
		if _, err := w.accounts.Edit(t.Context(), squatter, e); err != nil || w.own(squatter).Status != rules.Failed {
			t.Fatalf("an edit of the contact alone: %v", err)
		}
		for _, role := range []staff.Role{staff.Window, staff.Agency} {
			seen, err := w.ViewEntry(t.Context(), w.by(role), own)
			if err != nil || !seen.Lost || seen.Status != rules.Failed {
				t.Fatalf("looked at %v: %v", seen.Status, err)
			}
			_, err = w.Verify(t.Context(), Check{Principal: w.by(role), Entry: own, Version: seen.Version, Visit: goodVisit, Matches: true})
			w.Refused(err, rules.IdentityRegistered, string(role)+" verifies it")
		}
		found, err := w.FindEntries(t.Context(), w.by(staff.Window), shown(resident(1)))
		want := []Found{{Ref: Ref{Account: owner.Account()}, Status: rules.Pending}, {Ref: own, Status: rules.Failed, Lost: true}}
		if err != nil || len(found) != 2 || found[0] != want[0] || found[1] != want[1] {
			t.Fatalf("found %+v: %v", found, err)
		}
		if found, err = w.FindEntries(t.Context(), w.by(staff.Agency), shown(resident(1))); err != nil || len(found) != 1 {
			t.Fatalf("an agency found %+v: %v", found, err)
		}
		if n := w.Count(`SELECT COUNT(*) FROM identities`); n != 1 {
			t.Errorf("%d accounts have the identity", n)
		}
	})
}

// A document that has expired or cannot be read leaves the entry as it is.
func TestG01_G19_DocumentThatIsNoGoodLeavesTheStatus(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.registers(resident(1))
		c := Check{Principal: w.by(staff.Window), Entry: Ref{Account: h.Account()}, Version: 1, Visit: rules.Visit{Original: true, Readable: true}, Matches: true}
		w.Refuses(rules.DocumentExpired, "an expired card")(w.Verify(t.Context(), c))
		c.InDate, c.Readable, c.Matches = true, false, false
		w.Refuses(rules.DocumentUnreadable, "a card that the reader cannot read")(w.Verify(t.Context(), c))
		if own := w.own(h); own.Status != rules.Pending || own.Version != 1 || w.Count(`SELECT COUNT(*) FROM audit`) != 0 {
			t.Fatalf("the entry is %v, version %d", own.Status, own.Version)
		}
	})
}

// A failed passenger takes no place on a list. One who matches after all needs one.
func TestB3_FailedNeedAPlaceAgain(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		limits := rules.DefaultLimits()
		limits.Passengers, limits.ToBeSubmitted = 1, 1
		w.Must(w.SetLimits(limits))
		h := w.verified(resident(1))
		r := Ref{h.Account(), w.adds(h, visitor(2)).ID}
		w.checks(r, false)
		l := w.adds(h, visitor(3))
		c := Check{Principal: w.by(staff.Window), Entry: r, Version: 2, Visit: goodVisit, Matches: true}
		w.Refuses(rules.ListFull, "on a full list")(w.Verify(t.Context(), c))
		w.checks(Ref{h.Account(), l.ID}, false)
		w.becomes(rules.PreVerified, "with a place")(w.Verify(t.Context(), c))
	})
}

// A failed entry can be saved and checked again without end, but not at agencies:
// after so many verdicts that it does not match, a window looks at it.
func TestB_AgenciesDoNotTryAFailedEntryWithoutEnd(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		l := w.adds(h, resident(2))
		c := Check{Principal: w.by(staff.Agency), Entry: Ref{h.Account(), l.ID}, Version: 1, Visit: goodVisit}
		rule := throttle.DefaultRules.Document
		for range rule.Failures {
			w.becomes(rules.Failed, "no match")(w.Verify(t.Context(), c))
			c.Version++
			l, err := w.Edit(t.Context(), h, l.ID, c.Version, entered(resident(2)))
			w.Must(err)
			c.Version = l.Version
		}
		if held, err := w.PersonalData(t.Context(), h); err != nil || held.Passengers[0].FailedProofs.Locks != 1 {
			t.Errorf("held is %+v: %v", held.Passengers[0].FailedProofs, err)
		}
		c.Matches = true
		w.Refuses(throttle.TooManyFailures, "an agency once more")(w.Verify(t.Context(), c))
		another := Check{Principal: w.by(staff.Agency), Entry: Ref{Account: w.registers(resident(2)).Account()}, Version: 1, Visit: goodVisit, Matches: true}
		w.becomes(rules.Verified, "the same document in another account")(w.Verify(t.Context(), another))
		c.Principal = w.by(staff.Window)
		w.becomes(rules.Verified, "a window")(w.Verify(t.Context(), c))
	})
}
