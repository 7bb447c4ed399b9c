package registry

import (
	"testing"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/issuerdb"
)

// tryRegister registers with a form in which only the identity may be refused.
func (env *setup) tryRegister(login string, e identity.Entry) error {
	_, err := env.accounts.Register(env.T.Context(), registration(login, e), issuerdb.Home)
	return err
}

func TestB11_ConcurrentRegistrationsOfOneIdentity(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		// One of each network, since a single network would be locked before the end.
		_, other := env.newIssuer()
		got := env.AtOnce(60, func(i int) error {
			s := env.accounts
			if i%2 == 1 {
				s = other
			}
			_, err := s.Register(t.Context(), registration("marked_name_"+string(rune('a'+i%26))+string(rune('a'+i/26)), resident(1)), issuerdb.Home)
			return err
		})
		if got[""] != 1 || got[rules.IdentityRegistered] != 59 || env.Count(`SELECT COUNT(*) FROM accounts`) != 1 {
			t.Fatalf("%v", got)
		}
		if got[throttle.TooManyFailures] != 0 {
			t.Fatal("the network was locked: the test proves nothing")
		}
	})
}

// The same number on a passport of another state is another identity.
func TestB11_IdentityIncludesTheNationality(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register(visitor(1))
		e := visitor(1)
		e.Nationality = "GBR"
		env.register(e)
		env.Refused(env.tryRegister("marked_again", visitor(1)), rules.IdentityRegistered, "the first passport again")
	})
}

func TestB11_EditDoesNotTakeAnotherAccountsIdentity(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		a, b := env.register(resident(1)), env.register(resident(2))
		env.Refused(env.editIdentity(a, resident(2)), rules.IdentityRegistered, "another account's identity")
		env.Must(env.editIdentity(a, resident(3)))
		if err := env.editIdentity(b, resident(1)); err != nil {
			t.Fatalf("an identity that became free: %v", err)
		}
		if own := env.ownEntry(b); own.Version != 2 || own.Person.Number != resident(1).DocumentNumber || own.Status != rules.Pending {
			t.Errorf("version %d, %v", own.Version, own.Status)
		}
		renamed := resident(1)
		renamed.Name = "测试乙"
		if err := env.editIdentity(b, renamed); err != nil {
			t.Errorf("another name for the account's own document: %v", err)
		}
		if err := env.editIdentity(b, visitor(1)); err != nil || env.ownEntry(b).Status != rules.ToBeSubmitted {
			t.Errorf("another kind of document: %v", err)
		}
		env.addPassenger(b, visitor(2))
		env.Refused(env.editIdentity(b, visitor(2)), rules.AlreadyListed, "the document of a passenger on the list")
		if n := env.Count(`SELECT COUNT(*) FROM identities`); n != 2 {
			t.Errorf("two accounts have %d identities", n)
		}
	})
}

// Accounts repeatedly exchange documents in a ring. There is no deadlock, and in the end each has one.
func TestB11_ConcurrentEditsNeitherDeadlockNorShare(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		var holders []account.Holder
		for i := range 6 {
			holders = append(holders, env.register(resident(i)))
		}
		env.AtOnce(60, func(i int) error { return env.editIdentity(holders[i%6], resident((i*5+i/6)%9)) })
		seen := map[string]bool{}
		for _, h := range holders {
			number := env.ownEntry(h).Person.Number
			if seen[number] {
				t.Error("two accounts have one identity")
			}
			seen[number] = true
		}
		if n := env.Count(`SELECT COUNT(*) FROM identities i JOIN holders h ON h.id = i.account`); n != 6 || env.Count(`SELECT COUNT(*) FROM identities`) != 6 {
			t.Errorf("six accounts have %d identities", n)
		}
	})
}

// A window frees an identity that someone else registered.
func TestB11_WindowFreesAnIdentityForThePerson(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		thief := env.registerVerified(resident(1))
		l := env.addPassenger(thief, resident(7))
		env.Refused(env.tryRegister("marked_person", resident(1)), rules.IdentityRegistered, "the person registers")

		d := DuplicateVisit{Principal: env.by(staff.Agency), Document: documentOf(resident(1)), Visit: validVisit}
		env.Refused(env.FreeIdentity(t.Context(), d), rules.StationWindowOnly, "at an agency")
		d.Principal, d.Delegated = env.by(staff.Window), true
		env.Refused(env.FreeIdentity(t.Context(), d), rules.InPersonOnly, "by a delegate")
		d.Delegated, d.Original = false, false
		env.Refused(env.FreeIdentity(t.Context(), d), rules.OriginalMissing, "without the original")
		d.Original = true
		unknown := d
		unknown.Document = documentOf(resident(2))
		env.Refused(env.FreeIdentity(t.Context(), unknown), NotRegistered, "an identity without an account")

		got := env.AtOnce(10, func(int) error { return env.FreeIdentity(t.Context(), d) })
		if got[""] != 1 || got[NotRegistered]+got[EntryChanged] != 9 {
			t.Fatalf("ten concurrent requests: %v", got)
		}
		if n := env.Count(`SELECT COUNT(*) FROM audit WHERE action = 'resolve_duplicate' AND object = $1`, thief.Account()); n != 1 {
			t.Errorf("%d entries in the audit log", n)
		}
		if s := env.ownEntry(thief).Status; s != rules.Failed {
			t.Errorf("the account that lost it is %v", s)
		}
		env.Refuses(rules.AccountStatus, "it adds a passenger")(env.Add(t.Context(), thief, enteredPassenger(resident(8))))
		env.wantDecision(DecisionRequest{Kind: Buy, Account: thief.Account(), For: []string{l.ID}}, rules.AccountUnverified, "it buys")
		renamed := resident(1)
		renamed.Name = "测试乙"
		env.Refused(env.editIdentity(thief, renamed), rules.IdentityRegistered, "it enters the identity again")

		person := env.register(resident(1))
		env.checkAtWindow(Ref{Account: person.Account()}, true)
		if err := env.editIdentity(thief, resident(9)); err != nil || env.ownEntry(thief).Status != rules.Pending {
			t.Errorf("the other account enters its own identity: %v", err)
		}
		if err := env.closeAccount(thief); err != nil {
			t.Errorf("and closes: %v", err)
		}
		if env.ownEntry(person).Status != rules.Verified {
			t.Error("the person lost the identity again")
		}
	})
}

func TestB11_RefusedRegistrationLeavesNoRows(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register(resident(1))
		before := env.Count(`SELECT COUNT(*) FROM holders`)
		err := env.tryRegister("marked_again", resident(1))
		if !problem.Is(err, rules.IdentityRegistered) || env.Count(`SELECT COUNT(*) FROM holders`) != before || env.Count(`SELECT COUNT(*) FROM accounts`) != 1 {
			t.Fatalf("%v", err)
		}
		env.TellsNothing(err)
	})
}
