package registry

import (
	"testing"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/issuerdb"
)

// correction is what a window sends of a good original, for an account's holder.
func (w *system) correction(r Ref, as identity.Entry) Correction {
	w.T.Helper()
	_, e, err := w.readEntry(w.T.Context(), w.DB.Writer(), r, "")
	w.Must(err)
	c := Correction{Principal: w.by(staff.Window), Entry: r, Version: e.version, As: as, Visit: goodVisit}
	c.Proof = rules.Proof{Kind: rules.PhoneEnd, Value: phone[len(phone)-4:]}
	return c
}

func named(e identity.Entry, name string) identity.Entry {
	e.Name = name
	return e
}

func TestR03_WindowCorrectsWhatWasCheckedWrongly(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		own := Ref{Account: h.Account()}
		found, err := w.FindForCorrection(t.Context(), w.by(staff.Window), shown(resident(1)))
		if err != nil || len(found) != 1 || found[0] != (Found{Ref: own, Status: rules.Verified}) {
			t.Fatalf("found %+v: %v", found, err)
		}
		if n := w.Count(`SELECT COUNT(*) FROM audit WHERE object = $1 AND detail = 'found by its document'`, h.Account()); n != 1 {
			t.Errorf("the search is %d times in the audit log", n)
		}
		seen, err := w.ViewForCorrection(t.Context(), w.by(staff.Window), own)
		if err != nil || !seen.ProofNeeded || seen.Version != 2 {
			t.Fatalf("looked at version %d: %v", seen.Version, err)
		}
		c := w.correction(own, named(resident(1), "测试乙"))
		w.becomes(rules.Verified, "another name")(w.Correct(t.Context(), c))
		w.Refuses(EntryChanged, "the same again")(w.Correct(t.Context(), c))
		p, err := w.accounts.Profile(t.Context(), h)
		if err != nil || p.Identity.Name.Text != "测试乙" || p.Version != 2 || w.own(h).Person.Name.Text != "测试乙" || w.own(h).Version != 3 {
			t.Fatalf("the profile has version %d: %v", p.Version, err)
		}
		marked := named(resident(1), "测试乙")
		marked.Substituted = true
		w.becomes(rules.Verified, "a substituted character")(w.Correct(t.Context(), w.correction(own, marked)))
		if p, err := w.accounts.Profile(t.Context(), h); err != nil || !p.Identity.Substituted || !w.own(h).Person.Substituted {
			t.Fatalf("the profile does not say that a character was substituted: %v", err)
		}
		// Another number: the old one is free, the new one is taken.
		w.becomes(rules.Verified, "another number")(w.Correct(t.Context(), w.correction(own, named(resident(5), "测试乙"))))
		w.Refused(w.tries("marked_again", resident(5)), rules.IdentityRegistered, "the number that it has now")
		if err := w.tries("marked_again", resident(1)); err != nil {
			t.Fatalf("the number that it had: %v", err)
		}
		if n := w.auditEntries(staff.CorrectIdentity); n != 5 {
			t.Errorf("%d entries on the trail", n)
		}
		if n := w.Count(`SELECT COUNT(*) FROM audit WHERE detail = 'name, number corrected, verified becomes verified'`); n != 1 {
			t.Errorf("%d entries tell what was corrected", n)
		}
	})
}

