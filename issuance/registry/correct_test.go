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

// correction is a window's correction from a valid original, with the holder's proof.
func (env *setup) correction(r Ref, as identity.Entry) Correction {
	env.T.Helper()
	_, e, err := env.readEntry(env.T.Context(), env.DB.Writer(), r, "")
	env.Must(err)
	c := Correction{Principal: env.by(staff.Window), Entry: r, Version: e.version, As: as, Visit: validVisit}
	c.Proof = rules.Proof{Kind: rules.PhoneEnd, Value: phone[len(phone)-4:]}
	return c
}

func withName(e identity.Entry, name string) identity.Entry {
	e.Name = name
	return e
}

func TestR03_WindowCorrectsACheckedIdentity(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		own := Ref{Account: h.Account()}
		found, err := env.FindForCorrection(t.Context(), env.by(staff.Window), documentOf(resident(1)))
		if err != nil || len(found) != 1 || found[0] != (Found{Ref: own, Status: rules.Verified}) {
			t.Fatalf("found %+v: %v", found, err)
		}
		if n := env.Count(`SELECT COUNT(*) FROM audit WHERE object = $1 AND detail = 'found by its document'`, h.Account()); n != 1 {
			t.Errorf("%d entries of the search in the audit log", n)
		}
		seen, err := env.ViewForCorrection(t.Context(), env.by(staff.Window), own)
		if err != nil || !seen.ProofNeeded || seen.Version != 2 {
			t.Fatalf("viewed version %d: %v", seen.Version, err)
		}
		c := env.correction(own, withName(resident(1), "测试乙"))
		env.wantStatus(rules.Verified, "another name")(env.Correct(t.Context(), c))
		env.Refuses(EntryChanged, "the same again")(env.Correct(t.Context(), c))
		p, err := env.accounts.Profile(t.Context(), h)
		if err != nil || p.Identity.Name.Text != "测试乙" || p.Version != 2 || env.ownEntry(h).Person.Name.Text != "测试乙" || env.ownEntry(h).Version != 3 {
			t.Fatalf("the profile has version %d: %v", p.Version, err)
		}
		marked := withName(resident(1), "测试乙")
		marked.Substituted = true
		env.wantStatus(rules.Verified, "a substituted character")(env.Correct(t.Context(), env.correction(own, marked)))
		if p, err := env.accounts.Profile(t.Context(), h); err != nil || !p.Identity.Substituted || !env.ownEntry(h).Person.Substituted {
			t.Fatalf("the profile does not say that a character was substituted: %v", err)
		}
		// With another number the old one becomes free and the new one is taken.
		env.wantStatus(rules.Verified, "another number")(env.Correct(t.Context(), env.correction(own, withName(resident(5), "测试乙"))))
		env.Refused(env.tryRegister("marked_again", resident(5)), rules.IdentityRegistered, "the number that it has now")
		if err := env.tryRegister("marked_again", resident(1)); err != nil {
			t.Fatalf("the number that it had: %v", err)
		}
		if n := env.auditEntries(staff.CorrectIdentity); n != 5 {
			t.Errorf("%d entries in the audit log", n)
		}
		if n := env.Count(`SELECT COUNT(*) FROM audit WHERE detail = 'name, number corrected, verified becomes verified'`); n != 1 {
			t.Errorf("%d entries name the corrected fields", n)
		}
	})
}

