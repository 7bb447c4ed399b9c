package registry

import (
	"testing"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
)

// saveUnchanged saves the profile again without changes.
func (env *setup) saveUnchanged(h account.Holder) error {
	p, err := env.accounts.Profile(env.T.Context(), h)
	if err != nil {
		return err
	}
	who := identity.Entry{Name: p.Identity.Name.Text, DocumentType: p.Identity.Document.String(), DocumentNumber: p.Identity.Number, Nationality: string(p.Identity.Nationality)}
	_, err = env.accounts.Edit(env.T.Context(), h, account.Edit{Version: p.Version, Identity: who, Contact: p.Contact})
	return err
}

// A failed entry whose data were correct waits for a check again.
func TestB_FailedEntryIsSavedAgainUnchanged(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		for who, want := range map[identity.Entry]rules.Status{resident(1): rules.Pending, visitor(1): rules.ToBeSubmitted} {
			h := env.register(who)
			own := Ref{Account: h.Account()}
			if err := env.saveUnchanged(h); err != nil || env.ownEntry(h).Version != 1 {
				t.Fatalf("saved again before a check: %v", err)
			}
			env.checkAtWindow(own, false)
			if err := env.saveUnchanged(h); err != nil || env.ownEntry(h).Status != want || env.ownEntry(h).Version != 3 {
				t.Fatalf("saved again after it failed: %v, %v", env.ownEntry(h).Status, err)
			}
			if s := env.checkAtWindow(own, true); s == rules.Failed || env.saveUnchanged(h) != nil || env.ownEntry(h).Status != s {
				t.Fatalf("checked again: %v", s)
			}
		}
		h := env.registerVerified(resident(2))
		for who, want := range map[identity.Entry]rules.Status{resident(3): rules.Pending, visitor(3): rules.ToBeSubmitted} {
			l := env.addPassenger(h, who)
			env.checkAtWindow(Ref{h.Account(), l.ID}, false)
			l, err := env.Edit(t.Context(), h, l.ID, 2, enteredPassenger(who))
			if err != nil || l.Status != want || l.Version != 3 {
				t.Fatalf("saved again after it failed: %v, %v", l.Status, err)
			}
		}
	})
}

// An agency may check a failed resident ID card again, a window every document.
func TestB_FailedEntryIsCheckedAgainAtTheCounter(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		for _, c := range []struct {
			who  identity.Entry
			role staff.Role
			want rules.Status
		}{{resident(2), staff.Agency, rules.Verified}, {resident(3), staff.Window, rules.Verified}, {visitor(2), staff.Window, rules.PreVerified}} {
			r := Ref{h.Account(), env.addPassenger(h, c.who).ID}
			env.checkAtWindow(r, false)
			found, err := env.FindEntries(t.Context(), env.by(c.role), documentOf(c.who))
			if err != nil || len(found) != 1 || found[0] != (Found{Ref: r, Status: rules.Failed}) {
				t.Fatalf("found %+v: %v", found, err)
			}
			seen, err := env.ViewEntry(t.Context(), env.by(c.role), r)
			if err != nil || seen.Status != rules.Failed {
				t.Fatalf("viewed %v: %v", seen.Status, err)
			}
			check := Check{Principal: env.by(c.role), Entry: r, Version: seen.Version, Visit: validVisit, Matches: true}
			if s, err := env.Verify(t.Context(), check); s != c.want || err != nil {
				t.Fatalf("%s: %v, %v", c.role, s, err)
			}
		}
		r := Ref{h.Account(), env.addPassenger(h, visitor(4)).ID}
		env.checkAtWindow(r, false)
		env.Refuses(rules.StationWindowOnly, "an agency views a failed passport")(env.ViewEntry(t.Context(), env.by(staff.Agency), r))
		rares := withRareName(resident(5))
		own := Ref{Account: env.register(rares).Account()}
		env.checkAtWindow(own, false)
		env.Refuses(rules.StationWindowOnly, "an agency views a failed rare name")(env.ViewEntry(t.Context(), env.by(staff.Agency), own))
	})
}

