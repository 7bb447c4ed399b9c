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

// tries to register; nothing else is wrong than what the registry says.
func (w *system) tries(login string, e identity.Entry) error {
	_, err := w.accounts.Register(w.T.Context(), registration(login, e), issuerdb.Home)
	return err
}

func TestB11_OnePersonOneAccountHoweverManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		// One from each network, or the network would be locked before the end.
		_, other := w.issuer()
		got := w.AtOnce(60, func(i int) error {
			s := w.accounts
			if i%2 == 1 {
				s = other
			}
			_, err := s.Register(t.Context(), registration("marked_name_"+string(rune('a'+i%26))+string(rune('a'+i/26)), resident(1)), issuerdb.Home)
			return err
		})
		if got[""] != 1 || got[rules.IdentityRegistered] != 59 || w.Count(`SELECT COUNT(*) FROM accounts`) != 1 {
			t.Fatalf("%v", got)
		}
		if got[throttle.TooManyFailures] != 0 {
			t.Fatal("the network was locked: the test shows nothing")
		}
	})
}

// The same number on a passport of another state is another person.
func TestB11_APersonIsADocument(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.registers(visitor(1))
		e := visitor(1)
		e.Nationality = "GBR"
		w.registers(e)
		w.Refused(w.tries("marked_again", visitor(1)), rules.IdentityRegistered, "the first passport again")
	})
}

func TestB11_EditsDoNotTakeWhatAnotherAccountHas(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		a, b := w.registers(resident(1)), w.registers(resident(2))
		w.Refused(w.edits(a, resident(2)), rules.IdentityRegistered, "somebody else's identity")
		w.Must(w.edits(a, resident(3)))
		if err := w.edits(b, resident(1)); err != nil {
			t.Fatalf("an identity that nobody has any more: %v", err)
		}
		if own := w.own(b); own.Version != 2 || own.Person.Number != resident(1).DocumentNumber || own.Status != rules.Pending {
			t.Errorf("version %d, %v", own.Version, own.Status)
		}
		renamed := resident(1)
		renamed.Name = "测试乙"
		if err := w.edits(b, renamed); err != nil {
			t.Errorf("another name for one's own document: %v", err)
		}
		if err := w.edits(b, visitor(1)); err != nil || w.own(b).Status != rules.ToBeSubmitted {
			t.Errorf("another kind of document: %v", err)
		}
		w.adds(b, visitor(2))
		w.Refused(w.edits(b, visitor(2)), rules.AlreadyListed, "the document of a passenger on the list")
		if n := w.Count(`SELECT COUNT(*) FROM identities`); n != 2 {
			t.Errorf("two accounts have %d identities", n)
		}
	})
}

// Accounts swap documents round a ring, again and again: nobody waits for ever,
// and in the end each has one.
func TestB11_EditsAtOnceNeitherHangNorShare(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		var holders []account.Holder
		for i := range 6 {
			holders = append(holders, w.registers(resident(i)))
		}
		w.AtOnce(60, func(i int) error { return w.edits(holders[i%6], resident((i*5+i/6)%9)) })
		seen := map[string]bool{}
		for _, h := range holders {
			number := w.own(h).Person.Number
			if seen[number] {
				t.Error("two accounts have one identity")
			}
			seen[number] = true
		}
		if n := w.Count(`SELECT COUNT(*) FROM identities i JOIN holders h ON h.id = i.account`); n != 6 || w.Count(`SELECT COUNT(*) FROM identities`) != 6 {
			t.Errorf("six accounts have %d identities", n)
		}
	})
}

// Somebody registered with the number of another person, who comes to the window.
func TestB11_ThePersonTakesTheIdentityBack(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		thief := w.verified(resident(1))
		l := w.adds(thief, resident(7))
		w.Refused(w.tries("marked_person", resident(1)), rules.IdentityRegistered, "the person registers")

		d := DuplicateVisit{Principal: w.by(staff.Agency), Document: shown(resident(1)), Visit: goodVisit}
		w.Refused(w.FreeIdentity(t.Context(), d), rules.StationWindowOnly, "at an agency")
		d.Principal, d.Delegated = w.by(staff.Window), true
		w.Refused(w.FreeIdentity(t.Context(), d), rules.InPersonOnly, "somebody was sent")
		d.Delegated, d.Original = false, false
		w.Refused(w.FreeIdentity(t.Context(), d), rules.OriginalMissing, "without the original")
		d.Original = true
		unknown := d
		unknown.Document = shown(resident(2))
		w.Refused(w.FreeIdentity(t.Context(), unknown), NotRegistered, "whose identity nobody has")

		got := w.AtOnce(10, func(int) error { return w.FreeIdentity(t.Context(), d) })
		if got[""] != 1 || got[NotRegistered]+got[EntryChanged] != 9 {
			t.Fatalf("ten times at once: %v", got)
		}
		if n := w.Count(`SELECT COUNT(*) FROM audit WHERE action = 'resolve_duplicate' AND object = $1`, thief.Account()); n != 1 {
			t.Errorf("%d entries in the trail", n)
		}
		if s := w.own(thief).Status; s != rules.Failed {
			t.Errorf("the account that lost it is %v", s)
		}
		w.Refuses(rules.AccountStatus, "it adds a passenger")(w.Add(t.Context(), thief, entered(resident(8))))
		w.answered(DecisionRequest{Kind: Buy, Account: thief.Account(), For: []string{l.ID}}, rules.AccountUnverified, "it buys")
		renamed := resident(1)
		renamed.Name = "测试乙"
		w.Refused(w.edits(thief, renamed), rules.IdentityRegistered, "it takes the identity again")

		person := w.registers(resident(1))
		w.checks(Ref{Account: person.Account()}, true)
		if err := w.edits(thief, resident(9)); err != nil || w.own(thief).Status != rules.Pending {
			t.Errorf("the other enters an identity of his own: %v", err)
		}
		if err := w.closes(thief); err != nil {
			t.Errorf("and leaves: %v", err)
		}
		if w.own(person).Status != rules.Verified {
			t.Error("the person lost it again")
		}
	})
}

// A registration that the registry refuses leaves nothing.
func TestB11_RefusedRegistrationLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *system) {
		w.registers(resident(1))
		before := w.Count(`SELECT COUNT(*) FROM holders`)
		err := w.tries("marked_again", resident(1))
		if !problem.Is(err, rules.IdentityRegistered) || w.Count(`SELECT COUNT(*) FROM holders`) != before || w.Count(`SELECT COUNT(*) FROM accounts`) != 1 {
			t.Fatalf("%v", err)
		}
		w.TellsNothing(err)
	})
}