// A passenger keeps the day on the list; a foreign document waits for the
// authority once more.
func TestR03_PassengersAreCorrected(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		l := w.adds(h, visitor(2))
		r := Ref{h.Account(), l.ID}
		w.checks(r, true)
		w.decides(r, true)
		w.Pass(day)
		c := w.correction(r, visitor(3))
		w.Refuses(rules.ProofWrong, "the phone for a passenger")(w.Correct(t.Context(), c))
		if held, err := w.PersonalData(t.Context(), h); err != nil || held.Passengers[0].FailedProofs != (throttle.LockState{Failures: 1}) {
			t.Errorf("held is %+v: %v", held.Passengers[0].FailedProofs, err)
		}
		c.Proof = rules.Proof{Kind: rules.HolderNumber, Value: resident(1).DocumentNumber}
		other := w.adds(h, visitor(4))
		c.As = visitor(4)
		w.Refuses(rules.AlreadyListed, "the document of another passenger")(w.Correct(t.Context(), c))
		c.As = named(visitor(5), "Another Visitor")
		w.Refuses(rules.OtherPerson, "another person")(w.Correct(t.Context(), c))
		c.Entry, c.Version, c.As = Ref{h.Account(), other.ID}, 1, visitor(6)
		w.Refuses(rules.TransitionRefused, "an unchecked passenger")(w.Correct(t.Context(), c))
		c.Entry, c.Version, c.As = r, 3, visitor(3)
		s, err := w.Correct(t.Context(), c)
		line := w.lineOf(h, l.ID)
		if s != rules.PreVerified || err != nil || line.Person.Number != visitor(3).DocumentNumber || !line.AddedAt.Equal(l.AddedAt) || line.Version != 4 {
			t.Fatalf("%v: %v, version %d", s, err, line.Version)
		}
		if waiting, _, err := w.Awaiting(t.Context(), w.by(staff.Authority), ""); err != nil || len(waiting) != 1 || waiting[0] != r {
			t.Errorf("the authority waits for %+v: %v", waiting, err)
		}
	})
}

// A ticket is for the person whom it was bought for.
func TestR03_NotWhileATicketIsForTheOldIdentity(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		h := w.verified(resident(1))
		own := Ref{Account: h.Account()}
		w.records(w.bought(h, "T1", ""))
		c := w.correction(own, resident(2))
		w.Refuses(TicketsUnfinished, "with a ticket")(w.Correct(t.Context(), c))
		w.Pass(2 * day)
		w.becomes(rules.Verified, "after the journey")(w.Correct(t.Context(), c))
	})
}

// An identity that another account has is no correction's to take.
func TestB11_CorrectionsDoNotTakeWhatAnotherAccountHas(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		a, b := w.verified(resident(1)), w.registers(resident(2))
		w.Refuses(rules.IdentityRegistered, "another account's identity")(w.Correct(t.Context(), w.correction(Ref{Account: a.Account()}, resident(2))))
		if w.own(b).Status != rules.Pending || w.own(a).Version != 2 {
			t.Error("the refusal changed something")
		}
	})
}

// Robbed and wrongly freed: the owner gets the identity back in their own account,
// and the account that had it loses it.
func TestB11_OwnersHaveTheIdentityBack(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		owner := w.verified(resident(1))
		own := Ref{Account: owner.Account()}
		free := DuplicateVisit{Principal: w.by(staff.Window), Document: shown(resident(1)), Visit: goodVisit}
		w.Must(w.FreeIdentity(t.Context(), free))
		back := func() {
			t.Helper()
			c := w.correction(own, resident(1))
			if s, err := w.Claim(t.Context(), c); s != rules.Verified || err != nil || w.own(owner).Status != rules.Verified {
				t.Fatalf("the owner's claim: %v, %v", s, err)
			}
		}
		back() // wrongly freed, and no account has it
		if _, err := w.Claim(t.Context(), w.correction(own, resident(1))); err == nil {
			t.Fatal("what the account has was claimed")
		}
		w.Must(w.FreeIdentity(t.Context(), free))
		other := w.verified(resident(1))
		c := w.correction(own, resident(1))
		c.Proof.Value = "0000"
		w.Refuses(rules.ProofWrong, "an account that is not shown to be the owner's")(w.Claim(t.Context(), c))
		c.Proof, c.Delegated = w.correction(own, resident(1)).Proof, true
		w.Refuses(rules.InPersonOnly, "by a delegate")(w.Claim(t.Context(), c))
		back() // from the account that registered meanwhile
		if w.own(other).Status != rules.Failed {
			t.Fatalf("the other account is %v", w.own(other).Status)
		}
		w.Refused(w.saves(other), rules.IdentityRegistered, "the other account saves it again")
		if err := w.edits(owner, resident(1)); err != nil {
			t.Errorf("the owner's own profile, saved again: %v", err)
		}
		robbed := w.registers(visitor(1))
		c = w.correction(Ref{Account: robbed.Account()}, named(resident(1), "Marked Visitor"))
		if s, err := w.Claim(t.Context(), c); s != rules.Verified || err != nil || w.own(owner).Status != rules.Failed {
			t.Fatalf("an account with another document: %v, %v", s, err)
		}
		if p, err := w.accounts.Profile(t.Context(), robbed); err != nil || p.Identity.Number != resident(1).DocumentNumber {
			t.Fatalf("its profile: %v", err)
		}
		if err := w.tries("marked_again", visitor(1)); err != nil {
			t.Errorf("the passport that it had: %v", err)
		}
		if n := w.Count(`SELECT COUNT(*) FROM holders WHERE lost IS NOT NULL`); n != 2 {
			t.Errorf("%d accounts have lost an identity", n)
		}
	})
}