// A passenger keeps AddedAt; a foreign document waits for the authority again.
func TestR03_WindowCorrectsAPassenger(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		l := env.addPassenger(h, visitor(2))
		r := Ref{h.Account(), l.ID}
		env.checkAtWindow(r, true)
		env.settle(r, true)
		env.Pass(day)
		c := env.correction(r, visitor(3))
		env.Refuses(rules.ProofWrong, "the phone for a passenger")(env.Correct(t.Context(), c))
		if data, err := env.PersonalData(t.Context(), h); err != nil || data.Passengers[0].FailedProofs != (throttle.LockState{Failures: 1}) {
			t.Errorf("failed proofs %+v: %v", data.Passengers[0].FailedProofs, err)
		}
		c.Proof = rules.Proof{Kind: rules.HolderNumber, Value: resident(1).DocumentNumber}
		other := env.addPassenger(h, visitor(4))
		c.As = visitor(4)
		env.Refuses(rules.AlreadyListed, "the document of another passenger")(env.Correct(t.Context(), c))
		c.As = withName(visitor(5), "Another Visitor")
		env.Refuses(rules.OtherPerson, "another person")(env.Correct(t.Context(), c))
		c.Entry, c.Version, c.As = Ref{h.Account(), other.ID}, 1, visitor(6)
		env.Refuses(rules.TransitionRefused, "an unchecked passenger")(env.Correct(t.Context(), c))
		c.Entry, c.Version, c.As = r, 3, visitor(3)
		s, err := env.Correct(t.Context(), c)
		line := env.line(h, l.ID)
		if s != rules.PreVerified || err != nil || line.Person.Number != visitor(3).DocumentNumber || !line.AddedAt.Equal(l.AddedAt) || line.Version != 4 {
			t.Fatalf("%v: %v, version %d", s, err, line.Version)
		}
		if waiting, _, err := env.Awaiting(t.Context(), env.by(staff.Authority), ""); err != nil || len(waiting) != 1 || waiting[0] != r {
			t.Errorf("entries for the authority: %+v, %v", waiting, err)
		}
	})
}

func TestR03_NoCorrectionWithATicketForTheOldIdentity(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerVerified(resident(1))
		own := Ref{Account: h.Account()}
		env.record(env.purchase(h, "T1", ""))
		c := env.correction(own, resident(2))
		env.Refuses(TicketsUnfinished, "with a ticket")(env.Correct(t.Context(), c))
		env.Pass(2 * day)
		env.wantStatus(rules.Verified, "after the journey")(env.Correct(t.Context(), c))
	})
}

func TestB11_CorrectionDoesNotTakeAnotherAccountsIdentity(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		a, b := env.registerVerified(resident(1)), env.register(resident(2))
		env.Refuses(rules.IdentityRegistered, "another account's identity")(env.Correct(t.Context(), env.correction(Ref{Account: a.Account()}, resident(2))))
		if env.ownEntry(b).Status != rules.Pending || env.ownEntry(a).Version != 2 {
			t.Error("the refused correction changed an entry")
		}
	})
}

// The owner gets the identity back in their own account, and the account that had it loses it.
func TestB11_OwnerClaimsTheIdentity(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		owner := env.registerVerified(resident(1))
		own := Ref{Account: owner.Account()}
		free := DuplicateVisit{Principal: env.by(staff.Window), Document: documentOf(resident(1)), Visit: validVisit}
		env.Must(env.FreeIdentity(t.Context(), free))
		claim := func() {
			t.Helper()
			c := env.correction(own, resident(1))
			if s, err := env.Claim(t.Context(), c); s != rules.Verified || err != nil || env.ownEntry(owner).Status != rules.Verified {
				t.Fatalf("the owner's claim: %v, %v", s, err)
			}
		}
		claim() // freed by mistake: no account has it
		if _, err := env.Claim(t.Context(), env.correction(own, resident(1))); err == nil {
			t.Fatal("an account claimed its own identity")
		}
		env.Must(env.FreeIdentity(t.Context(), free))
		other := env.registerVerified(resident(1))
		c := env.correction(own, resident(1))
		c.Proof.Value = "0000"
		env.Refuses(rules.ProofWrong, "an account without proof of ownership")(env.Claim(t.Context(), c))
		c.Proof, c.Delegated = env.correction(own, resident(1)).Proof, true
		env.Refuses(rules.InPersonOnly, "by a delegate")(env.Claim(t.Context(), c))
		claim() // from the account that registered it meanwhile
		if env.ownEntry(other).Status != rules.Failed {
			t.Fatalf("the other account is %v", env.ownEntry(other).Status)
		}
		env.Refused(env.saveUnchanged(other), rules.IdentityRegistered, "the other account saves it again")
		if err := env.editIdentity(owner, resident(1)); err != nil {
			t.Errorf("the owner's own profile, saved again: %v", err)
		}
		victim := env.register(visitor(1))
		c = env.correction(Ref{Account: victim.Account()}, withName(resident(1), "Marked Visitor"))
		if s, err := env.Claim(t.Context(), c); s != rules.Verified || err != nil || env.ownEntry(owner).Status != rules.Failed {
			t.Fatalf("an account with another document: %v, %v", s, err)
		}
		if p, err := env.accounts.Profile(t.Context(), victim); err != nil || p.Identity.Number != resident(1).DocumentNumber {
			t.Fatalf("its profile: %v", err)
		}
		if err := env.tryRegister("marked_again", visitor(1)); err != nil {
			t.Errorf("the passport that it had: %v", err)
		}
		if n := env.Count(`SELECT COUNT(*) FROM holders WHERE lost IS NOT NULL`); n != 2 {
			t.Errorf("%d accounts lost an identity", n)
		}
	})
}