// An account from which a window took an identity gets it back neither by a form nor by an ordinary
// check.
func TestB11_LostIdentityIsNotVerifiedAgain(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		squatter := env.register(resident(1))
		own := Ref{Account: squatter.Account()}
		free := DuplicateVisit{Principal: env.by(staff.Window), Document: documentOf(resident(1)), Visit: validVisit}
		env.Must(env.FreeIdentity(t.Context(), free))
		owner := env.register(resident(1))
		env.Refused(env.saveUnchanged(squatter), rules.IdentityRegistered, "saved again unchanged")
		p, err := env.accounts.Profile(t.Context(), squatter)
		env.Must(err)
		e := account.Edit{Version: p.Version, Identity: resident(1), Contact: account.Contact{Phone: phone}}
		if _, err := env.accounts.Edit(t.Context(), squatter, e); err != nil || env.ownEntry(squatter).Status != rules.Failed {
			t.Fatalf("an edit of the contact alone: %v", err)
		}
		for _, role := range []staff.Role{staff.Window, staff.Agency} {
			seen, err := env.ViewEntry(t.Context(), env.by(role), own)
			if err != nil || !seen.Lost || seen.Status != rules.Failed {
				t.Fatalf("viewed %v: %v", seen.Status, err)
			}
			_, err = env.Verify(t.Context(), Check{Principal: env.by(role), Entry: own, Version: seen.Version, Visit: validVisit, Matches: true})
			env.Refused(err, rules.IdentityRegistered, string(role)+" verifies it")
		}
		found, err := env.FindEntries(t.Context(), env.by(staff.Window), documentOf(resident(1)))
		want := []Found{{Ref: Ref{Account: owner.Account()}, Status: rules.Pending}, {Ref: own, Status: rules.Failed, Lost: true}}
		if err != nil || len(found) != 2 || found[0] != want[0] || found[1] != want[1] {
			t.Fatalf("found %+v: %v", found, err)
		}
		if found, err = env.FindEntries(t.Context(), env.by(staff.Agency), documentOf(resident(1))); err != nil || len(found) != 1 {
			t.Fatalf("an agency found %+v: %v", found, err)
		}
		if n := env.Count(`SELECT COUNT(*) FROM identities`); n != 1 {
			t.Errorf("%d accounts have the identity", n)
		}
	})
}

func TestG01_G19_InvalidDocumentKeepsTheStatus(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.register(resident(1))
		c := Check{Principal: env.by(staff.Window), Entry: Ref{Account: h.Account()}, Version: 1, Visit: rules.Visit{Original: true, Readable: true}, Matches: true}
		env.Refuses(rules.DocumentExpired, "an expired card")(env.Verify(t.Context(), c))
		c.InDate, c.Readable, c.Matches = true, false, false
		env.Refuses(rules.DocumentUnreadable, "a card that the reader cannot read")(env.Verify(t.Context(), c))
		if own := env.ownEntry(h); own.Status != rules.Pending || own.Version != 1 || env.Count(`SELECT COUNT(*) FROM audit`) != 0 {
			t.Fatalf("the entry is %v, version %d", own.Status, own.Version)
		}
	})
}

// A failed passenger is not counted. One who matches in a later check is.
func TestB3_FailedPassengerNeedsRoomAgain(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		limits := rules.DefaultLimits()
		limits.Passengers, limits.ToBeSubmitted = 1, 1
		env.Must(env.SetLimits(limits))
		h := env.registerVerified(resident(1))
		r := Ref{h.Account(), env.addPassenger(h, visitor(2)).ID}
		env.checkAtWindow(r, false)
		l := env.addPassenger(h, visitor(3))
		c := Check{Principal: env.by(staff.Window), Entry: r, Version: 2, Visit: validVisit, Matches: true}
		env.Refuses(rules.ListFull, "on a full list")(env.Verify(t.Context(), c))
		env.checkAtWindow(Ref{h.Account(), l.ID}, false)
		env.wantStatus(rules.PreVerified, "with room")(env.Verify(t.Context(), c))
	})
}

// After a number of mismatches at agencies only a window checks the entry.
func TestB_ChecksOfAFailedEntryAtAgenciesAreBounded(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		l := env.addPassenger(h, resident(2))
		c := Check{Principal: env.by(staff.Agency), Entry: Ref{h.Account(), l.ID}, Version: 1, Visit: validVisit}
		rule := throttle.DefaultRules.Document
		for range rule.Failures {
			env.wantStatus(rules.Failed, "no match")(env.Verify(t.Context(), c))
			c.Version++
			l, err := env.Edit(t.Context(), h, l.ID, c.Version, enteredPassenger(resident(2)))
			env.Must(err)
			c.Version = l.Version
		}
		if data, err := env.PersonalData(t.Context(), h); err != nil || data.Passengers[0].FailedProofs.Locks != 1 {
			t.Errorf("failed proofs %+v: %v", data.Passengers[0].FailedProofs, err)
		}
		c.Matches = true
		env.Refuses(throttle.TooManyFailures, "an agency once more")(env.Verify(t.Context(), c))
		another := Check{Principal: env.by(staff.Agency), Entry: Ref{Account: env.register(resident(2)).Account()}, Version: 1, Visit: validVisit, Matches: true}
		env.wantStatus(rules.Verified, "the same document in another account")(env.Verify(t.Context(), another))
		c.Principal = env.by(staff.Window)
		env.wantStatus(rules.Verified, "a window")(env.Verify(t.Context(), c))
	})
}
