package articles_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/test/harness"
)

func TestG11_AChildWithADocumentIsAPassenger(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		child := a.Add(h.Born("20190601"))
		if child.Status != "pending" {
			t.Fatalf("the child is %s", child.Status)
		}
		mayNotBuy(t, h, a, child.Passenger, rules.PassengerStatus)
		becomes(t, h.Agency().Verify(a, child.Passenger, harness.Object{"delegated": true, "delegate_original": true}), "verified")
		buys(t, h, a, child.Passenger)
	})
}

// Name, kind and number are the adult's, all three: the ticket is one more of the
// adult's, and no line of the list mixes the two.
func TestG12_AChildWithoutADocumentTravelsOnTheAdult(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		adult := h.Person()
		p := a.AddSettled(adult).Passenger
		buys(t, h, a, p, p) // the adult and the child
		a.HasTickets(p, 2)
		a.TryAdd(adult.Named("测试童")).Refused(t, rules.AlreadyListed)
		a.TryAdd(a.Person.Named("测试童")).Refused(t, rules.AlreadyListed)
		// Not for a child alone: no adult, no ticket.
		event, _ := h.Ticketing.Bought(a, "psg_"+"00000000000000000000000000000000")
		h.Ticketing.TryReport(event).Refused(t, "registry_entry_not_found")
	})
}

// Two signs that look alike are two names: the check goes by the one on the document.
func TestG18_DotsAreEnteredAsOnTheDocument(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		who := h.Person().Named("阿卜杜·买买提")
		a := h.Register(who.Named("阿卜杜.买买提"))
		if seen := h.Window().Look(a, "holder"); seen.Name != "阿卜杜.买买提" {
			t.Fatalf("the clerk sees %q", seen.Name)
		}
		becomes(t, h.Window().Verify(a, "holder", harness.Object{"matches": false}), "failed")
		a.SaveProfile(harness.Object{"name": who.Name}).OK(t)
		becomes(t, h.Window().Verify(a, "holder", nil), "verified")
		ticket := h.Ticketing.Buy(a, "holder")[0]
		h.Machine().Serve(ticket, "exchange", who.Named("阿卜杜.买买提").Card()).No(t, rules.CardMismatch)
		h.Machine().Serve(ticket, "exchange", who.Card()).Yes(t)
	})
}

// A number of 15 digits is that of a first-generation card: it is changed to the new
// one before anything is verified.
func TestG20_AFirstGenerationCardIsChangedFirst(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		a := h.Verified(h.Person())
		who := h.Person()
		old := who.Numbered("110105900307001")
		no := a.TryAdd(old).Refused(t, rules.FirstGenerationCard)
		if no.NextStep.Zh != "请更改为二代居民身份证的18位号码后再办理。" {
			t.Errorf("the way out is %q", no.NextStep.Zh)
		}
		h.Window().Search(old).Refused(t, rules.FirstGenerationCard)
		becomes(t, h.Window().Verify(a, a.Add(who).Passenger, nil), "verified")
	})
}

func TestG21_IdentityRegisteredTwice(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		squatter := h.Verified(h.Person())
		owner := squatter.Person
		no := h.Call("POST", "/v1/accounts", "", h.Registration(owner)).Refused(t, rules.IdentityRegistered)
		if no.Text.Zh != "身份信息重复。" {
			t.Errorf("the words are %q", no.Text.Zh)
		}
		h.Agency().FreeIdentity(owner, nil).Refused(t, rules.StationWindowOnly)
		h.Window().FreeIdentity(owner, harness.Object{"delegated": true}).Refused(t, rules.InPersonOnly)
		h.Window().FreeIdentity(owner, harness.Object{"original": false}).Refused(t, rules.OriginalMissing)
		h.Window().FreeIdentity(owner, nil).OK(t)
		squatter.HasStatus("holder", "failed")
		a := h.Register(owner)
		// The way back from failed is none for the account that lost it.
		squatter.SaveProfile(nil).Refused(t, rules.IdentityRegistered)
		h.Window().Verify(squatter, "holder", nil).Refused(t, rules.IdentityRegistered)
		h.Agency().Verify(squatter, "holder", nil).Refused(t, rules.IdentityRegistered)
		if s := a.Settle("holder"); s != "verified" {
			t.Fatalf("the owner is %s", s)
		}
	})
}

// The owner gets the identity back in their own account: after a wrong release, and from
// an account that registered it meanwhile.
func TestG21_TheOwnerHasTheIdentityBack(t *testing.T) {
	harness.Each(t, func(t *testing.T, h *harness.Harness) {
		owner := h.Verified(h.Person())
		h.Window().FreeIdentity(owner.Person, nil).OK(t) // by mistake
		robber := h.Verified(owner.Person)
		found := h.Window().Found(owner.Person, nil)
		if len(found) != 1 || found[0] != (harness.Found{Account: owner.ID, Passenger: "holder", Status: "failed", IdentityLost: true}) {
			t.Fatalf("found %+v", found)
		}
		window := h.Window()
		h.Agency().Claim(owner, owner.Person, nil).Refused(t, "forbidden_role")
		window.Claim(owner, owner.Person, harness.Object{"delegated": true}).Refused(t, rules.InPersonOnly)
		window.Claim(owner, owner.Person, harness.Object{"original": false}).Refused(t, rules.OriginalMissing)
		window.Claim(owner, owner.Person, harness.Object{"proof": harness.Object{"kind": "phone_end", "value": "0000"}}).Refused(t, rules.ProofWrong)
		robber.HasStatus("holder", "verified")
		becomes(t, window.Claim(owner, owner.Person, nil), "verified")
		if s, r := owner.Entry("holder").Status, robber.Entry("holder").Status; s != "verified" || r != "failed" {
			t.Fatalf("the owner is %s, the other account %s", s, r)
		}
		buys(t, h, owner, "holder")
		mayNotBuy(t, h, robber, "holder", rules.AccountUnverified)
		h.Window().Verify(robber, "holder", nil).Refused(t, rules.IdentityRegistered)
		auditLog := harness.As[struct {
			Records []struct{ Action, Detail string }
		}](t,
			h.Operator().Call("GET", "/v1/audit-log?kind=account&object="+robber.ID, nil), http.StatusOK)
		if !slices.Contains(auditLog.Records, struct{ Action, Detail string }{"resolve_duplicate", "identity freed"}) {
			t.Errorf("the audit log of the other account is %+v", auditLog.Records)
		}
	})
}