// Two accounts claim one identity repeatedly at two issuers, while a window frees it and others
// register it.
func TestB11_ConcurrentClaimsNeverShareAnIdentity(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		second, accounts := env.newIssuer()
		holders := []account.Holder{env.register(visitor(1)), env.register(visitor(2)), env.register(resident(1))}
		claim := func(store *Store, h account.Holder) error {
			c := Correction{Principal: env.by(staff.Window), Entry: Ref{Account: h.Account()}, As: withName(resident(1), "Marked Visitor"), Visit: validVisit}
			c.Proof = rules.Proof{Kind: rules.PhoneEnd, Value: phone[len(phone)-4:]}
			l, err := store.List(t.Context(), h)
			if err != nil {
				return err
			}
			c.Version = l.Own.Version
			_, err = store.Claim(t.Context(), c)
			return err
		}
		got := env.AtOnce(48, func(i int) error {
			store := env.Store
			if i%2 == 0 {
				store = second
			}
			switch i % 4 {
			case 3:
				return store.FreeIdentity(t.Context(), DuplicateVisit{Principal: env.by(staff.Window), Document: documentOf(resident(1)), Visit: validVisit})
			case 2:
				if i%8 == 2 {
					_, err := accounts.Register(t.Context(), registration("marked_race_"+string(rune('a'+i/8)), resident(1)), issuerdb.Home)
					return err
				}
			}
			return claim(store, holders[i%3])
		})
		if got[""] == 0 {
			t.Fatalf("nothing succeeded: %v", got)
		}
		if n := env.Count(`SELECT COUNT(*) FROM identities i JOIN holders h ON h.id = i.account WHERE i.person = $1`, env.documentHash(indexHolder, env.readPerson(resident(1)))); n > 1 {
			t.Errorf("%d accounts have the identity", n)
		}
		// Every account that is not failed has the identity of its entry.
		rows, err := env.DB.Writer().Query(`SELECT id FROM holders WHERE status <> 5`)
		env.Must(err)
		var ids []string
		for rows.Next() {
			var id string
			env.Must(rows.Scan(&id))
			ids = append(ids, id)
		}
		rows.Close()
		for _, id := range ids {
			h, err := env.readHolder(t.Context(), env.DB.Writer(), id, "")
			env.Must(err)
			if has, err := env.identityOwner(t.Context(), env.DB.Writer(), env.documentHash(indexHolder, h.Person)); has != id || err != nil {
				t.Errorf("%s is %v with an identity of %q: %v", id, h.Status, has, err)
			}
		}
	})
}

func (env *setup) readPerson(e identity.Entry) identity.Person {
	env.T.Helper()
	p, err := rules.ReadPerson(e, env.Now())
	env.Must(err)
	return p
}

// The identity of a closed account stays taken for a time (rule B4); the owner's other account can
// claim it.
func TestB11_OwnerClaimsTheIdentityOfAClosedAccount(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		closed := env.registerVerified(resident(1))
		env.addPassenger(closed, visitor(2))
		env.Must(env.closeAccount(closed))
		h := env.register(visitor(1))
		c := env.correction(Ref{Account: h.Account()}, resident(1))
		env.wantStatus(rules.Verified, "the owner claims it")(env.Claim(t.Context(), c))
		env.Refused(env.tryRegister("marked_again", resident(1)), rules.IdentityRegistered, "a later registration")
	})
}