// Two accounts claim one identity, again and again, at two issuers, while a window
// frees it and others register it: at no moment two have it.
func TestB11_ClaimsAtOnceNeverShareAnIdentity(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		second, accounts := w.issuer()
		holders := []account.Holder{w.registers(visitor(1)), w.registers(visitor(2)), w.registers(resident(1))}
		claim := func(b *Store, h account.Holder) error {
			c := Correction{Principal: w.by(staff.Window), Entry: Ref{Account: h.Account()}, As: named(resident(1), "Marked Visitor"), Visit: goodVisit}
			c.Proof = rules.Proof{Kind: rules.PhoneEnd, Value: phone[len(phone)-4:]}
			l, err := b.List(t.Context(), h)
			if err != nil {
				return err
			}
			c.Version = l.Own.Version
			_, err = b.Claim(t.Context(), c)
			return err
		}
		got := w.AtOnce(48, func(i int) error {
			b := w.Store
			if i%2 == 0 {
				b = second
			}
			switch i % 4 {
			case 3:
				return b.FreeIdentity(t.Context(), DuplicateVisit{Principal: w.by(staff.Window), Document: shown(resident(1)), Visit: goodVisit})
			case 2:
				if i%8 == 2 {
					_, err := accounts.Register(t.Context(), registration("marked_race_"+string(rune('a'+i/8)), resident(1)), issuerdb.Home)
					return err
				}
			}
			return claim(b, holders[i%3])
		})
		if got[""] == 0 {
			t.Fatalf("nothing succeeded: %v", got)
		}
		if n := w.Count(`SELECT COUNT(*) FROM identities i JOIN holders h ON h.id = i.account WHERE i.person = $1`, w.documentHash(indexHolder, w.reads(resident(1)))); n > 1 {
			t.Errorf("%d accounts have it", n)
		}
		// Every account that is not failed has exactly the identity of its entry.
		rows, err := w.DB.Writer().Query(`SELECT id FROM holders WHERE status <> 5`)
		w.Must(err)
		var ids []string
		for rows.Next() {
			var id string
			w.Must(rows.Scan(&id))
			ids = append(ids, id)
		}
		rows.Close()
		for _, id := range ids {
			h, err := w.readHolder(t.Context(), w.DB.Writer(), id, "")
			w.Must(err)
			if has, err := w.identityOwner(t.Context(), w.DB.Writer(), w.documentHash(indexHolder, h.Person)); has != id || err != nil {
				t.Errorf("%s is %v with an identity of %q: %v", id, h.Status, has, err)
			}
		}
	})
}

func (w *system) reads(e identity.Entry) identity.Person {
	w.T.Helper()
	p, err := rules.ReadPerson(e, w.Now())
	w.Must(err)
	return p
}

// A closed account keeps its identity taken for a while (rule B4): a window gives
// it to the owner's other account.
func TestB11_OwnersHaveBackWhatAClosedAccountKeeps(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		closed := w.verified(resident(1))
		w.adds(closed, visitor(2))
		w.Must(w.closes(closed))
		h := w.registers(visitor(1))
		c := w.correction(Ref{Account: h.Account()}, resident(1))
		w.becomes(rules.Verified, "the owner claims it")(w.Claim(t.Context(), c))
		w.Refused(w.tries("marked_again", resident(1)), rules.IdentityRegistered, "an account that comes later")
	})
}
